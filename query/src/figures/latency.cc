// Latencies of one server: figures, figures of each phase, and a series for a plot.
#include <nines/bars.h>
#include <nines/latency.h>

#include "figures/buckets.h"
#include "figures/figures.h"
#include "figures/latency_sink.h"
#include "judgement/reader.h"

namespace nines {
namespace {

// Feeds each phase's accumulator. A phase that did not happen (0) is left out: a plain HTTP check has no TLS figures.
class PhaseSink final : public query::ResultSink {
 public:
  void results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end,
               bool /*covered*/) override {
    if (!query::is_success(run) || segment.phases.empty()) return;
    for (std::uint32_t i = begin; i < end; ++i) {
      if (segment.has_phases[i] == 0) continue;
      const Phases& phases = segment.phases[i];
      const std::array<std::uint32_t, kPhaseCount> values = {phases.dns_us, phases.connect_us, phases.tls_us,
                                                             phases.first_byte_us, phases.transfer_us};
      for (std::size_t p = 0; p < kPhaseCount; ++p) {
        if (values[p] != 0) phases_[p].add(std::span(&values[p], 1));
      }
    }
  }
  void day(const DaySummary& /*day*/, std::span<const Span> /*overlay*/) override {}
  void part(const Run& /*part*/, bool /*covered*/) override {}
  void latencies(const DaySummary& /*day*/) override {}
  [[nodiscard]] std::optional<LatencyFigures> figures(std::size_t phase) { return phases_[phase].figures(); }

 private:
  std::array<LatencyAccumulator, kPhaseCount> phases_;
};

std::vector<LatencyPoint> points_of(std::span<const Window> windows, std::span<const query::Cell> cells) {
  std::vector<LatencyPoint> points;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const query::Cell& cell = cells[i];
    if (cell.checks == 0) continue;
    LatencyPoint point{windows[i], cell.latency.count, cell.failures, 0, 0, 0};
    if (point.count > 0) {
      point.mean_us = cell.latency.mean_us();
      point.min_us = cell.latency.min_us;
      point.max_us = cell.latency.max_us;
    }
    points.push_back(point);
  }
  return points;
}

}  // namespace

Result<LatencyAnswer> latency(const Store& store, ServerId server, const Query& query, const LatencyOptions& options) {
  if (options.points > kMaxPoints) {
    return fail(ErrorCode::invalid_argument, "a series has at most " + std::to_string(kMaxPoints) + " points");
  }
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());

  LatencyAccumulator latencies;
  query::LatencySink latency_sink(latencies);
  PhaseSink phase_sink;
  query::BucketSink bucket_sink;
  std::vector<query::ResultSink*> sinks;
  std::vector<Window> windows;
  std::vector<std::int64_t> edges;
  if (options.phases) sinks.push_back(&phase_sink);
  if (options.points > 0 && !query.window.empty()) {
    auto split = bar_windows(query.window, {options.points, {}, {}});
    if (!split) return tl::unexpected(split.error());
    windows = std::move(*split);
    edges = query::edges_of(windows);
    bucket_sink.begin(edges, &latencies);
    sinks.push_back(&bucket_sink);
  } else {
    sinks.push_back(&latency_sink);
  }
  query::Reading reading;
  reading.columns = {.latency = true, .phases = options.phases, .details = false};
  reading.sketches = true;
  reading.sinks = sinks;
  Query frame = query;
  if (options.phases || options.points > 0) frame.summaries = Summaries::never;
  query::ServerReader reader;
  if (auto done = reader.read_all(store, **entry, frame, reading); !done) return tl::unexpected(done.error());

  LatencyAnswer answer;
  answer.window = reader.window();
  answer.total = latencies.figures();
  for (std::size_t p = 0; p < kPhaseCount && options.phases; ++p) answer.phases[p] = phase_sink.figures(p);
  if (!windows.empty()) answer.series = points_of(windows, bucket_sink.cells());
  answer.explain = std::move(reader.explain());
  return answer;
}

}  // namespace nines
