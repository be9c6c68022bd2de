// Jobs that report in, through simulated time.
#include "schedule/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "prober/support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::CoreServer;
using testing::IsEmpty;
using testing::SizeIs;

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

TEST(CorePush, JobThatReportsInTimeIsUp) {
  Pushed pushed;
  for (int i = 0; i < 5; ++i) {
    pushed.simulation.loop.run_for(60s);
    EXPECT_TRUE(pushed.report(PushReport::Kind::success));
  }
  EXPECT_THAT(pushed.simulation.results, SizeIs(5));
  EXPECT_EQ(count(pushed.simulation.results, State::up), 5U);
  EXPECT_EQ(pushed.acknowledged, 5);
}

TEST(CorePush, DescriptionThatIsTheSameLeavesTheDeadline) {
  Pushed pushed;
  pushed.simulation.loop.run_for(30s);
  pushed.report(PushReport::Kind::success);
  const TimeMs heard = pushed.simulation.results.back().time;
  for (int i = 0; i < 6; ++i) {
    pushed.simulation.loop.run_for(20s);
    pushed.simulation.core.set(pushed.server, {});
  }
  ASSERT_GE(pushed.simulation.results.size(), 2U);
  EXPECT_EQ(pushed.simulation.results[1].time, heard + 70s);
  pushed.report(PushReport::Kind::success);
  const TimeMs again = pushed.simulation.results.back().time;
  pushed.server.push->interval = 120s;
  pushed.simulation.core.set(pushed.server, {});
  const std::size_t before = pushed.simulation.results.size();
  pushed.simulation.loop.run_for(3min);
  ASSERT_GT(pushed.simulation.results.size(), before);
  EXPECT_EQ(pushed.simulation.results[before].time, again + 130s) << "a new rhythm counts from the last report";
}

TEST(CorePush, SilencePastTheDeadlineIsDownAtTheDeadline) {
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

TEST(CorePush, DeadlineThatPassesDuringASuspensionIsUnknown) {
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

TEST(CorePush, DurationIsCountedFromTheStart) {
  Pushed pushed;
  pushed.report(PushReport::Kind::start);
  pushed.simulation.loop.run_for(5s);
  pushed.report(PushReport::Kind::success);
  ASSERT_THAT(pushed.simulation.results, SizeIs(1));
  EXPECT_EQ(pushed.simulation.results[0].latency_us, 5'000'000U);
}

TEST(CorePush, WhatARestartMustNotForgetIsHandedOut) {
  Pushed pushed;
  auto& remembered = pushed.simulation.jobs;
  pushed.simulation.loop.run_for(30s);
  pushed.report(PushReport::Kind::success);
  EXPECT_TRUE(remembered.empty()) << "the store has it";
  pushed.simulation.loop.run_for(30s);
  pushed.report(PushReport::Kind::start);
  ASSERT_TRUE(remembered[ServerId{1}]);
  const prober::JobMemory running = *remembered[ServerId{1}];
  EXPECT_EQ(running.started, running.since + 30s);
  pushed.simulation.loop.run_for(5s);
  pushed.report(PushReport::Kind::success);
  ASSERT_TRUE(remembered[ServerId{1}]);
  EXPECT_FALSE(remembered[ServerId{1}]->started);
  pushed.simulation.loop.run_for(20s);
  pushed.simulation.core.wind_down([] {});
  EXPECT_EQ(remembered[ServerId{1}]->listened, 20s);

  Simulation next(Simulation::default_options(), running.since + 90s);
  prober::Restored known;
  known.job = running;
  next.core.set(pushed.server, known);
  next.core.begin();
  next.core.report(ServerId{1}, {}, nullptr);
  ASSERT_THAT(next.results, SizeIs(1));
  EXPECT_EQ(next.results[0].latency_us, 60'000'000U);
  pushed.server.paused = true;
  next.core.set(pushed.server, {});
  EXPECT_FALSE(next.jobs[ServerId{1}]) << "a pause ends what was before it";
}

TEST(CorePush, PausedOrUnknownServerTakesNoReport) {
  Pushed pushed;
  pushed.server.paused = true;
  pushed.simulation.core.set(pushed.server, {});
  pushed.simulation.loop.run_for(10min);
  EXPECT_FALSE(pushed.simulation.core.report(pushed.server.id, {}, nullptr));
  EXPECT_FALSE(pushed.simulation.core.report(ServerId{9}, {}, nullptr));
  EXPECT_THAT(pushed.simulation.results, IsEmpty());
  pushed.server.paused = false;
  pushed.simulation.core.set(pushed.server, {});
  EXPECT_TRUE(pushed.simulation.core.report(pushed.server.id, {}, nullptr));
}

}  // namespace
}  // namespace nines::prober_test
