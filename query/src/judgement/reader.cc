#include "judgement/reader.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include <nines/known_history.h>

#include "judgement/combine.h"
#include "judgement/confirm.h"
#include "judgement/plan.h"
#include "judgement/readable.h"
#include "judgement/server_facts.h"
#include "judgement/spans.h"

namespace nines::query {
namespace {

// How far each further step of a look beyond the window goes: short at first, since most outages are, and few steps
// to the beginning of all time. Back it goes by summaries, of which four cost little more than one.
constexpr std::int64_t kFirstStepDays = 1;
constexpr std::int64_t kFirstStepBackDays = 4;
constexpr std::int64_t kStepGrowth = 4;

// What is read by days. What holds at a midnight is told by the summary of the day before, for less than a scan of its
// last minutes.
Window read_by_days(Window window, Summaries summaries, std::int64_t floor_ms) noexcept {
  if (window.from == from_ms(day_start(to_ms(window.from))) && takes_summaries(window, summaries)) {
    window.from = from_ms(day_start(floor_ms));
  }
  return window;
}

std::int64_t floor_of(Window window, Reach reach) noexcept {
  return std::max<std::int64_t>(0, to_ms(window.from) - reach.back_ms);
}

}  // namespace

DayRange days_at_once(Window window, Summaries summaries, Reach reach) noexcept {
  return whole_days(read_by_days(window, summaries, floor_of(window, reach)));
}

Result<void> ServerReader::begin(const Server& server, const Query& query, const Reading& reading, Reach reach) {
  if (auto valid = validate(query.policy); !valid) return valid;
  frame_.server = &server;
  frame_.policy = query.policy;
  frame_.window = {query.window.from, std::max(query.window.from, std::min(query.window.to, query.now))};
  reading_ = reading;
  now_ms_ = std::max(to_ms(query.now), to_ms(frame_.window.to));
  floor_ms_ = floor_of(frame_.window, reach);
  horizon_ms_ = std::min(now_ms_, to_ms(frame_.window.to) + reach.ahead_ms);
  beginning_ms_.reset();
  longest_interval_ = reach.longest_interval;
  known_ = reach.known;
  step_back_days_ = kFirstStepBackDays;
  since_.reset();
  merge_ms_ = 0;
  for (const Rules& rules : server.rules) {
    merge_ms_ = std::max(merge_ms_, std::min(rules.merge_within.count(), kMaxHoldMs));
  }
  history_.clear();
  holes_.clear();
  last_.reset();
  explain_ = {};
  return frame_.lay_out({from_ms(floor_ms_), from_ms(horizon_ms_ + 1)});
}

Result<void> ServerReader::take(const Store& store, Cursor& cursor) {
  Collector collector(frame_, history_, reading_.sinks);
  while (true) {
    const auto segment = next_readable(cursor, holes_);
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    collector.add(**segment, floor_ms_, horizon_ms_);
  }
  last_ = collector.last();
  const PlanStep all{{from_ms(floor_ms_), from_ms(horizon_ms_)}, Source::results, Reason::short_window};
  return read_gone_days(store, {&all, 1}, reading_.sinks);
}

Result<void> ServerReader::read(const Store& store, Summaries summaries, GivenDays given) {
  const Window days = read_by_days(frame_.window, summaries, floor_ms_);
  if (days.from < frame_.window.from) {
    floor_ms_ = to_ms(days.from);
    if (auto laid = frame_.lay_out({days.from, from_ms(horizon_ms_ + 1)}); !laid) return laid;
  }
  const auto steps =
      plan_reads({from_ms(floor_ms_), from_ms(horizon_ms_)}, days, summaries, frame_, reading_.bucket_edges);
  Collector collector(frame_, history_, reading_.sinks);
  given_ = given;
  auto done = run_plan(store, steps, collector);
  given_ = {};
  if (!done) return done;
  last_ = collector.last();
  return read_gone_days(store, steps, reading_.sinks);
}

Result<void> ServerReader::read_all(const Store& store, const Server& server, const Query& query,
                                    const Reading& reading) {
  const auto* const known = dynamic_cast<const KnownHistory*>(&store);
  Reach own =
      reach(server, query.policy, query.window, known == nullptr ? std::nullopt : known->longest_interval(server.id));
  own.known = known;
  if (auto done = begin(server, query, reading, own); !done) return done;
  if (!frame_.window.empty()) {
    if (auto done = read(store, query.summaries); !done) return done;
  }
  return settle(store);
}

Result<void> ServerReader::settle(const Store& store) {
  clipped_ = frame_.window;
  spans_.clear();
  if (frame_.window.empty()) return {};
  judge();
  std::int64_t step_days = kFirstStepDays;
  while (true) {
    if (needs_later()) {
      if (auto done = extend_ahead(store, day_start(horizon_ms_) + step_days * kDayMs); !done) return done;
      step_days *= kStepGrowth;
    } else if (needs_earlier()) {
      if (auto done = step_back(store); !done) return done;
    } else if (needs_since()) {
      const auto found = find_since(store);
      if (!found) return tl::unexpected(found.error());
      if (*found) break;
      if (auto done = step_back(store); !done) return done;
    } else {
      break;
    }
  }
  // Its life may have begun later than the state that the catalog lays over it.
  if (reading_.since && !since_ && state_start().from_ms < to_ms(frame_.server->created_at)) {
    if (auto done = find_beginning(store); !done) return done;
  }
  if (auto done = clip_to_life(store); !done) return done;
  cover(judged_, to_ms(clipped_.from), to_ms(clipped_.to), spans_);
  return {};
}

void ServerReader::judge() {
  open_until_ms_ = kNever;
  open_from_ms_ = kAlways;
  longest_hold_ms_ = 0;
  may_have_blips_ = false;
  all_places_from_ms_ = history_.all().empty() ? kAlways : kNever;
  for (Series& series : history_.all()) {
    const Verdict verdict = confirm(series, frame_.policy, frame_.pause_ends, horizon_ms_);
    open_until_ms_ = std::max(open_until_ms_, verdict.open_until_ms);
    open_from_ms_ = std::min(open_from_ms_, verdict.open_from_ms);
    may_have_blips_ = may_have_blips_ || verdict.may_have_blips;
    all_places_from_ms_ = std::max(all_places_from_ms_, series.pieces.empty() ? kAlways : series.pieces[0].first_ms);
    for (const Piece& piece : series.pieces) {
      // Without what a pause takes from it.
      const std::int64_t hold =
          frame_.pause_ends.empty() ? piece.hold_ms : hold_ms(*piece.rules, std::int64_t{piece.interval_ms});
      longest_hold_ms_ = std::max(longest_hold_ms_, hold);
    }
  }
  combine(measured_);
  lay_over(measured_, frame_.overlay, judged_);
  // What lies past the horizon is not known to hold; one millisecond of it tells whether an outage goes on.
  while (!judged_.empty() && judged_.back().from_ms > horizon_ms_) judged_.pop_back();
  if (!judged_.empty()) judged_.back().to_ms = std::min(judged_.back().to_ms, horizon_ms_ + 1);
  find_outages(judged_, *frame_.server, outages_);
}

// What the places' results say together; nothing of the times that cannot be read, whatever held before them.
void ServerReader::combine(std::vector<Span>& measured) {
  combine_series(history_.all(), frame_.server->rules, measured);
  if (holes_.empty()) return;
  std::sort(holes_.begin(), holes_.end(), [](const Hole& a, const Hole& b) { return a.window.from < b.window.from; });
  std::vector<Span> hidden;
  for (const Hole& hole : holes_) {
    const std::int64_t done_ms = hidden.empty() ? 0 : hidden.back().to_ms;
    append_span(hidden, std::max(to_ms(hole.window.from), done_ms), to_ms(hole.window.to), State::unknown);
  }
  lay_over(measured, hidden, hidden_);
  measured.swap(hidden_);
}

std::vector<Hole> ServerReader::holes() const {
  std::vector<Hole> inside;
  for (const Hole& hole : holes_) {
    const Window part{std::max(hole.window.from, clipped_.from), std::min(hole.window.to, clipped_.to)};
    if (!part.empty()) inside.push_back({part, hole.error});
  }
  return inside;
}

void ServerReader::give_up(Error error) {
  history_.clear();
  last_.reset();
  holes_.assign(1, {frame_.window, std::move(error)});
  clipped_ = frame_.window;
  spans_.clear();
  if (clipped_.empty()) return;
  judge();
  cover(judged_, to_ms(clipped_.from), to_ms(clipped_.to), spans_);
}

// From this moment on judged_ can only change by what lies past the horizon.
std::int64_t ServerReader::settled_from_ms() const noexcept {
  if (floor_ms_ <= beginning_ms_.value_or(0)) return kNever;
  if (longest_interval_) {
    return std::max(open_until_ms_, held_until_ms(*frame_.server, floor_ms_, longest_interval_->count()));
  }
  // A result that holds longer than all that was met may lie before: as the last one of its location.
  const std::int64_t holders_ms = std::min(all_places_from_ms_, floor_ms_ + kLongestHoldMs);
  return std::max({open_until_ms_, floor_ms_ + longest_hold_ms_, holders_ms,  //
                   held_until_ms(*frame_.server, floor_ms_, 0)});
}

bool ServerReader::needs_earlier() const noexcept {
  const std::int64_t settled_ms = settled_from_ms();
  if (settled_ms == kNever) return false;
  const std::int64_t from_ms = to_ms(frame_.window.from);
  const std::int64_t end_ms = to_ms(frame_.window.to);
  if (settled_ms > from_ms) return true;
  if (!reading_.incidents) return false;
  // An outage from before may be open in the unknown time that what is settled begins with.
  auto first_known = span_at(judged(), settled_ms);
  while (first_known != judged().end() && first_known->state == State::unknown) ++first_known;
  if (first_known == judged().end()) return true;
  for (const Outage& outage : outages_) {
    if (!outage.reaches_into(from_ms, end_ms)) continue;
    return outage.from_ms - merge_ms_ < settled_ms ||
           (first_known->state == State::down && outage.from_ms <= first_known->from_ms);
  }
  return false;
}

bool ServerReader::needs_later() const noexcept {
  if (horizon_ms_ >= now_ms_) return false;
  const std::int64_t end_ms = to_ms(frame_.window.to);
  // What is not decided at the very end matters too: it says whether an outage goes on.
  if (open_from_ms_ <= end_ms + merge_ms_) return true;
  if (!reading_.incidents || outages_.empty()) return false;
  const Outage& last = outages_.back();
  return last.reaches_into(to_ms(frame_.window.from), end_ms) && (last.open || last.to_ms + merge_ms_ > horizon_ms_);
}

TimePerState ServerReader::time_with_blips_down() {
  TimePerState time;
  for (const Span& span : spans_) time[span.state] += span.length_ms();
  if (!may_have_blips_) return time;
  const std::int64_t from_ms = to_ms(clipped_.from);
  const std::int64_t end_ms = to_ms(clipped_.to);
  const bool one_place =
      history_.all().size() == 1 && frame_.server->rules.size() == 1 && frame_.server->rules.front().quorum <= 1;
  bool any = false;
  for (const Series& series : history_.all()) {
    for (std::size_t i = 0; i < series.pieces.size(); ++i) {
      const Piece& piece = series.pieces[i];
      if (!is_blip(piece)) continue;
      std::int64_t until_ms = std::min(piece.last_ms + piece.hold_ms, end_ms);
      if (i + 1 < series.pieces.size()) until_ms = std::min(until_ms, series.pieces[i + 1].first_ms);
      const std::int64_t begin_ms = std::max(piece.first_ms, from_ms);
      if (begin_ms >= until_ms) continue;
      any = true;
      if (!one_place) continue;
      std::int64_t moved_ms = until_ms - begin_ms;
      const auto overlay = std::span<const Span>(frame_.overlay);
      for (auto over = span_at(overlay, begin_ms); over != overlay.end() && over->from_ms < until_ms; ++over) {
        moved_ms -= std::min(over->to_ms, until_ms) - std::max(over->from_ms, begin_ms);
      }
      time[piece.judged] -= moved_ms;
      time[State::down] += moved_ms;
    }
  }
  if (!any || one_place) return time;
  // Places vote anew.
  for (Series& series : history_.all()) {
    for (Piece& piece : series.pieces) piece.judged = is_blip(piece) ? State::down : piece.judged;
  }
  std::vector<Span> measured;
  std::vector<Span> judged;
  std::vector<Span> spans;
  combine(measured);
  lay_over(measured, frame_.overlay, judged);
  cover(judged, from_ms, end_ms, spans);
  for (Series& series : history_.all()) {
    static_cast<void>(confirm(series, frame_.policy, frame_.pause_ends, horizon_ms_));
  }
  time = {};
  for (const Span& span : spans) time[span.state] += span.length_ms();
  return time;
}

// One step further into the past: as far as what was met may hold, else by days, short at first.
Result<void> ServerReader::step_back(const Store& store) {
  // A first step finds most of what is looked for, and costs no more than finding where the history begins.
  if (!beginning_ms_ && step_back_days_ > kFirstStepBackDays) {
    if (auto done = find_beginning(store); !done) return done;
    if (!needs_earlier() && !needs_since()) return {};
  }
  const std::int64_t from_ms = to_ms(frame_.window.from);
  if (!longest_interval_ && floor_ms_ + longest_hold_ms_ > from_ms && open_until_ms_ <= from_ms) {
    return extend_back(store, from_ms - longest_hold_ms_);
  }
  const std::int64_t target_ms = day_start(floor_ms_ - 1) - (step_back_days_ - 1) * kDayMs;
  step_back_days_ *= kStepGrowth;
  return extend_back(store, target_ms);
}

Result<void> ServerReader::find_beginning(const Store& store) {
  if (beginning_ms_) return {};
  const auto first_ms = first_result_ms(store, *frame_.server, explain_.cost);
  if (!first_ms) return tl::unexpected(first_ms.error());
  std::int64_t begin_ms = first_ms->value_or(kAlways);
  // What the catalog lays over the results has its own beginnings.
  for (const Correction& correction : frame_.server->corrections) {
    begin_ms = std::min(begin_ms, to_ms(correction.window.from));
  }
  if (!frame_.server->paused.empty()) begin_ms = std::min(begin_ms, to_ms(frame_.server->paused.front().from));
  first_result_ms_ = first_ms->value_or(kAlways);
  beginning_ms_ = begin_ms;
  return {};
}

// A server's life begins at its creation, or with its first result where history was loaded from before.
Result<void> ServerReader::clip_to_life(const Store& store) {
  const TimeMs created = frame_.server->created_at;
  if (created <= frame_.window.from) return {};
  if (all_places_from_ms_ <= to_ms(frame_.window.from)) return {};
  if (auto done = find_beginning(store); !done) return done;
  const std::int64_t begin_ms = std::min(to_ms(created), first_result_ms_);
  clipped_.from = std::clamp(from_ms(begin_ms), frame_.window.from, frame_.window.to);
  return {};
}

Result<void> ServerReader::find_any_result(const Store& store) {
  if (auto done = find_beginning(store); !done) return done;
  while (floor_ms_ > 0 && floor_ms_ > *beginning_ms_ && all_places_from_ms_ == kAlways) {
    if (auto done = step_back(store); !done) return done;
  }
  return {};
}

Result<void> ServerReader::extend_back(const Store& store, std::int64_t target_ms) {
  // Nothing is older than the beginning.
  target_ms = std::max({target_ms, beginning_ms_.value_or(0), std::int64_t{0}});
  if (target_ms >= floor_ms_) return {};
  if (auto laid = frame_.lay_out({from_ms(target_ms), from_ms(horizon_ms_ + 1)}); !laid) return laid;
  const Window range{from_ms(target_ms), from_ms(floor_ms_)};
  auto steps = plan_reads(range, range, Summaries::always, frame_, {});
  for (PlanStep& step : steps) step.reason = Reason::look_back;
  Collector collector(frame_, earlier_, {});
  if (auto done = run_plan(store, steps, collector); !done) return done;
  if (!last_) last_ = collector.last();
  history_.prepend(earlier_);
  floor_ms_ = target_ms;
  if (auto done = read_gone_days(store, steps, {}); !done) return done;
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
  if (auto done = read_gone_days(store, steps, {}); !done) return done;
  judge();
  return {};
}

}  // namespace nines::query
