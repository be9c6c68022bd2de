// Incidents from a settled reader's timeline.
#pragma once

#include <vector>

#include <nines/incident.h>
#include <nines/result.h>
#include <nines/store.h>

#include "judgement/reader.h"

namespace nines::query {

/// The incidents of the reader's window, ascending. `details` fills Incident::detail and detected_at, which takes a
/// look at the store for incidents that begin in a day read from its summary; the cost is added to the reader's.
/// Errors: those of Store::scan.
[[nodiscard]] Result<std::vector<Incident>> find_incidents(ServerReader& reader, const Store& store, bool details);

}  // namespace nines::query
