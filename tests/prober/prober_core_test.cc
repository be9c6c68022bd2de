// The prober's inner half through simulated time: what is stored and told when checks fail, machines sleep, clocks are
// set and networks go away.
#include "prober_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::CoreServer;
using prober::Micros;
using prober::ProberCore;
using prober::Restored;
using testing::Each;
using testing::IsEmpty;
using testing::SizeIs;

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

TEST(CoreTest, ChecksOnceAtTheStartAndThenEveryInterval) {
  Simulation simulation;
  simulation.add(1, always(kUp));
  simulation.core.begin();
  simulation.loop.run_for(10min);
  const auto results = simulation.results_of(1);
  ASSERT_THAT(results, SizeIs(11)) << "ten ticks and the first check";
  for (std::size_t i = 2; i < results.size(); ++i) EXPECT_EQ(results[i].time - results[i - 1].time, 60s);
  EXPECT_EQ(results[0].interval_ms, 60'000U);
  EXPECT_EQ(results[0].latency_us, 10'000U);
  EXPECT_EQ(simulation.last_stats.up, 11U);
  EXPECT_EQ(simulation.last_stats.lag_max, 0us);
}

TEST(CoreTest, RestartKeepsThePhase) {
  std::vector<TimeMs> phases;
  for (const auto later : {0ms, 1'234'567ms}) {
    Simulation simulation(Simulation::default_options(), Simulation::kBegin + later);
    simulation.add(1, always(kUp));
    simulation.core.begin();
    simulation.loop.run_for(5min);
    phases.push_back(TimeMs{simulation.results_of(1).back().time.time_since_epoch() % 60'000ms});
  }
  EXPECT_EQ(phases[0], phases[1]);
}

TEST(CoreTest, OutageIsConfirmedByAFasterRecheckAndToldOnce) {
  Simulation simulation;
  bool up = true;
  simulation.add(1, [&] { return std::optional(up ? kUp : kRefused); });
  simulation.core.begin();
  simulation.loop.run_for(3min);
  const std::size_t before = simulation.results_of(1).size();
  up = false;
  simulation.loop.run_for(3min);
  const auto results = simulation.results_of(1);
  EXPECT_FALSE(results[before].retry);
  EXPECT_TRUE(results[before + 1].retry);
  EXPECT_EQ(results[before + 1].time - results[before].time, 15s);
  EXPECT_FALSE(results[before + 2].retry) << "confirmed: back to the interval";
  ASSERT_THAT(simulation.changes, SizeIs(2));
  EXPECT_EQ(simulation.changes[1].to, State::down);
  EXPECT_EQ(simulation.changes[1].since, results[before].time);
  EXPECT_EQ(simulation.changes[1].result, results[before + 1]);
  EXPECT_EQ(simulation.states.at(ServerId{1}), State::down);
}

TEST(CoreTest, SingleFailureIsRefutedByItsRecheck) {
  Simulation simulation;
  int checks = 0;
  simulation.add(1, [&] { return std::optional(++checks == 3 ? kRefused : kUp); });
  simulation.core.begin();
  simulation.loop.run_for(5min);
  const auto results = simulation.results_of(1);
  EXPECT_EQ(count(results, State::down), 1U);
  EXPECT_TRUE(results[3].retry);
  EXPECT_EQ(results[3].state, State::up);
  EXPECT_THAT(simulation.changes, SizeIs(1)) << "unknown to up, and nothing more";
}

TEST(CoreTest, RecheckRunsOverAFreshConnection) {
  Simulation simulation;
  CoreServer& server = simulation.add(1, always(kRefused));
  server.fresh_check = Simulation::make_check();
  simulation.loop.answer(server.fresh_check, always(kUp));
  simulation.update(1);
  simulation.core.begin();
  simulation.loop.run_for(30s);
  EXPECT_EQ(simulation.loop.starts[server.check.get()], 1);
  EXPECT_EQ(simulation.loop.starts[server.fresh_check.get()], 1);
}

TEST(CoreTest, SuspensionLeavesOneUnknownAndNoBurstOfChecks) {
  Simulation simulation;
  for (std::uint32_t id = 1; id <= 50; ++id) simulation.add(id, always(kUp));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  const std::uint64_t before = simulation.loop.started;
  const TimeMs asleep = simulation.loop.moment().wall;
  simulation.loop.suspend(1h);
  simulation.loop.run_for(1s);
  EXPECT_LE(simulation.loop.started - before, 6U) << "a second's share of 50 a minute, not 3000";
  simulation.loop.run_for(2min);
  for (std::uint32_t id = 1; id <= 50; ++id) {
    const auto results = simulation.results_of(id);
    const auto gaps = unknowns(results);
    ASSERT_THAT(gaps, SizeIs(1));
    EXPECT_EQ(gaps[0].error, ErrorClass::not_running);
    EXPECT_NEAR(static_cast<double>((gaps[0].time - asleep).count()), 0.0, 250.0) << "at its begin, to a beat";
    EXPECT_EQ(count(results, State::down), 0U);
    EXPECT_EQ(results.back().time.time_since_epoch() % 60s, results[4].time.time_since_epoch() % 60s) << "same phase";
  }
  EXPECT_EQ(simulation.last_stats.pauses, 1U);
  EXPECT_EQ(simulation.last_stats.missed_ticks, 50U * 60U);
}

TEST(CoreTest, StallWithoutAMissedCheckLeavesNoTrace) {
  Simulation simulation;
  simulation.add(1, always(kUp));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  // Right after a check: five seconds cannot hold the next one.
  while (simulation.loop.in_flight == 0) simulation.loop.run_for(1ms);
  simulation.loop.run_for(1s);
  simulation.loop.stall(5s);
  simulation.loop.run_for(1min);
  EXPECT_EQ(simulation.last_stats.pauses, 1U);
  EXPECT_THAT(unknowns(simulation.results), IsEmpty());
}

TEST(CoreTest, CheckThatFailsAcrossASuspensionIsUnknown) {
  Simulation simulation;
  simulation.add(1, always(kTimeout));
  simulation.core.begin();
  simulation.loop.run_for(1s);
  ASSERT_EQ(simulation.loop.in_flight, 1U);
  simulation.loop.suspend(5s);
  simulation.loop.run_for(10s);
  const auto results = simulation.results_of(1);
  ASSERT_FALSE(results.empty());
  EXPECT_THAT(results, Each(testing::Field(&CheckResult::state, State::unknown)));
  EXPECT_THAT(results, Each(testing::Field(&CheckResult::error, ErrorClass::not_running)));
}

TEST(CoreTest, CheckThatSucceedsAcrossAStallCounts) {
  Simulation simulation;
  simulation.add(1, always({State::up, ErrorClass::none, 5s}));
  simulation.core.begin();
  simulation.loop.run_for(1s);
  simulation.loop.stall(3s);
  simulation.loop.run_for(5s);
  EXPECT_EQ(count(simulation.results, State::up), 1U);
}

TEST(CoreTest, ClockSetForwardMarksTheTimeThatNeverWas) {
  Simulation simulation;
  simulation.add(1, always(kUp));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  const TimeMs before = simulation.loop.moment().wall;
  simulation.loop.set_wall_clock(1h);
  simulation.loop.run_for(5min);
  const auto results = simulation.results_of(1);
  const auto gaps = unknowns(results);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_NEAR(static_cast<double>((gaps[0].time - before).count()), 0.0, 250.0);
  EXPECT_EQ(results.size(), 12U) << "ten ticks, the first check and the mark: the schedule went on";
  EXPECT_EQ(simulation.last_stats.missed_ticks, 0U);
  EXPECT_EQ(simulation.last_stats.clock_steps, 1U);
}

TEST(CoreTest, SmallStepForwardBetweenTwoChecksMarksNothing) {
  Simulation simulation;
  simulation.add(1, always(kUp));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  while (simulation.loop.in_flight == 0) simulation.loop.run_for(1ms);
  simulation.loop.set_wall_clock(5s);
  simulation.loop.run_for(5min);
  EXPECT_THAT(unknowns(simulation.results), IsEmpty());
  EXPECT_EQ(simulation.last_stats.clock_steps, 1U);
}

TEST(CoreTest, ClockSetBackMarksTheTimeThatComesTwice) {
  Simulation simulation;
  simulation.add(1, always(kUp));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  simulation.loop.set_wall_clock(-1h);
  const TimeMs after = simulation.loop.moment().wall;
  simulation.loop.run_for(5min);
  const auto results = simulation.results_of(1);
  const auto gaps = unknowns(results);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_NEAR(static_cast<double>((gaps[0].time - after).count()), 0.0, 250.0);
  EXPECT_LT(results.back().time, after + 6min) << "stored times follow the clock as it is";
  EXPECT_EQ(results.size(), 12U);
}

TEST(CoreTest, CapOnChecksInFlightIsKept) {
  ProberCore::Options options = Simulation::default_options();
  options.limits = {20, 1'000, 100'000};
  Simulation simulation(options);
  for (std::uint32_t id = 1; id <= 300; ++id) simulation.add(id, always({State::up, ErrorClass::none, 2s}));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  EXPECT_EQ(simulation.loop.most_in_flight, 20U);
  for (std::uint32_t id = 1; id <= 300; ++id) EXPECT_GE(simulation.results_of(id).size(), 5U) << id;
}

TEST(CoreTest, PausedServerIsLeftAlone) {
  Simulation simulation;
  CoreServer& server = simulation.add(1, always(kUp));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  const std::size_t before = simulation.results.size();
  server.paused = true;
  simulation.update(1);
  simulation.loop.run_for(1h);
  EXPECT_EQ(simulation.results.size(), before);
  server.paused = false;
  simulation.update(1);
  simulation.loop.run_for(2s);
  EXPECT_EQ(simulation.results.size(), before + 1) << "looked at at once";
}

TEST(CoreTest, UpdateKeepsPhaseAndState) {
  Simulation simulation;
  CoreServer& server = simulation.add(1, always(kRefused));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  const TimeMs last = simulation.results.back().time;
  ASSERT_EQ(simulation.states.at(ServerId{1}), State::down);
  server.check = server.fresh_check = Simulation::make_check();
  simulation.loop.answer(server.check, always(kUp));
  simulation.update(1);
  simulation.loop.run_for(70s);
  EXPECT_EQ(simulation.results.back().time - last, 60s);
  ASSERT_THAT(simulation.changes, SizeIs(2));
  EXPECT_EQ(simulation.changes[1].from, State::down);
  EXPECT_EQ(simulation.changes[1].to, State::up);
}

TEST(CoreTest, RemovedServersCheckLeavesNoResult) {
  Simulation simulation;
  simulation.add(1, always(kTimeout));
  simulation.core.begin();
  simulation.loop.run_for(5s);
  ASSERT_EQ(simulation.loop.in_flight, 1U);
  simulation.core.remove(ServerId{1});
  simulation.loop.run_for(5min);
  EXPECT_THAT(simulation.results, IsEmpty());
  EXPECT_EQ(simulation.last_stats.in_flight, 0U);
}

TEST(CoreTest, WindDownWaitsForChecksInFlightAndStartsNoMore) {
  Simulation simulation;
  simulation.add(1, always({State::up, ErrorClass::none, 2s}));
  simulation.core.begin();
  simulation.loop.run_for(1s);
  bool idle = false;
  simulation.core.wind_down([&] { idle = true; });
  EXPECT_FALSE(idle);
  simulation.loop.run_for(2s);
  EXPECT_TRUE(idle);
  EXPECT_THAT(simulation.results, SizeIs(1));
  simulation.loop.run_for(5min);
  EXPECT_THAT(simulation.results, SizeIs(1));
}

TEST(CoreTest, AbandonedChecksLeaveNoResult) {
  Simulation simulation;
  simulation.add(1, always(kTimeout));
  simulation.core.begin();
  simulation.loop.run_for(1s);
  simulation.core.abandon();
  simulation.loop.run_for(1min);
  EXPECT_THAT(simulation.results, IsEmpty());
}

// --- What the store knew. ---

Restored restored(std::chrono::milliseconds ago, State state) {
  Restored known;
  CheckResult last;
  last.server = ServerId{1};
  last.time = Simulation::kBegin - ago;
  last.state = state;
  last.interval_ms = 60'000;
  known.judge.apply(last.time, state, {1, 1});
  known.last = last;
  return known;
}

struct Restart {
  explicit Restart(const Restored& known) {
    CoreServer server = simulation.add(1, always(kUp));
    simulation.core.remove(ServerId{1});
    simulation.core.set(server, known);
    simulation.core.begin();
  }
  Simulation simulation;
};

TEST(CoreRestartTest, QuickRestartLeavesNoMark) {
  Restart restart(restored(20s, State::up));
  EXPECT_EQ(restart.simulation.states.at(ServerId{1}), State::up);
  restart.simulation.loop.run_for(3min);
  EXPECT_THAT(unknowns(restart.simulation.results), IsEmpty());
  EXPECT_THAT(restart.simulation.results, SizeIs(3)) << "the schedule goes on: no first check";
  EXPECT_THAT(restart.simulation.changes, IsEmpty());
}

TEST(CoreRestartTest, MissedCheckIsMarkedWhereItWouldHaveBeen) {
  Restart restart(restored(100s, State::up));
  const auto gaps = unknowns(restart.simulation.results);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].time, Simulation::kBegin - 40s);
  EXPECT_EQ(gaps[0].error, ErrorClass::not_running);
}

TEST(CoreRestartTest, LongAbsenceSpeaksForItself) {
  Restart restart(restored(10min, State::up));
  EXPECT_THAT(restart.simulation.results, IsEmpty());
  EXPECT_EQ(restart.simulation.states.at(ServerId{1}), State::unknown);
}

TEST(CoreRestartTest, OutageGoesOnWithoutBeingToldAgain) {
  Restart restart(restored(20s, State::down));
  EXPECT_EQ(restart.simulation.states.at(ServerId{1}), State::down);
  EXPECT_THAT(restart.simulation.changes, IsEmpty());
}

TEST(CoreRestartTest, ResultFromTheFutureDoesNotHoldUpTheNextOnes) {
  Restart restart(restored(-24h, State::up));
  restart.simulation.loop.run_for(2min);
  EXPECT_LE(restart.simulation.results.back().time, Simulation::kBegin + 2min);
}

// --- The guard. ---

struct Guarded {
  explicit Guarded(Answer site, Answer reference) : site_answer(site), reference_answer(reference) {
    simulation.add(1, [this] { return std::optional(site_answer); });
    simulation.loop.answer(options.references[0], [this] { return std::optional(reference_answer); });
    simulation.core.begin();
  }
  static ProberCore::Options make_options() {
    ProberCore::Options made = Simulation::default_options();
    made.references = {Simulation::make_check()};
    return made;
  }
  ProberCore::Options options = make_options();
  Simulation simulation{options};
  Answer site_answer;
  Answer reference_answer;
};

TEST(CoreGuardTest, NothingIsAskedWhileAllIsWell) {
  Guarded guarded(kUp, kUp);
  guarded.simulation.loop.run_for(10min);
  EXPECT_EQ(guarded.simulation.loop.starts[guarded.options.references[0].get()], 0);
}

TEST(CoreGuardTest, FailureCountsWhenAReferenceAnswers) {
  Guarded guarded(kRefused, kUp);
  guarded.simulation.loop.run_for(5min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down);
  EXPECT_EQ(count(guarded.simulation.results, State::unknown), 0U);
}

TEST(CoreGuardTest, FailureIsUnknownWhenNoReferenceAnswers) {
  Guarded guarded(kUp, kTimeout);
  guarded.simulation.loop.run_for(2min);
  guarded.site_answer = kTimeout;
  guarded.simulation.loop.run_for(10min);
  EXPECT_EQ(count(guarded.simulation.results, State::down), 0U);
  EXPECT_EQ(guarded.simulation.results.back().error, ErrorClass::own_network);
  EXPECT_FALSE(guarded.simulation.last_stats.online);
  guarded.site_answer = kUp;
  guarded.reference_answer = kUp;
  guarded.simulation.loop.run_for(2min);
  EXPECT_TRUE(guarded.simulation.last_stats.online) << "the references are asked again by themselves";
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::up);
}

TEST(CoreGuardTest, ServerThatAnswersIsUpWithoutAnyReference) {
  Guarded guarded(kUp, kTimeout);
  guarded.simulation.loop.run_for(5min);
  EXPECT_EQ(count(guarded.simulation.results, State::up), guarded.simulation.results.size());
}

TEST(CoreGuardTest, ReferenceThatAnswersWithAnErrorHasAnswered) {
  Guarded guarded(kRefused, {State::down, ErrorClass::http_status, 10ms});
  guarded.simulation.loop.run_for(5min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down);
}

TEST(CoreGuardTest, WordFromBeforeTheFailureDoesNotCount) {
  prober::Guard guard(1, 2s);
  EXPECT_EQ(guard.word_on(100s), std::nullopt);
  guard.begin_round(100s);
  EXPECT_TRUE(guard.answer(true, 101s));
  EXPECT_EQ(guard.word_on(102s), true);
  EXPECT_EQ(guard.word_on(103s), std::nullopt);
}

TEST(CoreGuardTest, RoundEndsWithItsFirstAnswerOrItsLastSilence) {
  prober::Guard guard(3, 2s);
  guard.begin_round(10s);
  EXPECT_FALSE(guard.answer(false, 11s));
  EXPECT_TRUE(guard.answer(true, 11s));
  EXPECT_TRUE(guard.online());
  EXPECT_FALSE(guard.answer(false, 12s)) << "late, and of no interest";
  guard.begin_round(20s);
  EXPECT_FALSE(guard.answer(false, 21s));
  EXPECT_FALSE(guard.answer(false, 21s));
  EXPECT_TRUE(guard.answer(false, 22s));
  EXPECT_FALSE(guard.online());
}

// --- Push servers. ---

struct Pushed {
  Pushed() {
    server.id = ServerId{1};
    server.name = "backup";
    server.push = prober::PushRhythm{60s, 10s, {}};
    server.rules.interval = 60s;
    simulation.core.set(server, {});
    simulation.core.begin();
  }
  bool report(PushReport::Kind kind) {
    PushReport report;
    report.kind = kind;
    return simulation.core.report(server.id, report,
                                  [this](const Result<void>& stored) { acknowledged += stored ? 1 : 0; });
  }
  Simulation simulation;
  CoreServer server;
  int acknowledged = 0;
};

TEST(CorePushTest, JobThatReportsInTimeIsUp) {
  Pushed pushed;
  for (int i = 0; i < 5; ++i) {
    pushed.simulation.loop.run_for(60s);
    EXPECT_TRUE(pushed.report(PushReport::Kind::success));
  }
  EXPECT_THAT(pushed.simulation.results, SizeIs(5));
  EXPECT_EQ(count(pushed.simulation.results, State::up), 5U);
  EXPECT_EQ(pushed.acknowledged, 5);
}

TEST(CorePushTest, SilencePastTheDeadlineIsDownAtTheDeadline) {
  Pushed pushed;
  pushed.simulation.loop.run_for(30s);
  pushed.report(PushReport::Kind::success);
  const TimeMs heard = pushed.simulation.results.back().time;
  pushed.simulation.loop.run_for(5min);
  const auto& results = pushed.simulation.results;
  ASSERT_GE(results.size(), 4U);
  EXPECT_EQ(results[1].time, heard + 70s);
  EXPECT_EQ(results[1].error, ErrorClass::silence);
  EXPECT_EQ(results[2].time, heard + 85s) << "the confirmation rule looks again after 15 s";
  EXPECT_TRUE(results[2].retry);
  EXPECT_EQ(pushed.simulation.states.at(ServerId{1}), State::down);
  EXPECT_EQ(pushed.simulation.changes.back().since, heard + 70s);
  pushed.report(PushReport::Kind::success);
  EXPECT_EQ(pushed.simulation.states.at(ServerId{1}), State::up);
}

TEST(CorePushTest, DeadlineThatPassesDuringASuspensionIsUnknown) {
  Pushed pushed;
  pushed.simulation.loop.run_for(30s);
  pushed.report(PushReport::Kind::success);
  pushed.simulation.loop.suspend(1h);
  pushed.simulation.loop.run_for(60s);
  EXPECT_EQ(count(pushed.simulation.results, State::down), 0U) << "it may have reported to nobody";
  EXPECT_EQ(pushed.simulation.results.back().error, ErrorClass::not_running);
  pushed.simulation.loop.run_for(15s);
  EXPECT_EQ(pushed.simulation.results.back().error, ErrorClass::silence);
}

TEST(CorePushTest, DurationIsCountedFromTheStart) {
  Pushed pushed;
  pushed.report(PushReport::Kind::start);
  pushed.simulation.loop.run_for(5s);
  pushed.report(PushReport::Kind::success);
  ASSERT_THAT(pushed.simulation.results, SizeIs(1));
  EXPECT_EQ(pushed.simulation.results[0].latency_us, 5'000'000U);
}

TEST(CorePushTest, PausedOrUnknownServerTakesNoReport) {
  Pushed pushed;
  pushed.server.paused = true;
  pushed.simulation.core.set(pushed.server, {});
  pushed.simulation.loop.run_for(10min);
  EXPECT_THAT(pushed.simulation.results, IsEmpty());
  EXPECT_FALSE(pushed.simulation.core.report(ServerId{9}, {}, nullptr));
}

}  // namespace
}  // namespace nines::prober_test
