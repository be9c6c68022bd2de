// Groups: each rule by hand.
#include <nines/group.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace nines::test {
namespace {

using ::testing::DoubleEq;
using ::testing::Optional;

// One letter a second: u, g, d, ? (unknown), m, p; a space is no span at all.
std::vector<Span> spans(std::string_view letters) {
  constexpr std::string_view kLetters = "?ugdmp";
  std::vector<Span> spans;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (letters[i] == ' ') continue;
    const auto from = static_cast<std::int64_t>(i) * 1000;
    spans.push_back({from, from + 1000, static_cast<State>(kLetters.find(letters[i]))});
  }
  return spans;
}

std::string combined(const std::vector<std::string>& members, GroupRule rule, std::uint32_t quorum = 1) {
  std::vector<std::vector<Span>> all;
  for (const std::string& member : members) all.push_back(spans(member));
  const auto length = static_cast<std::int64_t>(members.front().size()) * 1000;
  std::string text;
  for (const Span& span : combine_timelines(all, {from_ms(0), from_ms(length)}, rule, quorum)) {
    text.append(static_cast<std::size_t>(span.length_ms() / 1000), "?ugdmp"[static_cast<std::size_t>(span.state)]);
  }
  return text;
}

GroupFigures figures(const std::vector<std::string>& members, const GroupOptions& options) {
  std::vector<std::vector<Span>> all;
  for (const std::string& member : members) all.push_back(spans(member));
  const auto length = static_cast<std::int64_t>(members.front().size()) * 1000;
  return combine_group(all, {from_ms(0), from_ms(length)}, {}, options);
}

TEST(Group, AllUpNeedsEveryMember) {
  EXPECT_EQ(combined({"uuuuu",  //
                      "ugd?m"},
                     GroupRule::all_up),
            "ugd?u");
}

TEST(Group, DownIsCertainWhateverTheUnknownMembersAre) {
  EXPECT_EQ(combined({"d", "?"}, GroupRule::all_up), "d");
  EXPECT_EQ(combined({"d", "?"}, GroupRule::quorum, 1), "?");
  EXPECT_EQ(combined({"d", "?", "u"}, GroupRule::quorum, 1), "u");
}

TEST(Group, QuorumNeedsThatManyUp) {
  EXPECT_EQ(combined({"uuuud",  //
                      "uuudd",  //
                      "ugddd"},
                     GroupRule::quorum, 2),
            "uuudd");
  EXPECT_EQ(combined({"ug", "gg", "dd"}, GroupRule::quorum, 2), "gg");
}

TEST(Group, MembersInMaintenanceDoNotTakePart) {
  EXPECT_EQ(combined({"mmm",  //
                      "udm"},
                     GroupRule::quorum, 2),
            "udm");
  EXPECT_EQ(combined({"pp", "mp"}, GroupRule::all_up), "mp");
}

TEST(Group, YoungerMembersTakeNoPartBeforeTheyBegin) {
  EXPECT_EQ(combined({"uuu", "  d"}, GroupRule::all_up), "uud");
  EXPECT_EQ(combined({" u", " u"}, GroupRule::all_up), "?u");
}

TEST(Group, WorstOfIsTheSmallestRatio) {
  const auto found = figures({"uuuu", "uudd", "????"}, {GroupRule::worst_of, 1, {}});
  EXPECT_THAT(found.uptime_ratio, Optional(DoubleEq(0.5)));
  EXPECT_THAT(found.coverage_ratio, Optional(DoubleEq(0)));
  EXPECT_EQ(found.state, State::down);
  EXPECT_EQ(found.members, 3U);
  EXPECT_EQ(found.time, std::nullopt);
}

TEST(Group, WeightedMeanWeighsRatiosThatExist) {
  EXPECT_THAT(figures({"uuuu", "uudd"}, {GroupRule::weighted_mean, 1, {}}).uptime_ratio, Optional(DoubleEq(0.75)));
  EXPECT_THAT(figures({"uuuu", "uudd", "????"}, {GroupRule::weighted_mean, 1, {3, 1, 9}}).uptime_ratio,
              Optional(DoubleEq(0.875)));
}

TEST(Group, RatioOfACombinedTimelineIsInTime) {
  const auto found = figures({"uuud", "uudu"}, {GroupRule::all_up, 1, {}});
  EXPECT_THAT(found.uptime_ratio, Optional(DoubleEq(0.5)));
  EXPECT_EQ(found.state, State::down);
  EXPECT_EQ((*found.time)[State::up], 2000);
}

TEST(Group, WithoutMembersOrDataThereIsNoRatio) {
  EXPECT_EQ(combine_group({}, {from_ms(0), from_ms(1000)}, {}, {}).uptime_ratio, std::nullopt);
  for (const GroupRule rule : {GroupRule::worst_of, GroupRule::all_up, GroupRule::quorum, GroupRule::weighted_mean}) {
    EXPECT_EQ(figures({"??", "mm"}, {rule, 1, {}}).uptime_ratio, std::nullopt);
  }
}

TEST(Group, RulesHaveNames) {
  for (const GroupRule rule : {GroupRule::worst_of, GroupRule::all_up, GroupRule::quorum, GroupRule::weighted_mean}) {
    EXPECT_EQ(parse_group_rule(to_string(rule)), rule);
  }
  EXPECT_EQ(parse_group_rule("best-of"), std::nullopt);
}

}  // namespace
}  // namespace nines::test
