// A window beside the one before it.
#pragma once

#include <optional>

#include <nines/calendar.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/uptime.h>

namespace nines {

/// What "before" means: as long a stretch right before, or the same part of the calendar unit before.
struct PreviousPeriod {
  std::optional<CalendarUnit> unit;
  Zone zone;  ///< of `unit`
};

/// The largest unit of the zone's calendar that `window` is a whole one of, which is what people mean by "before" a
/// month; none when it is none.
[[nodiscard]] PreviousPeriod natural_period(Window window, const Zone& zone) noexcept;

/// The window that precedes `window`: [from - length, from), or, with a unit, as much of the unit before the one that
/// holds `from` as `window` has of its own: on the tenth of a month the first nine days of the month before. A unit
/// that is too short for it ends it early.
[[nodiscard]] Window previous_window(Window window, const PreviousPeriod& period) noexcept;

struct Comparison {
  Figures now;
  Figures before;
  /// Now less before; none where one of them does not exist.
  std::optional<double> uptime_change;
  std::optional<double> p95_change_us;
  std::int64_t down_change_ms = 0;
  std::int64_t incidents_change = 0;  ///< of those that began in each
  Explain explain;
};

/// The clipped window of `query` and the one before it. Errors as uptime().
[[nodiscard]] Result<Comparison> compare(const Store& store, ServerId server, const Query& query,
                                         const PreviousPeriod& period = {}, const FiguresOptions& options = {});

}  // namespace nines
