// Kv over the tables and the log: a write is a record of the log first, and what of it is no row is applied to the
// tables then.
#pragma once

#include <memory>
#include <string>

#include <rocksdb/file_system.h>

#include "base/file_lock.h"
#include "kv/kv.h"
#include "kv/local/log.h"
#include "kv/local/overlay.h"
#include "kv/local/row_table.h"
#include "kv/rocksdb/rocksdb_kv.h"

namespace nines::engine {

/// What an open gives.
struct OpenedLocal {
  std::string path;
  std::shared_ptr<FileLock> lock;  ///< null in a Kv for reading only
  std::shared_ptr<rocksdb::FileSystem> files;
  std::unique_ptr<Log> log;  ///< null in a Kv for reading only
  std::unique_ptr<Tables> tables;
  std::shared_ptr<RowTable> rows;          ///< null where the tables have them
  std::shared_ptr<const Overlay> overlay;  ///< null where the tables have everything
};

[[nodiscard]] std::unique_ptr<Kv> make_local_kv(OpenedLocal opened);

}  // namespace nines::engine
