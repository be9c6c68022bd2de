#include "schedule/job_schedule.h"

#include <date/tz.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace nines {
namespace {

/// 29 February on a given weekday comes again within 28 years, on any weekday within 8 (1896-1904 and the like).
constexpr std::chrono::days kSearch{8 * 366};
/// The Gregorian calendar repeats itself, weekdays included, every 28 years but over a century's end without a leap
/// day.
constexpr std::chrono::days kCalendarRepeats{40 * 366};
/// From which on a time is looked for that an expression stands for; no job ran earlier.
constexpr int kFirstYear = 1970;
/// cron(8) takes larger steps of the clock for corrections, which are not made up for.
constexpr std::chrono::hours kLargestChange{3};

using Seconds = date::local_seconds;

bool is_last_working_day(const date::year_month_day& day) {
  const date::local_days last(day.year() / day.month() / date::last);
  const unsigned weekday = date::weekday(last).c_encoding();
  const int back = weekday == 0 ? 2 : weekday == 6 ? 1 : 0;
  return date::local_days(day) == last - date::days{back};
}

bool matches_month_day(const JobScheduleParts::Rule& rule, const date::year_month_day& day) {
  const unsigned number = static_cast<unsigned>(day.day());
  const unsigned last = static_cast<unsigned>((day.year() / day.month() / date::last).day());
  return rule.days.test(number) || rule.days_from_end.test(last - number + 1) ||
         (rule.last_working_day && is_last_working_day(day));
}

bool matches_weekday(const JobScheduleParts::Rule& rule, const date::year_month_day& day) {
  const unsigned weekday = date::weekday(date::local_days(day)).c_encoding();
  const unsigned number = static_cast<unsigned>(day.day());
  const unsigned last = static_cast<unsigned>((day.year() / day.month() / date::last).day());
  return rule.weekdays.test(weekday) || rule.nth_weekdays.at((number - 1) / 7 + 1).test(weekday) ||
         (rule.last_weekdays.test(weekday) && number + 7 > last);
}

bool matches(const JobScheduleParts::Rule& rule, date::local_days local) {
  const date::year_month_day day(local);
  const int year = static_cast<int>(day.year());
  if (year < rule.first_year || year > rule.last_year || (year - rule.first_year) % rule.year_step != 0) return false;
  if (!rule.months.test(static_cast<unsigned>(day.month()))) return false;
  const bool by_day = matches_month_day(rule, day);
  const bool by_weekday = matches_weekday(rule, day);
  return rule.either_day ? by_day || by_weekday : by_day && by_weekday;
}

/// The first time of the rule on one day at or after `from` seconds of it.
std::optional<std::chrono::seconds> first_of_day(const JobScheduleParts::Rule& rule, std::chrono::seconds from) {
  const auto begin = static_cast<std::size_t>(from.count());
  for (std::size_t hour = begin / 3600; hour < 24; ++hour) {
    if (!rule.hours.test(hour)) continue;
    for (std::size_t minute = hour * 3600 < begin ? begin % 3600 / 60 : 0; minute < 60; ++minute) {
      if (!rule.minutes.test(minute)) continue;
      for (std::size_t second = 0; second < 60; ++second) {
        const std::size_t time = (hour * 60 + minute) * 60 + second;
        if (time >= begin && rule.seconds.test(second)) return std::chrono::seconds{time};
      }
    }
  }
  return std::nullopt;
}

/// The first local time of the rule in [from, to).
std::optional<Seconds> first_local(const JobScheduleParts::Rule& rule, Seconds from, Seconds to) {
  for (auto day = date::floor<date::days>(from); Seconds(day) < to; day += date::days{1}) {
    if (!matches(rule, day)) continue;
    const auto time = first_of_day(rule, std::max(from - Seconds(day), std::chrono::seconds{0}));
    if (time) return Seconds(day) + *time < to ? std::optional(Seconds(day) + *time) : std::nullopt;
  }
  return std::nullopt;
}

Seconds at_offset(date::sys_seconds time, std::chrono::seconds offset) {
  return Seconds{time.time_since_epoch() + offset};
}

}  // namespace

Result<const date::time_zone*> JobScheduleParts::find_zone(std::string_view name) {
  try {
    return date::locate_zone(name.empty() ? "UTC" : name);
  } catch (const std::exception&) {
    return fail(ErrorCode::invalid_argument, "timezone: there is no zone \"" + std::string(name) + "\"");
  }
}

Result<JobSchedule> JobScheduleParts::make(Rule rule, std::string_view key, std::string_view expression) {
  const date::year first{std::max(rule.first_year, kFirstYear)};
  JobSchedule schedule(std::make_shared<const Rule>(std::move(rule)));
  TimeMs from{date::sys_days{first / 1 / 1} - std::chrono::seconds{1}};
  for (const TimeMs end = from + kCalendarRepeats; from < end; from += kSearch) {
    if (schedule.next(from)) return schedule;
  }
  return fail(ErrorCode::invalid_argument, std::string(key) + ": \"" + std::string(expression) + "\" never comes");
}

// Goes through the stretches of time between clock changes; within one, local time is time plus an offset.
std::optional<TimeMs> JobSchedule::next(TimeMs time) const {
  const Rule& rule = *rule_;
  const auto end_of_search = date::floor<std::chrono::seconds>(time) + kSearch;
  auto from = date::floor<std::chrono::seconds>(time) + std::chrono::seconds{1};
  while (from < end_of_search) {
    const date::sys_info stretch = rule.zone->get_info(from);
    Seconds local = at_offset(from, stretch.offset);
    if (!rule.wildcard) {
      const auto former = rule.zone->get_info(stretch.begin - std::chrono::seconds{1}).offset;
      const auto change = stretch.offset - former;
      const Seconds before = at_offset(stretch.begin, former);  // the local time that the change came at
      const Seconds after = at_offset(stretch.begin, stretch.offset);
      if (change > change.zero() && change < kLargestChange && from <= stretch.begin &&
          first_local(rule, before, after)) {
        return TimeMs{stretch.begin};
      }
      if (change < change.zero() && -change < kLargestChange) local = std::max(local, before);
    }
    const Seconds to = at_offset(std::min(stretch.end, end_of_search), stretch.offset);
    if (const auto found = first_local(rule, local, to)) {
      return TimeMs{found->time_since_epoch() - stretch.offset};
    }
    from = stretch.end;
  }
  return std::nullopt;
}

}  // namespace nines
