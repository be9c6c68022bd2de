#include "series/summarise.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace nines::engine {
namespace {

DaySeries& series_of(DaySummary& summary, LocationId location) {
  auto place = std::lower_bound(summary.series.begin(), summary.series.end(), location,
                                [](const DaySeries& s, LocationId wanted) { return s.location < wanted; });
  if (place == summary.series.end() || place->location != location) {
    place = summary.series.insert(place, DaySeries{location, {}});
  }
  return *place;
}

void add_runs(std::vector<Run>& day, std::span<const Run> piece) {
  const std::uint32_t before = day.empty() ? 0 : day.back().end;
  for (Run run : piece) {
    run.begin += before;
    run.end += before;
    if (!day.empty() && continues(day.back(), run)) {
      join(day.back(), run);
    } else {
      day.push_back(run);
    }
  }
}

void add_latencies(DaySummary& summary, std::span<const std::uint32_t> latency_us) {
  std::uint32_t least = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t greatest = 0;
  std::uint64_t sum = 0;
  for (const std::uint32_t latency : latency_us) {
    least = std::min(least, latency);
    greatest = std::max(greatest, latency);
    sum += latency;
  }
  const bool first = summary.latency_count == 0;
  summary.latency_min_us = first ? least : std::min(summary.latency_min_us, least);
  summary.latency_max_us = first ? greatest : std::max(summary.latency_max_us, greatest);
  summary.latency_sum_us += sum;
  summary.latency_count += latency_us.size();
  summary.latency.add(latency_us);
}

}  // namespace

void reset_summary(DaySummary& summary, std::int64_t day) {
  summary.day = day;
  summary.series.clear();
  summary.latency_count = 0;
  summary.latency_sum_us = 0;
  summary.latency_min_us = 0;
  summary.latency_max_us = 0;
  summary.latency.clear();
}

void add_to_summary(DaySummary& summary, LocationId location, std::span<const Run> runs,
                    std::span<const std::uint32_t> latency_us) {
  if (runs.empty()) return;
  add_runs(series_of(summary, location).runs, runs);
  for (const Run& run : runs) {
    const bool successful = run.state == State::up || run.state == State::degraded;
    if (successful && run.has_latency) add_latencies(summary, latency_us.subspan(run.begin, run.count()));
  }
}

}  // namespace nines::engine
