// What a read says that it cost, for layouts whose cost is known.
#include <gtest/gtest.h>

#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;

/// The start of a UTC day, four days before the clock.
constexpr std::int64_t kDay0 = 20'600;
constexpr TimeMs kStart = from_ms(kDay0 * kDayMs);
constexpr int kADay = 1'440;

class Cost : public ::testing::Test {
 protected:
  void open(std::size_t head_bytes) {
    Options options;
    options.clock = [] { return kStart + std::chrono::days{4}; };
    options.disk_reserve_bytes = 1;
    options.performance.head_bytes = head_bytes;
    store_.reset();
    store_ = open_or_fail(path_, options);
    ASSERT_NE(store_, nullptr);
    if (!store_->catalog()->servers().empty()) return;
    Server server;
    server.name = "site";
    ASSERT_EQ(store_->add_server(server).value(), kServer);
  }

  /// Results a minute apart from minute `begin` after the start on.
  static std::vector<CheckResult> minutes(int begin, int count) {
    std::vector<CheckResult> results(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      auto& result = results[static_cast<std::size_t>(i)];
      result.server = kServer;
      result.time = kStart + std::chrono::minutes{begin + i};
      result.state = State::up;
      result.latency_us = static_cast<std::uint32_t>(1'000 + i);
    }
    return results;
  }

  static ScanCost scan(const Store& store, int begin, int end) {
    const Window window{kStart + std::chrono::minutes{begin}, kStart + std::chrono::minutes{end}};
    const auto cursor = store.scan(kServer, window, {});
    if (!cursor) {
      ADD_FAILURE() << cursor.error().message;
      return {};
    }
    static_cast<void>(read_all(**cursor, kServer, window));
    return (*cursor)->cost();
  }

  static ScanCost read_summaries(const Store& store, int days, bool with_sketch = true) {
    const auto cursor = store.days(kServer, {kDay0, kDay0 + days}, with_sketch);
    if (!cursor) {
      ADD_FAILURE() << cursor.error().message;
      return {};
    }
    for (auto day = (*cursor)->next(); day && *day != nullptr; day = (*cursor)->next()) continue;
    return (*cursor)->cost();
  }

  static constexpr ServerId kServer{1};
  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  std::unique_ptr<Store> store_;
};

TEST_F(Cost, WindowInTheHeadNeedsNoDisk) {
  open(64U << 20U);
  ASSERT_TRUE(store_->append(minutes(0, 100), Durability::process));
  const ScanCost cost = scan(*store_, 10, 60);
  EXPECT_EQ(cost.range_scans, 1U);
  EXPECT_EQ(cost.seeks + cost.rows + cost.chunks + cost.bytes + cost.block_reads + cost.block_hits, 0U);
  EXPECT_EQ(cost.head_results, 50U);
  EXPECT_EQ(cost.results, 50U);
  EXPECT_GT(cost.nanoseconds, 0U);
}

TEST_F(Cost, WithoutAHeadEachDayIsAChunkBehindOneSeek) {
  open(0);
  ASSERT_TRUE(store_->load(kServer, minutes(0, 3 * kADay)));
  ASSERT_TRUE(store_->compact());
  ScanCost cost = scan(*store_, 0, 3 * kADay);
  EXPECT_EQ(cost.range_scans, 1U);
  EXPECT_EQ(cost.seeks, 1U);
  EXPECT_EQ(cost.chunks, 3U);
  EXPECT_EQ(cost.rows + cost.head_results + cost.summaries, 0U);
  EXPECT_EQ(cost.results, 3U * kADay);
  EXPECT_GT(cost.bytes, kADay);  // results this regular take about a byte each
  EXPECT_LT(cost.bytes, 8U * 3U * kADay);
  EXPECT_GT(cost.block_reads + cost.block_hits, 0U);

  cost = scan(*store_, kADay, kADay + 10);
  EXPECT_EQ(cost.seeks, 1U);
  EXPECT_EQ(cost.chunks, 1U);
  EXPECT_EQ(cost.results, 10U);
}

TEST_F(Cost, ReadOnlyStoreReadsRows) {
  open(64U << 20U);
  ASSERT_TRUE(store_->append(minutes(0, 50), Durability::process));
  const auto reader = Store::open_read_only(path_);
  ASSERT_TRUE(reader) << reader.error().message;
  const ScanCost cost = scan(**reader, 10, 60);
  EXPECT_EQ(cost.range_scans, 1U);
  EXPECT_EQ(cost.seeks, 2U);  // one among the chunks, one among the rows
  EXPECT_EQ(cost.rows, 40U);
  EXPECT_EQ(cost.chunks + cost.head_results, 0U);
  EXPECT_EQ(cost.results, 40U);
}

TEST_F(Cost, EmptyWindowCostsNothing) {
  open(64U << 20U);
  ASSERT_TRUE(store_->append(minutes(0, 50), Durability::process));
  const ScanCost cost = scan(*store_, 20, 20);
  EXPECT_EQ(cost.range_scans, 1U);
  EXPECT_EQ(cost.seeks + cost.results, 0U);
}

TEST_F(Cost, StoredSummariesReadNoChunk) {
  open(64U << 20U);
  ASSERT_TRUE(store_->load(kServer, minutes(0, 3 * kADay + 1)));
  ASSERT_TRUE(store_->compact());
  const ScanCost cost = read_summaries(*store_, 3);
  EXPECT_EQ(cost.range_scans, 1U);
  EXPECT_EQ(cost.seeks, 1U);
  EXPECT_EQ(cost.summaries, 3U);
  EXPECT_EQ(cost.chunks + cost.rows, 0U);

  // A late result takes a day's summary with it: that one is computed from its chunk, once.
  ASSERT_TRUE(store_->append(minutes(kADay + 7, 1), Durability::process));
  const ScanCost again = read_summaries(*store_, 3);
  EXPECT_EQ(again.summaries, 2U);
  EXPECT_GE(again.chunks, 1U);
  EXPECT_EQ(read_summaries(*store_, 3).summaries, 3U);
}

TEST_F(Cost, SummariesReadBeforeNeedNoDiskUntilTheirPastChanges) {
  open(64U << 20U);
  ASSERT_TRUE(store_->load(kServer, minutes(0, 3 * kADay + 1)));
  EXPECT_EQ(read_summaries(*store_, 3, false).seeks, 1U);
  const ScanCost again = read_summaries(*store_, 2, false);
  EXPECT_EQ(again.summaries, 2U);
  EXPECT_EQ(again.seeks + again.bytes + again.block_reads + again.block_hits, 0U);
  EXPECT_EQ(read_summaries(*store_, 4, false).seeks, 1U) << "the last day is still open";

  ASSERT_TRUE(store_->append(minutes(3 * kADay + 1, 5), Durability::process));
  EXPECT_EQ(read_summaries(*store_, 3, false).seeks, 0U) << "what comes in order changes no closed day";
  ASSERT_TRUE(store_->append(minutes(kADay + 7, 1), Durability::process));
  EXPECT_GE(read_summaries(*store_, 3, false).seeks, 1U);
  EXPECT_EQ(read_summaries(*store_, 3, false).seeks, 0U);
}

TEST_F(Cost, SummariesAreKeptPackedWhereTheirShareIsSmall) {
  open(1'000);  // a quarter of it holds three days that are packed, and no two that are not
  ASSERT_TRUE(store_->load(kServer, minutes(0, 3 * kADay + 1)));
  EXPECT_EQ(read_summaries(*store_, 3, false).seeks, 1U);
  EXPECT_EQ(read_summaries(*store_, 3, false).seeks, 0U);
}

TEST_F(Cost, SummariesTakeAShareOfTheBudgetAndNoMore) {
  open(100);
  ASSERT_TRUE(store_->load(kServer, minutes(0, 3 * kADay + 1)));
  EXPECT_EQ(read_summaries(*store_, 3, false).seeks, 1U);
  EXPECT_EQ(read_summaries(*store_, 3, false).seeks, 1U);
}

TEST_F(Cost, NoDayBeforeTheFirstResultIsLookedAt) {
  open(64 << 20);
  ASSERT_TRUE(store_->append(minutes(0, 100), Durability::process));
  open(64 << 20);  // now the head is known to hold all that there is
  const auto cursor = store_->days(kServer, {0, kDay0 + 4}, false);
  ASSERT_TRUE(cursor) << cursor.error().message;
  const auto day = (*cursor)->next();
  ASSERT_TRUE(day) << day.error().message;
  ASSERT_NE(*day, nullptr);
  EXPECT_EQ((*day)->day, kDay0);
  EXPECT_LE((*cursor)->cost().head_results, 1'000U) << "and not the results again for each of 20,600 days";
}

TEST_F(Cost, StoreCountsAllReads) {
  open(0);
  ASSERT_TRUE(store_->load(kServer, minutes(0, kADay)));
  const ScanCost before = store_->stats().reads;
  ScanCost sum = scan(*store_, 0, 100);
  sum += scan(*store_, 100, 300);
  const std::vector<ServerId> servers = {kServer};
  const auto many = store_->scan_many(servers, {kStart, kStart + std::chrono::minutes{5}}, {},
                                      [](std::size_t, Cursor&) -> Result<void> { return {}; });
  ASSERT_TRUE(many);
  sum += *many;
  const ScanCost after = store_->stats().reads;
  EXPECT_EQ(after.range_scans - before.range_scans, 3U);
  EXPECT_EQ(after.results - before.results, 300U);
  EXPECT_EQ(after.seeks - before.seeks, sum.seeks);
  EXPECT_EQ(after.bytes - before.bytes, sum.bytes);
}

}  // namespace
}  // namespace nines::test
