// The lock of a store's directory: on its file NINES.
//
// RocksDB has a lock of its own, but of the kind that belongs to the process and not to the open file: it goes when
// anything in the process closes any descriptor of that file, a copy of the directory for example. And it comes after
// the look at the store's files, which another writer is changing meanwhile. It is what is left where the file system
// knows no other.
#pragma once

#include <string>

#include <nines/result.h>

#include "base/file_lock.h"

namespace nines::engine {

/// Locks the store in the directory `path`, which must have its NINES. Errors: locked, io.
[[nodiscard]] Result<FileLock> lock_store(const std::string& path);

}  // namespace nines::engine
