// How fast the codecs are, and how small what they write. One day of one server: 1440 checks 60 s apart with ±50 ms of
// jitter, latencies lognormal about 80 ms (sigma 0.25) with 1 % of spikes of 5 to 20 times, one outage of 30 minutes.
// The items of the throughput figures are check results.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <nines/check_result.h>
#include <nines/summary.h>

#include "chunk.h"
#include "columns.h"
#include "key.h"
#include "row.h"
#include "summary_codec.h"

namespace nines::engine {
namespace {

constexpr std::int64_t kDay = 20'635;  // 2026-07-01
constexpr std::uint32_t kResults = 1440;
constexpr ServerId kServer{7};

CheckResult outage_result() {
  CheckResult result;
  result.state = State::down;
  result.error = ErrorClass::connect_timeout;
  result.detail = "no connection to 192.0.2.1 port 443 within 10 s";
  return result;
}

std::vector<CheckResult> day_of_results() {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latency(std::log(80'000.0), 0.25);
  std::uniform_real_distribution<double> spike(5, 20);
  std::vector<CheckResult> results;
  for (std::uint32_t i = 0; i < kResults; ++i) {
    const auto jitter_ms = static_cast<std::int64_t>(random() % 101) - 50;
    const double factor = random() % 100 == 0 ? spike(random) : 1;
    const bool out = i >= 600 && i < 630;
    CheckResult result = out ? outage_result() : CheckResult{};
    if (!out) {
      result.state = State::up;
      result.code = 200;
      result.latency_us = static_cast<std::uint32_t>(latency(random) * factor);
    }
    result.server = kServer;
    result.interval_ms = 60'000;
    result.time = from_ms(kDay * kDayMs + 100 + std::int64_t{i} * 60'000 + jitter_ms);
    results.push_back(std::move(result));
  }
  return results;
}

void count_results(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kResults);
}

void EncodeChunk(benchmark::State& state) {
  const auto series = to_columns(day_of_results());
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) bytes = encode_chunk(series).size();
  count_results(state);
  state.counters["bytes_a_result"] = static_cast<double>(bytes) / kResults;
}
BENCHMARK(EncodeChunk);

void DecodeChunk(benchmark::State& state) {
  const std::string bytes = encode_chunk(to_columns(day_of_results()));
  const Columns which{.latency = state.range(0) > 0, .phases = false, .details = state.range(0) > 1};
  std::vector<SeriesColumns> series;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(decode_chunk(bytes, which, series));
    benchmark::DoNotOptimize(series.data());
    benchmark::ClobberMemory();
  }
  count_results(state);
}
BENCHMARK(DecodeChunk)->ArgName("0_times_1_latency_2_details")->Arg(0)->Arg(1)->Arg(2);

void PeekChunk(benchmark::State& state) {
  const std::string bytes = encode_chunk(to_columns(day_of_results()));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(peek_chunk(bytes));
}
BENCHMARK(PeekChunk);

void EncodeRow(benchmark::State& state) {
  const CheckResult result = day_of_results()[0];
  std::string row;
  for ([[maybe_unused]] auto _ : state) {
    row.clear();
    append_row(row, result);
    benchmark::DoNotOptimize(row.data());
  }
  state.counters["bytes_a_result"] = static_cast<double>(row.size());
}
BENCHMARK(EncodeRow);

void DecodeRow(benchmark::State& state) {
  const CheckResult result = day_of_results()[0];
  const Key key = recent_key(result.server, result.time, result.location);
  const std::string row = encode_row(result);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(decode_row(key.view(), row));
}
BENCHMARK(DecodeRow);

void BuildColumns(benchmark::State& state) {
  const auto results = day_of_results();
  SeriesColumns columns;
  for ([[maybe_unused]] auto _ : state) {
    columns.clear();
    for (const CheckResult& result : results) columns.push_back(result);
    benchmark::DoNotOptimize(columns.runs.data());
  }
  count_results(state);
}
BENCHMARK(BuildColumns);

void Summarise(benchmark::State& state) {
  const auto series = to_columns(day_of_results());
  DaySummary summary;
  for ([[maybe_unused]] auto _ : state) {
    reset_summary(summary, kDay);
    add_to_summary(summary, series[0]);
    benchmark::DoNotOptimize(summary.latency_count);
  }
  count_results(state);
}
BENCHMARK(Summarise);

void DecodeSummary(benchmark::State& state) {
  DaySummary summary;
  reset_summary(summary, kDay);
  add_to_summary(summary, to_columns(day_of_results())[0]);
  const std::string bytes = encode_summary(summary);
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(decode_summary(kDay, bytes, state.range(0) != 0, summary));
  state.counters["bytes_a_day"] = static_cast<double>(bytes.size());
}
BENCHMARK(DecodeSummary)->ArgName("sketch")->Arg(0)->Arg(1);

void AddToSketch(benchmark::State& state) {
  const auto series = to_columns(day_of_results());
  LatencySketch sketch;
  for ([[maybe_unused]] auto _ : state) sketch.add(std::span(series[0].latency_us).first(600));
  benchmark::DoNotOptimize(sketch.count());
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * 600);
}
BENCHMARK(AddToSketch);

}  // namespace
}  // namespace nines::engine
