// For how long a stored result says something: until the next one, at most this. SEMANTICS.md, "Time", has the rule.
#pragma once

#include <chrono>
#include <cstdint>

#include <nines/server.h>

namespace nines {

/// Rules::stale_after, or 2.5 intervals and the timeout, and at most 100 years. `interval_ms` is the result's own; 0
/// means the rules'. Any thread.
[[nodiscard]] std::chrono::milliseconds hold_of(const Rules& rules, std::uint32_t interval_ms) noexcept;

}  // namespace nines
