// Cutting a segment to a window. Pure; safe from any thread.
#pragma once

#include <cstdint>
#include <vector>

#include <nines/segment.h>

#include "series/columns.h"

namespace nines::engine {

/// A segment over all of `columns`, with as many columns as were decoded. `details` receives the texts' views.
[[nodiscard]] Segment whole_segment(const SeriesColumns& columns, std::vector<Detail>& details);

/// The bounds of a cut: results with times in [low, high) stay, those from `from` on are in the window.
struct Bounds {
  std::int64_t low = 0;
  std::int64_t from = 0;
  std::int64_t high = 0;
};

enum class Gaps : std::uint8_t {
  bound,  ///< a run that was cut keeps its max_gap_ms, which may then be too long
  exact,  ///< it is measured again, at the cost of walking the run's times
};

/// The part of `whole` within `bounds`, first_in_window set. Where runs or details have to be changed they are put into
/// `runs` and `details`, which the result then points into; `details` may be what `whole` points into already.
[[nodiscard]] Segment cut(const Segment& whole, const Bounds& bounds, Gaps gaps, std::vector<Run>& runs,
                          std::vector<Detail>& details);

}  // namespace nines::engine
