// What latency is usual at this hour of the week, and how far from it the latest is.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include <nines/calendar.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

struct BaselineOptions {
  std::uint32_t weeks = 4;          ///< learned from, 1 to kMaxBaselineWeeks
  std::chrono::minutes recent{60};  ///< what is compared, 1 minute to 24 hours
  Zone zone;                        ///< whose hours and weeks
};
inline constexpr std::uint32_t kMaxBaselineWeeks = 52;
inline constexpr std::size_t kHoursOfWeek = 168;
/// An hour of the week with fewer latencies has no baseline: a median of a handful says little.
inline constexpr std::uint64_t kLeastBaselineCount = 20;

/// The latencies of one hour of the week. Robust against single slow checks: both are medians, by nearest rank.
struct UsualLatency {
  std::uint64_t count = 0;
  std::uint32_t median_us = 0;
  std::uint32_t mad_us = 0;  ///< median absolute deviation from the median
  friend bool operator==(const UsualLatency&, const UsualLatency&) = default;
};

struct BaselineAnswer {
  Window learned;  ///< as clipped
  Window recent;
  std::array<std::optional<UsualLatency>, kHoursOfWeek> hours;  ///< the first begins on Monday at 00:00
  std::size_t hour = 0;                                         ///< that of the middle of `recent`
  std::uint64_t recent_count = 0;
  std::optional<std::uint32_t> recent_median_us;
  /// (recent median - usual median) / (1.4826 x MAD), which is in standard deviations where latencies are normally
  /// distributed. None without both, and where the MAD is 0.
  std::optional<double> deviations;
  Explain explain;
};

/// The baseline as of the query's now, from successful results; summaries cannot tell hours apart. The query's window
/// does not matter. Errors: as timeline(); invalid_argument for options out of their bounds.
[[nodiscard]] Result<BaselineAnswer> latency_baseline(const Store& store, ServerId server, const Query& query,
                                                      const BaselineOptions& options = {});

}  // namespace nines
