// Of ServerReader: from the store into the history, step by step of a plan.
#include <algorithm>
#include <utility>

#include "judgement/plan.h"
#include "judgement/readable.h"
#include "judgement/reader.h"

namespace nines::query {
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
    if (auto done = read_results(store, window, collector); !done) return tl::unexpected(done.error());
  }
  return {};
}

Result<std::uint64_t> ServerReader::read_results(const Store& store, Window window, Collector& collector) {
  const bool holds_start = window.from < frame_.window.from && frame_.window.from < window.to;
  ScanOptions options{reading_.columns, std::chrono::milliseconds{0}};
  if (holds_start) options.lookback = frame_.window.from - window.from;
  auto cursor = store.scan(frame_.server->id, {holds_start ? frame_.window.from : window.from, window.to}, options);
  if (!cursor) return tl::unexpected(cursor.error());
  std::uint64_t found = 0;
  while (true) {
    const auto segment = next_readable(**cursor, holes_);
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    found += (*segment)->size() - (*segment)->first_in_window;
    collector.add(**segment, to_ms(window.from), to_ms(window.to));
  }
  explain_.cost += (*cursor)->cost();
  return found;
}

Result<void> ServerReader::read_days(const Store& store, const PlanStep& step, Collector& collector) {
  const DayRange range{utc_day(to_ms(step.window.from)), utc_day(to_ms(step.window.to))};
  const bool sketches = reading_.sketches && step.reason != Reason::look_back;
  std::unique_ptr<DayCursor> own;
  DayCursor* days = nullptr;
  if (given_.cursor != nullptr && given_.range.first == range.first && given_.range.last == range.last) {
    days = std::exchange(given_.cursor, nullptr);
  } else {
    auto opened = store.days(frame_.server->id, range, sketches);
    if (!opened) return tl::unexpected(opened.error());
    own = std::move(*opened);
    days = own.get();
  }
  std::vector<Hole> lost;
  while (true) {
    const auto day = next_readable(*days, lost);
    if (!day) return tl::unexpected(day.error());
    for (Hole& hole : lost) {
      if (auto done = read_lost_days(store, std::move(hole), collector); !done) return done;
    }
    lost.clear();
    if (*day == nullptr) break;
    if (!has_inner_gap(frame_, **day)) {
      collector.add(**day);
      continue;
    }
    const Window window{from_ms((*day)->day * kDayMs), from_ms(((*day)->day + 1) * kDayMs)};
    append_step(explain_.plan, {window, Source::results, Reason::inner_gap});
    const auto found = read_results(store, window, collector);
    if (!found) return tl::unexpected(found.error());
    if (*found == 0) collector.add(**day);
  }
  if (own != nullptr) explain_.cost += own->cost();
  return {};
}

// Of days whose summaries cannot be read the results may be there.
Result<void> ServerReader::read_lost_days(const Store& store, Hole lost, Collector& collector) {
  const std::size_t known = holes_.size();
  append_step(explain_.plan, {lost.window, Source::results, Reason::lost_summary});
  const auto found = read_results(store, lost.window, collector);
  if (!found) return tl::unexpected(found.error());
  if (*found == 0 && holes_.size() == known) holes_.push_back(std::move(lost));
  return {};
}

// Retention takes the results of a server's oldest days and may leave their summaries. So where a stretch of results
// was to be read, days of it that lie before the first result that there is are looked for among the summaries. Of a
// day that is not read whole the results may be there, outside of what was read: then there are none in the stretch.
Result<void> ServerReader::read_gone_days(const Store& store, std::span<const PlanStep> steps,
                                          std::span<ResultSink* const> sinks) {
  const std::int64_t first_ms = first_result_read_ms();
  const std::int64_t kept_from_ms = first_ms == kAlways ? kAlways : day_start(first_ms);
  const bool looked = std::any_of(steps.begin(), steps.end(), [&](const PlanStep& step) {
    return step.source == Source::results && to_ms(step.window.from) < kept_from_ms;
  });
  if (!looked) return {};
  if (auto done = find_beginning(store); !done) return done;
  if (first_result_ms_ >= std::min(kept_from_ms, to_ms(steps.back().window.to))) return {};
  Collector collector(frame_, earlier_, sinks);
  const TimeMs begin = from_ms(day_start(first_result_ms_));
  const TimeMs end = from_ms(std::min(kept_from_ms, to_ms(kTimeLimit)));
  Window gone;
  for (const PlanStep& step : steps) {
    if (step.source != Source::results) continue;
    const Window part{std::max(step.window.from, begin), std::min(step.window.to, end)};
    if (part.empty()) continue;
    if (part.from != gone.to) {
      if (auto done = read_gone_part(store, gone, collector); !done) return done;
      gone = part;
    }
    gone.to = part.to;
  }
  if (auto done = read_gone_part(store, gone, collector); !done) return done;
  history_.merge(earlier_);
  return {};
}

Result<void> ServerReader::read_gone_part(const Store& store, Window part, Collector& collector) {
  if (part.empty()) return {};
  const DayRange range{utc_day(to_ms(part.from)), utc_day(to_ms(part.to) - 1) + 1};
  auto days = store.days(frame_.server->id, range, reading_.sketches);
  if (!days) return tl::unexpected(days.error());
  while (true) {
    const auto day = next_readable(**days, holes_);
    if (!day) return tl::unexpected(day.error());
    if (*day == nullptr) break;
    const Window whole{from_ms((*day)->day * kDayMs), from_ms(((*day)->day + 1) * kDayMs)};
    const Window taken{std::max(whole.from, part.from), std::min(whole.to, part.to)};
    if (taken != whole) {
      const auto kept = has_results(store, whole);
      if (!kept) return tl::unexpected(kept.error());
      if (*kept) continue;
    }
    collector.add_part(**day, to_ms(taken.from), to_ms(taken.to));
    // It says what the results said that could not be read.
    std::erase_if(holes_,
                  [&](const Hole& hole) { return hole.window.from >= taken.from && hole.window.to <= taken.to; });
    append_step(explain_.plan, {taken, Source::summaries, Reason::no_results});
  }
  explain_.cost += (*days)->cost();
  return {};
}

Result<bool> ServerReader::has_results(const Store& store, Window window) {
  auto cursor =
      store.scan(frame_.server->id, window,
                 {Columns{.latency = false, .phases = false, .details = false}, std::chrono::milliseconds{0}});
  if (!cursor) return tl::unexpected(cursor.error());
  std::vector<Hole> unread;
  const auto segment = next_readable(**cursor, unread);
  if (!segment) return tl::unexpected(segment.error());
  explain_.cost += (*cursor)->cost();
  return *segment != nullptr;
}

// The time of the first result that was read as such, not from a summary.
std::int64_t ServerReader::first_result_read_ms() const noexcept {
  std::int64_t first_ms = kAlways;
  for (const Series& series : history_.all()) {
    const auto found =
        std::find_if(series.pieces.begin(), series.pieces.end(), [](const Piece& piece) { return !piece.summarised; });
    if (found != series.pieces.end()) first_ms = std::min(first_ms, found->first_ms);
  }
  return first_ms;
}

}  // namespace nines::query
