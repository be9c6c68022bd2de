// What an open store knows of each server beyond the catalog: where its sealed history ends, and its head.
//
// Locks: under `write` a write of the server is prepared and enters the lane (write_lane.h); several are taken in
// ascending order of id. It may be held over reading, and never over writing. `view` guards what readers look at and is
// never held over I/O. `write` comes before `view`.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <nines/options.h>
#include <nines/types.h>

#include "base/mutex.h"
#include "memory/cached_days.h"
#include "memory/head.h"

namespace nines::engine {

/// What is not sealed of a server, and where its sealed history ends.
struct Unsealed {
  std::size_t rows = 0;
  std::int64_t first_row_ms = -1;  ///< -1 without a row
  std::int64_t last_ms = -1;       ///< time of the newest result, sealed or not; -1 without one
  std::int64_t watermark_ms = -1;  ///< time of the newest sealed result, -1 without one; every row is later
};

/// One server in an open store. All that moves its history goes through the operations below, each of which follows a
/// write that has done the same on disk, and keeps what FORMAT.md says always holds: every row is in the head, rows are
/// later than everything sealed, and a day's summary is known of before results can reach the day.
class ServerState {
 public:
  explicit ServerState(ServerId server) : id(server) {}

  const ServerId id;
  /// Days of check results that retention keeps, 0 for ever; older results are refused, or they would come and go.
  std::atomic<std::int64_t> keep_days{0};
  /// No result that is stored or enters the lane has a longer interval of its own, where `interval_known`; else none
  /// that was appended since the store was opened. Both only change under the catalog's lock.
  std::atomic<std::uint32_t> longest_interval_ms{0};
  std::atomic<bool> interval_known{false};
  /// When the head was last read, in the ticks of StateTable; the least recent is the first to lose it.
  mutable std::atomic<std::uint64_t> used_at{0};

  Mutex write;
  /// Set under `write`, once the history is gone; its cursors say `not_found` from then on.
  std::atomic<bool> removed{false};

  mutable Mutex view;
  /// Where the rows are until the rest is loaded.
  enum class RowsAt : std::uint8_t {
    disk,  ///< to be read through a view
    kv,    ///< the Kv has them at hand (LocalCare::take_rows)
    here,  ///< in found_rows
  };
  RowsAt rows_at NINES_GUARDED_BY(view) = RowsAt::disk;
  std::vector<SeriesColumns> found_rows NINES_GUARDED_BY(view);
  /// How many the Kv has, and their memory.
  std::size_t kv_rows NINES_GUARDED_BY(view) = 0;
  std::size_t kv_row_bytes NINES_GUARDED_BY(view) = 0;
  /// Null, or days that were read before; true as long as nothing is changing and changed_at is not after its
  /// taken_at().
  std::shared_ptr<const CachedDays> days NINES_GUARDED_BY(view);
  /// Likewise, from the first day of all to the server's first.
  std::shared_ptr<const CachedDays> first_day NINES_GUARDED_BY(view);

  /// Whether what follows is valid; false after open and after a fault.
  [[nodiscard]] bool loaded() const noexcept { return loaded_.load(std::memory_order_acquire); }
  /// Counts forget(): what was prepared under an earlier generation rests on what may not be true any more.
  [[nodiscard]] std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

  // --- For readers. ---
  [[nodiscard]] const Head& head() const NINES_REQUIRES(view) { return head_; }
  /// Whether the disk agrees with a snapshot of the disk taken at `taken_at` (StateTable::changes()) in what the head
  /// does not hold.
  [[nodiscard]] bool unchanged_since(std::uint64_t taken_at) const NINES_REQUIRES(view) {
    return changing_ == 0 && changed_at_ <= taken_at;
  }
  [[nodiscard]] bool changing() const NINES_REQUIRES(view) { return changing_ > 0; }

  // --- For who prepares a write. ---
  /// Waits until what has entered the lane is done. Nothing is under way then, as long as the caller keeps `write`.
  void settle() NINES_REQUIRES(write) NINES_EXCLUDES(view);
  /// Results up to here may be sealed or are about to be; what lies there is folded, after settle().
  [[nodiscard]] std::int64_t sealing_to_ms() const NINES_REQUIRES(write) NINES_EXCLUDES(view);
  void begin_seal(std::int64_t watermark_ms) NINES_REQUIRES(write) { sealing_to_ms_ = watermark_ms; }
  /// Whether a later result than those of the UTC day `day` is there or on its way; readers may keep such a day's
  /// summary in memory.
  [[nodiscard]] bool is_past(std::int64_t day) const NINES_REQUIRES(write) { return day < utc_day(newest_ms_); }
  void begin_append(std::int64_t last_ms) NINES_REQUIRES(write) { newest_ms_ = std::max(newest_ms_, last_ms); }

  // --- What has been written; all but load() and forget() require loaded(). ---
  [[nodiscard]] Unsealed unsealed() const NINES_EXCLUDES(view);
  /// Head::rows_until().
  [[nodiscard]] std::size_t rows_until(std::int64_t time_ms) const NINES_EXCLUDES(view);
  /// Head::slowest_ms().
  [[nodiscard]] std::int64_t slowest_ms() const NINES_EXCLUDES(view);
  /// The results that are rows, ascending by time, then location.
  [[nodiscard]] std::vector<CheckResult> rows() const NINES_EXCLUDES(view);
  /// Whether a summary of the UTC day `day` may be stored; what changes such a day has to erase it.
  [[nodiscard]] bool may_have_summary(std::int64_t day) const noexcept { return day < summaries_end_; }

  /// Begins with what the disk holds: `head` with its watermark, and no summary of the day `summaries_end` or later.
  void load(Head head, std::int64_t summaries_end, std::uint64_t change) NINES_REQUIRES(write) NINES_EXCLUDES(view);
  /// Rows were read, and what else is needed could not be: they are here for the next attempt.
  void keep_rows(std::vector<SeriesColumns> rows) NINES_REQUIRES(write) NINES_EXCLUDES(view);
  /// What is known is not valid any more: it is loaded anew before the next use.
  void forget(std::uint64_t change) NINES_EXCLUDES(view);
  /// The same of all but the rows, which are `rows` now, sorted and unique.
  void forget_sealed(std::span<const CheckResult> rows, std::uint64_t change) NINES_EXCLUDES(view);
  /// `results`, ascending by time, have been stored: those after the watermark as rows, the others in chunks.
  void append(std::span<const CheckResult* const> results) NINES_EXCLUDES(view);
  /// Results have been sealed directly, and with them all rows up to `watermark_ms`: of those, the head is to hold
  /// `newest`, sorted and unique, and need not begin before `start_ms`.
  void load_sealed(std::span<const CheckResult> newest, std::int64_t watermark_ms, std::int64_t start_ms,
                   std::uint64_t change) NINES_EXCLUDES(view);
  /// The rows up to `watermark_ms` have been sealed.
  void seal(std::int64_t watermark_ms) NINES_EXCLUDES(view);
  /// All results before `end_ms` have been erased.
  void drop(std::int64_t end_ms) NINES_EXCLUDES(view);
  /// A summary of `day` is about to be stored.
  void expect_summary(std::int64_t day) NINES_REQUIRES(write);
  /// Gives up the head's memory before `start_ms`, or before what is not sealed when that is earlier.
  void trim(std::int64_t start_ms, std::uint64_t change) NINES_EXCLUDES(view);

 private:
  friend class HistoryChange;
  void check() const NINES_REQUIRES(view);
  void forget_locked(std::uint64_t change) NINES_REQUIRES(view);
  void read_again_locked() NINES_REQUIRES(view);
  void set_rows_locked(RowsAt at, std::vector<SeriesColumns> rows) NINES_REQUIRES(view);

  std::atomic<bool> loaded_{false};
  std::atomic<std::uint64_t> generation_{0};
  std::int64_t sealing_to_ms_ NINES_GUARDED_BY(write) = -1;
  std::int64_t newest_ms_ NINES_GUARDED_BY(write) = 0;
  /// No summary of this UTC day or a later one is stored.
  std::atomic<std::int64_t> summaries_end_{0};
  Head head_ NINES_GUARDED_BY(view);
  /// Writes in the lane, and whether somebody waits for the last of them.
  std::atomic<int> pending_{0};
  std::atomic<bool> settling_{false};
  /// Those of them that touch what readers find on disk.
  int changing_ NINES_GUARDED_BY(view) = 0;
  std::condition_variable settled_;
  /// StateTable::changes() when the history before the head's start, or that start, last changed.
  std::uint64_t changed_at_ NINES_GUARDED_BY(view) = 0;
};

}  // namespace nines::engine
