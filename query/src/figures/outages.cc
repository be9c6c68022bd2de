#include "figures/outages.h"

#include <algorithm>

#include "judgement/spans.h"

namespace nines::query {
namespace {

struct Outage {
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;
};

// All outages that were judged, those that are close together joined.
std::vector<Outage> find_outages(const ServerReader& reader) {
  std::vector<Outage> outages;
  for (const Span& span : reader.judged()) {
    if (span.state != State::down) continue;
    const std::int64_t merge_ms = reader.server().rules_at(from_ms(span.from_ms)).merge_within.count();
    if (!outages.empty() && span.from_ms - outages.back().to_ms < merge_ms) {
      outages.back().to_ms = span.to_ms;
    } else {
      outages.push_back({span.from_ms, span.to_ms});
    }
  }
  return outages;
}

// The piece that makes a location down at `time_ms`, or null.
const Piece* down_at(const Series& series, std::int64_t time_ms) {
  auto next = std::upper_bound(series.pieces.begin(), series.pieces.end(), time_ms,
                               [](std::int64_t time, const Piece& piece) { return time < piece.first_ms; });
  if (next == series.pieces.begin()) return nullptr;
  const Piece& piece = *--next;
  return piece.judged == State::down && time_ms < piece.last_ms + piece.hold_ms ? &piece : nullptr;
}

// The failures of one location in [from, to).
std::uint64_t failures_in(const Series& series, std::int64_t from_ms, std::int64_t to_ms) {
  std::uint64_t failures = 0;
  auto piece = std::lower_bound(series.pieces.begin(), series.pieces.end(), from_ms,
                                [](const Piece& p, std::int64_t time) { return p.last_ms < time; });
  for (; piece != series.pieces.end() && piece->first_ms < to_ms; ++piece) {
    if (piece->measured != State::down) continue;
    if ((piece->first_ms >= from_ms && piece->last_ms < to_ms) || piece->first_failure == kNone) {
      failures += piece->count;
      continue;
    }
    const auto first = series.failure_ms.begin() + piece->first_failure;
    const auto last = first + piece->count;
    failures +=
        static_cast<std::uint64_t>(std::lower_bound(first, last, to_ms) - std::lower_bound(first, last, from_ms));
  }
  return failures;
}

bool was_down(const Series& series, std::int64_t from_ms, std::int64_t to_ms) {
  if (down_at(series, from_ms) != nullptr) return true;
  const auto begin = std::lower_bound(series.pieces.begin(), series.pieces.end(), from_ms,
                                      [](const Piece& p, std::int64_t time) { return p.first_ms < time; });
  const auto end = std::lower_bound(begin, series.pieces.end(), to_ms,
                                    [](const Piece& p, std::int64_t time) { return p.first_ms < time; });
  return std::any_of(begin, end, [](const Piece& piece) { return piece.judged == State::down; });
}

struct Cause {
  const Series* series = nullptr;
  const Piece* piece = nullptr;
};

// The failure that made the server down: one made at that moment before one that still held.
Cause cause_of(const ServerReader& reader, std::int64_t time_ms) {
  Cause cause;
  for (const Series& series : reader.history().all()) {
    const Piece* const piece = down_at(series, time_ms);
    if (piece == nullptr) continue;
    if (cause.piece == nullptr || (piece->first_ms == time_ms && cause.piece->first_ms != time_ms)) {
      cause = {&series, piece};
    }
  }
  return cause;
}

// The time of the cause's check that holds at `time_ms`.
std::int64_t cause_time(const Cause& cause, std::int64_t time_ms) {
  const Piece& piece = *cause.piece;
  if (time_ms >= piece.last_ms) return piece.last_ms;
  if (piece.first_failure == kNone) return piece.first_ms;
  const auto first = cause.series->failure_ms.begin() + piece.first_failure;
  return *(std::upper_bound(first, first + piece.count, time_ms) - 1);
}

Result<std::string> read_detail(ServerReader& reader, const Store& store, LocationId location, std::int64_t time_ms) {
  const ScanOptions options{{.latency = false, .phases = false, .details = true}, std::chrono::milliseconds{0}};
  auto cursor = store.scan(reader.server().id, {from_ms(time_ms), from_ms(time_ms + 1)}, options);
  if (!cursor) return tl::unexpected(cursor.error());
  std::string text;
  while (true) {
    const auto segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    for (const Detail& detail : (*segment)->details) {
      if ((*segment)->location == location && (*segment)->time_ms[detail.index] == time_ms) text = detail.text;
    }
  }
  reader.explain().cost += (*cursor)->cost();
  return text;
}

Result<void> add_cause(Incident& incident, ServerReader& reader, const Store& store, bool details) {
  const Cause cause = cause_of(reader, to_ms(incident.from));
  if (cause.piece == nullptr) return {};
  const Piece& piece = *cause.piece;
  incident.code = piece.code;
  incident.error = piece.error;
  if (!details) return {};
  const std::int64_t time_ms = cause_time(cause, to_ms(incident.from));
  const bool at_first = time_ms == piece.first_ms;
  if (piece.summarised || (!at_first && time_ms != piece.last_ms)) {
    auto text = read_detail(reader, store, cause.series->location, time_ms);
    if (!text) return tl::unexpected(text.error());
    incident.detail = std::move(*text);
    return {};
  }
  const std::uint32_t index = at_first ? piece.first_detail : piece.last_detail;
  if (index != kNone) incident.detail = reader.history().detail(index);
  return {};
}

Incident describe(const ServerReader& reader, const Outage& outage) {
  const Window window = reader.window();
  const std::int64_t begin_ms = std::max(outage.from_ms, to_ms(window.from));
  const std::int64_t end_ms = std::min(outage.to_ms, to_ms(window.to));
  Incident incident;
  incident.server = reader.server().id;
  incident.from = from_ms(outage.from_ms);
  if (outage.to_ms <= to_ms(window.to)) incident.to = from_ms(outage.to_ms);
  incident.duration_ms = end_ms - begin_ms;
  const auto spans = reader.spans();
  for (auto it = span_at(spans, begin_ms); it != spans.end() && it->from_ms < end_ms; ++it) {
    if (it->state == State::down) incident.down_ms += std::min(it->to_ms, end_ms) - std::max(it->from_ms, begin_ms);
  }
  for (const Series& series : reader.history().all()) {
    incident.failed_checks += failures_in(series, begin_ms, end_ms);
    if (was_down(series, outage.from_ms, end_ms)) incident.locations.push_back(series.location);
  }
  return incident;
}

}  // namespace

Result<std::vector<Incident>> find_incidents(ServerReader& reader, const Store& store, bool details) {
  std::vector<Incident> incidents;
  const Window window = reader.window();
  if (window.empty()) return incidents;
  const auto outages = find_outages(reader);
  incidents.reserve(outages.size());
  for (const Outage& outage : outages) {
    if (outage.to_ms <= to_ms(window.from) || outage.from_ms >= to_ms(window.to)) continue;
    Incident incident = describe(reader, outage);
    if (auto added = add_cause(incident, reader, store, details); !added) return tl::unexpected(added.error());
    incidents.push_back(std::move(incident));
  }
  return incidents;
}

}  // namespace nines::query
