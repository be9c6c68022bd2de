// Incidents: maximal confirmed outages of a server's timeline.
//
// An incident is a maximal stretch of `down` in the timeline. What interrupts down time ends the incident, be it
// success, maintenance, a pause, a correction or not knowing; stretches that are less than Rules::merge_within (at the
// later one's start) apart are one incident.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nines/check_result.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

struct Incident {
  ServerId server{};
  TimeMs from{};                        ///< its own start, which may lie before the window
  std::optional<TimeMs> to;             ///< its end; none when it is not over at the window's end
  std::int64_t duration_ms = 0;         ///< the part inside the window, what merging joined included
  std::int64_t down_ms = 0;             ///< of that, time in state down
  std::uint64_t failed_checks = 0;      ///< failed checks made inside the window and the incident, from all locations
  std::uint16_t code = 0;               ///< of the first failure: the check that made the server down at `from`
  ErrorClass error = ErrorClass::none;  ///< likewise; `none` when a correction says down where no check failed
  std::string detail;                   ///< likewise
  std::vector<LocationId> locations;    ///< down in it before the window's end, ascending; empty for a correction alone

  [[nodiscard]] bool ongoing() const noexcept { return !to.has_value(); }
  friend bool operator==(const Incident&, const Incident&) = default;
};

struct IncidentList {
  std::vector<Incident> incidents;  ///< ascending by start, then server
  Explain explain;
};

/// Incidents with a part in the window, of each of `servers` (none: of all). Errors as timeline().
[[nodiscard]] Result<IncidentList> incidents(const Store& store, std::span<const ServerId> servers, const Query& query);

}  // namespace nines
