#include "config/alert_reach.h"

#include <fmt/format.h>
#include <nines/timeline.h>

#include <algorithm>
#include <string>
#include <vector>

#include "show/text.h"

namespace nines::tools {
namespace {

// What recurs, recurs within it; it holds no change of a zone's clock that would let an hour slip through the hours of
// a day.
constexpr Window kSomeWeeks{from_ms(1'767'571'200'000), from_ms(1'772'409'600'000)};  // 2026-01-05 to 2026-03-02

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_of_its_groups(const AlertTarget& target, const ServerConfig& server) {
  return target.groups.empty() || contains(target.groups, server.server.group);
}

bool hears_of(const AlertTarget& target, const ServerConfig& server) {
  return is_of_its_groups(target, server) && (!server.alerts || contains(*server.alerts, target.name));
}

// Whether hours that recur leave no moment free.
bool is_always(const std::vector<Maintenance>& hours) {
  Server server;
  std::copy_if(hours.begin(), hours.end(), std::back_inserter(server.maintenance), [](const Maintenance& entry) {
    return entry.repeat != Maintenance::Repeat::once && entry.effective == Maintenance().effective;
  });
  const auto spans = overlay(server, kSomeWeeks, MaintenancePolicy::exclude);
  if (!spans) return false;
  std::int64_t quiet_ms = 0;
  for (const Span& span : *spans) quiet_ms += span.length_ms();
  return quiet_ms == (kSomeWeeks.to - kSomeWeeks.from).count();
}

// What keeps the target from ever telling anything; empty when nothing does.
std::string silence_of(const AlertTarget& target, const std::vector<ServerConfig>& servers) {
  for (const std::string& group : target.groups) {
    const bool known = std::any_of(servers.begin(), servers.end(),
                                   [&](const ServerConfig& server) { return server.server.group == group; });
    if (!known) return fmt::format("no server is in the group `{}`", printable(group));
  }
  const bool hears =
      std::any_of(servers.begin(), servers.end(), [&](const ServerConfig& server) { return hears_of(target, server); });
  if (!hears && !servers.empty()) return "every server has a list `alerts` that does not name it";
  const bool only_budgets = std::all_of(target.topics.begin(), target.topics.end(),
                                        [](AlertTopic topic) { return topic == AlertTopic::budget; });
  const bool has_budget = std::any_of(servers.begin(), servers.end(), [&](const ServerConfig& server) {
    return hears_of(target, server) && server.server.objective;
  });
  if (only_budgets && hears && !has_budget) return "it is on budget, and no server that it hears of has an objective";
  if (!target.quiet.empty() && is_always(target.quiet)) return "quiet leaves no time in which it would be told";
  return {};
}

}  // namespace

void check_alert_reach(const Config& config, const YAML::Node& alerts, Problems& problems) {
  for (std::size_t i = 0; i < config.alerts.size(); ++i) {
    const AlertTarget& target = config.alerts[i];
    const std::string silence = silence_of(target, config.servers);
    if (!silence.empty()) problems.add(alerts[i], fmt::format("alert `{}`: {}", printable(target.name), silence));
  }
  for (const ServerConfig& server : config.servers) {
    for (const AlertTarget& target : config.alerts) {
      if (!server.alerts || !contains(*server.alerts, target.name) || is_of_its_groups(target, server)) continue;
      YAML::Mark place;
      place.line = server.line - 1;
      place.column = 0;
      problems.add(place,
                   fmt::format("server `{}`: its alert `{}` hears of the groups {} only", printable(server.server.name),
                               printable(target.name), printable(fmt::format("{}", fmt::join(target.groups, ", ")))));
    }
  }
}

}  // namespace nines::tools
