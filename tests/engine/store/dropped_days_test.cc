// What is appended after days were dropped: it is seen at once, sealed like anything else, and found again after
// reopening, whatever the clock and the rules did in between.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::days;
using std::chrono::minutes;

constexpr TimeMs kDay0 = from_ms(20'600 * kDayMs);
constexpr Window kAll{from_ms(0), kTimeLimit};

class DroppedDays : public ::testing::Test {
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

  void add(Retention retention = {}) {
    Server server;
    server.name = "site";
    server.created_at = kDay0;
    server.retention = retention;
    const auto id = store_->add_server(server);
    ASSERT_TRUE(id) << id.error().message;
    server_ = *id;
  }

  void keep(Retention retention) {
    Server entry = *store_->catalog()->find(server_);
    entry.retention = retention;
    ASSERT_TRUE(store_->update_server(entry));
  }

  [[nodiscard]] CheckResult result(TimeMs time) const {
    CheckResult result;
    result.server = server_;
    result.time = time;
    result.state = State::up;
    result.interval_ms = 60'000;
    result.latency_us = static_cast<std::uint32_t>(to_ms(time) % 100'000);
    return result;
  }

  /// Appends a result a minute from `from` on, one by one, and notes that they must be there.
  void append(TimeMs from, int count) {
    for (int i = 0; i < count; ++i) {
      expected_.push_back(result(from + minutes{i}));
      const auto done = store_->append(expected_.back(), Durability::disk);
      ASSERT_TRUE(done) << done.error().message;
    }
  }

  void dropped_before(TimeMs time) {
    std::erase_if(expected_, [time](const auto& kept) { return kept.time < time; });
  }

  /// Scan, last result, day summaries and counters agree with what was appended.
  void check() {
    std::sort(expected_.begin(), expected_.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    expect_same(read_window(*store_, server_, kAll), expected_);
    const auto last = store_->last_result(server_);
    ASSERT_TRUE(last) << last.error().message;
    EXPECT_EQ(last->has_value(), !expected_.empty());
    if (*last && !expected_.empty()) {
      EXPECT_EQ(**last, expected_.back());
    }
    std::uint64_t counted = 0;
    for (const DaySummary& day : read_days(*store_, server_, {0, 60'000})) {
      for (const DaySeries& series : day.series) {
        for (const nines::Run& run : series.runs) counted += run.count();
      }
    }
    EXPECT_EQ(counted, expected_.size());
    const auto verified = store_->verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
    EXPECT_EQ(verified->results, expected_.size());
    EXPECT_EQ(store_->stats().recent_rows, verified->rows);
  }

  void check_also_reopened() {
    check();
    ASSERT_TRUE(store_->close());
    open();
    check();
    ASSERT_TRUE(store_->seal());
    check();
    open();
    check();
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  TimeMs now_ = kDay0 + days{40};
  Options options_;
  ServerId server_{};
  std::vector<CheckResult> expected_;
  std::unique_ptr<Store> store_;
};

TEST_F(DroppedDays, ResultsAppendedAfterTheClockWasAYearAheadAreSeen) {
  options_.keep_checks = days{30};
  options_.keep_summaries = days{30};
  open();
  add();
  append(now_ - minutes{10}, 10);
  now_ += days{365};
  ASSERT_TRUE(store_->apply_retention());
  // Whatever a clock that far ahead has dropped; what comes after it must be there.
  expected_ = read_window(*store_, server_, kAll);
  now_ -= days{365};
  append(now_, 100);
  check_also_reopened();
}

TEST_F(DroppedDays, QuietServerTakesOldResultsOnceItsRuleIsRelaxed) {
  open();
  add();
  now_ = kDay0 + days{1};
  append(kDay0, 10);
  now_ = kDay0 + days{40};
  keep({.checks = days{7}, .summaries = days{7}});
  ASSERT_TRUE(store_->apply_retention());
  dropped_before(kDay0 + days{33});
  check();
  keep({.checks = days{-1}, .summaries = days{-1}});
  append(kDay0 + days{10}, 100);
  append(kDay0 + days{5}, 100);
  check();
  append(now_, 600);
  check_also_reopened();
}

TEST_F(DroppedDays, SealedHistoryThatWasDroppedTakesResultsAgain) {
  open();
  add();
  append(kDay0, 600);
  ASSERT_TRUE(store_->seal());
  append(kDay0 + days{1}, 5);
  keep({.checks = days{7}, .summaries = days{7}});
  ASSERT_TRUE(store_->apply_retention());
  dropped_before(kDay0 + days{33});
  check();
  keep({.checks = days{-1}, .summaries = days{-1}});
  append(kDay0 + minutes{300}, 50);
  append(kDay0 + days{1}, 50);
  append(kDay0 + days{2}, 50);
  check_also_reopened();
}

TEST_F(DroppedDays, SummaryThatWasKeptGoesWhenItsDayTakesResultsAgain) {
  open();
  add({.checks = days{7}, .summaries = days{-1}});
  now_ = kDay0 + days{1};
  append(kDay0, 10);
  now_ = kDay0 + days{40};
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_EQ(read_days(*store_, server_, {0, 60'000}).size(), 1U);
  dropped_before(kDay0 + days{33});
  open();  // the store has no result of this server any more to know the time of
  keep({.checks = days{-1}, .summaries = days{-1}});
  append(kDay0 + minutes{60}, 5);
  check_also_reopened();
}

TEST_F(DroppedDays, SummaryThatWasKeptGoesWhenItsDayIsLoadedAgain) {
  open();
  add({.checks = days{7}, .summaries = days{-1}});
  now_ = kDay0 + days{1};
  append(kDay0, 10);
  now_ = kDay0 + days{40};
  ASSERT_TRUE(store_->apply_retention());
  dropped_before(kDay0 + days{33});
  open();
  keep({.checks = days{-1}, .summaries = days{-1}});
  expected_ = {result(kDay0 + minutes{60}), result(kDay0 + minutes{61})};
  ASSERT_TRUE(store_->load(server_, expected_));
  check_also_reopened();
}

TEST_F(DroppedDays, RowsAreCountedAsTheyAre) {
  open();
  add();
  now_ = kDay0 + days{1};
  append(kDay0, 10);
  for (int time = 0; time < 3; ++time) {
    ASSERT_TRUE(store_->append(expected_, Durability::process));  // sent again: the same rows
  }
  EXPECT_EQ(store_->stats().recent_rows, 10U);
  now_ = kDay0 + days{40};
  keep({.checks = days{7}, .summaries = days{7}});
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_EQ(store_->stats().recent_rows, 0U);
}

}  // namespace
}  // namespace nines::test
