// nines alert test NAME: whether a message arrives, before an outage depends on it.
#include <fmt/format.h>
#include <nines/alert.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "cli/command/session.h"
#include "cli/servers/commands.h"
#include "config/config.h"
#include "show/text.h"

namespace nines::tools {
namespace {

/// Two messages that tell a whole story, so that what a receiver opens is closed again.
std::vector<AlertMessage> test_messages(const AlertTarget& target) {
  AlertMessage begin;
  begin.id = 1;
  begin.topic = target.topics.front();
  begin.name = "nines test";
  begin.url = "https://example.org/";
  begin.group = target.groups.empty() ? "" : target.groups.front();
  begin.state = begin.topic == AlertTopic::down ? State::down : State::degraded;
  begin.since = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  begin.time = begin.since;
  begin.detail = "this is only a test, nothing is wrong";
  std::vector<AlertMessage> messages{begin};
  if (target.send_resolved) {
    AlertMessage end = begin;
    end.id = 2;
    end.kind = AlertMessage::Kind::resolved;
    end.state = State::up;
    messages.push_back(end);
  }
  return messages;
}

}  // namespace

Outcome alert_test(const Call& call) {
  const std::string file = call.text("config").value_or("nines.yaml");
  const auto config = load_config(file);
  if (!config) {
    write_err(config.error() + "\n");
    return kExitFailed;
  }
  const std::string& name = call.words[0];
  const auto target = std::find_if(config->alerts.begin(), config->alerts.end(),
                                   [&name](const AlertTarget& each) { return each.name == name; });
  if (target == config->alerts.end()) {
    std::vector<std::string_view> names;
    for (const AlertTarget& each : config->alerts) names.push_back(each.name);
    return failed(names.empty() ? fmt::format("{} has no alerts", printable(file))
                                : fmt::format("{} has no alert `{}`; it has {}", printable(file), printable(name),
                                              printable(fmt::format("{}", fmt::join(names, ", ")))));
  }
  for (const AlertMessage& message : test_messages(*target)) {
    const Result<void> delivered = deliver_alert(*target, message);
    if (!delivered) {
      const bool for_good = delivered.error().code == ErrorCode::invalid_argument;
      return failed(fmt::format("`{}` did not take the message `{}`: {}{}", printable(name), event_of(message),
                                printable(delivered.error().message),
                                for_good ? "; it never will, as it is" : "; `nines run` would try again"));
    }
    if (!call.quiet) say(fmt::format("{} took the message `{}`", printable(name), event_of(message)));
  }
  return kExitDone;
}

}  // namespace nines::tools
