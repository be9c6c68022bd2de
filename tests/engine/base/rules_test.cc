// Two rules that several rooms go by: the rank of a percentile, and for how long a result holds.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>

#include "base/hold.h"
#include "base/nearest_rank.h"

namespace nines::engine {
namespace {

using std::chrono::days;
using std::chrono::milliseconds;

// By hand, in integers: p thousandths of count, rounded up.
TEST(NearestRank, IsTheSmallestThatCoversTheShareForEveryThousandth) {
  for (std::uint64_t count = 1; count <= 2'000; count += count < 40 ? 1 : 37) {
    for (std::uint64_t thousandths = 1; thousandths <= 1'000; ++thousandths) {
      const std::uint64_t expected = (thousandths * count + 999) / 1'000;
      ASSERT_EQ(nearest_rank(static_cast<double>(thousandths) / 1'000, count), expected)
          << thousandths << " thousandths of " << count;
    }
  }
}

TEST(NearestRank, IsARankWhateverTheQuantile) {
  EXPECT_EQ(nearest_rank(0.07, 100), 7U);
  EXPECT_EQ(nearest_rank(0, 100), 1U);
  EXPECT_EQ(nearest_rank(-1, 100), 1U);
  EXPECT_EQ(nearest_rank(2, 100), 100U);
}

TEST(Hold, IsTwoIntervalsAndAHalfAndTheTimeoutUnlessTheRulesSayOtherwise) {
  Rules rules;
  rules.interval = milliseconds{60'000};
  rules.timeout = milliseconds{10'000};
  EXPECT_EQ(hold_of(rules, 0), milliseconds{160'000});
  EXPECT_EQ(hold_of(rules, 1), milliseconds{10'002});  // 2.5 ms, in whole ones
  EXPECT_EQ(hold_of(rules, 30'000), milliseconds{85'000});
  rules.stale_after = milliseconds{1};
  EXPECT_EQ(hold_of(rules, 30'000), milliseconds{1});
  rules.stale_after = milliseconds{std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(hold_of(rules, 0), days{36'525});
}

}  // namespace
}  // namespace nines::engine
