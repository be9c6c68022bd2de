#include "convert/gatus_config.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "convert/alert_draft.h"
#include "convert/yaml_value.h"
#include "show/output.h"
#include "show/text.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUsualInterval{60'000};
constexpr milliseconds kUsualTimeout{10'000};

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t") - begin + 1));
}

struct Condition {
  std::string left;
  std::string op;
  std::string right;
};

std::optional<Condition> split_condition(const std::string& text) {
  for (const std::string_view op : {" == ", " != ", " <= ", " >= ", " < ", " > "}) {
    const auto at = text.find(op);
    if (at == std::string::npos) continue;
    return Condition{trimmed(std::string_view(text).substr(0, at)), trimmed(op),
                     trimmed(std::string_view(text).substr(at + op.size()))};
  }
  return std::nullopt;
}

/// What stands in "name(…)"; nothing when `text` is not of that form.
std::optional<std::string> argument_of(std::string_view text, std::string_view name) {
  if (!text.starts_with(name) || text.size() <= name.size() + 1 || text[name.size()] != '(' || !text.ends_with(')')) {
    return std::nullopt;
  }
  return std::string(text.substr(name.size() + 1, text.size() - name.size() - 2));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (true) {
    const auto comma = text.find(',');
    items.push_back(trimmed(text.substr(0, comma)));
    if (comma == std::string_view::npos) return items;
    text.remove_prefix(comma + 1);
  }
}

/// A pattern in which * is any text as a regular expression over the whole.
std::string pattern_expression(std::string_view pattern) {
  std::string expression = "(?s)^";
  for (const char c : pattern) {
    if (c == '*') {
      expression += ".*";
    } else {
      if (std::string_view(R"(\.+?()|[]{}^$)").find(c) != std::string_view::npos) expression += '\\';
      expression += c;
    }
  }
  return expression + "$";
}

/// The text of "*text*"; nothing when there are other stars.
std::optional<std::string> contained_text(std::string_view pattern) {
  if (pattern.size() < 3 || !pattern.starts_with('*') || !pattern.ends_with('*')) return std::nullopt;
  pattern.remove_prefix(1);
  pattern.remove_suffix(1);
  if (pattern.find('*') != std::string_view::npos) return std::nullopt;
  return std::string(pattern);
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// The conditions of one endpoint, put together.
class Conditions {
 public:
  Conditions(DraftServer& server, bool dns, bool http) : server_(server), dns_(dns), http_(http) {}

  void add(const std::string& text) {
    const auto condition = split_condition(text);
    if (condition && take(*condition)) return;
    server_.note("no equal: the condition " + text);
    // Without it the check would ask for the contrary.
    if (dns_ && text.starts_with("len([BODY])")) server_.disabled = true;
  }

  void finish() {
    if (status_seen_ && http_) write_status();
    // What is not asked of a status there is asked of it here: 200-299.
    if (!status_seen_ && http_) server_.expect("status", fmt::format("[\"{}-{}\"]", kFirstCode, kLastCode));
    if (!contains_.empty()) server_.expect(dns_ ? "dns-contains" : "body-contains", yaml_list(contains_));
    if (!not_contains_.empty()) server_.expect("body-not-contains", yaml_list(not_contains_));
    if (!matches_.empty()) server_.expect("body-matches", yaml_list(matches_));
    if (!answers_.empty()) server_.expect("dns-answers", yaml_list(answers_));
    if (latency_ms_) server_.expect("latency-below", fmt::format("{}ms", *latency_ms_));
    if (certificate_days_) server_.expect("certificate-days", std::to_string(*certificate_days_));
    if (latency_ms_ || certificate_days_) server_.expect("strict", "true");
  }

 private:
  bool take(const Condition& condition) {
    if (condition.left == "[STATUS]") return take_status(condition);
    if (condition.left == "[RESPONSE_TIME]") return take_latency(condition);
    if (condition.left == "[CERTIFICATE_EXPIRATION]") return take_certificate(condition);
    if (condition.left == "[CONNECTED]") {
      if (condition.op != "==" || (condition.right != "true" && condition.right != "false")) return false;
      if (condition.right == "false") server_.set("upside-down", "true");
      return true;
    }
    if (condition.left == "[DNS_RCODE]") {
      if (condition.op != "==") return false;
      if (condition.right != "NOERROR") server_.expect("dns-rcode", yaml_text(condition.right));
      return true;
    }
    if (condition.left == "[BODY]") return take_body(condition);
    return take_json(condition);
  }

  bool take_status(const Condition& condition) {
    std::set<int> codes;
    if (const auto any = argument_of(condition.right, "any"); any) {
      for (const std::string& item : split_list(*any)) {
        const auto code = whole_number(item);
        if (!code) return false;
        codes.insert(*code);
      }
      if (condition.op != "==") return false;
    } else {
      const auto limit = whole_number(condition.right);
      if (!limit) return false;
      for (int code = kFirstCode; code <= kLastCode; ++code) {
        const bool good = condition.op == "=="   ? code == *limit
                          : condition.op == "!=" ? code != *limit
                          : condition.op == "<"  ? code < *limit
                          : condition.op == "<=" ? code <= *limit
                          : condition.op == ">"  ? code > *limit
                                                 : code >= *limit;
        if (good) codes.insert(code);
      }
    }
    if (!status_seen_) {
      status_ = std::move(codes);
    } else {
      std::erase_if(status_, [&](int code) { return !codes.contains(code); });
    }
    status_seen_ = true;
    return true;
  }

  void write_status() {
    std::vector<std::string> ranges;
    for (auto at = status_.begin(); at != status_.end();) {
      const int first = *at;
      int last = first;
      while (++at != status_.end() && *at == last + 1) ++last;
      ranges.push_back(first == last ? std::to_string(first) : fmt::format("\"{}-{}\"", first, last));
    }
    if (ranges.empty()) {
      server_.note("no equal: conditions on the status that no code fulfils");
    } else {
      server_.expect("status", yaml_list(ranges));
    }
  }

  bool take_latency(const Condition& condition) {
    const auto limit = whole_number(condition.right);
    if (!limit || (condition.op != "<" && condition.op != "<=")) return false;
    const int below = condition.op == "<" ? *limit : *limit + 1;
    latency_ms_ = std::min(latency_ms_.value_or(below), below);
    return below > 0;
  }

  bool take_certificate(const Condition& condition) {
    const auto left = parse_duration(condition.right);
    if (!left || (condition.op != ">" && condition.op != ">=")) return false;
    const auto days = static_cast<int>(std::chrono::ceil<std::chrono::days>(*left).count());
    certificate_days_ = std::max({certificate_days_.value_or(0), days, 1});
    return true;
  }

  bool take_body(const Condition& condition) {
    const auto pattern = argument_of(condition.right, "pat");
    if (dns_) {
      if (condition.op != "==") return false;
      if (!pattern) {
        if (argument_of(condition.right, "any")) return false;
        answers_.push_back(yaml_text(condition.right));
        return true;
      }
      std::string text = *pattern;
      text.erase(std::remove(text.begin(), text.end(), '*'), text.end());
      const bool one_piece = std::count(pattern->begin() + 1, pattern->end() - 1, '*') == 0;
      if (text.empty() || !one_piece) return text.empty();
      contains_.push_back(yaml_text(text));
      return true;
    }
    if (condition.op == "==" && !argument_of(condition.right, "any")) {
      const auto inside = pattern ? contained_text(*pattern) : std::nullopt;
      if (inside) {
        contains_.push_back(yaml_with_variables(*inside));
      } else {
        matches_.push_back(yaml_text(pattern_expression(pattern.value_or(condition.right))));
      }
      return true;
    }
    if (condition.op == "!=" && pattern) {
      const auto inside = contained_text(*pattern);
      if (inside) not_contains_.push_back(yaml_with_variables(*inside));
      return inside.has_value();
    }
    return false;
  }

  bool take_json(const Condition& condition) {
    std::string_view left = condition.left;
    std::string wrap;
    for (const std::string_view function : {"len", "has"}) {
      if (const auto inside = argument_of(left, function)) {
        wrap = function;
        left = std::string_view(condition.left).substr(4, inside->size());
      }
    }
    constexpr std::string_view kBody = "[BODY]";
    if (dns_ || !left.starts_with(kBody)) return false;
    const std::string path = "$" + std::string(left.substr(kBody.size()));
    if (wrap == "has") {
      if (condition.op != "==" || condition.right != "true") return false;
      server_.add_json(fmt::format("has({})", path));
      return true;
    }
    if (condition.right.empty() || condition.right.front() == '[' || argument_of(condition.right, "any")) return false;
    const std::string subject = wrap.empty() ? path : fmt::format("{}({})", wrap, path);
    if (const auto pattern = argument_of(condition.right, "pat")) {
      const auto inside = contained_text(*pattern);
      if (!inside || condition.op != "==" || !wrap.empty()) return false;
      server_.add_json(fmt::format("{} contains {}", subject, dump(Json(*inside))));
      return true;
    }
    server_.add_json(fmt::format("{} {} {}", subject, condition.op, condition.right));
    return true;
  }

  static constexpr int kFirstCode = 100;
  static constexpr int kLastCode = 999;

  DraftServer& server_;
  bool dns_;
  bool http_;
  bool status_seen_ = false;
  std::set<int> status_;
  std::optional<int> latency_ms_;
  std::optional<int> certificate_days_;
  std::vector<std::string> contains_;
  std::vector<std::string> not_contains_;
  std::vector<std::string> matches_;
  std::vector<std::string> answers_;
};

milliseconds duration_of(const YAML::Node& node, milliseconds usual) {
  const auto parsed = parse_duration(text_of(node));
  return parsed && parsed->count() > 0 ? std::chrono::duration_cast<milliseconds>(*parsed) : usual;
}

/// `maintenance` of the file, or an entry of an endpoint's `maintenance-windows`, as an entry of ours; empty when it is
/// not one.
std::string maintenance_of(const YAML::Node& node) {
  const std::string start = text_of(node, "start");
  const auto length = parse_duration(text_of(node, "duration"));
  if (start.empty() || !length || (value_of(node, "enabled").IsDefined() && !is_true(value_of(node, "enabled"))))
    return {};
  std::vector<std::string> days;
  for (std::string day : texts_of(value_of(node, "every"))) {
    std::transform(day.begin(), day.end(), day.begin(), [](unsigned char c) { return std::tolower(c); });
    days.push_back(yaml_text(day));
  }
  const std::string zone = text_of(node, "timezone");
  return fmt::format("{{every: {}, from: {}, for: {}{}}}", days.empty() ? "day" : yaml_list(days), yaml_text(start),
                     format_duration(*length), zone.empty() ? "" : fmt::format(", timezone: {}", yaml_text(zone)));
}

void read_client(const YAML::Node& client, DraftServer& server) {
  for (const std::string& key : keys_of(client)) {
    const YAML::Node value = value_of(client, key);
    if (key == "insecure") {
      if (is_true(value)) server.set("verify-tls", "false");
    } else if (key == "ignore-redirect") {
      if (is_true(value)) server.set("follow-redirects", "false");
    } else if (key == "proxy-url") {
      server.set("proxy", yaml_with_variables(text_of(value)));
    } else if (key == "network") {
      const std::string network = text_of(value);
      if (network == "ip4" || network == "ip6") server.set("family", network.substr(2));
    } else if (key == "tls") {
      server.set("client-certificate", yaml_with_variables(text_of(value, "certificate-file")));
      server.set("client-key", yaml_with_variables(text_of(value, "private-key-file")));
    } else if (key != "timeout" && key != "<<") {
      server.note("no equal: client." + key);
    }
  }
}

/// The URL of ours; empty, with a note, when its kind has none.
std::string url_of(const YAML::Node& endpoint, DraftServer& server) {
  std::string url = text_of(endpoint, "url");
  if (const YAML::Node dns = value_of(endpoint, "dns"); dns.IsDefined()) {
    if (url.find("://") != std::string::npos) url.erase(0, url.find("://") + 3);
    return fmt::format("dns://{}/{}?type={}", url, text_of(dns, "query-name"), text_of(dns, "query-type"));
  }
  if (constexpr std::string_view kStartTls = "starttls://"; url.starts_with(kStartTls)) {
    server.set("starttls", "true");
    return "smtp://" + url.substr(kStartTls.size());
  }
  for (const std::string_view scheme : {"grpc", "grpcs", "ssh", "udp", "sctp"}) {
    if (url.starts_with(std::string(scheme) + "://")) {
      server.note(fmt::format("no equal: a check over {}", scheme));
      server.disabled = true;
    }
  }
  return url;
}

/// How many failures and successes in a row its alerts ask for: those of the first one.
std::pair<std::string, std::string> thresholds(const YAML::Node& endpoint, const YAML::Node& alerting) {
  const YAML::Node alerts = value_of(endpoint, "alerts");
  // Without an alert nothing is confirmed: each failure counts.
  if (!alerts.IsDefined() || !alerts.IsSequence() || alerts.size() == 0) return {"1", "1"};
  const YAML::Node alert = alerts[0];
  const YAML::Node usual = value_of(value_of(alerting, text_of(alert, "type")), "default-alert");
  const auto of = [&](const char* key, const char* otherwise) {
    std::string text = text_of(alert, key);
    if (text.empty()) text = text_of(usual, key);
    return whole_number(text) ? text : std::string(otherwise);
  };
  return {of("failure-threshold", "3"), of("success-threshold", "2")};
}

/// Whether a provider of alerts tells that an outage is over, where an endpoint does not say.
bool tells_resolved(const YAML::Node& provider) {
  const YAML::Node resolved = value_of(value_of(provider, "default-alert"), "send-on-resolved");
  return resolved.IsDefined() && is_true(resolved);
}

/// The alerts that hear of an endpoint; nothing where the file tells nobody of anything.
std::optional<std::vector<std::string>> alerts_of(const YAML::Node& endpoint, const YAML::Node& alerting,
                                                  DraftServer& server) {
  if (keys_of(alerting).empty()) return std::nullopt;
  std::vector<std::string> names;
  const YAML::Node alerts = value_of(endpoint, "alerts");
  for (const auto& alert : alerts.IsDefined() && alerts.IsSequence() ? alerts : YAML::Node(YAML::NodeType::Sequence)) {
    const YAML::Node enabled = value_of(alert, "enabled");
    if (enabled.IsDefined() && !is_true(enabled)) continue;
    const std::string type = text_of(alert, "type");
    names.push_back(type);
    const YAML::Node resolved = value_of(alert, "send-on-resolved");
    if (resolved.IsDefined() && is_true(resolved) != tells_resolved(value_of(alerting, type))) {
      server.note(
          fmt::format("no equal: send-on-resolved of one endpoint; alert `{}` says it for all", printable(type)));
    }
  }
  return names;
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
    if (name == "Content-Type" || name == "content-type") {
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

void read_alerting(const YAML::Node& alerting, const std::string& maintenance, Draft& draft) {
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
    if (!tells_resolved(provider)) alert.keys.emplace_back("send-resolved", "false");
    if (!maintenance.empty()) alert.keys.emplace_back("quiet", fmt::format("[{}]", maintenance));
    draft.alerts.push_back(std::move(alert));
  }
  if (!maintenance.empty() && draft.alerts.empty()) {
    draft.notes.push_back("left out: maintenance, which keeps alerts quiet; there are none");
  }
}

DraftServer read_endpoint(const YAML::Node& endpoint, const YAML::Node& alerting) {
  DraftServer server;
  server.name = text_of(endpoint, "name");
  server.group = text_of(endpoint, "group");
  server.key = server.group + "_" + server.name;
  if (const YAML::Node enabled = value_of(endpoint, "enabled"); enabled.IsDefined() && !is_true(enabled)) {
    server.set("enabled", "false");
  }
  const bool dns = value_of(endpoint, "dns").IsDefined();
  const std::string url = url_of(endpoint, server);
  server.set("url", yaml_with_variables(url));
  const milliseconds interval = duration_of(value_of(endpoint, "interval"), kUsualInterval);
  const YAML::Node client = value_of(endpoint, "client");
  milliseconds timeout = duration_of(value_of(client, "timeout"), kUsualTimeout);
  server.set("interval", format_duration(interval));
  if (timeout >= interval) {
    timeout = interval * 9 / 10;
    server.note("a check is given up before the next one here: the timeout is nine tenths of the interval");
  }
  if (timeout != kUsualTimeout) server.set("timeout", format_duration(timeout));
  const auto [failures, successes] = thresholds(endpoint, alerting);
  server.set("confirm", fmt::format("{{failures: {}, successes: {}}}", failures, successes));
  const bool http = url.starts_with("http");
  if (const std::string method = text_of(endpoint, "method"); http && !method.empty())
    server.set("method", yaml_text(method));
  std::vector<std::string> headers;
  const YAML::Node given = value_of(endpoint, "headers");
  for (const std::string& name : keys_of(given)) {
    headers.push_back(fmt::format("{}: {}", yaml_text(name), yaml_with_variables(text_of(given, name))));
  }
  std::string body = text_of(endpoint, "body");
  if (is_true(value_of(endpoint, "graphql"))) {
    body = dump(Json{{"query", body}});
    headers.emplace_back("\"Content-Type\": \"application/json\"");
  }
  if (!headers.empty()) {
    std::string map;
    for (const std::string& header : headers) map += (map.empty() ? "" : ", ") + header;
    server.set("headers", "{" + map + "}");
  }
  if (http && !body.empty()) server.set("body", yaml_with_variables(body));
  if (!http && !body.empty() && url.starts_with("tcp")) server.set("send", yaml_with_variables(body));
  if (url.starts_with("ws") && !body.empty()) server.note("no equal: a message over a websocket");
  read_client(client, server);
  server.alerts = alerts_of(endpoint, alerting, server);
  std::vector<std::string> windows;
  if (const YAML::Node own = value_of(endpoint, "maintenance-windows"); own.IsDefined() && own.IsSequence()) {
    for (const auto& window : own) {
      if (std::string text = maintenance_of(window); !text.empty()) windows.push_back(std::move(text));
    }
  }
  if (!windows.empty()) {
    server.set("maintenance", yaml_list(windows));
    server.note("means more: maintenance does not count here, where it only kept alerts quiet");
  }
  std::vector<std::string> tags;
  const YAML::Node labels = value_of(endpoint, "extra-labels");
  for (const std::string& name : keys_of(labels)) {
    tags.push_back(fmt::format("{}: {}", yaml_text(name), yaml_with_variables(text_of(labels, name))));
  }
  if (!tags.empty()) {
    std::string map;
    for (const std::string& tag : tags) map += (map.empty() ? "" : ", ") + tag;
    server.set("tags", "{" + map + "}");
  }
  Conditions conditions(server, dns, http);
  for (const std::string& condition : texts_of(value_of(endpoint, "conditions"))) conditions.add(condition);
  conditions.finish();
  return server;
}

DraftServer read_external(const YAML::Node& endpoint, const YAML::Node& alerting) {
  DraftServer server;
  server.alerts = alerts_of(endpoint, alerting, server);
  server.name = text_of(endpoint, "name");
  server.group = text_of(endpoint, "group");
  server.key = server.group + "_" + server.name;
  server.set("push", fmt::format("{{token: {}}}", yaml_with_variables(text_of(endpoint, "token"))));
  const YAML::Node heartbeat = value_of(value_of(endpoint, "heartbeat"), "interval");
  server.set("interval", format_duration(duration_of(heartbeat, std::chrono::days{1})));
  if (!heartbeat.IsDefined()) server.note("means more: here a job must report, at least once an interval");
  return server;
}

}  // namespace

Draft read_gatus_config(const YAML::Node& root) {
  Draft draft;
  draft.source = "a configuration of Gatus";
  const YAML::Node alerting = value_of(root, "alerting");
  read_alerting(alerting, maintenance_of(value_of(root, "maintenance")), draft);
  if (const YAML::Node endpoints = value_of(root, "endpoints"); endpoints.IsDefined() && endpoints.IsSequence()) {
    for (const auto& endpoint : endpoints) draft.servers.push_back(read_endpoint(endpoint, alerting));
  }
  if (const YAML::Node external = value_of(root, "external-endpoints"); external.IsDefined() && external.IsSequence()) {
    for (const auto& endpoint : external) draft.servers.push_back(read_external(endpoint, alerting));
  }
  if (const YAML::Node suites = value_of(root, "suites");
      suites.IsDefined() && suites.IsSequence() && suites.size() > 0) {
    draft.notes.push_back(
        fmt::format("no equal: {} suites, of which one step needs what another answered", suites.size()));
  }
  for (const char* const key : {"connectivity", "remote", "security", "ui", "announcements", "tunneling"}) {
    if (value_of(root, key).IsDefined()) draft.notes.push_back(fmt::format("no equal: {}", key));
  }
  return draft;
}

}  // namespace nines::tools
