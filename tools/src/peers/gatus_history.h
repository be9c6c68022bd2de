// Gatus' SQLite store: endpoints, their latest results, and what it keeps of older time.
//
// It keeps about a hundred results of an endpoint, fifty changes of state, and counts by hour or day for a month. The
// results become results. Before them an outage is known where its two changes are, and being up (or down) where an
// hour's checks all were, and as many as its interval makes. Counts are never made into checks.
#pragma once

#include "peers/history_writer.h"
#include "peers/sqlite_file.h"

namespace nines::tools {

/// Whether `database` has Gatus' tables.
[[nodiscard]] Result<bool> is_gatus(const SqliteFile& database);

[[nodiscard]] Result<void> read_gatus_history(const SqliteFile& database, HistoryWriter& writer);

}  // namespace nines::tools
