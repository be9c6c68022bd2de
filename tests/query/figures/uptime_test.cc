// Ratios, counts and the figures of a window.
#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::DoubleEq;
using ::testing::Optional;

class Uptime : public History {
 protected:
  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(Uptime, RatioIsUpAndDegradedOverKnownTime) {
  checks(start_, "uugdduuuuu");
  const Figures f = figures(start_, start_ + minutes{10});
  EXPECT_EQ(f.time[State::up], 7 * kMinute);
  EXPECT_EQ(f.time[State::degraded], kMinute);
  EXPECT_EQ(f.time[State::down], 2 * kMinute);
  EXPECT_THAT(f.uptime_ratio, Optional(DoubleEq(0.8)));
  EXPECT_THAT(f.coverage_ratio, Optional(DoubleEq(1.0)));
  EXPECT_THAT(f.check_success_ratio, Optional(DoubleEq(0.8)));
}

TEST_F(Uptime, UnknownTimeLeavesBothSidesAndLowersCoverage) {
  checks(start_, "uu........dd........");  // 60 + 160 s up, 60 + 160 s down, of 1200 s
  const Figures f = figures(start_, start_ + minutes{20});
  EXPECT_EQ(f.time[State::unknown], 1200 * kSecond - 440 * kSecond);
  EXPECT_THAT(f.uptime_ratio, Optional(DoubleEq(0.5)));
  EXPECT_THAT(f.coverage_ratio, Optional(DoubleEq(440.0 / 1200.0)));
}

TEST_F(Uptime, UnknownMayCountAsDownOrUp) {
  checks(start_, "uu........");
  policy_.unknown = UnknownPolicy::as_down;
  EXPECT_THAT(figures(start_, start_ + minutes{10}).uptime_ratio, Optional(DoubleEq(220.0 / 600.0)));
  policy_.unknown = UnknownPolicy::as_up;
  EXPECT_THAT(figures(start_, start_ + minutes{10}).uptime_ratio, Optional(DoubleEq(1.0)));
}

TEST_F(Uptime, NoKnownTimeIsARatioOnlyWhereUnknownCounts) {
  policy_.unknown = UnknownPolicy::as_down;
  EXPECT_EQ(figures(start_, start_ + hours{1}).uptime_ratio, 0.0);
  policy_.unknown = UnknownPolicy::as_up;
  EXPECT_EQ(figures(start_, start_ + hours{1}).uptime_ratio, 1.0);
}

TEST_F(Uptime, NoKnownTimeIsNoValue) {
  const Figures f = figures(start_, start_ + hours{1});
  EXPECT_EQ(f.uptime_ratio, std::nullopt);
  EXPECT_THAT(f.coverage_ratio, Optional(DoubleEq(0.0)));
  EXPECT_EQ(f.check_success_ratio, std::nullopt);
  EXPECT_EQ(f.latency, std::nullopt);
  EXPECT_EQ(f.mtbf_ms, std::nullopt);
  EXPECT_EQ(f.last, std::nullopt);
}

TEST_F(Uptime, StreakOfAServerThatWasNeverCheckedIsItsLife) {
  EXPECT_EQ(figures(start_, start_ + hours{1}).current, (Streak{State::unknown, server_.created_at}));
}

TEST_F(Uptime, StreakOfMonthsIsReadFromSummaries) {
  change([](Server& server) { server.rules[0].interval = hours{1}; });
  const TimeMs begin = start_ - std::chrono::days{100};
  for (int i = 0; i < 100 * 24; ++i) {
    CheckResult result;
    result.server = server_.id;
    result.time = begin + hours{i};
    result.state = i < 3 ? State::degraded : State::up;
    put(result);
  }
  now_ = start_;
  const auto answer = uptime(store_, server_.id, query(now_ - hours{24}, now_));
  EXPECT_EQ(answer->figures.current, (Streak{State::up, begin + hours{3}}));
  EXPECT_GT(answer->explain.cost.summaries, 98U);
  EXPECT_LT(answer->explain.cost.results, 24U * 4);
  const auto clipped = uptime(store_, server_.id, query(now_ - hours{24}, now_), {.since = false});
  EXPECT_EQ(clipped->figures.current, (Streak{State::up, now_ - hours{24}}));
  EXPECT_EQ(clipped->explain.cost.range_scans, 1U);
}

TEST_F(Uptime, EmptyWindowHasNoFigures) {
  checks(start_, "uuu");
  const Figures f = figures(start_ + minutes{1}, start_ + minutes{1});
  EXPECT_EQ(f.uptime_ratio, std::nullopt);
  EXPECT_EQ(f.coverage_ratio, std::nullopt);
  EXPECT_EQ(f.current, std::nullopt);
  EXPECT_EQ(f.counts.checks, 0U);
}

TEST_F(Uptime, DegradedTimeMayWeighLess) {
  checks(start_, "uugg");
  policy_.degraded_weight = 0.5;
  EXPECT_THAT(figures(start_, start_ + minutes{4}).uptime_ratio, Optional(DoubleEq(0.75)));
}

TEST_F(Uptime, BlipsAreFailuresThatNothingConfirms) {
  checks(start_, "uduuddduudu");
  const Figures f = figures(start_, start_ + minutes{11});
  EXPECT_EQ(f.counts.checks, 11U);
  EXPECT_EQ(f.counts.failed, 5U);
  EXPECT_EQ(f.counts.blips, 2U);
  EXPECT_EQ(f.counts.successful, 6U);
  EXPECT_EQ(f.time[State::down], 3 * kMinute);
}

TEST_F(Uptime, FailureBeforeAnySuccessIsNotUptime) {
  checks(start_, "d");
  const Figures undecided = figures(start_, start_ + minutes{1});
  EXPECT_EQ(undecided.time[State::unknown], kMinute);
  EXPECT_EQ(undecided.uptime_ratio, std::nullopt);
  EXPECT_EQ(undecided.counts.failed, 1U);

  checks(start_ + minutes{1}, "uu");
  const Figures refuted = figures(start_, start_ + minutes{3});
  EXPECT_EQ(refuted.time[State::unknown], kMinute);
  EXPECT_EQ(refuted.time[State::up], 2 * kMinute);
}

TEST_F(Uptime, FailuresBeforeAnySuccessAreAnOutageOnceConfirmed) {
  checks(start_, "dd");
  const Figures f = figures(start_, start_ + minutes{2});
  EXPECT_EQ(f.time[State::down], 2 * kMinute);
  EXPECT_THAT(f.uptime_ratio, Optional(DoubleEq(0.0)));
}

TEST_F(Uptime, UnknownChecksAreNeitherSuccessfulNorFailed) {
  checks(start_, "unnd");
  const Figures f = figures(start_, start_ + minutes{4});
  EXPECT_EQ(f.counts.checks, 4U);
  EXPECT_EQ(f.counts.successful, 1U);
  EXPECT_EQ(f.counts.failed, 1U);
  EXPECT_THAT(f.check_success_ratio, Optional(DoubleEq(0.5)));
}

TEST_F(Uptime, CheckAtTheWindowsEndIsOutsideOfIt) {
  checks(start_, "uuuu");
  EXPECT_EQ(figures(start_ + minutes{1}, start_ + minutes{3}).counts.checks, 2U);
}

TEST_F(Uptime, MaintenanceLeavesBothSidesUnlessAskedOtherwise) {
  change([&](Server& server) {
    Maintenance planned;
    planned.once = {start_ + minutes{2}, start_ + minutes{6}};
    server.maintenance.push_back(planned);
  });
  checks(start_, "uudddduudd");
  const Figures excluded = figures(start_, start_ + minutes{10});
  EXPECT_EQ(excluded.time[State::maintenance], 4 * kMinute);
  EXPECT_THAT(excluded.uptime_ratio, Optional(DoubleEq(4.0 / 6)));
  EXPECT_THAT(excluded.coverage_ratio, Optional(DoubleEq(1.0))) << "planned time is not missing";
  EXPECT_EQ(excluded.counts.checks, 10U);
  EXPECT_EQ(excluded.counts.failed, 2U);
  EXPECT_EQ(excluded.counts.successful, 4U);
  EXPECT_EQ(excluded.incidents.size(), 1U);

  policy_.maintenance = MaintenancePolicy::as_up;
  EXPECT_THAT(figures(start_, start_ + minutes{10}).uptime_ratio, Optional(DoubleEq(0.8)));

  policy_.maintenance = MaintenancePolicy::as_measured;
  const Figures measured = figures(start_, start_ + minutes{10});
  EXPECT_EQ(measured.time[State::maintenance], 0);
  EXPECT_THAT(measured.uptime_ratio, Optional(DoubleEq(0.4)));
  EXPECT_EQ(measured.counts.failed, 6U);
  EXPECT_EQ(measured.incidents.size(), 2U);
}

TEST_F(Uptime, CorrectionSaysWhatTheTimeReallyWas) {
  checks(start_, "uudddduuuu");
  EXPECT_THAT(figures(start_, start_ + minutes{10}).uptime_ratio, Optional(DoubleEq(0.6)));
  change([&](Server& server) {
    server.corrections.push_back({{start_ + minutes{2}, start_ + minutes{6}}, State::unknown, "our own network"});
  });
  const Figures corrected = figures(start_, start_ + minutes{10});
  EXPECT_THAT(corrected.uptime_ratio, Optional(DoubleEq(1.0)));
  EXPECT_EQ(corrected.time[State::unknown], 4 * kMinute);
  EXPECT_EQ(corrected.counts.failed, 0U);
  EXPECT_TRUE(corrected.incidents.empty());
}

TEST_F(Uptime, LastIsTheNewestCheckBeforeTheEnd) {
  checks(start_, "uugd");
  const Figures f = figures(start_, start_ + minutes{3});
  ASSERT_TRUE(f.last.has_value());
  EXPECT_EQ(*f.last, (LastCheck{State::degraded, start_ + minutes{2}, 900'000, 0, ErrorClass::slow}));
}

TEST_F(Uptime, LastMayLieBeforeAWindowThatEndsNow) {
  checks(start_, "uu");
  now_ = start_ + hours{5};
  EXPECT_EQ(figures(start_ + hours{4}, now_).last->time, start_ + minutes{1});
  EXPECT_EQ(figures(start_ + hours{3}, start_ + hours{4}).last, std::nullopt);
  EXPECT_EQ(figures(start_ + minutes{2}, start_ + hours{4}).last->time, start_ + minutes{1}) << "it still holds there";
}

TEST_F(Uptime, StreakIsTheLastStretchOfOneStateFromItsTrueStart) {
  checks(start_, "uudduuu");
  now_ = start_ + minutes{7};
  EXPECT_EQ(figures(start_, now_).current, (Streak{State::up, start_ + minutes{4}}));
  EXPECT_EQ(figures(start_ + minutes{5}, now_).current, (Streak{State::up, start_ + minutes{4}}));
}

TEST_F(Uptime, StatusTakesOneRangeScan) {
  checks(start_, "uuuuuduuuu");
  const auto answer = uptime(store_, server_.id, query(start_ + minutes{2}, start_ + minutes{9}), {.since = false});
  EXPECT_EQ(answer->explain.cost.range_scans, 1U);
}

TEST_F(Uptime, BoundsSayWhatUnknownTimeCouldHaveBeen) {
  checks(start_, "uuuudd..........");  // 240 s up, 60 + 160 s down, 500 s unknown, of 960 s
  const Figures f = figures(start_, start_ + minutes{16});
  EXPECT_THAT(f.uptime_ratio, Optional(DoubleEq(240.0 / 460)));
  EXPECT_THAT(f.uptime_lower, Optional(DoubleEq(240.0 / 960)));
  EXPECT_THAT(f.uptime_upper, Optional(DoubleEq(740.0 / 960)));
  EXPECT_EQ(f.resolution_ms, kMinute);
  const Figures nothing = figures(start_ - hours{2}, start_ - hours{1});
  EXPECT_EQ(nothing.uptime_lower, 0.0);
  EXPECT_EQ(nothing.uptime_upper, 1.0);
  EXPECT_EQ(nothing.resolution_ms, std::nullopt);
}

TEST_F(Uptime, UnconfirmedCountsEveryFailureForAsLongAsItHeld) {
  checks(start_, "uuduudduuu");
  EXPECT_THAT(figures(start_, start_ + minutes{10}).uptime_ratio, Optional(DoubleEq(0.8)));
  EXPECT_THAT(figures(start_, start_ + minutes{10}).uptime_unconfirmed, Optional(DoubleEq(0.7)));
  // Half of the blip's minute lies under a correction, which stays what it is.
  change([&](Server& server) {
    server.corrections.push_back({{start_ + seconds{150}, start_ + seconds{210}}, State::maintenance, ""});
  });
  EXPECT_THAT(figures(start_, start_ + minutes{10}).uptime_unconfirmed, Optional(DoubleEq(390.0 / 540)));
}

TEST_F(Uptime, MaintenanceBehindTheWindowPlansNothingInIt) {
  const TimeMs start = at("2026-07-14T10:00:00Z");
  change([&](Server& server) {
    Maintenance planned;
    planned.once = {start + minutes{6}, start + minutes{9}};
    server.maintenance = {planned};
  });
  checks(start, "uuddddddddddu");
  EXPECT_EQ(figures(start, start + minutes{5}).planned_down_ms, 0);
  EXPECT_EQ(figures(start + minutes{10}, start + minutes{11}).planned_down_ms, 0);
  EXPECT_EQ(figures(start, start + minutes{12}).planned_down_ms, 3 * kMinute);
}

TEST_F(Uptime, PlannedDownTimeStandsBesideTheRest) {
  change([&](Server& server) {
    Maintenance planned;
    planned.once = {start_ + minutes{4}, start_ + minutes{7}};
    server.maintenance.push_back(planned);
  });
  checks(start_, "uudddduudd");
  const Figures f = figures(start_, start_ + minutes{10});
  EXPECT_EQ(f.time[State::down], 4 * kMinute) << "minutes 2, 3, 8 and 9";
  EXPECT_EQ(f.planned_down_ms, 2 * kMinute) << "minutes 4 and 5 of the planned three";
}

TEST_F(Uptime, PlacesHaveTheirOwnFigures) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  checks(start_, "uuuuuu", LocationId{1});
  checks(start_, "uddduu", LocationId{4});
  const auto answer = uptime(store_, server_.id, query(start_, start_ + minutes{6}), {.places = true});
  const std::vector<PlaceFigures> expected = {{LocationId{1}, 6, 0, 0}, {LocationId{4}, 6, 3, 3 * kMinute}};
  EXPECT_EQ(answer->figures.places, expected);
  EXPECT_EQ(answer->figures.time[State::down], 0) << "half of the places is no majority";
  EXPECT_TRUE(figures(start_, start_ + minutes{6}).places.empty());
}

TEST(FormatPercent, RoundsDown) {
  EXPECT_EQ(format_percent(0.99999, 2), "99.99");
  EXPECT_EQ(format_percent(0.9999, 2), "99.99");
  EXPECT_EQ(format_percent(0.999, 1), "99.9");
  EXPECT_EQ(format_percent(0.5, 0), "50");
  EXPECT_EQ(format_percent(0.99931, 3), "99.931");
  EXPECT_EQ(format_percent(0.995, 1), "99.5");
  EXPECT_EQ(format_percent(1.0 - 1.0 / 3, 4), "66.6666");
}

TEST(FormatPercent, HundredIsForNoDowntimeOnly) {
  EXPECT_EQ(format_percent(1.0, 2), "100.00");
  EXPECT_EQ(format_percent(std::nextafter(1.0, 0.0), 2), "99.99");
  EXPECT_EQ(format_percent(std::nextafter(1.0, 0.0), 0), "99");
}

TEST(FormatPercent, ZeroIsForNoUptimeOnly) {
  EXPECT_EQ(format_percent(0.0, 2), "0.00");
  EXPECT_EQ(format_percent(1e-12, 2), "0.01");
  EXPECT_EQ(format_percent(1e-12, 0), "1");
}

TEST(FormatPercent, EveryWholeFractionShowsItself) {
  for (int i = 0; i <= 100'000; ++i) {
    const std::string digits = std::to_string(100'000 + i);
    const std::string expected = i == 100'000 ? "100.000" : std::to_string(i / 1000) + "." + digits.substr(3);
    ASSERT_EQ(format_percent(i / 100'000.0, 3), expected);
  }
}

}  // namespace
}  // namespace nines::test
