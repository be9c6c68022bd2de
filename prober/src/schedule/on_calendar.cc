// The syntax of calendar events in systemd.time(7): [WEEKDAYS] [[YEAR-]MONTH-DAY] [HOUR:MINUTE[:SECOND]] [ZONE].
#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "schedule/job_schedule.h"

namespace nines {
namespace {

using Rule = JobScheduleParts::Rule;

constexpr std::array<std::string_view, 7> kWeekdays = {"sunday",   "monday", "tuesday", "wednesday",
                                                       "thursday", "friday", "saturday"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kShorthands = {
    {{"minutely", "*-*-* *:*:00"},
     {"hourly", "*-*-* *:00:00"},
     {"daily", "*-*-* 00:00:00"},
     {"weekly", "Mon *-*-* 00:00:00"},
     {"monthly", "*-*-01 00:00:00"},
     {"quarterly", "*-01,04,07,10-01 00:00:00"},
     {"semiannually", "*-01,07-01 00:00:00"},
     {"yearly", "*-01-01 00:00:00"},
     {"annually", "*-01-01 00:00:00"},
     {"midnight", "*-*-* 00:00:00"}}};

std::optional<int> parse_number(std::string_view text) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

struct Bounds {
  int least;
  int most;
};

/// "*", "5", "1..5", "0/15", "9..17/2", and lists of them. Of numbers that are counted from an end, those of "7/2" go
/// down to it: 7, 5, 3, 1.
template <std::size_t n>
bool add_numbers(std::string_view text, Bounds bounds, std::bitset<n>& bits, bool from_end = false) {
  for (std::string_view item : prober::split(text, ',')) {
    std::int64_t step = 0;
    if (const std::size_t slash = item.find('/'); slash != std::string_view::npos) {
      const auto parsed = parse_number(item.substr(slash + 1));
      if (!parsed || *parsed < 1) return false;
      step = *parsed;
      item = item.substr(0, slash);
    }
    std::optional<int> first = bounds.least;
    std::optional<int> last = bounds.most;
    if (item != "*") {
      const std::size_t dots = item.find("..");
      first = parse_number(item.substr(0, dots));
      if (dots != std::string_view::npos) {
        last = parse_number(item.substr(dots + 2));
      } else if (step == 0) {
        last = first;
      }
    }
    if (from_end && step > 0 && first && item.find("..") == std::string_view::npos && item != "*") {
      if (*first < bounds.least || *first > bounds.most) return false;
      for (std::int64_t value = *first; value >= bounds.least; value -= step) bits.set(static_cast<std::size_t>(value));
      continue;
    }
    if (!first || !last || *first < bounds.least || *last > bounds.most || *first > *last) return false;
    for (std::int64_t value = *first; value <= *last; value += std::max<std::int64_t>(step, 1)) {
      bits.set(static_cast<std::size_t>(value));
    }
  }
  return true;
}

std::optional<std::size_t> weekday_of(std::string_view text) {
  const std::string lower = prober::to_lower(text);
  for (std::size_t day = 0; day < kWeekdays.size(); ++day) {
    if (lower == kWeekdays.at(day) || lower == kWeekdays.at(day).substr(0, 3)) return day;
  }
  return std::nullopt;
}

/// "Mon", "Mon..Fri", "Sat,Sun"; false when it is something else, and the rule is as it was then.
bool add_weekdays(std::string_view text, Rule& rule) {
  std::bitset<8> days;
  if (text.ends_with(',')) text.remove_suffix(1);
  for (const std::string_view item : prober::split(text, ',')) {
    const std::size_t dots = item.find("..");
    const auto first = weekday_of(item.substr(0, dots));
    const auto last = dots == std::string_view::npos ? first : weekday_of(item.substr(dots + 2));
    if (!first || !last) return false;
    for (std::size_t day = *first;; day = (day + 1) % 7) {  // Fri..Mon goes over the weekend
      days.set(day);
      if (day == *last) break;
    }
  }
  rule.weekdays = days;
  return true;
}

bool add_years(std::string_view text, Rule& rule) {
  constexpr int kEarliest = 1'970;
  if (text == "*") return true;
  if (const std::size_t slash = text.find('/'); slash != std::string_view::npos) {
    const auto step = parse_number(text.substr(slash + 1));
    if (!step || *step < 1) return false;
    rule.year_step = *step;
    text = text.substr(0, slash);
    const auto first = parse_number(text);
    if (!first || *first < kEarliest) return false;
    rule.first_year = *first;
    return true;
  }
  const std::size_t dots = text.find("..");
  const auto first = parse_number(text.substr(0, dots));
  const auto last = dots == std::string_view::npos ? first : parse_number(text.substr(dots + 2));
  if (!first || !last || *first < kEarliest || *last < *first) return false;
  rule.first_year = *first;
  rule.last_year = *last;
  return true;
}

/// "YEAR-MONTH-DAY", "MONTH-DAY"; "~" before the day counts it from the end of the month.
bool add_date(std::string_view text, Rule& rule) {
  const std::size_t mark = text.find_last_of("-~");
  const std::string_view day = text.substr(mark + 1);
  std::string_view month = text.substr(0, mark);
  std::string_view year = "*";
  if (const std::size_t dash = month.rfind('-'); dash != std::string_view::npos) {
    year = month.substr(0, dash);
    month = month.substr(dash + 1);
  }
  const bool from_end = text[mark] == '~';
  std::bitset<32>& days = from_end ? rule.days_from_end : rule.days;
  return add_years(year, rule) && add_numbers(month, {1, 12}, rule.months) && add_numbers(day, {1, 31}, days, from_end);
}

bool add_time(std::string_view text, Rule& rule) {
  const std::vector<std::string_view> parts = prober::split(text, ':');
  if (parts.size() < 2 || parts.size() > 3) return false;
  rule.wildcard = parts[0].starts_with('*') || parts[1].starts_with('*');
  // A step through the hours or minutes is as frequent as a wildcard is.
  rule.wildcard = rule.wildcard || parts[0].find('/') != std::string_view::npos;
  if (!add_numbers(parts[0], {0, 23}, rule.hours) || !add_numbers(parts[1], {0, 59}, rule.minutes)) return false;
  if (parts.size() == 3) return add_numbers(parts[2], {0, 59}, rule.seconds);
  rule.seconds.set(0);
  return true;
}

}  // namespace

Result<JobSchedule> JobSchedule::parse_on_calendar(std::string_view expression, std::string_view timezone) {
  const auto wrong = [&](std::string_view part) {
    return fail(ErrorCode::invalid_argument, "on-calendar: \"" + std::string(part) + "\" in \"" +
                                                 std::string(expression) +
                                                 "\" is no weekday, date, time or zone (Mon..Fri *-*-* 10:00:00)");
  };
  std::string_view text = prober::trim(expression);
  for (const auto& [name, meaning] : kShorthands) {
    if (prober::to_lower(text) == name) text = meaning;
  }
  if (text.empty()) return wrong("");
  Rule rule;
  bool dated = false;
  bool timed = false;
  std::string_view zone_name = timezone;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const std::string_view part = text.substr(0, end);
    text = prober::trim(text.substr(end));
    const bool was_first = std::exchange(first, false);
    if (was_first && add_weekdays(part, rule)) continue;
    if (!timed && part.find(':') != std::string_view::npos) {
      timed = add_time(part, rule);
      if (!timed) return wrong(part);
    } else if (!dated && !timed && part.find_first_of("-~") != std::string_view::npos) {
      dated = add_date(part, rule);
      if (!dated) return wrong(part);
    } else if (text.empty() && !was_first) {
      zone_name = part;
    } else {
      return wrong(part);
    }
  }
  if (rule.weekdays.none()) rule.weekdays.set();
  if (!dated) {
    rule.days.set();
    rule.months.set();
  }
  if (!timed) {
    rule.hours.set(0);
    rule.minutes.set(0);
    rule.seconds.set(0);
  }
  if (!timezone.empty() && zone_name != timezone) {
    return fail(ErrorCode::invalid_argument, "on-calendar: names the zone " + std::string(zone_name) +
                                                 ", which timezone contradicts: " + std::string(timezone));
  }
  const auto zone = JobScheduleParts::find_zone(zone_name);
  if (!zone) return tl::unexpected(zone.error());
  rule.zone = *zone;
  return JobScheduleParts::make(rule, "on-calendar", expression);
}

}  // namespace nines
