// Kv over an open RocksDB.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <memory>

#include "kv/kv.h"
#include "kv/rocksdb/families.h"
#include "kv/rocksdb/listener.h"
#include "kv/rocksdb/lock.h"
#include "kv/rocksdb/own_threads.h"
#include "kv/rocksdb/wal_replay.h"

namespace nines::engine {

/// What an open gives.
struct OpenedRocks {
  FileLock lock;                        // goes last, with the database closed
  std::unique_ptr<OwnThreads> threads;  // db runs on them
  std::unique_ptr<WalReplay> replay;    // db keeps a pointer to it, so it goes last
  std::unique_ptr<rocksdb::DB> db;
  std::shared_ptr<const Families> families;
  rocksdb::ColumnFamilyOptions month;  // what new months are made with
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<DamageListener> damage;
};

[[nodiscard]] std::unique_ptr<Kv> make_rocks_kv(OpenedRocks opened, KvMode mode);

}  // namespace nines::engine
