// Copies of a store.
//
// Threads: none of its own; the database may be written to meanwhile, by this process or another.
#pragma once

#include <rocksdb/db.h>

#include <string>

#include <nines/result.h>

namespace nines::engine {

/// Copies the open `db` into the new directory `path`: files of its own, all checksums looked at. It grows in PATH.tmp
/// and gets its name when it is whole. `writes` is whether `db` was opened for writing; one that was not is copied from
/// its files, begun anew when a writer changes them meanwhile. Errors: invalid_argument (`path` exists or lies in the
/// store), unavailable, out_of_space, io, corruption.
[[nodiscard]] Result<void> back_up(rocksdb::DB& db, bool writes, const std::string& path);

}  // namespace nines::engine
