// The UTC day as a type of its own. Its number stands where bytes do: in keys, and in what the public headers hand out.
// Pure; any thread.
#pragma once

#include <chrono>
#include <cstdint>

#include <nines/types.h>

namespace nines::engine {

/// As a TimeMs it is the day's first moment.
using UtcDay = std::chrono::sys_days;

/// The day that holds `time`, which is not before 1970.
[[nodiscard]] constexpr UtcDay day_of(TimeMs time) noexcept {
  return std::chrono::time_point_cast<std::chrono::days>(time);
}

/// 0 is 1970-01-01.
[[nodiscard]] constexpr std::int64_t day_number(UtcDay day) noexcept {
  return day.time_since_epoch().count();
}
[[nodiscard]] constexpr UtcDay day_at(std::int64_t number) noexcept {
  return UtcDay{std::chrono::days{number}};
}

/// The first day that no stored time lies in.
inline constexpr UtcDay kDayLimit = day_of(kTimeLimit);
/// The moment before the first that can be stored: where a time is wanted and there is no result.
inline constexpr TimeMs kBeforeAll = from_ms(-1);

}  // namespace nines::engine
