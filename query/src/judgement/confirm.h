// Confirmation: which failures are an outage, and which successes end it. The rules are in <nines/timeline.h>.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include <nines/query.h>

#include "judgement/pieces.h"

namespace nines::query {

/// How far the judgement of a series can be relied on.
struct Verdict {
  /// Before this moment it may be different once results before the first piece are known.
  std::int64_t open_until_ms = std::numeric_limits<std::int64_t>::min();
  /// From this moment on it may be different once results after the last piece are known.
  std::int64_t open_from_ms = std::numeric_limits<std::int64_t>::max();
  bool may_have_blips = false;  ///< false: is_blip() holds for no piece
};

/// Sets Piece::judged of the whole series, as if nothing preceded it; at each of `pause_ends` (ascending) it begins
/// anew. Results before `horizon_ms` are in the series. Requires: no piece lies on both sides of a pause's end.
Verdict confirm(Series& series, const Policy& policy, std::span<const std::int64_t> pause_ends,
                std::int64_t horizon_ms) noexcept;

/// Whether `piece` is failures that no outage confirms.
[[nodiscard]] inline bool is_blip(const Piece& piece) noexcept {
  return piece.measured == State::down && piece.judged != State::down;
}

}  // namespace nines::query
