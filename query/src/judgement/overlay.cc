// What the catalog says about a stretch of time: maintenance, pauses and corrections, by precedence.
#include <algorithm>
#include <chrono>

#include <nines/calendar.h>
#include <nines/overlay.h>
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

Result<void> add_recurring(const Maintenance& maintenance, std::size_t index, Window window,
                           std::vector<Overlay>& found) {
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
    if (!maintenance.effective.contains(begin)) continue;
    found.push_back({{begin, begin + length}, {CatalogEntry::Kind::maintenance, index}, State::maintenance});
  }
  return {};
}

// The parts of `entries` inside `window` as spans of their state, which is the same for all; overlaps joined.
std::vector<Span> joined(std::vector<Overlay> entries, Window window) {
  std::sort(entries.begin(), entries.end(),
            [](const Overlay& a, const Overlay& b) { return a.window.from < b.window.from; });
  std::vector<Span> spans;
  std::int64_t done_ms = to_ms(window.from);
  for (const Overlay& entry : entries) {
    const std::int64_t end_ms = std::min(to_ms(entry.window.to), to_ms(window.to));
    append_span(spans, std::max(to_ms(entry.window.from), done_ms), end_ms, entry.state);
    done_ms = std::max(done_ms, end_ms);
  }
  return spans;
}

}  // namespace

Result<std::vector<Overlay>> overlay_entries(const Server& server, Window window, MaintenancePolicy policy) {
  std::vector<Overlay> entries;
  if (window.empty()) return entries;
  const bool measured = policy == MaintenancePolicy::as_measured;
  for (std::size_t i = 0; i < server.maintenance.size() && !measured; ++i) {
    const Maintenance& maintenance = server.maintenance[i];
    if (maintenance.repeat == Maintenance::Repeat::once) {
      entries.push_back({maintenance.once, {CatalogEntry::Kind::maintenance, i}, State::maintenance});
    } else if (auto added = add_recurring(maintenance, i, window, entries); !added) {
      return tl::unexpected(added.error());
    }
  }
  for (std::size_t i = 0; i < server.paused.size(); ++i) {
    entries.push_back({server.paused[i], {CatalogEntry::Kind::pause, i}, State::paused});
  }
  for (std::size_t i = 0; i < server.corrections.size(); ++i) {
    const Correction& correction = server.corrections[i];
    if (measured && correction.state == State::maintenance) continue;
    entries.push_back({correction.window, {CatalogEntry::Kind::correction, i}, correction.state});
  }
  return entries;
}

std::string note_of(const Server& server, const CatalogEntry& entry) {
  if (entry.kind == CatalogEntry::Kind::maintenance) return server.maintenance.at(entry.index).note;
  return entry.kind == CatalogEntry::Kind::correction ? server.corrections.at(entry.index).note : std::string();
}

Result<std::vector<Span>> overlay(const Server& server, Window window, MaintenancePolicy policy) {
  const auto entries = overlay_entries(server, window, policy);
  if (!entries) return tl::unexpected(entries.error());
  std::vector<Span> spans;
  std::vector<Span> laid;
  // Maintenance of whatever entry is one layer, as pauses are; each correction is a layer of its own.
  for (auto begin = entries->begin(); begin != entries->end();) {
    const auto kind = begin->entry.kind;
    auto end = begin + 1;
    while (kind != CatalogEntry::Kind::correction && end != entries->end() && end->entry.kind == kind) ++end;
    lay_over(spans, joined({begin, end}, window), laid);
    std::swap(spans, laid);
    begin = end;
  }
  return spans;
}

}  // namespace nines
