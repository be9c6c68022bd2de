// The response time of a server over a window, drawn with its strip on one time axis. Pure; any thread.
#pragma once

#include <nines/incident.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "page/live_question.h"
#include "page/markup.h"

namespace nines::tools {

/// A column of the latency chart, in microseconds.
struct ChartPoint {
  TimeMs time{};  ///< the middle of the column; of a single check its own
  std::optional<std::uint32_t> p50;
  std::uint32_t p95 = 0;
  std::uint32_t p99 = 0;
  std::uint64_t failed = 0;
};

struct ChartView {
  const LiveQuestion* question = nullptr;
  std::vector<ChartPoint> points;
  bool single_checks = false;       ///< the points are checks, not columns
  std::vector<Window> maintenance;  ///< in the window
  std::chrono::milliseconds interval{60'000};
};
/// Nothing when no check of the window took its time.
[[nodiscard]] Html chart(const ChartView& view, const Html& strip, const std::vector<Incident>& incidents, TimeMs end);

}  // namespace nines::tools
