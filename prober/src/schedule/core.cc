#include "schedule/core.h"

#include <algorithm>
#include <utility>

#include "base/hold.h"

namespace nines::prober {
namespace {

// Four looks a second: pauses are placed to a quarter of a second, and a second without one is a pause.
constexpr Micros kBeat{250'000};

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::round<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

ProberCore::ProberCore(CheckLoop& loop, std::function<Moment()> clock, CoreSink& sink, Options options)
    : loop_(loop),
      read_clock_(std::move(clock)),
      sink_(sink),
      options_(std::move(options)),
      clock_(read_clock_(), options_.clock),
      scheduler_(options_.limits),
      network_(options_.references, options_.reference_pause,
               "no reference answers: failures are taken for the prober's own",
               "a reference answers again: failures count"),
      names_(options_.named_references, options_.reference_pause,
             "no reference that has a name answers: names that are not found are taken for the prober's own trouble",
             "a reference that has a name answers again: names that are not found count") {}

void ProberCore::set_limits(Scheduler::Limits limits) {
  scheduler_.set_limits(limits);
  if (running_) turn();
}

void ProberCore::tell_what_lasts(std::optional<ServerId> only) {
  for (const auto& [id, live] : servers_) {
    if ((only && id != *only) || live.server.paused || live.trouble == nullptr) continue;
    const Judge& state = live.judges.state();
    const auto tell = [&, &server = live](const Judges::TopicChange& topic) {
      if (!topic.lasts) return;
      const State shown = topic.topic == AlertTopic::down ? State::down : state.shown();
      const TimeMs known_until =
          server.trouble->time + engine::hold_of(server.server.rules, server.trouble->interval_ms);
      sink_.topic({server.server.id, topic, shown, *server.trouble, known_until});
    };
    tell({AlertTopic::down, state.shown() == State::down, state.since()});
    tell(live.judges.topic(AlertTopic::degraded));
    tell(live.judges.topic(AlertTopic::certificate));
  }
}

void ProberCore::begin() {
  clock_.restart(read_clock_());
  next_beat_ = clock_.now() + kBeat;
  running_ = true;
  for (auto& [id, live] : servers_) adopt(live);
  turn();
}

void ProberCore::wind_down(std::function<void()> idle) {
  for (const ServerId id : push_ids_) sink_.job(id, servers_.at(id).push->memory(clock_.wall()));
  running_ = false;
  on_idle_ = std::move(idle);
  turn();
}

void ProberCore::abandon() {
  running_ = false;
  abandoned_ = true;
  on_idle_ = nullptr;
  network_.waiting.clear();
  names_.waiting.clear();
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));
  publish();
}

void ProberCore::set(CoreServer server, const Restored& restored) {
  const auto [found, added] = servers_.try_emplace(server.id);
  Live& live = found->second;
  if (added) {
    live.generation = ++last_generation_;
    live.judges = restored.judges;
    live.stored_last = restored.last;
    live.stored_job = restored.job;
    if (restored.last && (restored.last->state == State::down || restored.last->state == State::degraded)) {
      live.trouble = std::make_unique<const CheckResult>(*restored.last);
    }
    live.server = std::move(server);
    if (running_) adopt(live);
  } else {
    const CoreServer former = std::exchange(live.server, std::move(server));
    live.last_start = {};
    if (live.server.paused && !former.paused) forget(live);
    if (!running_) return;
    if (former.paused || former.push.has_value() != live.server.push.has_value()) {
      scheduler_.remove(live.server.id);
      live.push.reset();
      adopt(live);
    } else if (live.push && live.server.push) {
      live.push->change(*live.server.push, clock_.wall());
    }
    schedule(live, false);
  }
  if (running_) turn();
}

// A pause ends whatever was the case before it.
void ProberCore::forget(Live& live) {
  live.judges = {};
  live.trouble.reset();
  if (live.push) sink_.job(live.server.id, std::nullopt);
  live.push.reset();
  sink_.state(live.server.id, State::unknown);
}

void ProberCore::remove(ServerId id) {
  servers_.erase(id);
  push_ids_.erase(id);
  scheduler_.remove(id);
}

void ProberCore::check_now(ServerId id) {
  if (!running_) return;
  turn();
  if (scheduler_.check_now(id, clock_.now())) turn();
}

// Takes a server into the running schedule.
void ProberCore::adopt(Live& live) {
  const std::optional<CheckResult> last = std::exchange(live.stored_last, std::nullopt);
  const std::optional<JobMemory> job = std::exchange(live.stored_job, std::nullopt);
  const TimeMs now = clock_.wall();
  if (last) {
    // A result from the future is somebody's wrong clock; ours does not wait for it.
    live.last_time = std::min(last->time, now);
    mark_missed_while_stopped(live, *last);
  }
  if (live.server.push && !live.server.paused) {
    const bool reported = last && last->state != State::unknown && last->error != ErrorClass::silence;
    live.push.emplace(*live.server.push, now, reported ? std::optional(last->time) : std::nullopt, job);
  }
  const bool known = live.judges.state().shown() != State::unknown;
  const bool fresh = known && last && last->state != State::unknown && last->time + live.server.rules.interval > now;
  schedule(live, !fresh);
  sink_.state(live.server.id, live.judges.state().shown());
}

// Makes the schedule agree with the server's description.
void ProberCore::schedule(const Live& live, bool soon) {
  const CoreServer& server = live.server;
  if (server.paused || !server.push) push_ids_.erase(server.id);
  if (server.paused || server.push) {
    scheduler_.remove(server.id);
    if (!server.paused) push_ids_.insert(server.id);
    return;
  }
  const Micros interval = server.rules.interval;
  scheduler_.set({server.id, interval, phase_of(server.id, options_.location, interval), server.host}, clock_.now(),
                 soon);
}

// A restart within the time that the last result holds would leave no trace of the checks that were not made: an
// unknown result stands where the first of them would have been. After that time the gap speaks for itself.
void ProberCore::mark_missed_while_stopped(Live& live, const CheckResult& last) {
  const TimeMs now = clock_.wall();
  const TimeMs next_due =
      last.time + (last.interval_ms != 0 ? std::chrono::milliseconds{last.interval_ms} : live.server.rules.interval);
  if (last.time + engine::hold_of(live.server.rules, last.interval_ms) <= now) {
    live.judges.expire();
  } else if (last.state != State::unknown && next_due < now && !live.server.paused) {
    mark_unknown(live, next_due, "no prober was checking it");
  }
}

void ProberCore::turn() {
  if (abandoned_) return;
  observe();
  if (clock_.now() >= next_beat_) beat();
  begin_round_if_due(network_);
  begin_round_if_due(names_);
  if (running_) {
    starts_.clear();
    scheduler_.run(clock_.now(), starts_);
    for (std::size_t i = 0; i < starts_.size(); ++i) {
      if (i > 0) observe();  // each begins later than the one before
      start(starts_[i]);
    }
  } else if (on_idle_ && scheduler_.counters().in_flight == 0 && network_.waiting.empty() && names_.waiting.empty()) {
    std::exchange(on_idle_, nullptr)();
  }
  arm();
}

void ProberCore::arm() {
  Micros when = next_beat_;
  if (running_) when = std::min(when, scheduler_.next().value_or(when));
  for (const Watch* const watch : {&network_, &names_}) {
    when = std::min(when, watch->guard.next_round(!watch->waiting.empty()).value_or(when));
  }
  if (timer_ && armed_ == when) return;
  if (timer_) loop_.cancel(*timer_);
  armed_ = when;
  timer_ = loop_.call_at(CheckRunner::Clock::time_point(clock_.steady_at(when)), [this] {
    timer_.reset();
    turn();
  });
}

void ProberCore::beat() {
  next_beat_ = clock_.now() + kBeat;
  if (running_) check_deadlines();
  publish();
}

void ProberCore::observe() {
  const ClockEvents events = clock_.observe(read_clock_());
  if (events.pause) on_pause(*events.pause);
  if (events.step) on_step(*events.step);
}

void ProberCore::on_pause(const Pause& pause) {
  ++stats_.pauses;
  pause_end_ = pause.to;
  network_.guard.abandon_round();
  names_.guard.abandon_round();
  const auto length = std::chrono::floor<std::chrono::milliseconds>(pause.to - pause.from);
  const std::string why =
      (pause.suspended ? "the machine was suspended for " : "the prober stood still for ") + seconds_text(length);
  sink_.log(LogLevel::warning, why);
  if (timer_) loop_.cancel(*std::exchange(timer_, std::nullopt));  // it was set without the time of the suspension
  if (!running_) return;
  std::vector<ServerId> missed;
  scheduler_.skip_until(pause.to, missed);
  for (const ServerId id : push_ids_) {
    if (servers_.at(id).push->missed_while_not_listening(pause.wall_from, pause.wall_from + length))
      missed.push_back(id);
  }
  for (const ServerId id : missed) mark_unknown(servers_.at(id), pause.wall_from, why);
}

void ProberCore::on_step(const ClockStep& step) {
  ++stats_.clock_steps;
  const bool forward = step.by > std::chrono::milliseconds{0};
  const std::string why = std::string("the wall clock was set ") + (forward ? "forward by " : "back by ") +
                          seconds_text(forward ? step.by : -step.by);
  sink_.log(LogLevel::warning, why);
  if (!running_) return;
  const TimeMs now = clock_.wall();
  std::vector<ServerId> missed;
  for (const ServerId id : push_ids_) {
    if (servers_.at(id).push->clock_stepped(step.by, now)) missed.push_back(id);
  }
  if (forward) {
    // Time that never was: unknown for those who would have been checked in it.
    scheduler_.due_within(clock_.now(), clock_.now() + step.by, missed);
    for (const ServerId id : missed) mark_unknown(servers_.at(id), step.before, why);
    return;
  }
  // Time that comes twice: where results lie in it already, the mark says why they mingle.
  for (auto& [id, live] : servers_) {
    if (live.last_time < now || live.server.paused) continue;
    live.last_time = now - std::chrono::milliseconds{1};
    mark_unknown(live, now, why);
  }
}

void ProberCore::check_deadlines() {
  const TimeMs now = clock_.wall();
  for (const ServerId id : push_ids_) {
    Live& live = servers_.at(id);
    if (live.push->deadline() > now) continue;
    CheckReport report;
    report.result = live.push->silence();
    report.result.retry = live.judges.state().pending();
    report.result.time = unused_time(live, report.result.time);
    const TimeMs time = report.result.time;
    store(live, std::move(report), nullptr);
    if (live.judges.state().pending()) {
      live.push->look_again(time +
                            std::chrono::floor<std::chrono::milliseconds>(recheck_gap(live.server.rules.interval)));
    }
  }
}

bool ProberCore::report(ServerId id, const PushReport& report, std::function<void(const Result<void>&)> stored) {
  turn();
  const auto found = servers_.find(id);
  if (!running_ || found == servers_.end() || !found->second.push) return false;
  Live& live = found->second;
  CheckReport told;
  const TimeMs now = clock_.wall();
  const bool was_running = live.push->memory(now).started.has_value();
  if (std::optional<CheckResult> result = live.push->report(report, now)) {
    told.result = *std::move(result);
    told.result.time = unused_time(live, told.result.time);
    store(live, std::move(told), std::move(stored));
  } else if (stored) {
    stored({});
  }
  const JobMemory memory = live.push->memory(now);
  if (was_running || memory.started) sink_.job(id, memory);
  return true;
}

void ProberCore::publish() {
  const Scheduler::Counters counters = scheduler_.counters();
  stats_.servers = servers_.size();
  stats_.in_flight = counters.in_flight;
  stats_.waiting = counters.waiting;
  stats_.retries = counters.retries;
  stats_.missed_ticks = counters.missed_ticks;
  stats_.online = network_.guard.online() && names_.guard.online();
  const LagHistogram::Figures lag = scheduler_.lag(clock_.now());
  stats_.lag_p50 = lag.p50;
  stats_.lag_p99 = lag.p99;
  stats_.lag_max = lag.max;
  sink_.stats(stats_);
}

}  // namespace nines::prober
