// The head: the newest results of one server in memory, in the same columns that a chunk decodes to.
//
// It is a cache and nothing more: dropped at any time, rebuilt from the store, and answers are the same without it.
// From `start_ms()` on it is complete. That start never lies beyond what is sealed, so every row of `recent` is here:
// what lies after watermark_ms() is rows, the rest is in chunks, too.
//
// While readers hold a view of a series its columns only grow at their end; whatever else changes makes new columns
// then, so that a view stays as it was.
//
// Threads: not guarded by itself. The server's state holds its view lock around every call; what a view points to may
// be read without the lock, for as long as the view is held.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include <nines/check_result.h>
#include <nines/segment.h>

#include "series/columns.h"
#include "series/cut.h"

namespace nines::engine {

/// The columns of one series in a head, and how many views point into them.
struct HeadSeries {
  SeriesColumns columns;
  mutable std::atomic<std::uint32_t> readers{0};
};

/// Readable parts of a head. Reuses its memory from use to use.
class HeadView {
 public:
  HeadView() = default;
  ~HeadView() { clear(); }
  HeadView(const HeadView&) = delete;
  HeadView& operator=(const HeadView&) = delete;

  [[nodiscard]] std::size_t series_count() const noexcept { return used_; }
  /// The series at `index`, ascending by location.
  [[nodiscard]] const Segment& series(std::size_t index) const noexcept { return series_[index].segment; }
  void clear() noexcept;

 private:
  friend class Head;
  struct Series {
    std::shared_ptr<const HeadSeries> keep;
    Segment segment;
    std::vector<Run> runs;
    std::vector<Detail> details;
    std::vector<std::pair<std::uint32_t, std::string>> texts;
  };
  std::vector<Series> series_;
  std::size_t used_ = 0;
};

class Head {
 public:
  static constexpr std::int64_t kNothing = std::numeric_limits<std::int64_t>::max();

  /// Every result of the server at or after this time is here; kNothing in a head that was never filled.
  [[nodiscard]] std::int64_t start_ms() const noexcept { return start_ms_; }
  /// Time of the newest sealed result, -1 without one.
  [[nodiscard]] std::int64_t watermark_ms() const noexcept { return watermark_ms_; }
  /// Time of the newest result here, -1 without one.
  [[nodiscard]] std::int64_t last_ms() const noexcept { return last_ms_; }
  /// The results after watermark_ms(), and the time of the first of them, -1 without one.
  [[nodiscard]] std::size_t rows() const noexcept { return rows_; }
  [[nodiscard]] std::int64_t first_row_ms() const noexcept { return first_row_ms_; }
  /// The rows up to `time_ms`.
  [[nodiscard]] std::size_t rows_until(std::int64_t time_ms) const noexcept;
  /// Of the series that have rows, the earliest of their newest results' times; -1 without one.
  [[nodiscard]] std::int64_t slowest_ms() const noexcept;
  [[nodiscard]] std::size_t results() const noexcept { return results_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

  /// Empties the head and lets it be complete from `start_ms` on, with everything up to `watermark_ms` sealed.
  /// Requires: 0 <= start_ms <= watermark_ms + 1.
  void reset(std::int64_t start_ms, std::int64_t watermark_ms);
  /// Adds pieces of series without what of them lies before start_ms(). Those of one series follow each other and what
  /// is here in time.
  void extend(std::span<const SeriesColumns> pieces);
  /// Whether `result` is later than all of its series.
  [[nodiscard]] bool accepts(const CheckResult& result) const noexcept;
  /// Adds a result. Requires: accepts() holds.
  void push_back(const CheckResult& result);
  /// Puts one result into its place, replacing its key. Cheap near the end of its series, or when it is there already.
  /// Requires: it does not lie before start_ms().
  void insert(const CheckResult& result);
  /// Puts sorted, unique results into their places, replacing equal keys. Copies the head.
  /// Requires: none of them lies before start_ms().
  void merge(std::span<const CheckResult> results, ServerId server);
  /// Forgets what lies before `start_ms`, which is found on disk from now on.
  /// Requires: start_ms <= watermark_ms() + 1.
  void trim(std::int64_t start_ms);
  /// What lies up to `watermark_ms` is sealed from now on.
  void seal(std::int64_t watermark_ms);
  /// What lies before `end_ms` is nowhere any more, neither here nor on disk.
  void drop(std::int64_t end_ms);

  /// What lies within `bounds`. Series without such results are left out.
  void view(const Bounds& bounds, const Columns& columns, Gaps gaps, HeadView& out) const;
  /// All results at or after `time_ms`, ascending by time, then location.
  [[nodiscard]] std::vector<CheckResult> results_from(std::int64_t time_ms, ServerId server) const;
  /// The newest result of all series; false when there is none.
  [[nodiscard]] bool newest(ServerId server, CheckResult& out) const;

 private:
  [[nodiscard]] std::shared_ptr<HeadSeries>& series_of(LocationId location);
  void cut_before(std::int64_t time_ms);
  void recount();
  void recount_rows();

  std::int64_t start_ms_ = kNothing;
  std::int64_t watermark_ms_ = -1;
  std::int64_t last_ms_ = -1;
  std::int64_t first_row_ms_ = -1;
  std::size_t rows_ = 0;
  std::size_t results_ = 0;
  std::size_t bytes_ = 0;
  std::vector<std::shared_ptr<HeadSeries>> series_;  // ascending by location
};

}  // namespace nines::engine
