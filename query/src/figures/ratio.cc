// Ratios and percentages, and the policies that they depend on.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include <nines/query.h>
#include <nines/uptime.h>

namespace nines {
namespace {

struct MaintenanceName {
  std::string_view name;
  MaintenancePolicy policy;
};
constexpr std::array kMaintenanceNames = {MaintenanceName{"exclude", MaintenancePolicy::exclude},
                                          MaintenanceName{"as-up", MaintenancePolicy::as_up},
                                          MaintenanceName{"as-measured", MaintenancePolicy::as_measured}};
struct UnknownName {
  std::string_view name;
  UnknownPolicy policy;
};
constexpr std::array kUnknownNames = {UnknownName{"exclude", UnknownPolicy::exclude},
                                      UnknownName{"as-down", UnknownPolicy::as_down},
                                      UnknownName{"as-up", UnknownPolicy::as_up}};

}  // namespace

std::optional<MaintenancePolicy> parse_maintenance_policy(std::string_view text) noexcept {
  for (const auto& [name, policy] : kMaintenanceNames) {
    if (name == text) return policy;
  }
  return std::nullopt;
}

std::optional<UnknownPolicy> parse_unknown_policy(std::string_view text) noexcept {
  for (const auto& [name, policy] : kUnknownNames) {
    if (name == text) return policy;
  }
  return std::nullopt;
}

std::string_view to_string(Source source) noexcept {
  return source == Source::results ? "results" : "summaries";
}

std::string_view to_string(Reason reason) noexcept {
  switch (reason) {
    case Reason::short_window:
      return "short_window";
    case Reason::asked:
      return "asked";
    case Reason::partial_day:
      return "partial_day";
    case Reason::whole_days:
      return "whole_days";
    case Reason::overlay_edge:
      return "overlay_edge";
    case Reason::rule_change:
      return "rule_change";
    case Reason::bucket_edge:
      return "bucket_edge";
    case Reason::inner_gap:
      return "inner_gap";
    case Reason::look_back:
      return "look_back";
    case Reason::look_ahead:
      return "look_ahead";
    case Reason::no_results:
      return "no_results";
    case Reason::lost_summary:
      return "lost_summary";
  }
  return "";
}

bool is_worse(State a, State b) noexcept {
  return std::find(kWorstFirst.begin(), kWorstFirst.end(), a) < std::find(kWorstFirst.begin(), kWorstFirst.end(), b);
}

std::int64_t TimePerState::total_ms() const noexcept {
  return std::accumulate(ms.begin(), ms.end(), std::int64_t{0});
}

TimePerState& TimePerState::operator+=(const TimePerState& other) noexcept {
  for (std::size_t i = 0; i < ms.size(); ++i) ms[i] += other.ms[i];
  return *this;
}

std::optional<double> uptime_ratio(const TimePerState& time, const Policy& policy) noexcept {
  std::int64_t all = time.known_ms();
  // Most bars of most servers.
  if (all > 0 && all == time[State::up] && all == time.total_ms()) return 1.0;
  double good =
      static_cast<double>(time[State::up]) + policy.degraded_weight * static_cast<double>(time[State::degraded]);
  if (policy.maintenance == MaintenancePolicy::as_up) {
    good += static_cast<double>(time[State::maintenance]);
    all += time[State::maintenance];
  }
  if (policy.unknown != UnknownPolicy::exclude) all += time[State::unknown];
  if (policy.unknown == UnknownPolicy::as_up) good += static_cast<double>(time[State::unknown]);
  if (all == 0) return std::nullopt;
  return good / static_cast<double>(all);
}

std::optional<double> coverage_ratio(const TimePerState& time) noexcept {
  const std::int64_t measurable_ms = time.total_ms() - time[State::maintenance] - time[State::paused];
  if (measurable_ms <= 0) return std::nullopt;
  return static_cast<double>(time.known_ms()) / static_cast<double>(measurable_ms);
}

std::string format_percent(double ratio, int digits) {
  digits = std::clamp(digits, 0, 9);
  std::int64_t scale = 1;  // units of the last digit in one percent
  for (int i = 0; i < digits; ++i) scale *= 10;
  const std::int64_t all = 100 * scale;
  ratio = std::clamp(ratio, 0.0, 1.0);
  // A ratio like 0.999 is a little less in binary; what lies that close below a unit is that unit.
  const double exact = ratio * static_cast<double>(all);
  const double nearest = std::round(exact);
  auto units = static_cast<std::int64_t>(std::abs(exact - nearest) < 1e-13 * nearest ? nearest : std::floor(exact));
  if (ratio < 1) units = std::min(units, all - 1);
  if (ratio > 0) units = std::max<std::int64_t>(units, 1);
  std::string text = std::to_string(units / scale);
  if (digits == 0) return text;
  std::string fraction = std::to_string(units % scale);
  fraction.insert(0, static_cast<std::size_t>(digits) - fraction.size(), '0');
  return text + "." + fraction;
}

}  // namespace nines
