// Uptime Kuma's store, of 1.x and 2.x: monitors, heartbeats, maintenance, and what 2.x keeps of older time.
//
// Beats become results as they are: up, and down for a failure whether it was confirmed or not. A beat under
// maintenance measured nothing and becomes maintenance. Where 2.x has thrown beats away, the important ones that it
// kept are at the changes of state, so the state between two of them is known wherever its sums show that it was
// checking all the while; sums are never made into checks.
#pragma once

#include "peers/history_writer.h"
#include "peers/kuma_maintenance.h"
#include "peers/sqlite_file.h"

namespace nines::tools {

/// Whether `database` has Uptime Kuma's tables.
[[nodiscard]] Result<bool> is_kuma(const SqliteFile& database);

[[nodiscard]] Result<void> read_kuma_history(const SqliteFile& database, HistoryWriter& writer);

/// The maintenance windows that are switched on, each with the monitor that it is for; one on a group is for what is in
/// the group. `switched_off` counts the others.
[[nodiscard]] Result<std::vector<std::pair<std::int64_t, KumaMaintenance>>> read_kuma_windows(
    const SqliteFile& database, std::uint64_t& switched_off);

/// The zone of the tool's process as its settings have it; `otherwise` when they do not.
[[nodiscard]] Result<std::string> kuma_zone(const SqliteFile& database, const std::string& otherwise);

}  // namespace nines::tools
