// The prober's inner half while its own network is away: failures count only when a reference answers.
#include "schedule/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "prober/support/simulation.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::ProberCore;

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
  EXPECT_EQ(guard.verdict(100s), std::nullopt);
  guard.begin_round(100s);
  EXPECT_TRUE(guard.answer(true, 101s));
  EXPECT_EQ(guard.verdict(102s), true);
  EXPECT_EQ(guard.verdict(103s), std::nullopt);
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

}  // namespace
}  // namespace nines::prober_test
