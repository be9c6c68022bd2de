// The loop: timers, posted functions, stopping.
#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include <nines/check_runner.h>

#include "base/event_loop.h"

namespace nines {
namespace {

using std::chrono::milliseconds;
using Clock = CheckRunner::Clock;

class Loop : public testing::Test {
 protected:
  std::unique_ptr<prober::EventLoop> loop_ = *prober::EventLoop::create();
};

TEST_F(Loop, TimersRunInTheOrderOfTheirTimesNotTheirSetting) {
  const auto now = Clock::now();
  std::vector<int> order;
  loop_->call_at(now + milliseconds(30), [&] {
    order.push_back(3);
    loop_->stop();
  });
  loop_->call_at(now + milliseconds(10), [&] { order.push_back(1); });
  loop_->call_at(now + milliseconds(20), [&] { order.push_back(2); });
  loop_->call_at(now - milliseconds(5), [&] { order.push_back(0); });
  loop_->run();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3}));
  EXPECT_GE(Clock::now(), now + milliseconds(30));
}

TEST_F(Loop, TimersOfOneMomentRunInTheOrderOfTheirSetting) {
  const auto when = Clock::now() + milliseconds(5);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) loop_->call_at(when, [&order, i] { order.push_back(i); });
  loop_->call_at(when, [&] { loop_->stop(); });
  loop_->run();
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(Loop, CancelledTimersDoNotRun) {
  const auto now = Clock::now();
  bool ran = false;
  const auto timer = loop_->call_at(now + milliseconds(5), [&] { ran = true; });
  loop_->cancel(timer);
  loop_->cancel(timer);              // again
  loop_->cancel(prober::TimerId{});  // none
  const auto other = loop_->call_at(now + milliseconds(10), [] {});
  loop_->call_at(now + milliseconds(10), [&] {
    loop_->cancel(other);  // has run
    loop_->stop();
  });
  loop_->run();
  EXPECT_FALSE(ran);
}

TEST_F(Loop, AnOldTimersIdDoesNotCancelANewOne) {
  bool ran = false;
  const auto old = loop_->call_at(Clock::now(), [] {});
  loop_->cancel(old);
  loop_->call_at(Clock::now(), [&] { ran = true; });  // takes the old one's place
  loop_->cancel(old);
  loop_->call_at(Clock::now() + milliseconds(1), [&] { loop_->stop(); });
  loop_->run();
  EXPECT_TRUE(ran);
}

TEST_F(Loop, ManyCancelledTimersAreForgotten) {
  for (int i = 0; i < 100'000; ++i) loop_->cancel(loop_->call_at(Clock::now() + std::chrono::hours(1), [] {}));
  loop_->call_at(Clock::now(), [&] { loop_->stop(); });
  loop_->run();
}

TEST_F(Loop, ATimerThatSetsItselfAgainLetsOthersThrough) {
  int rounds = 0;
  std::function<void()> again = [&] {
    ++rounds;
    loop_->call_at(Clock::now(), again);
  };
  again();
  std::thread poster([&] { loop_->post([&] { loop_->stop(); }); });
  loop_->run();
  poster.join();
  EXPECT_GT(rounds, 0);
}

TEST_F(Loop, PostedFunctionsRunInOrderFromAnyThread) {
  std::vector<int> seen[4];
  int left = 4 * 1000;
  std::vector<std::thread> threads;
  for (std::vector<int>& mine : seen) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        loop_->post([&, i] {
          mine.push_back(i);
          if (--left == 0) loop_->stop();
        });
      }
    });
  }
  loop_->run();
  for (auto& thread : threads) thread.join();
  for (const auto& values : seen) {
    EXPECT_EQ(values.size(), 1000U);
    EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
  }
}

TEST_F(Loop, WhatWasPostedBeforeRunIsRun) {
  bool ran = false;
  loop_->post([&] {
    ran = true;
    loop_->stop();
  });
  loop_->run();
  EXPECT_TRUE(ran);
}

TEST_F(Loop, StopBeforeRunMakesItReturnAndTheNextRunGoesOn) {
  loop_->stop();
  loop_->run();
  bool ran = false;
  loop_->call_at(Clock::now(), [&] {
    ran = true;
    loop_->stop();
  });
  loop_->run();
  EXPECT_TRUE(ran);
}

TEST_F(Loop, PostsBehindAStopWaitForTheNextRun) {
  std::vector<int> order;
  loop_->post([&] {
    order.push_back(1);
    loop_->stop();
  });
  loop_->post([&] {
    order.push_back(2);
    loop_->stop();
  });
  loop_->run();
  EXPECT_EQ(order, std::vector<int>{1});
  loop_->run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(LoopOptions, ABadNameServerIsRefused) {
  RunnerOptions options;
  options.dns_servers = {"dns.example"};
  EXPECT_FALSE(CheckRunner::create(options).has_value());
}

}  // namespace
}  // namespace nines
