// How soon outages were noticed. SEMANTICS.md, "Incidents", has the rules.
#pragma once

#include <optional>
#include <span>

#include <nines/incident.h>
#include <nines/server.h>
#include <nines/types.h>

namespace nines {

/// Means of whole milliseconds, from the start of an incident on.
struct ReactionTimes {
  std::optional<double> mttd_ms;  ///< to Incident::detected_at, over those that have one
  std::optional<double> mtta_ms;  ///< to the first acknowledgement, over those that have one; from before the start: 0
  friend bool operator==(const ReactionTimes&, const ReactionTimes&) = default;
};

/// Of those `incidents` of `server` that began at `from` or later, which is the window's start, so that each is counted
/// once over the days of a month.
[[nodiscard]] ReactionTimes reaction_times(std::span<const Incident> incidents, const Server& server, TimeMs from);

}  // namespace nines
