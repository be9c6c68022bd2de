// Copies of a store.
//
// Threads: none of its own; the database may be written to meanwhile, by this process or another.
#pragma once

#include <rocksdb/db.h>

#include <string>

#include <nines/backup.h>
#include <nines/result.h>

namespace nines::engine {

/// Copies the open `db` into the new directory `path` and writes the list of its files. It grows in PATH.tmp, where
/// what an interrupted one has left is used again, and gets its name when it is whole. `writes` is whether `db` was
/// opened for writing; one that was not is copied from its files, begun anew when a writer changes them meanwhile.
/// Checks what it copies; what it shares with `options.previous` was checked then. Requires: options.made. Errors:
/// invalid_argument
/// (`path` exists or lies in the store), locked, unavailable, out_of_space, io, corruption.
[[nodiscard]] Result<BackupReport> back_up(rocksdb::DB& db, bool writes, const std::string& path,
                                           const BackupOptions& options);

}  // namespace nines::engine
