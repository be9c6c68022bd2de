// Exact order statistics of many latencies, without sorting them.
//
// Values are first counted in buckets of a 64th of an octave; only the buckets that hold a wanted rank are then
// searched by selection. For a day's 1,440 values that is several times faster than sorting, and faster than one
// selection a rank over all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace nines::query {

class RankSelector {
 public:
  /// The values of the ascending `ranks` (from 1 to values.size()) into `out`, which is as long. `values` stay as they
  /// are.
  void select(std::span<const std::uint32_t> values, std::span<const std::size_t> ranks, std::span<std::uint32_t> out);

 private:
  /// Where a rank's value is: a bucket, and its place among the bucket's values in order.
  struct Place {
    std::size_t bucket = 0;
    std::size_t index = 0;
  };

  /// Fills bucket_of_, and counts_ where there are values; returns the first bucket that holds one.
  [[nodiscard]] std::size_t count_buckets(std::span<const std::uint32_t> values);
  [[nodiscard]] std::size_t gather_candidates();
  [[nodiscard]] std::span<std::uint32_t> filter_candidates(std::span<const std::uint32_t> values, std::size_t count,
                                                           std::int16_t bucket);

  std::vector<std::int16_t> bucket_of_;    // parallel to the values; signed, for which SSE2 has a minimum
  std::vector<std::uint32_t> counts_;      // values in each bucket, in two tables
  std::vector<std::uint8_t> wanted_;       // 1 where a bucket holds a wanted rank; between calls all 0
  std::vector<std::uint32_t> candidates_;  // indices of values in wanted buckets
  std::vector<std::uint32_t> of_one_bucket_;
  std::vector<Place> places_;  // parallel to the ranks
};

}  // namespace nines::query
