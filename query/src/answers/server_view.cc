// All that a page about one server shows.
#include <nines/server_view.h>

#include <algorithm>

#include <nines/timeline.h>

#include "figures/buckets.h"
#include "figures/figures.h"
#include "figures/latency_question.h"
#include "judgement/reader.h"

namespace nines {
namespace {

// The ratios of `windows`, from one timeline over all of them.
Result<std::vector<SpanRatios>> read_spans(const Store& store, ServerId server, const Query& query,
                                           const std::vector<Window>& windows, Explain& explain) {
  std::vector<SpanRatios> spans;
  if (windows.empty()) return spans;
  Query wide = query;
  wide.window = windows.front();
  for (const Window& window : windows) {
    wide.window.from = std::min(wide.window.from, window.from);
    wide.window.to = std::max(wide.window.to, window.to);
  }
  const auto line = timeline(store, server, wide);
  if (!line) return tl::unexpected(line.error());
  for (const Window& window : windows) {
    SpanRatios& span = spans.emplace_back();
    span.window.from = std::clamp(window.from, line->window.from, line->window.to);
    span.window.to = std::clamp(window.to, span.window.from, line->window.to);
    span.time = time_per_state(line->spans, span.window);
    span.uptime_ratio = uptime_ratio(span.time, query.policy);
    span.coverage_ratio = coverage_ratio(span.time);
  }
  explain.cost += line->explain.cost;
  explain.plan.insert(explain.plan.end(), line->explain.plan.begin(), line->explain.plan.end());
  return spans;
}

}  // namespace

Result<ServerView> server_view(const Store& store, ServerId server, const Query& query,
                               const ServerViewOptions& options) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  query::LatencyQuestion latencies;
  if (auto begun = latencies.begin(query, options.latency); !begun) return tl::unexpected(begun.error());
  std::vector<query::ResultSink*> sinks;
  latencies.add_sinks(sinks);
  std::vector<Window> windows;
  std::vector<std::int64_t> edges;
  query::BucketSink buckets;
  if (options.bars) {
    auto split = bar_windows(query.window, *options.bars);
    if (!split) return tl::unexpected(split.error());
    windows = std::move(*split);
    edges = query::edges_of(windows);
    buckets.begin(edges, nullptr);
    sinks.push_back(&buckets);
  }
  std::vector<std::int64_t> all_edges(latencies.edges().begin(), latencies.edges().end());
  all_edges.insert(all_edges.end(), edges.begin(), edges.end());
  std::sort(all_edges.begin(), all_edges.end());

  query::Reading reading;
  reading.columns = {.latency = true, .phases = options.latency.phases, .details = options.figures.details};
  reading.sketches = true;
  reading.bucket_edges = all_edges;
  reading.sinks = sinks;
  reading.incidents = true;
  reading.since = options.figures.since;
  Query frame = query;
  if (latencies.needs_results()) frame.summaries = Summaries::never;
  query::ServerReader reader;
  if (auto done = reader.read_all(store, **entry, frame, reading); !done) return tl::unexpected(done.error());

  ServerView view;
  auto figures = query::compose_figures(reader, store, options.figures.details);
  if (!figures) return tl::unexpected(figures.error());
  view.figures = std::move(*figures);
  view.latency = latencies.answer(reader);
  if (options.figures.latency) view.figures.latency = view.latency.total;
  if (options.figures.places) view.figures.places = query::figures_of_places(reader);
  if (options.bars) query::make_bars(windows, buckets.cells(), reader.spans(), reader.policy(), view.bars);
  view.explain = std::move(reader.explain());
  auto spans = read_spans(store, server, query, options.spans, view.explain);
  if (!spans) return tl::unexpected(spans.error());
  view.spans = std::move(*spans);
  return view;
}

}  // namespace nines
