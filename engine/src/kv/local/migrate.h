// From the format without a log to the one with it.
//
// Threads: none of its own; whoever calls it holds the store's lock.
#pragma once

#include <memory>
#include <string>

#include <rocksdb/file_system.h>

#include "kv/rocksdb/rocksdb_kv.h"

namespace nines::engine {

/// Puts the rows that `tables` has into a log of the directory `path`, and gives the store the format of that. Until
/// the marker says so nothing has happened, and a log that an interrupted one has left is begun anew. Errors: io,
/// out_of_space, corruption.
[[nodiscard]] Result<void> give_log(const std::shared_ptr<rocksdb::FileSystem>& files, const std::string& path,
                                    Tables& tables);
/// Drops the rows that are left in `tables` behind that. Errors: io, corruption.
[[nodiscard]] Result<void> drop_left_rows(Tables& tables);

}  // namespace nines::engine
