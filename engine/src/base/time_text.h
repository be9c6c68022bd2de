// Moments as text, as RFC 3339 has them. Pure functions; any thread.
#pragma once

#include <nines/types.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <string>

namespace nines::engine {

/// "2026-07-14T09:30:00.000": what a clock shows that has come to `time`, without the zone that it is set to.
[[nodiscard]] inline std::string clock_text(TimeMs time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

/// "2026-07-14T09:30:00.000Z".
[[nodiscard]] inline std::string utc_text(TimeMs time) {
  return clock_text(time) + 'Z';
}

}  // namespace nines::engine
