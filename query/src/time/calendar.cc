// The units of a zone's calendar.
#include <nines/calendar.h>

#include <algorithm>
#include <array>

namespace nines {
namespace {

using std::chrono::days;
using std::chrono::months;
using std::chrono::sys_days;
using std::chrono::year_month_day;

struct UnitName {
  std::string_view name;
  CalendarUnit unit;
};
constexpr std::array kUnitNames = {UnitName{"hour", CalendarUnit::hour},       UnitName{"day", CalendarUnit::day},
                                   UnitName{"week", CalendarUnit::week},       UnitName{"month", CalendarUnit::month},
                                   UnitName{"quarter", CalendarUnit::quarter}, UnitName{"year", CalendarUnit::year}};

constexpr std::int64_t kHourMs = 3'600'000;

// The first date of the unit (a day or longer) that holds `date`, and the first date after the unit.
struct Dates {
  sys_days first;
  sys_days next;
};

Dates unit_dates(sys_days date, CalendarUnit unit) {
  const year_month_day ymd{date};
  const sys_days month{ymd.year() / ymd.month() / 1};
  switch (unit) {
    case CalendarUnit::week: {
      const std::chrono::weekday weekday{date};
      const sys_days monday = date - days{weekday.iso_encoding() - 1};
      return {monday, monday + days{7}};
    }
    case CalendarUnit::month:
      return {month, sys_days{ymd.year() / ymd.month() / 1 + months{1}}};
    case CalendarUnit::quarter: {
      const unsigned first = (unsigned{ymd.month()} - 1) / 3 * 3 + 1;
      const year_month_day begin = ymd.year() / std::chrono::month{first} / 1;
      return {sys_days{begin}, sys_days{begin + months{3}}};
    }
    case CalendarUnit::year:
      return {sys_days{ymd.year() / 1 / 1}, sys_days{(ymd.year() + std::chrono::years{1}) / 1 / 1}};
    case CalendarUnit::hour:
    case CalendarUnit::day:
      break;
  }
  return {date, date + days{1}};
}

std::int64_t local_ms_of(sys_days date) {
  return std::int64_t{date.time_since_epoch().count()} * kDayMs;
}

Window local_window(std::int64_t first_ms, std::int64_t next_ms, const Zone& zone) {
  return {zone.from_local(first_ms), zone.from_local(next_ms)};
}

}  // namespace

Result<CalendarUnit> parse_calendar_unit(std::string_view text) {
  for (const auto& [name, unit] : kUnitNames) {
    if (name == text) return unit;
  }
  return fail(ErrorCode::invalid_argument,
              std::string("\"").append(text).append("\" is not one of hour, day, week, month, quarter and year"));
}

Window calendar_window(TimeMs time, CalendarUnit unit, const Zone& zone) noexcept {
  const std::int64_t local_ms = to_ms(time + zone.offset(time));
  if (unit == CalendarUnit::hour) {
    std::int64_t hour_ms = local_ms - ((local_ms % kHourMs) + kHourMs) % kHourMs;
    Window window = local_window(hour_ms, hour_ms + kHourMs, zone);
    // Where clocks go back by more than an hour, their second pass belongs to the last hour of the first.
    while (window.to <= time) {
      hour_ms += kHourMs;
      window = local_window(hour_ms, hour_ms + kHourMs, zone);
    }
    return window;
  }
  const sys_days date{std::chrono::floor<days>(std::chrono::milliseconds{local_ms})};
  const Dates dates = unit_dates(date, unit);
  return local_window(local_ms_of(dates.first), local_ms_of(dates.next), zone);
}

Result<std::vector<Window>> split_calendar(Window window, CalendarUnit unit, const Zone& zone) {
  std::vector<Window> parts;
  TimeMs time = window.from;
  while (time < window.to) {
    if (parts.size() == kMaxCalendarUnits) {
      return fail(ErrorCode::invalid_argument,
                  "the window has more than " + std::to_string(kMaxCalendarUnits) + " of these calendar units");
    }
    const TimeMs end = std::min(calendar_window(time, unit, zone).to, window.to);
    parts.push_back({time, end});
    time = end;
  }
  return parts;
}

}  // namespace nines
