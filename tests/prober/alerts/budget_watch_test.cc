// Error budgets that burn: who is told, and when it is over.
#include "alerts/budget_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "alerts/dispatcher.h"
#include "prober/support/server_process.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(BudgetWatch, BudgetIsCalmAfterSeveralQuietRounds) {
  // One letter a round: burns, calm, cannot be said. Between the two b's are fewer calm rounds than it takes.
  const std::string answers = "bccb?ccc?cc";
  std::mutex mutex;
  std::condition_variable wake;
  std::size_t round = 0;
  std::vector<std::string> told;
  prober::BudgetWatch::Options options;
  options.every = 1ms;
  options.servers = [] { return std::vector{ServerId{7}}; };
  options.burn = [&](ServerId, TimeMs) -> std::optional<BudgetBurn> {
    const std::lock_guard lock(mutex);
    const char answer = round < answers.size() ? answers[round] : '?';
    ++round;
    wake.notify_all();
    if (answer == '?') return std::nullopt;
    return BudgetBurn{answer == 'b', "14.4x over 1 h"};
  };
  options.tell = [&](ServerId, const BudgetBurn& burn, TimeMs) {
    const std::lock_guard lock(mutex);
    told.push_back(std::to_string(round) + (burn.firing ? " burns" : " is calm"));
  };
  prober::BudgetWatch watch(std::move(options));
  watch.start();
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(wake.wait_for(lock, 20s, [&] { return round > answers.size(); }));
  }
  watch.stop();
  EXPECT_THAT(told, ElementsAre("1 burns", "4 burns", "11 is calm"));
}

TEST(BudgetWatch, BurningBudgetIsToldOnceAndItsEndToo) {
  const TemporaryDirectory folder;
  std::atomic<bool> burning{true};
  AlertOptions options;
  AlertTarget target;
  target.name = "shell";
  target.exec = {"sh", "-c",
                 "echo $NINES_EVENT $NINES_TOPIC $NINES_STATE $NINES_DETAIL >> '" + folder.file("told") + "'"};
  target.topics = {AlertTopic::budget};
  options.targets = {target};
  options.budget_every = 10ms;
  options.budget = [&](ServerId, TimeMs) { return BudgetBurn{burning, "6x over 6 h"}; };
  auto book = prober::AlertBook::open(folder.file("alerts"), {}, nullptr);
  ASSERT_TRUE(book);
  prober::AlertDispatcher dispatcher(*std::move(book), options, {nullptr, nullptr});
  dispatcher.set_subject({ServerId{1}, "server", "", "", std::nullopt});
  dispatcher.level({{ServerId{1}, AlertTopic::down}, false, {State::up, {}, {}, ErrorClass::none, 0, ""}});
  ASSERT_TRUE(dispatcher.start());
  const auto wait_for = [&](std::uint64_t delivered) {
    for (int i = 0; i < 2'000 && dispatcher.stats().delivered < delivered; ++i) std::this_thread::sleep_for(10ms);
  };
  wait_for(1);
  burning = false;
  wait_for(2);
  dispatcher.stop();
  std::vector<std::string> lines;
  EXPECT_EQ(run_command({"sh", "-c",
                         "test \"$(cat '" + folder.file("told") +
                             "')\" = 'budget budget up 6x over 6 h\nresolved budget up 6x over 6 h'"}),
            "");
}

}  // namespace
}  // namespace nines::prober_test
