// Error budgets, for objectives and reports.
#pragma once

#include <nines/query.h>
#include <nines/result.h>

namespace nines::query {

struct Budget {
  double total_ms = 0;  ///< (1 - objective) x known time
  double spent_ms = 0;  ///< bad time under the policy
  bool met = false;     ///< there is a ratio, and it is at least the objective
};
[[nodiscard]] Budget budget_of(const TimePerState& time, const Policy& policy, double objective) noexcept;

/// `invalid_argument` unless in (0, 1).
[[nodiscard]] Result<void> validate_objective(double objective);

}  // namespace nines::query
