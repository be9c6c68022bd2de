// The lane that all writes go through: whoever waits is served by one sync, and a write that fails takes nothing with
// it that was acknowledged before, at whatever level.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "engine/store/faulty_disk.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr Window kAll{from_ms(0), kTimeLimit};

class WriteLanes : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return from_ms(kStartMs + 1'000 * kDayMs); };
    options_.disk_reserve_bytes = 1;
    options_.log = [this](LogLevel, std::string_view message) {
      const std::lock_guard lock(log_mutex_);
      log_.append(message).append("\n");
    };
    open();
    for (int i = 0; i < 3; ++i) {
      Server server;
      server.name = "server " + std::to_string(i);
      servers_.push_back(store_->add_server(server).value());
    }
    ASSERT_TRUE(store_->flush());
  }

  void open() {
    store_.reset();
    auto opened = open_on(
        env_.get(), path_, options_,
        {.first_delay = milliseconds{1}, .longest_delay = milliseconds{4}, .close_timeout = milliseconds{2'000}});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }

  [[nodiscard]] static CheckResult result(ServerId server, std::uint32_t number, std::uint16_t location = 0) {
    CheckResult result;
    result.server = server;
    result.location = LocationId{location};
    result.time = from_ms(kStartMs + number * 1'000LL);
    result.state = State::up;
    result.interval_ms = 1'000;
    result.latency_us = number;
    return result;
  }

  void append(ServerId server, std::uint32_t begin, std::uint32_t end, Durability durability) {
    for (std::uint32_t number = begin; number < end; ++number) {
      const auto done = store_->append(result(server, number), durability);
      ASSERT_TRUE(done) << done.error().message;
    }
  }

  /// One operation on the disk fails, the first that `act` causes; `act` meets it and is refused.
  template <class Act>
  void fail_one(const Act& act) {
    disk_->plan({0, 1, FaultyDisk::Fault::io, false});
    const auto refused = act();
    ASSERT_FALSE(refused) << "nothing failed";
    ASSERT_EQ(disk_->failures(), 1U);
    disk_->heal();
  }

  /// Appends one result until that succeeds.
  void append_again(ServerId server, std::uint32_t number) {
    Result<void> done;
    for (int attempt = 0; attempt < 2'000; ++attempt) {
      done = store_->append(result(server, number), Durability::process);
      if (done) return;
      std::this_thread::sleep_for(milliseconds{1});
    }
    FAIL() << done.error().message;
  }

  [[nodiscard]] std::size_t count(ServerId server) { return read_window(*store_, server, kAll).size(); }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  const std::shared_ptr<FaultyDisk> disk_ = std::make_shared<FaultyDisk>();
  const std::unique_ptr<rocksdb::Env> env_ = FaultyDisk::make_env(disk_);
  Options options_;
  std::mutex log_mutex_;
  std::string log_;
  std::vector<ServerId> servers_;
  std::unique_ptr<Store> store_;  // last: it is gone before its disk
};

TEST_F(WriteLanes, BufferedResultsOutliveAFailedWrite) {
  append(servers_[0], 0, 200, Durability::buffered);
  fail_one([&] { return store_->append(result(servers_[1], 0), Durability::process); });
  append_again(servers_[2], 0);
  EXPECT_EQ(store_->stats().reopened, 1U);
  EXPECT_EQ(count(servers_[0]), 200U);
  ASSERT_TRUE(store_->flush());
  ASSERT_TRUE(store_->close());
  open();
  EXPECT_EQ(count(servers_[0]), 200U);
  EXPECT_EQ(count(servers_[2]), 1U);
}

TEST_F(WriteLanes, SealedAndLoadedResultsOutliveAFailedWrite) {
  append(servers_[0], 0, 100, Durability::buffered);
  ASSERT_TRUE(store_->seal());
  append(servers_[0], 100, 200, Durability::buffered);
  std::vector<CheckResult> history;
  for (std::uint32_t number = 0; number < 5'000; ++number) history.push_back(result(servers_[1], number * 60));
  ASSERT_TRUE(store_->load(servers_[1], history));
  append(servers_[0], 50, 51, Durability::buffered);  // late: folded into the chunk
  fail_one([&] { return store_->append(result(servers_[2], 0), Durability::process); });
  append_again(servers_[2], 1);
  EXPECT_EQ(count(servers_[0]), 200U);
  expect_same(read_window(*store_, servers_[1], kAll), history);
  ASSERT_TRUE(store_->close());
  open();
  EXPECT_EQ(count(servers_[0]), 200U);
  expect_same(read_window(*store_, servers_[1], kAll), history);
}

TEST_F(WriteLanes, FlushAfterAFaultMakesSafeWhatWasAcknowledgedBefore) {
  append(servers_[0], 0, 200, Durability::buffered);
  fail_one([&] { return store_->flush(); });
  Result<void> flushed;
  for (int attempt = 0; attempt < 2'000 && !(flushed = store_->flush()); ++attempt) {
    std::this_thread::sleep_for(milliseconds{1});
  }
  ASSERT_TRUE(flushed) << flushed.error().message;
  std::mt19937_64 random(1);
  const std::string after_power_cut = directory_ / "image";
  write_image(disk_->image(path_, FaultyDisk::Loss::all, random), after_power_cut);
  std::filesystem::copy_file(path_ + "/NINES", after_power_cut + "/NINES");  // not written by RocksDB
  const auto cut = open_or_fail(after_power_cut, options_);
  ASSERT_NE(cut, nullptr);
  EXPECT_EQ(read_window(*cut, servers_[0], kAll).size(), 200U);
}

TEST_F(WriteLanes, CloseAfterAFaultWritesAgainWhatWasAcknowledged) {
  append(servers_[0], 0, 200, Durability::buffered);
  fail_one([&] { return store_->append(result(servers_[1], 0), Durability::process); });
  const auto closed = store_->close();
  ASSERT_TRUE(closed) << closed.error().message;
  open();
  EXPECT_EQ(count(servers_[0]), 200U);
}

TEST_F(WriteLanes, CloseSaysWhatCouldNotBeWritten) {
  append(servers_[0], 0, 200, Durability::buffered);
  disk_->plan({0, 1'000'000, FaultyDisk::Fault::io, false});
  EXPECT_FALSE(store_->append(result(servers_[1], 0), Durability::process));
  const auto closed = store_->close();
  EXPECT_FALSE(closed) << "200 results are lost";
  disk_->heal();
}

TEST_F(WriteLanes, CursorDoesNotKeepTheStoreFromReopening) {
  std::vector<CheckResult> history;
  for (std::uint32_t number = 0; number < 20'000; ++number) history.push_back(result(servers_[0], number * 60));
  ASSERT_TRUE(store_->load(servers_[0], history));
  const auto cursor = store_->scan(servers_[0], kAll, {});
  ASSERT_TRUE(cursor) << cursor.error().message;
  ASSERT_TRUE((*cursor)->next());
  fail_one([&] { return store_->append(result(servers_[1], 0), Durability::process); });
  append_again(servers_[1], 1);
  EXPECT_EQ(store_->stats().reopened, 1U);
  // The cursor was half way through what it read from the Kv that is gone.
  Result<const Segment*> segment = (*cursor)->next();
  while (segment && *segment != nullptr) segment = (*cursor)->next();
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, ErrorCode::unavailable) << segment.error().message;
  expect_same(read_window(*store_, servers_[0], kAll), history);
}

TEST_F(WriteLanes, GoodResultsAreStoredBesideBadOnes) {
  std::vector<CheckResult> results;
  for (std::uint32_t number = 0; number < 100; ++number) results.push_back(result(servers_[number % 3], number));
  results[7].server = ServerId{77};
  results[20].time = from_ms(-1);
  results[21].state = State::paused;
  const auto rejected = store_->append_each(results, Durability::process);
  ASSERT_TRUE(rejected) << rejected.error().message;
  ASSERT_EQ(rejected->size(), 3U);
  EXPECT_EQ((*rejected)[0].index, 7U);
  EXPECT_EQ((*rejected)[0].error.code, ErrorCode::not_found);
  EXPECT_EQ((*rejected)[1].index, 20U);
  EXPECT_EQ((*rejected)[1].error.code, ErrorCode::out_of_range);
  EXPECT_EQ((*rejected)[2].index, 21U);
  EXPECT_EQ((*rejected)[2].error.code, ErrorCode::invalid_argument);
  EXPECT_EQ(count(servers_[0]) + count(servers_[1]) + count(servers_[2]), 97U);
  EXPECT_EQ(store_->append_each({}, Durability::process).error().code, ErrorCode::invalid_argument);
}

TEST_F(WriteLanes, StoreSaysWhetherItCanWriteAndSinceWhen) {
  EXPECT_TRUE(store_->health().writable);
  EXPECT_TRUE(store_->health().why.message.empty());
  fail_one([&] { return store_->append(result(servers_[1], 0), Durability::process); });
  const Health hurt = store_->health();
  EXPECT_FALSE(hurt.writable);
  EXPECT_EQ(hurt.since, options_.clock());
  EXPECT_EQ(hurt.why.code, ErrorCode::io) << hurt.why.message;
  append_again(servers_[1], 1);
  EXPECT_TRUE(store_->health().writable);
}

TEST_F(WriteLanes, ChangesAreCounted) {
  std::uint64_t before = store_->changes();
  const auto changed = [&] {
    const std::uint64_t now = store_->changes();
    return std::exchange(before, now) != now;
  };
  append(servers_[0], 0, 1, Durability::buffered);
  EXPECT_TRUE(changed());
  EXPECT_EQ(count(servers_[0]), 1U);
  EXPECT_FALSE(changed());
  Server server = *store_->catalog()->find(servers_[0]);
  server.group = "another";
  ASSERT_TRUE(store_->update_server(server));
  EXPECT_TRUE(changed());
  ASSERT_TRUE(store_->erase(servers_[0], kAll));
  EXPECT_TRUE(changed());
}

TEST_F(WriteLanes, WhatMakesRoomMayUseTheReserve) {
  append(servers_[0], 0, 500, Durability::process);
  append(servers_[1], 0, 500, Durability::process);
  options_.disk_reserve_bytes = std::uint64_t{1} << 62U;  // nothing has as much
  options_.trust_clock = true;
  ASSERT_TRUE(store_->close());
  open();
  const auto refused = store_->append(result(servers_[0], 501), Durability::process);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::out_of_space);
  EXPECT_FALSE(store_->health().writable);
  Server server = *store_->catalog()->find(servers_[0]);
  server.retention.checks = std::chrono::days{30};
  ASSERT_TRUE(store_->update_server(server));
  const auto pruned = store_->apply_retention();
  ASSERT_TRUE(pruned) << pruned.error().message;
  EXPECT_EQ(count(servers_[0]), 0U);
  const auto removed = store_->remove_server(servers_[1]);
  ASSERT_TRUE(removed) << removed.error().message;
  const auto compacted = store_->compact();
  ASSERT_TRUE(compacted) << compacted.error().message;
}

TEST_F(WriteLanes, AppendOfAnySizeIsStored) {
  std::vector<CheckResult> results;
  for (std::uint32_t number = 0; number < 150'000; ++number) results.push_back(result(servers_[number % 2], number));
  const auto done = store_->append(results, Durability::buffered);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(count(servers_[0]), 75'000U);
  EXPECT_EQ(count(servers_[1]), 75'000U);
}

TEST_F(WriteLanes, AppendersOfOneServerShareSyncs) {
  constexpr std::uint16_t kThreads = 16;
  constexpr std::uint32_t kEach = 25;
  disk_->slow_syncs(milliseconds{3});
  const std::uint64_t before = disk_->syncs();
  std::vector<std::thread> threads;
  for (std::uint16_t location = 0; location < kThreads; ++location) {
    threads.emplace_back([this, location] {
      for (std::uint32_t number = 0; number < kEach; ++number) {
        const auto done = store_->append(result(servers_[0], number, location), Durability::disk);
        ASSERT_TRUE(done) << done.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::uint64_t syncs = disk_->syncs() - before;
  EXPECT_LT(syncs, kThreads * kEach / 4U);
  EXPECT_EQ(count(servers_[0]), static_cast<std::size_t>(kThreads * kEach));
}

TEST_F(WriteLanes, OverlappingBatchesShareSyncs) {
  constexpr std::uint16_t kThreads = 16;
  constexpr std::uint32_t kEach = 25;
  disk_->slow_syncs(milliseconds{3});
  const std::uint64_t before = disk_->syncs();
  std::vector<std::thread> threads;
  for (std::uint16_t location = 0; location < kThreads; ++location) {
    threads.emplace_back([this, location] {
      for (std::uint32_t number = 0; number < kEach; ++number) {
        std::vector<CheckResult> batch;
        for (const ServerId server : servers_) batch.push_back(result(server, number, location));
        const auto done = store_->append(batch, Durability::disk);
        ASSERT_TRUE(done) << done.error().message;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::uint64_t syncs = disk_->syncs() - before;
  EXPECT_LT(syncs, kThreads * kEach / 4U);
  for (const ServerId server : servers_) EXPECT_EQ(count(server), static_cast<std::size_t>(kThreads * kEach));
}

// A reader computes the summaries that are missing and keeps them, but not at the price of an answer.
TEST_F(WriteLanes, ReaderOfSummariesDoesNotWaitForADiskThatStalls) {
  constexpr std::uint32_t kDays = 20;
  for (std::uint32_t hour = 0; hour < kDays * 24; ++hour) {
    CheckResult each = result(servers_[0], 0);
    each.time = from_ms(kStartMs + hour * 3'600'000LL);
    ASSERT_TRUE(store_->append(each, Durability::buffered));
  }
  ASSERT_TRUE(store_->flush());
  disk_->slow_syncs(std::chrono::seconds{3});
  const std::uint64_t syncs = disk_->syncs();
  std::atomic<bool> appended = false;
  std::thread appender([&] {
    EXPECT_TRUE(store_->append(result(servers_[1], 0), Durability::disk));
    appended = true;
  });
  while (disk_->syncs() == syncs) std::this_thread::yield();
  const std::int64_t first = kStartMs / kDayMs;
  const auto read_days = [&] {
    const auto cursor = store_->days(servers_[0], {first, first + kDays + 1}, false);
    EXPECT_TRUE(cursor);
    std::uint32_t days = 0;
    for (;;) {
      const auto day = (*cursor)->next();
      EXPECT_TRUE(day) << day.error().message;
      if (!day || *day == nullptr) return days;
      ++days;
    }
  };
  EXPECT_EQ(read_days(), kDays + 1);
  EXPECT_FALSE(appended) << "the stall was over before the answer was there";
  appender.join();
  disk_->slow_syncs(std::chrono::microseconds{0});
  EXPECT_EQ(read_days(), kDays + 1);
  EXPECT_EQ(count(servers_[0]), kDays * 24);
}

}  // namespace
}  // namespace nines::test
