// Alerts that could never be told: whom each target of a configuration hears of, and when. A mistake in one of the keys
// that decide it is silent until the day an outage is.
#pragma once

#include "config/config.h"
#include "config/reader.h"

namespace nines::tools {

/// Adds a problem for each target of `config` that hears of no server, of nothing that can happen to one, or at no
/// time, and for each server whose own list names a target that does not hear of its group. `alerts` is the node that
/// the targets were read from, in their order.
void check_alert_reach(const Config& config, const YAML::Node& alerts, Problems& problems);

}  // namespace nines::tools
