// Names of hosts as the DNS knows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nines {

/// `name` in small letters, what lies outside of ASCII in its xn-- form (UTS 46, as browsers do). Nothing when it is
/// not UTF-8 or no name can be made of it. Does not depend on the locale. Any thread.
[[nodiscard]] std::optional<std::string> ascii_host(std::string_view name);

}  // namespace nines
