// What libcurl hands over of an answer: counted, bounded, and kept as far as the check looks at it.
//
// Threads: the loop's only. The check must outlive it, and the handle the transfer that it was begun for.
#pragma once

#include <curl/curl.h>

#include <optional>
#include <string>
#include <string_view>

#include "checks/conditions.h"
#include "spec/compiled_check.h"

namespace nines::prober {

class AnswerReader {
 public:
  explicit AnswerReader(const CompiledCheck& check) noexcept : check_(check) {}

  /// Forgets what was read. The next transfer runs over `easy`, to a server of this kind.
  void begin(CURL* easy, CheckKind kind);

  /// A line of the header, or of what a server of another protocol says, and some of the body. False ends the transfer.
  [[nodiscard]] bool take_line(std::string_view line);
  [[nodiscard]] bool take_body(std::string_view bytes);

  /// Whether a status is a redirect that the check follows, to location().
  [[nodiscard]] bool wants_redirect(long status) const;
  [[nodiscard]] const std::string& location() const noexcept { return location_; }

  /// What was read is all that the check needs, although libcurl calls the transfer failed.
  [[nodiscard]] bool has_enough() const noexcept { return stop_ == Stop::enough; }
  /// Why it ended the transfer, where that is a failure of the server's.
  [[nodiscard]] std::optional<Failure> refusal() const;

  [[nodiscard]] bool headers_over() const noexcept { return headers_over_; }
  [[nodiscard]] std::size_t header_bytes() const noexcept { return header_bytes_; }
  [[nodiscard]] std::size_t body_bytes() const noexcept { return body_bytes_; }
  [[nodiscard]] Answer& answer() noexcept { return answer_; }

 private:
  enum class Stop : std::uint8_t { none, header_limit, body_limit, greeting, enough };

  void keep(std::string_view line);
  [[nodiscard]] bool is_enough() const;

  const CompiledCheck& check_;
  CURL* easy_ = nullptr;
  CheckKind kind_ = CheckKind::http;
  Answer answer_;
  std::string location_;
  bool headers_over_ = false;
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  Stop stop_ = Stop::none;
};

}  // namespace nines::prober
