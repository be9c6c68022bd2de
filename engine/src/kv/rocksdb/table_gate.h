// A file system that asks before RocksDB makes a table file.
//
// RocksDB writes its tables without knowing of the store's own log. What a table holds must be in the log, and synced,
// before the table counts: or a power cut could leave a chunk whose rows come back beside it.
//
// Threads: all members from any thread.
#pragma once

#include <rocksdb/file_system.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <nines/result.h>

#include "base/mutex.h"

namespace nines::engine {

class TableGate final : public rocksdb::FileSystemWrapper {
 public:
  explicit TableGate(const std::shared_ptr<rocksdb::FileSystem>& below) : FileSystemWrapper(below) {}
  [[nodiscard]] const char* Name() const override { return "nines.TableGate"; }

  /// Has `call` asked from now on; where it fails no table is made. It must live as long as the database.
  void ask(std::function<Result<void>()> call) NINES_EXCLUDES(mutex_);

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;

 private:
  Mutex mutex_;
  std::function<Result<void>()> call_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::engine
