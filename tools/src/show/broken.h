// Text that is longer than a line, as lines: names and addresses, which a part of is worth nothing. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace nines::tools {

/// `text` in pieces of at most `width` terminal columns, broken anywhere; a character that is wider than a line stands
/// alone. One piece of an empty text. Requires: width > 0.
[[nodiscard]] std::vector<std::string> broken(std::string_view text, std::size_t width);

}  // namespace nines::tools
