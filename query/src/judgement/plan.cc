#include "judgement/plan.h"

#include <algorithm>
#include <optional>

namespace nines::query {
namespace {

bool edge_inside(std::span<const std::int64_t> edges, std::int64_t day) {
  const auto next = std::upper_bound(edges.begin(), edges.end(), day * kDayMs);
  return next != edges.end() && *next < (day + 1) * kDayMs;
}

PlanStep plan_day(std::int64_t day, const Frame& frame, std::span<const std::int64_t> bucket_edges, Reason summaries) {
  PlanStep step{{from_ms(day * kDayMs), from_ms((day + 1) * kDayMs)}, Source::results, summaries};
  if (edge_inside(frame.overlay_edges, day) || edge_inside(frame.pause_ends, day)) {
    step.reason = Reason::overlay_edge;
  } else if (edge_inside(frame.rule_edges, day)) {
    step.reason = Reason::rule_change;
  } else if (edge_inside(bucket_edges, day)) {
    step.reason = Reason::bucket_edge;
  } else {
    step.source = Source::summaries;
  }
  return step;
}

}  // namespace

void append_step(std::vector<PlanStep>& steps, const PlanStep& step) {
  if (step.window.empty()) return;
  if (!steps.empty() && steps.back().window.to == step.window.from && steps.back().source == step.source &&
      steps.back().reason == step.reason) {
    steps.back().window.to = step.window.to;
    return;
  }
  steps.push_back(step);
}

DayRange whole_days(Window window) noexcept {
  const std::int64_t from = std::max<std::int64_t>(to_ms(window.from), 0);
  return {(from + kDayMs - 1) / kDayMs, std::max<std::int64_t>(to_ms(window.to), 0) / kDayMs};
}

bool takes_summaries(Window window, Summaries summaries) noexcept {
  if (summaries == Summaries::never) return false;
  const DayRange whole = whole_days(window);
  return whole.last - whole.first >= (summaries == Summaries::always ? 1 : kLongWindowDays);
}

std::vector<PlanStep> plan_reads(Window range, Window days, Summaries summaries, const Frame& frame,
                                 std::span<const std::int64_t> bucket_edges) {
  std::vector<PlanStep> steps;
  const DayRange whole = whole_days(days);
  if (!takes_summaries(days, summaries)) {
    const Reason reason = summaries == Summaries::never ? Reason::asked : Reason::short_window;
    append_step(steps, {range, Source::results, reason});
    return steps;
  }
  const Reason reason = summaries == Summaries::always ? Reason::asked : Reason::whole_days;
  append_step(steps, {{range.from, from_ms(whole.first * kDayMs)}, Source::results, Reason::partial_day});
  for (std::int64_t day = whole.first; day < whole.last; ++day) {
    append_step(steps, plan_day(day, frame, bucket_edges, reason));
  }
  append_step(steps, {{from_ms(whole.last * kDayMs), range.to}, Source::results, Reason::partial_day});
  return steps;
}

}  // namespace nines::query
