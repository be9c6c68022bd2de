// Push jobs: deadlines, reports, cron. Cron's expected times are by hand, in UTC.
#include <nines/push.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "alerts/message.h"
#include "schedule/push_job.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using prober::PushJob;
using prober::PushRhythm;
using testing::HasSubstr;

TimeMs at(int year, unsigned month, unsigned day, int hour = 0, int minute = 0, int second = 0) {
  const std::chrono::sys_days date = std::chrono::year{year} / static_cast<int>(month) / static_cast<int>(day);
  return TimeMs{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

/// The next time as text, which reads better in a failure.
std::string next(const std::string& expression, TimeMs time, const std::string& zone = "UTC") {
  const auto cron = CronSchedule::parse(expression, zone);
  if (!cron) return cron.error().message;
  const auto found = cron->next(time);
  return found ? prober::to_rfc3339(*found) : "never";
}

TEST(CronTest, EveryFieldRestricts) {
  const TimeMs time = at(2026, 7, 15, 10, 30);  // a Wednesday
  EXPECT_EQ(next("* * * * *", time), "2026-07-15T10:31:00.000Z");
  EXPECT_EQ(next("5 * * * *", time), "2026-07-15T11:05:00.000Z");
  EXPECT_EQ(next("0 3 * * *", time), "2026-07-16T03:00:00.000Z");
  EXPECT_EQ(next("0 0 1 * *", time), "2026-08-01T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * 2 *", time), "2027-02-01T00:00:00.000Z");
  EXPECT_EQ(next("0 0 * * 0", time), "2026-07-19T00:00:00.000Z");
  EXPECT_EQ(next("0 0 29 2 *", time), "2028-02-29T00:00:00.000Z");
}

TEST(CronTest, TakesListsRangesStepsNamesAndShorthands) {
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

TEST(CronTest, EitherDayWillDoWhenBothAreRestricted) {
  const TimeMs time = at(2026, 7, 15, 10, 30);
  EXPECT_EQ(next("0 0 17 * 0", time), "2026-07-17T00:00:00.000Z");
  EXPECT_EQ(next("0 0 25 * 0", time), "2026-07-19T00:00:00.000Z");
}

TEST(CronTest, NextIsStrictlyLater) {
  EXPECT_EQ(next("0 3 * * *", at(2026, 7, 15, 3)), "2026-07-16T03:00:00.000Z");
  EXPECT_EQ(next("0 3 * * *", at(2026, 7, 15, 3) - 1ms), "2026-07-15T03:00:00.000Z");
}

TEST(CronTest, ScheduleThatNeverComesIsNever) {
  EXPECT_EQ(next("0 0 31 2 *", at(2026, 1, 1)), "never");
}

TEST(CronTest, SkippedLocalTimeFiresAtTheChange) {
  // Paris 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
  EXPECT_EQ(next("30 2 * * *", at(2026, 3, 28, 12), "Europe/Paris"), "2026-03-29T01:00:00.000Z");
  EXPECT_EQ(next("30 2 * * *", at(2026, 3, 29, 1), "Europe/Paris"), "2026-03-30T00:30:00.000Z");
}

TEST(CronTest, RepeatedLocalTimeFiresTheFirstTime) {
  // Paris 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC. 02:30 is 00:30 and 01:30 UTC.
  EXPECT_EQ(next("30 2 * * *", at(2026, 10, 24, 12), "Europe/Paris"), "2026-10-25T00:30:00.000Z");
  EXPECT_EQ(next("30 2 * * *", at(2026, 10, 25, 0, 30), "Europe/Paris"), "2026-10-26T01:30:00.000Z");
}

TEST(CronTest, MistakesAreNamed) {
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

TEST(PushSpecTest, BoundsAreChecked) {
  EXPECT_TRUE(validate(PushSpec{}));
  EXPECT_FALSE(validate(PushSpec{.token = "", .grace = -1ms, .cron = "", .timezone = "UTC"}));
  EXPECT_FALSE(validate(PushSpec{.token = "", .grace = 24h * 32, .cron = "", .timezone = "UTC"}));
  EXPECT_FALSE(validate(PushSpec{.token = "", .grace = 0ms, .cron = "nonsense", .timezone = "UTC"}));
}

TEST(PushRhythmTest, GraceIsATenthUnlessGiven) {
  EXPECT_EQ(PushRhythm::make({}, 60s)->grace, 6s);
  EXPECT_EQ(PushRhythm::make({}, 1s)->grace, 1s) << "at least a second";
  EXPECT_EQ(PushRhythm::make({.token = "", .grace = 30s, .cron = "", .timezone = "UTC"}, 60s)->grace, 30s);
}

constexpr TimeMs kNow = from_ms(1'750'000'000'000);
const PushRhythm kMinutely{60s, 10s, {}};

TEST(PushJobTest, CronJobMustReportByItsTimeAndGrace) {
  const auto rhythm = PushRhythm::make({.token = "", .grace = 15min, .cron = "0 3 * * *", .timezone = "UTC"}, 60s);
  ASSERT_TRUE(rhythm);
  PushJob job(*rhythm, at(2026, 7, 15, 10), std::nullopt);
  EXPECT_EQ(job.deadline(), at(2026, 7, 16, 3, 15));
  const auto result = job.report({}, at(2026, 7, 16, 3, 5));
  EXPECT_EQ(job.deadline(), at(2026, 7, 17, 3, 15));
  EXPECT_EQ(result->interval_ms, std::chrono::milliseconds(24h + 10min).count()) << "it holds until then";
}

TEST(PushJobTest, ReportsBecomeResults) {
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

TEST(PushJobTest, StartWithoutAnEndIsSilenceAfterTheGrace) {
  PushJob job(kMinutely, kNow, std::nullopt);
  EXPECT_FALSE(
      job.report({.kind = PushReport::Kind::start, .exit_code = {}, .log_line = "", .duration = {}}, kNow + 1s));
  EXPECT_EQ(job.deadline(), kNow + 11s);
  EXPECT_EQ(job.silence().detail, "started 10 s ago and has not reported its end");
}

TEST(PushJobTest, SilenceIsToldEveryInterval) {
  PushJob job(kMinutely, kNow, std::nullopt);
  EXPECT_EQ(job.silence().time, kNow + 70s);
  EXPECT_EQ(job.silence().time, kNow + 130s);
}

TEST(PushJobTest, RestartKeepsADeadlineThatIsAhead) {
  EXPECT_EQ(PushJob(kMinutely, kNow, kNow - 20s).deadline(), kNow + 50s);
  EXPECT_EQ(PushJob(kMinutely, kNow, kNow - 10min).deadline(), kNow + 70s) << "it passed while nobody listened";
}

TEST(PushJobTest, AbsurdNumbersAreCut) {
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
