// Bringing the store's catalog to what a configuration says, without touching what was true before.
//
// A changed rule holds from now on; a maintenance that is gone from the file stays for the past; a server that is gone
// from the file is paused, its history stays. Servers that never were in a configuration (imported, recorded, added by
// hand or by a library) are left alone.
#pragma once

#include <nines/prober.h>
#include <nines/store.h>

#include <string>
#include <vector>

#include "config/config.h"

namespace nines::tools {

struct CatalogSync {
  std::vector<ProbedServer> probed;  ///< the configuration's servers, with their ids
  std::vector<ServerId> removed;     ///< paused because they are no longer in the file
  std::size_t added = 0;
  std::size_t changed = 0;
};

/// Errors are those of the store; what was changed before one stays changed, and the next call goes on from there.
[[nodiscard]] Result<CatalogSync> sync_catalog(Store& store, const Config& config, TimeMs now);

/// `existing` as `wanted` says from `now` on. Pure; what sync_catalog does to one server.
[[nodiscard]] Server updated_server(const Server& existing, const ServerConfig& wanted, TimeMs now);

}  // namespace nines::tools
