// The entries of a server's catalog that lie over a stretch of time, one by one.
#pragma once

#include <vector>

#include <nines/audit.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/types.h>

namespace nines::query {

/// One entry, or one occurrence of it. `window` may reach beyond what was asked for.
struct Overlay {
  Window window;
  CatalogEntry entry;
  State state = State::maintenance;
};

/// What nines::overlay() is made of: of several that hold a moment, the last decides. Errors: likewise.
[[nodiscard]] Result<std::vector<Overlay>> overlay_entries(const Server& server, Window window,
                                                           MaintenancePolicy policy);

}  // namespace nines::query
