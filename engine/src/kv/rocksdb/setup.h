// What a RocksDB is opened with. The reasons for the options that are not RocksDB's own defaults stand beside them;
// what the recovery mode and the checks are for was measured under injected faults.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/options.h>

#include <memory>
#include <string_view>

#include "kv/kv.h"
#include "kv/rocksdb/flush_lane.h"
#include "kv/rocksdb/listener.h"

namespace rocksdb {
class Env;
}

namespace nines::engine {

struct Setup {
  rocksdb::DBOptions db;
  rocksdb::ColumnFamilyOptions family;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<BackgroundListener> damage;
  std::shared_ptr<FlushMemory> memory;
  std::shared_ptr<FlushLane> lane;

  /// `env` is the operating system that RocksDB sees; null is the real one.
  [[nodiscard]] static Setup make(const Options& options, rocksdb::Env* env);
  /// What the family of that name is opened with.
  [[nodiscard]] rocksdb::ColumnFamilyDescriptor describe(std::string_view name) const;
  /// Of a month of `checks`.
  [[nodiscard]] rocksdb::ColumnFamilyOptions month() const;
};

}  // namespace nines::engine
