// Zones, and the units of their calendars.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nines/calendar.h>

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

TimeMs at(std::string_view text) {
  return *parse_time(text, {});
}
Zone zone(std::string_view name) {
  return *Zone::find(name);
}

TEST(Zone, KnowsIanaNamesAndNoOthers) {
  EXPECT_EQ(zone("Europe/Paris").name(), "Europe/Paris");
  EXPECT_EQ(Zone{}.name(), "UTC");
  EXPECT_EQ(zone(""), Zone{});
  EXPECT_EQ(Zone::find("Mars/Olympus").error().code, ErrorCode::invalid_argument);
  EXPECT_FALSE(Zone::find("../../etc/passwd").has_value());
}

TEST(Zone, OffsetFollowsDaylightSaving) {
  EXPECT_EQ(zone("Europe/Paris").offset(at("2026-01-01T00:00:00Z")), hours{1});
  EXPECT_EQ(zone("Europe/Paris").offset(at("2026-07-01T00:00:00Z")), hours{2});
  EXPECT_EQ(zone("Asia/Kathmandu").offset(at("2026-07-01T00:00:00Z")), minutes{345});
}

TEST(Zone, RulesGoOnBeyondTheYearsThatAreListed) {
  EXPECT_EQ(zone("Europe/Paris").offset(at("2040-07-14T00:00:00Z")), hours{2});
  EXPECT_EQ(zone("Europe/Paris").offset(at("2040-02-29T12:00:00Z")), hours{1});
  EXPECT_EQ(zone("Australia/Sydney").offset(at("2041-01-15T00:00:00Z")), hours{11});
  EXPECT_EQ(zone("Asia/Tokyo").offset(at("2099-07-14T00:00:00Z")), hours{9});
  // The last Sunday of March 2040 is the 25th, the second of March 2050 the 13th.
  const TimeMs paris = at("2040-03-25T01:00:00Z");
  EXPECT_EQ(zone("Europe/Paris").offset(paris - std::chrono::milliseconds{1}), hours{1});
  EXPECT_EQ(zone("Europe/Paris").offset(paris), hours{2});
  const TimeMs new_york = at("2050-03-13T07:00:00Z");
  EXPECT_EQ(zone("America/New_York").offset(new_york - std::chrono::milliseconds{1}), -hours{5});
  EXPECT_EQ(zone("America/New_York").offset(new_york), -hours{4});
  EXPECT_EQ(calendar_window(at("2040-07-14T12:00:00Z"), CalendarUnit::day, zone("Europe/Paris")).from,
            at("2040-07-13T22:00:00Z"));
  // 02:30 is skipped there and becomes the moment of the change.
  EXPECT_EQ(*parse_time("2040-03-25T02:30", {{}, zone("Europe/Paris")}), paris);
}

// Units of a zone over a stretch follow each other without a hole, and each moment's unit is the one that holds it.
void expect_partition(const Zone& of, CalendarUnit unit, Window window, std::chrono::minutes step) {
  const auto parts = split_calendar(window, unit, of);
  ASSERT_TRUE(parts.has_value());
  ASSERT_FALSE(parts->empty());
  EXPECT_EQ(parts->front().from, window.from);
  EXPECT_EQ(parts->back().to, window.to);
  for (std::size_t i = 1; i < parts->size(); ++i) EXPECT_EQ((*parts)[i].from, (*parts)[i - 1].to);
  std::size_t part = 0;
  for (TimeMs time = window.from; time < window.to; time += step) {
    while ((*parts)[part].to <= time) ++part;
    const Window whole = calendar_window(time, unit, of);
    ASSERT_TRUE(whole.contains(time)) << format_time(time);
    EXPECT_EQ(std::max(whole.from, window.from), (*parts)[part].from) << format_time(time);
    EXPECT_EQ(std::min(whole.to, window.to), (*parts)[part].to) << format_time(time);
  }
}

TEST(Calendar, UnitsPartitionTimeInEveryZone) {
  for (const char* name : {"UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "America/Santiago",
                           "Asia/Kathmandu", "Antarctica/Troll", "America/Havana", "Africa/Casablanca"}) {
    SCOPED_TRACE(name);
    const Window year{at("2026-01-01T00:00:00Z"), at("2027-01-02T00:00:00Z")};
    expect_partition(zone(name), CalendarUnit::hour, year, minutes{30});
    expect_partition(zone(name), CalendarUnit::day, year, hours{1});
    expect_partition(zone(name), CalendarUnit::week, year, hours{5});
    expect_partition(zone(name), CalendarUnit::month, year, hours{7});
    expect_partition(zone(name), CalendarUnit::quarter, year, hours{11});
    expect_partition(zone(name), CalendarUnit::year, year, hours{13});
  }
}

TEST(Calendar, DaysHaveTheirRealLength) {
  const Zone paris = zone("Europe/Paris");
  EXPECT_EQ(calendar_window(at("2026-03-29T12:00:00Z"), CalendarUnit::day, paris).length(), hours{23});
  EXPECT_EQ(calendar_window(at("2026-10-25T12:00:00Z"), CalendarUnit::day, paris).length(), hours{25});
  EXPECT_EQ(calendar_window(at("2026-07-14T12:00:00Z"), CalendarUnit::day, paris).length(), hours{24});
}

TEST(Calendar, DateThatAZoneSkippedHasNoDay) {
  // Samoa went from 29 to 31 December 2011.
  const auto days =
      split_calendar({at("2011-12-29T10:00:00Z"), at("2012-01-01T10:00:00Z")}, CalendarUnit::day, zone("Pacific/Apia"));
  ASSERT_TRUE(days.has_value());
  std::vector<std::string> dates;
  for (const Window& day : *days) dates.push_back(format_date(day.from, zone("Pacific/Apia")));
  EXPECT_THAT(dates, ::testing::ElementsAre("2011-12-29", "2011-12-31", "2012-01-01"));
}

TEST(Calendar, RepeatedHourIsOneUnitOfTwoHours) {
  const Window hour = calendar_window(at("2026-10-25T01:30:00Z"), CalendarUnit::hour, zone("Europe/Paris"));
  EXPECT_EQ(hour, (Window{at("2026-10-25T00:00:00Z"), at("2026-10-25T02:00:00Z")}));
}

TEST(Calendar, WeeksBeginOnMonday) {
  EXPECT_EQ(calendar_window(at("2026-07-19T23:59:59Z"), CalendarUnit::week, Zone{}).from, at("2026-07-13T00:00:00Z"));
}

TEST(Calendar, SplitClipsTheFirstAndTheLast) {
  const auto parts =
      split_calendar({at("2026-07-14T12:00:00Z"), at("2026-07-16T06:00:00Z")}, CalendarUnit::day, Zone{});
  EXPECT_EQ(*parts, (std::vector<Window>{{at("2026-07-14T12:00:00Z"), at("2026-07-15T00:00:00Z")},
                                         {at("2026-07-15T00:00:00Z"), at("2026-07-16T00:00:00Z")},
                                         {at("2026-07-16T00:00:00Z"), at("2026-07-16T06:00:00Z")}}));
}

TEST(Calendar, EmptyWindowHasNoUnitsAndTooManyAreRefused) {
  EXPECT_TRUE(split_calendar({at("2026-07-14"), at("2026-07-14")}, CalendarUnit::day, Zone{})->empty());
  const auto hours_of_ages = split_calendar({at("1970-01-01"), at("2026-01-01")}, CalendarUnit::hour, Zone{});
  EXPECT_EQ(hours_of_ages.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace nines::test
