// Gatus' `alerting` and the alerts of its endpoints, as ours. Pure functions; any thread.
#pragma once

#include <yaml-cpp/yaml.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "convert/draft.h"

namespace nines::tools {

/// The providers of `alerting` as alerts of `draft`, quiet in `maintenance`, an entry of ours that may be empty.
void read_gatus_alerting(const YAML::Node& alerting, const std::string& maintenance, Draft& draft);

/// Of two alerts of one provider, which differ in whether an end is told, leaves those that an endpoint hears.
void settle_ends(Draft& draft);

/// How many failures and successes in a row an endpoint's alerts ask for: those of the first one.
[[nodiscard]] std::pair<std::string, std::string> gatus_thresholds(const YAML::Node& endpoint,
                                                                   const YAML::Node& alerting);

/// The alerts that hear of an endpoint, which is `server`; nothing where the file tells nobody of anything.
[[nodiscard]] std::optional<std::vector<std::string>> gatus_alerts_of(const YAML::Node& endpoint,
                                                                      const YAML::Node& alerting, DraftServer& server);

}  // namespace nines::tools
