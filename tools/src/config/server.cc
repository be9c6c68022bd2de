#include "config/server.h"

#include <fmt/format.h>
#include <nines/check_runner.h>
#include <nines/service_hours.h>
#include <nines/slo.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "config/keys.h"
#include "show/text.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUsualTimeout = std::chrono::seconds{10};

// The keys of a check's `section`; the sections themselves are keys of the check.
std::vector<std::string_view> check_keys(std::string_view section) {
  std::vector<std::string_view> keys;
  for (const CheckSpecKey& key : check_spec_keys()) {
    if (key.section == section) keys.push_back(key.name);
    if (section.empty() && !key.section.empty() && keys.back() != key.section) keys.push_back(key.section);
  }
  return keys;
}

std::vector<std::string_view> all_keys() {
  std::vector<std::string_view> keys = key_names("server");
  const auto check = check_keys("");
  keys.insert(keys.end(), check.begin(), check.end());
  return keys;
}

// The node of a check's field, as `timeout` or `expect.status`; the whole entry when it is not there.
YAML::Node place_of(const MapReader& map, std::string_view field) {
  const std::size_t dot = field.find('.');
  const auto node = map.get(field.substr(0, dot));
  if (!node) return map.node();
  if (dot == std::string_view::npos || !node->IsMap()) return *node;
  for (const auto& item : *node) {
    if (item.first.IsScalar() && item.first.Scalar() == field.substr(dot + 1)) return item.second;
  }
  return *node;
}

// Reads the keys that describe a check, and reports each mistake at its own place.
class CheckReader {
 public:
  CheckReader(const MapReader& map, Problems& problems) : map_(map), problems_(problems) {
    for (const CheckSpecKey& key : check_spec_keys()) {
      if (key.section.empty()) take(map, key, whole_);
    }
    for (const char* section : {"timeouts", "expect"}) {
      const auto node = map.get(section);
      if (!node) continue;
      const std::vector<std::string_view> known = check_keys(section);
      const MapReader part(*node, section, known, problems_);
      Json& object = whole_[section] = Json::object();
      for (const CheckSpecKey& key : check_spec_keys()) {
        if (key.section == section) take(part, key, object);
      }
    }
    CheckSpecReading reading = read_check_spec(dump(whole_));
    spec = std::move(reading.spec);
    report(reading.errors);
  }

  // What the fields say together.
  void validate(std::chrono::milliseconds interval) {
    report(check_spec_problems(spec, interval));
    report(check_file_problems(spec));
  }

  CheckSpec spec;

 private:
  void take(const MapReader& map, const CheckSpecKey& key, Json& object) {
    const auto node = map.get(key.name);
    if (!node || node->IsNull()) return;
    const bool typed = key.type == CheckSpecKey::Type::number || key.type == CheckSpecKey::Type::boolean;
    if (auto json = read_json(*node, key.name, typed, problems_)) {
      object[std::string(key.name)] = std::move(*json);
    } else {
      reported_.push_back((key.section.empty() ? "" : std::string(key.section) + ".") + std::string(key.name));
    }
  }
  // A field whose value could not be read would be misjudged by its default.
  void report(const std::vector<FieldError>& errors) {
    for (const FieldError& error : errors) {
      if (std::find(reported_.begin(), reported_.end(), error.field) != reported_.end()) continue;
      reported_.push_back(error.field);
      problems_.add(place_of(map_, error.field), printable(to_string(error)));
    }
  }

  const MapReader& map_;
  Problems& problems_;
  Json whole_ = Json::object();
  std::vector<std::string> reported_;
};

void read_confirm(const YAML::Node& node, Rules& rules, Problems& problems) {
  const MapReader map(node, "confirm", key_names("confirm"), problems);
  const auto count = [&](std::string_view key, std::uint16_t& value) {
    const auto given = map.get(key);
    if (!given) return;
    if (const auto number = read_integer(*given, config_key("confirm", key), problems)) {
      value = static_cast<std::uint16_t>(*number);
    }
  };
  count("failures", rules.confirm_failures);
  count("successes", rules.confirm_successes);
}

bool has_push_url(const MapReader& map) {
  const auto url = map.get("url");
  return url && url->IsScalar() && check_kind(url->Scalar()) == CheckKind::push;
}

// Whether a job reports in, so that nothing is probed.
bool is_push(const MapReader& map) {
  return map.get("push").has_value() || has_push_url(map);
}

// Nothing is checked of a job that reports in, so what is said of checks would silently do nothing.
bool refuse_check_keys(const MapReader& map, Problems& problems) {
  bool refused = false;
  for (const std::string_view key : check_keys("")) {
    const auto node = map.get(key);
    if (key == "url" || !node || node->IsNull()) continue;
    problems.add(*node, fmt::format("{} is for checks; a job that reports in is not checked", key));
    refused = true;
  }
  return refused;
}

Rules read_rules(const MapReader& map, Problems& problems) {
  Rules rules;
  // Silence past the deadline is no blip of a network that a second look could clear up.
  if (is_push(map)) rules.confirm_failures = 1;
  const auto duration = [&](std::string_view key, milliseconds& value) {
    if (const auto node = map.get(key)) {
      value = read_duration(*node, config_key("server", key), problems).value_or(value);
    }
  };
  duration("interval", rules.interval);
  duration("stale-after", rules.stale_after);
  duration("merge-within", rules.merge_within);
  const bool holds = rules.stale_after == milliseconds{0} || rules.stale_after >= rules.interval || is_push(map);
  if (!holds) {
    problems.add(*map.get("stale-after"),
                 "stale-after is shorter than the interval: no result would hold until the next check");
  }
  if (const auto node = map.get("confirm")) read_confirm(*node, rules, problems);
  if (const auto node = map.get("quorum")) {
    rules.quorum =
        static_cast<std::uint16_t>(read_integer(*node, config_key("server", "quorum"), problems).value_or(0));
  }
  return rules;
}

// A text of the service level that `parse` understands.
template <class Parse>
void read_promise(const MapReader& map, std::string_view key, const Zone& zone, Parse parse, std::string& out,
                  Problems& problems) {
  const auto node = map.get(key);
  const auto text = node ? read_text(*node, key, problems) : std::nullopt;
  if (!text) return;
  if (const auto parsed = parse(*text, zone); parsed) {
    out = *text;
  } else {
    problems.add(*node, printable(parsed.error().message));
  }
}

// `objective: 99.9%`, or a mapping of all that is promised.
void read_objective(const YAML::Node& node, Server& server, Problems& problems) {
  if (!node.IsMap()) {
    server.objective = read_ratio(node, "objective", problems);
    return;
  }
  const MapReader map(node, "objective", key_names("objective"), problems);
  ServiceLevel& level = server.level;
  if (const auto uptime = map.get("uptime")) server.objective = read_ratio(*uptime, "uptime", problems);
  Zone zone;
  if (const auto named = map.get("timezone")) {
    level.timezone = read_text(*named, "timezone", problems).value_or("UTC");
    if (const auto found = Zone::find(level.timezone)) {
      zone = *found;
    } else {
      problems.add(*named,
                   fmt::format("there is no time zone `{}`; names are like Europe/Paris", printable(level.timezone)));
    }
  }
  read_promise(map, "period", zone, parse_budget_period, level.period, problems);
  read_promise(map, "hours", zone, parse_service_hours, level.hours, problems);
  if (const auto target = map.get("latency")) {
    level.latency_target =
        read_duration(*target, config_key("objective", "latency"), problems).value_or(milliseconds{0});
  }
  if (const auto within = map.get("within")) {
    level.latency_objective = read_ratio(*within, "within", problems);
    if (!map.get("latency")) problems.add(*within, "within goes with `latency`: the share of checks that answer in it");
  }
}

void read_tags(const YAML::Node& node, std::map<std::string, std::string>& tags, Problems& problems) {
  if (!node.IsMap()) {
    problems.add(node, "tags must be a mapping like {team: web}");
    return;
  }
  for (const auto& item : entries_of(node, problems)) {
    const auto key = read_text(item.first, "a tag", problems);
    const auto value = read_text(item.second, "a tag's value", problems);
    if (key && value && !tags.emplace(*key, *value).second) {
      problems.add(item.first, fmt::format("`{}` is given twice in tags", printable(*key)));
    }
  }
}

void read_retention(const YAML::Node& node, Retention& retention, Problems& problems) {
  if (!node.IsMap()) {
    retention.checks = read_days(node, "retention", problems);
    return;
  }
  const MapReader map(node, "retention", key_names("retention"), problems);
  if (const auto days = map.get("checks")) retention.checks = read_days(*days, "checks", problems);
  if (const auto days = map.get("summaries")) retention.summaries = read_days(*days, "summaries", problems);
}

std::string read_name(const MapReader& map, Problems& problems) {
  constexpr std::size_t kLongestName = 200;
  const auto node = map.get("name");
  if (!node) {
    if (map.node().IsMap()) problems.add(map.node(), "a server needs a `name`");
    return {};
  }
  std::string name = read_text(*node, "name", problems).value_or("");
  const bool plain = printable(name).find('\\') == std::string::npos || name.find('\\') != std::string::npos;
  if (name.empty() || name.size() > kLongestName || !plain) {
    problems.add(*node, "a name has 1 to 200 bytes and no control characters");
    return {};
  }
  return name;
}

}  // namespace

std::chrono::days read_days(const YAML::Node& node, std::string_view what, Problems& problems) {
  const ConfigKey& key = config_key("store", "retention");  // the bounds of all that are days
  const auto span = read_duration(node, what, std::chrono::days{key.least}, std::chrono::days{key.most}, problems);
  return std::chrono::floor<std::chrono::days>(span.value_or(milliseconds{0}));
}

std::optional<ServerConfig> read_server(const YAML::Node& node, Problems& problems) {
  static const std::vector<std::string_view> kKeys = all_keys();
  const MapReader map(node, "a server", kKeys, problems);
  ServerConfig config;
  config.line = node.Mark().line + 1;
  Server& server = config.server;
  server.name = read_name(map, problems);
  Rules rules = read_rules(map, problems);
  if (const auto group = map.get("group")) server.group = read_text(*group, "group", problems).value_or("");
  if (const auto tags = map.get("tags")) read_tags(*tags, server.tags, problems);
  if (const auto list = map.get("maintenance")) {
    server.maintenance = read_maintenance(*list, problems);
    if (is_always(server.maintenance)) {
      problems.add(*list,
                   "maintenance leaves no time in which it would count or alert; `enabled: false` watches nothing");
    }
  }
  if (const auto objective = map.get("objective")) read_objective(*objective, server, problems);
  if (const auto retention = map.get("retention")) read_retention(*retention, server.retention, problems);

  if (const auto push = map.get("push")) config.push = read_push(*push, problems);
  if (const auto enabled = map.get("enabled")) config.enabled = read_bool(*enabled, "enabled", problems).value_or(true);
  if (const auto alerts = map.get("alerts")) config.alerts = read_texts(*alerts, "alerts", problems);
  const bool reports = map.get("url") ? has_push_url(map) : config.push.has_value();
  const bool refused = reports && refuse_check_keys(map, problems);
  if (!map.get("url") && config.push) {
    server.url = config.check.url = "push:";
  } else if (!map.get("url")) {
    if (node.IsMap()) problems.add(node, fmt::format("server `{}` needs a `url`", printable(server.name)));
  } else if (!refused) {
    CheckReader check(map, problems);
    if (!map.get("timeout")) {
      // The usual ten seconds, or less where the interval is that short.
      check.spec.timeouts.total = std::min(kUsualTimeout, rules.interval * 4 / 5);
    }
    check.validate(rules.interval);
    if (config.push && check_kind(check.spec.url) != CheckKind::push) {
      problems.add(*map.get("push"), "push goes with a url of kind push:, or without a url");
    }
    rules.timeout = check.spec.timeouts.total;
    server.url = check.spec.url;
    config.check = std::move(check.spec);
    // By its url alone it is one too, and has its name for a token.
    if (!config.push && check_kind(server.url) == CheckKind::push) config.push.emplace();
  }
  server.rules = {rules};
  if (server.name.empty()) return std::nullopt;
  return config;
}

}  // namespace nines::tools
