// The one way by which anything is written: a queue whose first waiter writes for all who wait behind it.
//
// A write is prepared under the locks of its servers, enters the lane under them, and lets go of them before it waits.
// So the lane's order is each server's order, however many callers wait for one write of the log and one sync; and
// nobody waits for the disk while holding a lock. When a write was applied it is published, in the lane's order, before
// its caller goes on.
//
// After a failed write nothing more reaches that Kv: what waits behind it, prepared on a state that may not be true any
// more, is refused and has changed nothing.
//
// Threads: all members from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "kv/kv.h"
#include "store/kv_handle.h"
#include "store/state_table.h"

namespace nines::engine {

/// A batch in the lane.
struct LaneChange {
  /// A change that rests on nothing that is known of its server.
  explicit LaneChange(ServerId server) : batch(server) {}
  /// Requires: `of` lives until the change has its outcome.
  explicit LaneChange(ServerState& of) : state(&of), generation(of.generation()), batch(of.id) {}

  ServerState* state = nullptr;
  std::uint64_t generation = 0;  ///< ServerState::generation() when what it rests on was read
  bool past = false;             ///< whether it touches chunks or summaries
  Batch batch;
  std::function<void()> publish;  ///< called once when the batch was applied; may be empty
  Outcome outcome;
  bool outdated = false;  ///< not applied because its state was forgotten meanwhile; it may be prepared again

 private:
  friend class WriteLane;
  std::optional<HistoryChange> in_flight_;
};

class WriteLane {
 public:
  /// A place in the lane.
  class Turn {
   public:
    /// `changes` of different servers.
    Turn(std::span<LaneChange> changes, Durability durability) : changes_(changes), durability_(durability) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    friend class WriteLane;
    /// Without changes it makes durable what others have written.
    [[nodiscard]] bool flushes() const noexcept { return changes_.empty(); }

    const std::span<LaneChange> changes_;
    const Durability durability_;
    bool done_ = false;  // under the lane's lock
    Result<void> flushed_;
    std::condition_variable ready_;
  };

  WriteLane(Handle& handle, const StateTable& states);

  /// Takes the next place. Requires: the caller holds the write locks of the changes' states, and calls wait() once it
  /// has let go of them.
  void enter(Turn& turn) NINES_EXCLUDES(mutex_);
  /// Returns when each change of `turn` has its outcome.
  void wait(Turn& turn) NINES_EXCLUDES(mutex_);
  /// The same for what can be left undone: false when the turn had to wait so long behind the writes of others. Then it
  /// has left the lane, and nothing was written.
  [[nodiscard]] bool wait_for(Turn& turn, std::chrono::milliseconds most) NINES_EXCLUDES(mutex_);

  /// Both, for one change that needs no lock or whose lock its caller may keep. Errors as Outcome.
  [[nodiscard]] Result<void> write(LaneChange& change, Durability durability);
  /// Makes everything that was written so far durable at `disk`.
  [[nodiscard]] Result<void> flush();
  /// Changes that were applied so far.
  [[nodiscard]] std::uint64_t applied() const noexcept { return applied_.load(std::memory_order_acquire); }

 private:
  /// A change of the group at hand, and the index of the batch that it was written in.
  struct Part {
    LaneChange* change;
    std::size_t written;
  };
  void gather_group() NINES_REQUIRES(mutex_);
  void lead();
  void write_group();
  void write_parts(Durability durability);
  static void publish(LaneChange& change);
  void finish();

  Handle& handle_;
  const StateTable& states_;
  Mutex mutex_;
  std::deque<Turn*> queue_ NINES_GUARDED_BY(mutex_);
  bool leading_ NINES_GUARDED_BY(mutex_) = false;

  std::atomic<std::uint64_t> applied_{0};

  // Of whoever leads, alone; kept for their memory.
  std::vector<Turn*> group_;
  std::vector<Part> parts_;
  std::vector<const Batch*> batches_;
  std::vector<Outcome> outcomes_;
  bool written_ = false;  // whether the log may have what the group writes
};

}  // namespace nines::engine
