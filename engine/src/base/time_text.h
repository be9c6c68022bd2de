// Moments as text, as RFC 3339 has them. Pure functions; any thread.
#pragma once

#include <nines/types.h>

#include <array>
#include <chrono>
#include <string>

namespace nines::engine {

/// Appends `number` with `digits` digits.
inline void append_padded(unsigned number, unsigned digits, std::string& out) {
  std::array<char, 10> text{};
  for (unsigned at = digits; at-- > 0; number /= 10) text.at(at) = static_cast<char>('0' + number % 10);
  out.append(text.data(), digits);
}

/// Appends "2026-07-14T09:30:00.000".
inline void append_clock_text(TimeMs time, std::string& out) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  auto left = static_cast<unsigned>((time - day).count());
  const auto next = [&left](unsigned unit) {
    const unsigned part = left / unit;
    left %= unit;
    return part;
  };
  const int year = static_cast<int>(date.year());
  constexpr int kFourDigits = 9999;
  if (year < 0 || year > kFourDigits) {
    out += std::to_string(year);
  } else {
    append_padded(static_cast<unsigned>(year), 4, out);
  }
  out += '-';
  append_padded(static_cast<unsigned>(date.month()), 2, out);
  out += '-';
  append_padded(static_cast<unsigned>(date.day()), 2, out);
  out += 'T';
  append_padded(next(3'600'000), 2, out);
  out += ':';
  append_padded(next(60'000), 2, out);
  out += ':';
  append_padded(next(1000), 2, out);
  out += '.';
  append_padded(left, 3, out);
}

/// Appends "2026-07-14T09:30:00.000Z".
inline void append_utc_text(TimeMs time, std::string& out) {
  append_clock_text(time, out);
  out += 'Z';
}

/// "2026-07-14T09:30:00.000": what a clock shows that has come to `time`, without the zone that it is set to.
[[nodiscard]] inline std::string clock_text(TimeMs time) {
  std::string text;
  append_clock_text(time, text);
  return text;
}

/// "2026-07-14T09:30:00.000Z".
[[nodiscard]] inline std::string utc_text(TimeMs time) {
  return clock_text(time) + 'Z';
}

}  // namespace nines::engine
