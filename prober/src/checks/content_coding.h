// Unpacking a body by its Content-Encoding (RFC 9110, section 8.4).
//
// By hand and not by libcurl, because libcurl takes a second gzip member, bytes behind the last one, and a coding that
// it does not know for its own failure to write. Only bodies that a condition looks at are unpacked.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace nines::prober {

enum class CodingError : std::uint8_t {
  malformed,
  truncated,  ///< ends in the middle
  too_large,  ///< unpacks to more than the limit
};

/// `body` unpacked: gzip with all its members, deflate with and without zlib's header, br. `codings` is the header's
/// value, in the order in which they were applied. Codings that are not known are passed over, as browsers do: they
/// stand in the header by mistake. Bytes behind the end are dropped.
[[nodiscard]] tl::expected<std::string, CodingError> decode_content(std::string body, std::string_view codings,
                                                                    std::size_t limit);

}  // namespace nines::prober
