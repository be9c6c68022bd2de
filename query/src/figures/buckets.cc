#include "figures/buckets.h"

#include <algorithm>

#include <nines/uptime.h>

#include "figures/latency_sink.h"
#include "judgement/spans.h"

namespace nines::query {

void BucketSink::begin(std::span<const std::int64_t> edges, LatencyAccumulator* latencies) {
  edges_ = edges;
  edge_finder_ = TimeFinder(edges);
  latencies_ = latencies;
  cells_.assign(edges.size() - 1, {});
}

std::size_t BucketSink::bucket_of(std::int64_t time_ms) const noexcept {
  return edge_finder_.find(time_ms + 1) - 1;
}

void BucketSink::results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end, bool covered) {
  const std::size_t first = bucket_of(segment.time_ms[begin]);
  // All edges before any value is looked at: as none waits for another, their misses of the cache overlap.
  const TimeFinder finder(segment.time_ms, begin, end);
  ends_.clear();
  std::uint32_t found = begin;
  for (std::size_t bucket = first; found < end; ++bucket) {
    found = finder.find(edges_[bucket + 1]);
    ends_.push_back(found);
  }
  const bool failed = run.state == State::down;
  const bool measured = is_success(run) && run.has_latency && !segment.latency_us.empty();
  LatencySums sums;
  std::uint32_t from = begin;
  for (std::size_t i = 0; i < ends_.size(); from = ends_[i++]) {
    Cell& cell = cells_[first + i];
    const std::uint32_t count = ends_[i] - from;
    cell.checks += count;
    if (failed) cell.failures += count;
    if (failed && covered) cell.covered_failures += count;
    if (!measured || count == 0) continue;
    const LatencySums of_cell = LatencySums{} += segment.latency_us.subspan(from, count);
    cell.latency += of_cell;
    sums += of_cell;
  }
  if (latencies_ != nullptr && measured) latencies_->add(segment.latency_us.subspan(begin, end - begin), sums);
}

void BucketSink::day(const DaySummary& day, std::span<const Span> overlay) {
  const std::size_t bucket = bucket_of(day.day * kDayMs);
  if (edges_[bucket + 1] >= (day.day + 1) * kDayMs) return whole_day(day, overlay, cells_[bucket]);
  for (const DaySeries& series : day.series) {
    for (const Run& run : series.runs) part(run, covers(overlay, run.first_ms));
  }
  latencies(day);
}

// As of its runs one by one, which takes several times as long.
void BucketSink::whole_day(const DaySummary& day, std::span<const Span> overlay, Cell& cell) {
  for (const DaySeries& series : day.series) {
    for (const Run& run : series.runs) {
      cell.checks += run.count();
      if (run.state != State::down) continue;
      cell.failures += run.count();
      if (covers(overlay, run.first_ms)) cell.covered_failures += run.count();
    }
  }
  if (day.latency_count > 0) cell.latency += sums_of(day);
  if (latencies_ != nullptr) latencies_->add(day);
}

void BucketSink::part(const Run& part, bool covered) {
  std::uint32_t before = 0;
  for (std::size_t b = bucket_of(part.first_ms); before < part.count(); ++b) {
    const std::uint32_t until = count_before(part, edges_[b + 1]);
    Cell& cell = cells_[b];
    cell.checks += until - before;
    if (part.state == State::down) {
      cell.failures += until - before;
      if (covered) cell.covered_failures += until - before;
    }
    before = until;
  }
}

void BucketSink::latencies(const DaySummary& day) {
  if (day.latency_count > 0) cells_[bucket_of(day.day * kDayMs + kDayMs / 2)].latency += sums_of(day);
  if (latencies_ != nullptr) latencies_->add(day);
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
  out.resize(windows.size());
  auto span = spans.begin();
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Cell& cell = cells[i];
    Bar& bar = out[i];
    bar.window = windows[i];
    bar.time = {};
    const std::int64_t begin_ms = to_ms(bar.window.from);
    const std::int64_t end_ms = to_ms(bar.window.to);
    while (span != spans.end() && span->to_ms <= begin_ms) ++span;
    for (auto it = span; it != spans.end() && it->from_ms < end_ms; ++it) {
      bar.time[it->state] += std::min(it->to_ms, end_ms) - std::max(it->from_ms, begin_ms);
    }
    bar.uptime_ratio = uptime_ratio(bar.time, policy);
    bar.checks = cell.checks;
    bar.failed_checks = cell.failures - cell.covered_failures;
    bar.latency_count = cell.latency.count;
    bar.latency_mean_us = cell.latency.mean_us();
    bar.latency_max_us = cell.latency.max_us;
  }
}

}  // namespace nines::query
