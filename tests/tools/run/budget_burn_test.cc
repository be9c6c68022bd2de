// What the prober is told of an error budget: that it burns, that it does not, or that nobody can say.
#include "run/budget_burn.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::HasSubstr;

constexpr TimeMs kNow = from_ms(1'790'000'000'000);

class BudgetBurns : public ::testing::Test {
 protected:
  void SetUp() override {
    Options options;
    options.clock = [] { return kNow; };
    options.disk_reserve_bytes = 1;
    store_ = Store::open(dir_.path("store"), options).value();
    Server server;
    server.name = "site";
    server.created_at = kNow - days{40};
    server.objective = 0.99;
    id_ = store_->add_server(server).value();
  }

  /// A result a minute from `from` to `to` before now.
  void check(minutes from, minutes to, State state) {
    std::vector<CheckResult> results;
    for (minutes ago = from; ago > to; ago -= minutes{1}) {
      CheckResult& result = results.emplace_back();
      result.server = id_;
      result.time = kNow - ago;
      result.interval_ms = 60'000;
      result.state = state;
    }
    ASSERT_TRUE(store_->load(id_, results));
  }

  TempDir dir_;
  std::unique_ptr<Store> store_;
  ServerId id_{};
};

TEST_F(BudgetBurns, FastWhenTheLastHourWasLost) {
  check(days{10}, hours{2}, State::up);
  check(hours{2}, minutes{0}, State::down);
  const auto burn = burn_of(*store_, id_, kNow);
  ASSERT_TRUE(burn);
  EXPECT_TRUE(burn->firing);
  // Down for all of both windows: a hundredth is allowed, so it burns a hundred times too fast.
  EXPECT_THAT(burn->detail, HasSubstr("burning 100.0 times the error budget over 1h and 100.0 times over 5m"));
}

TEST_F(BudgetBurns, NotWhenAllIsWellOrNothingIsPromised) {
  check(days{10}, minutes{0}, State::up);
  auto burn = burn_of(*store_, id_, kNow);
  ASSERT_TRUE(burn);
  EXPECT_FALSE(burn->firing);
  Server server = *store_->catalog()->find(id_);
  server.objective.reset();
  ASSERT_TRUE(store_->update_server(server));
  check(minutes{60}, minutes{0}, State::down);
  burn = burn_of(*store_, id_, kNow);
  ASSERT_TRUE(burn);
  EXPECT_FALSE(burn->firing) << "without an objective there is no budget";
  burn = burn_of(*store_, ServerId{77}, kNow);
  ASSERT_TRUE(burn);
  EXPECT_FALSE(burn->firing) << "nor of a server that is gone";
}

TEST_F(BudgetBurns, NobodyCanSayWhatWasNotMeasuredLately) {
  check(days{10}, hours{5}, State::up);
  check(hours{5}, hours{5} - minutes{5}, State::down);
  // The checks stopped hours ago in the middle of an outage: an alert neither begins nor ends by that.
  EXPECT_FALSE(burn_of(*store_, id_, kNow));
  // Once it is measured again and well, it is over.
  check(minutes{70}, minutes{0}, State::up);
  const auto burn = burn_of(*store_, id_, kNow);
  ASSERT_TRUE(burn);
  EXPECT_FALSE(burn->firing);
}

}  // namespace
}  // namespace nines::tools::testing
