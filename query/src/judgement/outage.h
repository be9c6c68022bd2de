// Outages: where a judged timeline is down, those joined that are one incident.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <nines/server.h>
#include <nines/timeline.h>

namespace nines::query {

/// From the first millisecond of down time to the last one's end.
struct Outage {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
  bool open = false;     ///< no other known state has followed
  bool end_seen = true;  ///< false: unknown time followed the down time, so the end is where knowledge ran out

  /// Whether it has a part in [from, to).
  [[nodiscard]] bool reaches_into(std::int64_t from, std::int64_t to) const noexcept {
    return from_ms < to && (open || to_ms > from);
  }
};

/// All outages of `judged` (ascending; holes are unknown) into `out` (cleared first), ascending. Unknown time ends
/// none; those that are closer than Rules::merge_within at the later one's start are one.
void find_outages(std::span<const Span> judged, const Server& server, std::vector<Outage>& out);

}  // namespace nines::query
