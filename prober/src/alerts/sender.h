// Delivers one target's messages, several at the same time, in the order and at the times that the book says. Owns its
// threads, at most kAlertDeliveries; borrows the book.
#pragma once

#include <condition_variable>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <nines/alert.h>

#include "alerts/book.h"
#include "alerts/delivery.h"
#include "base/mutex.h"

namespace nines::prober {

class AlertSender {
 public:
  /// Makes one attempt. Blocks. Errors: invalid_argument when the target will never take this message, any other when
  /// it may be tried again. Called on the sender's threads, several at once.
  using Deliver = std::function<Result<Receipt>(const AlertTarget&, const AlertMessage&)>;

  AlertSender(AlertBook& book, AlertTarget target, Deliver deliver);
  /// Waits for the deliveries under way.
  ~AlertSender();
  AlertSender(const AlertSender&) = delete;
  AlertSender& operator=(const AlertSender&) = delete;

  /// There may be something to deliver.
  void poke();
  /// The target's new description, for the next attempts, which are made at once.
  void change(AlertTarget target);
  /// Begins no further attempt.
  void stop();
  /// After stop(): whether the deliveries that were under way have ended, so that the destructor does not wait.
  [[nodiscard]] bool finished();

 private:
  void run();
  void attempt(const AlertTarget& target, const AlertMessage& message);
  void wake_another() NINES_REQUIRES(mutex_);

  AlertBook& book_;
  const std::string name_;
  const Deliver deliver_;
  engine::Mutex mutex_;
  std::condition_variable wake_;
  AlertTarget target_ NINES_GUARDED_BY(mutex_);
  bool stopping_ NINES_GUARDED_BY(mutex_) = false;
  std::size_t idle_ NINES_GUARDED_BY(mutex_) = 0;     // threads that wait
  std::size_t running_ NINES_GUARDED_BY(mutex_) = 0;  // threads that have not ended
  std::vector<std::thread> threads_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::prober
