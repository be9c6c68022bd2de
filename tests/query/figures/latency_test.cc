// Percentiles, phases, and the series for a plot.
#include <nines/latency.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// By the definition: the smallest value such that at least q of all are at or below it.
std::uint32_t by_sorting(std::vector<std::uint32_t> values, std::size_t percent) {
  std::sort(values.begin(), values.end());
  std::size_t rank = 1;
  while (rank * 100 < percent * values.size()) ++rank;
  return values[rank - 1];
}

void expect_exact(const std::vector<std::uint32_t>& values) {
  constexpr std::size_t kPercents[] = {1, 7, 50, 90, 95, 99, 100};
  std::vector<double> quantiles;
  for (const std::size_t percent : kPercents) quantiles.push_back(static_cast<double>(percent) / 100);
  std::vector<std::uint32_t> found(quantiles.size());
  exact_quantiles(values, quantiles, found);
  for (std::size_t i = 0; i < quantiles.size(); ++i) {
    EXPECT_EQ(found[i], by_sorting(values, kPercents[i])) << kPercents[i] << " % of " << values.size();
  }
}

TEST(ExactQuantiles, AreNearestRank) {
  expect_exact({7});
  expect_exact({2, 1});
  expect_exact({15, 20, 35, 40, 50});
  std::vector<std::uint32_t> hundred;
  for (std::uint32_t i = 1; i <= 100; ++i) hundred.push_back(i);
  expect_exact(hundred);
}

TEST(ExactQuantiles, EqualSortingForEverySizeAndShape) {
  std::mt19937 random(7);
  for (std::size_t size = 1; size < 400; size += 7) {
    std::vector<std::uint32_t> flat;
    std::vector<std::uint32_t> wide;
    std::vector<std::uint32_t> few;
    for (std::size_t i = 0; i < size; ++i) {
      flat.push_back(80'000 + static_cast<std::uint32_t>(random() % 100));
      wide.push_back(static_cast<std::uint32_t>(random() >> (random() % 32)));
      few.push_back(static_cast<std::uint32_t>(random() % 3));
    }
    expect_exact(flat);
    expect_exact(wide);
    expect_exact(few);
  }
}

TEST(ExactQuantiles, HoldAtTheLimitsOfLatency) {
  expect_exact(std::vector<std::uint32_t>(100, 0));
  expect_exact(std::vector<std::uint32_t>(100, kMaxLatencyUs));
  std::vector<std::uint32_t> limits;
  for (int i = 0; i < 50; ++i) {
    limits.insert(limits.end(), {0, 1, 2, 3, 0x7fff'ffff, 0x8000'0000, kMaxLatencyUs - 1, kMaxLatencyUs});
  }
  expect_exact(limits);
}

// A figure must not change its rank with whether a day's summary or its checks answer. 0.07 x 100 is more than 7 in
// binary.
TEST(ExactQuantiles, AreThoseOfASketchForEveryPercent) {
  std::vector<std::uint32_t> values;  // each in a bucket of its own
  LatencySketch sketch;
  for (double value = 1000; values.size() < 200; value *= 1.05) {
    values.push_back(static_cast<std::uint32_t>(value));
    sketch.add(values.back());
    for (std::size_t percent = 1; percent <= 100; ++percent) {
      const auto estimate = sketch.quantile(static_cast<double>(percent) / 100);
      ASSERT_TRUE(estimate);
      const double exact = by_sorting(values, percent);
      EXPECT_NEAR(*estimate, exact, LatencySketch::kRelativeError * exact) << percent << " % of " << values.size();
    }
  }
}

class Latency : public History {
 protected:
  void check_with(TimeMs time, std::uint32_t latency_us, State state = State::up, std::optional<Phases> phases = {}) {
    CheckResult result;
    result.server = server_.id;
    result.time = time;
    result.state = state;
    result.interval_ms = 60'000;
    result.latency_us = latency_us;
    result.phases = phases;
    put(result);
  }
  [[nodiscard]] LatencyAnswer ask(TimeMs from, TimeMs to, const LatencyOptions& options = {}) const {
    auto answer = latency(store_, server_.id, query(from, to), options);
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return std::move(*answer);
  }

  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(Latency, FiguresAreOverSuccessfulChecks) {
  check_with(start_, 100);
  check_with(start_ + minutes{1}, 200, State::degraded);
  check_with(start_ + minutes{2}, 9'000, State::down);
  check_with(start_ + minutes{3}, 8'000, State::unknown);
  check_with(start_ + minutes{4}, 300);
  const auto total = ask(start_, start_ + minutes{5}).total;
  ASSERT_TRUE(total.has_value());
  EXPECT_EQ(total->count, 3U);
  EXPECT_EQ(total->mean_us, 200);
  EXPECT_EQ(total->min_us, 100U);
  EXPECT_EQ(total->max_us, 300U);
  EXPECT_EQ(total->p50_us, 200);
  EXPECT_EQ(total->p99_us, 300);
  EXPECT_TRUE(total->exact);
}

TEST_F(Latency, ChecksWithoutLatencyDoNotCount) {
  CheckResult bare;
  bare.server = server_.id;
  bare.time = start_;
  bare.state = State::up;
  put(bare);
  EXPECT_EQ(ask(start_, start_ + minutes{1}).total, std::nullopt);
}

TEST_F(Latency, LatencyAtTheWindowsEdges) {
  check_with(start_, 1);
  check_with(start_ + minutes{1}, 2);
  check_with(start_ + minutes{2}, 3);
  EXPECT_EQ(ask(start_ + minutes{1}, start_ + minutes{2}).total->count, 1U);
  EXPECT_EQ(ask(start_ + minutes{1}, start_ + minutes{2} + std::chrono::milliseconds{1}).total->count, 2U);
  EXPECT_EQ(ask(start_ + minutes{1} + std::chrono::milliseconds{1}, start_ + minutes{2}).total, std::nullopt);
}

TEST_F(Latency, PhasesThatDidNotHappenHaveNoFigures) {
  check_with(start_, 100, State::up, Phases{10, 20, 0, 50, 20});
  check_with(start_ + minutes{1}, 110, State::up, Phases{0, 30, 0, 60, 20});
  check_with(start_ + minutes{2}, 120);
  check_with(start_ + minutes{3}, 900, State::down, Phases{800, 0, 0, 0, 0});
  const auto answer = ask(start_, start_ + minutes{4}, {.phases = true, .points = 0});
  EXPECT_EQ(answer.total->count, 3U);
  EXPECT_EQ(answer.phases[0]->count, 1U);
  EXPECT_EQ(answer.phases[0]->max_us, 10U);
  EXPECT_EQ(answer.phases[1]->mean_us, 25);
  EXPECT_EQ(answer.phases[2], std::nullopt);
  EXPECT_EQ(answer.phases[3]->p99_us, 60);
  EXPECT_EQ(answer.phases[4]->count, 2U);
}

TEST_F(Latency, SeriesKeepsExtremesAndLeavesEmptyColumnsOut) {
  for (int i = 0; i < 60; ++i) {
    if (i >= 20 && i < 30) continue;
    check_with(start_ + minutes{i}, i == 41 ? 900'000 : i == 42 ? 1'000 : 80'000, i == 55 ? State::down : State::up);
  }
  const auto series = ask(start_, start_ + minutes{60}, {.phases = false, .points = 6}).series;
  ASSERT_EQ(series.size(), 5U);
  EXPECT_EQ(series[1].window, (Window{start_ + minutes{10}, start_ + minutes{20}}));
  EXPECT_EQ(series[1].mean_us, 80'000);
  EXPECT_EQ(series[2].window.from, start_ + minutes{30});
  EXPECT_EQ(series[3].min_us, 1'000U);
  EXPECT_EQ(series[3].max_us, 900'000U);
  EXPECT_EQ(series[3].count, 10U);
  EXPECT_EQ(series[4].count, 9U);
  EXPECT_EQ(series[4].failures, 1U);
}

TEST_F(Latency, TooManyPointsAreRefused) {
  const auto answer =
      latency(store_, server_.id, query(start_, start_ + minutes{1}), {.phases = false, .points = 1'000'000});
  EXPECT_EQ(answer.error().code, ErrorCode::invalid_argument);
}

TEST_F(Latency, EmptyWindowHasNoFiguresAndNoSeries) {
  check_with(start_, 1);
  const auto answer = ask(start_, start_, {.phases = true, .points = 10});
  EXPECT_EQ(answer.total, std::nullopt);
  EXPECT_TRUE(answer.series.empty());
}

TEST_F(Latency, TargetAndApdexCountWhatIsFastEnough) {
  // 80 ms eight times, 900 ms twice, two failures.
  checks(start_, "uuuuuuuuggdd");
  const auto ask = [&](std::chrono::milliseconds target) {
    LatencyOptions options;
    options.target = target;
    return *latency(store_, server_.id, query(start_, start_ + minutes{12}), options)->target;
  };
  const LatencyTarget fast = ask(std::chrono::milliseconds{80});
  EXPECT_EQ(fast.within, 8U) << "a latency that equals the target is within";
  EXPECT_EQ(fast.tolerable, 0U) << "900 ms is more than four times as long";
  EXPECT_EQ(fast.failed, 2U);
  EXPECT_DOUBLE_EQ(*fast.within_ratio, 0.8);
  EXPECT_DOUBLE_EQ(*fast.apdex, 8.0 / 12);
  EXPECT_TRUE(fast.exact);
  const LatencyTarget easy = ask(std::chrono::milliseconds{225});
  EXPECT_EQ(easy.tolerable, 2U);
  EXPECT_DOUBLE_EQ(*easy.apdex, 9.0 / 12);
  EXPECT_EQ(ask(std::chrono::milliseconds{79}).within, 0U);
  LatencyOptions none;
  none.target = std::chrono::microseconds{0};
  EXPECT_EQ(latency(store_, server_.id, query(start_, start_ + minutes{12}), none).error().code,
            ErrorCode::invalid_argument);
}

TEST_F(Latency, TargetOfSummarisedDaysIsWithinTheSketchsError) {
  std::vector<CheckResult> results;
  for (int i = 0; i < 10 * 1440; ++i) {
    CheckResult result;
    result.server = server_.id;
    result.time = start_ + minutes{i};
    result.state = State::up;
    result.interval_ms = 60'000;
    result.latency_us = static_cast<std::uint32_t>(10'000 + i);  // 10 to 24.4 ms, one of each
    results.push_back(result);
  }
  ASSERT_TRUE(store_.append(results, Durability::process).has_value());
  LatencyOptions options;
  options.target = std::chrono::milliseconds{15};
  Query question = query(start_, start_ + std::chrono::days{10});
  question.now = start_ + std::chrono::days{10};
  const LatencyTarget target = *latency(store_, server_.id, question, options)->target;
  EXPECT_FALSE(target.exact);
  // 5,001 are within 15 ms; one per cent of 15 ms is 150 of them.
  EXPECT_NEAR(static_cast<double>(target.within), 5001, 151);
  EXPECT_EQ(target.tolerable, 14'400U - target.within);
}

}  // namespace
}  // namespace nines::test
