#include "judgement/reader.h"

#include <algorithm>
#include <limits>

#include "judgement/combine.h"
#include "judgement/confirm.h"
#include "judgement/plan.h"
#include "judgement/spans.h"

namespace nines::query {
namespace {

// How far each further step of a look beyond the window goes: short at first, since most outages are, and few steps
// to the beginning of all time.
constexpr std::int64_t kFirstStepDays = 1;
constexpr std::int64_t kStepGrowth = 4;

std::int64_t day_start(std::int64_t time_ms) {
  return time_ms - time_ms % kDayMs;
}

}  // namespace

Result<void> ServerReader::begin(const Server& server, const Query& query, const Reading& reading, Reach reach) {
  if (auto valid = validate(query.policy); !valid) return valid;
  frame_.server = &server;
  frame_.policy = query.policy;
  frame_.window = {query.window.from, std::max(query.window.from, std::min(query.window.to, query.now))};
  reading_ = reading;
  now_ms_ = std::max(to_ms(query.now), to_ms(frame_.window.to));
  floor_ms_ = std::max<std::int64_t>(0, to_ms(frame_.window.from) - reach.back_ms);
  horizon_ms_ = std::min(now_ms_, to_ms(frame_.window.to) + reach.ahead_ms);
  history_.clear();
  last_.reset();
  explain_ = {};
  return frame_.lay_out({from_ms(floor_ms_), from_ms(horizon_ms_ + 1)});
}

std::chrono::milliseconds ServerReader::lookback() const noexcept {
  return std::chrono::milliseconds{to_ms(frame_.window.from) - floor_ms_};
}

Result<void> ServerReader::take(Cursor& cursor) {
  Collector collector(frame_, history_, reading_.sinks);
  while (true) {
    const auto segment = cursor.next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    collector.add(**segment, floor_ms_, horizon_ms_);
  }
  last_ = collector.last();
  return {};
}

Result<void> ServerReader::read(const Store& store, Summaries summaries) {
  const auto steps =
      plan_reads({from_ms(floor_ms_), from_ms(horizon_ms_)}, frame_.window, summaries, frame_, reading_.bucket_edges);
  Collector collector(frame_, history_, reading_.sinks);
  if (auto done = run_plan(store, steps, collector); !done) return done;
  last_ = collector.last();
  return {};
}

Result<void> ServerReader::read_all(const Store& store, const Server& server, const Query& query,
                                    const Reading& reading) {
  if (auto done = begin(server, query, reading, reach(server, query.policy, query.window)); !done) return done;
  if (!frame_.window.empty()) {
    if (auto done = read(store, query.summaries); !done) return done;
  }
  return settle(store);
}

Result<void> ServerReader::run_plan(const Store& store, std::span<const PlanStep> steps, Collector& collector) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    append_step(explain_.plan, steps[i]);
    if (steps[i].source == Source::summaries) {
      if (auto done = read_days(store, steps[i], collector); !done) return done;
      continue;
    }
    // Neighbouring stretches of results are one scan, whatever their reasons.
    Window window = steps[i].window;
    for (; i + 1 < steps.size() && steps[i + 1].source == Source::results; ++i) {
      append_step(explain_.plan, steps[i + 1]);
      window.to = steps[i + 1].window.to;
    }
    if (auto done = read_results(store, window, collector); !done) return done;
  }
  return {};
}

Result<void> ServerReader::read_results(const Store& store, Window window, Collector& collector) {
  const bool holds_start = window.from < frame_.window.from && frame_.window.from < window.to;
  ScanOptions options{reading_.columns, std::chrono::milliseconds{0}};
  if (holds_start) options.lookback = frame_.window.from - window.from;
  auto cursor = store.scan(frame_.server->id, {holds_start ? frame_.window.from : window.from, window.to}, options);
  if (!cursor) return tl::unexpected(cursor.error());
  while (true) {
    const auto segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    collector.add(**segment, to_ms(window.from), to_ms(window.to));
  }
  explain_.cost += (*cursor)->cost();
  return {};
}

Result<void> ServerReader::read_days(const Store& store, const PlanStep& step, Collector& collector) {
  const DayRange range{utc_day(to_ms(step.window.from)), utc_day(to_ms(step.window.to))};
  auto days = store.days(frame_.server->id, range, reading_.sketches);
  if (!days) return tl::unexpected(days.error());
  while (true) {
    const auto day = (*days)->next();
    if (!day) return tl::unexpected(day.error());
    if (*day == nullptr) break;
    const auto reason = step.reason == Reason::no_results ? std::nullopt : needs_results(frame_, **day);
    if (!reason) {
      collector.add(**day);
      continue;
    }
    const Window window{from_ms((*day)->day * kDayMs), from_ms(((*day)->day + 1) * kDayMs)};
    append_step(explain_.plan, {window, Source::results, *reason});
    if (auto done = read_results(store, window, collector); !done) return done;
  }
  explain_.cost += (*days)->cost();
  return {};
}

// Where retention has taken the results of the window's first days, their summaries may still be there.
Result<void> ServerReader::read_kept_summaries(const Store& store) {
  const std::int64_t begin = std::max(to_ms(frame_.window.from), to_ms(frame_.server->created_at));
  const auto first = first_result_ms(std::numeric_limits<std::int64_t>::min());
  const std::int64_t end = std::min(to_ms(frame_.window.to), first.value_or(to_ms(frame_.window.to)));
  const DayRange empty = whole_days({from_ms(begin), from_ms(end)});
  if (empty.first >= empty.last) return {};
  const PlanStep step{
      {from_ms(empty.first * kDayMs), from_ms(empty.last * kDayMs)}, Source::summaries, Reason::no_results};
  Collector collector(frame_, earlier_, reading_.sinks);
  if (auto done = read_days(store, step, collector); !done) return done;
  append_step(explain_.plan, step);
  history_.prepend(earlier_);
  return {};
}

Result<void> ServerReader::settle(const Store& store) {
  clipped_ = frame_.window;
  if (!frame_.window.empty()) {
    const bool summaries_read = std::any_of(explain_.plan.begin(), explain_.plan.end(),
                                            [](const PlanStep& step) { return step.source == Source::summaries; });
    if (!summaries_read) {
      if (auto done = read_kept_summaries(store); !done) return done;
    }
    judge();
    if (auto done = look_back(store); !done) return done;
    if (auto done = look_ahead(store); !done) return done;
    const std::int64_t created_ms =
        std::min(to_ms(frame_.server->created_at),
                 first_result_ms(to_ms(frame_.window.from)).value_or(std::numeric_limits<std::int64_t>::max()));
    clipped_.from = std::clamp(from_ms(created_ms), frame_.window.from, frame_.window.to);
  }
  lay_out_spans();
  cover(judged_, to_ms(clipped_.from), to_ms(clipped_.to), spans_);
  return {};
}

void ServerReader::judge() {
  open_until_ms_ = std::numeric_limits<std::int64_t>::min();
  open_from_ms_ = std::numeric_limits<std::int64_t>::max();
  for (Series& series : history_.all()) {
    const Verdict verdict = confirm(series, frame_.policy);
    open_until_ms_ = std::max(open_until_ms_, verdict.open_until_ms);
    open_from_ms_ = std::min(open_from_ms_, verdict.open_from_ms);
  }
}

void ServerReader::lay_out_spans() {
  combine_series(history_.all(), frame_.server->rules, measured_);
  lay_over(measured_, frame_.overlay, judged_);
  // What lies past the horizon is not known to hold; one millisecond of it tells whether an outage goes on.
  while (!judged_.empty() && judged_.back().from_ms > horizon_ms_) judged_.pop_back();
  if (!judged_.empty()) judged_.back().to_ms = std::min(judged_.back().to_ms, horizon_ms_ + 1);
}

std::int64_t ServerReader::longest_hold_ms() const noexcept {
  std::int64_t longest = 0;
  for (const Series& series : history_.all()) {
    for (const Piece& piece : series.pieces) longest = std::max(longest, piece.hold_ms);
  }
  return longest;
}

// Whether a location shows nothing at the window's start, and a result from before what was read might still hold.
bool ServerReader::misses_holder() const noexcept {
  const std::int64_t start_ms = to_ms(frame_.window.from);
  const auto all = history_.all();
  const bool holder_missing = std::any_of(all.begin(), all.end(), [&](const Series& series) {
    return !series.pieces.empty() && series.pieces.front().first_ms > start_ms;
  });
  return holder_missing && floor_ms_ > start_ms - longest_hold_ms();
}

// Whether an incident of the window may begin before what was read: a correction to down that does, or an outage that
// joins one from before.
bool ServerReader::incident_reaches_floor() {
  std::int64_t merge_ms = 0;
  for (const Rules& rules : frame_.server->rules) merge_ms = std::max(merge_ms, rules.merge_within.count());
  const auto& overlay = frame_.overlay;
  const bool corrected =
      !overlay.empty() && overlay.front().state == State::down && overlay.front().from_ms == floor_ms_;
  if (merge_ms == 0 && !corrected) return false;
  lay_out_spans();
  std::int64_t start_ms = to_ms(frame_.window.from);
  for (std::size_t i = judged_.size(); i-- > 0;) {
    const Span& span = judged_[i];
    if (span.state != State::down || span.from_ms >= start_ms) continue;
    if (span.to_ms <= start_ms - merge_ms && span.to_ms != start_ms) break;
    start_ms = span.from_ms;
  }
  return start_ms <= floor_ms_ || (merge_ms > 0 && start_ms - merge_ms - longest_hold_ms() < floor_ms_);
}

Result<void> ServerReader::step_back(const Store& store, std::int64_t& step_days) {
  const std::int64_t target_ms = day_start(floor_ms_ - 1) - (step_days - 1) * kDayMs;
  step_days *= kStepGrowth;
  return extend_back(store, target_ms);
}

Result<void> ServerReader::look_back(const Store& store) {
  if (misses_holder()) {
    if (auto done = extend_back(store, to_ms(frame_.window.from) - longest_hold_ms()); !done) return done;
  }
  std::int64_t step_days = kFirstStepDays;
  while (floor_ms_ > 0 && (open_until_ms_ > to_ms(frame_.window.from) || incident_reaches_floor())) {
    if (auto done = step_back(store, step_days); !done) return done;
  }
  return {};
}

Result<void> ServerReader::find_any_result(const Store& store) {
  std::int64_t step_days = kFirstStepDays;
  while (floor_ms_ > 0 && !first_result_ms(0)) {
    if (auto done = step_back(store, step_days); !done) return done;
  }
  return {};
}

Result<void> ServerReader::look_ahead(const Store& store) {
  std::int64_t merge_ms = 0;
  for (const Rules& rules : frame_.server->rules) merge_ms = std::max(merge_ms, rules.merge_within.count());
  std::int64_t step_days = kFirstStepDays;
  // What is not decided at the very end matters too: it says whether an outage goes on.
  while (horizon_ms_ < now_ms_ && open_from_ms_ <= to_ms(frame_.window.to) + merge_ms) {
    if (auto done = extend_ahead(store, day_start(horizon_ms_) + step_days * kDayMs); !done) return done;
    step_days *= kStepGrowth;
  }
  return {};
}

Result<void> ServerReader::extend_back(const Store& store, std::int64_t target_ms) {
  // Beyond a few thousand days the rest is one step: nothing is older than 1970.
  target_ms = std::max<std::int64_t>(target_ms, 0);
  if (auto laid = frame_.lay_out({from_ms(target_ms), from_ms(horizon_ms_ + 1)}); !laid) return laid;
  const Window range{from_ms(target_ms), from_ms(floor_ms_)};
  auto steps = plan_reads(range, range, Summaries::always, frame_, {});
  for (PlanStep& step : steps) step.reason = Reason::look_back;
  Collector collector(frame_, earlier_, {});
  if (auto done = run_plan(store, steps, collector); !done) return done;
  if (!last_) last_ = collector.last();
  history_.prepend(earlier_);
  floor_ms_ = target_ms;
  judge();
  return {};
}

Result<void> ServerReader::extend_ahead(const Store& store, std::int64_t target_ms) {
  target_ms = std::min(target_ms, now_ms_);
  if (auto laid = frame_.lay_out({from_ms(floor_ms_), from_ms(target_ms + 1)}); !laid) return laid;
  const Window range{from_ms(horizon_ms_), from_ms(target_ms)};
  auto steps = plan_reads(range, range, Summaries::always, frame_, {});
  for (PlanStep& step : steps) step.reason = Reason::look_ahead;
  Collector collector(frame_, history_, {});
  if (auto done = run_plan(store, steps, collector); !done) return done;
  horizon_ms_ = target_ms;
  judge();
  return {};
}

std::optional<std::int64_t> ServerReader::first_result_ms(std::int64_t from_ms) const noexcept {
  std::optional<std::int64_t> first;
  for (const Series& series : history_.all()) {
    const auto found = std::lower_bound(series.pieces.begin(), series.pieces.end(), from_ms,
                                        [](const Piece& piece, std::int64_t time) { return piece.first_ms < time; });
    if (found == series.pieces.end()) continue;
    first = std::min(first.value_or(found->first_ms), found->first_ms);
  }
  return first;
}

}  // namespace nines::query
