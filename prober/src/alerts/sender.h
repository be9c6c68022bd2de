// Delivers one target's messages, in order, each until it succeeds. Owns its thread; borrows the book.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include <nines/alert.h>

#include "alerts/book.h"

namespace nines::prober {

class AlertSender {
 public:
  struct Options {
    std::chrono::milliseconds first_retry{1'000};
    std::chrono::milliseconds last_retry{300'000};
    /// Makes one attempt. Blocks. The sender's thread.
    std::function<Result<void>(const AlertTarget&, const AlertMessage&)> deliver;
  };
  AlertSender(AlertBook& book, AlertTarget target, Options options, AlertBook::Log log);
  /// Waits for the delivery under way.
  ~AlertSender();
  AlertSender(const AlertSender&) = delete;
  AlertSender& operator=(const AlertSender&) = delete;

  /// There may be something to deliver.
  void poke();
  /// The target's new description, for the next attempt, which is made at once.
  void change(AlertTarget target);
  /// Begins no further attempt.
  void stop();

 private:
  void run();
  bool attempt(const AlertMessage& message);

  AlertBook& book_;
  const Options options_;
  const AlertBook::Log log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // All below but the thread are guarded by mutex_.
  AlertTarget target_;
  bool poked_ = true;  // what the journal brought along waits already
  bool changed_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace nines::prober
