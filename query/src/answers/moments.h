// Several timelines walked together, moment by moment.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <nines/timeline.h>
#include <nines/types.h>

#include "judgement/spans.h"

namespace nines::query {

/// The spans of what `decide` makes of the members' states at each moment of `window`: it gets a std::span of
/// std::optional<State>, one a member, none where a member's timeline has not begun, and returns a State.
template <class Decide>
[[nodiscard]] std::vector<Span> combine_moments(std::span<const std::vector<Span>> members, Window window,
                                                Decide&& decide) {
  std::vector<Span> combined;
  std::vector<std::size_t> next(members.size(), 0);
  std::vector<std::optional<State>> states(members.size());
  std::int64_t time_ms = to_ms(window.from);
  while (time_ms < to_ms(window.to)) {
    std::int64_t change_ms = to_ms(window.to);
    for (std::size_t i = 0; i < members.size(); ++i) {
      states[i].reset();
      while (next[i] < members[i].size() && members[i][next[i]].to_ms <= time_ms) ++next[i];
      if (next[i] == members[i].size()) continue;
      const Span& span = members[i][next[i]];
      if (span.from_ms > time_ms) {
        change_ms = std::min(change_ms, span.from_ms);
        continue;
      }
      change_ms = std::min(change_ms, span.to_ms);
      states[i] = span.state;
    }
    append_span(combined, time_ms, change_ms, decide(std::span<const std::optional<State>>(states)));
    time_ms = change_ms;
  }
  return combined;
}

}  // namespace nines::query
