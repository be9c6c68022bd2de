// Stores of the measured histories: built once into a directory, used by every benchmark after.
//
// A store is what a prober would have left behind: all days but the last loaded in bulk, the last one appended minute
// by minute as it came, so that a part of it is sealed and a part is not.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <nines/options.h>
#include <nines/result.h>
#include <nines/store.h>

#include "history.h"

namespace nines::bench {

/// $NINES_BENCH_DIR, or build/bench-data in the source tree that this was compiled from.
[[nodiscard]] std::string data_dir();

/// Default options with the history's `now` for a clock.
[[nodiscard]] Options store_options(const history::Shape& shape);

/// What building took, the generator's own time left out.
struct BuildReport {
  std::uint64_t loaded = 0;  ///< results, by load()
  double load_seconds = 0;   ///< flush() included
  std::uint64_t appended = 0;
  double append_seconds = 0;
  std::uint64_t disk_bytes = 0;  ///< of all files, after close()
};

/// Adds the history's servers to an empty store; their ids are then those of the history.
[[nodiscard]] Result<void> add_servers(Store& store, const history::Shape& shape);
/// Builds a store in the directory `path`, which must not exist.
[[nodiscard]] Result<BuildReport> build_store(const history::Shape& shape, const std::string& path);
/// The path of the history's store in data_dir(); builds it when it is missing.
[[nodiscard]] Result<std::string> cached_store(const history::Shape& shape);

/// Bytes of the files below `path`.
[[nodiscard]] std::uint64_t directory_bytes(const std::string& path);

}  // namespace nines::bench
