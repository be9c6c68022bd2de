// The parts of a configuration that the prober acts on: `push` of a server, `alerts`, and `prober`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "config/config.h"
#include "config/keys.h"
#include "show/text.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;
using Entries = std::vector<std::pair<YAML::Node, YAML::Node>>;

// A text, or {environment: NAME} or {file: PATH}, which are read at each delivery.
SecretText read_secret(const YAML::Node& node, std::string_view what, Problems& problems) {
  SecretText secret;
  if (!node.IsMap()) {
    secret.text = read_text(node, what, problems).value_or("");
    return secret;
  }
  const MapReader map(node, std::string(what), key_names("secret"), problems);
  if (const auto name = map.get("environment"))
    secret.environment = read_text(*name, "environment", problems).value_or("");
  if (const auto path = map.get("file")) secret.file = read_text(*path, "file", problems).value_or("");
  return secret;
}

// What names a target that has no name: lasting as long as the target is the same.
std::string usual_name(const AlertTarget& target) {
  if (!target.channel.empty()) return target.channel;
  if (!target.exec.empty()) return fmt::format("{}", fmt::join(target.exec, " "));
  std::string url = target.webhook ? target.webhook->text : "";
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return "webhook";
  return url.substr(host + 3, url.find_first_of("/?#", host + 3) - host - 3);
}

std::vector<AlertTopic> read_topics(const YAML::Node& node, Problems& problems) {
  std::vector<AlertTopic> topics;
  std::array<std::string_view, std::size(kAlertTopics)> names;
  std::transform(std::begin(kAlertTopics), std::end(kAlertTopics), names.begin(),
                 [](AlertTopic topic) { return to_string(topic); });
  for (const std::string& word : read_texts(node, "on", problems)) {
    if (const auto topic = parse_alert_topic(word)) {
      topics.push_back(*topic);
      continue;
    }
    const std::string_view near = closest(word, names);
    problems.add(node, near.empty() ? fmt::format("on `{}` is none of {}", printable(word), fmt::join(names, ", "))
                                    : fmt::format("on has no `{}`; did you mean `{}`?", printable(word), near));
    return {AlertTopic::down};  // one mistake is enough
  }
  return topics;
}

// A setting's value: a secret, or a list of texts, which stands for them with commas between them.
SecretText read_setting(const YAML::Node& node, std::string_view what, Problems& problems) {
  if (!node.IsSequence()) return read_secret(node, what, problems);
  SecretText list;
  list.text = fmt::format("{}", fmt::join(read_texts(node, what, problems), ","));
  return list;
}

// `discord: https://...` or `discord: {url: https://...}`: where a channel needs one thing only, it may stand alone.
void read_channel(const YAML::Node& node, const AlertChannel& channel, AlertTarget& target, Problems& problems) {
  target.channel = channel.name;
  const bool alone =
      channel.settings.size() == 1 && (!node.IsMap() || node["environment"].IsDefined() || node["file"].IsDefined());
  if (alone) {
    target.settings.emplace_back(channel.settings[0].name, read_setting(node, channel.name, problems));
    return;
  }
  const std::string section = fmt::format("alert {}", channel.name);
  const MapReader map(node, std::string(channel.name), key_names(section), problems);
  for (const auto& [name, value] : map.entries()) {
    if (value.IsNull()) continue;
    target.settings.emplace_back(name, read_setting(value, name, problems));
  }
}

AlertTarget read_alert(const YAML::Node& node, Problems& problems) {
  const MapReader map(node, "an alert", key_names("alert"), problems);
  AlertTarget target;
  if (const auto exec = map.get("exec")) target.exec = read_texts(*exec, "exec", problems);
  if (const auto webhook = map.get("webhook")) target.webhook = read_secret(*webhook, "webhook", problems);
  for (const AlertChannel& channel : alert_channels()) {
    const auto given = map.get(channel.name);
    if (!given) continue;
    if (!target.channel.empty()) {
      problems.add(*given,
                   fmt::format("an alert has one channel; this one has {} and {}", target.channel, channel.name));
      continue;
    }
    read_channel(*given, channel, target, problems);
  }
  if (const auto headers = map.get("headers")) {
    if (!headers->IsMap()) problems.add(*headers, "headers must be a mapping");
    for (const auto& item : headers->IsMap() ? entries_of(*headers, problems) : Entries()) {
      const auto name = read_text(item.first, "a header", problems);
      if (name) target.headers.emplace_back(*name, read_secret(item.second, "a header's value", problems));
    }
  }
  if (const auto body = map.get("body-template"))
    target.body_template = read_text(*body, "body-template", problems).value_or("");
  if (const auto type = map.get("content-type"))
    target.content_type = read_text(*type, "content-type", problems).value_or("");
  // YAML 1.1 reads a plain `on` as true, yaml-cpp as the text that it is.
  if (const auto on = map.get("on")) target.topics = read_topics(*on, problems);
  if (const auto groups = map.get("groups")) target.groups = read_texts(*groups, "groups", problems);
  if (const auto after = map.get("after")) {
    target.after = read_duration(*after, config_key("alert", "after"), problems).value_or(milliseconds{0});
  }
  if (const auto quiet = map.get("quiet")) target.quiet = read_maintenance(*quiet, problems);
  if (const auto send = map.get("send-resolved"))
    target.send_resolved = read_bool(*send, "send-resolved", problems).value_or(true);
  if (const auto every = map.get("remind-every")) {
    target.remind_every =
        read_duration(*every, config_key("alert", "remind-every"), problems).value_or(milliseconds{0});
  }
  if (const auto timeout = map.get("timeout")) {
    target.timeout = read_duration(*timeout, config_key("alert", "timeout"), problems).value_or(target.timeout);
  }
  const auto name = map.get("name");
  target.name = name ? read_text(*name, "name", problems).value_or("") : usual_name(target);
  return target;
}

}  // namespace

PushSpec read_push(const YAML::Node& node, Problems& problems) {
  const MapReader map(node, "push", key_names("push"), problems);
  PushSpec push;
  if (const auto token = map.get("token")) push.token = read_text(*token, "token", problems).value_or("");
  if (const auto grace = map.get("grace")) {
    push.grace = read_duration(*grace, config_key("push", "grace"), problems).value_or(milliseconds{0});
  }
  if (const auto cron = map.get("cron")) push.cron = read_text(*cron, "cron", problems).value_or("");
  if (const auto event = map.get("on-calendar"))
    push.on_calendar = read_text(*event, "on-calendar", problems).value_or("");
  const auto runtime = [&](std::string_view key, milliseconds& value) {
    const auto given = map.get(key);
    if (given) value = read_duration(*given, config_key("push", key), problems).value_or(milliseconds{0});
  };
  runtime("latency-below", push.latency_below);
  runtime("max-runtime", push.max_runtime);
  if (const auto zone = map.get("timezone"); zone && push.cron.empty() && push.on_calendar.empty()) {
    problems.add(*zone, "timezone goes with cron or on-calendar; an interval has none");
  }
  if (const auto zone = map.get("timezone")) push.timezone = read_text(*zone, "timezone", problems).value_or("");
  if (auto valid = validate(push); !valid) problems.add(node, printable(valid.error().message));
  return push;
}

std::vector<AlertTarget> read_alerts(const YAML::Node& node, Problems& problems) {
  std::vector<AlertTarget> targets;
  if (!node.IsSequence()) {
    problems.add(node, "alerts must be a list like [{exec: [\"./page.sh\"]}]");
    return targets;
  }
  for (const auto& item : node) {
    AlertTarget target = read_alert(item, problems);
    auto valid = validate(target);
    if (valid) valid = check_program(target);
    if (!valid) problems.add(item, printable(valid.error().message));
    const bool taken =
        std::any_of(targets.begin(), targets.end(), [&](const AlertTarget& t) { return t.name == target.name; });
    if (taken)
      problems.add(item, fmt::format("another alert is named `{}`; give this one a `name`", printable(target.name)));
    targets.push_back(std::move(target));
  }
  return targets;
}

void read_prober(const YAML::Node& node, ProberOptions& options, Problems& problems) {
  const MapReader map(node, "prober", key_names("prober"), problems);
  const auto count = [&](std::string_view key, std::size_t& value) {
    if (const auto given = map.get(key)) {
      value = static_cast<std::size_t>(read_integer(*given, config_key("prober", key), problems).value_or(1));
    }
  };
  count("max-in-flight", options.max_in_flight);
  count("max-in-flight-per-host", options.max_in_flight_per_host);
  if (const auto rate = map.get("start-rate")) {
    options.start_rate =
        static_cast<double>(read_integer(*rate, config_key("prober", "start-rate"), problems).value_or(1));
  }
  if (const auto location = map.get("location")) {
    options.location = LocationId{
        static_cast<std::uint16_t>(read_integer(*location, config_key("prober", "location"), problems).value_or(0))};
  }
  if (const auto agent = map.get("user-agent")) {
    options.runner.user_agent = read_text(*agent, "user-agent", problems).value_or(options.runner.user_agent);
  }
  if (const auto servers = map.get("dns-servers"))
    options.runner.dns_servers = read_texts(*servers, "dns-servers", problems);
  if (const auto references = map.get("references")) {
    for (std::string& url : read_texts(*references, "references", problems)) {
      CheckSpec spec;
      spec.url = std::move(url);
      options.references.push_back(std::move(spec));
    }
  }
  // All that a prober would be refused for at the next start.
  if (auto valid = options.validate(); !valid) problems.add(node, printable(valid.error().message));
}

}  // namespace nines::tools
