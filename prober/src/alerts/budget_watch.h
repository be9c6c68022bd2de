// Asks now and then about the error budgets of servers and tells which of them burn: AlertOptions::budget.
//
// On a thread of its own, because an answer may take the time of a query over days, and alerts must not wait for it. A
// budget that has burned counts as calm after kCalmRounds questions in a row, so that a rate at its threshold does not
// ring every minute. Owns its thread. Any thread may call, but not stop() from a callback.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <nines/alert.h>

#include "base/mutex.h"

namespace nines::prober {

inline constexpr int kCalmRounds = 5;

class BudgetWatch {
 public:
  struct Options {
    std::function<std::optional<BudgetBurn>(ServerId, TimeMs)> burn;  ///< AlertOptions::budget
    std::chrono::milliseconds every{60'000};
    /// The servers to ask about; called at the beginning of each round, on the watch's thread.
    std::function<std::vector<ServerId>()> servers;
    /// What was found, every round for each server that could be told of: whether it burns, since when, and the detail.
    std::function<void(ServerId, const BudgetBurn&, TimeMs since)> tell;
  };
  explicit BudgetWatch(Options options);
  ~BudgetWatch();
  BudgetWatch(const BudgetWatch&) = delete;
  BudgetWatch& operator=(const BudgetWatch&) = delete;

  /// Does nothing when it runs already; to be called again when it did not come about for want of a thread.
  void start();
  /// Waits for the question under way.
  void stop();

 private:
  struct Known {
    bool burning = false;
    TimeMs since{};
    int calm_rounds = 0;
  };
  void run();
  void ask(ServerId server);

  const Options options_;
  std::unordered_map<ServerId, Known> known_;  // the thread's own
  engine::Mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ NINES_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace nines::prober
