// Latencies collected for figures: exact ones from results, sketches from day summaries.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <nines/check_result.h>
#include <nines/latency.h>
#include <nines/summary.h>

#include "figures/quantile.h"

namespace nines::query {

/// How many latencies, their sum and their extremes. Those of parts add up to those of the whole.
struct LatencySums {
  std::uint64_t count = 0;
  std::uint64_t sum_us = 0;
  std::uint32_t min_us = kNoLatency;
  std::uint32_t max_us = 0;

  /// Requires: none of the values is kNoLatency.
  LatencySums& operator+=(std::span<const std::uint32_t> latencies_us) noexcept;
  LatencySums& operator+=(const LatencySums& other) noexcept;
  [[nodiscard]] double mean_us() const noexcept;  ///< 0 for no latencies
};

/// Collects latencies and answers for all of them. Reusable: clear() keeps the memory. Not thread-safe.
class LatencyAccumulator {
 public:
  void clear() noexcept;
  /// Adds exact values, as LatencySums takes them.
  void add(std::span<const std::uint32_t> latencies_us);
  /// The same for values whose sums are known already.
  void add(std::span<const std::uint32_t> latencies_us, const LatencySums& of_these);
  /// Adds a day's worth from its summary; percentiles are approximate from then on.
  void add(const DaySummary& day);
  [[nodiscard]] std::uint64_t count() const noexcept { return sums_.count; }
  /// No value when nothing was added. More may be added afterwards.
  [[nodiscard]] std::optional<LatencyFigures> figures();
  /// How many are at most `limit_us`; of those from summaries, by their sketch.
  [[nodiscard]] std::uint64_t count_within(std::uint64_t limit_us) const;
  /// Whether nothing came from a summary.
  [[nodiscard]] bool exact() const noexcept { return !summarised_; }

 private:
  LatencySums sums_;
  bool summarised_ = false;
  LatencySketch sketch_;               // what came from summaries
  std::vector<std::uint32_t> values_;  // what came exactly
  RankSelector selector_;
};

}  // namespace nines::query
