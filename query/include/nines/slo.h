// Service level objectives: error budget and burn rates.
//
// The alert windows and factors are those of the Site Reliability Workbook (Beyer et al., O'Reilly 2018), chapter 5,
// "Alerting on SLOs", for a 30-day budget.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

/// A pair of windows that both end at the query's end: it fires when both burn at least `factor` times the budget.
struct BurnWindow {
  std::chrono::minutes length;
  std::chrono::minutes short_length;
  double factor;
};
inline constexpr std::array<BurnWindow, 4> kBurnWindows = {{
    {std::chrono::hours{1}, std::chrono::minutes{5}, 14.4},
    {std::chrono::hours{6}, std::chrono::minutes{30}, 6.0},
    {std::chrono::hours{24}, std::chrono::hours{2}, 3.0},
    {std::chrono::hours{72}, std::chrono::hours{6}, 1.0},
}};

/// bad ratio / (1 - objective) over one pair; no value where a window has no known time.
struct BurnRate {
  BurnWindow window;
  std::optional<double> rate;
  std::optional<double> short_rate;
  bool firing = false;
};

struct SloAnswer {
  ServerId server{};
  Window window;  ///< as clipped
  double objective = 0;
  TimePerState time;
  std::optional<double> uptime_ratio;
  double budget_ms = 0;                   ///< (1 - objective) x known time
  double spent_ms = 0;                    ///< bad time: (1 - uptime ratio) x the time that the ratio is over
  double remaining_ms = 0;                ///< budget - spent; negative when overspent
  std::optional<double> remaining_ratio;  ///< remaining / budget; none without known time
  bool met = false;                       ///< the uptime ratio is at least the objective; false without a ratio
  std::array<BurnRate, kBurnWindows.size()> burn;
  Explain explain;
};

/// `objective` (in (0, 1)) instead of the server's own; invalid_argument when neither is given. Burn windows end at
/// the query's clipped `to` and may begin before its `from`. Errors as timeline().
[[nodiscard]] Result<SloAnswer> slo(const Store& store, ServerId server, const Query& query,
                                    std::optional<double> objective = {});

}  // namespace nines
