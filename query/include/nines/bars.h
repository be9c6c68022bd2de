// Bars: a window cut into buckets, each with its time per state, checks and latencies.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <nines/calendar.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

/// How a window is cut: n equal buckets (lengths differ by at most 1 ms) or the units of a calendar.
struct BarOptions {
  std::uint32_t count = 48;          ///< 1 to kMaxBars; used when `unit` is empty
  std::optional<CalendarUnit> unit;  ///< the first and the last may be cut by the window
  Zone zone;                         ///< of `unit`
};
inline constexpr std::uint32_t kMaxBars = 20'000;

/// One bucket. The time before the server's creation and after now is in no state: `time` may sum to less than the
/// window. Such time, and unknown time, is drawn as no data.
struct Bar {
  Window window;  ///< of the question as asked, not clipped
  TimePerState time;
  std::optional<double> uptime_ratio;  ///< by the query's policy
  std::uint64_t checks = 0;            ///< as CheckCounts::checks
  std::uint64_t failed_checks = 0;     ///< as CheckCounts::failed
  std::uint64_t latency_count = 0;
  double latency_mean_us = 0;  ///< 0 without latencies, likewise below
  std::uint32_t latency_max_us = 0;
  friend bool operator==(const Bar&, const Bar&) = default;
};

struct BarsAnswer {
  std::vector<Bar> bars;
  Explain explain;
};

/// The buckets of a window, ascending. invalid_argument when there would be none or more than kMaxBars.
[[nodiscard]] Result<std::vector<Window>> bar_windows(Window window, const BarOptions& options);

/// Errors as timeline() and bar_windows().
[[nodiscard]] Result<BarsAnswer> bars(const Store& store, ServerId server, const Query& query,
                                      const BarOptions& options = {});

}  // namespace nines
