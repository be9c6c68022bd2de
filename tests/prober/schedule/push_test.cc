// Push jobs: deadlines, reports, cron. Cron's expected times are by hand, in UTC.
#include <nines/push.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time_text.h"
#include "schedule/push_job.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::PushJob;
using prober::PushRhythm;
using testing::ElementsAre;
using testing::HasSubstr;

TimeMs at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  const std::chrono::sys_days date = std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day);
  return TimeMs{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

/// A description that differs from the usual one in what `change` sets.
template <class Change>
PushSpec push_spec(Change change) {
  PushSpec spec;
  change(spec);
  return spec;
}

/// The next time as text, which reads better in a failure.
std::string next(const std::string& expression, TimeMs time, const std::string& zone = "UTC") {
  const auto cron = JobSchedule::parse_cron(expression, zone);
  if (!cron) return cron.error().message;
  const auto found = cron->next(time);
  return found ? engine::utc_text(*found) : "never";
}

TEST(Cron, EveryFieldRestricts) {
  const TimeMs time = at(2026, 7, 15, 10, 30);  // a Wednesday
  EXPECT_EQ(next("* * * * *", time), "2026-07-15T10:31:00.000Z");
  EXPECT_EQ(next("5 * * * *", time), "2026-07-15T11:05:00.000Z");
  EXPECT_EQ(next("0 3 * * *", time), "2026-07-16T03:00:00.000Z");
  EXPECT_EQ(next("0 0 1 * *", time), "2026-08-01T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * 2 *", time), "2027-02-01T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * 0", time), "2026-07-19T00:00:00.000Z");
  EXPECT_EQ(next("0 0 29 2 *", time), "2028-02-29T00:00:00.000Z");
}

TEST(Cron, TakesListsRangesStepsNamesAndShorthands) {
  const TimeMs time = at(2026, 7, 15, 10, 30);
  EXPECT_EQ(next("*/20 * * * *", time), "2026-07-15T10:40:00.000Z");
  EXPECT_EQ(next("10-50/20 * * * *", time), "2026-07-15T10:50:00.000Z");
  EXPECT_EQ(next("50/5 * * * *", time), "2026-07-15T10:50:00.000Z");
  EXPECT_EQ(next("0 9,17 * * MON-FRI", time), "2026-07-15T17:00:00.000Z");
  EXPECT_EQ(next("0 9 * jan sun", time), "2027-01-03T09:00:00.000Z");
  EXPECT_EQ(next("0 0 * * 7", time), next("0 0 * * 0", time));
  EXPECT_EQ(next("@hourly", time), "2026-07-15T11:00:00.000Z");
  EXPECT_EQ(next("@daily", time), "2026-07-16T00:00:00.000Z");
  EXPECT_EQ(next("@weekly", time), "2026-07-19T00:00:00.000Z");
  EXPECT_EQ(next("@monthly", time), "2026-08-01T00:00:00.000Z");
  EXPECT_EQ(next("@yearly", time), "2027-01-01T00:00:00.000Z");
}

TEST(Cron, EitherDayWillDoWhenBothAreRestricted) {
  const TimeMs time = at(2026, 7, 15, 10, 30);
  EXPECT_EQ(next("0 0 17 * 0", time), "2026-07-17T00:00:00.000Z");
  EXPECT_EQ(next("0 0 25 * 0", time), "2026-07-19T00:00:00.000Z");
}

TEST(Cron, NextIsStrictlyLater) {
  EXPECT_EQ(next("0 3 * * *", at(2026, 7, 15, 3)), "2026-07-16T03:00:00.000Z");
  EXPECT_EQ(next("0 3 * * *", at(2026, 7, 15, 3) - 1ms), "2026-07-15T03:00:00.000Z");
}

TEST(Cron, SkippedLocalTimeFiresAtTheChange) {
  // Paris 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
  EXPECT_EQ(next("30 2 * * *", at(2026, 3, 28, 12), "Europe/Paris"), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(next("30 2 * * *", at(2026, 3, 29, 1), "Europe/Paris"), "2026-03-30T00:30:00.000Z");
}

TEST(Cron, RepeatedLocalTimeFiresTheFirstTime) {
  // Paris 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC. 02:30 is 00:30 and 01:30 UTC.
  EXPECT_EQ(next("30 2 * * *", at(2026, 10, 24, 12), "Europe/Paris"), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(next("30 2 * * *", at(2026, 10, 25, 0, 30), "Europe/Paris"), "2026-10-26T01:30:00.000Z");
}

/// All times in (from, to].
std::vector<std::string> times(const JobSchedule& schedule, TimeMs from, TimeMs to) {
  std::vector<std::string> found;
  for (auto time = schedule.next(from); time && *time <= to; time = schedule.next(*time)) {
    found.push_back(engine::utc_text(*time).substr(0, 16));
  }
  return found;
}
std::vector<std::string> times(const std::string& cron, TimeMs from, TimeMs to) {
  return times(JobSchedule::parse_cron(cron, "Europe/Paris").value(), from, to);
}

// Paris 2027-03-28: 02:00 becomes 03:00, at 01:00 UTC.
TEST(Cron, WildcardSchedulesFollowElapsedTimeWhenTheClockGoesForward) {
  const TimeMs from = at(2027, 3, 28, 0, 0);
  EXPECT_THAT(times("30 * * * *", from, from + 3h),
              ElementsAre("2027-03-28T00:30", "2027-03-28T01:30", "2027-03-28T02:30"))
      << "01:30 and 03:30 and 04:30 on the wall";
  EXPECT_THAT(times("15,45 * * * *", from, from + 90min),
              ElementsAre("2027-03-28T00:15", "2027-03-28T00:45", "2027-03-28T01:15"));
  EXPECT_THAT(times("5 */2 * * *", from, from + 4h), ElementsAre("2027-03-28T02:05"))
      << "02:05 does not come; 04:05 is 02:05 UTC";
}

// Paris 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC.
TEST(Cron, WildcardSchedulesFollowElapsedTimeWhenTheClockGoesBack) {
  const TimeMs from = at(2026, 10, 25, 0, 0);
  EXPECT_THAT(times("*/30 * * * *", from, from + 2h),
              ElementsAre("2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"));
  EXPECT_THAT(times("0 * * * *", from, from + 2h), ElementsAre("2026-10-25T01:00", "2026-10-25T02:00"));
}

TEST(Cron, FixedTimesRunOnceOverAChange) {
  EXPECT_THAT(times("15,45 2 * * *", at(2027, 3, 27, 12), at(2027, 3, 28, 12)), ElementsAre("2027-03-28T01:00"))
      << "both were skipped and run at the change";
  EXPECT_THAT(times("15,45 2 * * *", at(2026, 10, 24, 12), at(2026, 10, 25, 12)),
              ElementsAre("2026-10-25T00:15", "2026-10-25T00:45"));
  EXPECT_THAT(times("0 3 * * *", at(2026, 10, 24, 12), at(2026, 10, 25, 12)), ElementsAre("2026-10-25T02:00"));
  EXPECT_THAT(times("0 3 * * *", at(2027, 3, 27, 12), at(2027, 3, 28, 12)), ElementsAre("2027-03-28T01:00"));
}

TEST(Cron, SkippedDayIsNotMadeUpFor) {
  // Samoa left out 2011-12-30.
  const auto schedule = JobSchedule::parse_cron("0 12 30 12 *", "Pacific/Apia");
  ASSERT_TRUE(schedule);
  EXPECT_EQ(engine::utc_text(*schedule->next(at(2011, 1, 1))), "2012-12-29T22:00:00.000Z");
}

// Every minute of two years with four changes, against what the clock on the wall shows.
TEST(Cron, MinutelyScheduleMissesNoMinuteOfTheYear) {
  const auto schedule = JobSchedule::parse_cron("* * * * *", "Europe/Paris");
  TimeMs time = at(2026, 10, 24);
  for (int i = 0; i < 3 * 1440; ++i) {
    const auto next = schedule->next(time);
    ASSERT_TRUE(next);
    ASSERT_EQ(*next, time + 1min);
    time = *next;
  }
}

TEST(Cron, LastAndNthDays) {
  const TimeMs time = at(2026, 7, 15, 10, 30);  // a Wednesday
  EXPECT_EQ(next("0 0 L * *", time), "2026-07-31T00:00:00.000Z");
  EXPECT_EQ(next("0 0 L 2 *", time), "2027-02-28T00:00:00.000Z");
  EXPECT_EQ(next("0 0 1,L * *", time), "2026-07-31T00:00:00.000Z");
  EXPECT_EQ(next("0 0 LW 10 *", time), "2026-10-30T00:00:00.000Z") << "the 31st is a Saturday";
  EXPECT_EQ(next("0 0 * * 5L", time), "2026-07-31T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * friL", time), "2026-07-31T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * 5#2", time), "2026-08-14T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * tue#3", time), "2026-07-21T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * 1#5", time), "2026-08-31T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * 7#1", time), "2026-08-02T00:00:00.000Z");
  EXPECT_THAT(next("0 0 * * 5#6", time), HasSubstr("day of week"));
  EXPECT_THAT(next("0 0 * * L", time), HasSubstr("day of week"));
  EXPECT_THAT(next("0 L * * *", time), HasSubstr("hour"));
}

std::string next_event(const std::string& expression, TimeMs time, const std::string& zone = "") {
  const auto schedule = JobSchedule::parse_on_calendar(expression, zone);
  if (!schedule) return schedule.error().message;
  const auto found = schedule->next(time);
  return found ? engine::utc_text(*found) : "never";
}

// Expected times as systemd-analyze calendar gives them.
TEST(OnCalendar, ExpressionsOfSystemd) {
  const TimeMs time = at(2026, 7, 15, 10, 30);  // a Wednesday
  EXPECT_EQ(next_event("Mon..Fri *-*-* 10:00:00", time), "2026-07-16T10:00:00.000Z");
  EXPECT_EQ(next_event("Sat,Sun 12:30", time), "2026-07-18T12:30:00.000Z");
  EXPECT_EQ(next_event("Fri..Mon 12:30", time), "2026-07-17T12:30:00.000Z");
  EXPECT_EQ(next_event("*-*-01 04:00", time), "2026-08-01T04:00:00.000Z");
  EXPECT_EQ(next_event("*-*~01 04:00", time), "2026-07-31T04:00:00.000Z");
  EXPECT_EQ(next_event("*-02~03", time), "2027-02-26T00:00:00.000Z");
  EXPECT_EQ(next_event("*:0/15", time), "2026-07-15T10:45:00.000Z");
  EXPECT_EQ(next_event("*:*:30", time), "2026-07-15T10:30:30.000Z");
  EXPECT_EQ(next_event("2027-*-* 00:00", time), "2027-01-01T00:00:00.000Z");
  EXPECT_EQ(next_event("2024/2-01-01", time), "2028-01-01T00:00:00.000Z");
  EXPECT_EQ(next_event("12-24 18:00", time), "2026-12-24T18:00:00.000Z");
  EXPECT_EQ(next_event("Thu", time), "2026-07-16T00:00:00.000Z");
  EXPECT_EQ(next_event("hourly", time), "2026-07-15T11:00:00.000Z");
  EXPECT_EQ(next_event("Daily", time), "2026-07-16T00:00:00.000Z");
  EXPECT_EQ(next_event("weekly", time), "2026-07-20T00:00:00.000Z");
  EXPECT_EQ(next_event("quarterly", time), "2026-10-01T00:00:00.000Z");
  EXPECT_EQ(next_event("05:00 Europe/Paris", time), "2026-07-16T03:00:00.000Z");
  EXPECT_EQ(next_event("05:00", time, "Asia/Tokyo"), "2026-07-15T20:00:00.000Z");
  EXPECT_EQ(next_event("2020-01-01", time), "never");
}

// As systemd-analyze calendar has it: what is counted from the end of a month goes down to it.
TEST(OnCalendar, StepsFromTheEndOfAMonthGoDownToIt) {
  const TimeMs time = at(2026, 11, 28, 19);
  EXPECT_EQ(next_event("Sun *-*~7/1 04:00", time), "2026-11-29T04:00:00.000Z") << "the last Sunday";
  EXPECT_EQ(next_event("*-*~3/2 04:00", at(2026, 7, 15)), "2026-07-29T04:00:00.000Z");
  EXPECT_EQ(next_event("*-*~3/2 04:00", at(2026, 7, 29, 5)), "2026-07-31T04:00:00.000Z");
}

TEST(OnCalendar, MistakesAreNamed) {
  for (const char* text :
       {"", "nonsense", "25:00", "*-13-01", "Mon..Foo 10:00", "*-*-32", "10:00:60", "1..0:00", "*:0/0"}) {
    EXPECT_THAT(next_event(text, {}), HasSubstr("on-calendar")) << text;
  }
  for (const char* zone : {"Europe/Nowhere", "10:00", "*-*-*"}) {
    EXPECT_THAT(next_event(std::string("10:00 ") + zone, {}), HasSubstr(std::string("no zone \"") + zone));
  }
}

TEST(OnCalendar, AZoneOfItsOwnMustNotContradictTheOneBesideIt) {
  EXPECT_THAT(next_event("02:00 Europe/Paris", {}, "Asia/Tokyo"), HasSubstr("names the zone Europe/Paris"));
  EXPECT_THAT(next_event("02:00 Europe/Paris", {}, "UTC"), HasSubstr("contradicts: UTC"));
  EXPECT_EQ(next_event("02:00 Europe/Paris", at(2026, 7, 15), "Europe/Paris"), "2026-07-16T00:00:00.000Z");
}

TEST(Cron, WhatNeverComesIsRefused) {
  for (const char* const text : {"0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *"}) {
    EXPECT_THAT(next(text, {}), HasSubstr("never comes")) << text;
  }
  for (const char* const text : {"*-2-30", "Mon 2026-11-28", "*-02~30"}) {
    EXPECT_THAT(next_event(text, {}), HasSubstr("never comes")) << text;
  }
  // Rare: 2028 is the next year whose 29 February is a Tuesday, 2044 the next with a Monday.
  EXPECT_EQ(next_event("Tue *-02-29", at(2026, 7, 15)), "2028-02-29T00:00:00.000Z");
  EXPECT_TRUE(JobSchedule::parse_on_calendar("Mon *-02-29", ""));
  EXPECT_TRUE(JobSchedule::parse_on_calendar("9999-12-31", ""));
}

TEST(Cron, MistakesAreNamed) {
  EXPECT_THAT(next("* * * *", {}), HasSubstr("five fields"));
  EXPECT_THAT(next("60 * * * *", {}), HasSubstr("minute"));
  EXPECT_THAT(next("* 5-3 * * *", {}), HasSubstr("hour"));
  EXPECT_THAT(next("* * 0 * *", {}), HasSubstr("day of month"));
  EXPECT_THAT(next("* * * foo *", {}), HasSubstr("month"));
  EXPECT_THAT(next("* * * * 8", {}), HasSubstr("day of week"));
  EXPECT_THAT(next("*/0 * * * *", {}), HasSubstr("minute"));
  EXPECT_THAT(next(", * * * *", {}), HasSubstr("minute"));
  EXPECT_THAT(next("* * * * *", {}, "Europe/Nowhere"), HasSubstr("Europe/Nowhere"));
}

TEST(PushSpec, ContradictionsAreRefused) {
  const auto both = push_spec([](PushSpec& s) {
    s.cron = "0 3 * * *";
    s.on_calendar = "03:00";
  });
  EXPECT_THAT(validate(both).error().message, HasSubstr("on-calendar: contradicts cron"));
  const auto swapped = push_spec([](PushSpec& s) {
    s.latency_below = 2min;
    s.max_runtime = 1min;
  });
  EXPECT_THAT(validate(swapped).error().message, HasSubstr("latency-below: must be below max-runtime"));
}

TEST(PushSpec, BoundsAreChecked) {
  EXPECT_TRUE(validate(PushSpec{}));
  EXPECT_FALSE(validate(push_spec([](PushSpec& s) { s.grace = -1ms; })));
  EXPECT_FALSE(validate(push_spec([](PushSpec& s) { s.grace = 24h * 32; })));
  EXPECT_FALSE(validate(push_spec([](PushSpec& s) {
    s.grace = 0ms;
    s.cron = "nonsense";
  })));
}

TEST(PushRhythm, GraceIsATenthUnlessGiven) {
  EXPECT_EQ(PushRhythm::make({}, 60s)->grace, 6s);
  EXPECT_EQ(PushRhythm::make({}, 1s)->grace, 1s) << "at least a second";
  EXPECT_EQ(PushRhythm::make(push_spec([](PushSpec& s) { s.grace = 30s; }), 60s)->grace, 30s);
}

constexpr TimeMs kNow = from_ms(1'750'000'000'000);
const PushRhythm kMinutely{60s, 10s, {}, 0s, 0s};

TEST(PushJob, CronJobMustReportByItsTimeAndGrace) {
  const auto rhythm = PushRhythm::make(push_spec([](PushSpec& s) {
                                         s.grace = 15min;
                                         s.cron = "0 3 * * *";
                                       }),
                                       60s);
  ASSERT_TRUE(rhythm);
  PushJob job(*rhythm, at(2026, 7, 15, 10), std::nullopt);
  EXPECT_EQ(job.deadline(), at(2026, 7, 16, 3, 15));
  const auto result = job.report({}, at(2026, 7, 16, 3, 5));
  EXPECT_EQ(job.deadline(), at(2026, 7, 17, 3, 15));
  EXPECT_EQ(result->interval_ms, std::chrono::milliseconds(24h + 10min).count()) << "it holds until then";
}

TEST(PushJob, ReportsBecomeResults) {
  PushJob job(kMinutely, kNow, std::nullopt);
  PushReport report;
  report.exit_code = 0;
  report.duration = 1500ms;
  const auto good = job.report(report, kNow + 1s);
  EXPECT_EQ(good->state, State::up);
  EXPECT_EQ(good->latency_us, 1'500'000U);
  report.exit_code = 3;
  report.log_line = "disk\nfull";
  const auto bad = job.report(report, kNow + 2s);
  EXPECT_EQ(bad->state, State::down);
  EXPECT_EQ(bad->error, ErrorClass::reported);
  EXPECT_EQ(bad->code, 3);
  EXPECT_EQ(bad->detail, "the job reported a failure, exit code 3: disk full");
}

TEST(PushJob, StartWithoutAnEndIsSilenceAfterTheGrace) {
  PushJob job(kMinutely, kNow, std::nullopt);
  EXPECT_FALSE(
      job.report({.kind = PushReport::Kind::start, .exit_code = {}, .log_line = "", .duration = {}}, kNow + 1s));
  EXPECT_EQ(job.deadline(), kNow + 11s);
  EXPECT_EQ(job.silence().detail, "started 10 s ago and has not reported its end");
}

TEST(PushJob, SilenceIsToldEveryInterval) {
  PushJob job(kMinutely, kNow, std::nullopt);
  EXPECT_EQ(job.silence().time, kNow + 70s);
  EXPECT_EQ(job.silence().time, kNow + 130s);
}

TEST(PushJob, RestartKeepsADeadlineThatIsAhead) {
  EXPECT_EQ(PushJob(kMinutely, kNow, kNow - 20s).deadline(), kNow + 50s);
  EXPECT_EQ(PushJob(kMinutely, kNow, kNow - 10min).deadline(), kNow + 70s) << "it passed while nobody listened";
}

PushReport report_of(PushReport::Kind kind) {
  PushReport report;
  report.kind = kind;
  return report;
}

TEST(PushJob, ReportShortlyBeforeItsTimeFulfilsIt) {
  const auto rhythm = PushRhythm::make(push_spec([](PushSpec& s) {
                                         s.grace = 15min;
                                         s.cron = "0 3 * * *";
                                       }),
                                       60s);
  ASSERT_TRUE(rhythm);
  PushJob job(*rhythm, at(2026, 7, 15, 10), std::nullopt);
  static_cast<void>(job.report({}, at(2026, 7, 16, 2, 46)));
  EXPECT_EQ(job.deadline(), at(2026, 7, 17, 3, 15)) << "fourteen minutes early is in time";
  static_cast<void>(job.report({}, at(2026, 7, 17, 2, 44)));
  EXPECT_EQ(job.deadline(), at(2026, 7, 17, 3, 15)) << "sixteen are not";
  EXPECT_EQ(PushJob(*rhythm, at(2026, 7, 16, 2, 50), at(2026, 7, 16, 2, 46)).deadline(), at(2026, 7, 17, 3, 15))
      << "nor does a restart ask for it again";
}

TEST(PushJob, ReportFulfilsOneTimeOnly) {
  const auto rhythm = PushRhythm::make(push_spec([](PushSpec& s) {
                                         s.grace = 10min;
                                         s.cron = "*/5 * * * *";
                                       }),
                                       60s);
  ASSERT_TRUE(rhythm);
  PushJob job(*rhythm, at(2026, 7, 15, 10), std::nullopt);
  static_cast<void>(job.report({}, at(2026, 7, 15, 10, 1)));
  EXPECT_EQ(job.deadline(), at(2026, 7, 15, 10, 15)) << "10:01 is the late one of 10:00; 10:05 has ten minutes";
}

PushRhythm scheduled(std::chrono::milliseconds grace, const char* cron) {
  return PushRhythm::make(push_spec([&](PushSpec& s) {
                            s.grace = grace;
                            s.cron = cron;
                          }),
                          60s)
      .value();
}

TEST(PushJob, ReportIsOfTheNearerOfTwoTimes) {
  PushJob job(scheduled(58s, "10,11 * * * *"), at(2026, 7, 15, 10), std::nullopt);
  static_cast<void>(job.report({}, at(2026, 7, 15, 10, 10, 5)));
  EXPECT_EQ(job.deadline(), at(2026, 7, 15, 10, 11, 58)) << "it is that of :10, and :11 is owed";
  static_cast<void>(job.report({}, at(2026, 7, 15, 10, 10, 40)));
  EXPECT_EQ(job.deadline(), at(2026, 7, 15, 11, 10, 58)) << "past the middle it is that of :11";
}

TEST(PushJob, ClockSetBackForgetsNoReportThatCameEarly) {
  PushJob job(scheduled(30s, "0 3 * * *"), at(2026, 7, 15, 10), std::nullopt);
  static_cast<void>(job.report({}, at(2026, 7, 16, 2, 59, 35)));
  EXPECT_FALSE(job.clock_stepped(-2s, at(2026, 7, 16, 2, 59, 38)));
  EXPECT_EQ(job.deadline(), at(2026, 7, 17, 3, 0, 30));
}

TEST(PushJob, JobThatBeginsAgainAndAgainIsSilent) {
  PushJob job(kMinutely, kNow, std::nullopt);
  const auto start = [&](std::chrono::milliseconds after) {
    static_cast<void>(job.report(report_of(PushReport::Kind::start), kNow + after));
    return job.deadline();
  };
  EXPECT_EQ(start(55s), kNow + 65s);
  EXPECT_EQ(start(58s), kNow + 68s) << "another attempt has its time, up to the deadline";
  EXPECT_EQ(start(66s), kNow + 70s);
  EXPECT_EQ(start(69s), kNow + 70s);
  EXPECT_EQ(job.silence().detail, "started 1 s ago and has not reported its end");
}

TEST(PushRhythm, GraceOfAScheduleIsATenthOfItsShortestStep) {
  const auto grace = [](const char* cron) {
    return PushRhythm::make(push_spec([&](PushSpec& s) { s.cron = cron; }), 60s)->grace;
  };
  EXPECT_EQ(grace("*/10 * * * *"), 1min);
  EXPECT_EQ(grace("0 3 * * *"), 1h) << "at most";
  EXPECT_EQ(grace("0 9,10 * * 1-5"), 6min);
}

TEST(PushJob, RunTimeIsTheLatencyAndIsJudged) {
  PushRhythm rhythm = kMinutely;
  rhythm.latency_below = 20s;
  rhythm.max_runtime = 40s;
  const auto run = [&](std::chrono::milliseconds length) {
    PushJob job(rhythm, kNow, std::nullopt);
    EXPECT_FALSE(job.report(report_of(PushReport::Kind::start), kNow));
    return *job.report({}, kNow + length);
  };
  EXPECT_EQ(run(19s).state, State::up);
  EXPECT_EQ(run(19s).latency_us, 19'000'000U);
  EXPECT_EQ(run(20s).state, State::degraded);
  EXPECT_EQ(run(20s).error, ErrorClass::slow);
  EXPECT_EQ(run(40s).state, State::degraded);
  EXPECT_EQ(run(41s).state, State::down);
  EXPECT_EQ(run(41s).error, ErrorClass::timeout);
  EXPECT_EQ(run(41s).detail, "the job took 41 s, max-runtime is 40 s");
  EXPECT_EQ(run(40'050ms).detail, "the job took 40.05 s, max-runtime is 40 s");
  EXPECT_EQ(run(20'500ms).detail, "the job took 20.5 s, expected below 20 s");
}

TEST(PushJob, RunThatGoesOnTooLongIsDownAtMaxRuntime) {
  PushRhythm rhythm = kMinutely;
  rhythm.max_runtime = 5min;
  PushJob job(rhythm, kNow, std::nullopt);
  static_cast<void>(job.report(report_of(PushReport::Kind::start), kNow + 10s));
  EXPECT_EQ(job.deadline(), kNow + 10s + 5min) << "a job that runs is not silent";
  const CheckResult result = job.silence();
  EXPECT_EQ(result.time, kNow + 10s + 5min);
  EXPECT_EQ(result.error, ErrorClass::timeout);
  EXPECT_EQ(result.detail, "the job has been running for 300 s, which is max-runtime");
  EXPECT_EQ(job.deadline(), kNow + 10s + 6min);
  EXPECT_EQ(job.report({}, kNow + 7min)->latency_us, 410'000'000U) << "its end still tells how long it took";
}

PushRhythm with_max_runtime(std::chrono::milliseconds most) {
  PushRhythm rhythm = kMinutely;
  rhythm.max_runtime = most;
  return rhythm;
}

TEST(PushJob, RunGoesOnOverARestart) {
  const PushRhythm rhythm = with_max_runtime(10min);
  PushJob before(rhythm, kNow - 1h, kNow - 50s);
  static_cast<void>(before.report(report_of(PushReport::Kind::start), kNow));
  const auto memory = before.memory(kNow + 2s);
  EXPECT_EQ(memory.started, kNow);
  for (const std::optional<TimeMs> stored : {std::optional(kNow - 50s), std::optional<TimeMs>()}) {
    PushJob after(rhythm, kNow + 4s, stored, memory);
    EXPECT_EQ(after.deadline(), kNow + 10min) << "it is not silent while it runs";
    PushJob twice(rhythm, kNow + 8s, stored, after.memory(kNow + 6s));
    EXPECT_EQ(twice.deadline(), kNow + 10min);
    const auto late = twice.report({}, kNow + 11min);
    EXPECT_EQ(late->state, State::down);
    EXPECT_EQ(late->error, ErrorClass::timeout);
    EXPECT_EQ(late->latency_us, 660'000'000U);
  }
  PushJob hanging(rhythm, kNow + 4s, kNow - 50s, memory);
  EXPECT_EQ(hanging.silence().error, ErrorClass::timeout);
  PushJob later(rhythm, kNow + 20min, kNow - 50s, memory);
  EXPECT_EQ(later.deadline(), kNow + 20min + 70s) << "whether it ended meanwhile nobody knows";
  EXPECT_EQ(later.report({}, kNow + 21min)->error, ErrorClass::timeout);
}

TEST(PushJob, MemoryThatAReportHasOvertakenIsForgotten) {
  PushJob before(kMinutely, kNow - 1h, kNow - 50s);
  static_cast<void>(before.report(report_of(PushReport::Kind::start), kNow));
  const auto memory = before.memory(kNow + 1s);
  PushJob after(kMinutely, kNow + 5s, kNow + 2s, memory);
  EXPECT_EQ(after.deadline(), kNow + 72s);
  EXPECT_FALSE(after.report({}, kNow + 6s)->latency_us) << "that run has ended";
  PushJob of_another_clock(kMinutely, kNow - 1h, std::nullopt, memory);
  EXPECT_EQ(of_another_clock.deadline(), kNow - 1h + 70s);
}

// Each run is shorter than the interval and the grace together: each alone would never tell.
TEST(PushJob, SilenceIsToldByWhoRestartsAgainAndAgain) {
  for (const bool heard : {true, false}) {
    TimeMs now = kNow;
    std::optional<prober::JobMemory> memory;
    std::chrono::milliseconds listened{0};
    bool told = false;
    for (int run = 0; run < 10 && !told; ++run) {
      PushJob job(kMinutely, now, heard ? std::optional(kNow) : std::nullopt, memory);
      told = job.deadline() <= now + 50s;
      if (told) listened += job.deadline() - now;
      if (!told) listened += 50s;
      memory = job.memory(now + 50s);
      now += 55s;
    }
    EXPECT_TRUE(told);
    EXPECT_GE(listened, 65s) << "not before it has been waited for";
    EXPECT_LE(listened, 140s);
  }
}

TEST(PushJob, LongAbsenceIsNoSilence) {
  PushJob before(kMinutely, kNow - 1h, kNow);
  const auto memory = before.memory(kNow + 30s);
  EXPECT_EQ(PushJob(kMinutely, kNow + 240h, kNow, memory).deadline(), kNow + 240h + 70s);
}

TEST(PushJob, StandstillForgetsNoRun) {
  PushJob job(with_max_runtime(6s), kNow, std::nullopt);
  static_cast<void>(job.report(report_of(PushReport::Kind::start), kNow));
  EXPECT_TRUE(job.missed_while_not_listening(kNow + 2s, kNow + 16s));
  EXPECT_EQ(job.deadline(), kNow + 70s);
  const auto late = job.report({}, kNow + 17s);
  EXPECT_EQ(late->error, ErrorClass::timeout);
  EXPECT_EQ(late->latency_us, 17'000'000U);
}

TEST(PushJob, NewMaxRuntimeIsForTheRunUnderWay) {
  PushJob longer(with_max_runtime(8s), kNow, std::nullopt);
  static_cast<void>(longer.report(report_of(PushReport::Kind::start), kNow));
  longer.change(with_max_runtime(60s), kNow + 2s);
  EXPECT_EQ(longer.deadline(), kNow + 60s);
  EXPECT_EQ(longer.silence().detail, "the job has been running for 60 s, which is max-runtime");
  PushJob shorter(with_max_runtime(60s), kNow, std::nullopt);
  static_cast<void>(shorter.report(report_of(PushReport::Kind::start), kNow));
  shorter.change(with_max_runtime(8s), kNow + 2s);
  EXPECT_EQ(shorter.deadline(), kNow + 8s);
  PushJob over(with_max_runtime(60s), kNow, std::nullopt);
  static_cast<void>(over.report(report_of(PushReport::Kind::start), kNow));
  over.change(with_max_runtime(8s), kNow + 20s);
  EXPECT_EQ(over.deadline(), kNow + 20s);
  EXPECT_EQ(over.silence().error, ErrorClass::timeout);
}

TEST(PushJob, RunIsMeasuredThroughAClockStep) {
  for (const std::chrono::milliseconds by : {std::chrono::milliseconds{3h}, std::chrono::milliseconds{-3h}}) {
    PushRhythm rhythm = kMinutely;
    rhythm.max_runtime = 5min;
    PushJob job(rhythm, kNow, std::nullopt);
    static_cast<void>(job.report(report_of(PushReport::Kind::start), kNow));
    static_cast<void>(job.clock_stepped(by, kNow + 1min + by));
    EXPECT_EQ(job.deadline(), kNow + 5min + by);
    const auto result = job.report({}, kNow + 2min + by);
    EXPECT_EQ(result->state, State::up);
    EXPECT_EQ(result->latency_us, 120'000'000U);
  }
}

TEST(PushJob, LogChangesNothing) {
  PushJob job(kMinutely, kNow, std::nullopt);
  EXPECT_FALSE(job.report(report_of(PushReport::Kind::log), kNow + 1s));
  EXPECT_EQ(job.deadline(), kNow + 70s);
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

std::string refused(std::string_view word, const Parameters& parameters) {
  const auto report = parse_push_report(word, parameters, "");
  return report ? "taken" : report.error().message;
}

TEST(PushReport, PathAndParametersSayHowItWent) {
  EXPECT_EQ(parse_push_report("", {}, "")->kind, PushReport::Kind::success);
  EXPECT_EQ(parse_push_report("start", {}, "")->kind, PushReport::Kind::start);
  EXPECT_EQ(parse_push_report("fail", {}, "")->kind, PushReport::Kind::failure);
  EXPECT_EQ(parse_push_report("log", {}, "")->kind, PushReport::Kind::log);
  for (const char* const body : {"status=down", "exit-code=1\n", "state=failure&msg=x"}) {
    EXPECT_THAT(parse_push_report("", {}, body).error().message, HasSubstr("belongs into the query")) << body;
  }
  for (const char* const body : {"status = down", "a=1", "=", "state"}) {
    EXPECT_EQ(parse_push_report("", {}, body)->log_line, body);
  }
  EXPECT_EQ(parse_push_report("3", {}, "")->exit_code, 3);
  const Parameters down{{"status", "down"}, {"msg", "disk full"}, {"ping", ""}};
  const auto report = parse_push_report("", down, "");
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->kind, PushReport::Kind::failure);
  EXPECT_EQ(report->log_line, "disk full");
  const Parameters gatus{{"success", "false"}, {"error", "no space"}, {"duration", "10s"}};
  EXPECT_EQ(parse_push_report("", gatus, "")->kind, PushReport::Kind::failure);
  EXPECT_EQ(parse_push_report("", gatus, "")->log_line, "no space");
  EXPECT_EQ(parse_push_report("", Parameters{{"success", "true"}, {"error", ""}}, "")->kind, PushReport::Kind::success);
  const Parameters timed{{"exit_code", "0"}, {"duration", "1.5s"}};
  EXPECT_EQ(parse_push_report("success", timed, "line")->duration, 1500ms);
  EXPECT_EQ(parse_push_report("success", timed, "line")->log_line, "line");
  EXPECT_EQ(parse_push_report("", Parameters{{"ping", "12.6"}}, "")->duration, 13ms);
  EXPECT_EQ(parse_push_report("", Parameters{{"ping", "7ms"}}, "")->duration, 7ms);
  EXPECT_FALSE(parse_push_report("", Parameters{{"ping", "1s"}}, ""));
  EXPECT_FALSE(parse_push_report("", Parameters{{"ping", "1m30"}}, ""));
  // Go's durations, which Gatus takes.
  const auto took = [](const char* text) {
    return parse_push_report("", Parameters{{"duration", text}}, "")->duration;
  };
  EXPECT_EQ(took("1m30s"), 90s);
  EXPECT_EQ(took("1h2m3.5s"), 1h + 2min + 3500ms);
  EXPECT_EQ(took("1500us"), 2ms);
  EXPECT_EQ(took("2000\u00b5s"), 2ms);
  EXPECT_EQ(took("3000000ns"), 3ms);
  EXPECT_EQ(took("2m5ms"), 2min + 5ms);
  EXPECT_EQ(took("0"), 0ms);
}

TEST(PushReport, BodyThatSaysHowItWentIsNoSuccess) {
  const auto of_body = [](const char* word, const char* body) {
    const auto read = parse_push_report(word, {}, body);
    return read ? std::string("taken") : read.error().message;
  };
  for (const char* const body :
       {"status=down&msg=disk full", "exit_code=1 ", "rc=1", "foo=1&status=down", R"({"status":"down"})",
        "--x\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\ndown"}) {
    EXPECT_THAT(of_body("", body), HasSubstr("belongs into the query")) << body;
    EXPECT_EQ(of_body("fail", body), "taken") << body;
  }
  for (const char* const body :
       {"all good", "rows=5 rc=0", R"({"rows":5})", "{not json", "status is fine", "a\nstatus=down"}) {
    EXPECT_EQ(of_body("", body), "taken") << body;
  }
}

TEST(PushReport, WhatIsNotUnderstoodIsRefusedByName) {
  EXPECT_THAT(refused("", {{"exitcode", "1"}}), HasSubstr("exitcode: there is no such parameter"));
  EXPECT_THAT(refused("", {{"rc", "1"}}), HasSubstr("rc: "));
  EXPECT_THAT(refused("", {{"success", "0"}}), HasSubstr("success: must be true or false"));
  EXPECT_THAT(refused("fail", {{"success", "true"}}), HasSubstr("success: contradicts fail"));
  EXPECT_THAT(refused("nonsense", {}), HasSubstr("path: takes start"));
  EXPECT_THAT(refused("", {{"state", "dwon"}}), HasSubstr("state: takes"));
  EXPECT_THAT(refused("fail", {{"state", "up"}}), HasSubstr("contradicts fail"));
  EXPECT_THAT(refused("start", {{"exit-code", "0"}}), HasSubstr("contradicts a report of start"));
  EXPECT_THAT(refused("3", {{"exit-code", "4"}}), HasSubstr("given twice"));
  for (const char* code : {"", "-1", "65536", "1x", " 1"}) {
    EXPECT_THAT(refused("", {{"exit-code", code}}), HasSubstr("exit-code")) << code;
  }
  for (const char* duration :
       {"", "1", "-1s", "1e3s", "nan", "inf", "1w", "900000h", "1 s", "1m30", "1mx", "1s-1s", "s"}) {
    EXPECT_THAT(refused("", {{"duration", duration}}), HasSubstr("duration")) << duration;
  }
}

TEST(PushJob, AbsurdNumbersAreCut) {
  PushJob job(kMinutely, kNow, std::nullopt);
  PushReport report;
  report.exit_code = -7;
  report.duration = 24h;
  report.log_line = std::string(5'000, 'x');
  const auto result = job.report(report, kNow);
  EXPECT_EQ(result->code, 0);
  EXPECT_EQ(result->latency_us, std::nullopt);
  EXPECT_LT(result->detail.size(), 600U);
}

}  // namespace
}  // namespace nines::prober_test
