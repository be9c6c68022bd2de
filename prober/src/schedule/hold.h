// For how long a stored result speaks, by the rule of query/: until the next one, at most this.
#pragma once

#include <nines/check_result.h>
#include <nines/server.h>

#include <chrono>

namespace nines::prober {

/// The interval that was in force when `result` was written.
[[nodiscard]] inline std::chrono::milliseconds interval_of(const CheckResult& result, const Rules& rules) noexcept {
  return result.interval_ms != 0 ? std::chrono::milliseconds{result.interval_ms} : rules.interval;
}

/// Rules::stale_after, or 2.5 intervals and the timeout.
[[nodiscard]] inline std::chrono::milliseconds hold_of(const CheckResult& result, const Rules& rules) noexcept {
  if (rules.stale_after > std::chrono::milliseconds{0}) return rules.stale_after;
  return interval_of(result, rules) * 5 / 2 + rules.timeout;
}

}  // namespace nines::prober
