// Moments and windows as people write them. The forms are listed in <nines/calendar.h>.
#include <array>
#include <charconv>
#include <chrono>

#include <nines/calendar.h>

#include "time/scan_text.h"

namespace nines {
namespace {

using query::TextScanner;
using std::chrono::days;
using std::chrono::milliseconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;

tl::unexpected<Error> not_understood(std::string_view what, std::string_view text, std::string_view forms) {
  return fail(ErrorCode::invalid_argument,
              std::string(what) + " \"" + std::string(text) + "\" is not understood; use " + std::string(forms));
}

constexpr std::string_view kTimeForms =
    "RFC 3339 (2026-07-14T09:30:00Z), @milliseconds, now, today, -24h, or a date such as 2026-07-14 or 2026-07";
constexpr std::string_view kWindowForms =
    "a length such as 24h or 30d, a date, month, week, quarter or year (2026-07-14, 2026-07, 2026-W29, 2026-Q3, 2026), "
    "today, last-month, or FROM/TO";

// Midnight of a date in a zone; no value for a date that does not exist.
std::optional<sys_days> date_of(int year, int month, int day) {
  const year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return sys_days{date};
}

std::int64_t local_ms(sys_days date) {
  return std::int64_t{date.time_since_epoch().count()} * kDayMs;
}

// What a name of the calendar stands for. A name may be well formed and stand for nothing: 30 February, week 53 of most
// years, the hour that a clock change skips, the day that Apia never had.
struct Named {
  Window window;
  bool exists = true;
};
constexpr Named kNoSuchUnit{{}, false};

std::int64_t local_of(TimeMs time, const Zone& zone) {
  return to_ms(time + zone.offset(time));
}

Named unit_from(sys_days date, CalendarUnit unit, const Zone& zone) {
  // Noon is in the day wherever a clock change may put its midnight.
  const Window window = calendar_window(zone.from_local(local_ms(date) + 12 * kHourMs), unit, zone);
  const bool other_day = unit == CalendarUnit::day && local_of(window.from, zone) / kDayMs != local_ms(date) / kDayMs;
  return other_day ? kNoSuchUnit : Named{window};
}

Named hour_from(sys_days date, int hour, const Zone& zone) {
  const std::int64_t wanted_ms = local_ms(date) + hour * kHourMs;
  const Window window = calendar_window(zone.from_local(wanted_ms), CalendarUnit::hour, zone);
  return local_of(window.from, zone) / kHourMs == wanted_ms / kHourMs ? Named{window} : kNoSuchUnit;
}

Named iso_week(int year, int week, const Zone& zone) {
  // Week 1 is the one that holds 4 January.
  const sys_days fourth = *date_of(year, 1, 4);
  const sys_days monday = fourth - days{std::chrono::weekday{fourth}.iso_encoding() - 1} + days{7 * (week - 1)};
  const bool of_year = year_month_day{monday + days{3}}.year() == std::chrono::year{year};
  if (week < 1 || !of_year) return kNoSuchUnit;
  return unit_from(monday, CalendarUnit::week, zone);
}

// "2026", "2026-Q3", "2026-W29", "2026-07", "2026-07-14", "2026-07-14T09".
std::optional<Named> named_by_number(std::string_view text, const Zone& zone) {
  TextScanner in(text);
  const auto year = in.number(4);
  if (!year || *year < 1970) return std::nullopt;
  if (in.done()) return unit_from(*date_of(*year, 1, 1), CalendarUnit::year, zone);
  if (!in.take('-')) return std::nullopt;
  if (in.take('Q')) {
    const auto quarter = in.number(1);
    if (!quarter || !in.done()) return std::nullopt;
    if (*quarter < 1 || *quarter > 4) return kNoSuchUnit;
    return unit_from(*date_of(*year, *quarter * 3, 1), CalendarUnit::quarter, zone);
  }
  if (in.take('W')) {
    const auto week = in.number(2);
    if (!week || !in.done()) return std::nullopt;
    return iso_week(*year, *week, zone);
  }
  const auto month = in.number(2);
  if (!month) return std::nullopt;
  const auto first = date_of(*year, *month, 1);
  if (in.done()) return first ? unit_from(*first, CalendarUnit::month, zone) : kNoSuchUnit;
  if (!in.take('-')) return std::nullopt;
  const auto day = in.number(2);
  if (!day) return std::nullopt;
  const auto date = date_of(*year, *month, *day);
  if (in.done()) return date ? unit_from(*date, CalendarUnit::day, zone) : kNoSuchUnit;
  if (!in.take('T') && !in.take(' ')) return std::nullopt;
  const auto hour = in.number(2);
  if (!hour || !in.done()) return std::nullopt;
  return date && *hour <= 23 ? hour_from(*date, *hour, zone) : kNoSuchUnit;
}

// "today", "yesterday", "tomorrow", "this-month", "last-week" and so on.
std::optional<Window> named_by_word(std::string_view text, const TimeContext& context) {
  const Window today = calendar_window(context.now, CalendarUnit::day, context.zone);
  if (text == "today") return today;
  if (text == "tomorrow") return calendar_window(today.to, CalendarUnit::day, context.zone);
  if (text == "yesterday") return calendar_window(today.from - milliseconds{1}, CalendarUnit::day, context.zone);
  TextScanner in(text);
  const bool last = in.take("last-");
  if (!last && !in.take("this-")) return std::nullopt;
  const auto unit = parse_calendar_unit(in.rest());
  if (!unit) return std::nullopt;
  const Window current = calendar_window(context.now, *unit, context.zone);
  return last ? calendar_window(current.from - milliseconds{1}, *unit, context.zone) : current;
}

std::optional<Named> named_window(std::string_view text, const TimeContext& context) {
  if (const auto window = named_by_word(text, context)) return Named{*window};
  return named_by_number(text, context.zone);
}

tl::unexpected<Error> no_such_unit(std::string_view text, const Zone& zone) {
  return fail(ErrorCode::invalid_argument,
              std::string("\"").append(text).append("\" does not exist in the calendar of ").append(zone.name()));
}

// Milliseconds after midnight of "hh:mm[:ss[.f]]". A leap second counts as the second after it.
std::optional<std::int64_t> parse_clock(TextScanner& in) {
  const auto hour = in.number(2);
  if (!hour || *hour > 23 || !in.take(':')) return std::nullopt;
  const auto minute = in.number(2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t ms = *hour * kHourMs + *minute * kMinuteMs;
  if (!in.take(':')) return ms;
  const auto second = in.number(2);
  if (!second || *second > 60) return std::nullopt;
  ms += std::int64_t{*second} * 1000;
  if (!in.take('.')) return ms;
  if (in.peek() < '0' || in.peek() > '9') return std::nullopt;
  int scale_ms = 100;  // of the next digit; what is finer than a millisecond is cut off
  while (const auto digit = in.digit()) {
    ms += std::int64_t{*digit} * scale_ms;
    scale_ms /= 10;
  }
  return ms;
}

// RFC 3339, with the leniencies of parse_time().
std::optional<TimeMs> parse_rfc3339(std::string_view text, const Zone& zone) {
  TextScanner in(text);
  const auto year = in.number(4);
  if (!year || !in.take('-')) return std::nullopt;
  const auto month = in.number(2);
  if (!month || !in.take('-')) return std::nullopt;
  const auto day = in.number(2);
  if (!day || !(in.take('T') || in.take('t') || in.take(' '))) return std::nullopt;
  const auto date = date_of(*year, *month, *day);
  const auto clock_ms = date ? parse_clock(in) : std::nullopt;
  if (!clock_ms) return std::nullopt;
  const std::int64_t ms = local_ms(*date) + *clock_ms;
  if (in.done()) return zone.from_local(ms);
  if (in.take('Z') || in.take('z')) return in.done() ? std::optional(from_ms(ms)) : std::nullopt;
  const bool west = in.take('-');
  if (!west && !in.take('+')) return std::nullopt;
  const auto hours = in.number(2);
  if (!hours || *hours > 23 || !in.take(':')) return std::nullopt;
  const auto minutes = in.number(2);
  if (!minutes || *minutes > 59 || !in.done()) return std::nullopt;
  const std::int64_t offset_ms = *hours * kHourMs + *minutes * kMinuteMs;
  return from_ms(west ? ms + offset_ms : ms - offset_ms);
}

// "-24h", "+1h", "now", "now-24h".
std::optional<TimeMs> parse_relative(std::string_view text, TimeMs now) {
  TextScanner in(text);
  const bool from_now = in.take("now");
  if (from_now && in.done()) return now;
  const bool back = in.take('-');
  if (!back && !in.take('+')) return std::nullopt;
  const auto distance = parse_duration(in.rest());
  if (!distance) return std::nullopt;
  return back ? now - *distance : now + *distance;
}

std::optional<Result<TimeMs>> parse_any_time(std::string_view text, const TimeContext& context) {
  if (text.starts_with('@')) {
    std::int64_t ms = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), ms);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    // Seconds since 1970 would be taken for January 1970, in silence; 0 says "from the beginning".
    constexpr std::int64_t kYear2000Ms = 946'684'800'000;
    if (ms > 0 && ms < kYear2000Ms) {
      return fail(ErrorCode::invalid_argument,
                  std::string("the time \"")
                      .append(text)
                      .append("\" lies before the year 2000; @ takes milliseconds, are these "
                              "seconds?"));
    }
    return from_ms(ms);
  }
  if (const auto time = parse_relative(text, context.now)) return *time;
  if (const auto named = named_window(text, context)) {
    if (!named->exists) return no_such_unit(text, context.zone);
    return named->window.from;
  }
  if (const auto time = parse_rfc3339(text, context.zone)) return *time;
  return std::nullopt;
}

}  // namespace

Result<TimeMs> parse_time(std::string_view text, const TimeContext& context) {
  const auto found = parse_any_time(text, context);
  if (!found) return not_understood("the time", text, kTimeForms);
  const Result<TimeMs>& time = *found;
  if (time && (to_ms(*time) < 0 || *time > kTimeLimit)) {
    return fail(ErrorCode::invalid_argument, "the time \"" + std::string(text) + "\" lies outside of 1970 to 9999");
  }
  return time;
}

Result<Window> parse_window(std::string_view text, const TimeContext& context) {
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    return parse_window(text.substr(0, slash), text.substr(slash + 1), context);
  }
  if (const auto length = parse_duration(text)) {
    return Window{std::max(context.now - *length, from_ms(0)), context.now};
  }
  const auto named = named_window(text, context);
  if (!named) return not_understood("the window", text, kWindowForms);
  if (!named->exists) return no_such_unit(text, context.zone);
  return named->window;
}

Result<Window> parse_window(std::string_view from, std::string_view to, const TimeContext& context) {
  const auto begin = parse_time(from, context);
  if (!begin) return tl::unexpected(begin.error());
  const auto end = to.empty() ? Result<TimeMs>(context.now) : parse_time(to, context);
  if (!end) return tl::unexpected(end.error());
  if (*end < *begin) {
    return fail(ErrorCode::invalid_argument,
                "the window ends at " + format_time(*end) + ", before it begins at " + format_time(*begin));
  }
  return Window{*begin, *end};
}

}  // namespace nines
