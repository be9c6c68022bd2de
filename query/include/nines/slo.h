// Service level objectives: error budgets and burn rates. SEMANTICS.md, "Objectives", has the rules.
//
// The alert windows and factors are those of the Site Reliability Workbook (Beyer et al., O'Reilly 2018), chapter 5,
// "Alerting on SLOs", for a 30-day budget.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nines/calendar.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

/// A pair of windows that both end at the query's end: it fires when both burn at least `factor` times the budget.
struct BurnWindow {
  std::chrono::minutes length;
  std::chrono::minutes short_length;
  double factor;  ///< counts to a tenth
};
inline constexpr std::array<BurnWindow, 4> kBurnWindows = {{
    {std::chrono::hours{1}, std::chrono::minutes{5}, 14.4},
    {std::chrono::hours{6}, std::chrono::minutes{30}, 6.0},
    {std::chrono::hours{24}, std::chrono::hours{2}, 3.0},
    {std::chrono::hours{72}, std::chrono::hours{6}, 1.0},
}};

/// bad ratio / (1 - objective) over one pair; no value for a window of which less than half is known, planned time left
/// out.
struct BurnRate {
  BurnWindow window;
  std::optional<double> rate;
  std::optional<double> short_rate;
  bool firing = false;    ///< exact: a burn that equals its factor fires
  bool can_fire = false;  ///< the objective leaves so little that being down all the time burns `factor` times as much
};

/// What an objective's budget is for: a calendar unit of a zone, or the last so many days.
struct BudgetPeriod {
  std::optional<CalendarUnit> unit = CalendarUnit::month;
  Zone zone;                      ///< of `unit`
  std::chrono::days rolling{30};  ///< without `unit`; 1 to kMaxRollingDays
};
inline constexpr std::chrono::days kMaxRollingDays{366};

/// "month" and the other units of parse_calendar_unit(), or days: "30d". Empty is the calendar month.
/// `invalid_argument` otherwise, and for days out of their bounds.
[[nodiscard]] Result<BudgetPeriod> parse_budget_period(std::string_view text, const Zone& zone);

/// Parts of a period's budget at which teams agree to act: to look, to stop releases, to work on nothing else.
inline constexpr std::array<double, 3> kBudgetThresholds = {0.5, 0.75, 1.0};

/// The budget of the whole period that holds the query's end. Milliseconds.
struct PeriodBudget {
  Window window;               ///< the whole period; it may end in the future
  std::int64_t budget_ms = 0;  ///< (1 - objective) x the period, without its maintenance and pauses so far
  std::int64_t spent_ms = 0;   ///< bad time so far
  std::int64_t remaining_ms = 0;
  double spent_ratio = 0;           ///< spent / budget
  std::optional<double> threshold;  ///< the greatest of kBudgetThresholds that was reached
  /// When nothing will be left if bad time goes on as in the last 24 hours; the query's end when nothing is left now.
  /// None when these hours had none, and when a calendar period ends before.
  std::optional<TimeMs> exhausted_at;
};

struct SloAnswer {
  ServerId server{};
  Window window;  ///< as clipped
  double objective = 0;
  TimePerState time;
  std::optional<double> uptime_ratio;
  std::int64_t budget_ms = 0;             ///< (1 - objective) x the time that the ratio is over, rounded down
  std::int64_t spent_ms = 0;              ///< bad time under the policy
  std::int64_t remaining_ms = 0;          ///< budget - spent; negative when overspent
  std::optional<double> remaining_ratio;  ///< remaining / budget; none without a budget
  std::optional<bool> met;                ///< remaining >= 0; none without a ratio
  PeriodBudget period;
  std::array<BurnRate, kBurnWindows.size()> burn;
  Explain explain;
};

struct SloOptions {
  std::optional<double> objective;     ///< in (0, 1); none: the server's own
  std::optional<BudgetPeriod> period;  ///< none: the server's own, ServiceLevel::period
};

/// Burn windows end at the query's clipped `to` and may begin before its `from`. Errors: as timeline();
/// invalid_argument when there is no objective, or it or the period is out of its bounds.
[[nodiscard]] Result<SloAnswer> slo(const Store& store, ServerId server, const Query& query,
                                    const SloOptions& options = {});

}  // namespace nines
