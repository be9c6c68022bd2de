// The marker file of a store's directory, `NINES`: says that it is a store, and of which format.
#pragma once

#include <string>
#include <string_view>

#include <nines/result.h>

namespace nines::engine {

inline constexpr std::string_view kMarkerName = "NINES";
/// The format of a whole store; a store of a higher one is refused. engine/FORMAT.md.
inline constexpr int kStoreFormat = 3;
/// From this one on `checks` lies in a family a month.
inline constexpr int kFormatOfMonths = 2;
/// From this one on the rows of `recent`, and what RocksDB has not flushed, are in a log of the store's own.
inline constexpr int kFormatOfLog = 3;

/// Checks that `path` is a store this version can read; true when it was made now. Errors: not_found (missing and
/// not to be created), not_a_store, newer_format, io.
[[nodiscard]] Result<bool> check_or_create_marker(const std::string& path, bool may_create);

/// The format in the marker of the store at `path`. Errors: not_a_store, newer_format, io.
[[nodiscard]] Result<int> read_marker(const std::string& path);

/// Writes the marker into the existing directory `path`, synced.
[[nodiscard]] Result<void> write_marker(const std::string& path, int format = kStoreFormat);

}  // namespace nines::engine
