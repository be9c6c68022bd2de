// Incidents: confirmed outages of a server's timeline. SEMANTICS.md, "Incidents", has the rules.
//
// An incident is a property of the history, not of the question: only `window_ms` and `down_at_window_end` depend on
// the window.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <nines/check_result.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

struct Incident {
  ServerId server{};
  TimeMs from{};                    ///< its own start, which may lie before the window
  std::optional<TimeMs> to;         ///< its own end, which may lie after the window; none when it is not over now
  bool end_seen = true;             ///< false: unknown time followed the outage, so `to` is where knowledge ran out
  bool down_at_window_end = false;  ///< not over there, and not in a gap between two outages that merging joined
  std::int64_t duration_ms = 0;     ///< from `from` to `to`, or to now
  std::int64_t window_ms = 0;       ///< of that, what lies inside the window
  std::int64_t window_down_ms = 0;  ///< of that, time in state down
  std::int64_t down_ms = 0;         ///< of the whole, time in state down: less than it where time in it is unknown
                                    ///< or merging joined two outages
  /// When the check came that confirmed it: with it as many places as it takes had confirmed failures. Not before
  /// `from`. None where a correction says down, and without FiguresOptions::details.
  std::optional<TimeMs> detected_at;
  std::uint64_t failed_checks = 0;      ///< as CheckCounts::failed, from its start to its end, of all locations
  std::uint16_t code = 0;               ///< of the first failure: the check that made the server down at `from`
  ErrorClass error = ErrorClass::none;  ///< likewise; `none` when a correction says down where no check failed
  std::string detail;                   ///< likewise
  std::vector<LocationId> locations;    ///< down in it, ascending; empty for a correction alone

  [[nodiscard]] bool ongoing() const noexcept { return !to.has_value(); }
  friend bool operator==(const Incident&, const Incident&) = default;
};

/// The down time of the incidents that one kind of failure began.
struct CauseDowntime {
  ErrorClass error = ErrorClass::none;  ///< of Incident::error
  std::uint16_t code = 0;               ///< of Incident::code
  std::uint64_t incidents = 0;
  std::int64_t down_ms = 0;  ///< inside the window
  friend bool operator==(const CauseDowntime&, const CauseDowntime&) = default;
};
/// By down time, greatest first; then by class and code.
[[nodiscard]] std::vector<CauseDowntime> downtime_by_cause(std::span<const Incident> incidents);

/// Annotations of the server that are about this incident, in their order: those whose moment lies in it, without
/// changes by hand.
[[nodiscard]] std::vector<Annotation> annotations_of(const Server& server, const Incident& incident);

/// When somebody first said that they had seen it; none when nobody did.
[[nodiscard]] std::optional<TimeMs> acknowledged_at(std::span<const Annotation> annotations) noexcept;

struct IncidentList {
  std::vector<Incident> incidents;  ///< ascending by start, then server
  Explain explain;
};

/// Incidents with a part in the window, of each of `servers` (none: of all). Errors as timeline().
[[nodiscard]] Result<IncidentList> incidents(const Store& store, std::span<const ServerId> servers, const Query& query);

}  // namespace nines
