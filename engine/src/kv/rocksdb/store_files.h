// What an open looks at before RocksDB does: whether the files of a store are all there and belong together.
//
// RocksDB begins anew where CURRENT is missing, takes a manifest or log that ends early for all there was, and deletes
// the files that are then nobody's. So this comes first, and only for an open that writes.
//
// Threads: none; whoever calls it holds the store's lock. It changes nothing but a manifest it was told to cut.
#pragma once

#include <cstdint>
#include <string>

#include <nines/options.h>
#include <nines/result.h>

namespace nines::engine {

struct StoreFiles {
  bool exist = false;                  ///< whether the directory holds a database yet
  std::uint64_t first_log_needed = 0;  ///< earlier logs hold nothing that is not in table files
};

/// Looks at the files in `path`; at RocksDB's logs only where `logs_count`. Errors: corruption, when its files cannot
/// be all there were; io. With Recovery::point_in_time a torn end of the manifest is cut off, and missing logs are only
/// a warning in `report`.
[[nodiscard]] Result<StoreFiles> check_store_files(const std::string& path, bool logs_count, Recovery recovery,
                                                   OpenReport& report);

/// Changes whenever a flush or compaction has been committed: the name and length of RocksDB's manifest.
[[nodiscard]] std::string manifest_version(const std::string& path);

}  // namespace nines::engine
