// The pieces of a check that need parsing; shared by `validate`, which drops them, and `compile`, which keeps them.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>

#include <nines/check_spec.h>

#include "spec/compiled_check.h"
#include "spec/field_error.h"

namespace nines::prober {

/// "host:port:address", the address with or without brackets.
[[nodiscard]] Parsed<FixedAddress> parse_fixed_address(const std::string& entry);

/// http, https, socks4a or socks5h. The other socks forms look names up here, in a thread of libcurl: refused.
[[nodiscard]] Parsed<Proxy> parse_proxy(const std::string& url);

/// The proxy that the environment names for `target`; nothing when it names none or no_proxy excludes the host.
[[nodiscard]] Parsed<std::optional<Proxy>> proxy_from_environment(const Target& target);

/// "address" or "address:port" as the field dns-server; normal form "address:port".
[[nodiscard]] Parsed<std::string> parse_server(const std::string& text);

/// What a dns check asks, of whom.
struct Question {
  std::string name;
  int type = 1;
  std::string server;  ///< "address:port", or empty for the system's
};
/// From the URL (dns://server/name?type=MX) and the fields, which may not contradict it.
[[nodiscard]] Parsed<Question> parse_question(const Target& target, const CheckSpec& spec);

/// An expected answer of this type, in the form by which records compare.
[[nodiscard]] Parsed<std::string> parse_answer(int dns_type, const std::string& text);
/// A network for the addresses of this type, which must be A or AAAA.
[[nodiscard]] Parsed<Network> parse_dns_network(int dns_type, const std::string& text);

/// 32 bytes in base64 or hexadecimal; normal form base64.
[[nodiscard]] Parsed<std::string> parse_key_digest(const std::string& text);

/// "get" is GET: the methods of RFC 9110 and PATCH are taken in small letters too, any other as it is.
[[nodiscard]] std::string usual_method(const std::string& method);

/// RE2, case-sensitive, with a bound on its memory, and on the work that a text of `bytes` may be.
[[nodiscard]] Parsed<std::unique_ptr<const RE2>> compile_expression(const char* field, const std::string& expression,
                                                                    std::size_t bytes);

}  // namespace nines::prober
