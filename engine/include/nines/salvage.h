// What can be read of a store that does not open any more, because files of it are missing or cut short.
//
// The result is a directory that opens as a store does, with everything that was in the files that are left: to be read
// from, and to make a new store of (`nines repair`). It is no store to go on with: what was erased in a file that is
// lost is there again.
//
// Threads: functions without state, to be called from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nines/result.h>
#include <nines/types.h>

namespace nines {

/// Something that was in a file which is missing or cannot be read.
struct LostFile {
  std::string file;  ///< its name in the store's directory
  /// Whose results may have been in it: of servers from `first` to `last`, in `window`. Without any when `window` is
  /// empty: it held something else (day summaries, the catalog), or what it held is not known.
  ServerId first{};
  ServerId last{};  ///< inclusive
  Window window;
  std::string what;  ///< a sentence
};

struct SalvageReport {
  std::vector<LostFile> lost;
  /// Servers whose entry in the catalog is lost; they are called "lost-NUMBER" now.
  std::vector<ServerId> nameless;
};

/// Makes the new directory `to` of what is left of the store at `from`, which is not changed and must not be written
/// meanwhile. Table files are shared by hard links where the file system lets them be, everything else is copied.
/// Costs a read of everything. Errors: not_found, not_a_store (nothing of a store is in it), newer_format,
/// invalid_argument (`to` exists), out_of_space, io, corruption (nothing could be put together).
[[nodiscard]] Result<SalvageReport> salvage(const std::string& from, const std::string& to);

}  // namespace nines
