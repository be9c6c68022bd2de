// Times and windows as people write them, and the calendar of a named time zone.
//
// Zones are those of the IANA database that the system has installed; days have their real length there (23 to 25
// hours where clocks change). Everything here is a pure function of its arguments and the database, callable from any
// thread. Nothing throws: an unknown zone or a malformed text is `invalid_argument` with a sentence that quotes it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nines/result.h>
#include <nines/types.h>

namespace nines {

/// A time zone: a cheap handle to an entry of the process-wide database, valid for the life of the process.
class Zone {
 public:
  /// UTC, without a look at the database.
  Zone() = default;
  /// `invalid_argument` when the database has no such name or cannot be read. "" and "UTC" always work.
  [[nodiscard]] static Result<Zone> find(std::string_view iana_name);

  [[nodiscard]] std::string_view name() const noexcept;
  /// Local time minus UTC at `time`.
  [[nodiscard]] std::chrono::seconds offset(TimeMs time) const noexcept;
  /// The moment when the zone's clocks show `local_ms` (milliseconds since 1970 as if local time were UTC). A local
  /// time that a clock change skips is the moment of the change; one that occurs twice is its first occurrence.
  [[nodiscard]] TimeMs from_local(std::int64_t local_ms) const noexcept;

  friend bool operator==(const Zone&, const Zone&) = default;

 private:
  const void* zone_ = nullptr;  // date::time_zone; null is UTC
};

/// Weeks are ISO weeks: they begin on Monday.
enum class CalendarUnit : std::uint8_t { hour, day, week, month, quarter, year };

/// "hour", "day", "week", "month", "quarter", "year".
[[nodiscard]] Result<CalendarUnit> parse_calendar_unit(std::string_view text);

/// The whole unit of `zone`'s calendar that holds `time`. Hours are hours of the local clock; the hour that a clock
/// change repeats is one window of two hours' length, so that units never overlap and leave no holes.
[[nodiscard]] Window calendar_window(TimeMs time, CalendarUnit unit, const Zone& zone) noexcept;

/// The units that overlap `window`, in order, the first and the last clipped to it. At most kMaxCalendarUnits; more is
/// `invalid_argument`. Empty for an empty window.
[[nodiscard]] Result<std::vector<Window>> split_calendar(Window window, CalendarUnit unit, const Zone& zone);
/// Ten years of hours: a bound on memory, not on usefulness.
inline constexpr std::size_t kMaxCalendarUnits = 100'000;

/// What relative times and calendar names are relative to.
struct TimeContext {
  TimeMs now{};
  Zone zone;
};

/// A number and a unit, or several in a row: "500ms", "90s", "5m", "24h", "7d", "2w", "1h30m", "1.5h". A day is 24
/// hours and a week 7 days. Zero or more, no sign; at most 100 years. `invalid_argument` otherwise.
[[nodiscard]] Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest exact form, largest unit first: "1d2h", "90s" is "1m30s", "1.5s" is "1s500ms", zero is "0s".
[[nodiscard]] std::string format_duration(std::chrono::milliseconds duration);

/// A moment: RFC 3339 ("2026-07-14T09:30:00.250+02:00", "T" may be a space, seconds and offset may be missing: then the
/// context's zone), "@1752478200000" (milliseconds), "now", "-24h" or "now-24h" (before now), "+1h", "today",
/// "yesterday", "tomorrow" (local midnights), and the start of anything parse_window() takes as a calendar name.
[[nodiscard]] Result<TimeMs> parse_time(std::string_view text, const TimeContext& context);

/// A stretch: "24h", "7d" and so on (ending now), "today", "yesterday", "2026" (year), "2026-Q3", "2026-07" (month),
/// "2026-W29" (ISO week), "2026-07-14" (day), "2026-07-14T09" (hour), "this-month" and "last-month" (week, month,
/// quarter, year; "this" runs to the unit's end), or "FROM/TO" with two moments. Not clipped to now.
[[nodiscard]] Result<Window> parse_window(std::string_view text, const TimeContext& context);
/// A stretch from two moments, `invalid_argument` when `to` is before `from`. An empty `to` is now.
[[nodiscard]] Result<Window> parse_window(std::string_view from, std::string_view to, const TimeContext& context);

/// RFC 3339 with milliseconds, in UTC: "2026-07-14T07:30:00.250Z".
[[nodiscard]] std::string format_time(TimeMs time);
/// The same in a zone, with its offset: "2026-07-14T09:30:00.250+02:00".
[[nodiscard]] std::string format_time(TimeMs time, const Zone& zone);
/// The zone's calendar date: "2026-07-14".
[[nodiscard]] std::string format_date(TimeMs time, const Zone& zone);

}  // namespace nines
