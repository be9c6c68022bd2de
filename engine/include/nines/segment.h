// What a scan hands out: columns of check results, and the runs of equal judgement over them.
//
// A series is the results of one server from one location, ascending in time. A Segment is a consecutive piece of a
// series. Its spans point into the store's memory or the cursor's buffers; nothing is copied for the caller.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <nines/check_result.h>
#include <nines/types.h>

namespace nines {

/// A maximal stretch of consecutive results of one series that agree in everything below, and in which no two
/// neighbours are more than 2.5 intervals apart. An outage, or a month without one, is a single run; who needs
/// states over time walks runs, not results.
struct Run {
  std::uint32_t begin = 0;        ///< index of the first result in the segment
  std::uint32_t end = 0;          ///< one past the last
  std::int64_t first_ms = 0;      ///< time of the first result
  std::int64_t last_ms = 0;       ///< time of the last result
  std::uint32_t max_gap_ms = 0;   ///< no two neighbours are further apart; exact unless the scan's window cut the run
  std::uint32_t interval_ms = 0;  ///< CheckResult::interval_ms
  std::uint16_t code = 0;
  State state = State::unknown;
  ErrorClass error = ErrorClass::none;
  bool retry = false;
  bool has_latency = false;  ///< every result of the run has a latency, or none has

  [[nodiscard]] std::uint32_t count() const noexcept { return end - begin; }
  friend bool operator==(const Run&, const Run&) = default;
};

/// The detail text of one result.
struct Detail {
  std::uint32_t index = 0;
  std::string_view text;
};

/// A consecutive piece of one series. All spans but `runs` and `details` are parallel and indexed alike.
struct Segment {
  LocationId location{};
  /// Index of the first result at or after the window's `from`. Results before it were met on the way and are there
  /// to say what holds at `from`; size() when all of them lie before.
  std::uint32_t first_in_window = 0;
  std::span<const std::int64_t> time_ms;      ///< ascending, unique
  std::span<const std::uint32_t> latency_us;  ///< kNoLatency where none; empty unless Columns::latency was asked for
  std::span<const Phases> phases;             ///< empty when no result has phases or Columns::phases was not asked for
  std::span<const std::uint8_t> has_phases;   ///< 0 or 1, parallel to `phases`
  std::span<const Run> runs;                  ///< cover [0, size()) without holes
  std::span<const Detail> details;            ///< ascending by index; only results that have one

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(time_ms.size()); }
  /// The result at `index` (< size()) put together, from the columns that are here. O(log runs + log details).
  [[nodiscard]] CheckResult at(std::uint32_t index, ServerId server) const;
};

/// Finds moments in a column of times. Checks come at a steady pace, so a guess by proportion is nearly always within a
/// step or two of the place, where a binary search over a column that is not in the cache waits for memory at each of
/// its steps; and as no guess depends on another, the misses of several searches overlap.
class TimeFinder {
 public:
  /// Searches the ascending `time_ms` from index `begin` to before `end`, both at most its size.
  TimeFinder(std::span<const std::int64_t> time_ms, std::uint32_t begin, std::uint32_t end) noexcept;
  explicit TimeFinder(std::span<const std::int64_t> time_ms) noexcept
      : TimeFinder(time_ms, 0, static_cast<std::uint32_t>(time_ms.size())) {}
  /// The first index whose time is at or after `moment_ms`; `end` when there is none.
  [[nodiscard]] std::uint32_t find(std::int64_t moment_ms) const noexcept;

 private:
  const std::int64_t* time_ms_;
  std::uint32_t begin_;
  std::uint32_t end_;
  std::int64_t first_ms_ = 0;
  std::int64_t last_ms_ = 0;
  double results_per_ms_ = 0;
};

/// Which columns a scan decodes. Times and runs always come.
struct Columns {
  bool latency = true;
  bool phases = false;
  bool details = false;
};

/// What a read cost, for `explain`. Counters add up; they never affect the answer.
struct ScanCost {
  std::uint64_t range_scans = 0;   ///< ranges read, one a server and window, wherever the data lay
  std::uint64_t seeks = 0;         ///< of those, positionings in the ordered store on disk
  std::uint64_t rows = 0;          ///< single results read from `recent`
  std::uint64_t chunks = 0;        ///< sealed chunks decoded
  std::uint64_t summaries = 0;     ///< day summaries handed out, whether stored ones or from memory
  std::uint64_t head_results = 0;  ///< results handed out from memory
  std::uint64_t results = 0;       ///< results handed out in all
  std::uint64_t bytes = 0;         ///< stored bytes looked at
  std::uint64_t block_reads = 0;   ///< blocks that had to come from the file system
  std::uint64_t block_hits = 0;    ///< blocks found in the block cache
  std::uint64_t nanoseconds = 0;   ///< wall time inside the store, but for handing out what it has in memory

  ScanCost& operator+=(const ScanCost& other) noexcept;
};

}  // namespace nines
