#include "figures/figures.h"

#include <algorithm>

#include "figures/latency_sink.h"
#include "figures/outages.h"
#include "judgement/confirm.h"
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
  while (true) {
    const auto segment = (*cursor)->next();
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

CheckCounts count_checks(const ServerReader& reader) noexcept {
  CheckCounts counts;
  const std::int64_t begin_ms = to_ms(reader.window().from);
  const std::int64_t end_ms = to_ms(reader.window().to);
  for (const Series& series : reader.history().all()) {
    auto piece = std::lower_bound(series.pieces.begin(), series.pieces.end(), begin_ms,
                                  [](const Piece& p, std::int64_t time) { return p.first_ms < time; });
    for (; piece != series.pieces.end() && piece->first_ms < end_ms; ++piece) {
      counts.checks += piece->count;
      if (piece->measured == State::unknown || covers(reader.overlay(), piece->first_ms)) continue;
      const bool failed = piece->measured == State::down;
      (failed ? counts.failed : counts.successful) += piece->count;
      if (is_blip(*piece)) counts.blips += piece->count;
    }
  }
  return counts;
}

Result<Figures> compose_figures(ServerReader& reader, const Store& store, bool details) {
  Figures figures;
  figures.server = reader.server().id;
  figures.window = reader.window();
  for (const Span& span : reader.spans()) figures.time[span.state] += span.length_ms();
  figures.uptime_ratio = uptime_ratio(figures.time, reader.policy());
  if (!figures.window.empty()) {
    figures.coverage_ratio = coverage_ratio(figures.time);
    figures.current = Streak{reader.spans().back().state, reader.since()};
  }
  figures.counts = count_checks(reader);
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
  return fail(ErrorCode::not_found, "no server has the id " + std::to_string(static_cast<std::uint32_t>(id)));
}

}  // namespace query

Result<UptimeAnswer> uptime(const Store& store, ServerId server, const Query& query, const FiguresOptions& options) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  LatencyAccumulator latencies;
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
  return UptimeAnswer{std::move(*figures), std::move(reader.explain())};
}

}  // namespace nines
