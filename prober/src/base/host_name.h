// Names of hosts as the DNS knows them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nines::prober {

/// `name` in small letters, what lies outside of ASCII in its xn-- form (UTS 46, as browsers do). Nothing when it is
/// not UTF-8 or no name can be made of it. Does not depend on the locale.
[[nodiscard]] std::optional<std::string> ascii_host(std::string_view name);

/// The same name as it is usually written: "example.org." is "example.org", only that no search list is tried.
[[nodiscard]] inline std::string_view without_final_dot(std::string_view name) noexcept {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

}  // namespace nines::prober
