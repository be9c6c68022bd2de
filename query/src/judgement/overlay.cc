// What the catalog says about a stretch of time: maintenance, pauses and corrections, by precedence.
#include <algorithm>
#include <chrono>

#include <nines/calendar.h>
#include <nines/timeline.h>

#include "judgement/spans.h"

namespace nines {
namespace {

using query::append_span;
using query::lay_over;

// Local dates are counted as days since 1970 in the zone's own calendar.
std::int64_t local_day(TimeMs time, const Zone& zone) {
  const auto local = time + zone.offset(time);
  return std::chrono::floor<std::chrono::days>(local).time_since_epoch().count();
}

bool starts_on(const Maintenance& maintenance, std::int64_t day) {
  const std::chrono::sys_days date{std::chrono::days{day}};
  switch (maintenance.repeat) {
    case Maintenance::Repeat::once:
      return false;
    case Maintenance::Repeat::daily:
      return true;
    case Maintenance::Repeat::weekly:
      return ((maintenance.weekdays >> std::chrono::weekday{date}.c_encoding()) & 1U) != 0;
    case Maintenance::Repeat::monthly:
      return unsigned{std::chrono::year_month_day{date}.day()} == maintenance.day_of_month;
  }
  return false;
}

Result<void> add_recurring(const Maintenance& maintenance, Window window, std::vector<Window>& found) {
  const auto zone = Zone::find(maintenance.timezone);
  if (!zone) return tl::unexpected(zone.error());
  const std::chrono::milliseconds length = maintenance.length;
  const std::chrono::milliseconds start = maintenance.start;
  // A day of slack on both sides: a zone's offset may change between a date's midnight and the moment looked up.
  const std::int64_t first = local_day(window.from - length, *zone) - 1;
  const std::int64_t last = local_day(window.to, *zone) + 1;
  for (std::int64_t day = first; day <= last; ++day) {
    if (!starts_on(maintenance, day)) continue;
    const TimeMs begin = zone->from_local(day * kDayMs + start.count());
    if (maintenance.effective.contains(begin)) found.push_back({begin, begin + length});
  }
  return {};
}

// The parts of `windows` inside `window` as spans of one state, overlaps joined.
std::vector<Span> joined(std::vector<Window> windows, Window window, State state) {
  std::sort(windows.begin(), windows.end(), [](const Window& a, const Window& b) { return a.from < b.from; });
  std::vector<Span> spans;
  std::int64_t done_ms = to_ms(window.from);
  for (const Window& part : windows) {
    const std::int64_t end_ms = std::min(to_ms(part.to), to_ms(window.to));
    append_span(spans, std::max(to_ms(part.from), done_ms), end_ms, state);
    done_ms = std::max(done_ms, end_ms);
  }
  return spans;
}

}  // namespace

Result<std::vector<Span>> overlay(const Server& server, Window window, MaintenancePolicy policy) {
  if (window.empty()) return std::vector<Span>{};
  const bool measured = policy == MaintenancePolicy::as_measured;
  std::vector<Window> planned;
  for (const Maintenance& maintenance : server.maintenance) {
    if (measured) break;
    if (maintenance.repeat == Maintenance::Repeat::once) {
      planned.push_back(maintenance.once);
    } else if (auto added = add_recurring(maintenance, window, planned); !added) {
      return tl::unexpected(added.error());
    }
  }
  std::vector<Span> spans;
  lay_over(joined(std::move(planned), window, State::maintenance), joined(server.paused, window, State::paused), spans);
  for (const Correction& correction : server.corrections) {
    if (measured && correction.state == State::maintenance) continue;
    std::vector<Span> corrected;
    lay_over(spans, joined({correction.window}, window, correction.state), corrected);
    spans = std::move(corrected);
  }
  return spans;
}

}  // namespace nines
