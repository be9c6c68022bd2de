#include "kv/rocksdb/setup.h"

#include <rocksdb/env.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "kv/rocksdb/families.h"
#include "kv/rocksdb/newest_time.h"

namespace nines::engine {
namespace {

/// Memory comes to a family in blocks of so much. A bulk load of many years writes to as many months at once, and most
/// of a month's life its memtable is empty.
constexpr std::size_t kArenaBytes = 64U << 10U;
/// More than there ever are between two compactions.
constexpr int kNotesRuns = 1 << 20;
/// A family's own limit, which is never reached.
constexpr std::size_t kNoLimit = std::size_t{1} << 40U;
/// Sorted runs of a month and of `days`, each of which a range has to look into. With four, a day of 10,000 servers is
/// written ten times, and with eight three times.
constexpr int kMonthRuns = 8;

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
    std::string_view words(line.data(), std::min(static_cast<std::size_t>(length), line.size() - 1));
    // Where in its source it says so is nothing to an operator, and an open that fails is told by whoever opened.
    const auto place_end = words.find("] ");
    if (words.starts_with('[') && place_end != std::string_view::npos) words.remove_prefix(place_end + 2);
    if (words.starts_with("DB::Open() failed")) return;
    log_(level == rocksdb::InfoLogLevel::WARN_LEVEL ? LogLevel::warning : LogLevel::error,
         "RocksDB: " + std::string(words));
  }

 private:
  std::function<void(LogLevel, std::string_view)> log_;
};

/// By levels, a flush has all servers' keys and is merged with everything at once: a day was written fifty times.
rocksdb::ColumnFamilyOptions by_size(rocksdb::ColumnFamilyOptions options) {
  options.compaction_style = rocksdb::kCompactionStyleUniversal;
  options.level_compaction_dynamic_level_bytes = false;  // of levels; RocksDB warns of it elsewhere
  options.level0_file_num_compaction_trigger = kMonthRuns;
  return options;
}

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
  // The store's own log takes the place of RocksDB's, which is only read in a store of an older format. What is flushed
  // has to be of one moment then, and nothing is flushed that a close does not ask for.
  db.atomic_flush = true;
  db.avoid_flush_during_shutdown = true;
  // One flush at a time: one that waits for another that has failed waits for ever.
  db.max_background_flushes = 1;
  db.max_background_compactions = std::max(1, performance.background_threads - 1);
  db.max_open_files = -1;
  db.max_file_opening_threads = 1;         // of them so many would be started for each month
  db.skip_stats_update_on_db_open = true;  // they would be read from every file, for nothing that is asked here
  // After a failed write the store is closed and opened anew; RocksDB must not mend itself meanwhile.
  db.max_bgerror_resume_count = 0;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.avoid_unnecessary_blocking_io = true;
  db.info_log = std::make_shared<CallbackLogger>(options.log);
  setup.damage = std::make_shared<BackgroundListener>(options.log);
  setup.lane = std::make_shared<FlushLane>(setup.damage);
  db.listeners = {setup.damage, setup.lane};
  const std::size_t arena_bytes = std::min(kArenaBytes, performance.write_buffer_bytes / 8);
  setup.memory = std::make_shared<FlushMemory>(performance.write_buffer_bytes, arena_bytes);
  db.write_buffer_manager = setup.memory->manager();
  // With a manager this is only what a log file is made for, which a family's limit would be taken for.
  db.db_write_buffer_size = performance.write_buffer_bytes;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = setup.cache;
  table.block_size = 16U << 10U;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  table.cache_index_and_filter_blocks = false;
  auto& family = setup.family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  // A write that would be slowed down comes again each millisecond, and RocksDB 7.8 makes it wait longer each time:
  // where compactions fall behind it is stopped, and not before.
  family.level0_slowdown_writes_trigger = family.level0_stop_writes_trigger;
  family.soft_pending_compaction_bytes_limit = family.hard_pending_compaction_bytes_limit;
  family.write_buffer_size = kNoLimit;
  family.arena_block_size = arena_bytes;
  family.compression = rocksdb::kNoCompression;  // chunks are packed already: zstd on top gains nothing
  family.level_compaction_dynamic_level_bytes = true;
  return setup;
}

rocksdb::ColumnFamilyOptions Setup::month() const {
  rocksdb::ColumnFamilyOptions options = by_size(family);
  options.table_properties_collector_factories = {newest_time_collectors()};
  return options;
}

rocksdb::ColumnFamilyDescriptor Setup::describe(std::string_view name) const {
  rocksdb::ColumnFamilyDescriptor descriptor(std::string(name), family);
  if (month_of_name(name)) descriptor.options = month();
  if (name == name_of(Space::days)) descriptor.options = by_size(family);
  if (name == rocksdb::kDefaultColumnFamilyName) {
    // A few notes, flushed with everything else: no reason to stop anybody.
    descriptor.options.level0_stop_writes_trigger = descriptor.options.level0_slowdown_writes_trigger = kNotesRuns;
  }
  // The chunks of format 1: hardly anything is written to them, and nothing should be stepped over.
  if (name == name_of(Space::checks)) {
    descriptor.options.level0_file_num_compaction_trigger = 1;
  }
  return descriptor;
}

}  // namespace nines::engine
