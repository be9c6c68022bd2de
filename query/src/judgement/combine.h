// From judged series to the measured timeline of their server: holding forward, and the quorum of locations.
#pragma once

#include <span>
#include <vector>

#include <nines/server.h>
#include <nines/timeline.h>

#include "judgement/pieces.h"

namespace nines::query {

/// Known and unknown spans into `out` (cleared first); holes are unknown. `series` are judged, `rules` a server's.
void combine_series(std::span<const Series> series, std::span<const Rules> rules, std::vector<Span>& out);

/// The state of a server whose locations are in these states; `quorum` 0 is more than half of the known.
struct Votes {
  std::uint32_t up = 0;
  std::uint32_t degraded = 0;
  std::uint32_t down = 0;
};
[[nodiscard]] State state_of(const Votes& votes, std::uint32_t quorum) noexcept;

}  // namespace nines::query
