// Who begins a flush of an open RocksDB: one at a time, and never RocksDB by itself.
//
// Flushes of several families at once queue up in RocksDB 7.8. When one of them fails while a family that it names has
// been emptied by the one before, Debian's build ends the process (`RollbackMemtableFlush: !mems.empty()`). So its own
// triggers are out of reach (FlushMemory), and whoever wants a flush has it begun here, once nothing is left of the
// last. All families are flushed together and each write has a key in the default one: as long as that has a memtable
// that waits for its table, a flush is under way.
//
// RocksDB chooses the families of a flush first and switches their memtables afterwards. A family that is made in
// between is not flushed, and the default one would say that it is: so families are made in a turn, too. The flush of a
// compaction by hand passes over the families that are empty when they are chosen, and what is written to one in
// between would be lost with a kill: so nobody writes until that flush has begun.
//
// Threads: all members from any thread, those of EventListener from RocksDB's own.
#pragma once

#include <rocksdb/db.h>
#include <rocksdb/listener.h>
#include <rocksdb/write_buffer_manager.h>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "kv/rocksdb/listener.h"

namespace nines::engine {

/// What is gathered in memory between two flushes. It counts and never acts: its own limit is out of reach.
class FlushMemory {
 public:
  /// `bytes` are gathered, beside a block of `arena_bytes` for each family, which may be next to empty.
  FlushMemory(std::size_t bytes, std::size_t arena_bytes);

  /// What RocksDB counts with.
  [[nodiscard]] const std::shared_ptr<rocksdb::WriteBufferManager>& manager() const noexcept { return manager_; }
  /// Whether `families` have gathered enough for a flush.
  [[nodiscard]] bool is_full(std::size_t families) const { return used() >= bytes_ + families * arena_bytes_; }
  /// Whether they have gathered so much that who writes has to wait for the flush under way.
  [[nodiscard]] bool is_overfull(std::size_t families) const {
    return used() >= 2 * (bytes_ + families * arena_bytes_);
  }

 private:
  [[nodiscard]] std::size_t used() const { return manager_->mutable_memtable_memory_usage(); }

  std::size_t bytes_;
  std::size_t arena_bytes_;
  std::shared_ptr<rocksdb::WriteBufferManager> manager_;
};

class FlushLane final : public rocksdb::EventListener {
 public:
  /// `damage` tells of flushes that failed.
  explicit FlushLane(std::shared_ptr<const BackgroundListener> damage) : damage_(std::move(damage)) {}

  using Call = std::function<rocksdb::Status()>;
  /// Makes `call`, which begins a flush of `db` and does not wait for it, unless one is under way or about to begin.
  [[nodiscard]] rocksdb::Status begin(rocksdb::DB& db, const Call& call) NINES_EXCLUDES(mutex_);
  /// Makes `call`, which makes families, while nobody chooses what to flush.
  [[nodiscard]] rocksdb::Status change_families(const Call& call) NINES_EXCLUDES(mutex_);
  /// Makes `call` once nothing else is under way: a flush of `db` that is waited for, of all families. Errors: that of
  /// a flush that failed before.
  [[nodiscard]] rocksdb::Status flush(rocksdb::DB& db, const Call& call) NINES_EXCLUDES(mutex_);
  /// Likewise a compaction by hand, which RocksDB begins with a flush of its own. Others wait until that is over, and
  /// not for the compaction, as long as `call` sees to it that there is something to flush.
  [[nodiscard]] rocksdb::Status compact(rocksdb::DB& db, const Call& call) NINES_EXCLUDES(mutex_);

  /// While it lives its thread may write to the database. Waits while RocksDB chooses what a compaction flushes.
  class Writing {
   public:
    explicit Writing(FlushLane& lane);
    ~Writing();
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    FlushLane& lane_;
  };

  // What RocksDB calls.
  void OnFlushBegin(rocksdb::DB* db, const rocksdb::FlushJobInfo& job) override;
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& job) override;

 private:
  /// Until it is destroyed, or ended by RocksDB's word, no other begins a flush.
  class Turn;
  void end_turn(const Turn* turn) NINES_REQUIRES(mutex_);
  void keep_writers_out(bool out) NINES_EXCLUDES(mutex_);

  const std::shared_ptr<const BackgroundListener> damage_;
  Mutex mutex_;
  std::condition_variable changed_;
  const Turn* holder_ NINES_GUARDED_BY(mutex_) = nullptr;
  /// The flush with which the holder's compaction begins. It is told of once for each family.
  std::optional<int> flush_of_holder_ NINES_GUARDED_BY(mutex_);
  std::size_t writers_ NINES_GUARDED_BY(mutex_) = 0;
  bool writers_wait_ NINES_GUARDED_BY(mutex_) = false;
};

}  // namespace nines::engine
