// Of ServerReader: when the state at the window's end began, however long ago.
#include <algorithm>
#include <cassert>
#include <iterator>

#include "judgement/plan.h"
#include "judgement/readable.h"
#include "judgement/reader.h"

namespace nines::query {
namespace {

// How many days are looked at first for the start of a state that began before the window.
constexpr std::int64_t kSinceDays = 2;
// And behind these, further each time.
constexpr std::int64_t kSinceNextDays = 4;
constexpr std::int64_t kSinceGrowth = 4;

// When the successes of one state that a place's days end in began, told from the runs of these days, ascending. What
// is not plain has no answer: a success has to end an outage, and before the state there must be a success of another
// one, a result of state unknown, time in which nothing held, or enough failures in a row for an outage.
class PlainStart {
 public:
  PlainStart(State state, const Rules& rules, std::uint64_t failures_to_confirm, LocationId place)
      : state_(state), rules_(rules), failures_to_confirm_(failures_to_confirm), place_(place) {}

  void begin() noexcept {
    before_ = Before::nothing;
    since_ms_ = kNever;
    until_ms_ = kNever;
    plain_ = state_ == State::up || state_ == State::degraded;
    older_ = true;
  }
  void add(const DaySummary& day) noexcept {
    plain_ = plain_ && day.series.size() == 1 && day.series.front().location == place_;
    if (!plain_) return;
    for (const Run& run : day.series.front().runs) add(run);
  }
  void give_up() noexcept { plain_ = false; }
  /// Until when the last result holds; before all time where the days are not plain.
  [[nodiscard]] std::int64_t until_ms() const noexcept { return plain_ ? until_ms_ : kNever; }
  /// Before all time where the days cannot tell.
  [[nodiscard]] std::int64_t since_ms() const noexcept { return before_ == Before::same ? since_ms_ : kNever; }
  /// Whether these days have that state only, so that it may have begun before them.
  [[nodiscard]] bool is_older() const noexcept { return before_ == Before::same && older_; }
  /// The first result. Requires: is_older().
  [[nodiscard]] std::int64_t first_ms() const noexcept { return first_ms_; }

 private:
  enum class Before : std::uint8_t { nothing, same, other, failures };

  void add(const Run& run) noexcept {
    const std::int64_t hold = hold_ms(rules_, run.interval_ms);
    plain_ = plain_ && run.max_gap_ms <= hold;
    const bool after_gap = before_ != Before::nothing && run.first_ms > until_ms_;
    until_ms_ = run.last_ms + hold;
    if (run.state == State::down) {
      failures_ = before_ == Before::failures && !after_gap ? failures_ + run.count() : run.count();
      before_ = Before::failures;
      return;
    }
    if (run.state != state_) {
      before_ = Before::other;
      return;
    }
    if (before_ != Before::same || after_gap) {
      older_ = before_ == Before::nothing;
      if (older_) first_ms_ = run.first_ms;
      const bool begins =
          after_gap || before_ == Before::other || (before_ == Before::failures && failures_ >= failures_to_confirm_);
      since_ms_ = begins ? run.first_ms : kNever;
    }
    before_ = Before::same;
  }

  const State state_;
  const Rules& rules_;
  const std::uint64_t failures_to_confirm_;
  const LocationId place_;
  Before before_ = Before::nothing;  // what came last
  std::uint64_t failures_ = 0;       // in a row
  std::int64_t until_ms_ = kNever;
  std::int64_t since_ms_ = kNever;
  std::int64_t first_ms_ = kNever;
  bool plain_ = true;
  bool older_ = true;
};

// Adds the days of `range`, from memory where they are there. What it cost; days that cannot be read are not plain.
Result<ScanCost> read_plain(const Store& store, const KnownHistory* known, ServerId server, DayRange range,
                            PlainStart& start) {
  start.begin();
  if (const auto kept = known == nullptr ? nullptr : known->days_in_memory(server, range)) {
    ScanCost cost;
    ++cost.range_scans;
    auto day = std::lower_bound(kept->begin(), kept->end(), range.first,
                                [](const DaySummary& summary, std::int64_t wanted) { return summary.day < wanted; });
    for (; day != kept->end() && day->day < range.last; ++day, ++cost.summaries) start.add(*day);
    return cost;
  }
  const auto cursor = store.days(server, range, false);
  if (!cursor) return tl::unexpected(cursor.error());
  std::vector<Hole> holes;
  while (true) {
    const auto day = next_readable(**cursor, holes);
    if (!day) return tl::unexpected(day.error());
    if (*day == nullptr) break;
    start.add(**day);
  }
  if (!holes.empty()) start.give_up();
  return (*cursor)->cost();
}

}  // namespace

bool ServerReader::needs_since() const noexcept {
  if (!reading_.since) return false;
  const std::int64_t settled_ms = settled_from_ms();
  return settled_ms != kNever && state_start().rests_on_ms <= settled_ms;
}

bool ServerReader::is_down_at(std::int64_t time_ms) const noexcept {
  const auto span = span_at(judged(), time_ms);
  return span != judged().end() && span->from_ms <= time_ms && span->state == State::down;
}

// The start of a state that has held since before what was read, by the summaries of whole days: the state at the next
// midnight is the same one, and began when it did. False where there is no such midnight, nothing would be gained, or
// nothing is known of the midnight.
Result<bool> ServerReader::find_since(const Store& store) {
  const std::int64_t midnight_ms = day_start(floor_ms_) + kDayMs;
  const Window days{from_ms(midnight_ms - kSinceDays * kDayMs), from_ms(midnight_ms)};
  if (floor_ms_ == day_start(floor_ms_) || days.to > frame_.window.to || settled_from_ms() >= midnight_ms ||
      frame_.server->created_at > days.from) {
    return false;
  }
  if (is_down_at(to_ms(frame_.window.to) - 1) && !is_down_at(midnight_ms - 1)) return false;
  const auto plain = find_plain_since(store, days.to);
  if (!plain || *plain) return plain;
  if (before_ == nullptr) before_ = std::make_unique<ServerReader>();
  Reading reading;
  reading.since = true;
  const Query query{days, from_ms(now_ms_), frame_.policy, Summaries::always};
  // What comes after the midnight is looked at only where a row of results is undecided there.
  Reach back = reach(*frame_.server, query.policy, days, longest_interval_);
  back.known = known_;
  back.ahead_ms = 0;
  auto done = before_->begin(*frame_.server, query, reading, back);
  if (done) done = before_->read(store, query.summaries);
  if (done) done = before_->settle(store);
  if (!done) return tl::unexpected(done.error());
  since_ = before_->since();
  Explain& cost = before_->explain();
  explain_.cost += cost.cost;
  for (PlanStep& step : cost.plan) {
    step.reason = Reason::look_back;
    append_step(explain_.plan, step);
  }
  return true;
}

// The same without judging, for what most servers are: days of one place, over which the catalog lays nothing, which
// end in successes of one state without a break. False where these days cannot tell.
Result<bool> ServerReader::find_plain_since(const Store& store, TimeMs midnight) {
  const Server& server = *frame_.server;
  const Rules& rules = server.rules.back();
  const auto at_end = span_at(judged(), to_ms(midnight));
  if (at_end == judged().end() || history_.all().size() != 1 || !longest_interval_) return false;
  if (rules.quorum > 1 || successes_to_end(rules, frame_.policy) > 1) return false;
  PlainStart start(at_end->state, rules, failures_to_confirm(rules, frame_.policy), history_.all().front().location);
  TimeMs end = midnight;
  std::int64_t joined_ms = to_ms(midnight);  // what is known already begins here
  for (std::int64_t count = kSinceDays;; count = count == kSinceDays ? kSinceNextDays : count * kSinceGrowth) {
    const Window days{end - std::chrono::milliseconds{count * kDayMs}, end};
    if (days.from < std::max(server.created_at, rules.effective_from)) return false;
    const auto laid = nines::overlay(server, days, frame_.policy.maintenance);
    if (!laid) return tl::unexpected(laid.error());
    if (!laid->empty()) return false;
    const auto read = read_plain(store, known_, server.id, {utc_day(to_ms(days.from)), utc_day(to_ms(days.to))}, start);
    if (!read) return tl::unexpected(read.error());
    explain_.cost += *read;
    append_step(explain_.plan, {days, Source::summaries, Reason::look_back});
    if (start.until_ms() < joined_ms) return false;
    // A result of another place that lies before these days may hold in them.
    const std::int64_t alone_from_ms = to_ms(days.from) + hold_ms(rules, longest_interval_->count());
    if (start.since_ms() >= alone_from_ms) {
      since_ = from_ms(start.since_ms());
      return true;
    }
    if (!start.is_older()) return false;
    joined_ms = start.first_ms();
    end = days.from;
  }
}

TimeMs ServerReader::since() const noexcept {
  assert(!spans_.empty());
  if (since_) return *since_;
  if (!reading_.since) {
    if (spans_.back().state == State::unknown) return from_ms(spans_.back().from_ms);
    return from_ms(start_of(spans_, std::prev(std::span<const Span>(spans_).end())).from_ms);
  }
  const std::int64_t since_ms = state_start().from_ms;
  if (!beginning_ms_) return from_ms(since_ms);
  return std::max(from_ms(since_ms), std::min(frame_.server->created_at, from_ms(first_result_ms_)));
}

// As far as it was read.
StateStart ServerReader::state_start() const noexcept {
  const std::span<const Span> spans = judged();
  auto span = span_at(spans, to_ms(frame_.window.to) - 1);
  if (span != spans.end() && span->from_ms < to_ms(frame_.window.to) && span->state != State::unknown) {
    return start_of(spans, span);
  }
  // Unknown time reaches back to the last moment that something was known of.
  while (span != spans.begin()) {
    --span;
    if (span->state != State::unknown && span->from_ms < to_ms(frame_.window.to)) return {span->to_ms, span->to_ms};
  }
  return {kNever, kNever};
}

}  // namespace nines::query
