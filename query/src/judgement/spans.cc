#include "judgement/spans.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace nines::query {

void append_span(std::vector<Span>& spans, std::int64_t from_ms, std::int64_t to_ms, State state) {
  if (to_ms <= from_ms) return;
  if (!spans.empty() && spans.back().to_ms == from_ms && spans.back().state == state) {
    spans.back().to_ms = to_ms;
    return;
  }
  spans.push_back({from_ms, to_ms, state});
}

void lay_over(std::span<const Span> base, std::span<const Span> top, std::vector<Span>& out) {
  out.clear();
  if (top.empty()) {
    out.assign(base.begin(), base.end());
    return;
  }
  auto under = base.begin();
  std::int64_t done_ms = base.empty() ? 0 : base.front().from_ms;  // base before this has been taken or is hidden
  const auto take_base_until = [&](std::int64_t limit_ms) {
    while (under != base.end() && under->from_ms < limit_ms) {
      append_span(out, std::max(under->from_ms, done_ms), std::min(under->to_ms, limit_ms), under->state);
      if (under->to_ms > limit_ms) break;
      ++under;
    }
  };
  for (const Span& over : top) {
    take_base_until(over.from_ms);
    append_span(out, over.from_ms, over.to_ms, over.state);
    done_ms = over.to_ms;
    while (under != base.end() && under->to_ms <= done_ms) ++under;
  }
  while (under != base.end()) {
    append_span(out, std::max(under->from_ms, done_ms), under->to_ms, under->state);
    ++under;
  }
}

void cover(std::span<const Span> spans, std::int64_t from_ms, std::int64_t to_ms, std::vector<Span>& out) {
  out.clear();
  std::int64_t done_ms = from_ms;
  for (auto it = span_at(spans, from_ms); it != spans.end() && it->from_ms < to_ms; ++it) {
    append_span(out, done_ms, std::max(done_ms, it->from_ms), State::unknown);
    const std::int64_t end_ms = std::min(it->to_ms, to_ms);
    append_span(out, std::max(it->from_ms, from_ms), end_ms, it->state);
    done_ms = end_ms;
  }
  append_span(out, done_ms, to_ms, State::unknown);
}

std::span<const Span>::iterator span_at(std::span<const Span> spans, std::int64_t time_ms) noexcept {
  return std::upper_bound(spans.begin(), spans.end(), time_ms,
                          [](std::int64_t time, const Span& span) { return time < span.to_ms; });
}

StateStart start_of(std::span<const Span> spans, std::span<const Span>::iterator at) noexcept {
  assert(at->state != State::unknown);
  StateStart start{at->from_ms, at->from_ms};
  if (at->state != State::down) return start;
  while (at != spans.begin()) {
    --at;
    start.rests_on_ms = at->to_ms;
    if (at->state == State::down) {
      start.from_ms = at->from_ms;
    } else if (at->state != State::unknown) {
      return start;
    }
  }
  start.rests_on_ms = std::numeric_limits<std::int64_t>::min();
  return start;
}

}  // namespace nines::query
