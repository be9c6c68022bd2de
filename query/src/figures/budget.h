// Error budgets in whole milliseconds. SEMANTICS.md, "Objectives", has the rules.
#pragma once

#include <cstdint>

#include <nines/query.h>
#include <nines/result.h>

namespace nines::query {

/// What a ratio is made of under a policy.
struct Share {
  std::int64_t bad_ms = 0;   ///< degraded time by what it lacks of its weight, rounded up
  std::int64_t over_ms = 0;  ///< the time that the ratio is over
};
[[nodiscard]] Share share_of(const TimePerState& time, const Policy& policy) noexcept;

/// The bad share that an objective allows, in parts of 1e9, so that budgets are exact for objectives of nine digits.
class Allowance {
 public:
  /// Requires: validate_objective(objective).
  explicit Allowance(double objective) noexcept;
  /// What of `over_ms` may be bad, in whole milliseconds, rounded down.
  [[nodiscard]] std::int64_t budget_ms(std::int64_t over_ms) const noexcept;
  /// Whether `share` burns at least `factor` (to a tenth) times what is allowed.
  [[nodiscard]] bool burns(const Share& share, double factor) const noexcept;
  /// bad ratio / allowed ratio. Requires: share.over_ms > 0.
  [[nodiscard]] double rate(const Share& share) const noexcept;
  /// Whether anything could burn `factor` times what is allowed: all time being bad is 1 / (1 - objective).
  [[nodiscard]] bool can_burn(double factor) const noexcept;

 private:
  std::int64_t parts_;
};

/// `invalid_argument` unless in (0, 1), and not closer to either than 1e-9.
[[nodiscard]] Result<void> validate_objective(double objective);

}  // namespace nines::query
