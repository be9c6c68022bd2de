// Holding forward, confirmation, locations: the timeline, rule by rule.
#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class Timelines : public History {
 protected:
  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(Timelines, ResultHoldsUntilTheNextOne) {
  checks(start_, "ugu");
  EXPECT_EQ(line(start_, start_ + minutes{3}), "u60 g60 u60");
}

TEST_F(Timelines, ResultHoldsNoLongerThanTwoAndAHalfIntervalsAndTheTimeout) {
  checks(start_, "u");
  EXPECT_EQ(line(start_, start_ + minutes{10}), "u160 ?440");
}

TEST_F(Timelines, StaleAfterOfTheRulesReplacesTheDefault) {
  change([](Server& server) { server.rules[0].stale_after = seconds{90}; });
  checks(start_, "u.u");
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u90 ?30 u90 ?30");
}

TEST_F(Timelines, OwnIntervalOfAResultCountsNotTheCatalogs) {
  checks(start_, "u");
  CheckResult slow = *store_.last_result(server_.id).value();
  slow.interval_ms = 300'000;
  put(slow);
  EXPECT_EQ(line(start_, start_ + minutes{20}), "u760 ?440");
}

TEST_F(Timelines, CatalogsIntervalCountsWhereTheResultHasNone) {
  change([](Server& server) { server.rules[0].interval = minutes{2}; });
  checks(start_, "u");
  CheckResult bare = *store_.last_result(server_.id).value();
  bare.interval_ms = 0;
  put(bare);
  EXPECT_EQ(line(start_, start_ + minutes{10}), "u310 ?290");
}

TEST_F(Timelines, NothingHoldsBeforeTheFirstResult) {
  checks(start_ + minutes{5}, "uu");
  EXPECT_EQ(line(start_, start_ + minutes{7}), "?300 u120");
}

TEST_F(Timelines, WindowBeginsInTheStateThatStillHolds) {
  checks(start_, "gu");
  EXPECT_EQ(line(start_ + seconds{30}, start_ + seconds{90}), "g30 u30");
}

TEST_F(Timelines, WindowBetweenTwoResultsSeesTheFirst) {
  checks(start_, "gu");
  EXPECT_EQ(line(start_ + seconds{10}, start_ + seconds{20}), "g10");
}

TEST_F(Timelines, WindowOfOneMillisecondHasAState) {
  checks(start_, "u");
  const auto answer = timeline(store_, server_.id, query(start_, start_ + std::chrono::milliseconds{1}));
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->spans, (std::vector<Span>{{to_ms(start_), to_ms(start_) + 1, State::up}}));
}

TEST_F(Timelines, EmptyWindowHasNoSpans) {
  EXPECT_EQ(line(start_, start_), "");
}

TEST_F(Timelines, WindowIsClippedToNow) {
  checks(start_, "uuu");
  now_ = start_ + seconds{100};
  EXPECT_EQ(line(start_, start_ + hours{1}), "u100");
}

TEST_F(Timelines, WindowIsClippedToTheServersCreation) {
  change([&](Server& server) { server.created_at = start_ + minutes{2}; });
  checks(start_ + minutes{3}, "uu");
  EXPECT_EQ(line(start_, start_ + minutes{5}), "?60 u120");
}

TEST_F(Timelines, ResultsBeforeTheCreationMoveItBack) {
  change([&](Server& server) { server.created_at = start_ + minutes{2}; });
  checks(start_ + minutes{1}, "uuuu");
  EXPECT_EQ(line(start_, start_ + minutes{5}), "u240");
}

TEST_F(Timelines, SingleFailureCostsNothing) {
  checks(start_, "uudu");
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u240");
}

TEST_F(Timelines, OutageIsBackdatedToItsFirstFailure) {
  checks(start_, "uudduu");
  EXPECT_EQ(line(start_, start_ + minutes{6}), "u120 d120 u120");
}

TEST_F(Timelines, RecoveryIsBackdatedToItsFirstSuccess) {
  change([](Server& server) { server.rules[0].confirm_successes = 2; });
  checks(start_, "udduduu");
  EXPECT_EQ(line(start_, start_ + minutes{7}), "u60 d240 u120");
}

TEST_F(Timelines, OneFailureIsAnOutageWhereOneConfirms) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "udu");
  EXPECT_EQ(line(start_, start_ + minutes{3}), "u60 d60 u60");
}

TEST_F(Timelines, DegradedEndsAnOutage) {
  checks(start_, "uddgu");
  EXPECT_EQ(line(start_, start_ + minutes{5}), "u60 d120 g60 u60");
}

TEST_F(Timelines, QuestionMayAskForAnotherConfirmation) {
  checks(start_, "udduu");
  policy_.confirm_failures = 3;
  EXPECT_EQ(line(start_, start_ + minutes{5}), "u300");
  policy_.confirm_failures = 1;
  policy_.confirm_successes = 3;
  EXPECT_EQ(line(start_, start_ + minutes{5}), "u60 d240");
}

TEST_F(Timelines, UnknownResultEndsARowOfFailuresThatConfirmsNothingYet) {
  checks(start_, "udndu");
  EXPECT_EQ(line(start_, start_ + minutes{5}), "u120 ?120 u60") << "a failure behind it says not that it is up";
}

TEST_F(Timelines, UnknownResultEndsNeitherAnOutageNorARowOfSuccesses) {
  change([](Server& server) { server.rules[0].confirm_successes = 2; });
  checks(start_, "uddnunuu");
  EXPECT_EQ(line(start_, start_ + minutes{8}), "u60 d120 ?60 u60 ?60 u120");
}

TEST_F(Timelines, GapEndsARowOfFailuresThatConfirmsNothingYet) {
  checks(start_, "ud......du");
  EXPECT_EQ(line(start_, start_ + minutes{10}), "u220 ?320 u60");
}

TEST_F(Timelines, FailuresThatAreAsFarApartAsTheyHoldAreOneRow) {
  checks(start_, "ud");
  check(start_ + minutes{1} + seconds{160}, 'd');
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u60 d180");
}

TEST_F(Timelines, SuccessesBeforeAndAfterAGapAreOneRow) {
  change([](Server& server) { server.rules[0].confirm_successes = 2; });
  checks(start_, "uddu......u");
  EXPECT_EQ(line(start_, start_ + minutes{11}), "u60 d120 u160 ?260 u60");
}

TEST_F(Timelines, OutageGoesOnAfterAGap) {
  checks(start_, "udd.....du");
  EXPECT_EQ(line(start_, start_ + minutes{10}), "u60 d220 ?200 d60 u60");
}

TEST_F(Timelines, FailureAtTheWindowsEndIsConfirmedByWhatFollows) {
  checks(start_, "uudd");
  EXPECT_EQ(line(start_, start_ + minutes{3}), "u120 d60");
}

TEST_F(Timelines, FailureAtTheWindowsEndIsNotConfirmedAcrossAGap) {
  checks(start_, "uud");
  checks(start_ + hours{100}, "d");
  EXPECT_EQ(line(start_, start_ + minutes{3}), "u180");
}

TEST_F(Timelines, RecoveryAtTheWindowsEndIsConfirmedAcrossALongGap) {
  change([](Server& server) { server.rules[0].confirm_successes = 2; });
  checks(start_, "uddu");
  checks(start_ + hours{100}, "u");
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u60 d120 u60");
}

TEST_F(Timelines, FailureIsNotConfirmedByWhatLiesAfterNow) {
  checks(start_, "uudd");
  now_ = start_ + minutes{3};
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u180");
}

TEST_F(Timelines, WindowInsideALongOutageIsDown) {
  checks(start_, "u");
  checks(start_ + minutes{1}, std::string(600, 'd'));
  EXPECT_EQ(line(start_ + hours{5}, start_ + hours{5} + minutes{10}), "d600");
}

TEST_F(Timelines, LoneFailureAfterAGapContinuesTheOutageBeforeIt) {
  checks(start_, "dd");
  checks(start_ + hours{60}, "du");
  EXPECT_EQ(line(start_ + hours{60}, start_ + hours{60} + minutes{2}), "d60 u60");
}

TEST_F(Timelines, BehindAPauseJudgingBeginsAnew) {
  change([&](Server& server) {
    server.rules[0].confirm_successes = 2;
    server.paused = {{start_ + minutes{2}, start_ + minutes{10}}};
  });
  checks(start_, "dd........udd");
  EXPECT_EQ(line(start_, start_ + minutes{13}), "d120 p480 u60 d120");
}

TEST_F(Timelines, FailuresOnBothSidesOfAPauseAreTwoRows) {
  change([&](Server& server) { server.paused = {{start_ + seconds{70}, start_ + seconds{100}}}; });
  checks(start_, "ud");
  check(start_ + seconds{101}, 'd');
  check(start_ + seconds{161}, 'u');
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u70 p30 ?61 u79");
}

TEST_F(Timelines, NothingHoldsBehindAPause) {
  change([&](Server& server) { server.paused = {{start_ + seconds{5}, start_ + seconds{10}}}; });
  checks(start_, "du");
  EXPECT_EQ(line(start_, start_ + minutes{2}), "?5 p5 ?50 u60");
}

TEST_F(Timelines, WhatIsStoredInAPauseSaysNothingBehindIt) {
  change([&](Server& server) { server.paused = {{start_ + minutes{1}, start_ + minutes{3}}}; });
  checks(start_, "udddu");
  EXPECT_EQ(line(start_, start_ + minutes{5}), "u60 p120 ?60 u60");
}

TEST_F(Timelines, PauseUnderACorrectionBeginsAnewToo) {
  change([&](Server& server) {
    server.paused = {{start_ + minutes{2}, start_ + minutes{3}}};
    server.corrections = {{{start_ + minutes{1}, start_ + minutes{4}}, State::up, "planned"}};
  });
  checks(start_, "dd..du");
  EXPECT_EQ(line(start_, start_ + minutes{6}), "d60 u180 ?60 u60");
}

TEST_F(Timelines, WindowBehindAPauseSeesNothingOfWhatWasBefore) {
  checks(start_, std::string(600, 'd'));
  change([&](Server& server) { server.paused = {{start_ + minutes{100}, start_ + minutes{300}}}; });
  EXPECT_EQ(line(start_ + minutes{300}, start_ + minutes{301}), "d60");
  EXPECT_EQ(figures(start_ + minutes{599}, start_ + minutes{600}).current,
            (Streak{State::down, start_ + minutes{300}}));
}

TEST_F(Timelines, RuleChangeHoldsFromItsTimeOn) {
  change([&](Server& server) {
    Rules strict = server.rules[0];
    strict.effective_from = start_ + minutes{4};
    strict.confirm_failures = 1;
    server.rules.push_back(strict);
  });
  checks(start_, "uduuudu");
  EXPECT_EQ(line(start_, start_ + minutes{7}), "u300 d60 u60");
}

TEST_F(Timelines, MajorityOfLocationsMakesTheServerDown) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "uuuuu", LocationId{1});
  checks(start_, "udddu", LocationId{2});
  checks(start_, "uuduu", LocationId{3});
  EXPECT_EQ(line(start_, start_ + minutes{5}), "u120 d60 u120");
}

TEST_F(Timelines, HalfOfTheLocationsIsNoMajority) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "uudu", LocationId{1});
  checks(start_, "uuuu", LocationId{2});
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u240");
}

TEST_F(Timelines, OnlyLocationsThatAreKnownVote) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "uuuuuuuu", LocationId{1});
  checks(start_, "uddddddd", LocationId{2});
  checks(start_, "ud......", LocationId{3});  // its failure holds 160 s
  EXPECT_EQ(line(start_, start_ + minutes{8}), "u60 d160 u260");
}

TEST_F(Timelines, QuorumOfTheRulesReplacesTheMajority) {
  change([](Server& server) {
    server.rules[0].confirm_failures = 1;
    server.rules[0].quorum = 1;
  });
  checks(start_, "uuu", LocationId{1});
  checks(start_, "udu", LocationId{2});
  checks(start_, "uuu", LocationId{3});
  EXPECT_EQ(line(start_, start_ + minutes{3}), "u60 d60 u60");
}

TEST_F(Timelines, FewerWitnessesThanTheQuorumCannotSayDown) {
  change([](Server& server) {
    server.rules[0].confirm_failures = 1;
    server.rules[0].quorum = 2;
  });
  checks(start_, "udu", LocationId{1});
  EXPECT_EQ(line(start_, start_ + minutes{3}), "u60 ?60 u60");
}

TEST_F(Timelines, MajorityThatIsDegradedOrDownMakesTheServerDegraded) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "ugu", LocationId{1});
  checks(start_, "udu", LocationId{2});
  checks(start_, "uuu", LocationId{3});
  EXPECT_EQ(line(start_, start_ + minutes{3}), "u60 g60 u60");
}

TEST_F(Timelines, RepeatedResultIsReplacedAndLateOnesFallIntoPlace) {
  checks(start_, "uuuu");
  check(start_ + minutes{2}, 'g');
  check(start_ + seconds{30}, 'g');
  EXPECT_EQ(line(start_, start_ + minutes{4}), "u30 g30 u60 g60 u60");
}

TEST_F(Timelines, UnknownServerIsNotFound) {
  const auto answer = timeline(store_, ServerId{99}, query(start_, start_ + minutes{1}));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, ErrorCode::not_found);
}

TEST_F(Timelines, PolicyOutOfItsBoundsIsRefused) {
  policy_.confirm_failures = 0;
  EXPECT_EQ(timeline(store_, server_.id, query(start_, now_)).error().code, ErrorCode::invalid_argument);
  policy_ = {};
  policy_.degraded_weight = 1.5;
  EXPECT_EQ(timeline(store_, server_.id, query(start_, now_)).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace nines::test
