// A server's rules under a question's policy: how long results hold, and how many confirm.
#pragma once

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>

#include <nines/known_history.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/server.h>

#include "base/hold.h"

namespace nines::query {

/// Before and after all time.
inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
inline constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::max();

inline constexpr std::int64_t kMaxHoldMs = engine::kMaxHold.count();
/// No result holds longer by its own interval, which has 32 bits, and a day of timeout. 125 days.
inline constexpr std::int64_t kLongestHoldMs = std::int64_t{0xffff'ffff} * 5 / 2 + kDayMs;

/// The beginning of the UTC day that a moment lies in. Requires: a time from 0 on.
[[nodiscard]] constexpr std::int64_t day_start(std::int64_t time_ms) noexcept {
  assert(time_ms >= 0);
  return time_ms - time_ms % kDayMs;
}

/// How long a result written under `rules` with `interval_ms` of its own (0: the rules') says something.
[[nodiscard]] inline std::int64_t hold_ms(const Rules& rules, std::int64_t interval_ms) noexcept {
  return engine::hold_of(rules, interval_ms).count();
}

[[nodiscard]] inline std::uint64_t failures_to_confirm(const Rules& rules, const Policy& policy) noexcept {
  return std::max<std::uint16_t>(policy.confirm_failures.value_or(rules.confirm_failures), 1);
}

[[nodiscard]] inline std::uint64_t successes_to_end(const Rules& rules, const Policy& policy) noexcept {
  return std::max<std::uint16_t>(policy.confirm_successes.value_or(rules.confirm_successes), 1);
}

/// How far beyond a window results have to be seen to judge the window in the usual case; what needs more is found out
/// and read in a second step.
struct Reach {
  std::int64_t back_ms = 0;
  std::int64_t ahead_ms = 0;
  std::optional<std::chrono::milliseconds> longest_interval{};  ///< of any result of the server, where it is known
  const KnownHistory* known = nullptr;                          ///< of the store, where it keeps such knowledge
};
/// `longest_interval` as in Reach.
[[nodiscard]] Reach reach(const Server& server, const Policy& policy, Window window,
                          std::optional<std::chrono::milliseconds> longest_interval) noexcept;

/// No result before `floor` says something at this moment or later, under the rules alone, if none of them has an
/// interval of its own above `longest_interval_ms`.
[[nodiscard]] std::int64_t held_until_ms(const Server& server, std::int64_t floor_ms,
                                         std::int64_t longest_interval_ms) noexcept;

/// `invalid_argument` naming the member that is out of its bounds.
[[nodiscard]] Result<void> validate(const Policy& policy);

}  // namespace nines::query
