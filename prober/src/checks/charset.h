// Bodies in another charset than UTF-8, so that keywords are found in them.
#pragma once

#include <string>
#include <string_view>

namespace nines::prober {

/// The charset of a body: what the Content-Type says, else a byte order mark, else an HTML page's <meta>. Empty when
/// nothing says one. Small letters.
[[nodiscard]] std::string charset_of(std::string_view content_type, std::string_view body);

/// `body` in UTF-8. What is no character of `charset` becomes '?'. A charset that is not known, or none, leaves the
/// body as it is.
[[nodiscard]] std::string to_utf8(std::string body, std::string_view charset);

}  // namespace nines::prober
