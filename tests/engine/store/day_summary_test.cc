// Day summaries say what the day's results say, whenever they are asked for; and clocks that are wrong change nothing
// but what the caller sent.
#include <gtest/gtest.h>

#include <random>

#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "support/model_store.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr ServerId kServer{1};

TEST(DaySummaries, AreThoseOfTheResultsAfterEachChange) {
  TemporaryDirectory directory;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const std::string path = directory / std::to_string(seed);
    auto store = open_or_fail(path, History::options());
    ASSERT_NE(store, nullptr);
    History::add_servers(*store);
    const History history(seed);
    for (std::uint64_t number = 0; number < 300; ++number) {
      ASSERT_TRUE(store->append(history.operation(number).results, Durability::buffered));
      // Now some summaries are stored, and the next late results have to take them back.
      if (number % 20 == 19) expect_true_summaries(*store);
      if (number % 100 == 50) {
        ASSERT_TRUE(store->compact());
      }
      if (number % 100 == 75) {
        store.reset();
        store = open_or_fail(path, History::options());
        ASSERT_NE(store, nullptr);
      }
      if (HasFailure()) return;
    }
  }
}

// What is read twice comes from memory the second time, in whatever pieces it was read before.
TEST(DaySummaries, FromMemoryAreThoseOnDisk) {
  TemporaryDirectory directory;
  Options options = History::options();
  const TimeMs begin = from_ms(20'000 * kDayMs);
  options.clock = [&] { return begin + std::chrono::days{60}; };
  auto store = open_or_fail(directory / "store", options);
  ASSERT_NE(store, nullptr);
  Server server;
  server.name = "site";
  server.created_at = begin;
  const ServerId id = store->add_server(server).value();
  std::mt19937_64 random(11);
  const auto pick = [&](std::int64_t first, std::int64_t last) {
    return std::uniform_int_distribution<std::int64_t>(first, last)(random);
  };
  const auto result_at = [&](std::int64_t hour) {
    CheckResult result;
    result.server = id;
    result.time = begin + hours{hour} + milliseconds{pick(0, 3'599'999)};
    result.state = pick(0, 3) == 0 ? State::down : State::up;
    result.interval_ms = 3'600'000;
    return result;
  };
  for (std::int64_t hour = 5 * 24; hour < 40 * 24; ++hour) {
    ASSERT_TRUE(store->append(result_at(hour), Durability::buffered));
  }
  ASSERT_TRUE(store->compact());
  for (int round = 0; round < 600 && !testing::Test::HasFailure(); ++round) {
    SCOPED_TRACE(round);
    if (pick(0, 9) == 0) {
      ASSERT_TRUE(store->append(result_at(pick(0, 45 * 24)), Durability::buffered));
    }
    if (pick(0, 30) == 0) {
      const TimeMs from = begin + hours{pick(0, 20 * 24)};
      ASSERT_TRUE(store->erase(id, {from, from + hours{pick(1, 100)}}));
    }
    const std::int64_t first = pick(0, 3) == 0 ? 0 : 20'000 + pick(-2, 45);
    const DayRange range{first, pick(0, 3) == 0 ? kTimeLimit.time_since_epoch().count() : first + pick(0, 40)};
    std::vector<DaySummary> expected = read_days(*store, id, range, true);  // with sketches they are not kept in memory
    for (DaySummary& day : expected) day.latency = LatencySketch{};
    auto cursor = store->days(id, range, false);
    ASSERT_TRUE(cursor);
    // Some are left before their end.
    const auto taken = static_cast<std::size_t>(pick(0, 2) == 0 ? pick(0, 5) : 1'000);
    for (std::size_t i = 0; i < std::min(taken, expected.size() + 1); ++i) {
      const auto day = (*cursor)->next();
      ASSERT_TRUE(day) << day.error().message;
      ASSERT_EQ(*day != nullptr, i < expected.size());
      if (*day != nullptr) {
        EXPECT_TRUE(**day == expected[i]) << (*day)->day;
      }
    }
  }
}

class Clocks : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [this] { return now_; };
    options_.disk_reserve_bytes = 1;
    options_.performance.seal_rows = 32;
    reopen();
    Server server;
    server.name = "site";
    server.created_at = from_ms(1);
    ASSERT_EQ(store_->add_server(server).value(), kServer);
  }

  void reopen() {
    store_.reset();
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
  }

  /// `count` checks a minute apart by the clock, which moves along.
  void run(int count) {
    for (int i = 0; i < count; ++i) {
      CheckResult result;
      result.server = kServer;
      result.time = now_;
      result.state = State::up;
      result.interval_ms = 60'000;
      result.latency_us = ++latency_;
      const auto done = store_->append(result, Durability::process);
      ASSERT_TRUE(done) << done.error().message;
      expected_.apply({{result}, Durability::process});
      now_ += milliseconds{60'000};
    }
  }

  void check() {
    EXPECT_EQ(contents_of(*store_), expected_.contents());
    std::map<std::int64_t, std::vector<const CheckResult*>> days;
    const auto all = expected_.contents();
    for (const CheckResult& result : all.at(kServer)) days[utc_day(to_ms(result.time))].push_back(&result);
    std::vector<DaySummary> summaries;
    for (const auto& [day, results] : days) summaries.push_back(summarise(day, results, true));
    expect_same(read_days(*store_, kServer, {0, utc_day(to_ms(kTimeLimit))}), summaries);
    EXPECT_EQ(store_->last_result(kServer).value(), all.at(kServer).back());
  }

  void check_now_and_reopened() {
    check();
    reopen();
    check();
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  TimeMs now_ = from_ms(1'780'000'000'000);
  Options options_;
  std::uint32_t latency_ = 0;
  Ledger expected_;
  std::unique_ptr<Store> store_;
};

TEST_F(Clocks, BackAnHour) {
  run(150);
  now_ -= hours{1};
  run(150);  // the first sixty replace what the hour had already
  check_now_and_reopened();
}

TEST_F(Clocks, ForwardAYearAndBack) {
  run(100);
  now_ += hours{24 * 365};
  run(50);
  now_ -= hours{24 * 365};
  run(100);  // all of them late now, by a year
  check_now_and_reopened();
}

TEST_F(Clocks, AtTheBeginningOfTime) {
  now_ = from_ms(0);
  run(100);
  // Retention from a clock like this drops nothing.
  Server server = *store_->catalog()->find(kServer);
  server.retention.checks = std::chrono::days{2};
  ASSERT_TRUE(store_->update_server(server));
  ASSERT_TRUE(store_->apply_retention());
  check_now_and_reopened();
}

TEST_F(Clocks, FarInTheFuture) {
  run(10);
  now_ = kTimeLimit - milliseconds{60'000 * 100};
  run(100);
  CheckResult result;
  result.server = kServer;
  result.time = now_;
  result.state = State::up;
  EXPECT_EQ(store_->append(result, Durability::process).error().code, ErrorCode::out_of_range);
  check_now_and_reopened();
}

TEST_F(Clocks, BeforeTheBeginningOfTime) {
  run(10);
  now_ = from_ms(-1'000);
  const auto done = store_->append(
      [&] {
        CheckResult result;
        result.server = kServer;
        result.time = now_;
        return result;
      }(),
      Durability::process);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::out_of_range);
  ASSERT_TRUE(store_->apply_retention());
  check();
}

}  // namespace
}  // namespace nines::test
