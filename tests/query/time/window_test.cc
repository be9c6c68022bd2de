// Times, windows and durations as people write them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nines/calendar.h>

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

class WindowText : public ::testing::Test {
 protected:
  [[nodiscard]] std::string time(std::string_view text) const {
    const auto parsed = parse_time(text, context_);
    return parsed ? format_time(*parsed) : std::string("error: ").append(parsed.error().message);
  }
  [[nodiscard]] std::string window(std::string_view text) const {
    const auto parsed = parse_window(text, context_);
    return parsed ? format_time(parsed->from) + " " + format_time(parsed->to)
                  : std::string("error: ").append(parsed.error().message);
  }
  void in_zone(std::string_view name) { context_.zone = *Zone::find(name); }

  TimeContext context_{*parse_time("2026-07-14T09:30:15.250Z", {}), {}};  // a Tuesday
};

TEST_F(WindowText, ReadsRfc3339) {
  EXPECT_EQ(time("2026-07-14T09:30:00Z"), "2026-07-14T09:30:00.000Z");
  EXPECT_EQ(time("2026-07-14t09:30:00z"), "2026-07-14T09:30:00.000Z");
  EXPECT_EQ(time("2026-07-14 09:30:00.123456Z"), "2026-07-14T09:30:00.123Z");
  EXPECT_EQ(time("2026-07-14T09:30:00.5+02:00"), "2026-07-14T07:30:00.500Z");
  EXPECT_EQ(time("2026-07-14T09:30:00-05:30"), "2026-07-14T15:00:00.000Z");
  EXPECT_EQ(time("2026-07-14T09:30"), "2026-07-14T09:30:00.000Z");
  EXPECT_EQ(time("2016-12-31T23:59:60Z"), "2017-01-01T00:00:00.000Z");
  EXPECT_EQ(time("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00.000Z");
}

TEST_F(WindowText, TimeWithoutOffsetIsLocal) {
  in_zone("Europe/Paris");
  EXPECT_EQ(time("2026-07-14T09:30:00"), "2026-07-14T07:30:00.000Z");
  EXPECT_EQ(time("2026-01-14T09:30:00"), "2026-01-14T08:30:00.000Z");
  EXPECT_EQ(time("2026-03-29T02:30:00"), "2026-03-29T01:00:00.000Z") << "skipped: the change";
  EXPECT_EQ(time("2026-10-25T02:30:00"), "2026-10-25T00:30:00.000Z") << "repeated: the first";
}

TEST_F(WindowText, ReadsRelativeAndNamedTimes) {
  EXPECT_EQ(time("now"), "2026-07-14T09:30:15.250Z");
  EXPECT_EQ(time("-24h"), "2026-07-13T09:30:15.250Z");
  EXPECT_EQ(time("now-90s"), "2026-07-14T09:28:45.250Z");
  EXPECT_EQ(time("+1h"), "2026-07-14T10:30:15.250Z");
  EXPECT_EQ(time("@1784019600000"), "2026-07-14T09:00:00.000Z");
  EXPECT_EQ(time("today"), "2026-07-14T00:00:00.000Z");
  EXPECT_EQ(time("yesterday"), "2026-07-13T00:00:00.000Z");
  EXPECT_EQ(time("tomorrow"), "2026-07-15T00:00:00.000Z");
  EXPECT_EQ(time("2026-07"), "2026-07-01T00:00:00.000Z");
  EXPECT_EQ(time("2026-07-14"), "2026-07-14T00:00:00.000Z");
}

TEST_F(WindowText, RefusesTimesThatAreNone) {
  for (const char* text :
       {"", "soon", "2026-13", "2026-02-30", "2026-07-14T25:00:00Z", "2026-07-14T09:60:00Z", "2026-07-14T09:30:00X",
        "2026-07-14T09:30:00Z ", "2026-07-14T09:30:00.Z", "@", "@12x", "-24", "1969-12-31T23:59:59Z", "@-1",
        "@99999999999999999", "20260714", "2026-07-14T09:30:00+2:00"}) {
    const auto parsed = parse_time(text, context_);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(parsed.error().message, HasSubstr(std::string(1, '"').append(text).append(1, '"')));
  }
}

TEST_F(WindowText, SecondsAreNotTakenForMilliseconds) {
  for (const char* text : {"@1784019600", "@1", "@946684799999"}) {
    const auto parsed = parse_time(text, context_);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr("are these seconds?"));
  }
  EXPECT_EQ(time("@0"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(time("@946684800000"), "2000-01-01T00:00:00.000Z");
}

TEST_F(WindowText, LengthsEndNow) {
  EXPECT_EQ(window("24h"), "2026-07-13T09:30:15.250Z 2026-07-14T09:30:15.250Z");
  EXPECT_EQ(window("30d"), "2026-06-14T09:30:15.250Z 2026-07-14T09:30:15.250Z");
  EXPECT_EQ(window("100w"), "2024-08-13T09:30:15.250Z 2026-07-14T09:30:15.250Z");
}

TEST_F(WindowText, CalendarNamesAreWholeUnits) {
  EXPECT_EQ(window("2026"), "2026-01-01T00:00:00.000Z 2027-01-01T00:00:00.000Z");
  EXPECT_EQ(window("2026-Q3"), "2026-07-01T00:00:00.000Z 2026-10-01T00:00:00.000Z");
  EXPECT_EQ(window("2026-Q4"), "2026-10-01T00:00:00.000Z 2027-01-01T00:00:00.000Z");
  EXPECT_EQ(window("2026-02"), "2026-02-01T00:00:00.000Z 2026-03-01T00:00:00.000Z");
  EXPECT_EQ(window("2026-W29"), "2026-07-13T00:00:00.000Z 2026-07-20T00:00:00.000Z");
  EXPECT_EQ(window("2026-07-14"), "2026-07-14T00:00:00.000Z 2026-07-15T00:00:00.000Z");
  EXPECT_EQ(window("2026-07-14T09"), "2026-07-14T09:00:00.000Z 2026-07-14T10:00:00.000Z");
  EXPECT_EQ(window("today"), "2026-07-14T00:00:00.000Z 2026-07-15T00:00:00.000Z");
  EXPECT_EQ(window("this-week"), "2026-07-13T00:00:00.000Z 2026-07-20T00:00:00.000Z");
  EXPECT_EQ(window("last-month"), "2026-06-01T00:00:00.000Z 2026-07-01T00:00:00.000Z");
  EXPECT_EQ(window("last-year"), "2025-01-01T00:00:00.000Z 2026-01-01T00:00:00.000Z");
}

TEST_F(WindowText, IsoWeeksBelongToTheYearOfTheirThursday) {
  EXPECT_EQ(window("2026-W01"), "2025-12-29T00:00:00.000Z 2026-01-05T00:00:00.000Z");
  EXPECT_EQ(window("2020-W53"), "2020-12-28T00:00:00.000Z 2021-01-04T00:00:00.000Z");
  EXPECT_THAT(window("2021-W53"), HasSubstr("error"));
  EXPECT_THAT(window("2026-W00"), HasSubstr("error"));
}

TEST_F(WindowText, CalendarNamesFollowTheZone) {
  in_zone("Europe/Paris");
  EXPECT_EQ(window("2026-03-29"), "2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z") << "23 hours";
  EXPECT_EQ(window("2026-10-25"), "2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z") << "25 hours";
  EXPECT_EQ(window("2026-07"), "2026-06-30T22:00:00.000Z 2026-07-31T22:00:00.000Z");
  in_zone("Asia/Kolkata");
  EXPECT_EQ(window("2026-07-14"), "2026-07-13T18:30:00.000Z 2026-07-14T18:30:00.000Z");
}

TEST_F(WindowText, DayWithoutMidnightBeginsAtTheClockChange) {
  in_zone("America/Santiago");  // clocks go from 24:00 to 01:00
  EXPECT_EQ(window("2026-09-06"), "2026-09-06T04:00:00.000Z 2026-09-07T03:00:00.000Z");
}

TEST_F(WindowText, TwoMomentsAreAWindow) {
  EXPECT_EQ(window("2026-07-01/2026-07-02"), "2026-07-01T00:00:00.000Z 2026-07-02T00:00:00.000Z");
  EXPECT_EQ(window("-2h/"), "2026-07-14T07:30:15.250Z 2026-07-14T09:30:15.250Z");
  EXPECT_EQ(window("-2h/-1h"), "2026-07-14T07:30:15.250Z 2026-07-14T08:30:15.250Z");
  EXPECT_EQ(window("now/now"), "2026-07-14T09:30:15.250Z 2026-07-14T09:30:15.250Z");
  EXPECT_THAT(window("now/-1h"), HasSubstr("before it begins"));
}

TEST_F(WindowText, RefusesWindowsThatAreNone) {
  for (const char* text :
       {"", "24", "h", "-24h", "2026-Q5", "2026-W54", "1969", "2026-7", "2026-07-14T09:30:00Z", "last-"}) {
    EXPECT_THAT(window(text), HasSubstr("error")) << text;
  }
}

TEST(Duration, ReadsNumbersWithUnits) {
  EXPECT_EQ(parse_duration("500ms").value(), milliseconds{500});
  EXPECT_EQ(parse_duration("90s").value(), seconds{90});
  EXPECT_EQ(parse_duration("5m").value(), minutes{5});
  EXPECT_EQ(parse_duration("1h30m").value(), minutes{90});
  EXPECT_EQ(parse_duration("1.5h").value(), minutes{90});
  EXPECT_EQ(parse_duration("0.001s").value(), milliseconds{1});
  EXPECT_EQ(parse_duration("7d").value(), hours{168});
  EXPECT_EQ(parse_duration("2w").value(), hours{336});
  EXPECT_EQ(parse_duration("0s").value(), seconds{0});
}

TEST(Duration, RefusesTheRest) {
  for (const char* text :
       {"", "5", "m", "-5m", "5x", "5 m", "1e3s", "101000d", "nan", "infs", ".5h", "0.5ms", "1.0005s"}) {
    EXPECT_FALSE(parse_duration(text).has_value()) << text;
  }
}

TEST(Duration, ShowsItselfExactly) {
  EXPECT_EQ(format_duration(seconds{0}), "0s");
  EXPECT_EQ(format_duration(seconds{90}), "1m30s");
  EXPECT_EQ(format_duration(milliseconds{1500}), "1s500ms");
  EXPECT_EQ(format_duration(hours{26}), "1d2h");
  EXPECT_EQ(format_duration(-seconds{5}), "-5s");
  for (const std::int64_t ms : {1LL, 999LL, 61'001LL, 86'400'000LL, 90'061'001LL}) {
    EXPECT_EQ(parse_duration(format_duration(milliseconds{ms})).value(), milliseconds{ms});
  }
}

TEST(FormatTime, ShowsTheOffsetOfItsZone) {
  const TimeMs time = *parse_time("2026-07-14T07:30:00.250Z", {});
  EXPECT_EQ(format_time(time, *Zone::find("Europe/Paris")), "2026-07-14T09:30:00.250+02:00");
  EXPECT_EQ(format_time(time, *Zone::find("America/St_Johns")), "2026-07-14T05:00:00.250-02:30");
  EXPECT_EQ(format_time(time, Zone{}), "2026-07-14T07:30:00.250+00:00");
  EXPECT_EQ(format_date(*parse_time("2026-07-14T23:30:00Z", {}), *Zone::find("Europe/Paris")), "2026-07-15");
}

TEST_F(WindowText, UnitThatDoesNotExistIsAnErrorThatSaysSo) {
  const auto message = [&](std::string_view text, std::string_view zone) {
    const auto window = parse_window(text, {context_.now, *Zone::find(zone)});
    return window ? std::string("there is one") : window.error().message;
  };
  for (const std::string_view text : {"2026-02-30", "2026-13", "2025-W53", "2026-Q5", "2026-07-14T24"}) {
    EXPECT_THAT(message(text, "UTC"), HasSubstr("does not exist in the calendar of UTC")) << text;
  }
  EXPECT_THAT(message("2011-12-30", "Pacific/Apia"), HasSubstr("does not exist in the calendar of Pacific/Apia"));
  EXPECT_EQ(message("2011-12-31", "Pacific/Apia"), "there is one");
  EXPECT_THAT(message("2026-03-29T02", "Europe/Paris"), HasSubstr("does not exist"));
  EXPECT_EQ(message("2026-03-29T03", "Europe/Paris"), "there is one");
  EXPECT_EQ(message("2026-10-04T02", "Australia/Lord_Howe"), "there is one") << "half of that hour is there";
  EXPECT_FALSE(parse_time("2026-02-30", {}).has_value());
}

}  // namespace
}  // namespace nines::test
