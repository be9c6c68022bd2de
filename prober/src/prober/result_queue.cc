#include "prober/result_queue.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

namespace nines::prober {

bool ResultQueue::push(QueuedResult item) {
  {
    const engine::MutexLock lock(mutex_);
    if (items_.size() + unsettled_ < capacity_) {
      items_.push_back(std::move(item));
      peak_ = std::max(peak_, items_.size() + unsettled_);
      if (items_.size() == 1 || items_.size() + unsettled_ == capacity_ / 2) ready_.notify_one();
      return true;
    }
    Loss& loss = losses_[item.report.result.server];
    if (loss.count++ == 0) loss.first = item.report.result;
    ++dropped_;
  }
  if (item.stored) item.stored(fail(ErrorCode::unavailable, "the queue of results is full: the store is too slow"));
  return false;
}

std::vector<QueuedResult> ResultQueue::take(std::chrono::milliseconds gather) {
  const engine::MutexLock lock(mutex_);
  while (!closed_ && items_.empty() && losses_.empty()) mutex_.wait(ready_);
  const auto end = std::chrono::steady_clock::now() + gather;
  while (!has_gathered_enough() && mutex_.wait_until(ready_, end) == std::cv_status::no_timeout) {
  }
  return take_locked();
}

bool ResultQueue::has_gathered_enough() const {
  return closed_ || items_.size() + unsettled_ >= capacity_ / 2;
}

std::vector<QueuedResult> ResultQueue::take_locked() {
  std::vector<QueuedResult> taken;
  taken.reserve(items_.size() + losses_.size());
  std::move(items_.begin(), items_.end(), std::back_inserter(taken));
  items_.clear();
  for (const auto& [server, loss] : losses_) {
    QueuedResult gap;
    gap.report.result.server = server;
    gap.report.result.location = loss.first.location;
    gap.report.result.time = loss.first.time;
    gap.report.result.interval_ms = loss.first.interval_ms;
    gap.report.result.error = ErrorClass::dropped;
    gap.report.result.detail = std::to_string(loss.count) + " results lost: the store did not take them in time";
    taken.push_back(std::move(gap));
  }
  losses_.clear();
  unsettled_ += taken.size();
  return taken;
}

void ResultQueue::close() {
  const engine::MutexLock lock(mutex_);
  closed_ = true;
  ready_.notify_all();
}

void ResultQueue::settled(std::size_t count) {
  const engine::MutexLock lock(mutex_);
  unsettled_ -= count;
}

ResultQueue::Figures ResultQueue::figures() const {
  const engine::MutexLock lock(mutex_);
  return {items_.size() + unsettled_, peak_, dropped_};
}

}  // namespace nines::prober
