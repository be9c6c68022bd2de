// What the store knows of a server that the prober takes in: its last results, judged.
#pragma once

#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>

#include "schedule/core.h"

namespace nines::prober {

/// Reads the last results of `server` from `location` up to `now` and judges them: as far back as it takes to know
/// since when what is the case has lasted. Blocks on the store: one short scan for a server that is well, a few for one
/// that is not. Errors: those of Store::scan.
[[nodiscard]] Result<Restored> restore(const Store& store, ServerId server, LocationId location, const Rules& rules,
                                       TimeMs now);

}  // namespace nines::prober
