// Opening a store's RocksDB, and what its refusal means.
#pragma once

#include <memory>
#include <string>

#include "kv/kv.h"
#include "kv/rocksdb/lock.h"
#include "kv/rocksdb/rocksdb_kv.h"
#include "kv/rocksdb/store_files.h"

namespace nines::engine {

/// What has been looked at before RocksDB is opened for writing.
struct TablesToOpen {
  std::shared_ptr<FileLock> lock;
  StoreFiles files;
  int format = 0;  ///< of the store
};

/// Opens RocksDB in the directory `path`. Fills `report`. `env` is the operating system that it sees; null is the real
/// one. It must outlive the tables. Errors as Store::open.
[[nodiscard]] Result<std::unique_ptr<Tables>> open_tables(const std::string& path, TablesToOpen opening,
                                                          const Options& options, OpenReport& report,
                                                          rocksdb::Env* env);
/// The same without the lock, for reading only, while another process may be writing.
[[nodiscard]] Result<std::unique_ptr<Tables>> open_tables_to_read(const std::string& path, const Options& options,
                                                                  rocksdb::Env* env);

/// What an open that failed means to who has to go on from there.
[[nodiscard]] Error explain_open(Error error, const std::string& path, const Options& options);

}  // namespace nines::engine
