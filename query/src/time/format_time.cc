// Moments and durations as text, and durations from it.
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include <nines/calendar.h>

#include "base/time_text.h"

namespace nines {
namespace {

struct DurationUnit {
  std::string_view name;
  std::int64_t ms;
};
// "ms" before "m": the longer name is tried first.
constexpr std::array kUnits = {DurationUnit{"ms", 1},        DurationUnit{"s", 1000},   DurationUnit{"m", 60'000},
                               DurationUnit{"h", 3'600'000}, DurationUnit{"d", kDayMs}, DurationUnit{"w", 7 * kDayMs}};
constexpr std::array kFormatUnits = {DurationUnit{"d", kDayMs}, DurationUnit{"h", 3'600'000}, DurationUnit{"m", 60'000},
                                     DurationUnit{"s", 1000}, DurationUnit{"ms", 1}};
constexpr double kMaxDurationMs = 36'525.0 * static_cast<double>(kDayMs);

// `value` with at least `width` digits.
std::string padded(std::int64_t value, std::size_t width) {
  std::string text = std::to_string(value);
  if (text.size() < width) text.insert(0, width - text.size(), '0');
  return text;
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto malformed = [&] {
    return fail(ErrorCode::invalid_argument,
                "the duration \"" + std::string(text) + "\" is not understood; use a number and ms, s, m, h, d or w");
  };
  std::string_view rest = text;
  double total_ms = 0;
  if (rest.empty()) return malformed();
  while (!rest.empty()) {
    double value = 0;
    const bool digit_first = rest.front() >= '0' && rest.front() <= '9';
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value, std::chars_format::fixed);
    if (!digit_first || error != std::errc{}) return malformed();
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    const DurationUnit* unit = nullptr;
    for (const DurationUnit& candidate : kUnits) {
      if (unit == nullptr && rest.starts_with(candidate.name)) unit = &candidate;
    }
    if (unit == nullptr) return malformed();
    rest.remove_prefix(unit->name.size());
    total_ms += value * static_cast<double>(unit->ms);
    if (!(total_ms <= kMaxDurationMs)) {
      return fail(ErrorCode::invalid_argument, "the duration \"" + std::string(text) + "\" is longer than 100 years");
    }
  }
  // Of what is written in decimals a double is off by far less, up to 100 years.
  constexpr double kNoise = 1e-3;
  if (std::abs(total_ms - std::round(total_ms)) > kNoise) {
    return fail(ErrorCode::invalid_argument, "the duration \"" + std::string(text) + "\" is finer than a millisecond");
  }
  return std::chrono::milliseconds{std::llround(total_ms)};
}

std::string format_duration(std::chrono::milliseconds duration) {
  std::int64_t rest_ms = duration.count();
  if (rest_ms == 0) return "0s";
  std::string text;
  if (rest_ms < 0) {
    text = "-";
    rest_ms = -rest_ms;
  }
  for (const DurationUnit& unit : kFormatUnits) {
    if (rest_ms >= unit.ms) text += std::to_string(rest_ms / unit.ms) + std::string(unit.name);
    rest_ms %= unit.ms;
  }
  return text;
}

std::string format_time(TimeMs time) {
  return engine::utc_text(time);
}

std::string format_time(TimeMs time, const Zone& zone) {
  const std::chrono::seconds offset = zone.offset(time);
  const std::int64_t minutes = std::abs(offset.count()) / 60;
  return engine::clock_text(time + offset) + (offset.count() < 0 ? "-" : "+") + padded(minutes / 60, 2) + ":" +
         padded(minutes % 60, 2);
}

std::string format_date(TimeMs time, const Zone& zone) {
  return engine::clock_text(time + zone.offset(time)).substr(0, 10);
}

}  // namespace nines
