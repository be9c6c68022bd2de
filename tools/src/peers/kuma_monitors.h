// The monitors of Uptime Kuma's store, of 1.x and 2.x: what its history and its figures need to know of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "peers/sqlite_file.h"

namespace nines::tools {

struct KumaMonitor {
  std::int64_t id = 0;
  std::string name;
  std::string type;  ///< "group" is a folder of others
  std::string url;
  std::int64_t parent = 0;
  bool active = true;
  std::int64_t interval_s = 60;
  std::int64_t retry_interval_s = 60;
  std::int64_t timeout_ms = 0;
  std::int64_t max_retries = 0;
  std::map<std::string, std::string> tags;
  std::int64_t created_ms = -1;
};

using KumaMonitors = std::map<std::int64_t, KumaMonitor>;

[[nodiscard]] Result<KumaMonitors> read_kuma_monitors(const SqliteFile& database);

/// Whether the monitor is `ancestor`, or in that group or in a group of it.
[[nodiscard]] bool lies_under(const KumaMonitors& monitors, const KumaMonitor& monitor, std::int64_t ancestor);
/// "Production/Web" for a monitor in the group Web of the group Production; empty outside of all groups.
[[nodiscard]] std::string group_path(const KumaMonitors& monitors, const KumaMonitor& monitor);

/// Where a monitor's target is, as this tool writes it; empty where the kind has no equal.
[[nodiscard]] std::string kuma_url(std::string_view type, std::string_view url, std::string_view hostname,
                                   std::int64_t port);

}  // namespace nines::tools
