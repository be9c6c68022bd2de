// Service hours: a weekly schedule in a zone, outside of which nothing was promised.
#pragma once

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

struct ServiceHours {
  /// Wall times of a day of the zone, on some of the week's days.
  struct Shift {
    std::uint8_t weekdays = 0;     ///< bit 0 is Sunday ... bit 6 is Saturday
    std::chrono::minutes from{0};  ///< after local midnight
    std::chrono::minutes to{0};    ///< > from, at most 24 h
    friend bool operator==(const Shift&, const Shift&) = default;
  };
  std::vector<Shift> shifts;
  Zone zone;
};

/// "mon-fri 08:00-18:00, sat 09:00-12:30": days, or ranges of them, and times, 24:00 being a day's end. A day may be
/// named more than once. `invalid_argument` otherwise, and for a text without any time.
[[nodiscard]] Result<ServiceHours> parse_service_hours(std::string_view text, const Zone& zone);

/// The parts of `window` that lie in the hours, ascending, those that touch joined. A wall time that a clock change
/// skips is the moment of the change; of one that comes twice it is the first. `invalid_argument` for more than
/// kMaxServiceDays days.
[[nodiscard]] Result<std::vector<Window>> service_windows(const ServiceHours& hours, Window window);
/// A century: a bound on work.
inline constexpr std::int64_t kMaxServiceDays = 36'525;

struct ServiceHoursAnswer {
  Window window;                ///< as clipped
  std::int64_t service_ms = 0;  ///< of the window inside the hours
  TimePerState time;            ///< in the hours
  std::optional<double> uptime_ratio;
  std::optional<double> coverage_ratio;
  Explain explain;
};

/// Time and ratios of the hours in the window. Errors as timeline() and service_windows().
[[nodiscard]] Result<ServiceHoursAnswer> uptime_in_hours(const Store& store, ServerId server, const Query& query,
                                                         const ServiceHours& hours);

}  // namespace nines
