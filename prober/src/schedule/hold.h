// For how long a stored result speaks, by the rule of query/: until the next one, at most this.
#pragma once

#include <nines/server.h>

#include <chrono>
#include <cstdint>

namespace nines::prober {

/// Rules::stale_after, or 2.5 intervals and the timeout. `interval_ms` is the result's own; 0 means the rules'.
[[nodiscard]] inline std::chrono::milliseconds hold_of(const Rules& rules, std::uint32_t interval_ms) noexcept {
  if (rules.stale_after > std::chrono::milliseconds{0}) return rules.stale_after;
  return (interval_ms != 0 ? std::chrono::milliseconds{interval_ms} : rules.interval) * 5 / 2 + rules.timeout;
}

}  // namespace nines::prober
