// Check results of one series in columns, and the rule that gathers them into runs.
//
// SeriesColumns owns its vectors; clear() keeps their capacity, so that a scan allocates nothing once it is warm. Not
// for writing from several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nines/check_result.h>
#include <nines/segment.h>
#include <nines/types.h>

namespace nines::engine {

/// An allocator of numbers that resize() leaves as they are: who makes a column longer writes over all that is new, and
/// zeros before that would cost as much as decoding what comes there.
template <class T>
struct Unset : std::allocator<T> {
  template <class U>
  struct rebind {
    using other = Unset<U>;
  };
  void construct(T* place) noexcept { ::new (static_cast<void*>(place)) T; }
  template <class Value>
  void construct(T* place, Value value) noexcept {
    ::new (static_cast<void*>(place)) T(value);
  }
};
template <class T>
using NumberColumn = std::vector<T, Unset<T>>;

/// Interval assumed by the run rule for results that carry none (interval_ms == 0).
inline constexpr std::uint32_t kDefaultIntervalMs = 60'000;

/// A gap (>= 0) as Run::max_gap_ms holds it: 49 days at most.
[[nodiscard]] std::uint32_t saturated(std::int64_t gap_ms) noexcept;
/// Whether results `gap_ms` apart are neighbours for results of this interval: gap <= 2.5 x interval.
[[nodiscard]] bool is_neighbour(std::int64_t gap_ms, std::uint32_t interval_ms) noexcept;
/// Whether `result`, the next of the series, belongs to `run`: state, error, code, retry, interval and having a latency
/// agree, and it is a neighbour of the run's last result.
[[nodiscard]] bool continues(const Run& run, const CheckResult& result) noexcept;
/// The same for two runs of a series that follow each other: whether one run was cut in two between them.
[[nodiscard]] bool continues(const Run& earlier, const Run& later) noexcept;
/// Appends `later` (its begin and end already counting on from `earlier`'s) to `earlier`; continues() must hold.
void join(Run& earlier, const Run& later) noexcept;

/// Results of one server from one location, ascending in time, unique. The columns but `runs` and `details` are
/// parallel; `latency_us` may be empty where it was not decoded.
struct SeriesColumns {
  LocationId location{};
  NumberColumn<std::int64_t> time_ms;
  NumberColumn<std::uint32_t> latency_us;  ///< kNoLatency where none
  std::vector<Phases> phases;              ///< empty when no result has phases, else parallel to time_ms
  std::vector<std::uint8_t> has_phases;    ///< 0 or 1, parallel to phases
  std::vector<Run> runs;                   ///< cover [0, size()) without holes
  std::vector<std::pair<std::uint32_t, std::string>> details;  ///< (index, text), ascending; only where there is one

  /// Empties all columns and keeps their memory. The location stays.
  void clear() noexcept;
  /// Adds the next result. Its time must be later than the last one's and its location this one's.
  void push_back(const CheckResult& result);
  /// Takes the results from index `count` (at most size()) on away.
  void truncate(std::size_t count);
  [[nodiscard]] std::size_t size() const noexcept { return time_ms.size(); }
  [[nodiscard]] bool empty() const noexcept { return time_ms.empty(); }
  /// What the columns take in memory, their spare room included.
  [[nodiscard]] std::size_t memory_bytes() const noexcept;
  /// The result at `index` (< size()), put together again. O(log runs + log details). Exact when all columns are here.
  [[nodiscard]] CheckResult at(std::size_t index, ServerId server) const;

  friend bool operator==(const SeriesColumns&, const SeriesColumns&) = default;
};

/// Splits results of one server by location, ascending. Within each location their times must ascend strictly; how the
/// locations are mixed does not matter.
[[nodiscard]] std::vector<SeriesColumns> to_columns(std::span<const CheckResult> sorted);

}  // namespace nines::engine
