// A directory that grows beside its place, in PATH.tmp, and gets its name when it is whole.
//
// Threads: one at a time.
#pragma once

#include <filesystem>

#include <nines/result.h>

namespace nines::engine {

class UnfinishedCopy {
 public:
  /// Makes PATH.tmp, or takes up the one that was left there. Errors: invalid_argument (`path` exists, or PATH.tmp and
  /// it is none of these), out_of_space, io.
  [[nodiscard]] static Result<UnfinishedCopy> begin(const std::filesystem::path& path);

  /// What grows.
  [[nodiscard]] std::filesystem::path folder() const;
  /// Gives it its name, on the disk too. Errors: out_of_space, io.
  [[nodiscard]] Result<void> finish();
  void discard();

 private:
  explicit UnfinishedCopy(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] std::filesystem::path workplace() const;

  std::filesystem::path path_;
};

}  // namespace nines::engine
