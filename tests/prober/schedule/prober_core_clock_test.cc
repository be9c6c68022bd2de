// The prober's inner half while machines sleep, processes stall and clocks are set: what is unknown, and what is not.
#include "schedule/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "prober/support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Core, SuspensionLeavesOneUnknownAndNoBurstOfChecks) {
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

TEST(Core, StallWithoutAMissedCheckLeavesNoTrace) {
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

TEST(Core, CheckThatFailsAcrossASuspensionIsUnknown) {
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

TEST(Core, CheckThatSucceedsAcrossAStallCounts) {
  Simulation simulation;
  simulation.add(1, always({State::up, ErrorClass::none, 5s}));
  simulation.core.begin();
  simulation.loop.run_for(1s);
  simulation.loop.stall(3s);
  simulation.loop.run_for(5s);
  EXPECT_EQ(count(simulation.results, State::up), 1U);
}

TEST(Core, ClockSetForwardMarksTheTimeThatNeverWas) {
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

TEST(Core, SmallStepForwardBetweenTwoChecksMarksNothing) {
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

TEST(Core, ClockSetBackMarksTheTimeThatComesTwice) {
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

}  // namespace
}  // namespace nines::prober_test
