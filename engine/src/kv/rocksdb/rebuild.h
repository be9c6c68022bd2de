// Putting a RocksDB together anew from the table files that are left of it (RocksDB's RepairDB). Blocking functions
// without state.
#pragma once

#include <string>
#include <vector>

#include <nines/result.h>

namespace nines::engine {

/// A table file as a manifest lists it.
struct TableInfo {
  std::string file;    ///< "000012.sst"
  std::string family;  ///< "checks-2026-07"
  std::string first;   ///< the keys it begins and ends with
  std::string last;
};

/// The tables of the store at `path` by its manifest, missing ones included. Changes nothing. Errors: corruption, io:
/// the manifest cannot be read.
[[nodiscard]] Result<std::vector<TableInfo>> listed_tables(const std::string& path);

/// Makes a new manifest in the directory `path` of the tables there. Those that cannot be read are moved to its folder
/// `lost`. Errors: corruption, io, out_of_space.
[[nodiscard]] Result<void> rebuild_tables(const std::string& path);

}  // namespace nines::engine
