// Columns and runs: where a run ends, and that results come back from their columns.
#include "series/columns.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "make_results.h"

namespace nines::engine {
namespace {

using testing::down_result;
using testing::kServer;
using testing::ResultMaker;
using testing::up_result;

SeriesColumns columns_of(const std::vector<CheckResult>& results) {
  SeriesColumns columns;
  for (const CheckResult& result : results) columns.push_back(result);
  return columns;
}

TEST(TimeFinder, FindsWhatABinarySearchFinds) {
  std::mt19937_64 random(7);
  const auto pick = [&](std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random);
  };
  for (int round = 0; round < 300; ++round) {
    // A steady pace with jitter; in some rounds with holes, or with bursts.
    std::vector<std::int64_t> times;
    std::int64_t time = pick(0, 1'000'000);
    for (std::int64_t i = pick(0, 200); i > 0; --i) {
      times.push_back(time);
      time += pick(59'950, 60'050);
      if (round % 3 == 1 && pick(0, 9) == 0) time += pick(1, 100'000'000);
      if (round % 3 == 2) time -= pick(0, 59'949);
    }
    const auto size = static_cast<std::uint32_t>(times.size());
    const auto begin = static_cast<std::uint32_t>(pick(0, size));
    const auto end = static_cast<std::uint32_t>(pick(begin, size));
    const TimeFinder finder(times, begin, end);
    const auto expect_found = [&](std::int64_t moment) {
      const auto expected = std::lower_bound(times.begin() + begin, times.begin() + end, moment) - times.begin();
      EXPECT_EQ(finder.find(moment), expected) << "round " << round;
    };
    for (const std::int64_t around : times) {
      for (const std::int64_t moment : {around - 1, around, around + 1}) expect_found(moment);
    }
    expect_found(0);
    expect_found(to_ms(kTimeLimit));
  }
}

TEST(Run, EndsWhereTheGapExceedsTwoAndAHalfIntervals) {
  EXPECT_EQ(columns_of({up_result(0, 1), up_result(150'000, 1)}).runs.size(), 1U);
  EXPECT_EQ(columns_of({up_result(0, 1), up_result(150'001, 1)}).runs.size(), 2U);
  EXPECT_EQ(columns_of({up_result(0, 1, 1), up_result(2, 1, 1)}).runs.size(), 1U);
  EXPECT_EQ(columns_of({up_result(0, 1, 1), up_result(3, 1, 1)}).runs.size(), 2U);
}

TEST(Run, WithoutIntervalCountsSixtySeconds) {
  EXPECT_EQ(columns_of({up_result(0, 1, 0), up_result(150'000, 1, 0)}).runs.size(), 1U);
  EXPECT_EQ(columns_of({up_result(0, 1, 0), up_result(150'001, 1, 0)}).runs.size(), 2U);
}

TEST(Run, EndsWhereAnyPartOfTheJudgementChanges) {
  const CheckResult first = up_result(0, 1);
  const auto runs_with = [&](auto change) {
    CheckResult second = up_result(60'000, 1);
    change(second);
    return columns_of({first, second}).runs.size();
  };
  EXPECT_EQ(runs_with([](CheckResult&) {}), 1U);
  EXPECT_EQ(runs_with([](CheckResult& r) { r.detail = "said something"; }), 1U);
  EXPECT_EQ(runs_with([](CheckResult& r) { r.state = State::degraded; }), 2U);
  EXPECT_EQ(runs_with([](CheckResult& r) { r.error = ErrorClass::slow; }), 2U);
  EXPECT_EQ(runs_with([](CheckResult& r) { r.code = 204; }), 2U);
  EXPECT_EQ(runs_with([](CheckResult& r) { r.retry = true; }), 2U);
  EXPECT_EQ(runs_with([](CheckResult& r) { r.interval_ms = 30'000; }), 2U);
  EXPECT_EQ(runs_with([](CheckResult& r) { r.latency_us.reset(); }), 2U);
}

TEST(Run, SaysItsTimesAndLongestGap) {
  const auto columns = columns_of(
      {up_result(1000, 1), up_result(61'000, 1), up_result(131'000, 1), down_result(191'000, ErrorClass::reset, "")});
  ASSERT_EQ(columns.runs.size(), 2U);
  const auto& run = columns.runs[0];
  EXPECT_EQ(run.begin, 0U);
  EXPECT_EQ(run.end, 3U);
  EXPECT_EQ(run.first_ms, 1000);
  EXPECT_EQ(run.last_ms, 131'000);
  EXPECT_EQ(run.max_gap_ms, 70'000U);
  EXPECT_EQ(columns.runs[1].begin, 3U);
  EXPECT_EQ(columns.runs[1].max_gap_ms, 0U);
}

TEST(Run, OfHugeIntervalSaturatesItsGap) {
  const auto columns = columns_of({up_result(0, 1, 0xffff'ffff), up_result(10'000'000'000, 1, 0xffff'ffff)});
  ASSERT_EQ(columns.runs.size(), 1U);
  EXPECT_EQ(columns.runs[0].max_gap_ms, 0xffff'ffffU);
}

TEST(Columns, ResultsComeBack) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    ResultMaker maker(seed);
    const auto results = maker.series(maker.shape(300));
    const SeriesColumns columns = columns_of(results);
    ASSERT_EQ(columns.size(), results.size());
    for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(columns.at(i, kServer), results[i]);
  }
}

TEST(Columns, PhasesStayEmptyUntilTheFirst) {
  SeriesColumns columns = columns_of({up_result(0, 1), up_result(1, 1)});
  EXPECT_TRUE(columns.phases.empty());
  CheckResult with = up_result(2, 1);
  with.phases = Phases{1, 2, 3, 4, 5};
  columns.push_back(with);
  EXPECT_EQ(columns.phases.size(), 3U);
  EXPECT_EQ(columns.has_phases, (std::vector<std::uint8_t>{0, 0, 1}));
  columns.push_back(up_result(3, 1));
  EXPECT_EQ(columns.phases.size(), 4U);
}

TEST(Columns, SplitByLocationAscending) {
  std::vector<CheckResult> results;
  for (std::int64_t i = 0; i < 9; ++i) {
    CheckResult result = up_result(i, static_cast<std::uint32_t>(i));
    result.location = LocationId{static_cast<std::uint16_t>(2 - i % 3)};
    results.push_back(result);
  }
  const auto series = to_columns(results);
  ASSERT_EQ(series.size(), 3U);
  for (std::size_t s = 0; s < 3; ++s) {
    EXPECT_EQ(series[s].location, LocationId{static_cast<std::uint16_t>(s)});
    EXPECT_EQ(series[s].size(), 3U);
  }
  EXPECT_EQ(series[0].time_ms, (NumberColumn<std::int64_t>{2, 5, 8}));
  EXPECT_TRUE(to_columns({}).empty());
}

}  // namespace
}  // namespace nines::engine
