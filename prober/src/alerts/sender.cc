#include "alerts/sender.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/thread.h"

namespace nines::prober {

AlertSender::AlertSender(AlertBook& book, AlertTarget target, Options options, AlertBook::Log log)
    : book_(book), options_(std::move(options)), log_(std::move(log)), target_(std::move(target)) {
  thread_ = start_thread("nines-alert", [this] { run(); });
}

AlertSender::~AlertSender() {
  stop();
  thread_.join();
}

void AlertSender::poke() {
  const std::lock_guard lock(mutex_);
  poked_ = true;
  wake_.notify_one();
}

void AlertSender::change(AlertTarget target) {
  const std::lock_guard lock(mutex_);
  if (target == target_) return;
  target_ = std::move(target);
  changed_ = poked_ = true;
  wake_.notify_one();
}

void AlertSender::stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_one();
}

void AlertSender::run() {
  std::chrono::milliseconds pause = options_.first_retry;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return poked_ || stopping_; });
    if (stopping_) return;
    poked_ = false;
    while (const std::optional<AlertMessage> message = book_.owed(target_.name)) {
      lock.unlock();
      const bool arrived = attempt(*message);
      lock.lock();
      if (stopping_) return;
      if (arrived) {
        pause = options_.first_retry;
        continue;
      }
      wake_.wait_for(lock, pause, [&] { return changed_ || stopping_; });
      if (stopping_) return;
      pause = std::exchange(changed_, false) ? options_.first_retry : std::min(pause * 2, options_.last_retry);
    }
  }
}

bool AlertSender::attempt(const AlertMessage& message) {
  AlertTarget target;
  {
    const std::lock_guard lock(mutex_);
    target = target_;
  }
  const Result<void> outcome = options_.deliver(target, message);
  if (outcome) {
    book_.delivered(target.name, message.id);
    return true;
  }
  book_.delivery_failed();
  if (log_) {
    log_(LogLevel::warning, "alert target \"" + target.name + "\" did not take message " + std::to_string(message.id) +
                                " (" + std::string(to_string(message.kind)) + " of " + message.name +
                                "): " + outcome.error().message);
  }
  return false;
}

}  // namespace nines::prober
