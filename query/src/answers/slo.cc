// Error budgets and burn rates.
#include <nines/slo.h>

#include <algorithm>

#include <nines/timeline.h>
#include <nines/uptime.h>

#include "figures/budget.h"
#include "figures/figures.h"
#include "judgement/reader.h"
#include "time/text.h"

namespace nines {
namespace query {

Budget budget_of(const TimePerState& time, const Policy& policy, double objective) noexcept {
  Budget budget;
  budget.total_ms = (1 - objective) * static_cast<double>(time.known_ms());
  const auto ratio = uptime_ratio(time, policy);
  if (!ratio) return budget;
  std::int64_t over_ms = time.known_ms();
  if (policy.maintenance == MaintenancePolicy::as_up) over_ms += time[State::maintenance];
  if (policy.unknown != UnknownPolicy::exclude) over_ms += time[State::unknown];
  budget.spent_ms = (1 - *ratio) * static_cast<double>(over_ms);
  budget.met = *ratio >= objective;
  return budget;
}

Result<void> validate_objective(double objective) {
  if (objective > 0 && objective < 1) return {};
  return fail(ErrorCode::invalid_argument, "an objective is a ratio above 0 and below 1, such as 0.999");
}

}  // namespace query

namespace {

// The latest stretch of `length` before the end of `all`, as far as `all` reaches.
Window latest(Window all, std::chrono::minutes length) {
  return {std::max(all.from, all.to - length), all.to};
}

std::optional<double> burn(const std::vector<Span>& spans, Window window, const Policy& policy, double objective) {
  const auto ratio = uptime_ratio(time_per_state(spans, window), policy);
  if (!ratio) return std::nullopt;
  return (1 - *ratio) / (1 - objective);
}

}  // namespace

Result<SloAnswer> slo(const Store& store, ServerId server, const Query& query, std::optional<double> objective) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  if (!objective) objective = (*entry)->objective;
  if (!objective) {
    return fail(ErrorCode::invalid_argument,
                query::concat({"\"", (*entry)->name, "\" has no objective, and none was given"}));
  }
  if (auto valid = query::validate_objective(*objective); !valid) return tl::unexpected(valid.error());

  // One timeline serves the window and the burn windows, which may begin before it.
  Query wide = query;
  const TimeMs end = std::min(query.window.to, query.now);
  wide.window.from = std::max(from_ms(0), std::min(query.window.from, end - kBurnWindows.back().length));
  auto timeline_ = timeline(store, server, wide);
  if (!timeline_) return tl::unexpected(timeline_.error());

  SloAnswer answer;
  answer.server = server;
  answer.objective = *objective;
  answer.window.to = timeline_->window.to;
  answer.window.from = std::clamp(query.window.from, timeline_->window.from, timeline_->window.to);
  answer.time = time_per_state(timeline_->spans, answer.window);
  answer.uptime_ratio = uptime_ratio(answer.time, query.policy);
  const query::Budget budget = query::budget_of(answer.time, query.policy, *objective);
  answer.budget_ms = budget.total_ms;
  answer.spent_ms = budget.spent_ms;
  answer.remaining_ms = budget.total_ms - budget.spent_ms;
  answer.met = budget.met;
  if (budget.total_ms > 0) answer.remaining_ratio = answer.remaining_ms / budget.total_ms;
  for (std::size_t i = 0; i < kBurnWindows.size(); ++i) {
    BurnRate& rate = answer.burn[i];
    rate.window = kBurnWindows[i];
    rate.rate = burn(timeline_->spans, latest(timeline_->window, rate.window.length), query.policy, *objective);
    rate.short_rate =
        burn(timeline_->spans, latest(timeline_->window, rate.window.short_length), query.policy, *objective);
    rate.firing = rate.rate.value_or(0) >= rate.window.factor && rate.short_rate.value_or(0) >= rate.window.factor;
  }
  answer.explain = std::move(timeline_->explain);
  return answer;
}

}  // namespace nines
