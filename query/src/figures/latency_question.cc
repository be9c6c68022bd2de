#include "figures/latency_question.h"

#include <algorithm>
#include <string>

#include <nines/bars.h>

#include "figures/figures.h"

namespace nines::query {
namespace {

std::vector<LatencyPoint> points_of(std::span<const Window> windows, std::span<const Cell> cells) {
  std::vector<LatencyPoint> points;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Cell& cell = cells[i];
    if (cell.checks == 0) continue;
    LatencyPoint point{windows[i], cell.latency.count, cell.failures, 0, 0, 0};
    if (point.count > 0) {
      point.mean_us = cell.latency.mean_us();
      point.min_us = cell.latency.min_us;
      point.max_us = cell.latency.max_us;
    }
    points.push_back(point);
  }
  return points;
}

LatencyTarget target_of(const LatencyAccumulator& latencies, const ServerReader& reader,
                        std::chrono::microseconds wanted) {
  LatencyTarget target;
  target.target = wanted;
  const auto limit_us = static_cast<std::uint64_t>(wanted.count());
  target.within = latencies.count_within(limit_us);
  // Four times a target of centuries would not fit, and no latency is longer.
  target.tolerable = latencies.count_within(4 * std::min<std::uint64_t>(limit_us, kNoLatency)) - target.within;
  target.failed = count_checks(reader).failed;
  target.exact = latencies.exact();
  const auto all = static_cast<double>(latencies.count());
  if (all > 0) target.within_ratio = static_cast<double>(target.within) / all;
  const double asked = all + static_cast<double>(target.failed);
  if (asked > 0) {
    target.apdex = (static_cast<double>(target.within) + static_cast<double>(target.tolerable) / 2) / asked;
  }
  return target;
}

}  // namespace

void PhaseSink::results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end,
                        bool /*covered*/) {
  if (!is_success(run) || segment.phases.empty()) return;
  for (std::uint32_t i = begin; i < end; ++i) {
    if (segment.has_phases[i] == 0) continue;
    const Phases& phases = segment.phases[i];
    const std::array<std::uint32_t, kPhaseCount> values = {phases.dns_us, phases.connect_us, phases.tls_us,
                                                           phases.first_byte_us, phases.transfer_us};
    for (std::size_t p = 0; p < kPhaseCount; ++p) {
      if (values[p] != 0) phases_[p].add(std::span(&values[p], 1));
    }
  }
}

Result<void> LatencyQuestion::begin(const Query& query, const LatencyOptions& options) {
  options_ = options;
  if (options.points > kMaxPoints) {
    return fail(ErrorCode::invalid_argument, "a series has at most " + std::to_string(kMaxPoints) + " points");
  }
  if (options.target && options.target->count() <= 0) {
    return fail(ErrorCode::invalid_argument, "a target for latencies lies above 0");
  }
  if (options.points == 0 || query.window.empty()) return {};
  auto split = bar_windows(query.window, {options.points, {}, {}});
  if (!split) return tl::unexpected(split.error());
  windows_ = std::move(*split);
  edges_ = edges_of(windows_);
  bucket_sink_.begin(edges_, &latencies_);
  return {};
}

void LatencyQuestion::add_sinks(std::vector<ResultSink*>& sinks) {
  if (options_.phases) sinks.push_back(&phase_sink_);
  if (windows_.empty()) {
    sinks.push_back(&latency_sink_);
  } else {
    sinks.push_back(&bucket_sink_);
  }
}

LatencyAnswer LatencyQuestion::answer(const ServerReader& reader) {
  LatencyAnswer answer;
  answer.window = reader.window();
  answer.total = latencies_.figures();
  if (options_.target) answer.target = target_of(latencies_, reader, *options_.target);
  for (std::size_t p = 0; p < kPhaseCount && options_.phases; ++p) answer.phases[p] = phase_sink_.figures(p);
  if (!windows_.empty()) answer.series = points_of(windows_, bucket_sink_.cells());
  return answer;
}

}  // namespace nines::query
