// Retention and space: what is dropped gives its space back, summaries outlive their results, and the store's size and
// the heads' memory keep within what the options allow, without changing an answer.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <utility>

#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::days;

constexpr std::int64_t kDay0 = 20'600;
constexpr int kDays = 60;
constexpr int kADay = 1'440;
constexpr Window kAll{from_ms(0), kTimeLimit};

class RetainedDays : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [this] { return now_; };
    options_.trust_clock = true;
    options_.disk_reserve_bytes = 1;
  }

  void open() {
    store_.reset();
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
  }

  ServerId add(Retention retention = {}) {
    Server server;
    server.name = "server " + std::to_string(++names_);
    server.created_at = from_ms(kDay0 * kDayMs);
    server.retention = retention;
    const auto id = store_->add_server(server);
    EXPECT_TRUE(id) << id.error().message;
    return id.value_or(ServerId{});
  }

  /// So many servers with the history() of so many days.
  std::vector<ServerId> add_loaded(int servers, int count_days) {
    std::vector<ServerId> ids;
    for (int i = 0; i < servers; ++i) {
      ids.push_back(add());
      EXPECT_TRUE(store_->load(ids.back(), history(ids.back(), count_days)));
    }
    return ids;
  }

  /// A result a minute from the first day on, with latencies that do not pack well.
  std::vector<CheckResult> history(ServerId server, int count_days) {
    std::mt19937 random(static_cast<std::uint32_t>(server));
    std::vector<CheckResult> results;
    for (int minute = 0; minute < count_days * kADay; ++minute) {
      CheckResult result;
      result.server = server;
      result.time = from_ms(kDay0 * kDayMs + minute * 60'000LL);
      result.state = random() % 500 == 0 ? State::down : State::up;
      result.latency_us = static_cast<std::uint32_t>(random() % 100'000);
      results.push_back(std::move(result));
    }
    return results;
  }

  std::uint64_t settled_bytes() {
    EXPECT_TRUE(store_->compact());
    EXPECT_TRUE(store_->flush());
    return store_->stats().disk_bytes;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  TimeMs now_ = from_ms((kDay0 + kDays) * kDayMs);
  Options options_;
  int names_ = 0;
  std::unique_ptr<Store> store_;
};

TEST_F(RetainedDays, DroppedDaysGiveTheirSpaceBack) {
  options_.max_ahead = days{kDays};
  open();
  const TimeMs today = std::exchange(now_, from_ms(kDay0 * kDayMs));  // when nothing is too old yet
  std::vector<ServerId> servers;
  for (int i = 0; i < 4; ++i) {
    servers.push_back(add({.checks = days{10}, .summaries = days{10}}));
    ASSERT_TRUE(store_->load(servers.back(), history(servers.back(), kDays)));
  }
  now_ = today;
  const std::uint64_t before = settled_bytes();
  ASSERT_TRUE(store_->apply_retention());
  // 10 of 60 days are left; that the files shrink accordingly needs no other call. They go when no thread is about to
  // look at them any more.
  for (int wait = 0; wait < 2'000 && store_->stats().disk_bytes >= before / 3; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  EXPECT_LT(store_->stats().disk_bytes, before / 3);
  for (const ServerId server : servers) {
    auto expected = history(server, kDays);
    expected.erase(expected.begin(), expected.begin() + (kDays - 10) * kADay);
    expect_same(read_window(*store_, server, kAll), expected);
    EXPECT_EQ(read_days(*store_, server, {0, 40'000}).size(), 10U);
  }
}

TEST_F(RetainedDays, RemovedServerGivesItsSpaceBack) {
  open();
  const ServerId kept = add();
  const ServerId removed = add();
  ASSERT_TRUE(store_->load(kept, history(kept, 5)));
  ASSERT_TRUE(store_->load(removed, history(removed, kDays)));
  const std::uint64_t before = settled_bytes();
  ASSERT_TRUE(store_->remove_server(removed));
  EXPECT_LT(settled_bytes(), before / 3);
  expect_same(read_window(*store_, kept, kAll), history(kept, 5));
  open();
  expect_same(read_window(*store_, kept, kAll), history(kept, 5));
}

TEST_F(RetainedDays, SummariesOutliveTheirResults) {
  open();
  const ServerId server = add({.checks = days{0}, .summaries = days{-1}});
  ASSERT_TRUE(store_->load(server, history(server, kDays)));
  const auto before = read_days(*store_, server, {0, 40'000});
  ASSERT_EQ(before.size(), static_cast<std::size_t>(kDays));
  Server entry = *store_->catalog()->find(server);
  entry.retention.checks = days{7};
  ASSERT_TRUE(store_->update_server(entry));
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_EQ(read_window(*store_, server, kAll).size(), 7U * kADay);
  expect_same(read_days(*store_, server, {0, 40'000}), before);
  open();
  expect_same(read_days(*store_, server, {0, 40'000}), before);

  // What retention has dropped does not come back, whole or in part.
  CheckResult late;
  late.server = server;
  late.time = from_ms(kDay0 * kDayMs);
  late.state = State::up;
  const auto refused = store_->append(late, Durability::process);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::out_of_range);
  EXPECT_NE(refused.error().message.find("retention"), std::string::npos) << refused.error().message;
}

TEST_F(RetainedDays, StoreWithinItsCapLosesItsOldestDays) {
  options_.max_store_bytes = 2'000'000;
  options_.performance.write_buffer_bytes = 64U << 10U;
  open();
  const ServerId server = add();
  ASSERT_TRUE(store_->load(server, history(server, kDays)));
  // The cap is one of tables; beside them lie some 100 KB of RocksDB's.
  while (settled_bytes() <= options_.max_store_bytes + 200'000) {
    const ServerId another = add();
    ASSERT_TRUE(store_->load(another, history(another, kDays)));
  }
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_LE(store_->stats().disk_bytes, options_.max_store_bytes);
  const auto left = read_window(*store_, server, kAll);
  ASSERT_FALSE(left.empty());
  EXPECT_LT(left.size(), static_cast<std::size_t>(kDays * kADay));
  auto expected = history(server, kDays);
  expected.erase(expected.begin(), expected.end() - static_cast<std::ptrdiff_t>(left.size()));
  expect_same(left, expected);
}

TEST_F(RetainedDays, HeadsKeepTheirBudgetAndAnswersStayTheSame) {
  options_.performance.head_bytes = 300'000;
  open();
  const std::vector<ServerId> servers = add_loaded(30, 3);
  const auto scan_all = [&] {
    std::atomic<int> same{0};
    const auto done = store_->scan_many(servers, kAll, {}, [&](std::size_t index, Cursor& cursor) -> Result<void> {
      same += static_cast<int>(read_all(cursor, servers[index], kAll) == history(servers[index], 3));
      return {};
    });
    EXPECT_TRUE(done);
    return same.load();
  };
  EXPECT_EQ(scan_all(), 30);
  EXPECT_LE(store_->stats().head_bytes, options_.performance.head_bytes);
  EXPECT_EQ(scan_all(), 30);
  EXPECT_LE(store_->stats().head_bytes, options_.performance.head_bytes);
}

/// A scan of all servers after opening brings their heads in one by one: the last of them must not find all others.
TEST_F(RetainedDays, HeadsKeepTheirBudgetWhileAScanLoadsThem) {
  constexpr std::uint64_t kOneHead = 40'000;
  options_.performance.head_bytes = 300'000;
  open();
  const std::vector<ServerId> servers = add_loaded(30, 3);
  ASSERT_TRUE(store_->close());
  open();
  std::uint64_t most = 0;
  int same = 0;
  const auto done = store_->scan_many(servers, kAll, {}, [&](std::size_t index, Cursor& cursor) -> Result<void> {
    same += static_cast<int>(read_all(cursor, servers[index], kAll) == history(servers[index], 3));
    most = std::max(most, store_->stats().head_bytes);
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(same, 30);
  EXPECT_GT(most, kOneHead);
  EXPECT_LE(most, options_.performance.head_bytes + kOneHead);
}

}  // namespace
}  // namespace nines::test
