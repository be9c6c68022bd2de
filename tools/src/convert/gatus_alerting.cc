#include "convert/gatus_alerting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/ascii_case.h"
#include "convert/alert_draft.h"
#include "convert/yaml_value.h"
#include "show/text.h"

namespace nines::tools {
namespace {

/// Whether a provider of alerts tells that an outage is over, where an endpoint does not say.
bool tells_resolved(const YAML::Node& provider) {
  const YAML::Node resolved = value_of(value_of(provider, "default-alert"), "send-on-resolved");
  return resolved.IsDefined() && is_true(resolved);
}

/// The name of the alert for those endpoints that want to hear of an end, or not to, unlike its provider says.
std::string contrary_name(std::string_view provider, bool provider_tells) {
  return fmt::format("{} {} end", provider, provider_tells ? "without" : "with");
}

/// The names that a body of Gatus' own alerts has for facts, as ours.
std::string with_our_fields(std::string body, const YAML::Node& placeholders) {
  const auto event = [&](const char* key, const char* usual) {
    const std::string given = text_of(value_of(placeholders, "ALERT_TRIGGERED_OR_RESOLVED"), key);
    return given.empty() ? std::string(usual) : given;
  };
  const std::string word = fmt::format("{{{{#event=resolved}}}}{}{{{{/event}}}}{{{{^event=resolved}}}}{}{{{{/event}}}}",
                                       event("RESOLVED", "RESOLVED"), event("TRIGGERED", "TRIGGERED"));
  const std::array<std::pair<std::string_view, std::string>, 6> fields{{{"[ENDPOINT_NAME]", "{{server}}"},
                                                                        {"[ENDPOINT_GROUP]", "{{group}}"},
                                                                        {"[ENDPOINT_URL]", "{{url}}"},
                                                                        {"[ALERT_DESCRIPTION]", "{{title}}"},
                                                                        {"[RESULT_ERRORS]", "{{detail}}"},
                                                                        {"[ALERT_TRIGGERED_OR_RESOLVED]", word}}};
  for (const auto& [theirs, ours] : fields) {
    for (auto at = body.find(theirs); at != std::string::npos; at = body.find(theirs, at + ours.size())) {
      body.replace(at, theirs.size(), ours);
    }
  }
  return body;
}

/// A request that the user has described.
std::string custom_channel(const YAML::Node& provider, std::vector<std::pair<std::string, std::string>>& keys) {
  const YAML::Node headers = value_of(provider, "headers");
  std::string map;
  for (const std::string& name : keys_of(headers)) {
    const std::string value = text_of(headers, name);
    if (engine::equal_ignoring_case(name, "content-type")) {
      keys.emplace_back("content-type", yaml_with_variables(value));
    } else {
      map += fmt::format("{}{}: {}", map.empty() ? "" : ", ", yaml_text(name), yaml_secret(value));
    }
  }
  if (!map.empty()) keys.emplace_back("headers", "{" + map + "}");
  if (const std::string body = text_of(provider, "body"); !body.empty()) {
    keys.emplace_back("body-template", yaml_with_variables(with_our_fields(body, value_of(provider, "placeholders"))));
    const bool typed = std::any_of(keys.begin(), keys.end(), [](const auto& k) { return k.first == "content-type"; });
    if (!typed) keys.emplace_back("content-type", "text/plain");
  }
  return "webhook: " + yaml_secret(text_of(provider, "url"));
}

}  // namespace

void read_gatus_alerting(const YAML::Node& alerting, const std::string& maintenance, Draft& draft) {
  for (const std::string& name : keys_of(alerting)) {
    const YAML::Node provider = value_of(alerting, name);
    DraftAlert alert;
    alert.name = name;
    if (name == "custom") {
      const std::string method = text_of(provider, "method");
      if (method != "POST") {
        draft.notes.push_back(
            fmt::format("no equal: alerts by {} {}; ours are by POST", name, method.empty() ? "GET" : method));
        continue;
      }
      alert.channel = custom_channel(provider, alert.keys);
    } else {
      const auto channel = gatus_channel(
          name, [&provider](std::string_view setting) { return yaml_secret(text_of(provider, std::string(setting))); });
      if (!channel) {
        draft.notes.push_back(fmt::format("no equal: alerts by {}; `nines config keys` has the channels", name));
        continue;
      }
      alert.channel = *channel;
    }
    if (value_of(provider, "overrides").IsDefined()) {
      draft.notes.push_back(
          fmt::format("no equal: overrides of {} for single groups; make an alert with `groups`", name));
    }
    if (!maintenance.empty()) alert.keys.emplace_back("quiet", fmt::format("[{}]", maintenance));
    // An endpoint may want to hear of an end, or not to, where the others do not: that is another alert here.
    DraftAlert other = alert;
    other.name = contrary_name(name, tells_resolved(provider));
    (tells_resolved(provider) ? other : alert).keys.emplace_back("send-resolved", "false");
    draft.alerts.push_back(std::move(alert));
    draft.alerts.push_back(std::move(other));
  }
  if (!maintenance.empty() && draft.alerts.empty()) {
    draft.notes.push_back("left out: maintenance, which keeps alerts quiet; there are none");
  }
}

void settle_ends(Draft& draft) {
  const auto is_heard = [&draft](const std::string& name) {
    return std::any_of(draft.servers.begin(), draft.servers.end(), [&name](const DraftServer& server) {
      return server.alerts && std::count(server.alerts->begin(), server.alerts->end(), name) > 0;
    });
  };
  std::vector<DraftAlert> kept;
  for (DraftAlert& alert : draft.alerts) {
    const bool contrary = !kept.empty() && (alert.name == contrary_name(kept.back().name, true) ||
                                            alert.name == contrary_name(kept.back().name, false));
    if (!contrary) {
      kept.push_back(std::move(alert));
    } else if (is_heard(alert.name)) {
      if (is_heard(kept.back().name)) {
        kept.push_back(std::move(alert));
        continue;
      }
      // All endpoints say the same: theirs is the one.
      const std::string usual = kept.back().name;
      for (DraftServer& server : draft.servers) {
        if (server.alerts) std::replace(server.alerts->begin(), server.alerts->end(), alert.name, usual);
      }
      kept.back() = std::move(alert);
      kept.back().name = usual;
    }
  }
  draft.alerts = std::move(kept);
}

std::pair<std::string, std::string> gatus_thresholds(const YAML::Node& endpoint, const YAML::Node& alerting) {
  const YAML::Node alerts = value_of(endpoint, "alerts");
  // Without an alert nothing is confirmed: each failure counts.
  if (!alerts.IsDefined() || !alerts.IsSequence() || alerts.size() == 0) return {"1", "1"};
  const YAML::Node alert = alerts[0];
  const YAML::Node usual = value_of(value_of(alerting, text_of(alert, "type")), "default-alert");
  const auto of = [&](const char* key, const char* otherwise) {
    std::string text = text_of(alert, key);
    if (text.empty()) text = text_of(usual, key);
    const bool whole =
        !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    return whole ? text : std::string(otherwise);
  };
  return {of("failure-threshold", "3"), of("success-threshold", "2")};
}

std::optional<std::vector<std::string>> gatus_alerts_of(const YAML::Node& endpoint, const YAML::Node& alerting,
                                                        DraftServer& server) {
  if (keys_of(alerting).empty()) return std::nullopt;
  std::vector<std::string> names;
  const YAML::Node alerts = value_of(endpoint, "alerts");
  for (const auto& alert : alerts.IsDefined() && alerts.IsSequence() ? alerts : YAML::Node(YAML::NodeType::Sequence)) {
    const YAML::Node enabled = value_of(alert, "enabled");
    if (enabled.IsDefined() && !is_true(enabled)) continue;
    const std::string type = text_of(alert, "type");
    const YAML::Node resolved = value_of(alert, "send-on-resolved");
    const bool usual = tells_resolved(value_of(alerting, type));
    const bool contrary = resolved.IsDefined() && is_true(resolved) != usual;
    names.push_back(contrary ? contrary_name(type, usual) : type);
    if (value_of(alert, "provider-override").IsDefined()) {
      server.note(fmt::format("no equal: provider-override of the alert {}", printable(type)));
    }
  }
  return names;
}

}  // namespace nines::tools
