// Chunks: what goes in comes out, whatever it is; and bytes that are not a chunk are an error.
#include "codec/chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <algorithm>

#include "codec/bitpack.h"
#include "make_results.h"

namespace nines::engine {
namespace {

using testing::down_result;
using testing::kDayStartMs;
using testing::kServer;
using testing::ResultMaker;
using testing::up_result;

constexpr Columns kAllColumns{.latency = true, .phases = true, .details = true};

std::vector<SeriesColumns> decoded(std::string_view bytes, Columns which = kAllColumns) {
  std::vector<SeriesColumns> series;
  const auto done = decode_chunk(bytes, which, series);
  EXPECT_TRUE(done) << done.error().message;
  return series;
}

/// Encodes and decodes `series` and expects the same again, column by column and as results.
void expect_round_trip(const std::vector<SeriesColumns>& series) {
  const std::string bytes = encode_chunk(series);
  EXPECT_EQ(decoded(bytes), series);
  EXPECT_EQ(encode_chunk(decoded(bytes)), bytes);
  const auto info = peek_chunk(bytes);
  ASSERT_TRUE(info);
  std::size_t results = 0;
  for (const SeriesColumns& s : series) {
    results += s.size();
    EXPECT_LE(info->first_ms, s.time_ms.front());
    EXPECT_GE(info->last_ms, s.time_ms.back());
  }
  EXPECT_EQ(info->results, results);
  EXPECT_EQ(info->series, series.size());
}

/// The results of all series, in the order of (location, time).
std::vector<CheckResult> results_of(const std::vector<SeriesColumns>& series) {
  std::vector<CheckResult> results;
  for (const SeriesColumns& s : series) {
    for (std::size_t i = 0; i < s.size(); ++i) results.push_back(s.at(i, kServer));
  }
  return results;
}

std::vector<CheckResult> regular_day(std::uint32_t count) {
  ResultMaker maker(1);
  std::vector<CheckResult> results;
  for (std::uint32_t i = 0; i < count; ++i) {
    results.push_back(
        up_result(kDayStartMs + std::int64_t{i} * 60'000 + maker.below(101), 60'000 + maker.below(60'000)));
  }
  return results;
}

/// The part of `whole` that a decode for a window may give: `part` without a hole and with at most two blocks too many.
void expect_part(const SeriesColumns& part, const SeriesColumns& whole, std::int64_t from, std::int64_t to) {
  ASSERT_EQ(part.location, whole.location);
  const auto in_window = [&](std::int64_t ms) { return from <= ms && ms < to; };
  const auto wanted = std::ranges::count_if(whole.time_ms, in_window);
  ASSERT_EQ(std::ranges::count_if(part.time_ms, in_window), wanted);
  ASSERT_LE(part.size(), static_cast<std::size_t>(wanted) + 2 * kBlock);
  if (part.empty()) return;
  const auto place = std::ranges::lower_bound(whole.time_ms, part.time_ms.front());
  const auto begin = static_cast<std::size_t>(place - whole.time_ms.begin());
  ASSERT_LE(begin + part.size(), whole.size());
  for (std::size_t i = 0; i < part.size(); ++i) ASSERT_EQ(part.at(i, kServer), whole.at(begin + i, kServer));
  std::uint32_t next = 0;
  for (const Run& run : part.runs) {
    ASSERT_EQ(run.begin, next);
    ASSERT_EQ(run.first_ms, part.time_ms[run.begin]);
    ASSERT_EQ(run.last_ms, part.time_ms[run.end - 1]);
    for (auto i = run.begin + 1; i < run.end; ++i) ASSERT_LE(part.time_ms[i] - part.time_ms[i - 1], run.max_gap_ms);
    next = run.end;
  }
  ASSERT_EQ(next, part.size());
}

TEST(Chunk, DecodedForAWindowIsTheSameInside) {
  ResultMaker maker(11);
  std::vector<SeriesColumns> out;  // kept, as a cursor keeps it
  for (int round = 0; round < 400; ++round) {
    SCOPED_TRACE(round);
    auto results = maker.series(maker.shape(2'000));
    const auto others = maker.series(maker.shape(500), LocationId{7});
    results.insert(results.end(), others.begin(), others.end());
    const auto series = to_columns(results);
    const std::string bytes = encode_chunk(series);
    const auto span_ms = static_cast<std::uint64_t>(series[0].time_ms.back() - series[0].time_ms.front() + 2);
    const std::int64_t from = series[0].time_ms.front() - 1 + maker.below(span_ms + 1);
    const std::int64_t to = from + maker.below(span_ms);
    ASSERT_TRUE(decode_chunk(bytes, kAllColumns, {from_ms(from), from_ms(to)}, out));
    ASSERT_EQ(out.size(), series.size());
    for (std::size_t s = 0; s < series.size(); ++s) expect_part(out[s], series[s], from, to);
  }
}

TEST(Chunk, WindowBesideAllResultsHasNone) {
  const auto series = to_columns(regular_day(1440));
  std::vector<SeriesColumns> out;
  ASSERT_TRUE(decode_chunk(encode_chunk(series), kAllColumns,
                           {from_ms(series[0].time_ms.back() + 60'000), from_ms(kDayStartMs + kDayMs)}, out));
  EXPECT_LE(out[0].size(), kBlock);
  ASSERT_TRUE(decode_chunk(encode_chunk(series), kAllColumns, {from_ms(0), from_ms(kDayStartMs - 60'000)}, out));
  EXPECT_TRUE(out[0].empty());
  EXPECT_TRUE(out[0].runs.empty());
  EXPECT_TRUE(out[0].latency_us.empty());
}

TEST(Chunk, WindowOfAFewResultsLeavesTheOtherBlocksPacked) {
  const auto series = to_columns(regular_day(1440));
  std::vector<SeriesColumns> out;
  ASSERT_TRUE(decode_chunk(encode_chunk(series), kAllColumns,
                           {from_ms(series[0].time_ms[700]), from_ms(series[0].time_ms[710])}, out));
  EXPECT_EQ(out[0].size(), kBlock);
  expect_part(out[0], series[0], series[0].time_ms[700], series[0].time_ms[710]);
}

TEST(Chunk, RegularDayComesBack) {
  const auto results = regular_day(1440);
  expect_round_trip(to_columns(results));
  EXPECT_EQ(results_of(decoded(encode_chunk(to_columns(results)))), results);
}

TEST(Chunk, RandomSeriesOfEveryShapeComeBack) {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    ResultMaker maker(seed);
    const std::uint32_t locations = maker.chance(0.5) ? 1 : 1 + maker.below(8);
    std::vector<CheckResult> all;
    for (std::uint32_t i = 0; i < locations; ++i) {
      const auto location = static_cast<std::uint16_t>(i * (1 + maker.below(8000)));
      const auto one = maker.series(maker.shape(kMaxChunkResults / locations), LocationId{location});
      all.insert(all.end(), one.begin(), one.end());
    }
    std::map<std::pair<LocationId, TimeMs>, CheckResult> unique;
    for (const CheckResult& result : all) unique.insert_or_assign({result.location, result.time}, result);
    all.clear();
    for (const auto& [key, result] : unique) all.push_back(result);

    const auto series = to_columns(all);
    expect_round_trip(series);
    EXPECT_EQ(results_of(decoded(encode_chunk(series))), all);
  }
}

TEST(Chunk, OneResultComesBack) {
  expect_round_trip(to_columns(regular_day(1)));
  expect_round_trip(to_columns(std::vector{down_result(kDayStartMs, ErrorClass::dns, "no such host")}));
}

TEST(Chunk, EveryLengthAroundBlocksComesBack) {
  const auto day = regular_day(400);
  for (std::size_t count = 1; count <= day.size(); ++count) expect_round_trip(to_columns(std::span(day).first(count)));
}

TEST(Chunk, EveryLatencyWidthComesBack) {
  for (unsigned bits = 0; bits <= 32; ++bits) {
    for (const std::uint32_t count : {127U, 128U, 129U, 300U}) {
      ResultMaker maker(bits);
      expect_round_trip(to_columns(maker.series({.count = count, .latency_bits = bits, .spike_share = 0})));
      expect_round_trip(to_columns(maker.series({.count = count, .latency_bits = bits, .spike_share = 0.1})));
    }
  }
}

TEST(Chunk, ExtremeLatenciesComeBack) {
  std::vector<CheckResult> results;
  for (std::int64_t i = 0; i < 300; ++i) {
    results.push_back(up_result(kDayStartMs + i, i % 2 == 0 ? 0 : kMaxLatencyUs));
  }
  expect_round_trip(to_columns(results));
}

TEST(Chunk, MostResultsThatFitComeBack) {
  ResultMaker maker(3);
  const auto results = maker.series({.count = kMaxChunkResults, .step_ms = 21'000, .jitter_ms = 90});
  ASSERT_EQ(results.size(), kMaxChunkResults);
  expect_round_trip(to_columns(results));
}

TEST(Chunk, WholeDayOfItsFirstAndLastMillisecondComesBack) {
  expect_round_trip(to_columns(std::vector{up_result(kDayStartMs, 1), up_result(kDayStartMs + kDayMs - 1, 2)}));
  expect_round_trip(to_columns(std::vector{up_result(0, 1), up_result(kDayMs - 1, 2)}));
  const std::int64_t last_day = to_ms(kTimeLimit) - kDayMs;
  expect_round_trip(to_columns(std::vector{up_result(last_day, 1), up_result(last_day + kDayMs - 1, 2)}));
}

TEST(Chunk, ManyLocationsComeBack) {
  std::vector<CheckResult> results;
  for (std::uint32_t i = 0; i < kMaxChunkResults; ++i) {
    CheckResult result = up_result(kDayStartMs + i, i);
    result.location = LocationId{static_cast<std::uint16_t>(65'535 - i)};
    results.push_back(result);
  }
  expect_round_trip(to_columns(results));
}

TEST(Chunk, ColumnsThatWereNotAskedForAreEmpty) {
  ResultMaker maker(5);
  const auto series =
      to_columns(maker.series({.count = 500, .failure_share = 0.9, .phases_share = 1, .detail_share = 1}));
  const std::string bytes = encode_chunk(series);
  std::vector<SeriesColumns> out = decoded(bytes);  // filled, to be reused
  ASSERT_FALSE(out[0].details.empty());
  ASSERT_TRUE(decode_chunk(bytes, {.latency = false, .phases = false, .details = false}, out));
  EXPECT_EQ(out[0].time_ms, series[0].time_ms);
  EXPECT_EQ(out[0].runs, series[0].runs);
  EXPECT_TRUE(out[0].latency_us.empty());
  EXPECT_TRUE(out[0].phases.empty());
  EXPECT_TRUE(out[0].has_phases.empty());
  EXPECT_TRUE(out[0].details.empty());
  ASSERT_TRUE(decode_chunk(bytes, kAllColumns, out));
  EXPECT_EQ(out, series);
}

TEST(Chunk, ReusedColumnsHoldNothingOfWhatWasThereBefore) {
  ResultMaker maker(6);
  std::vector<SeriesColumns> out;
  for (int i = 0; i < 200; ++i) {
    const auto series = to_columns(maker.series(maker.shape(600)));
    ASSERT_TRUE(decode_chunk(encode_chunk(series), kAllColumns, out));
    EXPECT_EQ(out, series);
  }
}

TEST(Chunk, DecodingAgainIntoTheSameColumnsKeepsTheirMemory) {
  const std::string bytes = encode_chunk(to_columns(regular_day(1440)));
  std::vector<SeriesColumns> out = decoded(bytes);
  const auto* times = out[0].time_ms.data();
  const auto* latencies = out[0].latency_us.data();
  ASSERT_TRUE(decode_chunk(bytes, {}, out));
  EXPECT_EQ(out[0].time_ms.data(), times);
  EXPECT_EQ(out[0].latency_us.data(), latencies);
}

TEST(Chunk, TypicalDayTakesAtMostThreePointOneBytesAResult) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> latency(std::log(80'000.0), 0.25);
  std::vector<CheckResult> results;
  for (std::int64_t i = 0; i < 1440; ++i) {
    const std::int64_t time_ms = kDayStartMs + 100 + i * 60'000 + static_cast<std::int64_t>(random() % 101) - 50;
    const bool spike = random() % 100 == 0;
    const double factor = spike ? 5 + static_cast<double>(random() % 1500) / 100 : 1;
    const bool out = i >= 600 && i < 630;
    results.push_back(out ? down_result(time_ms, ErrorClass::connect_timeout, "timed out after 10 s")
                          : up_result(time_ms, static_cast<std::uint32_t>(latency(random) * factor)));
  }
  const std::size_t bytes = encode_chunk(to_columns(results)).size();
  EXPECT_LE(static_cast<double>(bytes) / 1440, 3.1);
  RecordProperty("bytes", static_cast<int>(bytes));
}

TEST(Chunk, NewerVersionIsRefusedByName) {
  std::string bytes = encode_chunk(to_columns(regular_day(10)));
  bytes[0] = static_cast<char>(kChunkVersion + 1);
  std::vector<SeriesColumns> out;
  EXPECT_EQ(decode_chunk(bytes, {}, out).error().code, ErrorCode::newer_format);
  EXPECT_EQ(peek_chunk(bytes).error().code, ErrorCode::newer_format);
  bytes[0] = 0;
  EXPECT_EQ(decode_chunk(bytes, {}, out).error().code, ErrorCode::corruption);
}

}  // namespace
}  // namespace nines::engine
