// All servers' states, by id: where they come from when a store is opened, and the memory that they share.
//
// Locks: as store/server_state.h says.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <nines/options.h>
#include <nines/server.h>
#include <nines/types.h>

#include "base/mutex.h"
#include "kv/kv.h"
#include "store/server_state.h"

namespace nines::engine {

/// The newest result of `server` in a chunk, and in a row, which is newer when there is one. Damaged chunks are passed
/// over. Errors: corruption, where none can be read; io.
[[nodiscard]] Result<std::optional<CheckResult>> newest_sealed(const Kv& kv, ServerId server);
[[nodiscard]] Result<std::optional<CheckResult>> newest_row(const Kv& kv, ServerId server);

/// All servers' states, by id, and the memory that their heads share.
class StateTable {
 public:
  explicit StateTable(const Options& options) : options_(options) {}

  /// Null for a server that is not there.
  [[nodiscard]] std::shared_ptr<ServerState> find(ServerId id) const;
  /// Makes a state for a server, unless it has one: a reopening may have come first.
  void add(ServerId id);
  void remove(ServerId id);
  /// Forgets all that was known, and holds exactly the states of `servers`.
  void reset(std::span<const Server> servers);
  /// Finds the rows of `recent` of all servers: where the Kv has them at hand they stay there until their server is
  /// loaded, else they are read in one pass. Errors: corruption, io.
  [[nodiscard]] Result<void> find_rows(Kv& kv);
  [[nodiscard]] std::vector<std::shared_ptr<ServerState>> all() const;
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

  /// Reads what `state` has to know from the store, when it does not know it yet. Its head gets nothing but the rows
  /// once the budget is used up: after opening, one scan of all servers would bring in every head. Errors: corruption,
  /// io.
  [[nodiscard]] Result<void> ensure_loaded(ServerState& state, Kv& kv) const NINES_REQUIRES(state.write);

  /// Where the head of a server should begin whose newest result is at `last_ms` and sealed up to `watermark_ms`.
  [[nodiscard]] std::int64_t head_start(std::int64_t last_ms, std::int64_t watermark_ms) const noexcept;
  /// Trims the head of `state` when it reaches much further back than it should.
  void trim_head(ServerState& state) const;
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
  [[nodiscard]] Result<void> load_sealed(ServerState& state, View& view, const std::vector<SeriesColumns>& rows) const
      NINES_REQUIRES(state.write);

  const Options& options_;
  mutable std::atomic<std::size_t> cached_days_bytes_{0};  // before the states, whose days count themselves out
  mutable SharedMutex mutex_;
  std::vector<std::shared_ptr<ServerState>> states_ NINES_GUARDED_BY(mutex_);  // indexed by id
  std::atomic<std::size_t> size_{0};                                           // of those that are there
  mutable std::atomic<std::uint64_t> ticks_{0};
  mutable std::atomic<std::uint64_t> changes_{0};
  mutable std::atomic<bool> grown_{false};
  /// What the heads took when they were last looked at, and those that have been loaded since.
  mutable std::atomic<std::size_t> heads_bytes_{0};
  mutable Mutex budget_mutex_;
};

/// A write of a server on its way through the lane. While one is that touches what readers find on disk (chunks,
/// summaries, erased history), they wait for it, and what they have read before counts as old.
class HistoryChange {
 public:
  HistoryChange(ServerState& state, const StateTable& states, bool past) NINES_EXCLUDES(state.view);
  ~HistoryChange();
  HistoryChange(HistoryChange&& other) noexcept
      : state_(std::exchange(other.state_, nullptr)), states_(other.states_), past_(other.past_) {}
  HistoryChange& operator=(HistoryChange&&) = delete;

 private:
  ServerState* state_;
  const StateTable* states_;
  bool past_;
};

}  // namespace nines::engine
