#include "alerts/sender.h"

#include <chrono>
#include <optional>
#include <utility>

#include "base/thread.h"

namespace nines::prober {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

AlertSender::AlertSender(AlertBook& book, AlertTarget target, Deliver deliver)
    : book_(book), name_(target.name), deliver_(std::move(deliver)), target_(std::move(target)) {
  const engine::MutexLock lock(mutex_);
  threads_.reserve(kAlertDeliveries);
  wake_another();
}

AlertSender::~AlertSender() {
  stop();
  // No thread adds another one after stop().
  for (std::thread& thread : threads_) thread.join();
}

void AlertSender::poke() {
  const engine::MutexLock lock(mutex_);
  wake_another();
}

void AlertSender::change(AlertTarget target) {
  const engine::MutexLock lock(mutex_);
  if (target == target_) return;
  target_ = std::move(target);
  book_.hasten(name_);
  wake_another();
}

void AlertSender::stop() {
  const engine::MutexLock lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
}

bool AlertSender::finished() {
  const engine::MutexLock lock(mutex_);
  return stopping_ && running_ == 0;
}

// Whoever has taken a message wakes the next, so that as many deliver as there are messages, up to the limit.
void AlertSender::wake_another() {
  if (idle_ > 0) {
    wake_.notify_one();
  } else if (!stopping_ && threads_.size() < kAlertDeliveries) {
    // It waits for the lock. When there is none to be had, those that run go on, and the next poke() tries again.
    std::thread thread = start_thread("nines-alert", [this] { run(); });
    if (!thread.joinable()) return;
    ++idle_;
    ++running_;
    threads_.push_back(std::move(thread));
  }
}

void AlertSender::run() {
  const engine::MutexLock lock(mutex_);
  // Counted as idle since it was made.
  while (!stopping_) {
    if (const std::optional<AlertMessage> message = book_.take(name_, Clock::now())) {
      --idle_;
      wake_another();
      const AlertTarget target = target_;
      {
        const engine::MutexUnlock unlocked(mutex_);
        attempt(target, *message);
      }
      ++idle_;
      // A failure's next attempt may be due before whatever the others wait for.
      wake_.notify_one();
      continue;
    }
    if (const std::optional<Clock::time_point> due = book_.next_due(name_)) {
      mutex_.wait_until(wake_, *due);
    } else {
      mutex_.wait(wake_);
    }
  }
  --running_;
}

void AlertSender::attempt(const AlertTarget& target, const AlertMessage& message) {
  const Result<Receipt> outcome = deliver_(target, message);
  if (outcome) {
    book_.delivered(name_, message.id, outcome->refused);
  } else if (outcome.error().code == ErrorCode::invalid_argument) {
    book_.refused(name_, message.id, outcome.error().message);
  } else {
    book_.failed(name_, message.id, Clock::now(), outcome.error().message);
  }
}

}  // namespace nines::prober
