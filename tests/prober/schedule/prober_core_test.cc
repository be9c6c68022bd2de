// The prober's inner half through simulated time: when checks are made, what is stored, and what is told.
#include "schedule/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "prober/support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::CoreServer;
using prober::ProberCore;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Core, ChecksOnceAtTheStartAndThenEveryInterval) {
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

TEST(Core, RestartKeepsThePhase) {
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

TEST(Core, OutageIsConfirmedByAFasterRecheckAndToldOnce) {
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

TEST(Core, SingleFailureIsRefutedByItsRecheck) {
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

TEST(Core, DegradedLastsFromItsFirstResultToTheFirstGoodOne) {
  Simulation simulation;
  Answer answer = kUp;
  simulation.add(1, [&] { return std::optional(answer); });
  simulation.core.begin();
  simulation.loop.run_for(3min);
  EXPECT_THAT(simulation.topics, IsEmpty());
  const std::size_t slow = simulation.results.size();
  answer = {State::degraded, ErrorClass::slow, 10ms};
  simulation.loop.run_for(5min);
  ASSERT_THAT(simulation.topics, SizeIs(1)) << "told once";
  EXPECT_EQ(simulation.topics[0].change.topic, AlertTopic::degraded);
  EXPECT_TRUE(simulation.topics[0].change.lasts);
  EXPECT_EQ(simulation.topics[0].change.since, simulation.results[slow].time);
  EXPECT_EQ(simulation.topics[0].result, simulation.results[slow + 1]) << "as many confirm it as confirm an outage";
  answer = kRefused;
  simulation.loop.run_for(3min);
  EXPECT_THAT(simulation.topics, SizeIs(1)) << "an outage says nothing about slowness";
  const std::size_t good = simulation.results.size();
  answer = kUp;
  simulation.loop.run_for(3min);
  ASSERT_THAT(simulation.topics, SizeIs(2));
  EXPECT_FALSE(simulation.topics[1].change.lasts);
  EXPECT_EQ(simulation.topics[1].change.since, simulation.results[good].time);
  EXPECT_EQ(simulation.topics[1].state, State::up);
}

TEST(Core, RecheckRunsOverAFreshConnection) {
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

TEST(Core, CapOnChecksInFlightIsKept) {
  ProberCore::Options options = Simulation::default_options();
  options.limits = {20, 1'000, 100'000};
  Simulation simulation(options);
  for (std::uint32_t id = 1; id <= 300; ++id) simulation.add(id, always({State::up, ErrorClass::none, 2s}));
  simulation.core.begin();
  simulation.loop.run_for(5min);
  EXPECT_EQ(simulation.loop.most_in_flight, 20U);
  for (std::uint32_t id = 1; id <= 300; ++id) EXPECT_GE(simulation.results_of(id).size(), 5U) << id;
}

TEST(Core, PausedServerIsLeftAlone) {
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

TEST(Core, UpdateKeepsPhaseAndState) {
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

TEST(Core, OutageBehindACapIsConfirmed) {
  ProberCore::Options options = Simulation::default_options();
  options.limits = {2, 2, 100'000};
  Simulation simulation(options);
  for (std::uint32_t id = 1; id <= 24; ++id) {
    simulation.add(id, always({State::down, ErrorClass::timeout, 2s}), 4s).rules.timeout = 2s;
    simulation.update(id);
  }
  simulation.core.begin();
  simulation.loop.run_for(2min);
  EXPECT_THAT(simulation.changes, SizeIs(24)) << "two checks of two seconds at a time: each server's come every 24 s";
  for (const StateChange& change : simulation.changes) EXPECT_EQ(change.to, State::down);
  EXPECT_EQ(simulation.results_of(7).back().interval_ms, 24'000U) << "and hold for as long";
}

TEST(Core, RemovedServersCheckLeavesNoResult) {
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

TEST(Core, WindDownWaitsForChecksInFlightAndStartsNoMore) {
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

TEST(Core, AbandonedChecksLeaveNoResult) {
  Simulation simulation;
  simulation.add(1, always(kTimeout));
  simulation.core.begin();
  simulation.loop.run_for(1s);
  simulation.core.abandon();
  simulation.loop.run_for(1min);
  EXPECT_THAT(simulation.results, IsEmpty());
}

}  // namespace
}  // namespace nines::prober_test
