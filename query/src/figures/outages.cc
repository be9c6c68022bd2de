#include "figures/outages.h"

#include <algorithm>
#include <map>
#include <utility>

#include "figures/failures.h"
#include "judgement/readable.h"
#include "judgement/spans.h"

namespace nines::query {
namespace {

// The failures of one location in [from, to) that the catalog does not lie over.
Result<std::uint64_t> failures_in(ServerReader& reader, const Store& store, const Series& series, std::int64_t from_ms,
                                  std::int64_t to_ms) {
  std::uint64_t failures = 0;
  auto piece = std::lower_bound(series.pieces.begin(), series.pieces.end(), from_ms,
                                [](const Piece& p, std::int64_t time) { return p.last_ms < time; });
  for (; piece != series.pieces.end() && piece->first_ms < to_ms; ++piece) {
    if (piece->measured != State::down || covers(reader.overlay(), piece->first_ms)) continue;
    if (piece->first_ms >= from_ms && piece->last_ms < to_ms) {
      failures += piece->count;
      continue;
    }
    const auto times = failure_times(reader, store, series, *piece);
    if (!times) return tl::unexpected(times.error());
    failures += static_cast<std::uint64_t>(std::lower_bound(times->begin(), times->end(), to_ms) -
                                           std::lower_bound(times->begin(), times->end(), from_ms));
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
Result<std::int64_t> cause_time(ServerReader& reader, const Store& store, const Cause& cause, std::int64_t time_ms) {
  const Piece& piece = *cause.piece;
  if (time_ms >= piece.last_ms) return piece.last_ms;
  if (time_ms == piece.first_ms) return piece.first_ms;
  const auto times = failure_times(reader, store, *cause.series, piece);
  if (!times) return tl::unexpected(times.error());
  return *(std::upper_bound(times->begin(), times->end(), time_ms) - 1);
}

Result<std::string> read_detail(ServerReader& reader, const Store& store, LocationId location, std::int64_t time_ms) {
  const ScanOptions options{{.latency = false, .phases = false, .details = true}, std::chrono::milliseconds{0}};
  auto cursor = store.scan(reader.server().id, {from_ms(time_ms), from_ms(time_ms + 1)}, options);
  if (!cursor) return tl::unexpected(cursor.error());
  std::string text;
  std::vector<Hole> unread;
  while (true) {
    const auto segment = next_readable(**cursor, unread);
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
  const auto found = cause_time(reader, store, cause, to_ms(incident.from));
  if (!found) return tl::unexpected(found.error());
  const std::int64_t time_ms = *found;
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

// Whether the last moment of the window lies in the outage itself, not between two that merging joined.
bool down_at_end(const ServerReader& reader, const Outage& outage) {
  const std::int64_t end_ms = to_ms(reader.window().to);
  if (!outage.open && outage.to_ms <= end_ms) return false;
  const auto spans = reader.spans();
  auto span = spans.end();
  while (span != spans.begin()) {
    --span;
    if (span->state != State::unknown) return span->state == State::down;
  }
  // All of the window is unknown: the outage, which it has a part in, is open.
  return true;
}

Result<Incident> describe(ServerReader& reader, const Store& store, const Outage& outage, bool details) {
  const Window window = reader.window();
  const std::int64_t end_ms = outage.open ? to_ms(reader.now()) : outage.to_ms;
  Incident incident;
  incident.server = reader.server().id;
  incident.from = from_ms(outage.from_ms);
  if (!outage.open) incident.to = from_ms(outage.to_ms);
  incident.end_seen = outage.end_seen;
  incident.down_at_window_end = down_at_end(reader, outage);
  incident.duration_ms = end_ms - outage.from_ms;
  incident.window_ms = std::min(end_ms, to_ms(window.to)) - std::max(outage.from_ms, to_ms(window.from));
  const auto judged = reader.judged();
  for (auto it = span_at(judged, outage.from_ms); it != judged.end() && it->from_ms < end_ms; ++it) {
    if (it->state != State::down) continue;
    const std::int64_t until_ms = std::min(it->to_ms, end_ms);
    incident.down_ms += until_ms - it->from_ms;
    const std::int64_t inside_from_ms = std::max(it->from_ms, to_ms(window.from));
    incident.window_down_ms += std::max<std::int64_t>(0, std::min(until_ms, to_ms(window.to)) - inside_from_ms);
  }
  if (details) {
    const auto detected = detection_time(reader, store, from_ms(outage.from_ms));
    if (!detected) return tl::unexpected(detected.error());
    incident.detected_at = *detected;
  }
  for (const Series& series : reader.history().all()) {
    const auto failures = failures_in(reader, store, series, outage.from_ms, end_ms);
    if (!failures) return tl::unexpected(failures.error());
    incident.failed_checks += *failures;
    if (was_down(series, outage.from_ms, end_ms)) incident.locations.push_back(series.location);
  }
  return incident;
}

}  // namespace

Result<std::vector<Incident>> find_incidents(ServerReader& reader, const Store& store, bool details) {
  std::vector<Incident> incidents;
  const Window window = reader.window();
  if (window.empty()) return incidents;
  const auto concerns = [&](const Outage& outage) { return outage.reaches_into(to_ms(window.from), to_ms(window.to)); };
  incidents.reserve(
      static_cast<std::size_t>(std::count_if(reader.outages().begin(), reader.outages().end(), concerns)));
  for (const Outage& outage : reader.outages()) {
    if (!concerns(outage)) continue;
    auto incident = describe(reader, store, outage, details);
    if (!incident) return tl::unexpected(incident.error());
    if (auto added = add_cause(*incident, reader, store, details); !added) return tl::unexpected(added.error());
    incidents.push_back(std::move(*incident));
  }
  return incidents;
}

}  // namespace nines::query

namespace nines {

std::vector<Annotation> annotations_of(const Server& server, const Incident& incident) {
  std::vector<Annotation> found;
  for (const Annotation& annotation : server.annotations) {
    if (annotation.kind == Annotation::Kind::change) continue;
    if (annotation.at < incident.from || (incident.to && annotation.at >= *incident.to)) continue;
    found.push_back(annotation);
  }
  return found;
}

std::optional<TimeMs> acknowledged_at(std::span<const Annotation> annotations) noexcept {
  std::optional<TimeMs> first;
  for (const Annotation& annotation : annotations) {
    if (annotation.kind != Annotation::Kind::acknowledged) continue;
    if (!first || annotation.made_at < *first) first = annotation.made_at;
  }
  return first;
}

std::vector<CauseDowntime> downtime_by_cause(std::span<const Incident> incidents) {
  std::map<std::pair<ErrorClass, std::uint16_t>, CauseDowntime> causes;
  for (const Incident& incident : incidents) {
    CauseDowntime& cause = causes[{incident.error, incident.code}];
    cause.error = incident.error;
    cause.code = incident.code;
    ++cause.incidents;
    cause.down_ms += incident.window_down_ms;
  }
  std::vector<CauseDowntime> sorted;
  for (const auto& [kind, cause] : causes) sorted.push_back(cause);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const CauseDowntime& a, const CauseDowntime& b) { return a.down_ms > b.down_ms; });
  return sorted;
}

}  // namespace nines
