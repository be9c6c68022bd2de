// The period before: which it is, and how the figures changed.
#include <nines/comparison.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::DoubleNear;
using ::testing::Optional;

class Comparisons : public History {
 protected:
  [[nodiscard]] static std::string previous(std::string_view from, std::string_view to,
                                            std::optional<CalendarUnit> unit, std::string_view zone = "UTC") {
    const Window before = previous_window({at(from), at(to)}, {unit, *Zone::find(zone)});
    return format_time(before.from) + " " + format_time(before.to);
  }
};

TEST_F(Comparisons, PeriodBeforeIsAsLongAndEndsWhereTheWindowBegins) {
  EXPECT_EQ(previous("2026-07-14T06:00:00Z", "2026-07-15T00:00:00Z", {}),
            "2026-07-13T12:00:00.000Z 2026-07-14T06:00:00.000Z");
}

TEST_F(Comparisons, PeriodBeforeOfACalendarUnitIsTheSamePartOfTheUnitBefore) {
  EXPECT_EQ(previous("2026-07-01", "2026-08-01", CalendarUnit::month),
            "2026-06-01T00:00:00.000Z 2026-07-01T00:00:00.000Z");
  EXPECT_EQ(previous("2026-03-01", "2026-03-10", CalendarUnit::month),
            "2026-02-01T00:00:00.000Z 2026-02-10T00:00:00.000Z");
  EXPECT_EQ(previous("2026-03-01", "2026-03-31", CalendarUnit::month),
            "2026-02-01T00:00:00.000Z 2026-03-01T00:00:00.000Z")
      << "February has no thirty days";
  // The day before the change of clocks has 24 hours, that of the change 23.
  EXPECT_EQ(previous("2026-03-29T23:00:00+01:00", "2026-03-30T22:00:00+00:00", CalendarUnit::day, "Europe/Paris"),
            "2026-03-28T23:00:00.000Z 2026-03-29T22:00:00.000Z");
}

TEST_F(Comparisons, ChangesAreNowLessBefore) {
  const TimeMs start = at("2026-07-14T10:00:00Z");
  checks(start, "uuuuuuuudd" + std::string("uuuuuuuuuu"));
  now_ = start + minutes{20};
  const auto answer = compare(store_, server_.id, query(start + minutes{10}, now_));
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  EXPECT_EQ(answer->before.window, (Window{start, start + minutes{10}}));
  EXPECT_THAT(answer->uptime_change, Optional(DoubleNear(0.2, 1e-12)));
  EXPECT_EQ(answer->down_change_ms, -2 * kMinute);
  EXPECT_EQ(answer->incidents_change, -1);
  EXPECT_EQ(answer->p95_change_us, 0.0);
}

TEST_F(Comparisons, WhatDoesNotExistInOneOfThemHasNoChange) {
  const TimeMs start = at("2026-07-14T10:00:00Z");
  checks(start, "uuuuu");
  now_ = start + minutes{5};
  const auto answer = compare(store_, server_.id, query(start, now_));
  EXPECT_EQ(answer->before.uptime_ratio, std::nullopt);
  EXPECT_EQ(answer->uptime_change, std::nullopt);
  EXPECT_EQ(answer->p95_change_us, std::nullopt);
}

TEST_F(Comparisons, NaturalPeriodIsTheLargestUnitThatTheWindowIs) {
  const Zone paris = *Zone::find("Europe/Paris");
  const auto unit_of = [](std::string_view text, const Zone& zone) {
    return natural_period(*parse_window(text, {at("2026-07-20"), zone}), zone).unit;
  };
  EXPECT_EQ(unit_of("2026-07", paris), CalendarUnit::month);
  EXPECT_EQ(unit_of("2026-W29", paris), CalendarUnit::week);
  EXPECT_EQ(unit_of("2026-Q3", paris), CalendarUnit::quarter);
  EXPECT_EQ(unit_of("2026-03-29", paris), CalendarUnit::day) << "a day of 23 hours";
  EXPECT_EQ(unit_of("2026-07-01/2026-07-31", paris), std::nullopt);
  EXPECT_EQ(natural_period({}, paris).unit, std::nullopt);
}

}  // namespace
}  // namespace nines::test
