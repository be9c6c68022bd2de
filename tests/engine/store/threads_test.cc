// Everything at once: appenders, readers, sealing, retention, the catalog and the store's care in threads of their own.
// A reader sees each server's results as a beginning of what was written, never half of an append, and never less than
// it saw before.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr TimeMs kNow = from_ms(kStartMs + 1'000 * kDayMs);
constexpr Window kAll{from_ms(0), kTimeLimit};
constexpr std::uint32_t kAppenders = 3;
constexpr std::uint32_t kBatch = 10;

class Threads : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return kNow; };
    options_.disk_reserve_bytes = 1;
    options_.performance.seal_rows = 100;
    options_.performance.write_buffer_bytes = 256U << 10U;
    options_.performance.head_bytes = 200'000;
    options_.performance.head_span = std::chrono::hours{2};
    options_.performance.scan_threads = 2;
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
    for (std::uint32_t i = 0; i < kAppenders; ++i) {
      Server server;
      server.name = "appender " + std::to_string(i);
      servers_.push_back(store_->add_server(server).value());
    }
  }

  /// Result number `number` of a server, a minute after the one before.
  static CheckResult result(ServerId server, std::uint32_t number) {
    CheckResult result;
    result.server = server;
    result.time = from_ms(kStartMs + number * 60'000LL);
    result.interval_ms = 60'000;
    result.state = number % 50 == 7 ? State::down : State::up;
    result.latency_us = number;
    if (result.state == State::down) result.detail = "failure " + std::to_string(number);
    return result;
  }

  void append(std::uint32_t index) {
    const ServerId server = servers_[index];
    for (std::uint32_t number = 0; !stop_; number += kBatch) {
      std::vector<CheckResult> batch;
      for (std::uint32_t i = 0; i < kBatch; ++i) batch.push_back(result(server, number + i));
      // One batch in ten comes with a repetition of old results, which has to change nothing.
      if (number % 100 == 90) {
        for (std::uint32_t i = 0; i < 5; ++i) batch.push_back(result(server, number / 2 + i));
      }
      const auto done = store_->append(batch, static_cast<Durability>(number / kBatch % 3));
      ASSERT_TRUE(done) << done.error().message;
      written_[index] = number + kBatch;
    }
  }

  /// Reads a server whole, and returns how many results it found.
  std::uint32_t read(Cursor& cursor, std::uint32_t index, std::uint32_t at_least) {
    const auto results = read_all(cursor, servers_[index], kAll);
    const auto count = static_cast<std::uint32_t>(results.size());
    EXPECT_GE(count, at_least);
    EXPECT_EQ(count % kBatch, 0U) << "half an append was seen";
    for (std::uint32_t i = 0; i < count; ++i) {
      if (results[i] == result(servers_[index], i)) continue;
      ADD_FAILURE() << "number " << i << " is " << describe(results[i]);
      break;
    }
    return count;
  }

  void read_singly() {
    std::array<std::uint32_t, kAppenders> seen{};
    for (std::uint32_t round = 0; !stop_ && !HasFailure(); ++round) {
      const std::uint32_t index = round % kAppenders;
      const std::uint32_t acknowledged = written_[index];
      const auto cursor = store_->scan(servers_[index], kAll, {{true, true, true}, {}});
      ASSERT_TRUE(cursor) << cursor.error().message;
      seen[index] = read(**cursor, index, std::max(acknowledged, seen[index]));
      const auto last = store_->last_result(servers_[index]);
      ASSERT_TRUE(last) << last.error().message;
      EXPECT_GE(*last ? (*last)->latency_us.value_or(0) + 1 : 0, seen[index]);
    }
  }

  void read_together() {
    while (!stop_ && !HasFailure()) {
      std::array<std::uint32_t, kAppenders> acknowledged{};
      std::copy(written_.begin(), written_.end(), acknowledged.begin());
      const auto done = store_->scan_many(servers_, kAll, {{true, true, true}, {}},
                                          [&](std::size_t index, Cursor& cursor) -> Result<void> {
                                            const auto number = static_cast<std::uint32_t>(index);
                                            static_cast<void>(read(cursor, number, acknowledged[index]));
                                            return {};
                                          });
      ASSERT_TRUE(done) << done.error().message;
    }
  }

  static std::uint64_t count_results(const std::vector<DaySummary>& days) {
    std::uint64_t counted = 0;
    for (const DaySummary& day : days) {
      for (const DaySeries& series : day.series) {
        for (const nines::Run& run : series.runs) counted += run.count();
      }
    }
    return counted;
  }

  void read_summaries() {
    while (!stop_ && !HasFailure()) {
      for (std::uint32_t index = 0; index < kAppenders; ++index) {
        const std::uint32_t acknowledged = written_[index];
        // The days that are over, from memory where they were read before; then all.
        const auto last = store_->last_result(servers_[index]);
        ASSERT_TRUE(last) << last.error().message;
        const std::int64_t today = *last ? utc_day(to_ms((*last)->time)) : utc_day(kStartMs);
        const std::uint64_t closed =
            count_results(read_days(*store_, servers_[index], {utc_day(kStartMs), today}, false));
        const std::uint64_t counted =
            count_results(read_days(*store_, servers_[index], {utc_day(kStartMs), 1'000'000}));
        EXPECT_GE(counted, acknowledged);
        EXPECT_LE(closed, counted);
      }
    }
  }

  void take_care() {
    for (int round = 0; !stop_; ++round) {
      const auto sealed = store_->seal();
      ASSERT_TRUE(sealed) << sealed.error().message;
      const auto retained = store_->apply_retention();
      ASSERT_TRUE(retained) << retained.error().message;
      ASSERT_TRUE(store_->flush());
      if (round % 5 == 4) {
        const auto compacted = store_->compact();
        ASSERT_TRUE(compacted) << compacted.error().message;
      }
      if (round % 5 == 2) {
        const auto verified = store_->verify();
        ASSERT_TRUE(verified) << verified.error().message;
        EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
      }
      if (round == 3) {
        const auto copied = store_->backup(directory_ / "copy");
        ASSERT_TRUE(copied) << copied.error().message;
      }
      std::this_thread::sleep_for(milliseconds{5});
    }
  }

  /// Servers that come, are written to and renamed, lose their old days and go.
  void change_catalog() {
    for (int round = 0; !stop_; ++round) {
      Server server;
      server.name = "passing " + std::to_string(round);
      const auto id = store_->add_server(server);
      ASSERT_TRUE(id) << id.error().message;
      std::vector<CheckResult> results;
      for (std::uint32_t i = 0; i < 300; ++i) results.push_back(result(*id, i * 20));
      ASSERT_TRUE(store_->load(*id, results));
      server.id = *id;
      server.name += " renamed";
      server.retention.checks = std::chrono::days{999};
      ASSERT_TRUE(store_->update_server(server));
      EXPECT_NE(store_->catalog()->find(server.name), nullptr);
      std::this_thread::sleep_for(milliseconds{2});
      ASSERT_TRUE(store_->remove_server(*id));
      static_cast<void>(store_->stats());
    }
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::vector<ServerId> servers_;
  std::array<std::atomic<std::uint32_t>, kAppenders> written_{};
  std::atomic<bool> stop_{false};
  std::unique_ptr<Store> store_;
};

TEST_F(Threads, SeeEachServerAsABeginningOfWhatWasWritten) {
  std::vector<std::thread> threads;
  for (std::uint32_t index = 0; index < kAppenders; ++index) {
    threads.emplace_back([this, index] { append(index); });
  }
  threads.emplace_back([this] { read_singly(); });
  threads.emplace_back([this] { read_together(); });
  threads.emplace_back([this] { read_summaries(); });
  threads.emplace_back([this] { take_care(); });
  threads.emplace_back([this] { change_catalog(); });
  const auto end = steady_clock::now() + std::chrono::seconds{3} * long_share();
  while (steady_clock::now() < end && !HasFailure()) std::this_thread::sleep_for(milliseconds{20});
  stop_ = true;
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(store_->close());

  store_.reset();
  store_ = open_or_fail(path_, options_);
  ASSERT_NE(store_, nullptr);
  for (std::uint32_t index = 0; index < kAppenders; ++index) {
    EXPECT_GT(written_[index], 0U);
    const auto cursor = store_->scan(servers_[index], kAll, {{true, true, true}, {}});
    ASSERT_TRUE(cursor) << cursor.error().message;
    EXPECT_EQ(read(**cursor, index, 0), written_[index]);
  }
  EXPECT_EQ(store_->catalog()->servers().size(), static_cast<std::size_t>(kAppenders));
}

TEST_F(Threads, AppendersOfOneServerShareIt) {
  // Each thread writes its own location; the times interleave.
  constexpr std::uint32_t kThreads = 4;
  constexpr std::uint32_t kResults = 400;
  std::vector<std::thread> threads;
  for (std::uint32_t location = 0; location < kThreads; ++location) {
    threads.emplace_back([this, location] {
      for (std::uint32_t number = 0; number < kResults; ++number) {
        CheckResult one = result(servers_[0], number);
        one.location = LocationId{static_cast<std::uint16_t>(location)};
        ASSERT_TRUE(store_->append(one, Durability::buffered));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto results = read_window(*store_, servers_[0], kAll);
  ASSERT_EQ(results.size(), kThreads * kResults);
  for (std::size_t i = 0; i < results.size(); ++i) {
    CheckResult expected = result(servers_[0], static_cast<std::uint32_t>(i / kThreads));
    expected.location = LocationId{static_cast<std::uint16_t>(i % kThreads)};
    ASSERT_EQ(results[i], expected) << describe(results[i]);
  }
}

}  // namespace
}  // namespace nines::test
