// The part of ProberCore that follows one check from its start to its stored result.
#include <algorithm>
#include <utility>

#include "base/hold.h"
#include "base/text.h"
#include "schedule/core.h"

namespace nines::prober {
namespace {

constexpr std::chrono::milliseconds kLongestPace = std::chrono::days{1};

// How a check failed, also one that is up because it failed as it is expected to.
ErrorClass failure_of(const CheckOutcome& outcome) noexcept {
  return outcome.expected != ErrorClass::none ? outcome.expected : outcome.error;
}

}  // namespace

void ProberCore::start(const Start& start) {
  Live& live = servers_.at(start.id);
  const Flight flight{start.slot,   start.id,    live.generation, unused_time(live, clock_.wall()),
                      clock_.now(), start.retry, pace_of(live)};
  live.last_time = flight.time;
  live.last_start = flight.began;
  scheduler_.began(start, clock_.now());
  // A row that waits for confirmation must not be carried on over the connection that may be its cause.
  loop_.start(live.judges.state().pending() ? live.server.fresh_check : live.server.check,
              [this, flight](CheckOutcome outcome) { finish(flight, std::move(outcome)); });
}

// The interval at which checks really come. Where a cap holds them back a result has to hold until the next one, or no
// row of failures would ever confirm an outage.
std::uint32_t ProberCore::pace_of(const Live& live) {
  const std::chrono::milliseconds interval = live.server.rules.interval;
  const auto as_number = [](std::chrono::milliseconds time) { return static_cast<std::uint32_t>(time.count()); };
  if (live.last_start <= pause_end_) return as_number(interval);
  const auto gap = std::chrono::floor<std::chrono::milliseconds>(clock_.now() - live.last_start);
  if (gap <= interval * 3 / 2) return as_number(interval);
  constexpr Micros kSayAgain = std::chrono::minutes{10};
  if (held_back_said_ == Micros{} || clock_.now() - held_back_said_ >= kSayAgain) {
    held_back_said_ = clock_.now();
    sink_.log(LogLevel::warning, "checks come later than they are due, those of " + live.server.name + " every " +
                                     std::to_string(gap.count()) + " ms, not every " +
                                     std::to_string(interval.count()) +
                                     ": see max-in-flight and max-in-flight-per-host");
  }
  return as_number(std::min(gap, kLongestPace));
}

// The server of a flight, if it is still there and still wants to know.
ProberCore::Live* ProberCore::find(const Flight& flight) {
  const auto found = servers_.find(flight.id);
  if (found == servers_.end() || found->second.generation != flight.generation) return nullptr;
  return found->second.server.paused ? nullptr : &found->second;
}

void ProberCore::finish(const Flight& flight, CheckOutcome outcome) {
  if (abandoned_) return;
  observe();
  scheduler_.finished(flight.slot);
  if (const Live* const live = find(flight)) {
    const bool answered = network_answered(outcome);  // then no reference need say that the network is there
    const bool failed = outcome.state == State::down || outcome.expected != ErrorClass::none;
    Watch& watch = watch_of(*live, failure_of(outcome));
    PendingFailure pending{flight, report_of(flight, std::move(outcome)), clock_.now()};
    const bool known = pending.report.result.state != State::unknown;
    const std::optional<bool> online =
        failed && known && !answered ? watch.guard.verdict(flight.began, pending.seen) : std::optional(true);
    if (online) {
      settle(std::move(pending), *online);
    } else {
      watch.waiting.push_back(std::move(pending));
    }
  } else {
    scheduler_.judged(flight.slot);
  }
  turn();
}

CheckReport ProberCore::report_of(const Flight& flight, CheckOutcome outcome) const {
  CheckReport report;
  CheckResult& result = report.result;
  result.server = flight.id;
  result.location = options_.location;
  result.time = flight.time;
  result.retry = flight.retry;
  result.interval_ms = flight.interval_ms;
  result.state = outcome.state;
  result.error = outcome.error;
  // What failed or dawdled across a pause failed for that; what succeeded did succeed.
  if (flight.began < pause_end_ &&
      (outcome.state == State::down || outcome.state == State::degraded || outcome.expected != ErrorClass::none)) {
    result.state = State::unknown;
    result.error = ErrorClass::not_running;
    result.detail = "the prober was suspended or stood still during the check";
  } else {
    result.code = outcome.code;
    if (outcome.latency_us) result.latency_us = std::min(*outcome.latency_us, kMaxLatencyUs);
    if (outcome.phases != Phases{}) result.phases = outcome.phases;
    result.detail = shorten(outcome.detail, kMaxDetailBytes);
  }
  report.outcome = std::make_shared<const CheckOutcome>(std::move(outcome));
  return report;
}

// Settles a result on which the guard has passed its verdict.
void ProberCore::settle(PendingFailure pending, bool online) {
  const Flight& flight = pending.flight;
  if (Live* const live = find(flight)) {
    CheckResult& result = pending.report.result;
    if (!online) {
      result.detail =
          "no reference answers; the check found: " + std::string(to_string(failure_of(*pending.report.outcome)));
      result.state = State::unknown;
      result.error = ErrorClass::own_network;
    }
    ++stats_.checks;
    ++(result.state == State::up         ? stats_.up
       : result.state == State::degraded ? stats_.degraded
       : result.state == State::down     ? stats_.down
                                         : stats_.unknown);
    store(*live, std::move(pending.report), nullptr);
    if (running_ && live->judges.state().pending()) scheduler_.recheck(flight.slot, flight.began, clock_.now());
  }
  scheduler_.judged(flight.slot);
}

// Whether a name was not found, or nobody could be asked, is judged by references that are looked up themselves, if
// there are any: one that is known by its address answers beside a silent resolver too.
ProberCore::Watch& ProberCore::watch_of(const Live& live, ErrorClass failure) noexcept {
  const bool of_a_name = failure == ErrorClass::dns || live.server.asks_resolver;
  return of_a_name && names_.guard.enabled() ? names_ : network_;
}

void ProberCore::begin_round_if_due(Watch& watch) {
  const std::optional<Micros> due = watch.guard.next_round(!watch.waiting.empty());
  if (!due || *due > clock_.now()) return;
  watch.guard.begin_round(clock_.now());
  const std::uint64_t round = watch.guard.round();
  for (const auto& reference : watch.references) {
    loop_.start(reference, [this, &watch, round](const CheckOutcome& outcome) { on_reference(watch, round, outcome); });
  }
}

void ProberCore::on_reference(Watch& watch, std::uint64_t round, const CheckOutcome& outcome) {
  if (abandoned_) return;
  observe();
  Guard& guard = watch.guard;
  const bool was_online = guard.online();
  if (round != guard.round() || !guard.answer(network_answered(outcome), clock_.now())) return;
  if (was_online != guard.online()) sink_.log(LogLevel::warning, std::string(guard.online() ? watch.back : watch.lost));
  for (PendingFailure& pending : std::exchange(watch.waiting, {})) {
    if (const std::optional<bool> online = guard.verdict(pending.flight.began, pending.seen)) {
      settle(std::move(pending), *online);
    } else {
      watch.waiting.push_back(std::move(pending));
    }
  }
  turn();
}

// Hands a result on and judges it. Fills in what all results of a server share.
void ProberCore::store(Live& live, CheckReport report, std::function<void(const Result<void>&)> stored) {
  CheckResult& result = report.result;
  result.server = live.server.id;
  result.location = options_.location;
  live.last_time = std::max(live.last_time, result.time);
  const Judges::Changes changes = live.judges.apply(result, live.server.rules);
  const State shown = live.judges.state().shown();
  if (changes.state) {
    sink_.state(live.server.id, shown);
    const Judge::Change& change = *changes.state;
    sink_.change({live.server.id, live.server.name, change.from, change.to, change.since, result});
  }
  const TimeMs known_until = result.time + engine::hold_of(live.server.rules, result.interval_ms);
  for (const Judges::TopicChange& change : changes.topics) {
    sink_.topic({live.server.id, change, shown, result, known_until});
  }
  const bool first_known = live.is_new && result.state != State::unknown;
  if (result.state != State::unknown) live.is_new = false;
  if (result.state == State::down || result.state == State::degraded) {
    live.trouble = std::make_unique<const CheckResult>(result);
  } else if (result.state == State::up) {
    live.trouble.reset();
  }
  // What lasts since before it was taken in was not told where nobody knew whether it still did.
  if (first_known) tell_what_lasts(live.server.id);
  if (result.state != State::unknown) say_what_lasts(live, known_until);
  sink_.result(std::move(report), std::move(stored));
}

void ProberCore::say_what_lasts(const Live& live, TimeMs known_until) {
  if (live.judges.state().confirmed() == State::down) sink_.lasts({live.server.id, AlertTopic::down, known_until});
  for (const AlertTopic topic : {AlertTopic::degraded, AlertTopic::certificate}) {
    if (live.judges.topic(topic).lasts) sink_.lasts({live.server.id, topic, known_until});
  }
}

// An explicit gap: from `time` on nobody knows.
void ProberCore::mark_unknown(Live& live, TimeMs time, const std::string& why) {
  CheckReport report;
  report.result.time = unused_time(live, time);
  report.result.error = ErrorClass::not_running;
  report.result.interval_ms = static_cast<std::uint32_t>(live.server.rules.interval.count());
  report.result.detail = why;
  store(live, std::move(report), nullptr);
}

// No two results of a server share a time, and small steps of the clock do not change their order.
TimeMs ProberCore::unused_time(const Live& live, TimeMs wanted) noexcept {
  return std::max(wanted, live.last_time + std::chrono::milliseconds{1});
}

}  // namespace nines::prober
