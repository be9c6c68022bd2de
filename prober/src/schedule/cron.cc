#include <date/tz.h>
#include <nines/push.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <charconv>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"

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
constexpr std::array<Field, 5> kFields = {Field{"minute", 0, 59, {}}, Field{"hour", 0, 23, {}},
                                          Field{"day of month", 1, 31, {}}, Field{"month", 1, 12, kMonths},
                                          Field{"day of week", 0, 7, kWeekdays}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kShorthands = {{{"@hourly", "0 * * * *"},
                                                                                       {"@daily", "0 0 * * *"},
                                                                                       {"@midnight", "0 0 * * *"},
                                                                                       {"@weekly", "0 0 * * 0"},
                                                                                       {"@monthly", "0 0 1 * *"},
                                                                                       {"@yearly", "0 0 1 1 *"},
                                                                                       {"@annually", "0 0 1 1 *"}}};

using Bits = std::bitset<64>;

/// 29 February on a given weekday comes again within 28 years, on any weekday within 8 (1896-1904 and the like).
constexpr int kSearchDays = 8 * 366;

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
bool add_item(const Field& field, std::string_view item, Bits& bits) {
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
  for (int value = *first; value <= *last; value += step) bits.set(static_cast<std::size_t>(value));
  return true;
}

Result<Bits> parse_field(const Field& field, std::string_view text) {
  Bits bits;
  for (const std::string_view item : prober::split(text, ',')) {
    if (add_item(field, item, bits)) continue;
    return fail(ErrorCode::invalid_argument, "cron: \"" + std::string(text) + "\" is not a " + std::string(field.name) +
                                                 " (" + std::to_string(field.least) + "-" + std::to_string(field.most) +
                                                 ", lists, ranges, */steps)");
  }
  return bits;
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

/// Reads the zone database: from the disk the first time. It throws what it likes.
const date::time_zone* find_zone(const std::string& name) {
  try {
    return date::locate_zone(name);
  } catch (const std::exception&) {
    return nullptr;
  }
}

/// The moment of a local time: a skipped one is the moment of the change, of two the first.
TimeMs to_sys(const date::time_zone& zone, date::local_seconds local) {
  const date::local_info info = zone.get_info(local);
  if (info.result == date::local_info::nonexistent) return TimeMs{info.first.end.time_since_epoch()};
  return TimeMs{local.time_since_epoch() - info.first.offset};
}

}  // namespace

struct CronSchedule::Parts {
  Bits minutes, hours, days, months, weekdays;
  bool any_day = false;      // day of month begins with *
  bool any_weekday = false;  // day of week begins with *
  const date::time_zone* zone = nullptr;

  [[nodiscard]] bool matches(date::local_days day) const {
    const date::year_month_day ymd(day);
    if (!months.test(static_cast<unsigned>(ymd.month()))) return false;
    const bool by_day = days.test(static_cast<unsigned>(ymd.day()));
    const bool by_weekday = weekdays.test(date::weekday(day).c_encoding());
    return any_day || any_weekday ? by_day && by_weekday : by_day || by_weekday;
  }
};

Result<CronSchedule> CronSchedule::parse(std::string_view expression, std::string_view timezone) {
  for (const auto& [name, meaning] : kShorthands) {
    if (prober::trim(expression) == name) expression = meaning;
  }
  const std::vector<std::string_view> texts = words(expression);
  if (texts.size() != kFields.size()) {
    return fail(
        ErrorCode::invalid_argument,
        "cron: \"" + std::string(expression) + "\" needs five fields: minute, hour, day of month, month, day of week");
  }
  std::array<Bits, kFields.size()> bits;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    Result<Bits> parsed = parse_field(kFields[i], texts[i]);
    if (!parsed) return tl::unexpected(parsed.error());
    bits[i] = *parsed;
  }
  if (bits[4].test(7)) bits[4].set(0);
  auto parts = std::make_shared<Parts>(Parts{bits[0], bits[1], bits[2], bits[3], bits[4], texts[2].starts_with('*'),
                                             texts[4].starts_with('*'), nullptr});
  parts->zone = find_zone(std::string(timezone));
  if (parts->zone == nullptr) {
    return fail(ErrorCode::invalid_argument, "timezone: there is no zone \"" + std::string(timezone) + "\"");
  }
  return CronSchedule(std::move(parts));
}

std::optional<TimeMs> CronSchedule::next(TimeMs time) const {
  const date::time_zone& zone = *parts_->zone;
  const auto local = zone.to_local(date::floor<std::chrono::seconds>(time));
  // A day early: a clock that was set back brings a day's last hour once more.
  date::local_days day = date::floor<date::days>(local) - date::days{1};
  for (int i = 0; i < kSearchDays; ++i, day += date::days{1}) {
    if (!parts_->matches(day)) continue;
    for (std::size_t hour = 0; hour < 24; ++hour) {
      if (!parts_->hours.test(hour)) continue;
      for (std::size_t minute = 0; minute < 60; ++minute) {
        if (!parts_->minutes.test(minute)) continue;
        const TimeMs when = to_sys(zone, day + std::chrono::hours{hour} + std::chrono::minutes{minute});
        if (when > time) return when;
      }
    }
  }
  return std::nullopt;
}

}  // namespace nines
