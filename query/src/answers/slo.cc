// Error budgets and burn rates of one server.
#include <nines/slo.h>

#include <algorithm>

#include <nines/timeline.h>
#include <nines/uptime.h>

#include "figures/budget.h"
#include "figures/figures.h"

namespace nines {
namespace {

using query::Allowance;
using query::Share;
using query::share_of;

// The share of the latest `length` before the end of `line`; none when less than half of what could be known is.
std::optional<Share> latest(const Timeline& line, std::chrono::minutes length, const Policy& policy) {
  const Window window{line.window.to - length, line.window.to};
  const TimePerState time = time_per_state(line.spans, window);
  const std::int64_t planned_ms = time[State::maintenance] + time[State::paused];
  const std::int64_t half_ms = (window.length().count() - planned_ms) / 2;
  const Share share = share_of(time, policy);
  if (time.known_ms() == 0 || time.known_ms() < half_ms) return std::nullopt;
  return share;
}

BurnRate burn_rate(const Timeline& line, const BurnWindow& window, const Policy& policy, const Allowance& allowance) {
  BurnRate burn{window, {}, {}, false, allowance.can_burn(window.factor)};
  const auto over_long = latest(line, window.length, policy);
  const auto over_short = latest(line, window.short_length, policy);
  if (over_long) burn.rate = allowance.rate(*over_long);
  if (over_short) burn.short_rate = allowance.rate(*over_short);
  burn.firing = over_long && over_short && allowance.burns(*over_long, window.factor) &&
                allowance.burns(*over_short, window.factor);
  return burn;
}

Window period_of(TimeMs end, const BudgetPeriod& period) {
  // The moment before the end: a window that ends with a month belongs to it.
  if (period.unit) return calendar_window(end - std::chrono::milliseconds{1}, *period.unit, period.zone);
  return {std::max(from_ms(0), end - period.rolling), end};
}

// When nothing of the budget is left if bad time goes on as in the last day of `line`; none when that is not before
// `by`.
std::optional<TimeMs> exhaustion(const PeriodBudget& budget, const Timeline& line, const Policy& policy, TimeMs by) {
  if (budget.spent_ms > 0 && budget.remaining_ms <= 0) return line.window.to;
  constexpr std::chrono::hours kRateOver{24};
  const Share recent = share_of(time_per_state(line.spans, {line.window.to - kRateOver, line.window.to}), policy);
  if (recent.bad_ms == 0) return std::nullopt;
  const double left = static_cast<double>(budget.remaining_ms) / static_cast<double>(recent.bad_ms);
  const double wait_ms = left * static_cast<double>(std::chrono::milliseconds{kRateOver}.count());
  if (wait_ms >= static_cast<double>((by - line.window.to).count())) return std::nullopt;
  return line.window.to + std::chrono::milliseconds{static_cast<std::int64_t>(wait_ms)};
}

// `ends` is when the budget is another one.
PeriodBudget period_budget(const Timeline& line, Window period, TimeMs ends, const Policy& policy,
                           const Allowance& allowance) {
  PeriodBudget budget;
  budget.window = period;
  const TimePerState time = time_per_state(line.spans, {period.from, line.window.to});
  std::int64_t length_ms = period.length().count() - time[State::paused];
  if (policy.maintenance != MaintenancePolicy::as_up) length_ms -= time[State::maintenance];
  budget.budget_ms = allowance.budget_ms(length_ms);
  budget.spent_ms = share_of(time, policy).bad_ms;
  budget.remaining_ms = budget.budget_ms - budget.spent_ms;
  if (budget.budget_ms > 0) {
    budget.spent_ratio = static_cast<double>(budget.spent_ms) / static_cast<double>(budget.budget_ms);
  }
  for (const double threshold : kBudgetThresholds) {
    const double reached_ms = threshold * static_cast<double>(budget.budget_ms);
    if (budget.spent_ms > 0 && static_cast<double>(budget.spent_ms) >= reached_ms) budget.threshold = threshold;
  }
  budget.exhausted_at = exhaustion(budget, line, policy, ends);
  return budget;
}

Result<double> objective_of(const Server& server, const SloOptions& options) {
  const std::optional<double> objective = options.objective ? options.objective : server.objective;
  if (!objective) {
    return fail(ErrorCode::invalid_argument, "\"" + server.name + "\" has no objective, and none was given");
  }
  if (auto valid = query::validate_objective(*objective); !valid) return tl::unexpected(valid.error());
  return *objective;
}

Result<BudgetPeriod> checked(const BudgetPeriod& period) {
  if (period.unit || (period.rolling.count() >= 1 && period.rolling <= kMaxRollingDays)) return period;
  return fail(ErrorCode::invalid_argument, "a budget is for 1 to " + std::to_string(kMaxRollingDays.count()) +
                                               " days, or for a unit of the calendar");
}

Result<BudgetPeriod> period_for(const Server& server, const SloOptions& options) {
  if (options.period) return checked(*options.period);
  const auto zone = Zone::find(server.level.timezone);
  if (!zone) return tl::unexpected(zone.error());
  return parse_budget_period(server.level.period, *zone);
}

}  // namespace

Result<BudgetPeriod> parse_budget_period(std::string_view text, const Zone& zone) {
  BudgetPeriod period;
  period.zone = zone;
  if (text.empty()) return period;
  if (const auto unit = parse_calendar_unit(text)) {
    period.unit = *unit;
    return period;
  }
  const auto span = parse_duration(text);
  const std::chrono::days whole = span ? std::chrono::floor<std::chrono::days>(*span) : std::chrono::days{0};
  if (!span || whole != *span) {
    return fail(ErrorCode::invalid_argument,
                "a budget's period is hour, day, week, month, quarter, year, or days as 30d");
  }
  period.unit.reset();
  period.rolling = whole;
  return checked(period);
}

Result<SloAnswer> slo(const Store& store, ServerId server, const Query& query, const SloOptions& options) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  const auto objective = objective_of(**entry, options);
  if (!objective) return tl::unexpected(objective.error());
  const auto budget_period = period_for(**entry, options);
  if (!budget_period) return tl::unexpected(budget_period.error());

  // One timeline serves the window, the burn windows and the period, which may begin before it.
  Query wide = query;
  const TimeMs end = std::min(query.window.to, query.now);
  const Window period = period_of(end, *budget_period);
  wide.window.from = std::max(from_ms(0), std::min({query.window.from, end - kBurnWindows.back().length, period.from}));
  auto line = timeline(store, server, wide);
  if (!line) return tl::unexpected(line.error());

  SloAnswer answer;
  answer.server = server;
  answer.objective = *objective;
  // A window behind now is empty where it begins, as in every answer.
  answer.window.to = std::max(query.window.from, line->window.to);
  answer.window.from = std::clamp(query.window.from, line->window.from, answer.window.to);
  answer.time = time_per_state(line->spans, answer.window);
  answer.uptime_ratio = uptime_ratio(answer.time, query.policy);
  const Allowance allowance(*objective);
  const Share share = share_of(answer.time, query.policy);
  answer.budget_ms = allowance.budget_ms(share.over_ms);
  answer.spent_ms = share.bad_ms;
  answer.remaining_ms = answer.budget_ms - answer.spent_ms;
  if (answer.uptime_ratio) answer.met = answer.remaining_ms >= 0;
  if (answer.budget_ms > 0) {
    answer.remaining_ratio = static_cast<double>(answer.remaining_ms) / static_cast<double>(answer.budget_ms);
  }
  const TimeMs ends = budget_period->unit ? period.to : kTimeLimit;
  answer.period = period_budget(*line, period, ends, query.policy, allowance);
  for (std::size_t i = 0; i < kBurnWindows.size(); ++i) {
    answer.burn[i] = burn_rate(*line, kBurnWindows[i], query.policy, allowance);
  }
  answer.explain = std::move(line->explain);
  return answer;
}

}  // namespace nines
