// Judging an answer: do the conditions of a check hold?
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/check_runner.h>

#include "checks/certificate_watch.h"
#include "spec/compiled_check.h"

namespace nines::prober {

/// Why a check is not up.
struct Failure {
  ErrorClass error = ErrorClass::other;
  std::string detail;
};

using HeaderFields = std::vector<std::pair<std::string, std::string>>;

/// What a server answered; bodies and headers are there when the check needs them.
struct Answer {
  int status = 0;
  HeaderFields headers;
  std::string body;
  std::string content_coding;  ///< the headers of these names, when the body is needed
  std::string content_type;
};

/// The status, header and body conditions of an http check, in this order; nothing when all hold. Unpacks the body.
[[nodiscard]] std::optional<Failure> judge_http(const CompiledCheck& check, Answer& answer);

/// The header conditions alone.
[[nodiscard]] std::optional<Failure> judge_headers(const CompiledCheck& check, const Answer& answer);

/// body_contains and body_matches: `body` may still grow, what holds stays true.
[[nodiscard]] std::optional<Failure> judge_received(const CompiledCheck& check, std::string_view body);

/// The conditions on the certificate that a server has shown.
[[nodiscard]] std::optional<Failure> judge_certificate(const CompiledCheck& check, const CertificateWatch& shown);

/// What makes an otherwise good check degraded: an expiring certificate, then latency. Sets state and error.
void degrade(const CompiledCheck& check, TimeMs now, CheckOutcome& outcome);

/// The state that an error class stands for: `internal` and `own_network` are unknown, the rest down.
[[nodiscard]] State state_of(ErrorClass error) noexcept;

}  // namespace nines::prober
