#include "simulation.h"

#include <algorithm>
#include <utility>

#include <gtest/gtest.h>

namespace nines::prober_test {

using prober::Micros;

SimulatedLoop::SimulatedLoop(TimeMs begin) {
  now_.steady = std::chrono::hours{5};
  now_.boot = std::chrono::hours{7};
  now_.wall = begin;
}

void SimulatedLoop::start(std::shared_ptr<const CompiledCheck> check, CheckRunner::Done done) {
  ++started;
  ++starts[check.get()];
  most_in_flight = std::max(most_in_flight, ++in_flight);
  const auto found = answers_.find(check.get());
  const std::optional<Answer> answer = found == answers_.end() ? std::nullopt : found->second();
  if (!answer) return;
  call_at(CheckRunner::Clock::time_point(now_.steady + answer->after), [this, answer, done = std::move(done)] {
    --in_flight;
    CheckOutcome outcome;
    outcome.state = answer->state;
    outcome.error = answer->error;
    outcome.expected = answer->expected;
    if (answer->state == State::up) outcome.latency_us = static_cast<std::uint32_t>(Micros(answer->after).count());
    done(std::move(outcome));
  });
}

prober::TimerId SimulatedLoop::call_at(CheckRunner::Clock::time_point when, std::function<void()> fn) {
  const auto at = std::chrono::duration_cast<Micros>(when.time_since_epoch());
  timers_.emplace(std::pair(at, ++last_timer_), std::move(fn));
  return prober::TimerId{last_timer_};
}

void SimulatedLoop::cancel(prober::TimerId timer) noexcept {
  std::erase_if(timers_, [&](const auto& item) { return prober::TimerId{item.first.second} == timer; });
}

void SimulatedLoop::answer(const std::shared_ptr<const CompiledCheck>& check, Answers answers) {
  answers_[check.get()] = std::move(answers);
}

void SimulatedLoop::advance(Micros time) {
  now_.steady += time;
  now_.boot += time;
  wall_rest_us_ += time.count();
  now_.wall += std::chrono::milliseconds{wall_rest_us_ / 1000};
  wall_rest_us_ %= 1000;
}

void SimulatedLoop::run_for(Micros time) {
  const Micros end = now_.steady + time;
  while (!timers_.empty() && timers_.begin()->first.first <= end) {
    const auto timer = timers_.extract(timers_.begin());
    advance(std::max(timer.key().first - now_.steady, Micros{0}));
    timer.mapped()();
  }
  advance(end - now_.steady);
}

void SimulatedLoop::stall(Micros time) {
  advance(time);
}

void SimulatedLoop::suspend(Micros time) {
  advance(time);
  now_.steady -= time;
}

Simulation::Simulation(prober::ProberCore::Options options, TimeMs begin)
    : loop(begin),
      core(
          loop, [this] { return loop.moment(); }, *this, std::move(options)) {}

prober::ProberCore::Options Simulation::default_options() {
  prober::ProberCore::Options options;
  options.limits = {1'000, 1'000, 1'000};
  return options;
}

std::shared_ptr<const CompiledCheck> Simulation::make_check(const std::string& url) {
  CheckSpec spec;
  spec.url = url;
  auto check = compile(spec);
  EXPECT_TRUE(check.has_value());
  return *check;
}

prober::CoreServer& Simulation::add(std::uint32_t id, Answers answers, std::chrono::milliseconds interval) {
  prober::CoreServer server;
  server.id = ServerId{id};
  server.name = "server-" + std::to_string(id);
  server.host = "simulated.example";
  server.check = server.fresh_check = make_check();
  server.rules.interval = interval;
  loop.answer(server.check, std::move(answers));
  core.set(server, {});
  return servers[server.id] = server;
}

std::vector<CheckResult> Simulation::results_of(std::uint32_t id) const {
  std::vector<CheckResult> found;
  std::copy_if(results.begin(), results.end(), std::back_inserter(found),
               [&](const CheckResult& result) { return result.server == ServerId{id}; });
  return found;
}

void Simulation::result(CheckReport report, std::function<void(const Result<void>&)> stored) {
  results.push_back(report.result);
  if (stored) stored({});
}

void Simulation::log(LogLevel /*level*/, const std::string& text) {
  logged.push_back(text);
}

Answers always(Answer answer) {
  return [answer] { return std::optional(answer); };
}

std::size_t count(const std::vector<CheckResult>& results, State state) {
  return static_cast<std::size_t>(
      std::count_if(results.begin(), results.end(), [&](const CheckResult& result) { return result.state == state; }));
}

std::vector<CheckResult> unknowns(const std::vector<CheckResult>& results) {
  std::vector<CheckResult> found;
  std::copy_if(results.begin(), results.end(), std::back_inserter(found),
               [](const CheckResult& result) { return result.state == State::unknown; });
  return found;
}

}  // namespace nines::prober_test
