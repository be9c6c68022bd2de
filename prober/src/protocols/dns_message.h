// Reading a DNS answer: its response code and its records as text (RFC 1035, section 4; the types of dns_names.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nines::prober {

struct DnsRecord {
  int type = 0;
  std::string text;  ///< as in a zone file: "192.0.2.1", "10 mx.example", "v=spf1 -all"; names without the last dot
};

struct DnsMessage {
  int rcode = 0;
  std::vector<DnsRecord> answers;  ///< of the types that can be asked for; others are passed over
};

/// Nothing when `bytes` is not a well-formed answer. Never reads outside of it.
[[nodiscard]] std::optional<DnsMessage> parse_dns_message(std::string_view bytes);

}  // namespace nines::prober
