// A directory that grows beside its place, in PATH.tmp, and gets its name when it is whole.
//
// Threads: one at a time.
#pragma once

#include <filesystem>
#include <utility>

#include <nines/result.h>

#include "base/file_lock.h"

namespace nines::engine {

class UnfinishedCopy {
 public:
  /// Makes PATH.tmp, or takes up the one that was left there; nobody else does as long as this lives. Errors:
  /// invalid_argument (`path` exists, or PATH.tmp and it is none of these), locked, out_of_space, io.
  [[nodiscard]] static Result<UnfinishedCopy> begin(const std::filesystem::path& path);

  /// What grows.
  [[nodiscard]] std::filesystem::path folder() const;
  /// Removes what was left in it. Errors: io.
  [[nodiscard]] Result<void> clear();
  /// Gives it its name, on the disk too. Errors: out_of_space, io.
  [[nodiscard]] Result<void> finish();
  void discard();

 private:
  explicit UnfinishedCopy(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] std::filesystem::path workplace() const;

  std::filesystem::path path_;
  FileLock lock_;
};

}  // namespace nines::engine
