// How fast the codecs are, and how small what they write, by column and by chunk length. One day of one server: checks
// at a steady pace with ±50 ms of jitter, latencies lognormal about 80 ms (sigma 0.25) with 1 % of spikes of 5 to 20
// times, an outage of every fiftieth part of the day. The items of the throughput figures are check results.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <nines/check_result.h>
#include <nines/summary.h>

#include "base/bytes.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/pfor.h"
#include "codec/row.h"
#include "codec/run_codec.h"
#include "codec/summary_codec.h"
#include "codec/time_column.h"
#include "series/columns.h"
#include "series/summarise.h"

namespace nines::engine {
namespace {

constexpr std::int64_t kDay = 20'635;  // 2026-07-01
constexpr std::int64_t kResults = 1440;
constexpr ServerId kServer{7};

CheckResult outage_result() {
  CheckResult result;
  result.state = State::down;
  result.error = ErrorClass::connect_timeout;
  result.detail = "no connection to 192.0.2.1 port 443 within 10 s";
  return result;
}

/// `count` results evenly over the day, at most kMaxChunkResults.
std::vector<CheckResult> day_of_results(std::int64_t count, bool with_phases = false) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latency(std::log(80'000.0), 0.25);
  std::uniform_real_distribution<double> spike(5, 20);
  const auto interval_ms = static_cast<std::uint32_t>((kDayMs - 1000) / count);
  std::vector<CheckResult> results;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto jitter_ms = static_cast<std::int64_t>(random() % 101) - 50;
    const double factor = random() % 100 == 0 ? spike(random) : 1;
    const bool out = i >= count * 20 / 50 && i < count * 21 / 50;
    CheckResult result = out ? outage_result() : CheckResult{};
    if (!out) {
      result.state = State::up;
      result.code = 200;
      const auto us = static_cast<std::uint32_t>(latency(random) * factor);
      result.latency_us = us;
      if (with_phases) result.phases = Phases{us / 50, us / 10, us / 5, us / 2, us / 100};
    }
    result.server = kServer;
    result.interval_ms = interval_ms;
    result.time = from_ms(kDay * kDayMs + 100 + i * interval_ms + jitter_ms);
    results.push_back(std::move(result));
  }
  return results;
}

void count_results(benchmark::State& state, std::int64_t results) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * results);
}

void tell_size(benchmark::State& state, std::size_t bytes, std::int64_t results) {
  state.counters["bytes_a_result"] = static_cast<double>(bytes) / static_cast<double>(results);
}

void chunk_lengths(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("results")->Arg(16)->Arg(256)->Arg(1440)->Arg(4096);
}

// --- A column by itself ---

std::vector<std::uint32_t> time_offsets(std::int64_t count) {
  const auto results = day_of_results(count);
  std::vector<std::uint32_t> offsets;
  for (const CheckResult& result : results) {
    offsets.push_back(static_cast<std::uint32_t>(to_ms(result.time) - to_ms(results.front().time)));
  }
  return offsets;
}

std::vector<std::uint32_t> latencies(std::int64_t count) {
  std::vector<std::uint32_t> values;
  for (const CheckResult& result : day_of_results(count)) values.push_back(result.latency_us.value_or(0));
  return values;
}

void EncodeTimes(benchmark::State& state) {
  const auto offsets = time_offsets(state.range(0));
  std::string bytes;
  for ([[maybe_unused]] auto _ : state) {
    bytes.clear();
    put_times(bytes, offsets);
    benchmark::DoNotOptimize(bytes.data());
  }
  count_results(state, state.range(0));
  tell_size(state, bytes.size(), state.range(0));
}
BENCHMARK(EncodeTimes)->Apply(chunk_lengths);

void DecodeTimes(benchmark::State& state) {
  const auto offsets = time_offsets(state.range(0));
  std::string bytes;
  put_times(bytes, offsets);
  NumberColumn<std::int64_t> times(offsets.size());
  for ([[maybe_unused]] auto _ : state) {
    Reader in(bytes);
    static_cast<void>(read_times(in, {offsets.size(), kDay * kDayMs, offsets.back()}, kAllTimes, times));
    benchmark::DoNotOptimize(times.data());
    benchmark::ClobberMemory();
  }
  count_results(state, state.range(0));
}
BENCHMARK(DecodeTimes)->Apply(chunk_lengths);

void EncodeLatencies(benchmark::State& state) {
  const auto values = latencies(state.range(0));
  std::string bytes;
  for ([[maybe_unused]] auto _ : state) {
    bytes.clear();
    put_numbers(bytes, values);
    benchmark::DoNotOptimize(bytes.data());
  }
  count_results(state, state.range(0));
  tell_size(state, bytes.size(), state.range(0));
}
BENCHMARK(EncodeLatencies)->Apply(chunk_lengths);

void DecodeLatencies(benchmark::State& state) {
  const auto values = latencies(state.range(0));
  std::string bytes;
  put_numbers(bytes, values);
  std::vector<std::uint32_t> out(values.size());
  for ([[maybe_unused]] auto _ : state) {
    Reader in(bytes);
    read_numbers(in, out.size(), 0, out.size(), std::numeric_limits<std::uint32_t>::max(), out.data());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  count_results(state, state.range(0));
}
BENCHMARK(DecodeLatencies)->Apply(chunk_lengths);

/// The judgements of a server that flaps: a run every other result. The items are runs.
std::vector<Run> flapping_runs(std::int64_t count) {
  std::vector<CheckResult> results = day_of_results(count);
  for (std::size_t i = 0; i < results.size(); i += 2) results[i].state = State::degraded;
  return to_columns(results)[0].runs;
}

void EncodeRuns(benchmark::State& state) {
  const auto runs = flapping_runs(state.range(0));
  std::string bytes;
  for ([[maybe_unused]] auto _ : state) {
    bytes.clear();
    for (std::size_t i = 0; i < runs.size(); ++i) put_judgement(bytes, runs, i);
    benchmark::DoNotOptimize(bytes.data());
  }
  count_results(state, static_cast<std::int64_t>(runs.size()));
}
BENCHMARK(EncodeRuns)->ArgName("results")->Arg(1440);

void DecodeRuns(benchmark::State& state) {
  const auto runs = flapping_runs(state.range(0));
  std::string bytes;
  for (std::size_t i = 0; i < runs.size(); ++i) put_judgement(bytes, runs, i);
  std::vector<Run> out;
  for ([[maybe_unused]] auto _ : state) {
    Reader in(bytes);
    out.clear();
    for (std::size_t i = 0; i < runs.size(); ++i) out.push_back(read_judgement(in, out));
    benchmark::DoNotOptimize(out.data());
  }
  count_results(state, static_cast<std::int64_t>(runs.size()));
}
BENCHMARK(DecodeRuns)->ArgName("results")->Arg(1440);

// --- Whole chunks ---

void EncodeChunk(benchmark::State& state) {
  const auto series = to_columns(day_of_results(state.range(0)));
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) bytes = encode_chunk(series).size();
  count_results(state, state.range(0));
  tell_size(state, bytes, state.range(0));
}
BENCHMARK(EncodeChunk)->Apply(chunk_lengths);

void decode(benchmark::State& state, Columns which, bool with_phases) {
  const std::string bytes = encode_chunk(to_columns(day_of_results(state.range(0), with_phases)));
  std::vector<SeriesColumns> series;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(decode_chunk(bytes, which, series));
    benchmark::DoNotOptimize(series.data());
    benchmark::ClobberMemory();
  }
  count_results(state, state.range(0));
  tell_size(state, bytes.size(), state.range(0));
}

void DecodeChunk(benchmark::State& state, Columns which) {
  decode(state, which, which.phases);
}
BENCHMARK_CAPTURE(DecodeChunk, times, Columns{.latency = false})->Apply(chunk_lengths);
BENCHMARK_CAPTURE(DecodeChunk, latency, Columns{})->Apply(chunk_lengths);
BENCHMARK_CAPTURE(DecodeChunk, details, Columns{.details = true})->Apply(chunk_lengths);
BENCHMARK_CAPTURE(DecodeChunk, phases, Columns{.phases = true})->Apply(chunk_lengths);

void PeekChunk(benchmark::State& state) {
  const std::string bytes = encode_chunk(to_columns(day_of_results(kResults)));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(peek_chunk(bytes));
}
BENCHMARK(PeekChunk);

// --- Rows, columns, summaries ---

void EncodeRow(benchmark::State& state) {
  const CheckResult result = day_of_results(kResults)[0];
  std::string row;
  for ([[maybe_unused]] auto _ : state) {
    row.clear();
    append_row(row, result);
    benchmark::DoNotOptimize(row.data());
  }
  tell_size(state, row.size(), 1);
}
BENCHMARK(EncodeRow);

void DecodeRow(benchmark::State& state) {
  const CheckResult result = day_of_results(kResults)[0];
  const Key key = recent_key(result.server, result.time, result.location);
  const std::string row = encode_row(result);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(decode_row(key.view(), row));
}
BENCHMARK(DecodeRow);

void BuildColumns(benchmark::State& state) {
  const auto results = day_of_results(kResults);
  SeriesColumns columns;
  for ([[maybe_unused]] auto _ : state) {
    columns.clear();
    for (const CheckResult& result : results) columns.push_back(result);
    benchmark::DoNotOptimize(columns.runs.data());
  }
  count_results(state, kResults);
}
BENCHMARK(BuildColumns);

void Summarise(benchmark::State& state) {
  const auto series = to_columns(day_of_results(kResults));
  DaySummary summary;
  for ([[maybe_unused]] auto _ : state) {
    reset_summary(summary, kDay);
    add_to_summary(summary, series[0]);
    benchmark::DoNotOptimize(summary.latency_count);
  }
  count_results(state, kResults);
}
BENCHMARK(Summarise);

void DecodeSummary(benchmark::State& state) {
  DaySummary summary;
  reset_summary(summary, kDay);
  add_to_summary(summary, to_columns(day_of_results(kResults))[0]);
  const std::string bytes = encode_summary(summary);
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(decode_summary(kDay, bytes, state.range(0) != 0, summary));
  state.counters["bytes_a_day"] = static_cast<double>(bytes.size());
}
BENCHMARK(DecodeSummary)->ArgName("sketch")->Arg(0)->Arg(1);

void AddToSketch(benchmark::State& state) {
  const auto series = to_columns(day_of_results(kResults));
  LatencySketch sketch;
  for ([[maybe_unused]] auto _ : state) sketch.add(std::span(series[0].latency_us).first(500));
  benchmark::DoNotOptimize(sketch.count());
  count_results(state, 500);
}
BENCHMARK(AddToSketch);

}  // namespace
}  // namespace nines::engine
