// Reading: cursors over servers' windows, from chunks on disk and from the head in memory.
//
// A cursor takes the head's view and, when the window begins before the head does, a snapshot of the disk that is at
// least as new as the last change to what lies there. Read-only stores have no heads and read rows from disk instead.
//
// Threads: each cursor from one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <nines/store.h>

#include "store/intact_range.h"
#include "store/store_core.h"

namespace nines::engine {

/// Cursor over one server at a time; start() again for the next, keeping buffers and, where it is new enough, the
/// snapshot.
class ScanCursor final : public Cursor {
 public:
  ScanCursor(std::shared_ptr<const StoreCore> core, const ScanOptions& options, Gaps gaps)
      : core_(std::move(core)), options_(options), gaps_(gaps) {}
  ~ScanCursor() override;
  ScanCursor(const ScanCursor&) = delete;
  ScanCursor& operator=(const ScanCursor&) = delete;

  enum class Writers : std::uint8_t {
    go_on,
    wait,  ///< the caller holds the server's write lock, and nothing of it is in the lane
  };
  /// Positions on the results of a server in `window`. Errors: closed, unavailable, corruption, io.
  [[nodiscard]] Result<void> start(std::shared_ptr<ServerState> of_server, Window window,
                                   Writers writers = Writers::go_on);
  [[nodiscard]] Result<const Segment*> next() override;
  [[nodiscard]] std::span<const Hole> holes() const noexcept override { return holes_; }
  [[nodiscard]] const ScanCost& cost() const noexcept override { return cost_; }

  /// The time from which on start() found everything in memory.
  [[nodiscard]] std::int64_t head_start_ms() const noexcept { return head_start_ms_; }

 private:
  enum class Phase : std::uint8_t { chunks, rows, head, done };

  [[nodiscard]] Result<void> check_readable() const;
  [[nodiscard]] Result<const Segment*> read_next();
  [[nodiscard]] Result<void> take_view(Writers writers);
  [[nodiscard]] bool try_view();
  [[nodiscard]] Result<void> take_snapshot();
  [[nodiscard]] Result<void> look_at_disk();
  [[nodiscard]] bool has_snapshot() const { return view_ != nullptr && !view_->is_over(); }
  [[nodiscard]] bool hand_out();
  [[nodiscard]] Result<void> read_chunk();
  [[nodiscard]] Result<void> take_chunk();
  [[nodiscard]] Result<void> damaged(std::int64_t begin_ms, std::int64_t end_ms, Error error);
  [[nodiscard]] Result<void> damaged(IntactRange::Skipped skipped);
  [[nodiscard]] Result<void> read_rows();
  void next_series();

  const std::shared_ptr<const StoreCore> core_;  // first: the rest may refer to it
  const ScanOptions options_;
  const Gaps gaps_;
  ScanCost cost_;

  // The server and window at hand.
  std::shared_ptr<ServerState> state_;
  Bounds bounds_;
  Phase phase_ = Phase::done;
  HeadView head_;
  std::size_t head_next_ = 0;
  std::int64_t head_start_ms_ = 0;
  std::int64_t disk_end_ms_ = 0;     // disk is read up to here, exclusive
  std::int64_t last_chunk_ms_ = -1;  // newest result of the chunks read

  // The disk as it was when changes() was `taken_at_`.
  std::unique_ptr<View> view_;
  std::optional<IntactRange> checks_;  // of view_, once it is positioned
  bool on_chunk_ = false;              // checks_ stands on a chunk that was not taken, as damage lay before it
  std::uint64_t taken_at_ = 0;

  std::vector<Hole> holes_;
  std::optional<Error> failed_;  // no damage, and said again at each call

  // What is being handed out.
  std::vector<SeriesColumns> decoded_;
  std::size_t decoded_next_ = 0;
  std::vector<Run> runs_;
  std::vector<Detail> details_;
  Segment segment_;
};

}  // namespace nines::engine
