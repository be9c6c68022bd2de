// What a terminal shows that does not speak UTF-8.
#pragma once

#include <string>
#include <string_view>

#include "show/terminal.h"

namespace nines::tools {

/// `text` as it is where the terminal speaks UTF-8. Otherwise every character that is not ASCII is replaced by one that
/// stands for it, or by as many `?` as it takes columns. Escape codes stay.
[[nodiscard]] std::string for_terminal(std::string_view text, const Terminal& terminal);

}  // namespace nines::tools
