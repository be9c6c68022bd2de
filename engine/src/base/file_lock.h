// A lock on a file or a directory that lasts as long as the object: flock.
//
// It belongs to the open file and not to the process, so that it is kept when anything else in the process closes a
// descriptor of the same file, and so that two objects of one process exclude each other.
//
// Threads: none; a value.
#pragma once

#include <string>

#include <nines/result.h>

namespace nines::engine {

class FileLock {
 public:
  FileLock() = default;
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;

  /// Locks what `path` names, which must exist. Holds nothing where the file system knows no such lock. Errors: locked,
  /// with the sentence `refusal`; io.
  [[nodiscard]] static Result<FileLock> take(const std::string& path, const std::string& refusal);

 private:
  explicit FileLock(int file) : file_(file) {}

  int file_ = -1;
};

}  // namespace nines::engine
