// The prober's inner half while its own network is away: failures count only when a reference answers.
#include "schedule/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "prober/support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::CoreServer;
using prober::ProberCore;

constexpr Answer kUnreachable{State::down, ErrorClass::unreachable, std::chrono::milliseconds{1}};

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

TEST(CoreGuard, NothingIsAskedWhileAllIsWell) {
  Guarded guarded(kUp, kUp);
  guarded.simulation.loop.run_for(10min);
  EXPECT_EQ(guarded.simulation.loop.starts[guarded.options.references[0].get()], 0);
}

TEST(CoreGuard, FailureCountsWhenAReferenceAnswers) {
  Guarded guarded(kRefused, kUp);
  guarded.simulation.loop.run_for(5min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down);
  EXPECT_EQ(count(guarded.simulation.results, State::unknown), 0U);
}

// What is expected to fail is not up because the prober's own network is away.
TEST(CoreGuard, ExpectedFailureIsUnknownWhenNoReferenceAnswers) {
  const Answer expected{State::up, ErrorClass::none, 10ms, ErrorClass::timeout};
  Guarded guarded(expected, kUp);
  guarded.simulation.loop.run_for(2min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::up);
  guarded.reference_answer = kTimeout;
  guarded.simulation.loop.run_for(10min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::unknown);
  EXPECT_EQ(guarded.simulation.results.back().error, ErrorClass::own_network);
  EXPECT_EQ(guarded.simulation.results.back().detail, "no reference answers; the check found: timeout");
}

TEST(CoreGuard, ServerThatAnswersBadlyNeedsNoReference) {
  Guarded guarded({State::down, ErrorClass::http_status, 10ms}, kRefused);
  guarded.simulation.loop.run_for(5min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down);
  EXPECT_EQ(count(guarded.simulation.results, State::unknown), 0U);
  EXPECT_EQ(guarded.simulation.loop.starts[guarded.options.references[0].get()], 0);
}

TEST(CoreGuard, FailureIsUnknownWhenNoReferenceAnswers) {
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

TEST(CoreGuard, ServerThatAnswersIsUpWithoutAnyReference) {
  Guarded guarded(kUp, kTimeout);
  guarded.simulation.loop.run_for(5min);
  EXPECT_EQ(count(guarded.simulation.results, State::up), guarded.simulation.results.size());
}

TEST(CoreGuard, ReferenceThatAnswersWithAnErrorHasAnswered) {
  Guarded guarded(kRefused, {State::down, ErrorClass::http_status, 10ms});
  guarded.simulation.loop.run_for(5min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down);
}

TEST(CoreGuard, NetworkThatGoesRightAfterAReferenceAnsweredMakesNoOutage) {
  // Server 2 is down for good, so that a reference answers every moment; then the network goes for half a minute.
  for (std::chrono::milliseconds phase = 0ms; phase < 60s; phase += 1'700ms) {
    Guarded guarded(kUp, kUp);
    Answer dead = kRefused;
    guarded.simulation
        .add(
            2, [&] { return std::optional(dead); }, 1s)
        .rules.timeout = 500ms;
    guarded.simulation.update(2);
    CoreServer& site = guarded.simulation.servers.at(ServerId{1});
    site.rules.interval = 1s;
    site.rules.timeout = 500ms;
    site.rules.confirm_failures = 1;
    guarded.simulation.update(1);
    guarded.simulation.loop.run_for(2min + phase);
    guarded.site_answer = guarded.reference_answer = dead = kUnreachable;
    guarded.simulation.loop.run_for(30s);
    EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::unknown);
    guarded.site_answer = guarded.reference_answer = kUp;
    dead = kRefused;
    guarded.simulation.loop.run_for(30s);
    EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::up);
    EXPECT_EQ(guarded.simulation.states.at(ServerId{2}), State::down);
    EXPECT_EQ(count(guarded.simulation.results_of(1), State::down), 0U) << phase.count();
  }
}

TEST(CoreGuard, CheckThatBeganWhileTheNetworkWasAwayIsUnknownThoughItEndsLater) {
  Guarded guarded(kUp, kUp);
  guarded.simulation.servers.at(ServerId{1}).rules.confirm_failures = 1;
  guarded.simulation.update(1);
  guarded.simulation.loop.run_for(2min);
  // Server 2 sees at once that the network is away; server 1 gives up ten seconds later, when it is back.
  Answer quick = kUnreachable;
  guarded.simulation.add(
      2, [&] { return std::optional(quick); }, 1s);
  guarded.site_answer = kTimeout;
  guarded.reference_answer = kUnreachable;
  const int before = guarded.simulation.loop.starts[guarded.simulation.servers.at(ServerId{1}).check.get()];
  while (guarded.simulation.loop.starts[guarded.simulation.servers.at(ServerId{1}).check.get()] == before) {
    guarded.simulation.loop.run_for(100ms);
  }
  quick = guarded.site_answer = guarded.reference_answer = kUp;
  guarded.simulation.loop.run_for(15s);
  const CheckResult over = guarded.simulation.results_of(1).back();
  EXPECT_EQ(over.state, State::unknown);
  EXPECT_EQ(over.error, ErrorClass::own_network);
}

TEST(CoreGuard, ReferencesAreAskedAtMostOnceAPause) {
  // A hundred servers that fail at every moment of the second.
  Guarded guarded(kRefused, kUp);
  for (std::uint32_t id = 2; id <= 100; ++id) guarded.simulation.add(id, always(kRefused), 1s);
  guarded.simulation.loop.run_for(1min);
  const int before = guarded.simulation.loop.starts[guarded.options.references[0].get()];
  guarded.simulation.loop.run_for(1min);
  const int asked = guarded.simulation.loop.starts[guarded.options.references[0].get()] - before;
  EXPECT_GE(asked, 110);
  EXPECT_LE(asked, 120) << "twice a second";
  for (std::uint32_t id = 1; id <= 100; ++id) EXPECT_EQ(guarded.simulation.states.at(ServerId{id}), State::down);
}

// Two references: one by its address, which answers all the time, and one by its name.
struct GuardedByBoth {
  explicit GuardedByBoth(bool with_name = true) : by_name(with_name) {
    simulation.add(1, [this] { return std::optional(site); });
    CoreServer& server = simulation.servers.at(ServerId{1});
    server.rules.confirm_failures = 1;
    simulation.update(1);
    simulation.loop.answer(options.references[0], always(kUp));
    if (with_name) simulation.loop.answer(options.references[1], [this] { return std::optional(named); });
    simulation.core.begin();
  }
  ProberCore::Options make_options() const {
    ProberCore::Options made = Simulation::default_options();
    made.references = {Simulation::make_check("tcp://192.0.2.1:443")};
    if (by_name) made.named_references = {Simulation::make_check("tcp://reference.example:443")};
    made.references.insert(made.references.end(), made.named_references.begin(), made.named_references.end());
    return made;
  }
  bool by_name;
  ProberCore::Options options = make_options();
  Simulation simulation{options};
  Answer site = kUp;
  Answer named = kUp;
};

constexpr Answer kNotFound{State::down, ErrorClass::dns, std::chrono::milliseconds{1}};

TEST(CoreGuard, SilentResolverIsNoticedBesideAReferenceByItsAddress) {
  GuardedByBoth guarded;
  guarded.simulation.loop.run_for(2min);
  guarded.site = guarded.named = kNotFound;
  guarded.simulation.loop.run_for(1h);
  EXPECT_EQ(count(guarded.simulation.results, State::down), 0U);
  EXPECT_EQ(guarded.simulation.results.back().error, ErrorClass::own_network);
  EXPECT_FALSE(guarded.simulation.last_stats.online);
  guarded.site = kRefused;
  guarded.simulation.loop.run_for(2min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down) << "the network is there";
  guarded.site = guarded.named = kUp;
  guarded.simulation.loop.run_for(2min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::up);
  EXPECT_TRUE(guarded.simulation.last_stats.online);
}

TEST(CoreGuard, NameThatIsNotFoundCountsWhenAReferenceByItsNameAnswers) {
  GuardedByBoth guarded;
  guarded.site = kNotFound;
  guarded.simulation.loop.run_for(2min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down);
  EXPECT_EQ(guarded.simulation.results.back().error, ErrorClass::dns);
}

TEST(CoreGuard, WithoutAReferenceByItsNameAnyOfThemJudgesNames) {
  GuardedByBoth guarded(false);
  guarded.site = kNotFound;
  guarded.simulation.loop.run_for(2min);
  EXPECT_EQ(guarded.simulation.states.at(ServerId{1}), State::down);
}

TEST(CoreGuard, OnlyAWordThatWasAskedForAfterTheFailureCounts) {
  prober::Guard guard(1, 500ms);
  EXPECT_EQ(guard.verdict(99s, 100s), std::nullopt);
  EXPECT_EQ(guard.next_round(true), prober::Micros{0}) << "at once";
  guard.begin_round(100s);
  EXPECT_TRUE(guard.answer(true, 101s));
  EXPECT_EQ(guard.verdict(99s, 100s), true);
  EXPECT_EQ(guard.verdict(99s, 100s + 1us), std::nullopt);
  EXPECT_EQ(guard.next_round(true), 100s + 500ms);
  EXPECT_EQ(guard.next_round(false), std::nullopt);
}

TEST(CoreGuard, FailureCountsOnceItsCheckBeganWithTheNetworkBack) {
  prober::Guard guard(1, 500ms);
  guard.begin_round(100s);
  EXPECT_TRUE(guard.answer(false, 105s));
  EXPECT_EQ(guard.verdict(90s, 100s), false);
  EXPECT_EQ(guard.next_round(false), 100s + 500ms) << "it is asked until it answers";
  guard.begin_round(110s);
  EXPECT_TRUE(guard.answer(true, 111s));
  EXPECT_EQ(guard.verdict(105s, 109s), false);
  guard.begin_round(120s);
  EXPECT_TRUE(guard.answer(true, 121s));
  EXPECT_EQ(guard.verdict(110s, 119s), false) << "it began before the network was known to be back";
  EXPECT_EQ(guard.verdict(111s, 119s), true);
}

TEST(CoreGuard, RoundEndsWithItsFirstAnswerOrItsLastSilence) {
  prober::Guard guard(3, 500ms);
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

}  // namespace
}  // namespace nines::prober_test
