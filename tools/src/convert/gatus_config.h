// Gatus' configuration as a draft of ours.
#pragma once

#include <string>

#include "convert/draft.h"

namespace YAML {
class Node;
}

namespace nines::tools {

/// `root` is the file; what is nothing of Gatus is passed over.
[[nodiscard]] Draft read_gatus_config(const YAML::Node& root);

}  // namespace nines::tools
