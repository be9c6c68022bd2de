// The summary of one server's UTC day: derived from its check results, disposable, rebuilt on demand.
//
// It holds no judgement. The runs are the day's exact timeline, so any confirmation rule, correction or maintenance
// window can be applied to a summary with the same result as to the raw day; only percentiles become approximate.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <nines/segment.h>
#include <nines/types.h>

namespace nines {

/// A mergeable histogram of latencies with logarithmic buckets (after DDSketch: Masson, Rim, Lee, VLDB 2019). A
/// quantile is within 1 % of the nearest-rank value of what was added. Every octave [2^k, 2^(k+1)) has 36 buckets, none
/// wider than what 1 % around a value in its middle covers; their bounds are exact integers, see FORMAT.md, "Latency
/// sketch".
class LatencySketch {
 public:
  static constexpr double kRelativeError = 0.01;
  static constexpr std::uint32_t kBucketsPerOctave = 36;
  /// Bucket 0 for the latency 0, and those of 32 octaves.
  static constexpr std::uint32_t kBuckets = 1 + 32 * kBucketsPerOctave;

  void add(std::uint32_t latency_us) { add(latency_us, 1); }
  void add(std::uint32_t latency_us, std::uint64_t count);
  void add(std::span<const std::uint32_t> latencies_us);
  void merge(const LatencySketch& other);
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  /// Nearest rank: the value v such that at least `q` (in (0, 1]) of all values are <= v, to the relative error.
  /// No value when empty.
  [[nodiscard]] std::optional<double> quantile(double q) const noexcept;

  /// Bucket counts, the first of them for bucket `first_bucket()`; neither the first nor the last is 0.
  [[nodiscard]] std::span<const std::uint64_t> buckets() const noexcept { return counts_; }
  [[nodiscard]] std::uint32_t first_bucket() const noexcept { return first_; }
  /// Replaces the contents by what buckets() and first_bucket() gave. False, and empty, when the buckets do not lie in
  /// [0, kBuckets) or begin or end with a 0.
  [[nodiscard]] bool assign(std::uint32_t first_bucket, std::span<const std::uint64_t> counts);
  /// Empties it and keeps its memory.
  void clear() noexcept;
  friend bool operator==(const LatencySketch&, const LatencySketch&) = default;

 private:
  void cover(std::uint32_t first, std::uint32_t last);

  std::uint64_t count_ = 0;
  std::uint32_t first_ = 0;            // bucket number of counts_[0]
  std::vector<std::uint64_t> counts_;  // no zero at either end
};

/// One location's day.
struct DaySeries {
  LocationId location{};
  std::vector<Run> runs;  ///< as in Segment, begin and end counting from the day's first result
};

/// A server's UTC day.
struct DaySummary {
  std::int64_t day = 0;           ///< UTC day number, utc_day()
  std::vector<DaySeries> series;  ///< ascending by location; empty when the day holds no result
  /// Over successful results (up, degraded) that have a latency:
  std::uint64_t latency_count = 0;
  std::uint64_t latency_sum_us = 0;
  std::uint32_t latency_min_us = 0;
  std::uint32_t latency_max_us = 0;
  LatencySketch latency;

  friend bool operator==(const DaySummary&, const DaySummary&) = default;
};
[[nodiscard]] inline bool operator==(const DaySeries& a, const DaySeries& b) {
  return a.location == b.location && a.runs == b.runs;
}

}  // namespace nines
