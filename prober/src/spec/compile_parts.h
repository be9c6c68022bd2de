// The pieces of a check that need parsing; shared by `validate`, which drops them, and `compile`, which keeps them.
// Every error message begins with the field's name.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>

#include <nines/check_spec.h>
#include <nines/result.h>

#include "spec/compiled_check.h"

namespace nines::prober {

/// "host:port:address", the address with or without brackets.
[[nodiscard]] Result<FixedAddress> parse_fixed_address(const std::string& entry);

/// http, https, socks4a or socks5h. The other socks forms look names up here, in a thread of libcurl: refused.
[[nodiscard]] Result<Proxy> parse_proxy(const std::string& url);

/// The proxy that the environment names for `target`; nothing when it names none or no_proxy excludes the host.
[[nodiscard]] Result<std::optional<Proxy>> proxy_from_environment(const Target& target);

/// "address" or "address:port" as the field dns-server; normal form "address:port".
[[nodiscard]] Result<std::string> parse_server(const std::string& text);

/// What a dns check asks, of whom.
struct Question {
  std::string name;
  int type = 1;
  std::string server;  ///< "address:port", or empty for the system's
};
/// From the URL (dns://server/name?type=MX) and the fields, which win.
[[nodiscard]] Result<Question> parse_question(const Target& target, const CheckSpec& spec);

/// RE2, case-sensitive, with a bound on its memory.
[[nodiscard]] Result<std::unique_ptr<const RE2>> compile_expression(const char* field, const std::string& expression);

}  // namespace nines::prober
