#include "kv/rocksdb/setup.h"

#include <rocksdb/env.h>
#include <rocksdb/memtablerep.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace nines::engine {
namespace {

/// RocksDB's messages from `warning` up, handed to the caller's log instead of a LOG file in the store.
class CallbackLogger final : public rocksdb::Logger {
 public:
  explicit CallbackLogger(std::function<void(LogLevel, std::string_view)> log)
      : Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::InfoLogLevel::WARN_LEVEL, format, arguments);
  }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (!log_ || level < rocksdb::InfoLogLevel::WARN_LEVEL || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    std::array<char, 1024> line{};
    const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
    if (length <= 0) return;
    const auto kept = std::min(static_cast<std::size_t>(length), line.size() - 1);
    log_(level == rocksdb::InfoLogLevel::WARN_LEVEL ? LogLevel::warning : LogLevel::error, {line.data(), kept});
  }

 private:
  std::function<void(LogLevel, std::string_view)> log_;
};

}  // namespace

Setup Setup::make(const Options& options, rocksdb::Env* env) {
  Setup setup;
  const auto& performance = options.performance;
  setup.cache = rocksdb::NewLRUCache(performance.block_cache_bytes);

  auto& db = setup.db;
  if (env != nullptr) db.env = env;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // The default, point in time, turns bit rot in the log into silent loss of synced results.
  db.wal_recovery_mode = options.recovery == Recovery::point_in_time
                             ? rocksdb::WALRecoveryMode::kPointInTimeRecovery
                             : rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A log that was synced and is gone is an error, not a loss.
  db.track_and_verify_wals_in_manifest = true;
  db.recycle_log_file_num = 0;
  db.allow_concurrent_memtable_write = false;  // the rows' memtable cannot
  // `buffered` leaves the log in RocksDB's buffer, `process` flushes it, `disk` syncs it.
  db.manual_wal_flush = true;
  // Bounds the log that an open has to replay; without it one quiet space keeps all of it.
  db.max_total_wal_size = 2 * performance.write_buffer_bytes;
  db.db_write_buffer_size = 2 * performance.write_buffer_bytes;
  db.max_background_jobs = performance.background_threads;
  db.max_open_files = -1;
  db.skip_stats_update_on_db_open = true;  // they would be read from every file, for nothing that is asked here
  // After a failed write the store is closed and opened anew; RocksDB must not mend itself meanwhile.
  db.max_bgerror_resume_count = 0;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.avoid_unnecessary_blocking_io = true;
  db.info_log = std::make_shared<CallbackLogger>(options.log);
  setup.damage = std::make_shared<DamageListener>(options.log);
  db.listeners = {setup.damage};

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = setup.cache;
  table.block_size = 16U << 10U;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.cache_index_and_filter_blocks = false;
  auto& family = setup.family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = performance.write_buffer_bytes;
  family.max_write_buffer_number = 3;
  family.compression = rocksdb::kNoCompression;  // chunks are packed already: zstd on top gains nothing
  family.level_compaction_dynamic_level_bytes = true;
  return setup;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Setup::families(KvMode mode) const {
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(kSpaceCount + 1);
  for (const auto name : kSpaceNames) descriptors.emplace_back(std::string(name), family);
  // Every seek looks into each file that has just been flushed, also when the server has nothing in it: with three of
  // them a dashboard takes a tenth longer. A flush brings a few MB of chunks and summaries, some times a day; so they
  // are merged at once, and two or more together when flushes come faster.
  for (const Space space : {Space::checks, Space::days}) {
    descriptors[static_cast<std::size_t>(space)].options.level0_file_num_compaction_trigger = 1;
  }
  if (mode == KvMode::write) {
    // Rows are put far more often than they are read back, which the engine does once, right after opening. A vector
    // takes a row in a sixth of the time of a skip list and is sorted when it is flushed.
    descriptors[static_cast<std::size_t>(Space::recent)].options.memtable_factory =
        std::make_shared<rocksdb::VectorRepFactory>();
  }
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, family);
  return descriptors;
}

}  // namespace nines::engine
