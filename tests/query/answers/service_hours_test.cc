// Service hours: their text, their windows over clock changes, and figures inside of them.
#include <nines/service_hours.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::minutes;
using ::testing::DoubleEq;
using ::testing::Optional;

class HoursOfService : public History {
 protected:
  [[nodiscard]] static ServiceHours hours_of(std::string_view text, std::string_view zone = "UTC") {
    auto parsed = parse_service_hours(text, *Zone::find(zone));
    EXPECT_TRUE(parsed.has_value()) << parsed.error().message;
    return *parsed;
  }
  [[nodiscard]] static std::string windows(const ServiceHours& schedule, std::string_view from, std::string_view to) {
    const auto found = service_windows(schedule, {at(from), at(to)});
    std::string text;
    for (const Window& window : *found) text += format_time(window.from) + "/" + format_time(window.to) + " ";
    return text;
  }
};

TEST_F(HoursOfService, TextNamesDaysAndTimes) {
  const ServiceHours schedule = hours_of("mon-fri 08:00-18:00, sat 09:00-12:30,sun 00:00-24:00");
  ASSERT_EQ(schedule.shifts.size(), 3U);
  EXPECT_EQ(schedule.shifts[0], (ServiceHours::Shift{0b0111110, minutes{480}, minutes{1080}}));
  EXPECT_EQ(schedule.shifts[1], (ServiceHours::Shift{0b1000000, minutes{540}, minutes{750}}));
  EXPECT_EQ(schedule.shifts[2], (ServiceHours::Shift{0b0000001, minutes{0}, minutes{1440}}));
  EXPECT_EQ(hours_of("sat-mon 10:00-11:00").shifts[0].weekdays, 0b1000011) << "over the week's end";
}

TEST_F(HoursOfService, OtherTextsAreRefused) {
  for (const std::string_view text : {"", "mon", "mon 8-18", "mon 08:00-08:00", "mon 18:00-08:00", "mon 08:00-24:01",
                                      "moon 08:00-18:00", "mon 08:00-18:00,", "mon 08:00-18:00 tue 08:00-18:00"}) {
    EXPECT_EQ(parse_service_hours(text, Zone{}).error().code, ErrorCode::invalid_argument) << text;
  }
}

TEST_F(HoursOfService, WindowsAreWallTimesOfTheZone) {
  // 2026-03-29, a Sunday, has the change to summer time in Paris.
  const ServiceHours schedule = hours_of("sat-sun 08:00-18:00", "Europe/Paris");
  EXPECT_EQ(windows(schedule, "2026-03-27T00:00:00Z", "2026-03-31T00:00:00Z"),
            "2026-03-28T07:00:00.000Z/2026-03-28T17:00:00.000Z 2026-03-29T06:00:00.000Z/2026-03-29T16:00:00.000Z ");
  EXPECT_EQ(windows(schedule, "2026-03-28T08:00:00Z", "2026-03-28T09:00:00Z"),
            "2026-03-28T08:00:00.000Z/2026-03-28T09:00:00.000Z ");
  EXPECT_EQ(windows(schedule, "2026-03-30T00:00:00Z", "2026-03-31T00:00:00Z"), "");
}

TEST_F(HoursOfService, HoursThatTouchAreOneWindow) {
  EXPECT_EQ(windows(hours_of("mon-sun 00:00-24:00"), "2026-07-01T06:00:00Z", "2026-07-04T06:00:00Z"),
            "2026-07-01T06:00:00.000Z/2026-07-04T06:00:00.000Z ");
}

TEST_F(HoursOfService, TimeOutsideIsInNoFigure) {
  // Tuesday: down from 07:50 to 08:10, up until 08:40.
  const TimeMs start = at("2026-07-14T07:30:00Z");
  checks(start, std::string(20, 'u') + std::string(20, 'd') + std::string(30, 'u'));
  now_ = start + minutes{70};
  const auto answer = uptime_in_hours(store_, server_.id, query(start, now_), hours_of("mon-fri 08:00-18:00"));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->service_ms, 40 * kMinute);
  EXPECT_EQ(answer->time[State::down], 10 * kMinute);
  EXPECT_EQ(answer->time[State::up], 30 * kMinute);
  EXPECT_THAT(answer->uptime_ratio, Optional(DoubleEq(0.75)));
  EXPECT_THAT(answer->coverage_ratio, Optional(DoubleEq(1.0)));
  const auto never = uptime_in_hours(store_, server_.id, query(start, now_), hours_of("sun 08:00-18:00"));
  EXPECT_EQ(never->service_ms, 0);
  EXPECT_EQ(never->uptime_ratio, std::nullopt);
}

}  // namespace
}  // namespace nines::test
