// The prober's inner half on bad days: what its own troubles look like, for hours, and that nothing of them stays.
#include "schedule/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include "prober/support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::ProberCore;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t kServers = 50;
constexpr Answer kNoName{State::down, ErrorClass::dns, std::chrono::seconds{5}};
constexpr Answer kNoDescriptors{State::unknown, ErrorClass::internal, std::chrono::milliseconds{0}};
constexpr Answer kSlow{State::up, ErrorClass::none, std::chrono::milliseconds{9'900}};

/// Servers and a reference that answer as `answer` says, but for what `of_server` says of one.
class BadDay {
 public:
  explicit BadDay(std::uint32_t servers = kServers) {
    for (std::uint32_t id = 1; id <= servers; ++id) {
      simulation.add(id, [this, id] {
        const auto own = of_server.find(id);
        return std::optional(own == of_server.end() ? answer : own->second);
      });
    }
    simulation.loop.answer(options.references[0], [this] { return std::optional(answer); });
    simulation.core.begin();
  }

  /// The outages that were told since the last call: server and begin.
  std::vector<StateChange> outages() {
    std::vector<StateChange> found;
    for (const StateChange& change : simulation.changes) {
      if (change.to == State::down) found.push_back(change);
    }
    simulation.changes.clear();
    return found;
  }
  [[nodiscard]] std::size_t in_state(State state) const {
    return static_cast<std::size_t>(std::count_if(simulation.states.begin(), simulation.states.end(),
                                                  [&](const auto& item) { return item.second == state; }));
  }

  static ProberCore::Options make_options() {
    ProberCore::Options made = Simulation::default_options();
    made.references = {Simulation::make_check()};
    return made;
  }
  Answer answer = kUp;
  std::map<std::uint32_t, Answer> of_server;
  ProberCore::Options options = make_options();
  Simulation simulation{options};
};

/// An hour of `trouble` that is the prober's own, in which server 7 fails for real and stays so.
void live_through(Answer trouble) {
  BadDay day;
  day.simulation.loop.run_for(10min);
  ASSERT_EQ(day.in_state(State::up), kServers);
  day.answer = trouble;
  day.simulation.loop.run_for(30min);
  day.of_server[7] = kTimeout;
  day.simulation.loop.run_for(30min);
  EXPECT_THAT(day.outages(), IsEmpty()) << "nothing can be known, so nobody is called";
  EXPECT_EQ(count(day.simulation.results, State::down), 0U);
  EXPECT_EQ(day.in_state(State::unknown), kServers);
  day.answer = kUp;
  day.simulation.loop.run_for(3min);
  EXPECT_EQ(day.in_state(State::up), kServers - 1);
  const auto outages = day.outages();
  ASSERT_THAT(outages, SizeIs(1)) << "what is down is told once it can be seen";
  EXPECT_EQ(outages[0].server, ServerId{7});
  EXPECT_EQ(day.simulation.loop.in_flight, 0U);
}

TEST(CoreBadDays, HourWithoutAPacketIsUnknown) {
  live_through(kTimeout);
}

TEST(CoreBadDays, HourWithoutAResolverIsUnknown) {
  live_through(kNoName);
}

TEST(CoreBadDays, HourWithoutDescriptorsIsUnknown) {
  live_through(kNoDescriptors);
}

TEST(CoreBadDays, ClockThatIsSetByHoursBothWaysMakesNoOutageAndHidesNone) {
  BadDay day;
  day.simulation.loop.run_for(10min);
  for (const std::chrono::hours by : {3h, -5h, 1h, 12h, -12h, -1h, 24h, -24h}) {
    day.simulation.loop.set_wall_clock(by);
    day.simulation.loop.run_for(90s);
    day.simulation.loop.set_wall_clock(-by / 2);
    day.simulation.loop.run_for(5min);
    EXPECT_THAT(day.outages(), IsEmpty()) << by.count();
    EXPECT_EQ(count(day.simulation.results, State::down), 0U);
    EXPECT_EQ(day.in_state(State::up), kServers);
  }
  // A server that fails while the clock is set is confirmed after the step, at the usual pace.
  day.answer = kUp;
  day.of_server[3] = kRefused;
  day.simulation.loop.run_for(40s);
  day.simulation.loop.set_wall_clock(-6h);
  const TimeMs stepped = day.simulation.loop.moment().wall;
  day.simulation.loop.run_for(3min);
  const auto outages = day.outages();
  ASSERT_FALSE(outages.empty());
  for (const StateChange& outage : outages) {
    EXPECT_EQ(outage.server, ServerId{3});
    EXPECT_EQ(outage.since, outages[0].since) << "after the mark of the step it is the same outage";
  }
  EXPECT_LE(outages.back().result.time, stepped + 3min);
}

TEST(CoreBadDays, SuspensionsBetweenFailuresMakeNoOutage) {
  BadDay day(1);
  day.simulation.loop.run_for(5min);
  // Each time one failure, then the machine sleeps, then all is well again.
  for (int i = 0; i < 20; ++i) {
    day.of_server[1] = kRefused;
    const std::uint64_t before = count(day.simulation.results, State::down);
    while (count(day.simulation.results, State::down) == before) day.simulation.loop.run_for(100ms);
    day.simulation.loop.suspend(10min);
    day.simulation.loop.run_for(200ms);
    // The check that follows the sleep fails too, and is the first of a new row.
    while (count(day.simulation.results, State::down) == before + 1) day.simulation.loop.run_for(100ms);
    day.of_server.clear();
    day.simulation.loop.run_for(2min);
    ASSERT_THAT(day.outages(), IsEmpty()) << i;
  }
}

TEST(CoreBadDays, SlowTargetsDelayNoOther) {
  constexpr std::uint32_t kSlowServers = 500;
  Simulation simulation;
  for (std::uint32_t id = 1; id <= kSlowServers; ++id) simulation.add(id, always(kSlow));
  for (std::uint32_t id = kSlowServers + 1; id <= 2 * kSlowServers; ++id) simulation.add(id, always(kUp));
  simulation.core.begin();
  // A first check of ten seconds may lie over its server's first tick.
  simulation.loop.run_for(2min);
  const std::uint64_t missed = simulation.last_stats.missed_ticks;
  simulation.loop.run_for(8min);
  EXPECT_EQ(count(simulation.results, State::down), 0U);
  EXPECT_EQ(count(simulation.results, State::unknown), 0U);
  EXPECT_EQ(simulation.last_stats.missed_ticks, missed);
  EXPECT_LT(simulation.last_stats.lag_max, 10ms);
  for (std::uint32_t id = 1; id <= 2 * kSlowServers; ++id) EXPECT_GE(simulation.results_of(id).size(), 9U) << id;
}

}  // namespace
}  // namespace nines::prober_test
