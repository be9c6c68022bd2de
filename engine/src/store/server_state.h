// What an open store knows of each server beyond the catalog: where its sealed history ends, and its head.
//
// Locks: under `write` a write of the server is prepared and enters the lane (write_lane.h); several are taken in
// ascending order of id. It may be held over reading, and never over writing. `view` guards what readers look at and is
// never held over I/O. `write` comes before `view`.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <nines/options.h>
#include <nines/types.h>

#include "base/mutex.h"
#include "base/utc_day.h"
#include "memory/cached_days.h"
#include "memory/head.h"

namespace nines::engine {

/// What is not sealed of a server, and where its sealed history ends.
struct Unsealed {
  std::size_t rows = 0;
  TimeMs first_row = kBeforeAll;  ///< kBeforeAll without a row
  TimeMs last = kBeforeAll;       ///< of the newest result, sealed or not; kBeforeAll without one
  TimeMs watermark = kBeforeAll;  ///< of the newest sealed result, kBeforeAll without one; every row is later
};

/// One server in an open store. All that moves its history goes through the operations below, each of which follows a
/// write that has done the same on disk, and keeps what FORMAT.md says always holds: every row is in the head, rows are
/// later than everything sealed, and a day's summary is known of before results can reach the day.
class ServerState {
 public:
  explicit ServerState(ServerId server) : id(server) {}

  const ServerId id;
  /// Days of check results that retention keeps, 0 for ever; older results are refused, or they would come and go.
  std::atomic<std::chrono::days> keep_days{};
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
  [[nodiscard]] TimeMs sealing_to() const NINES_REQUIRES(write) NINES_EXCLUDES(view);
  void begin_seal(TimeMs watermark) NINES_REQUIRES(write) { sealing_to_ = watermark; }
  /// Whether a later result than those of `day` is there or on its way; readers may keep such a day's
  /// summary in memory.
  [[nodiscard]] bool is_past(UtcDay day) const NINES_REQUIRES(write) { return day < day_of(newest_); }
  void begin_append(TimeMs last) NINES_REQUIRES(write) { newest_ = std::max(newest_, last); }

  // --- What has been written; all but load() and forget() require loaded(). ---
  [[nodiscard]] Unsealed unsealed() const NINES_EXCLUDES(view);
  /// Head::rows_until().
  [[nodiscard]] std::size_t rows_until(TimeMs time) const NINES_EXCLUDES(view);
  /// Head::slowest_ms().
  [[nodiscard]] TimeMs slowest() const NINES_EXCLUDES(view);
  /// The results that are rows, ascending by time, then location.
  [[nodiscard]] std::vector<CheckResult> rows() const NINES_EXCLUDES(view);
  /// Whether a summary of `day` may be stored; what changes such a day has to erase it.
  [[nodiscard]] bool may_have_summary(UtcDay day) const noexcept { return day < summaries_end_.load(); }

  /// Begins with what the disk holds: `head` with its watermark, and no summary of the day `summaries_end` or later.
  void load(Head head, UtcDay summaries_end, std::uint64_t change) NINES_REQUIRES(write) NINES_EXCLUDES(view);
  /// Rows were read, and what else is needed could not be: they are here for the next attempt.
  void keep_rows(std::vector<SeriesColumns> rows) NINES_REQUIRES(write) NINES_EXCLUDES(view);
  /// What is known is not valid any more: it is loaded anew before the next use.
  void forget(std::uint64_t change) NINES_EXCLUDES(view);
  /// The same of all but the rows, which are `rows` now, sorted and unique.
  void forget_sealed(std::span<const CheckResult> rows, std::uint64_t change) NINES_EXCLUDES(view);
  /// `results`, ascending by time, have been stored: those after the watermark as rows, the others in chunks.
  void append(std::span<const CheckResult* const> results) NINES_EXCLUDES(view);
  /// Results have been sealed directly, and with them all rows up to `watermark`: of those, the head is to hold
  /// `newest`, sorted and unique, and need not begin before `start`.
  void load_sealed(std::span<const CheckResult> newest, TimeMs watermark, TimeMs start, std::uint64_t change)
      NINES_EXCLUDES(view);
  /// The rows up to `watermark` have been sealed.
  void seal(TimeMs watermark) NINES_EXCLUDES(view);
  /// All results before `end` have been erased.
  void drop(TimeMs end) NINES_EXCLUDES(view);
  /// A summary of `day` is about to be stored.
  void expect_summary(UtcDay day) NINES_REQUIRES(write);
  /// Gives up the head's memory before `start`, or before what is not sealed when that is earlier.
  void trim(TimeMs start, std::uint64_t change) NINES_EXCLUDES(view);

 private:
  friend class HistoryChange;
  void check() const NINES_REQUIRES(view);
  void forget_locked(std::uint64_t change) NINES_REQUIRES(view);
  void read_again_locked() NINES_REQUIRES(view);
  void set_rows_locked(RowsAt at, std::vector<SeriesColumns> rows) NINES_REQUIRES(view);

  std::atomic<bool> loaded_{false};
  std::atomic<std::uint64_t> generation_{0};
  TimeMs sealing_to_ NINES_GUARDED_BY(write) = kBeforeAll;
  TimeMs newest_ NINES_GUARDED_BY(write){};
  /// No summary of this day or a later one is stored.
  std::atomic<UtcDay> summaries_end_{};
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
