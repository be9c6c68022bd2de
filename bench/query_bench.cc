// The answers: dashboard, bars, percentiles, and one server's figures; beside them the same work over plain arrays.
//
// The stores of T2 and T3 are built on first use. Answers are compared with the right ones before they are measured.
// Run with --benchmark_enable_random_interleaving=true and repetitions: the ratio to the plain loop is the figure.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <nines/dashboard.h>
#include <nines/incident.h>
#include <nines/latency.h>
#include <nines/slo.h>
#include <nines/uptime.h>

#include "answers.h"
#include "history.h"
#include "plain_arrays.h"
#include "stores.h"

namespace nines::bench {
namespace {

using history::kT2;
using history::kT3;
using history::Shape;

constexpr std::uint32_t kPlotColumns = 600;

template <class T>
bool failed(benchmark::State& state, const Result<T>& result) {
  if (!result) state.SkipWithError(result.error().message.c_str());
  return !result;
}

std::unique_ptr<Store> open_cached(benchmark::State& state, const Shape& shape, bool head) {
  const auto path = cached_store(shape);
  if (failed(state, path)) return nullptr;
  Options options = store_options(shape);
  if (!head) options.performance.head_bytes = 0;
  auto store = Store::open(*path, options);
  return failed(state, store) ? nullptr : std::move(*store);
}

void ask(benchmark::State& state, const Store& store, const Shape& shape, const Query& query,
         const DashboardOptions& options, bool days) {
  Dashboard board;
  if (failed(state, dashboard(store, query, options, board))) return;
  if (failed(state, check_answers(shape, board, days))) return;
  for ([[maybe_unused]] auto _ : state) {
    if (failed(state, dashboard(store, query, options, board))) return;
    benchmark::DoNotOptimize(board.rows.data());
  }
}

void DashboardOfAll(benchmark::State& state, const Shape& shape, bool head) {
  if (const auto store = open_cached(state, shape, head)) {
    ask(state, *store, shape, dashboard_query(shape), dashboard_options(), false);
  }
}
BENCHMARK_CAPTURE(DashboardOfAll, T2_head, kT2, true)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(DashboardOfAll, T2_chunks, kT2, false)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(DashboardOfAll, T3_head, kT3, true)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(DashboardOfAll, T3_chunks, kT3, false)->Unit(benchmark::kMicrosecond);

void DailyBarsOfAll(benchmark::State& state, Summaries summaries) {
  if (const auto store = open_cached(state, kT2, true)) {
    ask(state, *store, kT2, days_query(kT2, summaries), days_options(), true);
  }
}
BENCHMARK_CAPTURE(DailyBarsOfAll, summaries, Summaries::when_long)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(DailyBarsOfAll, results, Summaries::never)->Unit(benchmark::kMicrosecond);

void PlainLoop(benchmark::State& state, const Shape& shape, Window window, const std::vector<std::int64_t>& edges,
               SelectPercentiles select) {
  const auto servers = plain_arrays(shape, {window.from - std::chrono::hours{24}, window.to});
  PlainScratch scratch;
  history::Expected answer;
  for ([[maybe_unused]] auto _ : state) {
    for (const PlainServer& server : servers) {
      plain_answer(server, window, edges, select, scratch, answer);
      benchmark::DoNotOptimize(answer.bars.data());
    }
  }
}

void PlainDashboard(benchmark::State& state, const Shape& shape, SelectPercentiles select) {
  const Window window = dashboard_query(shape).window;
  PlainLoop(state, shape, window, history::equal_edges(window, 48), select);
}
BENCHMARK_CAPTURE(PlainDashboard, T2, kT2, select_by_quantiles)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(PlainDashboard, T3, kT3, select_by_quantiles)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(PlainDashboard, T2_nth_element, kT2, select_by_nth_element)->Unit(benchmark::kMicrosecond);

void PlainDailyBars(benchmark::State& state) {
  const Window window = days_query(kT2, Summaries::never).window;
  PlainLoop(state, kT2, window, history::day_edges(window), nullptr);
}
BENCHMARK(PlainDailyBars)->Unit(benchmark::kMicrosecond);

std::vector<std::uint32_t> latencies(benchmark::State& state) {
  std::vector<std::uint32_t> values;
  const history::ServerHistory server(kT2, 0);
  for (std::uint64_t i = 0; values.size() < static_cast<std::size_t>(state.range(0)); ++i) {
    if (const auto latency = server[i].latency_us) values.push_back(*latency);
  }
  return values;
}

void ExactQuantiles(benchmark::State& state) {
  const auto values = latencies(state);
  constexpr std::array<double, 4> kQuantiles = {0.50, 0.90, 0.95, 0.99};
  std::array<std::uint32_t, 4> found{};
  for ([[maybe_unused]] auto _ : state) {
    exact_quantiles(values, kQuantiles, found);
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(ExactQuantiles)->Arg(60)->Arg(1440)->Arg(43'200);

void NthElementQuantiles(benchmark::State& state) {
  const auto values = latencies(state);
  std::vector<std::uint32_t> copy;
  history::ExpectedLatency found;
  for ([[maybe_unused]] auto _ : state) {
    copy = values;
    select_by_nth_element(copy, found);
    benchmark::DoNotOptimize(found);
  }
}
BENCHMARK(NthElementQuantiles)->Arg(60)->Arg(1440)->Arg(43'200);

/// Questions about one server of T2, over its last 30 days.
void OneServer(benchmark::State& state, Result<void> (*question)(const Store&, const Query&)) {
  const auto store = open_cached(state, kT2, true);
  if (!store) return;
  Query query = dashboard_query(kT2);
  query.window.from = kT2.now() - std::chrono::days{30};
  for ([[maybe_unused]] auto _ : state) {
    if (failed(state, question(*store, query))) return;
  }
}

template <class T>
Result<void> consume(const Result<T>& answer) {
  if (!answer) return tl::unexpected(answer.error());
  benchmark::DoNotOptimize(&*answer);
  return {};
}

Result<void> ask_uptime(const Store& store, const Query& query) {
  return consume(uptime(store, ServerId{1}, query));
}
Result<void> ask_incidents(const Store& store, const Query& query) {
  const ServerId server{1};
  return consume(incidents(store, {&server, 1}, query));
}
Result<void> ask_plot(const Store& store, const Query& query) {
  return consume(latency(store, ServerId{1}, query, {.phases = false, .points = kPlotColumns}));
}
Result<void> ask_slo(const Store& store, const Query& query) {
  return consume(slo(store, ServerId{1}, query, {0.999, {}}));
}
BENCHMARK_CAPTURE(OneServer, uptime, ask_uptime)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OneServer, incidents, ask_incidents)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OneServer, plot, ask_plot)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OneServer, slo, ask_slo)->Unit(benchmark::kMicrosecond);

/// What an answer costs beside the bare scan of the same 90 days of results, from chunks: the scan hands out its
/// segments and nobody looks at them.
Result<void> scan_bare(const Store& store, const Query& query, const Columns& columns) {
  auto cursor = store.scan(ServerId{1}, query.window, {columns, {}});
  if (!cursor) return tl::unexpected(cursor.error());
  while (true) {
    const auto segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) return {};
    benchmark::DoNotOptimize((*segment)->runs.data());
  }
}
Result<void> scan_states(const Store& store, const Query& query) {
  return scan_bare(store, query, {.latency = false, .phases = false, .details = false});
}
Result<void> scan_latencies(const Store& store, const Query& query) {
  return scan_bare(store, query, {.latency = true, .phases = false, .details = false});
}
Result<void> scan_all_but_phases(const Store& store, const Query& query) {
  return scan_bare(store, query, {.latency = true, .phases = false, .details = true});
}
Result<void> ask_states(const Store& store, const Query& query) {
  return consume(uptime(store, ServerId{1}, query, {.latency = false, .details = false, .since = false}));
}
Result<void> ask_daily_bars(const Store& store, const Query& query) {
  return consume(bars(store, ServerId{1}, query, {.count = 90, .unit = {}, .zone = {}}));
}

void OverTheScan(benchmark::State& state, Result<void> (*question)(const Store&, const Query&)) {
  const auto store = open_cached(state, kT2, false);
  if (!store) return;
  const Query query = days_query(kT2, Summaries::never);
  for ([[maybe_unused]] auto _ : state) {
    if (failed(state, question(*store, query))) return;
  }
}
BENCHMARK_CAPTURE(OverTheScan, bare_states, scan_states)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OverTheScan, states, ask_states)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OverTheScan, bare_latencies, scan_latencies)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OverTheScan, bars, ask_daily_bars)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OverTheScan, bare_all, scan_all_but_phases)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(OverTheScan, figures_and_percentiles, ask_uptime)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace nines::bench
