// The prober's inner half after a restart: what the store knew, and what was missed since.
#include "schedule/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "prober/support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::CoreServer;
using prober::Restored;
using testing::IsEmpty;
using testing::SizeIs;

Restored restored(std::chrono::milliseconds ago, State state) {
  Restored known;
  CheckResult last;
  last.server = ServerId{1};
  last.time = Simulation::kBegin - ago;
  last.state = state;
  last.interval_ms = 60'000;
  Rules rules;
  rules.confirm_failures = 1;
  known.judges.apply(last, rules);
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

TEST(CoreRestart, QuickRestartLeavesNoMark) {
  Restart restart(restored(20s, State::up));
  EXPECT_EQ(restart.simulation.states.at(ServerId{1}), State::up);
  restart.simulation.loop.run_for(3min);
  EXPECT_THAT(unknowns(restart.simulation.results), IsEmpty());
  EXPECT_THAT(restart.simulation.results, SizeIs(3)) << "the schedule goes on: no first check";
  EXPECT_THAT(restart.simulation.changes, IsEmpty());
}

TEST(CoreRestart, MissedCheckIsMarkedWhereItWouldHaveBeen) {
  Restart restart(restored(100s, State::up));
  const auto gaps = unknowns(restart.simulation.results);
  ASSERT_THAT(gaps, SizeIs(1));
  EXPECT_EQ(gaps[0].time, Simulation::kBegin - 40s);
  EXPECT_EQ(gaps[0].error, ErrorClass::not_running);
}

TEST(CoreRestart, LongAbsenceSpeaksForItself) {
  Restart restart(restored(10min, State::up));
  EXPECT_THAT(restart.simulation.results, IsEmpty());
  EXPECT_EQ(restart.simulation.states.at(ServerId{1}), State::unknown);
}

TEST(CoreRestart, OutageGoesOnWithoutBeingToldAgain) {
  Restart restart(restored(20s, State::down));
  EXPECT_EQ(restart.simulation.states.at(ServerId{1}), State::down);
  EXPECT_THAT(restart.simulation.changes, IsEmpty());
}

// What lasted when it was last known is told again by the first result that says so, of every topic: it may not have
// been told because nobody knew.
TEST(CoreRestart, WhatLastsThroughALongAbsenceIsToldByTheNextResult) {
  Simulation simulation;
  CoreServer server = simulation.add(1, always({State::degraded, ErrorClass::slow, 10ms}));
  simulation.core.remove(ServerId{1});
  simulation.core.set(server, restored(10min, State::degraded));
  simulation.core.begin();
  EXPECT_THAT(simulation.topics, IsEmpty());
  simulation.loop.run_for(10s);
  ASSERT_THAT(simulation.topics, SizeIs(1));
  EXPECT_TRUE(simulation.topics[0].change.lasts);
  EXPECT_EQ(simulation.topics[0].change.topic, AlertTopic::degraded);
  EXPECT_GT(simulation.topics[0].known_until, Simulation::kBegin + 60s);
}

TEST(CoreRestart, PauseEndsWhatWasBeforeIt) {
  Simulation simulation;
  CoreServer server = simulation.add(1, always(kRefused));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  ASSERT_THAT(simulation.changes, SizeIs(1));
  server.paused = true;
  simulation.core.set(server, {});
  EXPECT_EQ(simulation.states.at(ServerId{1}), State::unknown);
  simulation.loop.run_for(1min);
  server.paused = false;
  simulation.core.set(server, {});
  const TimeMs resumed = Simulation::kBegin + 6min;
  simulation.core.tell_what_lasts(ServerId{1});
  EXPECT_THAT(simulation.topics, IsEmpty()) << "nothing is known yet";
  simulation.loop.run_for(5min);
  ASSERT_THAT(simulation.changes, SizeIs(2));
  EXPECT_GE(simulation.changes[1].since, resumed) << "an outage of its own, as in the history";
}

TEST(CoreRestart, RowOfFailuresEndsWithTheStop) {
  Restored known;
  CheckResult last;
  last.server = ServerId{1};
  last.time = Simulation::kBegin - 10min;
  last.state = State::down;
  last.interval_ms = 60'000;
  known.judges.apply(last, Rules{});
  known.last = last;
  Simulation simulation;
  CoreServer server = simulation.add(1, always(kRefused));
  simulation.core.remove(ServerId{1});
  simulation.core.set(server, known);
  simulation.core.begin();
  simulation.loop.run_for(5s);
  EXPECT_THAT(simulation.changes, IsEmpty()) << "one failure before the stop and one after it are no outage";
  simulation.loop.run_for(5min);
  ASSERT_THAT(simulation.changes, SizeIs(1));
  EXPECT_GE(simulation.changes[0].since, Simulation::kBegin);
}

TEST(CoreRestart, ResultFromTheFutureDoesNotHoldUpTheNextOnes) {
  Restart restart(restored(-24h, State::up));
  restart.simulation.loop.run_for(2min);
  EXPECT_LE(restart.simulation.results.back().time, Simulation::kBegin + 2min);
}

}  // namespace
}  // namespace nines::prober_test
