// Operations on ascending lists of spans that do not overlap. Holes are allowed unless said otherwise.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <nines/timeline.h>

namespace nines::query {

/// Appends [from, to) in `state`, which must not begin before the list ends; joins equal neighbours. Nothing when
/// empty.
void append_span(std::vector<Span>& spans, std::int64_t from_ms, std::int64_t to_ms, State state);

/// `top` laid over `base` into `out` (cleared first; neither input): where both say something, `top` does.
void lay_over(std::span<const Span> base, std::span<const Span> top, std::vector<Span>& out);

/// `spans` within [from, to) into `out` (cleared first), holes filled with unknown.
void cover(std::span<const Span> spans, std::int64_t from_ms, std::int64_t to_ms, std::vector<Span>& out);

/// The first span that ends after `time_ms`.
[[nodiscard]] std::span<const Span>::iterator span_at(std::span<const Span> spans, std::int64_t time_ms) noexcept;

/// When a state began, and back to when one has to look to say so: before all time where the list's beginning decides.
struct StateStart {
  std::int64_t from_ms;
  std::int64_t rests_on_ms;
};

/// Of the known state of `*at`: it begins with its span, and down time goes on through unknown time, as incidents do.
/// Requires: `at` is in `spans`, and its state is not unknown.
[[nodiscard]] StateStart start_of(std::span<const Span> spans, std::span<const Span>::iterator at) noexcept;

/// Whether a span holds `time_ms`.
[[nodiscard]] inline bool covers(std::span<const Span> spans, std::int64_t time_ms) noexcept {
  if (spans.empty()) return false;
  const auto found = span_at(spans, time_ms);
  return found != spans.end() && found->from_ms <= time_ms;
}

}  // namespace nines::query
