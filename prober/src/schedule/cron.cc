// The syntax of crontab(5), with L and # for the last and the n-th day.
#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "schedule/job_schedule.h"

namespace nines {
namespace {

/// One field of the expression: its name, its bounds (inclusive) and the names that stand for numbers.
struct Field {
  std::string_view name;
  int least;
  int most;
  std::span<const std::string_view> names;  ///< of least, least + 1, ...
};

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};
constexpr Field kMinute{"minute", 0, 59, {}};
constexpr Field kHour{"hour", 0, 23, {}};
constexpr Field kDay{"day of month", 1, 31, {}};
constexpr Field kMonth{"month", 1, 12, kMonths};
constexpr Field kWeekday{"day of week", 0, 7, kWeekdays};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kShorthands = {{{"@hourly", "0 * * * *"},
                                                                                       {"@daily", "0 0 * * *"},
                                                                                       {"@midnight", "0 0 * * *"},
                                                                                       {"@weekly", "0 0 * * 0"},
                                                                                       {"@monthly", "0 0 1 * *"},
                                                                                       {"@yearly", "0 0 1 1 *"},
                                                                                       {"@annually", "0 0 1 1 *"}}};

std::optional<int> parse_number(std::string_view text) noexcept {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<int> parse_value(const Field& field, std::string_view text) {
  const std::string lower = prober::to_lower(text);
  const auto found = std::find(field.names.begin(), field.names.end(), lower);
  if (found != field.names.end()) return field.least + static_cast<int>(found - field.names.begin());
  const std::optional<int> value = parse_number(text);
  if (!value || *value < field.least || *value > field.most) return std::nullopt;
  return value;
}

/// "*", "5", "1-5", each with or without "/step"; "5/10" is from 5 on, as in Vixie's cron.
template <std::size_t n>
bool add_item(const Field& field, std::string_view item, std::bitset<n>& bits) {
  int step = 1;
  const std::size_t slash = item.find('/');
  if (slash != std::string_view::npos) {
    const std::optional<int> parsed = parse_number(item.substr(slash + 1));
    if (!parsed || *parsed < 1) return false;
    step = *parsed;
  }
  const std::string_view range = item.substr(0, slash);
  std::optional<int> first = field.least;
  std::optional<int> last = field.most;
  if (range != "*") {
    const std::size_t dash = range.find('-');
    first = parse_value(field, range.substr(0, dash));
    if (dash != std::string_view::npos) {
      last = parse_value(field, range.substr(dash + 1));
    } else if (slash == std::string_view::npos) {
      last = first;
    }
  }
  if (!first || !last || *first > *last) return false;
  // `step` may be as large as an int: the sum must not pass it.
  for (std::int64_t value = *first; value <= *last; value += step) bits.set(static_cast<std::size_t>(value));
  return true;
}

/// "L" and "LW" of the day of month.
bool add_last_day(std::string_view item, JobScheduleParts::Rule& rule) {
  const std::string lower = prober::to_lower(item);
  if (lower == "l") rule.days_from_end.set(1);
  if (lower == "lw") rule.last_working_day = true;
  return lower == "l" || lower == "lw";
}

/// "5L", "friL" and "5#2" of the day of week.
bool add_nth_weekday(std::string_view item, JobScheduleParts::Rule& rule) {
  const std::size_t hash = item.find('#');
  const bool last = hash == std::string_view::npos && item.size() > 1 && prober::to_lower(item).ends_with('l');
  if (!last && hash == std::string_view::npos) return false;
  const auto day = parse_value(kWeekday, item.substr(0, last ? item.size() - 1 : hash));
  if (!day) return false;
  const auto bit = static_cast<std::size_t>(*day % 7);
  if (last) {
    rule.last_weekdays.set(bit);
    return true;
  }
  const auto n = parse_number(item.substr(hash + 1));
  if (!n || *n < 1 || *n > 5) return false;
  rule.nth_weekdays.at(static_cast<std::size_t>(*n)).set(bit);
  return true;
}

template <class Add>
Result<void> parse_field(const Field& field, std::string_view text, Add add) {
  for (const std::string_view item : prober::split(text, ',')) {
    if (add(item)) continue;
    return fail(ErrorCode::invalid_argument, "cron: \"" + std::string(text) + "\" is not a " + std::string(field.name) +
                                                 " (" + std::to_string(field.least) + "-" + std::to_string(field.most) +
                                                 ", lists, ranges, */steps)");
  }
  return {};
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!(text = prober::trim(text)).empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    found.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return found;
}

Result<void> parse_fields(const std::vector<std::string_view>& texts, JobScheduleParts::Rule& rule) {
  std::bitset<8> weekdays;
  const auto plain = [](const Field& field, auto& bits) {
    return [&field, &bits](std::string_view item) { return add_item(field, item, bits); };
  };
  if (auto fine = parse_field(kMinute, texts[0], plain(kMinute, rule.minutes)); !fine) return fine;
  if (auto fine = parse_field(kHour, texts[1], plain(kHour, rule.hours)); !fine) return fine;
  const auto day = [&](std::string_view item) { return add_last_day(item, rule) || add_item(kDay, item, rule.days); };
  if (auto fine = parse_field(kDay, texts[2], day); !fine) return fine;
  if (auto fine = parse_field(kMonth, texts[3], plain(kMonth, rule.months)); !fine) return fine;
  const auto weekday = [&](std::string_view item) {
    return add_nth_weekday(item, rule) || add_item(kWeekday, item, weekdays);
  };
  if (auto fine = parse_field(kWeekday, texts[4], weekday); !fine) return fine;
  if (weekdays.test(7)) weekdays.set(0);
  rule.weekdays = weekdays;
  return {};
}

}  // namespace

Result<JobSchedule> JobSchedule::parse_cron(std::string_view expression, std::string_view timezone) {
  for (const auto& [name, meaning] : kShorthands) {
    if (prober::trim(expression) == name) expression = meaning;
  }
  const std::vector<std::string_view> texts = words(expression);
  constexpr std::size_t kFields = 5;
  if (texts.size() != kFields) {
    return fail(
        ErrorCode::invalid_argument,
        "cron: \"" + std::string(expression) + "\" needs five fields: minute, hour, day of month, month, day of week");
  }
  Rule rule;
  rule.seconds.set(0);
  if (auto fine = parse_fields(texts, rule); !fine) return tl::unexpected(fine.error());
  const bool any_day = texts[2].starts_with('*');
  const bool any_weekday = texts[4].starts_with('*');
  rule.either_day = !any_day && !any_weekday;
  rule.wildcard = texts[0].starts_with('*') || texts[1].starts_with('*');
  const auto zone = JobScheduleParts::find_zone(timezone);
  if (!zone) return tl::unexpected(zone.error());
  rule.zone = *zone;
  return JobScheduleParts::make(rule, "cron", expression);
}

}  // namespace nines
