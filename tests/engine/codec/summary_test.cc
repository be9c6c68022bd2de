// Day summaries: equal to what the raw results give, however the day is cut, and exact through their bytes.
#include <gtest/gtest.h>
#include <algorithm>

#include "codec/summary_codec.h"
#include "make_results.h"
#include "series/summarise.h"

namespace nines::engine {
namespace {

using testing::down_result;
using testing::kDayStartMs;
using testing::ResultMaker;
using testing::up_result;

constexpr std::int64_t kDay = kDayStartMs / kDayMs;

DaySummary summary_of(const std::vector<SeriesColumns>& series) {
  DaySummary summary;
  reset_summary(summary, kDay);
  for (const SeriesColumns& s : series) add_to_summary(summary, s);
  return summary;
}

/// The results of some locations, ascending by time within each.
std::vector<CheckResult> random_results(ResultMaker& maker) {
  std::vector<CheckResult> results;
  const std::uint32_t locations = 1 + maker.below(3);
  for (std::uint32_t i = 0; i < locations; ++i) {
    const auto one = maker.series(maker.shape(400), LocationId{static_cast<std::uint16_t>(3 * i)});
    results.insert(results.end(), one.begin(), one.end());
  }
  return results;
}

/// A successful check: its latency counts.
std::vector<std::uint32_t> successful_latencies(const std::vector<CheckResult>& results) {
  std::vector<std::uint32_t> latencies;
  for (const CheckResult& result : results) {
    const bool successful = result.state == State::up || result.state == State::degraded;
    if (successful && result.latency_us) latencies.push_back(*result.latency_us);
  }
  return latencies;
}

TEST(Summary, FiguresAreThoseOfTheRawResults) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    ResultMaker maker(seed);
    const auto results = random_results(maker);
    const auto series = to_columns(results);
    const DaySummary summary = summary_of(series);
    ASSERT_EQ(summary.series.size(), series.size());
    for (std::size_t i = 0; i < series.size(); ++i) {
      EXPECT_EQ(summary.series[i].location, series[i].location);
      EXPECT_EQ(summary.series[i].runs, series[i].runs);
    }
    const auto latencies = successful_latencies(results);
    std::uint64_t sum = 0;
    for (const std::uint32_t latency : latencies) sum += latency;
    EXPECT_EQ(summary.latency_count, latencies.size());
    EXPECT_EQ(summary.latency_sum_us, sum);
    EXPECT_EQ(summary.latency.count(), latencies.size());
    if (latencies.empty()) continue;
    EXPECT_EQ(summary.latency_min_us, *std::min_element(latencies.begin(), latencies.end()));
    EXPECT_EQ(summary.latency_max_us, *std::max_element(latencies.begin(), latencies.end()));
  }
}

TEST(Summary, IsTheSameHoweverTheDayIsCut) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE(seed);
    ResultMaker maker(seed);
    const auto results = random_results(maker);
    DaySummary in_pieces;
    reset_summary(in_pieces, kDay);
    for (std::size_t at = 0; at < results.size();) {
      const std::size_t size = std::min<std::size_t>(1 + maker.below(90), results.size() - at);
      for (const SeriesColumns& piece : to_columns(std::span(results).subspan(at, size))) {
        add_to_summary(in_pieces, piece);
      }
      at += size;
    }
    EXPECT_EQ(in_pieces, summary_of(to_columns(results)));
  }
}

TEST(Summary, ComesBackFromItsBytes) {
  DaySummary out;  // reused: nothing of the one before may stay
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    ResultMaker maker(seed);
    const DaySummary summary = summary_of(to_columns(random_results(maker)));
    if (!is_storable(summary)) continue;
    const std::string bytes = encode_summary(summary);
    const auto done = decode_summary(kDay, bytes, true, out);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(out, summary);

    ASSERT_TRUE(decode_summary(kDay, bytes, false, out));
    EXPECT_EQ(out.latency.count(), 0U);
    out.latency = summary.latency;
    EXPECT_EQ(out, summary);
  }
}

TEST(Summary, OfADayWithoutResultsComesBack) {
  const DaySummary empty = summary_of({});
  DaySummary out = summary_of(to_columns(std::vector{up_result(kDayStartMs, 5)}));
  ASSERT_TRUE(decode_summary(kDay, encode_summary(empty), true, out));
  EXPECT_EQ(out, empty);
}

TEST(Summary, WithTooManyRunsIsNotStorable) {
  constexpr std::int64_t kStepMs = kDayMs / (kMaxSummaryRuns + 1);
  std::vector<CheckResult> flapping;
  for (std::int64_t i = 0; i <= kMaxSummaryRuns; ++i) {
    const std::int64_t time_ms = kDayStartMs + i * kStepMs;
    flapping.push_back(i % 2 == 0 ? up_result(time_ms, 1) : down_result(time_ms, ErrorClass::reset, ""));
  }
  EXPECT_FALSE(is_storable(summary_of(to_columns(flapping))));
  flapping.pop_back();
  const DaySummary summary = summary_of(to_columns(flapping));
  EXPECT_TRUE(is_storable(summary));
  DaySummary out;
  ASSERT_TRUE(decode_summary(kDay, encode_summary(summary), true, out));
  EXPECT_EQ(out, summary);
}

TEST(Summary, TypicalDayTakesAtMost350Bytes) {
  ResultMaker maker(1);
  std::vector<CheckResult> results;
  for (std::int64_t i = 0; i < 1440; ++i) {
    const std::uint32_t spike = maker.chance(0.01) ? 5 + maker.below(15) : 1;
    results.push_back(up_result(kDayStartMs + i * 60'000, (40'000 + maker.below(100'000)) * spike));
  }
  EXPECT_LE(encode_summary(summary_of(to_columns(results))).size(), 350U);
}

TEST(Summary, EveryTruncationIsCorruption) {
  ResultMaker maker(4);
  const std::string bytes = encode_summary(summary_of(to_columns(maker.series({.count = 300}))));
  DaySummary out;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto done = decode_summary(kDay, std::string_view(bytes).substr(0, size), true, out);
    ASSERT_FALSE(done) << size;
    EXPECT_EQ(done.error().code, ErrorCode::corruption);
  }
  EXPECT_FALSE(decode_summary(kDay, bytes + '\0', true, out));
}

TEST(Summary, NewerVersionIsRefused) {
  std::string bytes = encode_summary(summary_of({}));
  bytes[0] = static_cast<char>(kSummaryVersion + 1);
  DaySummary out;
  EXPECT_EQ(decode_summary(kDay, bytes, false, out).error().code, ErrorCode::newer_format);
}

}  // namespace
}  // namespace nines::engine
