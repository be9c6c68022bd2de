// How many rows a server may have before they are sealed.
#include "store/seal_policy.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace nines::engine {
namespace {

constexpr std::size_t kMegabyte = 1U << 20U;

double mean_limit(const SealPolicy& policy, std::uint32_t servers) {
  std::size_t sum = 0;
  for (std::uint32_t number = 1; number <= servers; ++number) sum += policy.limit(ServerId{number}, servers);
  return static_cast<double>(sum) / servers;
}

TEST(SealPolicy, FewServersAreSealedAtTheRowsThatTheHostAsksFor) {
  const SealPolicy policy(256, 24 * kMegabyte);
  EXPECT_NEAR(mean_limit(policy, 1'000), 256, 1);
  EXPECT_NEAR(mean_limit(policy, 10'000), 256, 1);
}

/// 24 MiB for the rows of 30,000 servers, half of whose limit there is in the mean, at 14 bytes: 119 rows.
TEST(SealPolicy, RowsOfManyServersFitTheirMemory) {
  const SealPolicy policy(256, 24 * kMegabyte);
  EXPECT_NEAR(mean_limit(policy, 30'000), 119, 1);
}

TEST(SealPolicy, NoServerIsSealedAtAHandfulOfRows) {
  const SealPolicy policy(256, kMegabyte);
  EXPECT_NEAR(mean_limit(policy, 100'000), 64, 1);
}

TEST(SealPolicy, AskedForLessThanTheFewestItIsWhatIsAskedFor) {
  const SealPolicy policy(4, kMegabyte);
  EXPECT_NEAR(mean_limit(policy, 100'000), 4, 1);
}

TEST(SealPolicy, ServersThatBeganTogetherAreSpread) {
  const SealPolicy policy(256, 24 * kMegabyte);
  std::size_t least = 1'000;
  std::size_t most = 0;
  for (std::uint32_t number = 1; number <= 100; ++number) {
    least = std::min(least, policy.limit(ServerId{number}, 100));
    most = std::max(most, policy.limit(ServerId{number}, 100));
  }
  EXPECT_LT(least, 200U);
  EXPECT_GT(most, 310U);
}

}  // namespace
}  // namespace nines::engine
