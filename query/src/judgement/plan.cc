#include "judgement/plan.h"

#include <algorithm>

#include "judgement/judging.h"

namespace nines::query {
namespace {

// The days that edges fall into, asked for ascending days. An edge at a midnight falls into none.
class CutDays {
 public:
  CutDays(std::span<const std::int64_t> edges, std::int64_t first_day)
      : next_(std::upper_bound(edges.begin(), edges.end(), first_day * kDayMs)), end_(edges.end()) {}
  // The first of them at or after `day`; kAlways when there is none.
  [[nodiscard]] std::int64_t at_or_after(std::int64_t day) noexcept {
    while (next_ != end_ && (*next_ <= day * kDayMs || *next_ % kDayMs == 0)) ++next_;
    return next_ == end_ ? kAlways : utc_day(*next_);
  }

 private:
  std::span<const std::int64_t>::iterator next_;
  std::span<const std::int64_t>::iterator end_;
};

Window days_window(std::int64_t first, std::int64_t last) {
  return {from_ms(first * kDayMs), from_ms(last * kDayMs)};
}

// Whole days, by summaries but for those that something falls into.
void append_days(std::vector<PlanStep>& steps, DayRange whole, const Frame& frame,
                 std::span<const std::int64_t> bucket_edges, Reason summaries) {
  CutDays overlay(frame.overlay_edges, whole.first);
  CutDays pauses(frame.pause_ends, whole.first);
  CutDays rules(frame.rule_edges, whole.first);
  CutDays buckets(bucket_edges, whole.first);
  for (std::int64_t day = whole.first; day < whole.last; ++day) {
    // A pause's end may lie under a correction.
    const std::int64_t overlay_day = std::min(overlay.at_or_after(day), pauses.at_or_after(day));
    const std::int64_t rules_day = rules.at_or_after(day);
    const std::int64_t cut = std::min({overlay_day, rules_day, buckets.at_or_after(day), whole.last});
    append_step(steps, {days_window(day, cut), Source::summaries, summaries});
    if (cut == whole.last) break;
    const Reason reason = cut == overlay_day ? Reason::overlay_edge
                          : cut == rules_day ? Reason::rule_change
                                             : Reason::bucket_edge;
    append_step(steps, {days_window(cut, cut + 1), Source::results, reason});
    day = cut;
  }
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
  append_days(steps, whole, frame, bucket_edges, reason);
  append_step(steps, {{from_ms(whole.last * kDayMs), range.to}, Source::results, Reason::partial_day});
  return steps;
}

}  // namespace nines::query
