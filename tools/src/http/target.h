// The target of a request line: what path and which parameters it names.
#pragma once

#include <nines/result.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nines::tools {

struct Target {
  std::string authority;                     ///< of an absolute target, "example.org:8080"; empty else
  std::string path;                          ///< decoded, begins with '/'
  std::map<std::string, std::string> query;  ///< decoded
};

/// "/a%20b?x=1" or "http://host/a?x=1" (RFC 9112 3.2). `invalid_argument` for other forms, for percent signs that two
/// hexadecimal digits do not follow, and as parse_form.
[[nodiscard]] Result<Target> parse_target(std::string_view target);
inline constexpr std::size_t kMostParameters = 64;

/// `text` with %XX decoded, and '+' as a blank where `form` says so; nothing when malformed.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool form);

/// The parameters of "a=1&b=2", as forms send them. `invalid_argument` when malformed, for more than kMostParameters,
/// and for a name that comes twice: whichever of its values were taken, the other would be ignored.
[[nodiscard]] Result<std::map<std::string, std::string>> parse_form(std::string_view text);

}  // namespace nines::tools
