// No allocation per sample: a window of eight times as many results takes as many allocations, but for vectors that
// grow by doubling. On the asking thread.
#include <gtest/gtest.h>

#include <filesystem>

#include <nines/dashboard.h>

#include "query/support/allocation_counter.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr TimeMs kNow = from_ms(1'784'000'000'000);
constexpr int kResults = 3 * 24 * 60;
/// A vector of any number of results that fits into memory grows fewer times than this.
constexpr std::uint64_t kGrowths = 40;

class Allocations : public ::testing::TestWithParam<std::size_t> {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(path_);
    Options options;
    options.clock = [] { return kNow; };
    options.disk_reserve_bytes = 1;
    options.performance.head_bytes = GetParam();
    auto store = Store::open(path_, options);
    ASSERT_TRUE(store.has_value()) << store.error().message;
    store_ = std::move(*store);
    Server server;
    server.name = "site";
    server.created_at = kNow - minutes{kResults};
    const auto id = store_->add_server(server);
    ASSERT_TRUE(id.has_value());
    std::vector<CheckResult> results(kResults);
    for (int i = 0; i < kResults; ++i) {
      CheckResult& result = results[static_cast<std::size_t>(i)];
      result.server = *id;
      result.time = kNow - minutes{kResults - i};
      result.state = State::up;
      result.interval_ms = 60'000;
      result.latency_us = static_cast<std::uint32_t>(80'000 + i);
    }
    ASSERT_TRUE(store_->load(*id, results).has_value());
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(path_);
  }

  /// Allocations of a dashboard of the last `length` that was asked for before.
  std::uint64_t count(hours length) {
    Query query;
    query.window = {kNow - length, kNow};
    query.now = kNow;
    query.summaries = Summaries::never;
    DashboardOptions options;
    options.bars.emplace().count = 24;
    Dashboard board;
    std::uint64_t counted = 0;
    for (int turn = 0; turn < 2; ++turn) {
      const std::uint64_t before = allocations_of_this_thread();
      const auto asked = dashboard(*store_, query, options, board);
      counted = allocations_of_this_thread() - before;
      EXPECT_TRUE(asked.has_value());
      EXPECT_EQ(board.rows.at(0).figures.counts.checks, static_cast<std::uint64_t>(length / minutes{1}));
    }
    return counted;
  }

  const std::string path_ = ::testing::TempDir() + "nines_allocations_" + std::to_string(GetParam());
  std::unique_ptr<Store> store_;
};

TEST_P(Allocations, DoNotGrowWithTheResults) {
  const std::uint64_t few = count(hours{3});
  const std::uint64_t many = count(hours{24});
  EXPECT_GT(few, 0U);
  EXPECT_LE(many, few + kGrowths) << few << " for 180 results, " << many << " for 1440";
}

INSTANTIATE_TEST_SUITE_P(From, Allocations, ::testing::Values(std::size_t{64} << 20U, std::size_t{0}),
                         [](const auto& from) { return from.param == 0 ? "Chunks" : "Head"; });

}  // namespace
}  // namespace nines::test
