// Latency figures: percentiles, phases, and a series for a plot.
//
// All are over successful checks (up or degraded, as measured) of all locations in the window that have a latency.
// SEMANTICS.md, "Latency", has the rules.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

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

/// Nearest-rank values of `latencies_us` at each of `quantiles` (ascending, in (0, 1]) into `out` (as long).
/// Requires: `latencies_us` is not empty.
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

/// How many checks answer within what was promised. Apdex (Application Performance Index, Apdex Alliance 2007) counts
/// those within 4 targets half, and slower and failed ones not at all.
struct LatencyTarget {
  std::chrono::microseconds target{0};
  std::uint64_t within = 0;            ///< latency <= target
  std::uint64_t tolerable = 0;         ///< of the others, latency <= 4 x target
  std::uint64_t failed = 0;            ///< failed checks, as CheckCounts::failed
  std::optional<double> within_ratio;  ///< within / all that have a latency
  std::optional<double> apdex;         ///< (within + tolerable / 2) / (all that have a latency + failed)
  bool exact = true;                   ///< false: latencies that summaries hold are within 1 %
};

struct LatencyOptions {
  bool phases = false;       ///< figures of each phase, over successful checks in which it happened; reads results only
  std::uint32_t points = 0;  ///< > 0: a series of at most this many columns, at most kMaxPoints; reads results only
  std::optional<std::chrono::microseconds> target{};  ///< > 0: LatencyAnswer::target is filled
};
inline constexpr std::uint32_t kMaxPoints = 20'000;

struct LatencyAnswer {
  Window window;  ///< as clipped
  std::optional<LatencyFigures> total;
  std::optional<LatencyTarget> target;
  std::array<std::optional<LatencyFigures>, kPhaseCount> phases;
  std::vector<LatencyPoint> series;  ///< ascending; columns without any check are left out
  Explain explain;
};

/// Errors as timeline(); invalid_argument for too many points or a target that is not above 0.
[[nodiscard]] Result<LatencyAnswer> latency(const Store& store, ServerId server, const Query& query,
                                            const LatencyOptions& options = {});

}  // namespace nines
