#include "memory/packed_days.h"

#include <cassert>

namespace nines::engine {

PackedDays::PackedDays(const std::vector<DaySummary>& days) {
  std::size_t series_count = 0;
  std::size_t run_count = 0;
  for (const DaySummary& day : days) {
    series_count += day.series.size();
    for (const DaySeries& series : day.series) run_count += series.runs.size();
  }
  days_.reserve(days.size());
  series_.reserve(series_count);
  runs_.reserve(run_count);
  for (const DaySummary& day : days) {
    const std::int64_t start_ms = day.day * kDayMs;
    for (const DaySeries& series : day.series) {
      [[maybe_unused]] std::uint32_t end = 0;
      for (const Run& run : series.runs) {
        assert(run.begin == end && run.first_ms >= start_ms && run.last_ms < start_ms + kDayMs);
        end = run.end;
        runs_.push_back({run.end, static_cast<std::uint32_t>(run.first_ms - start_ms),
                         static_cast<std::uint32_t>(run.last_ms - start_ms), run.max_gap_ms, run.interval_ms, run.code,
                         run.state, run.error, run.retry, run.has_latency});
      }
      series_.push_back({static_cast<std::uint32_t>(runs_.size()), series.location});
    }
    days_.push_back({day.latency_count, day.latency_sum_us, day.latency_min_us, day.latency_max_us,
                     static_cast<std::uint32_t>(day.day), static_cast<std::uint32_t>(series_.size())});
  }
}

std::int64_t PackedDays::day(std::size_t index) const noexcept {
  assert(index < size());
  return days_[index].day;
}

void PackedDays::unpack(std::size_t index, DaySummary& out) const {
  assert(index < size());
  const Day& day = days_[index];
  out.day = day.day;
  out.latency_count = day.latency_count;
  out.latency_sum_us = day.latency_sum_us;
  out.latency_min_us = day.latency_min_us;
  out.latency_max_us = day.latency_max_us;
  out.latency.clear();
  const std::int64_t start_ms = out.day * kDayMs;
  const std::uint32_t series_begin = index == 0 ? 0 : days_[index - 1].series_end;
  out.series.resize(day.series_end - series_begin);
  std::uint32_t run = series_begin == 0 ? 0 : series_[series_begin - 1].runs_end;
  for (std::uint32_t i = series_begin; i < day.series_end; ++i) {
    DaySeries& series = out.series[i - series_begin];
    series.location = series_[i].location;
    series.runs.resize(series_[i].runs_end - run);
    std::uint32_t begin = 0;
    for (Run& to : series.runs) {
      const PackedRun& from = runs_[run++];
      to = {begin,
            from.end,
            start_ms + from.first_ms,
            start_ms + from.last_ms,
            from.max_gap_ms,
            from.interval_ms,
            from.code,
            from.state,
            from.error,
            from.retry,
            from.has_latency};
      begin = from.end;
    }
  }
}

std::size_t PackedDays::bytes() const noexcept {
  return days_.capacity() * sizeof(Day) + series_.capacity() * sizeof(Series) + runs_.capacity() * sizeof(PackedRun);
}

}  // namespace nines::engine
