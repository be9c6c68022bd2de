// Reading a DNS answer: its response code and its records as text (RFC 1035, section 4; the types of dns_names.h).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace nines::prober {

struct DnsRecord {
  std::string owner;  ///< the name that it is a record of, in small letters
  int type = 0;
  std::string text;  ///< as in a zone file: "192.0.2.1", "10 mx.example", "v=spf1 -all"; names without the last dot
};

struct DnsMessage {
  int rcode = 0;
  std::string question;            ///< the name that was asked for, in small letters; empty when it is not repeated
  std::vector<DnsRecord> answers;  ///< of the types that can be asked for; others are passed over
  std::set<int> malformed;         ///< those of them of which a record is none; it is not among the answers
};

/// Nothing when `bytes` is not a well-formed answer. Never reads outside of it.
[[nodiscard]] std::optional<DnsMessage> parse_dns_message(std::string_view bytes);

/// The records of `type` that answer the question: of its name, and of the names that its aliases (CNAME) lead to. What
/// else a name server sends along is no answer.
[[nodiscard]] std::vector<DnsRecord> records_of(const DnsMessage& message, int type);

}  // namespace nines::prober
