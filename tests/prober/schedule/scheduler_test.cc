// The scheduler as a state machine: no clock, no check, no waiting.
#include "schedule/scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace nines::prober {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr Micros kSecond{1'000'000};
constexpr Micros kMinute = 60 * kSecond;
constexpr Micros kNow = 1'000'000 * kMinute;  // a multiple of the interval: a phase is the time to the next tick

Plan plan(std::uint32_t id, Micros phase, const std::string& host = "host") {
  return {ServerId{id}, kMinute, phase, host};
}

/// Runs the scheduler at `now`; the ids that start, in order.
std::vector<std::uint32_t> run(Scheduler& scheduler, Micros now, std::map<std::uint32_t, std::uint32_t>& slots) {
  std::vector<Start> starts;
  scheduler.run(now, starts);
  std::vector<std::uint32_t> ids;
  for (const Start& start : starts) {
    ids.push_back(static_cast<std::uint32_t>(start.id));
    slots[ids.back()] = start.slot;
    scheduler.began(start, now);
  }
  return ids;
}

class Schedulers : public testing::Test {
 protected:
  std::vector<std::uint32_t> run_at(Micros now) { return run(scheduler, now, slots); }
  void finish(std::uint32_t id) {
    scheduler.finished(slots.at(id));
    scheduler.judged(slots.at(id));
  }
  Scheduler scheduler{{.in_flight = 3, .in_flight_per_host = 2, .start_rate = 10}};
  std::map<std::uint32_t, std::uint32_t> slots;
};

TEST(Phase, IsStableAndSpreadsNeighboursOverTheInterval) {
  EXPECT_EQ(phase_of(ServerId{7}, LocationId{0}, kMinute), phase_of(ServerId{7}, LocationId{0}, kMinute));
  EXPECT_NE(phase_of(ServerId{7}, LocationId{0}, kMinute), phase_of(ServerId{7}, LocationId{1}, kMinute));
  // 6000 consecutive ids into 60 seconds: 100 each on average; a fair spread stays within five standard deviations.
  std::map<std::int64_t, int> per_second;
  for (std::uint32_t id = 1; id <= 6'000; ++id) ++per_second[phase_of(ServerId{id}, {}, kMinute) / kSecond];
  ASSERT_EQ(per_second.size(), 60U);
  for (const auto& [second, count] : per_second) EXPECT_NEAR(count, 100, 50) << second;
}

TEST(Phase, DoesNotChangeFromReleaseToRelease) {
  // The published first output of splitmix64 seeded with 0 is 0xe220a8397b1dcdaf; server 0 at location 0 is that seed.
  EXPECT_EQ(phase_of(ServerId{0}, LocationId{0}, kMinute),
            Micros{static_cast<std::int64_t>(0xe220a8397b1dcdafU % 60'000'000U)});
}

TEST(RecheckGap, IsAQuarterOfTheIntervalButAtLeastASecond) {
  EXPECT_EQ(recheck_gap(kMinute), 15 * kSecond);
  EXPECT_EQ(recheck_gap(2 * kSecond), kSecond);
  EXPECT_EQ(recheck_gap(kSecond / 2), kSecond / 2);
}

TEST_F(Schedulers, ChecksAtPhaseAndThenEveryInterval) {
  scheduler.set(plan(1, 7 * kSecond), kNow, false);
  EXPECT_EQ(scheduler.next(), kNow + 7 * kSecond);
  EXPECT_THAT(run_at(kNow + 7 * kSecond - Micros{1}), IsEmpty());
  EXPECT_THAT(run_at(kNow + 7 * kSecond), ElementsAre(1));
  finish(1);
  EXPECT_EQ(scheduler.next(), kNow + kMinute + 7 * kSecond);
}

TEST_F(Schedulers, ServersOfDifferentPhasesTakeTurns) {
  scheduler.set(plan(1, 30 * kSecond, "a"), kNow, false);
  scheduler.set(plan(2, 10 * kSecond, "b"), kNow, false);
  scheduler.set(plan(3, 20 * kSecond, "c"), kNow, false);
  EXPECT_THAT(run_at(kNow + 30 * kSecond), ElementsAre(2, 3, 1));
}

TEST_F(Schedulers, TickDuringACheckIsMissed) {
  scheduler.set(plan(1, kSecond), kNow, false);
  EXPECT_THAT(run_at(kNow + kSecond), ElementsAre(1));
  EXPECT_THAT(run_at(kNow + kMinute + kSecond), IsEmpty());
  EXPECT_EQ(scheduler.counters().missed_ticks, 1U);
  finish(1);
  EXPECT_THAT(run_at(kNow + kMinute + 2 * kSecond), IsEmpty()) << "a missed tick is not made up for";
  EXPECT_THAT(run_at(kNow + 2 * kMinute + kSecond), ElementsAre(1));
}

TEST_F(Schedulers, LateTurnRunsOneCheckAndCountsTheTicksThatWentBy) {
  scheduler.set(plan(1, kSecond), kNow, false);
  EXPECT_THAT(run_at(kNow + 3 * kMinute + 2 * kSecond), ElementsAre(1));
  EXPECT_EQ(scheduler.counters().missed_ticks, 3U);
  EXPECT_EQ(scheduler.next_tick(ServerId{1}), kNow + 4 * kMinute + kSecond);
}

TEST_F(Schedulers, CapOnAllHoldsChecksBackInOrder) {
  for (std::uint32_t id = 1; id <= 5; ++id) scheduler.set(plan(id, id * kSecond, std::to_string(id)), kNow, false);
  EXPECT_THAT(run_at(kNow + 10 * kSecond), ElementsAre(1, 2, 3));
  EXPECT_EQ(scheduler.counters().in_flight, 3U);
  EXPECT_EQ(scheduler.counters().waiting, 2U);
  finish(2);
  EXPECT_THAT(run_at(kNow + 10 * kSecond), ElementsAre(4));
  finish(1);
  EXPECT_THAT(run_at(kNow + 10 * kSecond), ElementsAre(5));
  EXPECT_EQ(scheduler.counters().waiting, 0U);
}

TEST_F(Schedulers, CapPerHostLetsOtherHostsPass) {
  for (std::uint32_t id = 1; id <= 3; ++id) scheduler.set(plan(id, id * kSecond, "busy"), kNow, false);
  scheduler.set(plan(4, 4 * kSecond, "free"), kNow, false);
  EXPECT_THAT(run_at(kNow + 10 * kSecond), ElementsAre(1, 2, 4));
  finish(4);
  EXPECT_THAT(run_at(kNow + 10 * kSecond), IsEmpty()) << "a place came free, but not at the busy host";
  finish(1);
  EXPECT_THAT(run_at(kNow + 10 * kSecond), ElementsAre(3));
}

TEST_F(Schedulers, CheckHeldBackGivesWayToItsNextTick) {
  for (std::uint32_t id = 1; id <= 3; ++id) scheduler.set(plan(id, id * kSecond, "busy"), kNow, false);
  EXPECT_THAT(run_at(kNow + 5 * kSecond), ElementsAre(1, 2));
  EXPECT_THAT(run_at(kNow + kMinute + 5 * kSecond), IsEmpty());
  EXPECT_EQ(scheduler.counters().missed_ticks, 3U) << "two were busy, one was still waiting";
  finish(1);
  EXPECT_THAT(run_at(kNow + kMinute + 6 * kSecond), ElementsAre(3));
  EXPECT_EQ(scheduler.lag(kNow + 2 * kMinute).max, 3 * kSecond) << "late for its second tick, not its first";
}

TEST_F(Schedulers, RecheckComesAfterAQuarterOfTheInterval) {
  scheduler.set(plan(1, kSecond), kNow, false);
  run_at(kNow + kSecond);
  scheduler.finished(slots.at(1));
  scheduler.recheck(slots.at(1), kNow + kSecond, kNow + 2 * kSecond);
  scheduler.judged(slots.at(1));
  EXPECT_EQ(scheduler.next(), kNow + 16 * kSecond);
  std::vector<Start> starts;
  scheduler.run(kNow + 16 * kSecond, starts);
  ASSERT_EQ(starts.size(), 1U);
  EXPECT_TRUE(starts[0].retry);
  EXPECT_EQ(scheduler.next(), kNow + kMinute + kSecond) << "the phase is not disturbed";
  EXPECT_EQ(scheduler.counters().retries, 1U);
}

TEST_F(Schedulers, RecheckShortlyBeforeATickIsLeftToTheTick) {
  scheduler.set(plan(1, kSecond), kNow, false);
  run_at(kNow + kSecond);
  scheduler.finished(slots.at(1));
  scheduler.recheck(slots.at(1), kNow + 45 * kSecond, kNow + 50 * kSecond);
  scheduler.judged(slots.at(1));
  EXPECT_EQ(scheduler.next(), kNow + kMinute + kSecond);
}

// Two looks at one moment say no more than one.
TEST_F(Schedulers, TickRightBehindAFirstCheckGivesWayToTheRecheck) {
  scheduler.set(plan(1, Micros{30'000}), kNow, true);
  EXPECT_THAT(run_at(kNow), ElementsAre(1));
  scheduler.finished(slots.at(1));
  scheduler.recheck(slots.at(1), kNow, kNow + Micros{10'000});
  scheduler.judged(slots.at(1));
  EXPECT_THAT(run_at(kNow + 14 * kSecond), IsEmpty());
  EXPECT_THAT(run_at(kNow + 15 * kSecond), ElementsAre(1));
  finish(1);
  EXPECT_EQ(scheduler.next(), kNow + kMinute + Micros{30'000}) << "the phase is not disturbed";
}

TEST_F(Schedulers, RecheckAfterALongTimeoutComesAtOnce) {
  scheduler.set(plan(1, kSecond), kNow, false);
  run_at(kNow + kSecond);
  scheduler.finished(slots.at(1));
  scheduler.recheck(slots.at(1), kNow + kSecond, kNow + 31 * kSecond);
  scheduler.judged(slots.at(1));
  EXPECT_EQ(scheduler.next(), kNow + 31 * kSecond);
}

TEST_F(Schedulers, FirstChecksKeepTheirRate) {
  for (std::uint32_t id = 1; id <= 20; ++id) scheduler.set(plan(id, 59 * kSecond, std::to_string(id)), kNow, true);
  EXPECT_THAT(run_at(kNow), ElementsAre(1));
  finish(1);
  std::set<std::uint32_t> started;
  for (Micros now = kNow; now < kNow + kSecond; now += Micros{10'000}) {
    for (const std::uint32_t id : run_at(now)) {
      started.insert(id);
      finish(id);
    }
  }
  EXPECT_EQ(started.size(), 9U) << "ten a second, one of which had its check before";
}

TEST_F(Schedulers, FirstChecksDoNotMakeUpForLostTime) {
  for (std::uint32_t id = 1; id <= 20; ++id) scheduler.set(plan(id, 59 * kSecond, std::to_string(id)), kNow, true);
  EXPECT_LE(run_at(kNow + kSecond).size(), 2U);
}

TEST_F(Schedulers, TickTakesThePlaceOfTheFirstCheck) {
  scheduler.set(plan(1, kSecond, "a"), kNow, true);
  scheduler.set(plan(2, Micros{50'000}, "b"), kNow, true);
  EXPECT_THAT(run_at(kNow), ElementsAre(1));
  EXPECT_THAT(run_at(kNow + Micros{50'000}), ElementsAre(2));
  finish(2);
  EXPECT_THAT(run_at(kNow + Micros{200'000}), IsEmpty());
}

TEST_F(Schedulers, SkippedTimeIsCountedAndNotMadeUpFor) {
  scheduler.set(plan(1, 10 * kSecond, "a"), kNow, false);
  scheduler.set(plan(2, 50 * kSecond, "b"), kNow, false);
  std::vector<ServerId> missed;
  scheduler.skip_until(kNow + kMinute + 20 * kSecond, missed);
  EXPECT_THAT(missed, UnorderedElementsAre(ServerId{1}, ServerId{2}));
  EXPECT_EQ(scheduler.counters().missed_ticks, 3U) << "two of the first server, one of the second";
  EXPECT_THAT(run_at(kNow + kMinute + 20 * kSecond), IsEmpty());
  EXPECT_EQ(scheduler.next(), kNow + kMinute + 50 * kSecond) << "phases stay";
}

TEST_F(Schedulers, SkippingLessThanToTheNextTickCostsNothing) {
  scheduler.set(plan(1, 30 * kSecond), kNow, false);
  std::vector<ServerId> missed;
  scheduler.skip_until(kNow + 20 * kSecond, missed);
  EXPECT_THAT(missed, IsEmpty());
  EXPECT_EQ(scheduler.next(), kNow + 30 * kSecond);
}

TEST_F(Schedulers, SkippingEmptiesTheLines) {
  for (std::uint32_t id = 1; id <= 5; ++id) scheduler.set(plan(id, id * kSecond, std::to_string(id)), kNow, false);
  run_at(kNow + 10 * kSecond);
  std::vector<ServerId> missed;
  scheduler.skip_until(kNow + 20 * kSecond, missed);
  EXPECT_THAT(missed, UnorderedElementsAre(ServerId{4}, ServerId{5}));
  EXPECT_EQ(scheduler.counters().waiting, 0U);
  finish(1);
  EXPECT_THAT(run_at(kNow + 20 * kSecond), IsEmpty());
}

TEST_F(Schedulers, UpdateKeepsTheTickUnlessTheIntervalChanges) {
  scheduler.set(plan(1, 30 * kSecond), kNow, false);
  scheduler.set(plan(1, 30 * kSecond, "moved"), kNow + kSecond, false);
  EXPECT_EQ(scheduler.next_tick(ServerId{1}), kNow + 30 * kSecond);
  scheduler.set({ServerId{1}, 10 * kSecond, 3 * kSecond, "moved"}, kNow + kSecond, false);
  EXPECT_EQ(scheduler.next_tick(ServerId{1}), kNow + 3 * kSecond);
}

TEST_F(Schedulers, RemovedServerHoldsItsPlaceUntilItsCheckEnds) {
  for (std::uint32_t id = 1; id <= 3; ++id) scheduler.set(plan(id, id * kSecond, "busy"), kNow, false);
  run_at(kNow + 10 * kSecond);
  scheduler.remove(ServerId{1});
  EXPECT_EQ(scheduler.counters().in_flight, 2U);
  EXPECT_EQ(scheduler.counters().servers, 2U);
  scheduler.set(plan(1, 30 * kSecond, "busy"), kNow + 11 * kSecond, false);
  EXPECT_THAT(run_at(kNow + 12 * kSecond), IsEmpty());
  finish(1);  // of the former server 1
  EXPECT_EQ(scheduler.counters().in_flight, 1U);
  EXPECT_THAT(run_at(kNow + 12 * kSecond), ElementsAre(3));
}

TEST_F(Schedulers, RemovedServerLeavesTheLine) {
  for (std::uint32_t id = 1; id <= 5; ++id) scheduler.set(plan(id, id * kSecond, std::to_string(id)), kNow, false);
  run_at(kNow + 10 * kSecond);
  scheduler.remove(ServerId{4});
  finish(1);
  EXPECT_THAT(run_at(kNow + 10 * kSecond), ElementsAre(5));
}

TEST_F(Schedulers, CheckNowGoesBesideTheSchedule) {
  scheduler.set(plan(1, 30 * kSecond), kNow, false);
  EXPECT_TRUE(scheduler.check_now(ServerId{1}, kNow + kSecond));
  EXPECT_FALSE(scheduler.check_now(ServerId{2}, kNow + kSecond));
  EXPECT_THAT(run_at(kNow + kSecond), ElementsAre(1));
  finish(1);
  EXPECT_EQ(scheduler.next(), kNow + 30 * kSecond);
}

TEST_F(Schedulers, DueWithinNamesWhoTicksInAStretch) {
  scheduler.set(plan(1, 10 * kSecond), kNow, false);
  scheduler.set(plan(2, 40 * kSecond), kNow, false);
  std::vector<ServerId> due;
  scheduler.due_within(kNow, kNow + 20 * kSecond, due);
  EXPECT_THAT(due, ElementsAre(ServerId{1}));
}

TEST(SchedulerLoad, SixtyThousandServersAreEachCheckedOnceAMinute) {
  Scheduler scheduler({.in_flight = 100'000, .in_flight_per_host = 100'000, .start_rate = 1});
  constexpr std::uint32_t kServers = 60'000;
  for (std::uint32_t id = 1; id <= kServers; ++id) {
    scheduler.set({ServerId{id}, kMinute, phase_of(ServerId{id}, {}, kMinute), "host"}, kNow, false);
  }
  std::vector<int> checks(kServers + 1);
  std::vector<Start> starts;
  for (Micros now = *scheduler.next(); now < kNow + 2 * kMinute; now = *scheduler.next()) {
    starts.clear();
    scheduler.run(now, starts);
    for (const Start& start : starts) {
      ++checks[static_cast<std::uint32_t>(start.id)];
      scheduler.finished(start.slot);
      scheduler.judged(start.slot);
    }
  }
  EXPECT_EQ(std::count(checks.begin() + 1, checks.end(), 2), kServers);
  EXPECT_EQ(scheduler.counters().missed_ticks, 0U);
}

TEST(LagHistogram, TellsPercentilesOfTheLastMinute) {
  LagHistogram lag;
  for (int i = 1; i <= 100; ++i) lag.add(Micros{i * 10}, kNow);
  const auto figures = lag.figures(kNow + kSecond);
  EXPECT_EQ(figures.max, Micros{1'000});
  EXPECT_GE(figures.p50, Micros{500});
  EXPECT_LE(figures.p50, Micros{595});
  EXPECT_GE(figures.p99, Micros{990});
  EXPECT_LE(figures.p99, Micros{1'000});
  lag.add(Micros{5}, kNow + kMinute);
  EXPECT_EQ(lag.figures(kNow + kMinute).max, Micros{1'000}) << "the full minute";
  EXPECT_EQ(lag.figures(kNow + 2 * kMinute).max, Micros{5});
  EXPECT_EQ(lag.figures(kNow + 9 * kMinute).max, Micros{0}) << "nothing is known of a minute without checks";
}

TEST(ScheduleClock, SuspensionIsAPauseAndCountsAsTime) {
  Moment moment{Micros{100}, Micros{200}, from_ms(1'000'000)};
  ScheduleClock clock(moment, {});
  moment.boot += 30 * kSecond;
  moment.wall += std::chrono::seconds{30};
  const ClockEvents events = clock.observe(moment);
  ASSERT_TRUE(events.pause);
  EXPECT_TRUE(events.pause->suspended);
  EXPECT_EQ(events.pause->wall_from, from_ms(1'000'000));
  EXPECT_EQ(events.pause->to - events.pause->from, 30 * kSecond);
  EXPECT_FALSE(events.step);
  EXPECT_EQ(clock.steady_at(clock.now() + kSecond), moment.steady + kSecond);
}

TEST(ScheduleClock, SettingTheWallClockDoesNotMoveTheSchedule) {
  Moment moment{Micros{100}, Micros{200}, from_ms(1'000'000)};
  ScheduleClock clock(moment, {});
  const Micros before = clock.now();
  moment.steady += kSecond / 2;
  moment.boot += kSecond / 2;
  moment.wall -= std::chrono::hours{1};
  const ClockEvents events = clock.observe(moment);
  EXPECT_FALSE(events.pause);
  ASSERT_TRUE(events.step);
  EXPECT_EQ(events.step->by, std::chrono::milliseconds{-3'600'500});
  EXPECT_EQ(events.step->before, from_ms(1'000'500));
  EXPECT_EQ(clock.now(), before + kSecond / 2);
}

TEST(ScheduleClock, SmallDriftsAreNobodysBusiness) {
  Moment moment{Micros{100}, Micros{200}, from_ms(1'000'000)};
  ScheduleClock clock(moment, {});
  moment.steady += kSecond;
  moment.boot += kSecond;
  moment.wall += std::chrono::milliseconds{1'900};
  const ClockEvents events = clock.observe(moment);
  EXPECT_FALSE(events.pause);
  EXPECT_FALSE(events.step);
}

}  // namespace
}  // namespace nines::prober
