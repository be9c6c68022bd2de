// What the store knows of a server that the prober takes in: its last results, judged.
#pragma once

#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>

#include "schedule/core.h"

namespace nines::prober {

/// Reads the last results of `server` from `location` and runs them through the confirmation rule. Blocks on the
/// store: one short scan. Errors: those of Store::scan.
[[nodiscard]] Result<Restored> restore(const Store& store, ServerId server, LocationId location, const Rules& rules);

}  // namespace nines::prober
