// Latency figures: percentiles, phases, and a series for a plot.
//
// All are over successful checks (up or degraded, as measured) of all locations in the window that have a latency;
// failures are left out, maintenance and corrections change nothing. Percentiles are nearest-rank: the smallest value
// such that at least p % of the values are at or below it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/summary.h>
#include <nines/types.h>

namespace nines {

namespace query {
class RankSelector;
}

/// Microseconds. There is no such object when no successful check had a latency.
struct LatencyFigures {
  std::uint64_t count = 0;
  double mean_us = 0;
  std::uint32_t min_us = 0;
  std::uint32_t max_us = 0;
  double p50_us = 0;
  double p90_us = 0;
  double p95_us = 0;
  double p99_us = 0;
  bool exact = true;  ///< false: percentiles are within LatencySketch::kRelativeError; the rest is exact always
  friend bool operator==(const LatencyFigures&, const LatencyFigures&) = default;
};

/// How many latencies, their sum and their extremes. Those of parts add up to those of the whole.
struct LatencySums {
  std::uint64_t count = 0;
  std::uint64_t sum_us = 0;
  std::uint32_t min_us = kNoLatency;
  std::uint32_t max_us = 0;

  /// None of the values may be kNoLatency.
  LatencySums& operator+=(std::span<const std::uint32_t> latencies_us) noexcept;
  LatencySums& operator+=(const LatencySums& other) noexcept;
  [[nodiscard]] double mean_us() const noexcept;  ///< 0 for no latencies
};

/// Collects latencies and answers for all of them. Reusable: clear() keeps the memory. Not thread-safe.
class LatencyAccumulator {
 public:
  LatencyAccumulator();
  LatencyAccumulator(LatencyAccumulator&&) noexcept;
  LatencyAccumulator& operator=(LatencyAccumulator&&) noexcept;
  ~LatencyAccumulator();

  void clear() noexcept;
  /// Adds exact values; none of them may be kNoLatency.
  void add(std::span<const std::uint32_t> latencies_us);
  /// The same for values whose sums are known already.
  void add(std::span<const std::uint32_t> latencies_us, const LatencySums& of_these);
  /// Adds a day's worth from its summary; percentiles are approximate from then on.
  void add(const DaySummary& day);
  [[nodiscard]] std::uint64_t count() const noexcept { return sums_.count; }
  /// No value when nothing was added. More may be added afterwards.
  [[nodiscard]] std::optional<LatencyFigures> figures();

 private:
  LatencySums sums_;
  bool summarised_ = false;
  LatencySketch sketch_;               // what came from summaries
  std::vector<std::uint32_t> values_;  // what came exactly
  std::unique_ptr<query::RankSelector> selector_;
};

/// Nearest-rank values of `latencies_us` at each of `quantiles` (ascending, in (0, 1]) into `out` (as long).
/// `latencies_us` must not be empty.
void exact_quantiles(std::span<const std::uint32_t> latencies_us, std::span<const double> quantiles,
                     std::span<std::uint32_t> out);

/// The phases of a check, in the order in which they happen.
inline constexpr std::size_t kPhaseCount = 5;
inline constexpr std::array<std::string_view, kPhaseCount> kPhaseNames = {"dns", "connect", "tls", "first_byte",
                                                                          "transfer"};

/// One point of a plot: a column of pixels that has values. Extremes are kept: no peak is averaged away.
struct LatencyPoint {
  Window window;
  std::uint64_t count = 0;
  std::uint64_t failures = 0;  ///< failed checks in the column; count may be 0 then
  double mean_us = 0;
  std::uint32_t min_us = 0;
  std::uint32_t max_us = 0;
  friend bool operator==(const LatencyPoint&, const LatencyPoint&) = default;
};

struct LatencyOptions {
  bool phases = false;       ///< figures of each phase, over successful checks in which it happened; reads results only
  std::uint32_t points = 0;  ///< > 0: a series of at most this many columns, at most kMaxPoints; reads results only
};
inline constexpr std::uint32_t kMaxPoints = 20'000;

struct LatencyAnswer {
  Window window;  ///< as clipped
  std::optional<LatencyFigures> total;
  std::array<std::optional<LatencyFigures>, kPhaseCount> phases;
  std::vector<LatencyPoint> series;  ///< ascending; columns without any check are left out
  Explain explain;
};

/// Errors as timeline(); invalid_argument for too many points.
[[nodiscard]] Result<LatencyAnswer> latency(const Store& store, ServerId server, const Query& query,
                                            const LatencyOptions& options = {});

}  // namespace nines
