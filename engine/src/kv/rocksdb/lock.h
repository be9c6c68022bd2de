// The lock of a store's directory: flock on its file NINES.
//
// RocksDB has a lock of its own, but of the kind that belongs to the process and not to the open file: it goes when
// anything in the process closes any descriptor of that file, a copy of the directory for example. And it comes after
// the look at the store's files, which another writer is changing meanwhile.
//
// Threads: none; a value.
#pragma once

#include <string>

#include <nines/result.h>

namespace nines::engine {

class DirectoryLock {
 public:
  DirectoryLock() = default;
  ~DirectoryLock();
  DirectoryLock(DirectoryLock&& other) noexcept;
  DirectoryLock& operator=(DirectoryLock&& other) noexcept;

  /// Locks the store in the directory `path`, which must have its NINES. Holds nothing where the file system knows no
  /// such lock. Errors: locked, io.
  [[nodiscard]] static Result<DirectoryLock> take(const std::string& path);

 private:
  explicit DirectoryLock(int file) : file_(file) {}

  int file_ = -1;
};

}  // namespace nines::engine
