// Bytes as text in base64 (RFC 4648, section 4), padded. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace nines::prober {

[[nodiscard]] std::string base64(std::string_view bytes);

}  // namespace nines::prober
