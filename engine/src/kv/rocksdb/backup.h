// Copies of a store.
//
// Threads: none of its own; the database may be written to meanwhile, by this process or another.
#pragma once

#include <rocksdb/db.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <nines/backup.h>
#include <nines/result.h>

namespace nines::engine {

/// A file that a copy is to have.
struct CopiedFile {
  std::string name;
  std::uint64_t bytes = std::numeric_limits<std::uint64_t>::max();  // of its beginning
  std::string contents;                                             // instead of the file's, unless empty

  [[nodiscard]] bool is_table() const { return name.ends_with(".sst"); }
};

/// How a copy gets the log that the store has beside its tables. Both are empty where it has none.
struct LogCopy {
  /// The files of the log of a store that is open for writing. It is called once the tables are settled, whose place in
  /// the log comes first then; the files stay until the copy is made.
  std::function<Result<std::vector<CopiedFile>>()> files;
  /// Looks at the log in the directory `copy`, and ends it as a store that is closed does. corruption: it is not whole,
  /// as when a writer has moved it on meanwhile.
  std::function<Result<void>(const std::string& copy)> finish;
};

/// Copies the open `db` into the new directory `path` and writes the list of its files. It grows in PATH.tmp, where
/// what an interrupted one has left is used again, and gets its name when it is whole. `writes` is whether `db` was
/// opened for writing; one that was not is copied from its files, begun anew when a writer changes them meanwhile.
/// Checks what it copies; what it shares with `options.previous` was checked then. Requires: options.made. Errors:
/// invalid_argument (`path` exists or lies in the store), locked, unavailable, out_of_space, io, corruption.
[[nodiscard]] Result<BackupReport> back_up(rocksdb::DB& db, bool writes, const std::string& path,
                                           const BackupOptions& options, const LogCopy& log);

}  // namespace nines::engine
