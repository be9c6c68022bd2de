// Everything that changes check results: appending, bulk loading, sealing, retention, removal.
//
// A result later than the server's watermark becomes a row of `recent`; an earlier one is folded into its chunk at
// once. When a server has enough rows, all but the newest are sealed: folded into chunks and erased, in one batch.
// A day summary exists only while it is true: whatever changes a day that has one erases it in the same batch.
//
// Threads: all members from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <nines/check_result.h>
#include <nines/options.h>

#include "store/kv_handle.h"
#include "store/server_state.h"

namespace nines::engine {

class Writer {
 public:
  Writer(Handle& handle, StateTable& states, const Options& options)
      : handle_(handle), states_(states), options_(options) {}

  /// As Store::append, load.
  [[nodiscard]] Result<void> append(std::span<const CheckResult> results, Durability durability);
  [[nodiscard]] Result<void> load(ServerId server, std::span<const CheckResult> results);
  /// Seals all rows of all servers.
  [[nodiscard]] Result<void> seal_all();
  /// Drops the results before the UTC day `checks_day` and the summaries before `summaries_day`. True when something
  /// was dropped.
  [[nodiscard]] Result<bool> drop_days(ServerId server, std::int64_t checks_day, std::int64_t summaries_day);
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
    bool changes_past = false;      // chunks or summaries that readers may have a snapshot of
    Batch batch;
  };

  [[nodiscard]] Result<void> validate(std::span<const CheckResult> results) const;
  [[nodiscard]] Result<void> check_kept(const ServerState& state, const CheckResult& oldest) const;
  [[nodiscard]] Result<void> append_groups(std::span<Group> groups, Durability durability);
  [[nodiscard]] Result<void> add_to_batch(const Kv& kv, Group& group);
  /// Erases the summaries of the days of `results` that may have one.
  static void erase_summaries(const ServerState& state, std::span<const CheckResult> results, Batch& batch)
      NINES_REQUIRES(state.write);
  [[nodiscard]] Result<void> load_locked(Kv& kv, ServerState& state, std::span<const CheckResult> results)
      NINES_REQUIRES(state.write);
  [[nodiscard]] Result<void> load_day(const Kv& kv, ServerState& state, std::span<const CheckResult> day, bool closed,
                                      Batch& batch) NINES_REQUIRES(state.write);
  [[nodiscard]] Result<void> erase_history(const Kv& kv, ServerState& state, std::int64_t checks_end_ms,
                                           std::int64_t summaries_end, Batch& batch) NINES_REQUIRES(state.write);
  /// Writes a batch of `state`'s server; after an unknown outcome the state has to be loaded anew.
  [[nodiscard]] Result<void> write(Kv& kv, ServerState& state, const Batch& batch, Durability durability)
      NINES_REQUIRES(state.write);
  [[nodiscard]] Result<void> seal(Kv& kv, ServerState& state, std::int64_t up_to_ms) NINES_REQUIRES(state.write);
  [[nodiscard]] Result<void> seal_if_due(Kv& kv, ServerState& state) NINES_REQUIRES(state.write);
  void after_append(std::size_t results);

  Handle& handle_;
  StateTable& states_;
  const Options& options_;
  std::atomic<std::uint64_t> appended_{0};
  std::atomic<std::uint64_t> sealed_chunks_{0};
};

}  // namespace nines::engine
