// A window beside the one before it.
#include <nines/comparison.h>

#include <algorithm>

namespace nines {
namespace {

std::int64_t begun_in(const Figures& figures) {
  return std::count_if(figures.incidents.begin(), figures.incidents.end(),
                       [&](const Incident& incident) { return figures.window.contains(incident.from); });
}

std::optional<double> change(std::optional<double> now, std::optional<double> before) {
  if (!now || !before) return std::nullopt;
  return *now - *before;
}

std::optional<double> p95_of(const Figures& figures) {
  if (!figures.latency) return std::nullopt;
  return figures.latency->p95_us;
}

}  // namespace

PreviousPeriod natural_period(Window window, const Zone& zone) noexcept {
  for (const CalendarUnit unit : {CalendarUnit::year, CalendarUnit::quarter, CalendarUnit::month, CalendarUnit::week,
                                  CalendarUnit::day, CalendarUnit::hour}) {
    if (!window.empty() && calendar_window(window.from, unit, zone) == window) return {unit, zone};
  }
  return {std::nullopt, zone};
}

Window previous_window(Window window, const PreviousPeriod& period) noexcept {
  const auto length = window.length();
  Window before{std::max(from_ms(0), window.from - length), window.from};
  if (!period.unit) return before;
  const Window own = calendar_window(window.from, *period.unit, period.zone);
  const Window unit = calendar_window(own.from - std::chrono::milliseconds{1}, *period.unit, period.zone);
  before.from = std::min(unit.from + (window.from - own.from), unit.to);
  before.to = std::min(before.from + length, unit.to);
  // A window that ends with its unit is compared with a whole one, however long that is.
  if (window.to == own.to) before.to = unit.to;
  return before;
}

Result<Comparison> compare(const Store& store, ServerId server, const Query& query, const PreviousPeriod& period,
                           const FiguresOptions& options) {
  Query frame = query;
  frame.window.to = std::max(query.window.from, std::min(query.window.to, query.now));
  auto now = uptime(store, server, frame, options);
  if (!now) return tl::unexpected(now.error());
  frame.window = previous_window(frame.window, period);
  auto before = uptime(store, server, frame, options);
  if (!before) return tl::unexpected(before.error());
  Comparison comparison;
  comparison.explain = std::move(now->explain);
  comparison.explain.cost += before->explain.cost;
  comparison.explain.plan.insert(comparison.explain.plan.end(), before->explain.plan.begin(),
                                 before->explain.plan.end());
  comparison.now = std::move(now->figures);
  comparison.before = std::move(before->figures);
  comparison.uptime_change = change(comparison.now.uptime_ratio, comparison.before.uptime_ratio);
  comparison.p95_change_us = change(p95_of(comparison.now), p95_of(comparison.before));
  comparison.down_change_ms = comparison.now.time[State::down] - comparison.before.time[State::down];
  comparison.incidents_change = begun_in(comparison.now) - begun_in(comparison.before);
  return comparison;
}

}  // namespace nines
