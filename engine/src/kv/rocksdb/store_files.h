// What an open looks at before RocksDB does: whether the files of a store are all there and belong together.
//
// RocksDB begins anew where CURRENT is missing, takes a manifest or log that ends early for all there was, and deletes
// the files that are then nobody's. So this comes first, and only for an open that writes.
//
// Threads: none; it must hold or precede the store's lock, and changes nothing but a manifest it was told to cut.
#pragma once

#include <string>

#include <nines/options.h>
#include <nines/result.h>

namespace nines::engine {

/// Whether `path` holds a database yet. Errors: corruption, when its files cannot be all there were; io. With
/// Recovery::point_in_time a torn end of the manifest is cut off, and missing logs are only a warning in `report`.
[[nodiscard]] Result<bool> check_store_files(const std::string& path, Recovery recovery, OpenReport& report);

}  // namespace nines::engine
