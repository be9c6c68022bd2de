// A figure taken apart into what it was made from.
#include <nines/audit.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "figures/budget.h"
#include "figures/figures.h"
#include "figures/latency_sink.h"
#include "judgement/reader.h"
#include "judgement/spans.h"

namespace nines {
namespace {

using query::Piece;
using query::Series;
using query::ServerReader;

AuditRun run_of(const Piece& piece, LocationId location, std::int64_t until_ms, const ServerReader& reader) {
  AuditRun run;
  run.location = location;
  run.first = from_ms(piece.first_ms);
  run.last = from_ms(piece.last_ms);
  run.holds_until = from_ms(until_ms);
  run.measured = piece.measured;
  run.judged = piece.judged;
  run.code = piece.code;
  run.error = piece.error;
  run.rules_from = piece.rules->effective_from;
  if (!reader.window().contains(run.first)) return run;
  run.checks = piece.count;
  run.counted = piece.measured != State::unknown && !query::covers(reader.overlay(), piece.first_ms);
  return run;
}

// Whether `next` goes on where `run` ends: pieces are cut more often than what they say changes.
bool goes_on(const AuditRun& run, const AuditRun& next) {
  return run.location == next.location && run.holds_until == next.first && run.measured == next.measured &&
         run.judged == next.judged && run.code == next.code && run.error == next.error && run.counted == next.counted &&
         run.rules_from == next.rules_from && (run.checks > 0) == (next.checks > 0);
}

// What holds in the window or was checked in it, ascending in each place.
std::vector<AuditRun> runs_of(const ServerReader& reader) {
  std::vector<AuditRun> runs;
  const std::int64_t from_ms = to_ms(reader.window().from);
  const std::int64_t end_ms = to_ms(reader.window().to);
  for (const Series& series : reader.history().all()) {
    for (std::size_t i = 0; i < series.pieces.size(); ++i) {
      const Piece& piece = series.pieces[i];
      std::int64_t until_ms = piece.last_ms + piece.hold_ms;
      if (i + 1 < series.pieces.size()) until_ms = std::min(until_ms, series.pieces[i + 1].first_ms);
      if (piece.first_ms >= end_ms || (until_ms <= from_ms && piece.first_ms < from_ms)) continue;
      const AuditRun run = run_of(piece, series.location, until_ms, reader);
      if (runs.empty() || !goes_on(runs.back(), run)) {
        runs.push_back(run);
        continue;
      }
      runs.back().last = run.last;
      runs.back().holds_until = run.holds_until;
      runs.back().checks += run.checks;
    }
  }
  // How far back was read depends on how the results are stored; only the last one before the window says something.
  for (AuditRun& run : runs) {
    if (to_ms(run.first) < from_ms) run.first = run.last;
  }
  return runs;
}

// Moments at which what speaks for the state may change, ascending, each once, the window's own included.
class Moments {
 public:
  explicit Moments(Window window) : window_(window), times_{to_ms(window.from), to_ms(window.to)} {}
  void add(std::int64_t time_ms) {
    if (time_ms > to_ms(window_.from) && time_ms < to_ms(window_.to)) times_.push_back(time_ms);
  }
  std::vector<std::int64_t> take() {
    std::sort(times_.begin(), times_.end());
    times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
    return std::move(times_);
  }

 private:
  Window window_;
  std::vector<std::int64_t> times_;
};

// Which items of a list hold at a moment, for moments that ascend.
class Sweep {
 public:
  // `window` of item `index`; only before the first advance().
  void add(std::uint32_t index, std::int64_t from_ms, std::int64_t to_ms) {
    if (from_ms >= to_ms) return;
    begins_.emplace_back(from_ms, index);
    ends_.emplace_back(to_ms, index);
  }
  void start() {
    std::sort(begins_.begin(), begins_.end());
    std::sort(ends_.begin(), ends_.end());
  }
  const std::set<std::uint32_t>& advance(std::int64_t time_ms) {
    for (; next_begin_ < begins_.size() && begins_[next_begin_].first <= time_ms; ++next_begin_) {
      holding_.insert(begins_[next_begin_].second);
    }
    for (; next_end_ < ends_.size() && ends_[next_end_].first <= time_ms; ++next_end_) {
      holding_.erase(ends_[next_end_].second);
    }
    return holding_;
  }

 private:
  std::vector<std::pair<std::int64_t, std::uint32_t>> begins_;
  std::vector<std::pair<std::int64_t, std::uint32_t>> ends_;
  std::size_t next_begin_ = 0;
  std::size_t next_end_ = 0;
  std::set<std::uint32_t> holding_;
};

State state_at(std::span<const Span> spans, std::int64_t time_ms) {
  const auto found = query::span_at(spans, time_ms);
  return found != spans.end() && found->from_ms <= time_ms ? found->state : State::unknown;
}

bool same_reasons(const AuditStretch& a, const AuditStretch& b) {
  return a.state == b.state && a.measured == b.measured && a.over == b.over && a.runs == b.runs;
}

std::vector<AuditStretch> stretches_of(const ServerReader& reader, const std::vector<AuditRun>& runs,
                                       const std::vector<Overlay>& overlays) {
  const Window window = reader.window();
  Moments moments(window);
  Sweep holding;
  for (std::uint32_t i = 0; i < runs.size(); ++i) {
    moments.add(to_ms(runs[i].first));
    moments.add(to_ms(runs[i].holds_until));
    holding.add(i, to_ms(runs[i].first), to_ms(runs[i].holds_until));
  }
  Sweep lying;
  for (std::uint32_t i = 0; i < overlays.size(); ++i) {
    moments.add(to_ms(overlays[i].window.from));
    moments.add(to_ms(overlays[i].window.to));
    lying.add(i, to_ms(overlays[i].window.from), to_ms(overlays[i].window.to));
  }
  for (const Span& span : reader.spans()) moments.add(span.from_ms);
  for (const Span& span : reader.measured()) {
    moments.add(span.from_ms);
    moments.add(span.to_ms);
  }
  holding.start();
  lying.start();
  std::vector<AuditStretch> stretches;
  const std::vector<std::int64_t> times = moments.take();
  for (std::size_t i = 0; i + 1 < times.size(); ++i) {
    AuditStretch stretch;
    stretch.window = {from_ms(times[i]), from_ms(times[i + 1])};
    stretch.state = state_at(reader.spans(), times[i]);
    stretch.measured = state_at(reader.measured(), times[i]);
    const auto& over = lying.advance(times[i]);
    const auto& held = holding.advance(times[i]);
    if (!over.empty()) {
      stretch.over = overlays[*over.rbegin()].entry;
    } else {
      stretch.runs.assign(held.begin(), held.end());
    }
    if (!stretches.empty() && same_reasons(stretches.back(), stretch)) {
      stretches.back().window.to = stretch.window.to;
    } else {
      stretches.push_back(std::move(stretch));
    }
  }
  return stretches;
}

std::vector<Rules> rules_in(const Server& server, Window window) {
  const auto begins_after = [](TimeMs time, const Rules& rules) { return time < rules.effective_from; };
  auto first = std::upper_bound(server.rules.begin(), server.rules.end(), window.from, begins_after);
  if (first != server.rules.begin()) --first;
  const auto last = std::lower_bound(first, server.rules.end(), window.to,
                                     [](const Rules& rules, TimeMs time) { return rules.effective_from < time; });
  return {first, last};
}

}  // namespace

Result<AuditAnswer> audit(const Store& store, ServerId server, const Query& query) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  query::Reading reading;
  query::LatencyAccumulator latencies;
  query::LatencySink sink(latencies);
  query::ResultSink* const sinks[] = {&sink};
  reading.columns = {.latency = true, .phases = false, .details = true};
  reading.sketches = true;
  reading.sinks = sinks;
  reading.incidents = true;
  reading.since = true;
  ServerReader reader;
  if (auto done = reader.read_all(store, **entry, query, reading); !done) return tl::unexpected(done.error());
  auto figures = query::compose_figures(reader, store, true);
  if (!figures) return tl::unexpected(figures.error());
  AuditAnswer answer;
  answer.figures = std::move(*figures);
  answer.figures.latency = latencies.figures();
  answer.figures.places = query::figures_of_places(reader);
  if (!reader.window().empty()) {
    const auto overlays = overlay_entries(**entry, reader.window(), query.policy.maintenance);
    if (!overlays) return tl::unexpected(overlays.error());
    answer.rules = rules_in(**entry, reader.window());
    answer.runs = runs_of(reader);
    answer.stretches = stretches_of(reader, answer.runs, *overlays);
  }
  const query::Share share = query::share_of(answer.figures.time, query.policy);
  answer.over_ms = share.over_ms;
  answer.bad_ms = share.bad_ms;
  answer.explain = std::move(reader.explain());
  return answer;
}

}  // namespace nines
