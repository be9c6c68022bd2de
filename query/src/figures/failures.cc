#include "figures/failures.h"

#include <algorithm>
#include <cassert>

#include "judgement/collect.h"
#include "judgement/judging.h"
#include "judgement/readable.h"
#include "judgement/spans.h"

namespace nines::query {
namespace {

Run run_of(const Piece& piece) {
  Run run;
  run.end = piece.count;
  run.first_ms = piece.first_ms;
  run.last_ms = piece.last_ms;
  return run;
}

// The piece that says something at `time_ms`, or null.
const Piece* holding(const Series& series, std::int64_t time_ms) noexcept {
  auto next = std::upper_bound(series.pieces.begin(), series.pieces.end(), time_ms,
                               [](std::int64_t time, const Piece& piece) { return time < piece.first_ms; });
  if (next == series.pieces.begin()) return nullptr;
  const Piece& piece = *--next;
  return time_ms < piece.last_ms + piece.hold_ms ? &piece : nullptr;
}

// Where in `series` the outage of the place begins that `at` is a part of. Only a success that ends it parts outages.
std::size_t beginning_of(const Series& series, std::size_t at) noexcept {
  std::size_t begin = at;
  while (at > 0) {
    const Piece& before = series.pieces[--at];
    if (before.judged == State::down) {
      begin = at;
    } else if (before.measured != State::unknown) {
      break;
    }
  }
  return begin;
}

// The time of failure `index` of a piece.
Result<std::int64_t> failure_time(ServerReader& reader, const Store& store, const Series& series, const Piece& piece,
                                  std::size_t index) {
  if (index == 0) return piece.first_ms;
  if (index + 1 == piece.count) return piece.last_ms;
  if (piece.first_failure != kNone) return series.failure_ms[piece.first_failure + index];
  const auto times = failure_times(reader, store, series, piece);
  if (!times) return tl::unexpected(times.error());
  return (*times)[index];
}

// When the place's outage that holds at `down` had as many failures as confirm it.
Result<std::int64_t> confirmation_ms(ServerReader& reader, const Store& store, const Series& series,
                                     const Piece& down) {
  const auto at = static_cast<std::size_t>(&down - series.pieces.data());
  std::uint64_t failures = 0;
  for (std::size_t i = beginning_of(series, at); i < series.pieces.size(); ++i) {
    const Piece& piece = series.pieces[i];
    if (piece.measured != State::down) break;
    const std::uint64_t needed = failures_to_confirm(*piece.rules, reader.policy());
    if (failures + piece.count >= needed) {
      return failure_time(reader, store, series, piece, needed > failures ? needed - failures - 1 : 0);
    }
    failures += piece.count;
  }
  return down.first_ms;
}

}  // namespace

const Piece* down_at(const Series& series, std::int64_t time_ms) noexcept {
  const Piece* const piece = holding(series, time_ms);
  return piece != nullptr && piece->judged == State::down ? piece : nullptr;
}

Result<std::vector<std::int64_t>> failure_times(ServerReader& reader, const Store& store, const Series& series,
                                                const Piece& piece) {
  std::vector<std::int64_t> times;
  if (piece.first_failure != kNone) {
    const auto first = series.failure_ms.begin() + piece.first_failure;
    times.assign(first, first + piece.count);
    return times;
  }
  const ScanOptions options{{.latency = false, .phases = false, .details = false}, std::chrono::milliseconds{0}};
  auto cursor = store.scan(reader.server().id, {from_ms(piece.first_ms), from_ms(piece.last_ms + 1)}, options);
  if (!cursor) return tl::unexpected(cursor.error());
  std::vector<Hole> unread;
  while (true) {
    const auto segment = next_readable(**cursor, unread);
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    if ((*segment)->location != series.location) continue;
    const auto found = (*segment)->time_ms.subspan((*segment)->first_in_window);
    times.insert(times.end(), found.begin(), found.end());
  }
  reader.explain().cost += (*cursor)->cost();
  if (times.size() == piece.count) return times;
  times.clear();
  for (std::uint32_t i = 0; i < piece.count; ++i) times.push_back(even_time(run_of(piece), i));
  return times;
}

Result<std::optional<TimeMs>> detection_time(ServerReader& reader, const Store& store, TimeMs from) {
  const std::int64_t from_ms = to_ms(from);
  const auto measured = span_at(reader.measured(), from_ms);
  if (measured == reader.measured().end() || measured->from_ms > from_ms || measured->state != State::down) {
    return std::nullopt;
  }
  std::vector<std::int64_t> confirmed;
  std::size_t known = 0;
  for (const Series& series : reader.history().all()) {
    const Piece* const held = holding(series, from_ms);
    if (held != nullptr && held->judged != State::unknown) ++known;
    const Piece* const down = down_at(series, from_ms);
    if (down == nullptr) continue;
    const auto time_ms = confirmation_ms(reader, store, series, *down);
    if (!time_ms) return tl::unexpected(time_ms.error());
    confirmed.push_back(*time_ms);
  }
  const std::uint16_t quorum = reader.server().rules_at(from).quorum;
  const std::size_t needed = quorum != 0 ? quorum : known / 2 + 1;
  assert(needed <= confirmed.size());
  std::sort(confirmed.begin(), confirmed.end());
  return std::max(nines::from_ms(confirmed[std::min(needed, confirmed.size()) - 1]), from);
}

}  // namespace nines::query
