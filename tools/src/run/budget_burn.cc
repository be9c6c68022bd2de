#include "run/budget_burn.h"

#include <fmt/format.h>
#include <nines/slo.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "show/times.h"

namespace nines::tools {
namespace {

// "burning 14.4 times too fast over 1h and 5m; 31 % of the error budget is left".
std::string burn_text(const SloAnswer& slo, const BurnRate& burn) {
  std::string text =
      fmt::format("burning {:.1f} times the error budget over {} and {:.1f} times over {}", *burn.rate,
                  format_duration(burn.window.length), *burn.short_rate, format_duration(burn.window.short_length));
  if (slo.remaining_ratio && *slo.remaining_ratio < 0) {
    text += fmt::format("; it is overspent by {:.0f} %", std::ceil(-*slo.remaining_ratio * 100));
  } else if (slo.remaining_ratio) {
    text += fmt::format("; {:.0f} % of it is left", std::floor(*slo.remaining_ratio * 100));
  }
  if (slo.period.threshold) {
    text += fmt::format(", and {:.0f} % of the period's was reached", *slo.period.threshold * 100);
  }
  return text;
}

// One of the two windows alone says that a budget does not burn, and both have to say that it does.
bool is_known_calm(const BurnRate& burn) {
  const auto below = [&](const std::optional<double>& rate) { return rate && *rate < burn.window.factor; };
  return below(burn.rate) || below(burn.short_rate) || (burn.rate && burn.short_rate);
}

}  // namespace

std::optional<BudgetBurn> burn_of(const Store& store, ServerId id, TimeMs now) {
  const auto catalog = store.catalog();
  const Server* const server = catalog->find(id);
  if (server == nullptr || !server->objective) return BudgetBurn{};
  Query query;
  query.window = {now - std::chrono::days{30}, now};
  query.now = now;
  const auto answer = slo(store, id, query);
  if (!answer) return std::nullopt;
  const auto burn = std::find_if(answer->burn.begin(), answer->burn.end(), [](const BurnRate& b) { return b.firing; });
  if (burn == answer->burn.end()) {
    // What was not measured lately may burn or not: it begins nothing, and ends nothing.
    const bool known = std::all_of(answer->burn.begin(), answer->burn.end(), is_known_calm);
    return known ? std::optional(BudgetBurn{}) : std::nullopt;
  }
  return BudgetBurn{true, burn_text(*answer, *burn)};
}

}  // namespace nines::tools
