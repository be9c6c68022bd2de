// For how long a stored result says something, and with it the state of a server: until the next one, at most this.
#pragma once

#include <nines/server.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace nines::engine {

/// No hold is longer: keeps sums of times far from overflow. 100 years.
inline constexpr std::chrono::milliseconds kMaxHold = std::chrono::days{36'525};

/// Rules::stale_after, or 2.5 intervals and the timeout. `interval_ms` is the result's own; 0 means the rules'.
[[nodiscard]] inline std::chrono::milliseconds hold_of(const Rules& rules, std::int64_t interval_ms) noexcept {
  using std::chrono::milliseconds;
  if (rules.stale_after.count() > 0) return std::min<milliseconds>(rules.stale_after, kMaxHold);
  const milliseconds interval = interval_ms != 0 ? milliseconds{interval_ms} : rules.interval;
  return std::min<milliseconds>(interval * 5 / 2 + rules.timeout, kMaxHold);
}

}  // namespace nines::engine
