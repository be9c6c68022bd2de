// The confirmation rule, result by result; expected changes by hand.
#include "schedule/judge.h"

#include <gtest/gtest.h>

#include <string_view>

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

/// Feeds one result a second; the shown states after each, as letters.
std::string shown(std::string_view results, Judge::Confirmation rule, Judge& judge) {
  std::string states;
  for (std::size_t i = 0; i < results.size(); ++i) {
    judge.apply(from_ms(static_cast<std::int64_t>(i) * 1000), state_of(results[i]), rule);
    const std::string_view letters = "?ugd";
    states += letters[static_cast<std::size_t>(judge.shown())];
  }
  return states;
}
std::string shown(std::string_view results, Judge::Confirmation rule) {
  Judge judge;
  return shown(results, rule, judge);
}

TEST(JudgeTest, OutageNeedsItsFailuresInARow) {
  EXPECT_EQ(shown("ududduu", kTwoOne), "uuuuduu");
  EXPECT_EQ(shown("udd", {1, 1}), "udd");
  EXPECT_EQ(shown("uddudddd", {3, 1}), "uuuuuudd");
}

TEST(JudgeTest, RecoveryNeedsItsSuccessesInARow) {
  EXPECT_EQ(shown("dduduu", {2, 2}), "?ddddu");
  EXPECT_EQ(shown("ddg", kTwoOne), "?dg");
}

TEST(JudgeTest, DegradedIsASuccessAndNeedsNoConfirmation) {
  EXPECT_EQ(shown("ugdgu", kTwoOne), "ugggu");
}

TEST(JudgeTest, UnknownNeitherConfirmsNorInterrupts) {
  EXPECT_EQ(shown("ud?d", kTwoOne), "uu?d");
  EXPECT_EQ(shown("dd?d?u", kTwoOne), "?d?d?u");
}

TEST(JudgeTest, ChangesAreBackdatedToTheFirstOfTheirRow) {
  Judge judge;
  EXPECT_FALSE(judge.apply(from_ms(1000), State::unknown, kTwoOne));
  judge.apply(from_ms(2000), State::up, kTwoOne);
  EXPECT_FALSE(judge.apply(from_ms(3000), State::down, kTwoOne));
  EXPECT_TRUE(judge.pending());
  const auto change = judge.apply(from_ms(4000), State::down, kTwoOne);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->from, State::up);
  EXPECT_EQ(change->to, State::down);
  EXPECT_EQ(change->since, from_ms(3000));
  EXPECT_FALSE(judge.pending());
}

TEST(JudgeTest, OutageThatGoesOnAfterUnknownIsTheSameOutage) {
  Judge judge;
  shown("udd?", kTwoOne, judge);
  const auto change = judge.apply(from_ms(9000), State::down, kTwoOne);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->since, from_ms(1000));
}

}  // namespace
}  // namespace nines::prober
