// The blackbox exporter's modules, with the targets that a Prometheus probes by them, as a draft of ours.
#pragma once

#include "convert/draft.h"

namespace YAML {
class Node;
}

namespace nines::tools {

/// `modules` is the exporter's file, `prometheus` the one with `scrape_configs`. Targets are those of static_configs.
[[nodiscard]] Draft read_blackbox_config(const YAML::Node& modules, const YAML::Node& prometheus);

}  // namespace nines::tools
