#include "buckets.h"

#include <algorithm>

#include <nines/uptime.h>

#include "latency_sink.h"
#include "spans.h"

namespace nines::query {
namespace {

// Finds where buckets begin within results. Checks come at a steady pace, so a guess by proportion is nearly always
// within a step or two; and as no guess depends on the one before, their misses of the cache overlap.
class EdgeFinder {
 public:
  /// `time_ms` of results [begin, end).
  EdgeFinder(const std::int64_t* time_ms, std::uint32_t begin, std::uint32_t end)
      : time_ms_(time_ms), begin_(begin), end_(end), first_ms_(time_ms[begin]), last_ms_(time_ms[end - 1]) {
    const std::int64_t length_ms = std::max<std::int64_t>(last_ms_ - first_ms_, 1);
    results_per_ms_ = static_cast<double>(end - 1 - begin) / static_cast<double>(length_ms);
  }

  /// The first index after `after` whose time is at or after `edge_ms`, which lies after the time at `after`.
  [[nodiscard]] std::uint32_t find(std::uint32_t after, std::int64_t edge_ms) const noexcept {
    if (last_ms_ < edge_ms) return end_;
    const double guess = static_cast<double>(edge_ms - first_ms_) * results_per_ms_;
    std::uint32_t at = std::clamp(begin_ + static_cast<std::uint32_t>(guess), after + 1, end_ - 1);
    constexpr int kSteps = 8;
    for (int i = 0; i < kSteps; ++i) {
      if (time_ms_[at] < edge_ms) {
        ++at;
      } else if (time_ms_[at - 1] >= edge_ms) {
        --at;
      } else {
        return at;
      }
    }
    return static_cast<std::uint32_t>(std::lower_bound(time_ms_ + after, time_ms_ + end_, edge_ms) - time_ms_);
  }

 private:
  const std::int64_t* time_ms_;
  std::uint32_t begin_;
  std::uint32_t end_;
  std::int64_t first_ms_;
  std::int64_t last_ms_;
  double results_per_ms_;
};

// How many of `count` results, evenly spaced over [first, last], come before `edge_ms`.
std::uint64_t evenly_before(const Run& run, std::int64_t edge_ms) {
  if (edge_ms <= run.first_ms) return 0;
  if (edge_ms > run.last_ms) return run.count();
  const std::int64_t steps = run.count() - 1;
  return static_cast<std::uint64_t>((edge_ms - 1 - run.first_ms) * steps / (run.last_ms - run.first_ms)) + 1;
}

}  // namespace

void BucketSink::begin(std::span<const std::int64_t> edges) {
  edges_ = edges;
  cells_.assign(edges.size() - 1, {});
}

std::size_t BucketSink::bucket_of(std::int64_t time_ms) const noexcept {
  return static_cast<std::size_t>(std::upper_bound(edges_.begin(), edges_.end(), time_ms) - edges_.begin()) - 1;
}

void BucketSink::results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end, bool covered) {
  std::size_t bucket = bucket_of(segment.time_ms[begin]);
  const EdgeFinder edges(segment.time_ms.data(), begin, end);
  while (begin < end) {
    while (edges_[bucket + 1] <= segment.time_ms[begin]) ++bucket;
    const std::uint32_t until = edges.find(begin, edges_[bucket + 1]);
    add(cells_[bucket], segment, run, begin, until, covered);
    begin = until;
  }
}

void BucketSink::add(Cell& cell, const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end,
                     bool covered) {
  cell.checks += end - begin;
  if (run.state == State::down) {
    cell.failures += end - begin;
    if (covered) cell.covered_failures += end - begin;
  }
  if (!is_success(run) || !run.has_latency || segment.latency_us.empty()) return;
  std::uint64_t sum = 0;
  std::uint32_t min = cell.latency_min_us;
  std::uint32_t max = cell.latency_max_us;
  for (const std::uint32_t latency : segment.latency_us.subspan(begin, end - begin)) {
    sum += latency;
    min = std::min(min, latency);
    max = std::max(max, latency);
  }
  cell.latency_count += end - begin;
  cell.latency_sum_us += sum;
  cell.latency_min_us = min;
  cell.latency_max_us = max;
}

void BucketSink::day(const DaySummary& day, std::span<const Span> overlay) {
  const std::int64_t start_ms = day.day * kDayMs;
  const std::size_t first = bucket_of(start_ms);
  for (const DaySeries& series : day.series) {
    for (const Run& run : series.runs) {
      const bool covered = covers(overlay, run.first_ms);
      for (std::size_t b = first; b < cells_.size() && edges_[b] <= run.last_ms; ++b) {
        const std::uint64_t count = evenly_before(run, edges_[b + 1]) - evenly_before(run, edges_[b]);
        cells_[b].checks += count;
        if (run.state != State::down) continue;
        cells_[b].failures += count;
        if (covered) cells_[b].covered_failures += count;
      }
    }
  }
  if (day.latency_count == 0) return;
  Cell& cell = cells_[bucket_of(start_ms + kDayMs / 2)];
  cell.latency_count += day.latency_count;
  cell.latency_sum_us += day.latency_sum_us;
  cell.latency_min_us = std::min(cell.latency_min_us, day.latency_min_us);
  cell.latency_max_us = std::max(cell.latency_max_us, day.latency_max_us);
}

std::vector<std::int64_t> edges_of(std::span<const Window> windows) {
  std::vector<std::int64_t> edges;
  edges.reserve(windows.size() + 1);
  for (const Window& window : windows) edges.push_back(to_ms(window.from));
  edges.push_back(to_ms(windows.back().to));
  return edges;
}

void make_bars(std::span<const Window> windows, std::span<const Cell> cells, std::span<const Span> spans,
               const Policy& policy, std::vector<Bar>& out) {
  out.clear();
  out.reserve(windows.size());
  auto span = spans.begin();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Cell& cell = cells[i];
    Bar bar;
    bar.window = windows[i];
    while (span != spans.end() && span->to_ms <= to_ms(bar.window.from)) ++span;
    for (auto it = span; it != spans.end() && it->from_ms < to_ms(bar.window.to); ++it) {
      bar.time[it->state] += std::min(it->to_ms, to_ms(bar.window.to)) - std::max(it->from_ms, to_ms(bar.window.from));
    }
    bar.uptime_ratio = uptime_ratio(bar.time, policy);
    bar.checks = cell.checks;
    bar.failed_checks = cell.failures - cell.covered_failures;
    bar.latency_count = cell.latency_count;
    bar.latency_max_us = cell.latency_max_us;
    if (cell.latency_count > 0) {
      bar.latency_mean_us = static_cast<double>(cell.latency_sum_us) / static_cast<double>(cell.latency_count);
    }
    out.push_back(bar);
  }
}

}  // namespace nines::query
