#include "figures/figures.h"

#include <algorithm>

#include "figures/latency_sink.h"
#include "figures/outages.h"
#include "judgement/confirm.h"
#include "judgement/readable.h"
#include "judgement/spans.h"

namespace nines {
namespace query {
namespace {

// The newest piece that ends before the window does; the higher location of two.
const Piece* newest_piece(const ServerReader& reader) {
  const Piece* newest = nullptr;
  for (const Series& series : reader.history().all()) {
    auto end = std::lower_bound(series.pieces.begin(), series.pieces.end(), to_ms(reader.window().to),
                                [](const Piece& piece, std::int64_t time) { return piece.first_ms < time; });
    if (end == series.pieces.begin()) continue;
    const Piece& piece = *--end;
    if (newest == nullptr || piece.last_ms >= newest->last_ms) newest = &piece;
  }
  return newest;
}

LastCheck last_of(const CheckResult& result) {
  return {result.state, result.time, result.latency_us, result.code, result.error};
}

// The check at a known moment, from the highest location.
Result<std::optional<LastCheck>> read_check(ServerReader& reader, const Store& store, std::int64_t time_ms) {
  auto cursor = store.scan(reader.server().id, {from_ms(time_ms), from_ms(time_ms + 1)}, {});
  if (!cursor) return tl::unexpected(cursor.error());
  std::optional<LastCheck> found;
  LocationId location{};
  std::vector<Hole> unread;
  while (true) {
    const auto segment = next_readable(**cursor, unread);
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    for (const Run& run : (*segment)->runs) {
      const std::uint32_t at = run.end - 1;
      if ((*segment)->time_ms[at] != time_ms || (found && (*segment)->location < location)) continue;
      location = (*segment)->location;
      found = LastCheck{run.state, from_ms(time_ms), std::nullopt, run.code, run.error};
      if (run.has_latency) found->latency_us = (*segment)->latency_us[at];
    }
  }
  reader.explain().cost += (*cursor)->cost();
  return found;
}

// The newest piece's check, with its latency.
Result<std::optional<LastCheck>> check_of(ServerReader& reader, const Store& store, const Piece& newest) {
  const auto& read = reader.last_read();
  if (read && to_ms(read->time) == newest.last_ms) return read;
  auto found = read_check(reader, store, newest.last_ms);
  if (!found || *found) return found;
  // The result is gone, its day's summary is still there.
  return LastCheck{newest.measured, from_ms(newest.last_ms), std::nullopt, newest.code, newest.error};
}

Result<std::optional<LastCheck>> find_last(ServerReader& reader, const Store& store) {
  if (reader.window().empty()) return std::nullopt;
  const Piece* newest = newest_piece(reader);
  if (newest != nullptr && newest->last_ms + newest->hold_ms > to_ms(reader.window().from)) {
    return check_of(reader, store, *newest);
  }
  if (!reader.window_ends_now()) return std::nullopt;
  const auto last = store.last_result(reader.server().id);
  if (!last && is_of_one_server(last.error())) return std::nullopt;
  if (!last) return tl::unexpected(last.error());
  if (!*last) return std::nullopt;
  if ((*last)->time < reader.window().to) return last_of(**last);
  // A result from the future hides the newest of the past.
  if (auto found = reader.find_any_result(store); !found) return tl::unexpected(found.error());
  newest = newest_piece(reader);
  if (newest == nullptr) return std::nullopt;
  return check_of(reader, store, *newest);
}

void summarise_incidents(Figures& figures) {
  if (figures.incidents.empty()) return;
  std::int64_t resolved_ms = 0;
  std::int64_t resolved = 0;
  std::int64_t begun = 0;
  std::int64_t longest_ms = 0;
  for (const Incident& incident : figures.incidents) {
    longest_ms = std::max(longest_ms, incident.duration_ms);
    if (incident.from >= figures.window.from) ++begun;
    if (incident.ongoing() || *incident.to > figures.window.to) continue;
    resolved_ms += incident.duration_ms;
    ++resolved;
  }
  const std::int64_t up_ms = figures.time[State::up] + figures.time[State::degraded];
  figures.longest_outage_ms = longest_ms;
  if (begun > 0) figures.mtbf_ms = static_cast<double>(up_ms) / static_cast<double>(begun);
  if (resolved > 0) figures.mttr_ms = static_cast<double>(resolved_ms) / static_cast<double>(resolved);
}

}  // namespace

namespace {

// Visits the pieces of the reader's window.
template <class Visit>
void for_each_piece(const ServerReader& reader, Visit&& visit) {
  const std::int64_t end_ms = to_ms(reader.window().to);
  for (const Series& series : reader.history().all()) {
    auto piece = std::lower_bound(series.pieces.begin(), series.pieces.end(), to_ms(reader.window().from),
                                  [](const Piece& p, std::int64_t time) { return p.first_ms < time; });
    for (; piece != series.pieces.end() && piece->first_ms < end_ms; ++piece) visit(*piece);
  }
}

std::optional<std::int64_t> resolution_ms(const ServerReader& reader) noexcept {
  std::optional<std::int64_t> longest_ms;
  for_each_piece(reader, [&](const Piece& piece) {
    longest_ms = std::max<std::int64_t>(longest_ms.value_or(0), piece.interval_ms);
  });
  return longest_ms;
}

// Measured down time inside of maintenance.
std::int64_t planned_down_ms(const ServerReader& reader) noexcept {
  std::int64_t planned_ms = 0;
  for (const Span& over : reader.overlay()) {
    if (over.state != State::maintenance) continue;
    const std::int64_t begin_ms = std::max(over.from_ms, to_ms(reader.window().from));
    const std::int64_t end_ms = std::min(over.to_ms, to_ms(reader.window().to));
    if (begin_ms >= end_ms) continue;
    const auto measured = reader.measured();
    for (auto span = span_at(measured, begin_ms); span != measured.end() && span->from_ms < end_ms; ++span) {
      if (span->state == State::down) planned_ms += std::min(span->to_ms, end_ms) - std::max(span->from_ms, begin_ms);
    }
  }
  return planned_ms;
}

void set_ratios(Figures& figures, ServerReader& reader) {
  Policy policy = reader.policy();
  figures.uptime_ratio = uptime_ratio(figures.time, policy);
  figures.coverage_ratio = coverage_ratio(figures.time);
  figures.uptime_unconfirmed = uptime_ratio(reader.time_with_blips_down(), policy);
  if (figures.time[State::unknown] == 0) {
    figures.uptime_lower = figures.uptime_upper = figures.uptime_ratio;
    return;
  }
  policy.unknown = UnknownPolicy::as_down;
  figures.uptime_lower = uptime_ratio(figures.time, policy);
  policy.unknown = UnknownPolicy::as_up;
  figures.uptime_upper = uptime_ratio(figures.time, policy);
}

}  // namespace

CheckCounts count_checks(const ServerReader& reader) noexcept {
  CheckCounts counts;
  for_each_piece(reader, [&](const Piece& piece) {
    counts.checks += piece.count;
    if (piece.measured == State::unknown || covers(reader.overlay(), piece.first_ms)) return;
    const bool failed = piece.measured == State::down;
    (failed ? counts.failed : counts.successful) += piece.count;
    if (is_blip(piece)) counts.blips += piece.count;
  });
  return counts;
}

std::vector<PlaceFigures> figures_of_places(const ServerReader& reader) {
  std::vector<PlaceFigures> places;
  const std::int64_t begin_ms = to_ms(reader.window().from);
  const std::int64_t end_ms = to_ms(reader.window().to);
  for (const Series& series : reader.history().all()) {
    PlaceFigures place{series.location, 0, 0, 0};
    bool seen = false;
    for (std::size_t i = 0; i < series.pieces.size(); ++i) {
      const Piece& piece = series.pieces[i];
      std::int64_t until_ms = std::min(piece.last_ms + piece.hold_ms, end_ms);
      if (i + 1 < series.pieces.size()) until_ms = std::min(until_ms, series.pieces[i + 1].first_ms);
      const std::int64_t held_ms = until_ms - std::max(piece.first_ms, begin_ms);
      if (held_ms > 0) seen = true;
      if (held_ms > 0 && piece.judged == State::down) place.down_ms += held_ms;
      if (piece.first_ms < begin_ms || piece.first_ms >= end_ms) continue;
      place.checks += piece.count;
      if (piece.measured == State::down) place.failed_checks += piece.count;
    }
    if (seen || place.checks > 0) places.push_back(place);
  }
  return places;
}

Result<Figures> compose_figures(ServerReader& reader, const Store& store, bool details) {
  Figures figures;
  figures.server = reader.server().id;
  figures.window = reader.window();
  figures.holes = reader.holes();
  for (const Span& span : reader.spans()) figures.time[span.state] += span.length_ms();
  set_ratios(figures, reader);
  figures.planned_down_ms = planned_down_ms(reader);
  if (!figures.window.empty()) {
    figures.current = Streak{reader.spans().back().state, reader.since()};
  }
  figures.counts = count_checks(reader);
  figures.resolution_ms = resolution_ms(reader);
  const std::uint64_t decided = figures.counts.successful + figures.counts.failed;
  if (decided > 0) {
    figures.check_success_ratio = static_cast<double>(figures.counts.successful) / static_cast<double>(decided);
  }
  auto incidents = find_incidents(reader, store, details);
  if (!incidents) return tl::unexpected(incidents.error());
  figures.incidents = std::move(*incidents);
  summarise_incidents(figures);
  auto last = find_last(reader, store);
  if (!last) return tl::unexpected(last.error());
  figures.last = *last;
  return figures;
}

Result<const Server*> find_server(const Catalog& catalog, ServerId id) {
  const Server* const server = catalog.find(id);
  if (server != nullptr) return server;
  return fail(ErrorCode::not_found, "there is no server " + std::to_string(static_cast<std::uint32_t>(id)));
}

}  // namespace query

Result<UptimeAnswer> uptime(const Store& store, ServerId server, const Query& query, const FiguresOptions& options) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  query::LatencyAccumulator latencies;
  query::LatencySink sink(latencies);
  query::ResultSink* const sinks[] = {&sink};
  query::Reading reading;
  reading.columns = {.latency = options.latency, .phases = false, .details = options.details};
  reading.sketches = options.latency;
  if (options.latency) reading.sinks = sinks;
  reading.incidents = true;
  reading.since = options.since;
  query::ServerReader reader;
  if (auto done = reader.read_all(store, **entry, query, reading); !done) return tl::unexpected(done.error());
  auto figures = query::compose_figures(reader, store, options.details);
  if (!figures) return tl::unexpected(figures.error());
  figures->latency = latencies.figures();
  if (options.places) figures->places = query::figures_of_places(reader);
  return UptimeAnswer{std::move(*figures), std::move(reader.explain())};
}

}  // namespace nines
