// The confirmation rule, result by result; expected changes by hand.
#include "schedule/judge.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include "schedule/judges.h"

namespace nines::prober {
namespace {

constexpr Judge::Confirmation kTwoOne{2, 1};

State state_of(char letter) {
  switch (letter) {
    case 'u':
      return State::up;
    case 'g':
      return State::degraded;
    case 'd':
      return State::down;
    default:
      return State::unknown;
  }
}

TimeMs at(std::size_t second) {
  return from_ms(static_cast<std::int64_t>(second) * 1000);
}
constexpr std::chrono::milliseconds kHolds{1'500};

/// Feeds one result a second; the shown states after each, as letters.
std::string shown(std::string_view results, Judge::Confirmation rule, Judge& judge) {
  std::string states;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i] == '_') {  // the result of this second did not come, and the last one does not hold as long
      states += '_';
      continue;
    }
    judge.apply({at(i), state_of(results[i]), kHolds}, rule);
    const std::string_view letters = "?ugd";
    states += letters[static_cast<std::size_t>(judge.shown())];
  }
  return states;
}
std::string shown(std::string_view results, Judge::Confirmation rule) {
  Judge judge;
  return shown(results, rule, judge);
}

TEST(Judge, OutageNeedsItsFailuresInARow) {
  EXPECT_EQ(shown("ududduu", kTwoOne), "uuuuduu");
  EXPECT_EQ(shown("udd", {1, 1}), "udd");
  EXPECT_EQ(shown("uddudddd", {3, 1}), "uuuuuudd");
}

TEST(Judge, RecoveryNeedsItsSuccessesInARow) {
  EXPECT_EQ(shown("dduduu", {2, 2}), "?ddddu");
  EXPECT_EQ(shown("ddg", kTwoOne), "?dg");
}

TEST(Judge, DegradedIsASuccessAndNeedsNoConfirmation) {
  EXPECT_EQ(shown("ugdgu", kTwoOne), "ugggu");
}

TEST(Judge, RowOfFailuresEndsWhereNothingHeld) {
  EXPECT_EQ(shown("ud_dd", kTwoOne), "uu_?d") << "a failure before a gap and one after it are two rows";
  EXPECT_EQ(shown("ud?dd", kTwoOne), "uu??d") << "so are those on both sides of an unknown result";
  EXPECT_EQ(shown("udd", kTwoOne), "uud") << "a result that comes while the last one holds goes on with its row";
}

TEST(Judge, OutageStaysOpenThroughUnknownTime) {
  EXPECT_EQ(shown("dd?d?_u", kTwoOne), "?d?d?_u");
  EXPECT_EQ(shown("ddu?u", {2, 2}), "?dd?u") << "a row of successes goes on";
}

TEST(Judge, ResultHoldsUpToItsLastMoment) {
  Judge judge;
  judge.apply({from_ms(0), State::down, kHolds}, kTwoOne);
  EXPECT_TRUE(judge.apply({from_ms(1'500), State::down, kHolds}, kTwoOne));
  Judge late;
  late.apply({from_ms(0), State::down, kHolds}, kTwoOne);
  EXPECT_FALSE(late.apply({from_ms(1'501), State::down, kHolds}, kTwoOne));
}

TEST(Judge, SinceIsNotBeforeTheUnknownTimeUnlessItIsAnOutage) {
  Judge judge;
  shown("uuu?", kTwoOne, judge);
  const auto change = judge.apply({at(10), State::up, kHolds}, kTwoOne);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->since, at(10));
  judge.apply({at(20), State::degraded, kHolds}, kTwoOne);
  EXPECT_EQ(judge.since(), at(20));
}

TEST(Judge, FailureBehindUnknownTimeDoesNotSayThatItIsUp) {
  EXPECT_EQ(shown("uuu_du", kTwoOne), "uuu_?u");
  EXPECT_EQ(shown("g?ddd", {3, 1}), "g???d");
  EXPECT_EQ(shown("gdud_ud", kTwoOne), "gguu_uu") << "once it was seen to be well a failure confirms nothing";
  Judge judge;
  shown("uuu_d", kTwoOne, judge);
  const auto change = judge.apply({at(5), State::up, kHolds}, kTwoOne);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from, State::unknown);
  EXPECT_EQ(change->since, at(5));
}

TEST(Judge, ChangesAreBackdatedToTheFirstOfTheirRow) {
  Judge judge;
  EXPECT_FALSE(judge.apply({at(1), State::unknown, kHolds}, kTwoOne));
  judge.apply({at(2), State::up, kHolds}, kTwoOne);
  EXPECT_FALSE(judge.apply({at(3), State::down, kHolds}, kTwoOne));
  EXPECT_TRUE(judge.pending());
  const auto change = judge.apply({at(4), State::down, kHolds}, kTwoOne);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from, State::up);
  EXPECT_EQ(change->to, State::down);
  EXPECT_EQ(change->since, from_ms(3000));
  EXPECT_FALSE(judge.pending());
}

TEST(Judge, OutageThatGoesOnAfterUnknownIsTheSameOutage) {
  Judge judge;
  shown("udd?", kTwoOne, judge);
  const auto change = judge.apply({at(9), State::down, kHolds}, kTwoOne);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->since, from_ms(1000));
}

// Where the topic `degraded` begins; one result a second, two confirm.
std::string degraded_from(std::string_view results) {
  Rules rules;
  rules.interval = std::chrono::seconds{1};
  rules.timeout = std::chrono::milliseconds{500};
  rules.confirm_failures = 2;
  rules.confirm_successes = 1;
  Judges judges;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i] == '_') continue;
    CheckResult result;
    result.time = at(i);
    result.state = state_of(results[i]);
    if (result.state == State::down) result.error = ErrorClass::timeout;
    judges.apply(result, rules);
  }
  const Judges::TopicChange topic = judges.topic(AlertTopic::degraded);
  return topic.lasts ? std::to_string(to_ms(topic.since) / 1000) : "none";
}

TEST(Judges, FailuresBetweenSlowAnswersHideThemNot) {
  EXPECT_EQ(degraded_from("ugg"), "1");
  EXPECT_EQ(degraded_from("ugdg"), "1") << "a server that is slow and failing in turn is never well";
  EXPECT_EQ(degraded_from("ugddg"), "1");
  EXPECT_EQ(degraded_from("ug__dg"), "1");
  EXPECT_EQ(degraded_from("ug___dg"), "none") << "nothing held for a while";
  EXPECT_EQ(degraded_from("ug?g"), "none");
  EXPECT_EQ(degraded_from("udgd"), "none");
  EXPECT_EQ(degraded_from("ugdu"), "none");
  EXPECT_EQ(degraded_from("uggdu"), "none") << "it was, and is over";
  EXPECT_EQ(degraded_from("uggdd"), "1");
}

}  // namespace
}  // namespace nines::prober
