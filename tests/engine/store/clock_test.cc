// Clocks that lie: a result from tomorrow costs the following ones nothing and can be erased, and a clock that is far
// ahead for an hour makes retention drop nothing that the right time keeps.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimeMs kDay0 = from_ms(20'600 * kDayMs);
constexpr Window kAll{from_ms(0), kTimeLimit};

class WrongClocks : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [this] { return now_; };
    options_.disk_reserve_bytes = 1;
    open();
    for (int i = 0; i < 3; ++i) {
      Server server;
      server.name = "server " + std::to_string(i);
      servers_.push_back(store_->add_server(server).value());
    }
  }

  void open() {
    store_.reset();
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
  }

  [[nodiscard]] CheckResult result(TimeMs time, std::uint16_t location = 0, std::size_t server = 0) const {
    CheckResult result;
    result.server = servers_[server];
    result.location = LocationId{location};
    result.time = time;
    result.state = State::up;
    result.interval_ms = 10'000;
    result.latency_us = static_cast<std::uint32_t>(to_ms(time) % 99'991);
    return result;
  }

  void append(const CheckResult& result) {
    const auto done = store_->append(result, Durability::buffered);
    ASSERT_TRUE(done) << done.error().message;
    expected_.push_back(result);
  }

  /// `locations` each give a result every ten seconds for so long, each of them with a clock that is wrong by so much.
  void run(hours how_long, const std::vector<minutes>& wrong_by) {
    for (const TimeMs end = now_ + how_long; now_ < end; now_ += seconds{10}) {
      for (std::size_t i = 0; i < wrong_by.size(); ++i)
        append(result(now_ + wrong_by[i], static_cast<std::uint16_t>(i)));
    }
  }

  void check() {
    std::sort(expected_.begin(), expected_.end(), [](const auto& a, const auto& b) {
      return std::pair(a.time, a.location) < std::pair(b.time, b.location);
    });
    expect_same(read_window(*store_, servers_[0], kAll), expected_);
  }

  [[nodiscard]] std::uint64_t sealed() const { return store_->stats().sealed_chunks; }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  TimeMs now_ = kDay0;
  Options options_;
  std::vector<ServerId> servers_;
  std::vector<CheckResult> expected_;
  std::unique_ptr<Store> store_;
};

TEST_F(WrongClocks, ResultFromTomorrowCostsLaterOnesNothing) {
  run(hours{1}, {minutes{0}});
  append(result(now_ + hours{23} + seconds{3}));
  const std::uint64_t before = sealed();
  run(hours{10}, {minutes{0}});
  // 3,600 results, some 256 at a time.
  EXPECT_LE(sealed() - before, 20U);
  EXPECT_GE(sealed() - before, 10U);
  check();
  open();
  check();
  // Its time comes, and goes.
  run(hours{15}, {minutes{0}});
  append(result(now_ + seconds{5}));
  check();
}

TEST_F(WrongClocks, LocationsThatAreAheadOrBehindCostNoFolding) {
  run(hours{1}, {minutes{0}, minutes{60}, minutes{-10}});
  const std::uint64_t before = sealed();
  run(hours{5}, {minutes{0}, minutes{60}, minutes{-10}});
  // 5,400 results, 90 or more at a time; those that are ahead stay rows for an hour.
  EXPECT_LE(sealed() - before, 60U);
  check();
  ASSERT_TRUE(store_->seal());
  run(hours{1}, {minutes{0}, minutes{60}, minutes{-10}});
  check();
  open();
  check();
}

TEST_F(WrongClocks, ServersThatBeganTogetherAreNotSealedTogether) {
  for (int i = 3; i < 60; ++i) {
    Server server;
    server.name = "server " + std::to_string(i);
    servers_.push_back(store_->add_server(server).value());
  }
  std::uint64_t most = 0;
  for (int round = 0; round < 600; ++round, now_ += seconds{10}) {
    const std::uint64_t before = sealed();
    for (std::size_t server = 0; server < servers_.size(); ++server) {
      ASSERT_TRUE(store_->append(result(now_, 0, server), Durability::buffered));
    }
    most = std::max(most, sealed() - before);
  }
  EXPECT_GT(sealed(), 60U);
  EXPECT_LE(most, 6U);
}

TEST_F(WrongClocks, ResultsAndRangesCanBeErased) {
  run(hours{30}, {minutes{0}, minutes{1}});
  append(result(now_ + hours{23}));
  std::mt19937 random(7);
  const auto erase = [&](Window window, std::optional<LocationId> location) {
    const auto count = std::erase_if(expected_, [&](const CheckResult& result) {
      return window.contains(result.time) && (!location || result.location == *location);
    });
    const auto erased = store_->erase(servers_[0], window, location);
    ASSERT_TRUE(erased) << erased.error().message;
    EXPECT_EQ(*erased, count);
    check();
  };
  erase({now_ + hours{23}, now_ + hours{23} + seconds{1}}, {});  // the one from tomorrow
  const std::uint64_t before = sealed();
  run(hours{2}, {minutes{0}, minutes{1}});
  EXPECT_LE(sealed() - before, 12U);
  erase({kDay0 + hours{3}, kDay0 + hours{5}}, LocationId{1});
  erase({kDay0 + hours{23}, kDay0 + hours{26}}, {});
  for (int i = 0; i < 5; ++i) {
    const TimeMs from = kDay0 + minutes{static_cast<int>(random() % 1'800)};
    erase({from, from + minutes{static_cast<int>(random() % 120)}}, {});
  }
  erase({now_ - minutes{10}, kTimeLimit}, LocationId{0});
  erase({kDay0, kDay0}, {});
  open();
  check();
  std::uint64_t counted = 0;
  for (const DaySummary& day : read_days(*store_, servers_[0], {0, 60'000})) {
    for (const DaySeries& series : day.series) {
      for (const nines::Run& run : series.runs) counted += run.count();
    }
  }
  EXPECT_EQ(counted, expected_.size());
  erase(kAll, {});
  EXPECT_EQ(store_->erase(ServerId{99}, kAll).error().code, ErrorCode::not_found);
  const auto verified = store_->verify();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->damage.empty());
  EXPECT_EQ(verified->results + verified->summaries, 0U);
}

class RetentionClock : public WrongClocks {
 protected:
  void SetUp() override {
    options_.keep_checks = days{30};
    options_.keep_summaries = days{30};
    WrongClocks::SetUp();
    for (; now_ < kDay0 + days{40}; now_ += hours{1}) append(result(now_));
  }
};

TEST_F(RetentionClock, ClockAYearAheadForAnHourDropsNothing) {
  ASSERT_TRUE(store_->apply_retention());
  std::erase_if(expected_, [](const auto& kept) { return kept.time < kDay0 + days{9}; });
  check();
  const TimeMs right = now_;
  now_ += days{365};
  for (int i = 0; i < 60; ++i, now_ += minutes{1}) append(result(now_));
  ASSERT_TRUE(store_->apply_retention());
  check();
  now_ = right + hours{1};
  append(result(now_));  // the first of the next day
  ASSERT_TRUE(store_->apply_retention());
  std::erase_if(expected_, [](const auto& kept) { return kept.time < kDay0 + days{10}; });
  check();
}

TEST_F(RetentionClock, StoreThatWasOffForAYearCatchesUpAfterADay) {
  now_ += days{365};
  const TimeMs again = now_;
  for (; now_ < again + hours{20}; now_ += hours{1}) append(result(now_));
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_FALSE(read_window(*store_, servers_[0], {kDay0, kDay0 + days{40}}).empty());
  for (; now_ < again + hours{30}; now_ += hours{1}) append(result(now_));
  ASSERT_TRUE(store_->apply_retention());
  std::erase_if(expected_, [again](const auto& kept) { return kept.time < again; });
  check();
}

TEST_F(RetentionClock, HostMayTrustItsClock) {
  options_.trust_clock = true;
  open();
  now_ += days{365};
  ASSERT_TRUE(store_->apply_retention());
  expected_.clear();
  check();
}

}  // namespace
}  // namespace nines::test
