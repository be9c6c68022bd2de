// Names of hosts as the DNS knows them.
#pragma once

#include <string_view>

#include <nines/host_name.h>

namespace nines::prober {

using nines::ascii_host;

/// The same name as it is usually written: "example.org." is "example.org", only that no search list is tried.
[[nodiscard]] inline std::string_view without_final_dot(std::string_view name) noexcept {
  return name.ends_with('.') ? name.substr(0, name.size() - 1) : name;
}

}  // namespace nines::prober
