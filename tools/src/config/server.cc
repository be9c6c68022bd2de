#include "config/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "show/number.h"
#include "show/text.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

// What judges and describes a server is read here. The other keys describe its check; the prober reads them.
constexpr std::array<std::string_view, 13> kServerKeys{
    "push",        "alerts",    "name",   "group",       "interval",     "confirm",  "tags",
    "maintenance", "objective", "quorum", "stale-after", "merge-within", "retention"};
constexpr std::array<std::string_view, 30> kCheckKeys{"url",
                                                      "timeout",
                                                      "timeouts",
                                                      "method",
                                                      "headers",
                                                      "body",
                                                      "expect",
                                                      "username",
                                                      "password",
                                                      "bearer-token",
                                                      "client-certificate",
                                                      "client-key",
                                                      "ca-file",
                                                      "verify-tls",
                                                      "starttls",
                                                      "proxy",
                                                      "proxy-from-environment",
                                                      "family",
                                                      "resolve",
                                                      "refuse-addresses",
                                                      "send",
                                                      "dns-type",
                                                      "dns-server",
                                                      "http-version",
                                                      "follow-redirects",
                                                      "max-redirects",
                                                      "compressed",
                                                      "keep-alive",
                                                      "body-limit",
                                                      "header-limit"};
constexpr std::array<std::string_view, 10> kExpectKeys{
    "status", "headers",     "body-contains", "body-not-contains", "body-matches",
    "json",   "dns-answers", "dns-rcode",     "certificate-days",  "latency-below"};
constexpr std::array<std::string_view, 4> kTimeoutKeys{"dns", "connect", "tls", "first-byte"};
// Where YAML's numbers and booleans are meant as such; everywhere else a value is text, so that `body: 1.10` is too.
constexpr std::array<std::string_view, 10> kTypedKeys{
    "follow-redirects", "max-redirects",          "compressed", "keep-alive",   "verify-tls",
    "starttls",         "proxy-from-environment", "body-limit", "header-limit", "certificate-days"};
constexpr std::array<std::string_view, 2> kConfirmKeys{"failures", "successes"};
constexpr std::array<std::string_view, 2> kRetentionKeys{"checks", "summaries"};

constexpr milliseconds kShortestInterval{100};
constexpr milliseconds kLongestInterval = std::chrono::days{31};
constexpr milliseconds kUsualTimeout = std::chrono::seconds{10};
constexpr std::int64_t kMostConfirmations = 1000;

bool is_one_of(std::string_view key, std::span<const std::string_view> keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

std::vector<std::string_view> all_keys() {
  std::vector<std::string_view> keys(kServerKeys.begin(), kServerKeys.end());
  keys.insert(keys.end(), kCheckKeys.begin(), kCheckKeys.end());
  return keys;
}

// The node that a message of the prober is about: it begins with the field's name, `expect.status` or `status`.
YAML::Node place_of(const MapReader& map, const std::string& message) {
  std::string field = message.substr(0, message.find_first_of(" :[`("));
  const YAML::Node& place = map.node();
  const std::size_t dot = field.find('.');
  if (dot != std::string::npos) field = field.substr(dot + 1);
  for (const auto& [key, value] : map.entries()) {
    if (key == field) return value;
    if (!value.IsMap()) continue;
    for (const auto& item : value) {
      if (item.first.IsScalar() && item.first.Scalar() == field) return item.second;
    }
  }
  return place;
}

// Reads the keys of a check, each by itself first, so that a mistake is reported at its own place.
class CheckReader {
 public:
  explicit CheckReader(Problems& problems) : problems_(problems) {}

  std::optional<CheckSpec> read(const MapReader& map) {
    for (const auto& [key, node] : map.entries()) {
      if (!is_one_of(key, kCheckKeys) || node.IsNull()) continue;
      if (key == "expect" || key == "timeouts") {
        const std::span<const std::string_view> known = key == "expect"
                                                            ? std::span<const std::string_view>(kExpectKeys)
                                                            : std::span<const std::string_view>(kTimeoutKeys);
        const MapReader part(node, key, known, problems_);
        for (const auto& [name, value] : part.entries()) {
          const auto json = value_of(name, value);
          if (json && take({{key, {{name, *json}}}}, value)) whole_[key][name] = *json;
        }
      } else if (const auto json = value_of(key, node); json && take({{key, *json}}, node)) {
        whole_[key] = *json;
      }
    }
    if (!good_) return std::nullopt;
    auto spec = check_spec_from_json(dump(whole_));
    if (!spec) {
      problems_.add(map.node(), printable(spec.error().message));
      return std::nullopt;
    }
    return std::move(*spec);
  }

 private:
  std::optional<Json> value_of(std::string_view key, const YAML::Node& node) {
    auto json = read_json(node, key, is_one_of(key, kTypedKeys), problems_);
    if (!json) good_ = false;
    return json;
  }
  bool take(const Json& alone, const YAML::Node& node) {
    const auto parsed = check_spec_from_json(dump(alone));
    if (parsed) return true;
    problems_.add(node, printable(parsed.error().message));
    good_ = false;
    return false;
  }

  Problems& problems_;
  Json whole_ = Json::object();
  bool good_ = true;
};

void read_confirm(const YAML::Node& node, Rules& rules, Problems& problems) {
  const MapReader map(node, "confirm", kConfirmKeys, problems);
  const auto count = [&](std::string_view key, std::uint16_t& value) {
    const auto given = map.get(key);
    if (!given) return;
    if (const auto number = read_integer(*given, key, 1, kMostConfirmations, problems)) {
      value = static_cast<std::uint16_t>(*number);
    }
  };
  count("failures", rules.confirm_failures);
  count("successes", rules.confirm_successes);
}

// Whether a job reports in, so that nothing is probed.
bool is_push(const MapReader& map) {
  const auto url = map.get("url");
  return map.get("push").has_value() || (url && url->IsScalar() && check_kind(url->Scalar()) == CheckKind::push);
}

Rules read_rules(const MapReader& map, Problems& problems) {
  Rules rules;
  // Silence past the deadline is no blip of a network that a second look could clear up.
  if (is_push(map)) rules.confirm_failures = 1;
  const auto duration = [&](std::string_view key, milliseconds least, milliseconds& value) {
    if (const auto node = map.get(key)) {
      value = read_duration(*node, key, least, kLongestInterval, problems).value_or(value);
    }
  };
  duration("interval", kShortestInterval, rules.interval);
  duration("stale-after", milliseconds{0}, rules.stale_after);
  duration("merge-within", milliseconds{0}, rules.merge_within);
  if (const auto node = map.get("confirm")) read_confirm(*node, rules, problems);
  if (const auto node = map.get("quorum")) {
    rules.quorum = static_cast<std::uint16_t>(read_integer(*node, "quorum", 1, 65'535, problems).value_or(0));
  }
  return rules;
}

std::optional<double> read_objective(const YAML::Node& node, Problems& problems) {
  const auto text = read_text(node, "objective", problems);
  if (!text) return std::nullopt;
  auto objective = parse_objective(*text);
  if (!objective) {
    problems.add(node, fmt::format("objective `{}` must lie between 0 and 1, like 99.9% or 0.999", printable(*text)));
  }
  return objective;
}

void read_tags(const YAML::Node& node, std::map<std::string, std::string>& tags, Problems& problems) {
  if (!node.IsMap()) {
    problems.add(node, "tags must be a mapping like {team: web}");
    return;
  }
  for (const auto& item : node) {
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
  const MapReader map(node, "retention", kRetentionKeys, problems);
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
  constexpr milliseconds kMost = std::chrono::days{36'525};
  const auto span = read_duration(node, what, std::chrono::days{1}, kMost, problems);
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
  if (const auto list = map.get("maintenance")) server.maintenance = read_maintenance(*list, problems);
  if (const auto objective = map.get("objective")) server.objective = read_objective(*objective, problems);
  if (const auto retention = map.get("retention")) read_retention(*retention, server.retention, problems);

  if (const auto push = map.get("push")) config.push = read_push(*push, problems);
  if (const auto alerts = map.get("alerts")) config.alerts = read_texts(*alerts, "alerts", problems);
  if (!map.get("url") && config.push) {
    server.url = config.check.url = "push:";
  } else if (!map.get("url")) {
    if (node.IsMap()) problems.add(node, fmt::format("server `{}` needs a `url`", printable(server.name)));
  } else if (auto check = CheckReader(problems).read(map)) {
    if (!map.get("timeout")) {
      // The usual ten seconds, or less where the interval is that short.
      check->timeouts.total = std::min(kUsualTimeout, rules.interval * 4 / 5);
    }
    if (auto valid = validate(*check, rules.interval); !valid) {
      problems.add(place_of(map, valid.error().message), printable(valid.error().message));
    }
    if (config.push && check_kind(check->url) != CheckKind::push) {
      problems.add(*map.get("push"), "push goes with a url of kind push:, or without a url");
    }
    rules.timeout = check->timeouts.total;
    server.url = check->url;
    config.check = std::move(*check);
  }
  server.rules = {rules};
  if (server.name.empty()) return std::nullopt;
  return config;
}

}  // namespace nines::tools
