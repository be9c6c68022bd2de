#include "peers/kuma_monitors.h"

#include <fmt/format.h>
#include <nines/server.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace nines::tools {
namespace {

using std::chrono::seconds;

Result<void> read_rows(const SqliteFile& database, KumaMonitors& monitors) {
  const auto columns = database.columns("monitor");
  if (!columns) return tl::unexpected(columns.error());
  const std::string sql =
      fmt::format("SELECT {} FROM monitor ORDER BY id",
                  select_list(*columns, {"id", "name", "type", "url", "hostname", "port", "parent", "active",
                                         "interval", "retry_interval", "timeout", "maxretries", "created_date"}));
  return for_rows(database, sql, [&](const SqliteRows& row) {
    KumaMonitor monitor;
    monitor.id = row.integer(0);
    monitor.name = row.text(1);
    monitor.type = row.text(2);
    monitor.url = kuma_url(monitor.type, row.text(3), row.text(4), row.integer(5));
    monitor.parent = row.integer(6);
    monitor.active = row.is_null(7) || row.integer(7) != 0;
    constexpr std::int64_t kLongest = seconds{ServerLimits::kMaxRuleDuration}.count();
    monitor.interval_s = std::clamp<std::int64_t>(row.integer(8), 1, kLongest);
    monitor.retry_interval_s = row.integer(9) > 0 ? std::min(row.integer(9), kLongest) : monitor.interval_s;
    // Versions without the column give up after 0.8 intervals, and so do those that have it where it is 0.
    const double timeout_s = row.number(10);
    const double timeout_ms = timeout_s > 0 ? timeout_s * 1000 : static_cast<double>(monitor.interval_s) * 800;
    monitor.timeout_ms = std::llround(std::clamp(timeout_ms, 0.0, static_cast<double>(kLongest) * 1000));
    monitor.max_retries = std::clamp<std::int64_t>(row.integer(11), 0, 65'534);
    monitor.created_ms = time_ms_of(row.text(12));
    monitors.emplace(monitor.id, std::move(monitor));
  });
}

Result<void> read_tags(const SqliteFile& database, KumaMonitors& monitors) {
  const std::string sql =
      "SELECT mt.monitor_id, t.name, mt.value FROM monitor_tag mt JOIN tag t ON t.id = mt.tag_id ORDER BY mt.id";
  return for_rows(database, sql, [&](const SqliteRows& row) {
    const auto monitor = monitors.find(row.integer(0));
    if (monitor == monitors.end()) return;
    const auto [tag, added] = monitor->second.tags.emplace(row.text(1), row.text(2));
    // A tag has one value here; one with two keeps both.
    if (!added && !row.text(2).empty()) tag->second.append(tag->second.empty() ? "" : ", ").append(row.text(2));
  });
}

}  // namespace

Result<KumaMonitors> read_kuma_monitors(const SqliteFile& database) {
  KumaMonitors monitors;
  if (auto read = read_rows(database, monitors); !read) return tl::unexpected(read.error());
  const auto tags = database.columns("monitor_tag");
  if (!tags) return tl::unexpected(tags.error());
  if (tags->empty()) return monitors;
  if (auto read = read_tags(database, monitors); !read) return tl::unexpected(read.error());
  return monitors;
}

bool lies_under(const KumaMonitors& monitors, const KumaMonitor& monitor, std::int64_t ancestor) {
  // A chain that is longer than the store has monitors is a circle.
  const KumaMonitor* at = &monitor;
  for (std::size_t step = 0; step <= monitors.size(); ++step) {
    if (at->id == ancestor) return true;
    const auto parent = monitors.find(at->parent);
    if (parent == monitors.end()) return false;
    at = &parent->second;
  }
  return false;
}

std::string group_path(const KumaMonitors& monitors, const KumaMonitor& monitor) {
  std::string path;
  auto at = monitors.find(monitor.parent);
  for (std::size_t step = 0; at != monitors.end() && step < monitors.size(); ++step) {
    path = path.empty() ? at->second.name : at->second.name + "/" + path;
    at = monitors.find(at->second.parent);
  }
  return path;
}

std::string kuma_url(std::string_view type, std::string_view url, std::string_view hostname, std::int64_t port) {
  if (type == "http" || type == "keyword" || type == "json-query" || type == "websocket-upgrade") {
    return std::string(url);
  }
  const std::string host(hostname.find(':') == std::string_view::npos ? std::string(hostname)
                                                                      : fmt::format("[{}]", hostname));
  if (type == "port") return fmt::format("tcp://{}:{}", host, port);
  if (type == "ping") return fmt::format("icmp://{}", host);
  if (type == "dns") return fmt::format("dns://{}", hostname);
  if (type == "smtp") return fmt::format("smtp://{}:{}", host, port);
  if (type == "push") return "push://";
  if (type == "mqtt") return fmt::format("mqtt://{}:{}", host, port);
  return {};
}

}  // namespace nines::tools
