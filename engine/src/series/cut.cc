#include "series/cut.h"

#include <algorithm>

namespace nines::engine {
namespace {

std::uint32_t index_of(std::span<const std::int64_t> times, std::int64_t time) {
  return TimeFinder(times).find(time);
}

std::uint32_t longest_gap(std::span<const std::int64_t> times) {
  std::int64_t longest = 0;
  for (std::size_t i = 1; i < times.size(); ++i) longest = std::max(longest, times[i] - times[i - 1]);
  return saturated(longest);
}

/// Those of `runs` that have results in [begin, end), counted from `begin`; of no results there is no run, also where
/// a run goes on around the place.
void cut_runs(const Segment& whole, std::uint32_t begin, std::uint32_t end, Gaps gaps, std::vector<Run>& out) {
  out.clear();
  if (begin == end) return;
  auto run = std::upper_bound(whole.runs.begin(), whole.runs.end(), begin,
                              [](std::uint32_t index, const Run& candidate) { return index < candidate.end; });
  for (; run != whole.runs.end() && run->begin < end; ++run) {
    Run part = *run;
    const bool shorter = part.begin < begin || part.end > end;
    part.begin = std::max(part.begin, begin);
    part.end = std::min(part.end, end);
    if (shorter) {
      const auto times = whole.time_ms.subspan(part.begin, part.count());
      part.first_ms = times.front();
      part.last_ms = times.back();
      if (part.count() == 1) part.max_gap_ms = 0;
      if (gaps == Gaps::exact) part.max_gap_ms = longest_gap(times);
    }
    part.begin -= begin;
    part.end -= begin;
    out.push_back(part);
  }
}

/// Likewise; in place when `whole.details` lies in `out`.
void cut_details(std::span<const Detail> details, std::uint32_t begin, std::uint32_t end, std::vector<Detail>& out) {
  std::size_t kept = 0;
  if (details.data() != out.data()) out.assign(details.begin(), details.end());
  for (const Detail& detail : out) {
    if (detail.index >= begin && detail.index < end) out[kept++] = {detail.index - begin, detail.text};
  }
  out.resize(kept);
}

template <class T>
std::span<const T> part_of(std::span<const T> column, std::uint32_t begin, std::uint32_t end) {
  return column.empty() ? column : column.subspan(begin, end - begin);
}

}  // namespace

Segment whole_segment(const SeriesColumns& columns, std::vector<Detail>& details) {
  details.clear();
  for (const auto& [index, text] : columns.details) details.push_back({index, text});
  Segment segment;
  segment.location = columns.location;
  segment.time_ms = columns.time_ms;
  segment.latency_us = columns.latency_us;
  segment.phases = columns.phases;
  segment.has_phases = columns.has_phases;
  segment.runs = columns.runs;
  segment.details = details;
  return segment;
}

Segment cut(const Segment& whole, const Bounds& bounds, Gaps gaps, std::vector<Run>& runs,
            std::vector<Detail>& details) {
  const auto times = whole.time_ms;
  const bool all = times.empty() || (times.front() >= bounds.low && times.back() < bounds.high);
  const std::uint32_t begin = all ? 0 : index_of(times, bounds.low);
  const std::uint32_t end = all ? whole.size() : std::max(begin, index_of(times, bounds.high));

  Segment part = whole;
  if (!all) {
    part.time_ms = part_of(whole.time_ms, begin, end);
    part.latency_us = part_of(whole.latency_us, begin, end);
    part.phases = part_of(whole.phases, begin, end);
    part.has_phases = part_of(whole.has_phases, begin, end);
    cut_runs(whole, begin, end, gaps, runs);
    part.runs = runs;
    if (!whole.details.empty()) {
      cut_details(whole.details, begin, end, details);
      part.details = details;
    }
  }
  part.first_in_window = index_of(part.time_ms, bounds.from);
  return part;
}

}  // namespace nines::engine
