// The latency sketch against the nearest-rank value of what was added.
#include <gtest/gtest.h>
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include <nines/check_result.h>
#include <nines/summary.h>

namespace nines {
namespace {

double nearest_rank(std::vector<std::uint32_t> values, double q) {
  std::sort(values.begin(), values.end());
  const auto rank = static_cast<std::size_t>(std::ceil(q * static_cast<double>(values.size())));
  return values[std::max<std::size_t>(rank, 1) - 1];
}

void expect_close(const LatencySketch& sketch, const std::vector<std::uint32_t>& values) {
  for (const double q : {1e-9, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1.0}) {
    const double exact = nearest_rank(values, q);
    const auto estimate = sketch.quantile(q);
    ASSERT_TRUE(estimate);
    EXPECT_LE(std::abs(*estimate - exact), LatencySketch::kRelativeError * exact) << q;
  }
}

LatencySketch sketch_of(const std::vector<std::uint32_t>& values) {
  LatencySketch sketch;
  sketch.add(values);
  return sketch;
}

/// Latencies spread over all magnitudes, or about one, or few distinct ones.
std::vector<std::uint32_t> random_latencies(std::mt19937_64& random) {
  std::vector<std::uint32_t> values(1 + random() % 2000);
  const std::uint64_t kind = random() % 3;
  for (std::uint32_t& value : values) {
    if (kind == 0) value = static_cast<std::uint32_t>(random()) >> (random() % 32);
    if (kind == 1) value = 60'000 + static_cast<std::uint32_t>(random() % 50'000);
    if (kind == 2) value = static_cast<std::uint32_t>(random() % 4);
  }
  return values;
}

TEST(Sketch, QuantilesAreWithinOnePercentOfNearestRank) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200; ++i) {
    const auto values = random_latencies(random);
    expect_close(sketch_of(values), values);
  }
}

TEST(Sketch, EveryLatencyAtABucketsEdgeIsWithinOnePercent) {
  const auto expect_one = [](std::uint32_t value) {
    LatencySketch sketch;
    sketch.add(value);
    EXPECT_LE(std::abs(*sketch.quantile(1) - value), LatencySketch::kRelativeError * value) << value;
  };
  for (std::uint32_t value = 0; value < 70'000; ++value) expect_one(value);
  for (unsigned octave = 16; octave < 32; ++octave) {
    for (std::uint32_t step = 0; step < 1024; ++step) {
      const std::uint32_t edge = (1U << octave) + (step << (octave - 10));
      expect_one(edge);
      expect_one(edge - 1);
    }
  }
  expect_one(kMaxLatencyUs);
  expect_one(std::numeric_limits<std::uint32_t>::max());
}

TEST(Sketch, BucketsAscendWithTheLatency) {
  std::uint32_t before = 0;
  for (std::uint64_t value = 1; value <= 0xffff'ffff; value += 1 + value / 3000) {
    LatencySketch sketch;
    sketch.add(static_cast<std::uint32_t>(value));
    EXPECT_GE(sketch.first_bucket(), before);
    EXPECT_LT(sketch.first_bucket(), LatencySketch::kBuckets);
    before = sketch.first_bucket();
  }
}

TEST(Sketch, OfMergedPartsIsTheSketchOfAll) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 100; ++i) {
    auto all = random_latencies(random);
    const auto more = random_latencies(random);
    LatencySketch merged = sketch_of(all);
    merged.merge(sketch_of(more));
    merged.merge(LatencySketch{});
    all.insert(all.end(), more.begin(), more.end());
    EXPECT_EQ(merged, sketch_of(all));
    LatencySketch one_by_one;
    for (const std::uint32_t value : all) one_by_one.add(value);
    EXPECT_EQ(one_by_one, merged);
  }
}

TEST(Sketch, WithoutValuesHasNoQuantile) {
  LatencySketch sketch;
  sketch.add(5, 0);
  sketch.add(std::span<const std::uint32_t>{});
  EXPECT_EQ(sketch.quantile(0.5), std::nullopt);
  EXPECT_EQ(sketch, LatencySketch{});
}

TEST(Sketch, CountsAddUp) {
  LatencySketch sketch;
  sketch.add(100, 98);
  sketch.add(5000);
  sketch.add(7000);
  EXPECT_EQ(sketch.count(), 100U);
  EXPECT_NEAR(*sketch.quantile(0.98), 100, 1);
  EXPECT_NEAR(*sketch.quantile(0.99), 5000, 50);
  EXPECT_NEAR(*sketch.quantile(1), 7000, 70);
}

TEST(Sketch, AssignTakesOnlyWhatBucketsGive) {
  const LatencySketch sketch = sketch_of({1, 2, 300, 4'000'000'000});
  LatencySketch copy;
  EXPECT_TRUE(copy.assign(sketch.first_bucket(), sketch.buckets()));
  EXPECT_EQ(copy, sketch);
  const std::vector<std::uint64_t> counts = {0, 1};
  EXPECT_FALSE(copy.assign(0, counts));
  EXPECT_EQ(copy, LatencySketch{});
  const std::vector<std::uint64_t> two = {1, 1};
  EXPECT_FALSE(copy.assign(LatencySketch::kBuckets - 1, two));
  EXPECT_FALSE(copy.assign(0xffff'ffff, two));
}

}  // namespace
}  // namespace nines
