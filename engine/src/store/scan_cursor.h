// Reading: cursors over servers' windows, from chunks on disk and from the head in memory.
//
// A cursor takes the head's view and, when the window begins before the head does, a snapshot of the disk that is at
// least as new as the last change to what lies there. Read-only stores have no heads and read rows from disk instead.
//
// Threads: a Scanner from any thread; each cursor from one at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <nines/store.h>

#include "store/kv_handle.h"
#include "store/server_state.h"

namespace nines::engine {

/// The read side's view of a store: what cursors are made of.
struct ReadContext {
  const Handle& handle;
  const StateTable& states;
  bool heads = true;  ///< false in a read-only store
};

/// Cursor over one server at a time; start() again for the next, keeping buffers and, where it is new enough, the
/// snapshot.
class ScanCursor final : public Cursor {
 public:
  ScanCursor(const ReadContext& context, const ScanOptions& options, Gaps gaps)
      : context_(context), options_(options), gaps_(gaps) {}

  /// Positions on `state`'s results in `window`. When `write_held`, the caller holds the state's write lock and the
  /// state is loaded. Errors: unavailable, corruption, io.
  [[nodiscard]] Result<void> start(ServerState& state, Window window, bool write_held = false);
  [[nodiscard]] Result<const Segment*> next() override;
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cost_; }

  /// The time from which on start() found everything in memory.
  [[nodiscard]] std::int64_t head_start_ms() const noexcept { return head_start_ms_; }

 private:
  enum class Phase : std::uint8_t { chunks, rows, head, done };

  [[nodiscard]] Result<void> take_view(ServerState& state, bool write_held);
  [[nodiscard]] bool try_view(const ServerState& state);
  [[nodiscard]] Result<void> take_snapshot();
  [[nodiscard]] bool hand_out();
  [[nodiscard]] Result<void> read_chunk();
  [[nodiscard]] Result<void> read_rows();
  void next_series();

  const ReadContext context_;
  const ScanOptions options_;
  const Gaps gaps_;
  ScanCost cost_;

  // The server and window at hand.
  ServerId server_{};
  Bounds bounds_;
  Phase phase_ = Phase::done;
  HeadView head_;
  std::size_t head_next_ = 0;
  std::int64_t head_start_ms_ = 0;
  std::int64_t disk_end_ms_ = 0;     // disk is read up to here, exclusive
  std::int64_t last_chunk_ms_ = -1;  // newest result of the chunks read
  bool positioned_ = false;

  // The disk as it was when changes() was `taken_at_`; ranges_ after kv_, which they must not outlive.
  std::shared_ptr<Kv> kv_;
  Ranges ranges_;
  std::uint64_t taken_at_ = 0;

  // What is being handed out.
  std::vector<SeriesColumns> decoded_;
  std::size_t decoded_next_ = 0;
  std::vector<Run> runs_;
  std::vector<Detail> details_;
  Segment segment_;
};

/// Calls `work(index)` for each index below `count`, on up to `threads` threads with one `make_worker()` each. Stops at
/// the first error and returns it.
[[nodiscard]] Result<void> for_each_parallel(
    std::size_t count, int threads, const std::function<std::function<Result<void>(std::size_t)>()>& make_worker);

}  // namespace nines::engine
