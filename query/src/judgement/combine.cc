#include "judgement/combine.h"

#include <algorithm>
#include <limits>

#include "judgement/spans.h"

namespace nines::query {
namespace {

// One location's spans: each piece holds until the next one, at most its hold.
void hold_forward(const Series& series, std::vector<Span>& out) {
  const std::vector<Piece>& pieces = series.pieces;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::int64_t end_ms = pieces[i].last_ms + pieces[i].hold_ms;
    if (i + 1 < pieces.size()) end_ms = std::min(end_ms, pieces[i + 1].first_ms);
    append_span(out, pieces[i].first_ms, end_ms, pieces[i].judged);
  }
}

// The state of each location at one moment after the other.
class Locations {
 public:
  explicit Locations(std::span<const Series> series) : spans_(series.size()), next_(series.size(), 0) {
    for (std::size_t i = 0; i < series.size(); ++i) hold_forward(series[i], spans_[i]);
  }

  [[nodiscard]] Votes at(std::int64_t time_ms) const noexcept {
    Votes votes;
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      if (next_[i] == spans_[i].size() || spans_[i][next_[i]].from_ms > time_ms) continue;
      const State state = spans_[i][next_[i]].state;
      votes.up += state == State::up ? 1 : 0;
      votes.degraded += state == State::degraded ? 1 : 0;
      votes.down += state == State::down ? 1 : 0;
    }
    return votes;
  }
  // Steps past what ends at or before `time_ms`, and returns the next moment when something changes.
  [[nodiscard]] std::int64_t advance(std::int64_t time_ms) noexcept {
    std::int64_t change_ms = std::numeric_limits<std::int64_t>::max();
    for (std::size_t i = 0; i < spans_.size(); ++i) {
      while (next_[i] < spans_[i].size() && spans_[i][next_[i]].to_ms <= time_ms) ++next_[i];
      if (next_[i] == spans_[i].size()) continue;
      const Span& span = spans_[i][next_[i]];
      change_ms = std::min(change_ms, span.from_ms > time_ms ? span.from_ms : span.to_ms);
    }
    return change_ms;
  }

 private:
  std::vector<std::vector<Span>> spans_;
  std::vector<std::size_t> next_;
};

}  // namespace

State state_of(const Votes& votes, std::uint32_t quorum) noexcept {
  const std::uint32_t known = votes.up + votes.degraded + votes.down;
  if (known == 0) return State::unknown;
  const std::uint32_t needed = quorum != 0 ? quorum : known / 2 + 1;
  if (votes.down >= needed) return State::down;
  if (votes.down == known) return State::unknown;
  if (votes.up == 0 || (votes.degraded > 0 && votes.degraded + votes.down >= needed)) return State::degraded;
  return State::up;
}

void combine_series(std::span<const Series> series, std::span<const Rules> rules, std::vector<Span>& out) {
  out.clear();
  if (series.size() == 1 && std::all_of(rules.begin(), rules.end(), [](const Rules& r) { return r.quorum <= 1; })) {
    hold_forward(series.front(), out);
    return;
  }
  Locations locations(series);
  auto rule = rules.begin();
  std::int64_t time_ms = locations.advance(std::numeric_limits<std::int64_t>::min());
  while (time_ms != std::numeric_limits<std::int64_t>::max()) {
    while (rule + 1 != rules.end() && to_ms((rule + 1)->effective_from) <= time_ms) ++rule;
    std::int64_t next_ms = locations.advance(time_ms);
    if (next_ms == std::numeric_limits<std::int64_t>::max()) break;
    if (rule + 1 != rules.end()) next_ms = std::min(next_ms, to_ms((rule + 1)->effective_from));
    append_span(out, time_ms, next_ms, state_of(locations.at(time_ms), rule->quorum));
    time_ms = next_ms;
  }
}

}  // namespace nines::query
