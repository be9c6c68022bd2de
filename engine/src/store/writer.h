// Everything that changes check results: appending, bulk loading, sealing, retention, removal.
//
// A result later than the server's watermark becomes a row of `recent`; an earlier one is folded into its chunk at
// once. When a server has enough rows, all but the newest are sealed: made chunks and erased, in one batch.
// A day summary exists only while it is true: whatever changes a day that has one erases it in the same batch.
//
// Each change is prepared under its server's lock, enters the lane under it, and waits there without it (write_lane.h).
// What rests on chunks or rows that are on their way in the lane waits for them first.
//
// Threads: all members from any thread; callers hold no lock of the store.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nines/check_result.h>
#include <nines/options.h>
#include <nines/store.h>

#include "store/feed_hub.h"
#include "store/kv_handle.h"
#include "store/seal_policy.h"
#include "store/state_table.h"
#include "store/write_lane.h"

namespace nines::engine {

/// The days before which a server keeps nothing; the first of all where it keeps everything.
struct DropBefore {
  UtcDay checks{};
  UtcDay summaries{};
};

class Writer {
 public:
  /// Notes that a server's results may have intervals up to so many milliseconds.
  using NoteInterval = std::function<Result<void>(ServerState& state, std::uint32_t interval_ms)>;

  /// `note_interval` is called with no lock held, before a result with a longer interval than ever enters the lane.
  /// `feeds` are told of what was appended.
  Writer(Handle& handle, WriteLane& lane, StateTable& states, FeedHub& feeds, const Options& options,
         NoteInterval note_interval)
      : handle_(handle),
        lane_(lane),
        states_(states),
        feeds_(feeds),
        options_(options),
        policy_(options.performance.seal_rows, std::max(options.performance.head_bytes / 2, kLeastRowsBytes)),
        note_interval_(std::move(note_interval)) {}

  /// As Store::append, load.
  [[nodiscard]] Result<void> append(std::span<const CheckResult> results, Durability durability);
  [[nodiscard]] Result<std::vector<Rejected>> append_each(std::span<const CheckResult> results, Durability durability);
  [[nodiscard]] Result<void> load(ServerId server, std::span<const CheckResult> results);
  /// Seals all rows of all servers; `settled`: as if the current day were over, too.
  [[nodiscard]] Result<void> seal_all(bool settled = false);
  /// Drops what lies before these days. True when something was dropped.
  [[nodiscard]] Result<bool> drop_days(ServerId server, DropBefore before);
  /// Erases the results in `window`, of all locations or of one. Returns how many there were.
  [[nodiscard]] Result<std::uint64_t> erase(ServerId server, Window window, std::optional<LocationId> location);
  /// Stores `mark`, a batch of `server` that says that it is removed, drops the server's state and erases its history
  /// and the mark. Once the mark is stored it succeeds; what could not be erased is left to sweep().
  [[nodiscard]] Result<void> drop_server(ServerId server, const Batch& mark);
  /// Erases what is left of a server that is marked as removed, the mark last. Errors: io, corruption, ….
  [[nodiscard]] Result<void> sweep(ServerId server);

  [[nodiscard]] std::uint64_t appended() const noexcept { return appended_; }
  [[nodiscard]] std::uint64_t sealed_chunks() const noexcept { return sealed_chunks_; }

 private:
  /// The results of one server in an append, ascending by time, in the order of the append where times are equal.
  struct Group {
    std::shared_ptr<ServerState> state;
    std::span<const CheckResult* const> results;
    std::vector<CheckResult> late;  // what has to be folded into chunks
    bool hurt = false;              // late ones become rows, as the newest chunk cannot be read
  };
  /// What of an erasure goes into one batch.
  struct ErasePiece {
    TimeMs from{};
    TimeMs end{};  // after it, what comes next
    std::uint64_t results = 0;
  };
  /// What of a load goes into one batch.
  struct LoadPiece {
    std::size_t results = 0;          // taken from the load
    TimeMs last = kBeforeAll;         // of all that the batch seals
    std::vector<CheckResult> newest;  // what the head is to hold of it
  };
  /// Adds what is to be written to a change of a loaded server that nothing else is on its way for.
  using Prepare = std::function<Result<void>(const Kv& kv, LaneChange& change)>;

  [[nodiscard]] Result<void> validate(std::span<const CheckResult> results) const;
  [[nodiscard]] Result<void> check_kept(const ServerState& state, const CheckResult& oldest) const;
  /// What has to be noted before results of these intervals may be stored.
  [[nodiscard]] Result<void> note_longest(ServerState& state, std::uint32_t interval_ms) const {
    return interval_ms <= state.longest_interval_ms ? Result<void>{} : note_interval_(state, interval_ms);
  }
  /// Writes what `prepare` adds; nothing when that is nothing.
  [[nodiscard]] Result<void> write(ServerState& state, Durability durability, const Prepare& prepare);
  /// Writes each group by itself; `outcomes` gets theirs.
  void write_groups(std::span<Group> groups, Durability durability, std::span<Result<void>> outcomes);
  [[nodiscard]] Result<void> append_piece(std::span<const CheckResult> results, Durability durability);
  [[nodiscard]] Result<void> append_groups(std::span<Group> groups, Durability durability);
  [[nodiscard]] Result<void> prepare_append(Group& group, LaneChange& change);
  void publish(Group& group);
  /// Erases the summaries of the days of `results` that may have one.
  static void erase_summaries(const ServerState& state, std::span<const CheckResult> results, Batch& batch);
  [[nodiscard]] Result<void> prepare_piece(const Kv& kv, std::span<const CheckResult> results, LoadPiece& piece,
                                           LaneChange& change);
  [[nodiscard]] Result<void> load_day(const Kv& kv, ServerState& state, std::span<const CheckResult> day, bool closed,
                                      Batch& batch) NINES_REQUIRES(state.write);
  [[nodiscard]] Result<void> prepare_erase(const Kv& kv, std::optional<LocationId> location, ErasePiece& piece,
                                           LaneChange& change);
  [[nodiscard]] Result<void> erase_history(const Kv& kv, ServerState& state, DropBefore before, Batch& batch)
      NINES_REQUIRES(state.write);
  /// Up to where the rows of a server are to be sealed now; before all of them when they need not be.
  [[nodiscard]] TimeMs seal_end(const ServerState& state) const;
  [[nodiscard]] UtcDay open_day(const ServerState& state) const;
  [[nodiscard]] Result<void> prepare_seal(const Kv& kv, TimeMs up_to, UtcDay open_day, LaneChange& change);
  [[nodiscard]] Result<void> seal_if_due(ServerState& state);
  /// Erases all rows up to `up_to`, inclusive.
  static void erase_rows(ServerId server, TimeMs up_to, Batch& batch);
  void shorten_log(std::size_t results);
  [[nodiscard]] Result<void> prepare_shorten(const Kv& kv, LaneChange& change);
  void after_append(std::size_t results);

  Handle& handle_;
  WriteLane& lane_;
  StateTable& states_;
  FeedHub& feeds_;
  const Options& options_;
  /// Rows take a half of the heads' budget, and with a small one as much as RocksDB's memory.
  static constexpr std::size_t kLeastRowsBytes = 16U << 20U;
  const SealPolicy policy_;
  const NoteInterval note_interval_;
  std::atomic<std::uint64_t> appended_{0};
  std::atomic<std::uint64_t> sealed_chunks_{0};
  std::atomic<std::size_t> shorten_due_{0};
  Mutex shortening_;  // of who asks which servers hold the log
};

}  // namespace nines::engine
