// Bars of one server.
#include <nines/bars.h>

#include "figures/buckets.h"
#include "figures/figures.h"
#include "judgement/reader.h"

namespace nines {

Result<std::vector<Window>> bar_windows(Window window, const BarOptions& options) {
  if (window.empty()) return fail(ErrorCode::invalid_argument, "an empty window has no bars");
  if (options.unit) {
    auto windows = split_calendar(window, *options.unit, options.zone);
    if (windows && windows->size() > kMaxBars) {
      return fail(ErrorCode::invalid_argument, "the window has more than " + std::to_string(kMaxBars) + " bars");
    }
    return windows;
  }
  if (options.count == 0 || options.count > kMaxBars) {
    return fail(ErrorCode::invalid_argument, "the number of bars must lie in 1 to " + std::to_string(kMaxBars));
  }
  const std::int64_t length_ms = window.length().count();
  const std::int64_t count = options.count;
  std::vector<Window> windows;
  windows.reserve(options.count);
  // At most 2.6e14 ms times 2e4 bars: no overflow.
  for (std::int64_t i = 0; i < count; ++i) {
    windows.push_back({from_ms(to_ms(window.from) + length_ms * i / count),
                       from_ms(to_ms(window.from) + length_ms * (i + 1) / count)});
  }
  return windows;
}

Result<BarsAnswer> bars(const Store& store, ServerId server, const Query& query, const BarOptions& options) {
  const auto catalog = store.catalog();
  const auto entry = query::find_server(*catalog, server);
  if (!entry) return tl::unexpected(entry.error());
  const auto windows = bar_windows(query.window, options);
  if (!windows) return tl::unexpected(windows.error());
  const std::vector<std::int64_t> edges = query::edges_of(*windows);
  query::BucketSink buckets;
  buckets.begin(edges, nullptr);
  query::ResultSink* const sinks[] = {&buckets};
  query::Reading reading;
  reading.columns.latency = true;
  reading.bucket_edges = edges;
  reading.sinks = sinks;
  query::ServerReader reader;
  if (auto done = reader.read_all(store, **entry, query, reading); !done) return tl::unexpected(done.error());
  BarsAnswer answer;
  query::make_bars(*windows, buckets.cells(), reader.spans(), query.policy, answer.bars);
  answer.explain = std::move(reader.explain());
  return answer;
}

}  // namespace nines
