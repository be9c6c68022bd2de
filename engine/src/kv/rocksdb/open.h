// The way to a Kv over a RocksDB directory, a column family a space. Only this, the rocks_* files and wal_replay know
// RocksDB.
#pragma once

#include <memory>
#include <string>

#include "kv/kv.h"

namespace rocksdb {
class Env;
}

namespace nines::engine {

/// Opens the directory `path`, creating it when allowed. Fills `report`. Errors as Store::open.
/// `env` is the operating system that RocksDB sees; null is the real one. It must outlive the Kv.
[[nodiscard]] Result<std::unique_ptr<Kv>> open_rocksdb(const std::string& path, KvMode mode, const Options& options,
                                                       OpenReport& report, rocksdb::Env* env = nullptr);

}  // namespace nines::engine
