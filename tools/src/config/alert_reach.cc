#include "config/alert_reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "show/text.h"

namespace nines::tools {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_of_its_groups(const AlertTarget& target, const ServerConfig& server) {
  return target.groups.empty() || contains(target.groups, server.server.group);
}

bool hears_of(const AlertTarget& target, const ServerConfig& server) {
  return is_of_its_groups(target, server) && (!server.alerts || contains(*server.alerts, target.name));
}

// Whether checks of the server can be degraded: what that takes is strict nowhere, and not turned over.
bool can_be_degraded(const ServerConfig& server) {
  const CheckSpec& check = server.check;
  if (server.push) return server.push->latency_below.count() > 0;
  return (check.certificate_days || check.latency_below) && !check.strict && !check.upside_down;
}

// Whether a certificate of the server can be bad: one is shown, and judged. The check itself knows what has TLS.
bool can_have_certificate(const ServerConfig& server) {
  const CheckSpec& check = server.check;
  if (server.push || check.upside_down) return false;
  const bool judged = check.verify_tls || check.certificate_days || !check.public_key_sha256.empty() ||
                      !check.certificate_issuer.empty();
  CheckSpec dated;
  dated.url = check.url;
  dated.starttls = check.starttls;
  dated.dialog = check.dialog;
  dated.follow_redirects = check.follow_redirects;
  dated.certificate_days = 1;
  const auto problems = check_spec_problems(dated, std::chrono::milliseconds{0});
  return judged && std::none_of(problems.begin(), problems.end(),
                                [](const FieldError& error) { return error.field == "expect.certificate-days"; });
}

// What a server must have for something of a topic to happen to it; nothing where it needs nothing.
struct Condition {
  AlertTopic topic;
  bool (*holds)(const ServerConfig& server);
  std::string_view what;
};
constexpr Condition kConditions[] = {
    {AlertTopic::budget, [](const ServerConfig& server) { return server.server.objective.has_value(); },
     "has an objective"},
    {AlertTopic::certificate, can_have_certificate, "has a certificate that is judged"},
    {AlertTopic::degraded, can_be_degraded, "can be degraded, by latency-below or by certificate-days without strict"},
};

// What keeps all of the topics of the target from coming up; empty when nothing does.
std::string silence_of_topics(const AlertTarget& target, const std::vector<ServerConfig>& servers) {
  std::string why;
  for (const AlertTopic topic : target.topics) {
    const auto* const condition = std::find_if(std::begin(kConditions), std::end(kConditions),
                                               [topic](const Condition& each) { return each.topic == topic; });
    if (condition == std::end(kConditions)) return {};
    const bool holds = std::any_of(servers.begin(), servers.end(), [&](const ServerConfig& server) {
      return hears_of(target, server) && condition->holds(server);
    });
    if (holds) return {};
    why += fmt::format("{}it is on {}, and no server that it hears of {}", why.empty() ? "" : "; ", to_string(topic),
                       condition->what);
  }
  return why;
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
  if (std::string silence = silence_of_topics(target, servers); hears && !silence.empty()) return silence;
  if (is_always(target.quiet)) return "quiet leaves no time in which it would be told";
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
