// An open RocksDB: all of an old store, and of one with a log of its own everything but the rows of `recent`.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>

#include "kv/kv.h"
#include "kv/rocksdb/backup.h"
#include "kv/rocksdb/families.h"
#include "kv/rocksdb/flush_lane.h"
#include "kv/rocksdb/listener.h"
#include "kv/rocksdb/lock.h"
#include "kv/rocksdb/own_threads.h"
#include "kv/rocksdb/table_gate.h"
#include "kv/rocksdb/wal_replay.h"

namespace nines::engine {

/// What an open gives. `replay` may be null.
struct OpenedRocks {
  std::shared_ptr<FileLock> lock;  // goes last, with the database closed
  std::shared_ptr<TableGate> gate;
  std::unique_ptr<OwnThreads> threads;  // db runs on them
  std::unique_ptr<WalReplay> replay;    // db keeps a pointer to it, so it goes last
  std::unique_ptr<rocksdb::DB> db;
  std::shared_ptr<const Families> families;
  rocksdb::ColumnFamilyOptions month;  // what new months are made with
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<BackgroundListener> damage;
  std::shared_ptr<FlushMemory> memory;
  std::shared_ptr<FlushLane> lane;
};

/// RocksDB under a log that is kept elsewhere: it has what was written when it was flushed last, and knows up to where
/// in the log that goes.
class Tables {
 public:
  /// Ends its views, as Kv does.
  virtual ~Tables() = default;

  /// What a range that is to be erased, and cannot be read whole, means to who erases it.
  enum class Erase : std::uint8_t {
    whole,     ///< nothing is changed
    readable,  ///< the rest of it stays
  };
  /// Applies `batches`, but for what they change in `recent`. `log` writes them into the log and returns the position
  /// behind them; it is called once nothing but a failing disk can keep them from being applied. After an outcome that
  /// is unknown nothing more may be written. Errors: corruption (a range to be erased), those of `log`, io, ….
  [[nodiscard]] virtual Outcome apply(std::span<const Batch* const> batches, Erase erase,
                                      const std::function<Result<std::uint64_t>()>& log) = 0;
  /// The position that was noted last; 0 without one. Errors: corruption, io.
  [[nodiscard]] virtual Result<std::uint64_t> applied() const = 0;
  /// Up to which position everything is in table files.
  [[nodiscard]] virtual std::uint64_t flushed() const = 0;
  /// Begins to write what is in memory to table files, and does not wait for it.
  [[nodiscard]] virtual Result<void> begin_flush() = 0;
  /// Has `call` asked before a table file is made; where it fails none is. `call` must live as long as this.
  virtual void ask_before_tables(std::function<Result<void>()> call) = 0;
  /// Drops the family `recent` with all that an older version has put there. Requires: nobody reads it.
  [[nodiscard]] virtual Result<void> drop_recent() = 0;

  // As Kv and LocalCare.
  [[nodiscard]] virtual Result<std::unique_ptr<View>> view(ServerId server,
                                                           std::initializer_list<Space> spaces) const = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<View>> view_all(Space space) const = 0;
  [[nodiscard]] virtual Result<void> flush() = 0;
  [[nodiscard]] virtual Result<void> compact(Space space) = 0;
  [[nodiscard]] virtual Result<void> compact_erased(Space space, Erased erased) = 0;
  [[nodiscard]] virtual Result<void> drop_before(TimeMs end) = 0;
  [[nodiscard]] virtual Result<void> verify_blocks() const = 0;
  [[nodiscard]] virtual KvSizes sizes() const = 0;
  [[nodiscard]] virtual Result<std::uint64_t> room() const = 0;

  /// A copy of the store, of its log as `log` says. Requires: options.made.
  [[nodiscard]] virtual Result<BackupReport> backup(const std::string& path, const BackupOptions& options,
                                                    const LogCopy& log) = 0;
};

[[nodiscard]] std::unique_ptr<Tables> make_rocks_kv(OpenedRocks opened, KvMode mode);

}  // namespace nines::engine
