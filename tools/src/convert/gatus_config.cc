#include "convert/gatus_config.h"

#include <fmt/format.h>
#include <nines/calendar.h>

#include <algorithm>

#include "base/ascii_case.h"
#include "convert/gatus_alerting.h"
#include "convert/gatus_conditions.h"
#include "convert/yaml_value.h"
#include "show/output.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kUsualInterval{60'000};
constexpr milliseconds kUsualTimeout{10'000};

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
  for (const std::string& day : texts_of(value_of(node, "every"))) days.push_back(yaml_text(engine::to_lower(day)));
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
  // Without a login it asks an SSH server for its identification alone, as the check here does.
  const bool runs_command = !text_of(value_of(endpoint, "ssh"), "username").empty();
  for (const std::string_view scheme : {"grpc", "grpcs", "ssh", "udp", "sctp"}) {
    if (url.starts_with(std::string(scheme) + "://") && (scheme != "ssh" || runs_command)) {
      server.note(fmt::format("no equal: a check over {}", scheme));
      server.disabled = true;
    }
  }
  return url;
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
  const auto [failures, successes] = gatus_thresholds(endpoint, alerting);
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
  server.alerts = gatus_alerts_of(endpoint, alerting, server);
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
  read_gatus_conditions(texts_of(value_of(endpoint, "conditions")), {.dns = dns, .http = http}, server);
  return server;
}

DraftServer read_external(const YAML::Node& endpoint, const YAML::Node& alerting) {
  DraftServer server;
  server.alerts = gatus_alerts_of(endpoint, alerting, server);
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
  read_gatus_alerting(alerting, maintenance_of(value_of(root, "maintenance")), draft);
  if (const YAML::Node endpoints = value_of(root, "endpoints"); endpoints.IsDefined() && endpoints.IsSequence()) {
    for (const auto& endpoint : endpoints) draft.servers.push_back(read_endpoint(endpoint, alerting));
  }
  if (const YAML::Node external = value_of(root, "external-endpoints"); external.IsDefined() && external.IsSequence()) {
    for (const auto& endpoint : external) draft.servers.push_back(read_external(endpoint, alerting));
  }
  settle_ends(draft);
  if (const YAML::Node suites = value_of(root, "suites");
      suites.IsDefined() && suites.IsSequence() && suites.size() > 0) {
    draft.notes.push_back(
        fmt::format("no equal: {} suites, of which one step needs what another answered", suites.size()));
  }
  if (const std::string target = text_of(value_of(value_of(root, "connectivity"), "checker"), "target");
      !target.empty()) {
    draft.references.push_back(yaml_with_variables("tcp://" + target));
  }
  for (const char* const key : {"remote", "security", "ui", "announcements", "tunneling"}) {
    if (value_of(root, key).IsDefined()) draft.notes.push_back(fmt::format("no equal: {}", key));
  }
  return draft;
}

}  // namespace nines::tools
