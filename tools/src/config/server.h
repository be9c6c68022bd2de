// One entry of a configuration's `servers`. One thread.
#pragma once

#include "config/config.h"

namespace nines::tools {

/// The entry at `node`, or nothing when it has no usable name; what is wrong with it is in `problems`.
[[nodiscard]] std::optional<ServerConfig> read_server(const YAML::Node& node, Problems& problems);

/// A number of whole days like 400d; 0 after a problem.
[[nodiscard]] std::chrono::days read_days(const YAML::Node& node, std::string_view what, Problems& problems);

}  // namespace nines::tools
