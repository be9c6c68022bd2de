// The entries of a server's catalog that lie over a stretch of time, one by one: maintenance, pauses and corrections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/types.h>

namespace nines {

/// An entry of the catalog, by its place in the list of its kind.
struct CatalogEntry {
  enum class Kind : std::uint8_t { maintenance, pause, correction };
  Kind kind = Kind::maintenance;
  std::size_t index = 0;  ///< into Server::maintenance, paused or corrections
  friend bool operator==(const CatalogEntry&, const CatalogEntry&) = default;
};

/// One entry, or one occurrence of it. `window` may reach beyond what was asked for.
struct Overlay {
  Window window;
  CatalogEntry entry;
  State state = State::maintenance;
};

/// What overlay() is made of: the entries that may reach into `window`. Of several that hold a moment the last one
/// decides. Errors: as overlay().
[[nodiscard]] Result<std::vector<Overlay>> overlay_entries(const Server& server, Window window,
                                                           MaintenancePolicy policy);

/// What was written down about an entry; empty for a pause.
[[nodiscard]] std::string note_of(const Server& server, const CatalogEntry& entry);

}  // namespace nines
