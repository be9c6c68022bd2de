// Uptime Kuma's maintenance windows as the catalog has them. Pure functions; any thread.
#pragma once

#include <nines/calendar.h>
#include <nines/result.h>
#include <nines/server.h>

#include <cstdint>
#include <string>
#include <vector>

namespace nines::tools {

/// A row of its table `maintenance`; texts as they are stored.
struct KumaMaintenance {
  std::string title;
  std::string strategy;
  std::string start_date;  ///< wall clock in `timezone`, as the next three
  std::string end_date;
  std::string start_time;
  std::string end_time;
  std::string weekdays;       ///< JSON: 0 is Sunday
  std::string days_of_month;  ///< JSON: numbers, and "lastDay1"
  std::int64_t interval_day = 1;
  std::string timezone;
};

/// The windows that are the same as `row`. A recurring one holds from `since` on: what was before its tool's own
/// results tell. `server_zone` is meant by SAME_AS_SERVER. `invalid_argument` with the reason when there is no equal,
/// or for what it has more ("the last day of a month"), after which it is to be left out as a whole.
[[nodiscard]] Result<std::vector<Maintenance>> read_kuma_maintenance(const KumaMaintenance& row, TimeMs since,
                                                                     const std::string& server_zone);

}  // namespace nines::tools
