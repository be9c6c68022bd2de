#include "judgement/judging.h"

#include <nines/hold.h>

namespace nines {

std::chrono::milliseconds hold_of(const Rules& rules, std::uint32_t interval_ms) noexcept {
  return engine::hold_of(rules, interval_ms);
}

}  // namespace nines

namespace nines::query {

Reach reach(const Server& server, const Policy& policy, Window window,
            std::optional<std::chrono::milliseconds> longest_interval) noexcept {
  Reach reach;
  reach.longest_interval = longest_interval;
  for (std::size_t i = 0; i < server.rules.size(); ++i) {
    const Rules& rules = server.rules[i];
    const std::int64_t hold = hold_ms(rules, 0);
    const std::int64_t failures = static_cast<std::int64_t>(failures_to_confirm(rules, policy));
    const std::int64_t successes = static_cast<std::int64_t>(successes_to_end(rules, policy));
    const std::int64_t merge = std::clamp<std::int64_t>(rules.merge_within.count(), 0, kMaxHoldMs);
    const std::int64_t longest = longest_interval ? hold_ms(rules, longest_interval->count()) : hold;
    const std::int64_t back = std::min(std::max(hold * successes + merge, longest), kMaxHoldMs);
    // Rules count for the look back while one of their results may still say something at the window's start.
    const bool over =
        i + 1 < server.rules.size() && to_ms(server.rules[i + 1].effective_from) + back <= to_ms(window.from);
    const bool begun = i == 0 || to_ms(rules.effective_from) <= to_ms(window.from);
    if (begun && !over) reach.back_ms = std::max(reach.back_ms, back);
    const bool gone = i + 1 < server.rules.size() && server.rules[i + 1].effective_from <= window.from;
    // One millisecond at least: the result at the window's very end says whether an outage goes on.
    const std::int64_t ahead = hold * (std::max(failures, successes) - 1) + merge + 1;
    if (!gone) reach.ahead_ms = std::max(reach.ahead_ms, std::min(ahead, kMaxHoldMs));
  }
  return reach;
}

std::int64_t held_until_ms(const Server& server, std::int64_t floor_ms, std::int64_t longest_interval_ms) noexcept {
  std::int64_t until_ms = kNever;
  const std::vector<Rules>& rules = server.rules;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (i > 0 && to_ms(rules[i].effective_from) >= floor_ms) break;
    const bool last = i + 1 == rules.size();
    const std::int64_t end_ms = last ? floor_ms : std::min(floor_ms, to_ms(rules[i + 1].effective_from));
    const std::int64_t hold = std::max(hold_ms(rules[i], 0), hold_ms(rules[i], longest_interval_ms));
    until_ms = std::max(until_ms, end_ms + hold);
  }
  return until_ms;
}

Result<void> validate(const Policy& policy) {
  if (!(policy.degraded_weight >= 0 && policy.degraded_weight <= 1)) {
    return fail(ErrorCode::invalid_argument, "the weight of degraded time must lie in [0, 1]");
  }
  if (policy.confirm_failures == std::uint16_t{0}) {
    return fail(ErrorCode::invalid_argument, "confirm-failures must be at least 1");
  }
  if (policy.confirm_successes == std::uint16_t{0}) {
    return fail(ErrorCode::invalid_argument, "confirm-successes must be at least 1");
  }
  return {};
}

}  // namespace nines::query
