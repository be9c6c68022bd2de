// The files of tools/web, which the build puts into the program.
#pragma once

#include <string_view>
#include <vector>

namespace nines::tools {

struct Asset {
  std::string_view name;     ///< "style.css"
  std::string_view version;  ///< changes with the content
  std::string_view content;
};

/// All of them. Any thread.
[[nodiscard]] const std::vector<Asset>& assets();

}  // namespace nines::tools
