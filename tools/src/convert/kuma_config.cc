#include "convert/kuma_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "convert/alert_draft.h"
#include "peers/history_writer.h"
#include "peers/kuma_history.h"
#include "peers/kuma_maintenance.h"
#include "peers/kuma_monitors.h"
#include "show/text.h"

namespace nines::tools {
namespace {

/// A column of the store, and the name that a backup has for it.
struct Name {
  std::string_view column;
  std::string_view backup;
  bool numeric;
};

constexpr std::array kNames{
    Name{"id", "id", true},
    Name{"name", "name", false},
    Name{"type", "type", false},
    Name{"parent", "parent", true},
    Name{"active", "active", true},
    Name{"url", "url", false},
    Name{"method", "method", false},
    Name{"headers", "headers", false},
    Name{"body", "body", false},
    Name{"http_body_encoding", "httpBodyEncoding", false},
    Name{"hostname", "hostname", false},
    Name{"port", "port", true},
    Name{"interval", "interval", true},
    Name{"timeout", "timeout", true},
    Name{"maxretries", "maxretries", true},
    Name{"maxredirects", "maxredirects", true},
    Name{"accepted_statuscodes_json", "accepted_statuscodes", false},
    Name{"ignore_tls", "ignoreTls", true},
    Name{"upside_down", "upsideDown", true},
    Name{"keyword", "keyword", false},
    Name{"invert_keyword", "invertKeyword", true},
    Name{"json_path", "jsonPath", false},
    Name{"json_path_operator", "jsonPathOperator", false},
    Name{"expected_value", "expectedValue", false},
    Name{"auth_method", "authMethod", false},
    Name{"basic_auth_user", "basic_auth_user", false},
    Name{"basic_auth_pass", "basic_auth_pass", false},
    Name{"bearer_token", "bearerToken", false},
    Name{"dns_resolve_type", "dns_resolve_type", false},
    Name{"dns_resolve_server", "dns_resolve_server", false},
    Name{"conditions", "conditions", false},
    Name{"push_token", "pushToken", false},
    Name{"expiry_notification", "expiryNotification", true},
    Name{"resend_interval", "resendInterval", true},
    Name{"proxy_id", "proxyId", true},
};

std::string text(const Json& monitor, std::string_view key) {
  const auto found = monitor.find(key);
  if (found == monitor.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : dump(*found);
}

double number(const Json& monitor, std::string_view key) {
  const auto found = monitor.find(key);
  if (found == monitor.end()) return 0;
  if (found->is_boolean()) return found->get<bool>() ? 1 : 0;
  return found->is_number() ? found->get<double>() : 0;
}

bool is_set(const Json& monitor, std::string_view key) {
  return number(monitor, key) != 0;
}

/// A value that may be JSON itself, or JSON in a text.
Json inner(const Json& monitor, std::string_view key) {
  const auto found = monitor.find(key);
  if (found == monitor.end()) return {};
  if (!found->is_string()) return *found;
  Json parsed = Json::parse(found->get<std::string>(), nullptr, false);
  return parsed.is_discarded() ? Json() : parsed;
}

void read_status(const Json& monitor, DraftServer& server) {
  const Json codes = inner(monitor, "accepted_statuscodes");
  std::vector<std::string> ranges;
  if (codes.is_array()) {
    for (const Json& code : codes) {
      if (code.is_string()) ranges.push_back(yaml_text(code.get<std::string>()));
    }
  }
  const bool usual = ranges.size() == 1 && ranges[0] == "\"200-299\"";
  if (!ranges.empty() && !usual) server.expect("status", yaml_list(ranges));
}

void read_login(const Json& monitor, DraftServer& server) {
  const std::string method = text(monitor, "authMethod");
  const std::string user = text(monitor, "basic_auth_user");
  if (method == "basic" || (method.empty() && !user.empty())) {
    server.set("username", yaml_text(user));
    server.set("password", yaml_text(text(monitor, "basic_auth_pass")));
  } else if (method == "bearer") {
    server.set("bearer-token", yaml_text(text(monitor, "bearerToken")));
  } else if (!method.empty() && method != "null") {
    server.note("no equal: authentication by " + method);
  }
}

void read_json_query(const Json& monitor, DraftServer& server) {
  std::string path = text(monitor, "jsonPath");
  const bool simple = path.find_first_of("()&|?:;{}*~^%@ ") == std::string::npos;
  std::string op = text(monitor, "jsonPathOperator");
  if (op.empty()) op = "==";
  if (!simple || path.empty()) {
    server.note("no equal: the JSONata expression " + path);
    return;
  }
  if (!path.starts_with('$')) path = "$." + path;
  server.add_json(fmt::format("{} {} {}", path, op, text(monitor, "expectedValue")));
}

void read_http(const Json& monitor, const std::string& type, DraftServer& server) {
  server.set("url", yaml_text(text(monitor, "url")));
  if (const std::string method = text(monitor, "method"); !method.empty() && method != "GET") {
    server.set("method", yaml_text(method));
  }
  std::string headers;
  const auto add_header = [&](const std::string& name, const std::string& value) {
    headers += fmt::format("{}{}: {}", headers.empty() ? "" : ", ", yaml_text(name), yaml_text(value));
  };
  const Json given = inner(monitor, "headers");
  if (given.is_object()) {
    for (const auto& [name, value] : given.items())
      add_header(name, value.is_string() ? value.get<std::string>() : dump(value));
  }
  if (const std::string body = text(monitor, "body"); !body.empty()) {
    server.set("body", yaml_text(body));
    const bool typed = given.is_object() && (given.contains("Content-Type") || given.contains("content-type"));
    if (!typed && text(monitor, "httpBodyEncoding") != "xml") add_header("Content-Type", "application/json");
  }
  if (!headers.empty()) server.set("headers", "{" + headers + "}");
  read_login(monitor, server);
  const double redirects = monitor.contains("maxredirects") ? number(monitor, "maxredirects") : 10;
  if (redirects == 0) server.set("follow-redirects", "false");
  if (redirects > 0 && redirects < 10) server.set("max-redirects", std::to_string(static_cast<int>(redirects)));
  if (is_set(monitor, "ignoreTls")) server.set("verify-tls", "false");
  if (is_set(monitor, "proxyId")) server.note("no equal: its proxy is kept apart; `proxy` has a URL");
  read_status(monitor, server);
  if (is_set(monitor, "expiryNotification")) server.expect("certificate-days", "14");
  if (type == "keyword") {
    server.expect(is_set(monitor, "invertKeyword") ? "body-not-contains" : "body-contains",
                  yaml_list({yaml_text(text(monitor, "keyword"))}));
  }
  if (type == "json-query") read_json_query(monitor, server);
}

void read_target(const Json& monitor, const std::string& type, DraftServer& server) {
  const std::string host = text(monitor, "hostname");
  if (type == "http" || type == "keyword" || type == "json-query") return read_http(monitor, type, server);
  if (type == "websocket-upgrade") {
    server.set("url", yaml_text(text(monitor, "url")));
  } else if (type == "push") {
    server.set("push", fmt::format("{{token: {}}}", yaml_text(text(monitor, "pushToken"))));
  } else if (type == "dns") {
    const int port = static_cast<int>(number(monitor, "port"));
    const std::string resolver = text(monitor, "dns_resolve_server");
    if (resolver.find(',') != std::string::npos) server.note("no equal: several DNS servers; the first is asked");
    const std::string first = resolver.substr(0, resolver.find(','));
    server.set("url", yaml_text(fmt::format("dns://{}{}/{}?type={}", first,
                                            port > 0 && port != 53 ? fmt::format(":{}", port) : "", host,
                                            text(monitor, "dns_resolve_type"))));
    const Json conditions = inner(monitor, "conditions");
    if (conditions.is_array() && !conditions.empty()) server.note("no equal: conditions on the answer");
  } else if (const std::string url =
                 kuma_url(type, text(monitor, "url"), host, static_cast<int>(number(monitor, "port")));
             !url.empty()) {
    server.set("url", yaml_text(url));
  } else {
    server.note("no equal: a check of the kind " + type);
    server.disabled = true;
  }
}

DraftServer read_monitor(const Json& monitor, const std::map<std::int64_t, std::string>& groups) {
  DraftServer server;
  const std::string type = text(monitor, "type");
  server.name = text(monitor, "name");
  server.key = text(monitor, "id");
  if (const auto parent = groups.find(static_cast<std::int64_t>(number(monitor, "parent"))); parent != groups.end()) {
    server.group = parent->second;
  }
  read_target(monitor, type, server);
  if (monitor.contains("active") && !is_set(monitor, "active")) {
    server.set("enabled", "false");
  }
  const int interval = std::max(1, static_cast<int>(number(monitor, "interval")));
  server.set("interval", fmt::format("{}s", interval));
  if (type != "push") {
    double timeout_s = number(monitor, "timeout");
    if (timeout_s <= 0) timeout_s = interval * 0.8;
    if (timeout_s >= interval) timeout_s = interval * 0.9;
    server.set("timeout", fmt::format("{}ms", static_cast<int>(timeout_s * 1000)));
  }
  server.set("confirm",
             fmt::format("{{failures: {}, successes: 1}}", static_cast<int>(number(monitor, "maxretries")) + 1));
  if (is_set(monitor, "upsideDown") && type != "push") server.set("upside-down", "true");
  if (is_set(monitor, "resendInterval")) server.note("no equal here: reminders are `remind-every` of an alert");
  std::map<std::string, std::string> tags;
  if (const Json& list = monitor.value("tags", Json::array()); list.is_array()) {
    for (const Json& tag : list) {
      std::string& value = tags[text(tag, "name")];
      value += (value.empty() ? "" : ", ") + text(tag, "value");
    }
  }
  std::string map;
  for (const auto& [name, value] : tags)
    map += fmt::format("{}{}: {}", map.empty() ? "" : ", ", yaml_text(name), yaml_text(value));
  if (!map.empty()) server.set("tags", "{" + map + "}");
  return server;
}

/// The path of each group by its id.
std::map<std::int64_t, std::string> group_paths(const Json& monitors) {
  std::map<std::int64_t, std::pair<std::string, std::int64_t>> groups;
  for (const Json& monitor : monitors) {
    if (monitor.is_object() && text(monitor, "type") == "group") {
      groups[static_cast<std::int64_t>(number(monitor, "id"))] = {text(monitor, "name"),
                                                                  static_cast<std::int64_t>(number(monitor, "parent"))};
    }
  }
  std::map<std::int64_t, std::string> paths;
  for (const auto& [id, group] : groups) {
    std::string path = group.first;
    auto above = groups.find(group.second);
    for (std::size_t step = 0; above != groups.end() && step < groups.size(); ++step) {
      path = above->second.first + "/" + path;
      above = groups.find(above->second.second);
    }
    paths[id] = path;
  }
  return paths;
}

Draft read_monitors(const Json& monitors, const Json& notifications) {
  Draft draft;
  draft.source = "monitors of Uptime Kuma";
  const auto groups = group_paths(monitors);
  for (const Json& monitor : monitors) {
    if (monitor.is_object() && text(monitor, "type") != "group") draft.servers.push_back(read_monitor(monitor, groups));
  }
  if (!notifications.is_array()) return draft;
  std::map<std::int64_t, std::string> names;  // by the notification's number
  for (const Json& notification : notifications) {
    if (!notification.is_object()) continue;
    const Json config = inner(notification, "config");
    const std::string type = config.is_object() ? text(config, "type") : "?";
    const auto channel = kuma_channel(type, [&config](std::string_view setting) {
      const auto found = config.find(setting);
      if (found == config.end() || found->is_null() || *found == "") return std::string();
      return found->is_string() ? yaml_text(found->get<std::string>()) : dump(*found);
    });
    if (!channel) {
      draft.notes.push_back(fmt::format("no equal: the notification {} by {}; `nines config keys` has the channels",
                                        text(notification, "name"), type));
      continue;
    }
    DraftAlert alert;
    alert.name = clean_text(text(notification, "name"), 200, true);
    const bool taken = std::any_of(draft.alerts.begin(), draft.alerts.end(),
                                   [&](const DraftAlert& other) { return other.name == alert.name; });
    if (taken || alert.name.empty()) alert.name += fmt::format(" {}", text(notification, "id"));
    alert.channel = *channel;
    alert.keys.emplace_back("on", "[down, certificate]");
    names[static_cast<std::int64_t>(number(notification, "id"))] = alert.name;
    draft.alerts.push_back(std::move(alert));
  }
  for (DraftServer& server : draft.servers) {
    if (draft.alerts.empty()) break;
    server.alerts.emplace();
    for (const Json& monitor : monitors) {
      if (!monitor.is_object() || text(monitor, "id") != server.key) continue;
      const Json ids = monitor.value("notificationIDList", Json::object());
      for (const auto& [id, name] : names) {
        if (ids.is_object() && ids.contains(std::to_string(id))) server.alerts->push_back(name);
      }
    }
  }
  return draft;
}

/// An entry of `maintenance` in YAML.
std::string window_text(const Maintenance& window) {
  const std::string note = window.note.empty() ? "" : ", note: " + yaml_text(window.note);
  if (window.repeat == Maintenance::Repeat::once) {
    return fmt::format("{{from: {}, to: {}{}}}", format_time(window.once.from), format_time(window.once.to), note);
  }
  constexpr std::array<std::string_view, 7> kDays{"sunday",   "monday", "tuesday", "wednesday",
                                                  "thursday", "friday", "saturday"};
  std::string every = window.repeat == Maintenance::Repeat::daily ? "day" : "month";
  if (window.repeat == Maintenance::Repeat::weekly) {
    std::vector<std::string> days;
    for (std::size_t day = 0; day < kDays.size(); ++day) {
      if ((window.weekdays >> day & 1U) != 0) days.emplace_back(kDays.at(day));
    }
    every = yaml_list(days);
  }
  return fmt::format("{{every: {}{}, from: \"{:02}:{:02}\", for: {}, timezone: {}{}}}", every,
                     window.repeat == Maintenance::Repeat::monthly ? fmt::format(", day: {}", window.day_of_month) : "",
                     window.start.count() / 60, window.start.count() % 60, format_duration(window.length),
                     yaml_text(window.timezone), note);
}

using Monitors = std::map<std::int64_t, Json>;  // by their number, as a backup has them

Result<Monitors> read_monitor_rows(const SqliteFile& database) {
  const auto columns = database.columns("monitor");
  if (!columns) return tl::unexpected(columns.error());
  std::string list;
  for (const Name& name : kNames) {
    list += fmt::format("{}{}", list.empty() ? "" : ", ",
                        columns->contains(std::string(name.column)) ? name.column : "NULL");
  }
  Monitors monitors;
  auto read = for_rows(database, fmt::format("SELECT {} FROM monitor ORDER BY id", list), [&](const SqliteRows& row) {
    Json monitor = Json::object();
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      const int column = static_cast<int>(i);
      if (row.is_null(column)) continue;
      const std::string_view value = row.text(column);
      monitor[std::string(kNames.at(i).backup)] =
          kNames.at(i).numeric ? Json(row.number(column)) : Json(valid_utf8(value));
    }
    monitor["id"] = row.integer(0);
    monitors[row.integer(0)] = std::move(monitor);
  });
  if (!read) return tl::unexpected(read.error());
  return monitors;
}

// Tags, and who is told.
Result<void> read_what_monitors_have(const SqliteFile& database, Monitors& monitors) {
  if (const auto tags = database.columns("monitor_tag"); tags && !tags->empty()) {
    auto read = for_rows(
        database,
        "SELECT mt.monitor_id, t.name, mt.value FROM monitor_tag mt JOIN tag t ON t.id = mt.tag_id ORDER BY mt.id",
        [&](const SqliteRows& row) {
          const auto monitor = monitors.find(row.integer(0));
          if (monitor == monitors.end()) return;
          monitor->second["tags"].push_back(
              Json{{"name", valid_utf8(row.text(1))}, {"value", valid_utf8(row.text(2))}});
        });
    if (!read) return tl::unexpected(read.error());
  }
  const auto heard = database.columns("monitor_notification");
  if (!heard || heard->empty()) return {};
  return for_rows(database, "SELECT monitor_id, notification_id FROM monitor_notification", [&](const SqliteRows& row) {
    const auto monitor = monitors.find(row.integer(0));
    if (monitor == monitors.end()) return;
    monitor->second["notificationIDList"][std::to_string(row.integer(1))] = true;
  });
}

Result<Json> read_notifications(const SqliteFile& database) {
  Json notifications = Json::array();
  const auto there = database.columns("notification");
  if (!there || !there->contains("config")) return notifications;
  auto read = for_rows(database, "SELECT id, name, config FROM notification ORDER BY id", [&](const SqliteRows& row) {
    notifications.push_back(
        Json{{"id", row.integer(0)}, {"name", valid_utf8(row.text(1))}, {"config", valid_utf8(row.text(2))}});
  });
  if (!read) return tl::unexpected(read.error());
  return notifications;
}

Result<void> set_maintenance(const SqliteFile& database, const std::string& zone, std::vector<DraftServer>& servers) {
  const auto server_zone = kuma_zone(database, zone);
  if (!server_zone) return tl::unexpected(server_zone.error());
  std::uint64_t switched_off = 0;
  const auto windows = read_kuma_windows(database, switched_off);
  if (!windows) return tl::unexpected(windows.error());
  for (DraftServer& server : servers) {
    std::vector<std::string> entries;
    for (const auto& [id, row] : *windows) {
      if (std::to_string(id) != server.key) continue;
      const auto equal = read_kuma_maintenance(row, from_ms(0), *server_zone);
      if (!equal) server.note(fmt::format("no equal: the maintenance {}: {}", row.title, equal.error().message));
      for (const Maintenance& window : equal.value_or(std::vector<Maintenance>{}))
        entries.push_back(window_text(window));
    }
    if (!entries.empty()) server.set("maintenance", yaml_list(entries));
  }
  return {};
}

}  // namespace

Result<Draft> read_kuma_backup(const Json& backup) {
  if (!backup.is_object() || !backup.contains("monitorList") || !backup["monitorList"].is_array()) {
    return fail(ErrorCode::invalid_argument, "it has no list of monitors");
  }
  return read_monitors(backup["monitorList"], backup.value("notificationList", Json::array()));
}

Result<Draft> read_kuma_store(const SqliteFile& database, const std::string& zone) {
  auto monitors = read_monitor_rows(database);
  if (!monitors) return tl::unexpected(monitors.error());
  if (auto read = read_what_monitors_have(database, *monitors); !read) return tl::unexpected(read.error());
  const auto notifications = read_notifications(database);
  if (!notifications) return tl::unexpected(notifications.error());
  Json all = Json::array();
  for (auto& [id, monitor] : *monitors) all.push_back(std::move(monitor));
  Draft draft = read_monitors(all, *notifications);
  if (auto set = set_maintenance(database, zone, draft.servers); !set) return tl::unexpected(set.error());
  return draft;
}

}  // namespace nines::tools
