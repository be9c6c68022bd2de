// What an open store knows of each server beyond the catalog: where its sealed history ends, and its head.
//
// Locks: `write` serialises the writers of a server and is held over the Kv; several are taken in ascending order of
// id. `view` guards what readers look at and is never held over I/O. `write` comes before `view`.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <vector>

#include <nines/options.h>
#include <nines/server.h>
#include <nines/types.h>

#include "base/mutex.h"
#include "kv/kv.h"
#include "store/cached_days.h"
#include "store/head.h"

namespace nines::engine {

struct ServerState {
  explicit ServerState(ServerId server) : id(server) {}

  const ServerId id;
  /// Whether the fields below tell the truth; false after open and after a fault. Set under `write`.
  std::atomic<bool> loaded{false};
  /// Days of check results that retention keeps, 0 for ever; older results are refused, or they would come and go.
  std::atomic<std::int64_t> keep_days{0};
  /// When the head was last read, in the ticks of StateTable; the least recent is the first to lose it.
  mutable std::atomic<std::uint64_t> used_at{0};

  Mutex write;
  bool removed NINES_GUARDED_BY(write) = false;
  /// Time of the newest sealed result, -1 without one. Every row of `recent` is later.
  std::int64_t watermark_ms NINES_GUARDED_BY(write) = -1;
  /// Time of the newest result, -1 without one.
  std::int64_t last_ms NINES_GUARDED_BY(write) = -1;
  /// Time of the oldest row, -1 without one.
  std::int64_t first_row_ms NINES_GUARDED_BY(write) = -1;
  std::uint32_t rows NINES_GUARDED_BY(write) = 0;  ///< in `recent`; what a resend replaced is counted twice

  mutable Mutex view;
  Head head NINES_GUARDED_BY(view);
  /// The rows that opening found, until the rest is loaded.
  std::vector<SeriesColumns> found_rows NINES_GUARDED_BY(view);
  /// Null, or days that were read before; true as long as nothing is changing and changed_at is not after its
  /// taken_at().
  std::shared_ptr<const CachedDays> days NINES_GUARDED_BY(view);
  /// A write that touches both sides of the head's start is under way.
  bool changing NINES_GUARDED_BY(view) = false;
  /// StateTable::changes() when the history before the head's start, or that start, last changed.
  std::uint64_t changed_at NINES_GUARDED_BY(view) = 0;
};

/// The newest result of `server` in a chunk, and in a row, which is newer when there is one. Errors: corruption, io.
[[nodiscard]] Result<std::optional<CheckResult>> newest_sealed(const Kv& kv, ServerId server);
[[nodiscard]] Result<std::optional<CheckResult>> newest_row(const Kv& kv, ServerId server);

/// All servers' states, by id, and the memory that their heads share.
class StateTable {
 public:
  explicit StateTable(const Options& options) : options_(options) {}

  /// Null for a server that is not there.
  [[nodiscard]] std::shared_ptr<ServerState> find(ServerId id) const;
  void add(ServerId id);
  void remove(ServerId id);
  /// Forgets all that was known, and holds exactly the states of `servers`.
  void reset(std::span<const Server> servers);
  /// Reads all rows of `recent` into the states, in one pass. Errors: corruption, io.
  [[nodiscard]] Result<void> find_rows(const Kv& kv);
  [[nodiscard]] std::vector<std::shared_ptr<ServerState>> all() const;

  /// Reads what `state` has to know from the store, when it does not know it yet. Errors: corruption, io.
  [[nodiscard]] Result<void> ensure_loaded(ServerState& state, const Kv& kv) const NINES_REQUIRES(state.write);

  /// Where the head of a server should begin whose newest result is at `last_ms` and sealed up to `watermark_ms`.
  [[nodiscard]] std::int64_t head_start(std::int64_t last_ms, std::int64_t watermark_ms) const noexcept;
  /// Trims the head of `state` when it reaches much further back than it should.
  void trim_head(ServerState& state) const NINES_REQUIRES(state.write);
  /// Marks `state` as used.
  void touch(const ServerState& state) const noexcept;
  /// Takes memory from the least recently used heads while the budget is exceeded; looks at every server.
  void keep_budget() const;
  /// The same when a state has been loaded since, which is how reading takes memory.
  void keep_budget_after_reading() const;

  /// Makes a server's days ready to be kept; null when the share of the budget is used up.
  [[nodiscard]] std::shared_ptr<const CachedDays> cache_days(DayRange range, std::uint64_t taken_at,
                                                             std::vector<DaySummary> days) const;
  [[nodiscard]] std::size_t cached_days_bytes() const noexcept { return cached_days_bytes_; }

  /// Counts changes to history that readers find on disk; see ServerState::changed_at.
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint64_t count_change() const noexcept {
    return changes_.fetch_add(1, std::memory_order_acq_rel) + 1;
  }

 private:
  const Options& options_;
  mutable std::atomic<std::size_t> cached_days_bytes_{0};  // before the states, whose days count themselves out
  mutable std::shared_mutex mutex_;
  std::vector<std::shared_ptr<ServerState>> states_;  // indexed by id
  mutable std::atomic<std::uint64_t> ticks_{0};
  mutable std::atomic<std::uint64_t> changes_{0};
  mutable std::atomic<bool> grown_{false};
  mutable Mutex budget_mutex_;
};

}  // namespace nines::engine
