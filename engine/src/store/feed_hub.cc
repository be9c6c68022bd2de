#include "store/feed_hub.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/contained.h"
#include "store/store_core.h"

namespace nines::engine {
namespace {

/// No wait is longer, so that a time may be reckoned from any.
constexpr std::chrono::hours kLongestWait{24 * 365};

/// What a result takes in a queue.
std::size_t bytes_of(const CheckResult& result) noexcept {
  return sizeof result + result.detail.size();
}

class QueueFeed final : public Feed {
 public:
  QueueFeed(std::shared_ptr<StoreCore> core, std::size_t max_bytes)
      : core_(std::move(core)), queue_(core_->feeds.add(max_bytes)) {}
  ~QueueFeed() override {
    // The parent's locks may be held in the child's copy.
    if (!core_->is_forked()) core_->feeds.remove(queue_);
  }
  QueueFeed(const QueueFeed&) = delete;
  QueueFeed& operator=(const QueueFeed&) = delete;

  [[nodiscard]] Result<FeedBatch> next(std::chrono::milliseconds wait, std::size_t most) override {
    if (core_->is_forked()) return tl::unexpected<Error>(forked_error());
    return contained([&]() -> Result<FeedBatch> {
      FeedBatch batch;
      if (!queue_->take(wait, most, batch)) return tl::unexpected<Error>(closed_error());
      return batch;
    });
  }
  void wake() noexcept override {
    if (!core_->is_forked()) queue_->wake();
  }

 private:
  const std::shared_ptr<StoreCore> core_;
  const std::shared_ptr<FeedQueue> queue_;
};

}  // namespace

void FeedQueue::note_dropped(const CheckResult& result) noexcept {
  try {
    const auto [entry, is_new] = dropped_.try_emplace(result.server, Dropped{result.time, result.time, 0});
    Dropped& dropped = entry->second;
    dropped.first = std::min(dropped.first, result.time);
    dropped.last = std::max(dropped.last, result.time);
    ++dropped.results;
  } catch (...) {
    ++nameless_;
  }
}

void FeedQueue::put(std::span<const CheckResult* const> results) noexcept {
  const MutexLock lock(mutex_);
  for (const CheckResult* result : results) {
    const std::size_t bytes = bytes_of(*result);
    while (!results_.empty() && bytes_ + bytes > max_bytes_) {
      bytes_ -= bytes_of(results_.front());
      note_dropped(results_.front());
      results_.pop_front();
    }
    try {
      results_.push_back(*result);
      bytes_ += bytes;
    } catch (...) {
      note_dropped(*result);
    }
  }
  ready_.notify_one();
}

bool FeedQueue::take(std::chrono::milliseconds wait, std::size_t most, FeedBatch& batch) {
  const auto until = std::chrono::steady_clock::now() + std::clamp<std::chrono::milliseconds>(wait, {}, kLongestWait);
  const MutexLock lock(mutex_);
  while (is_empty() && !woken_ && !ended_) {
    if (mutex_.wait_until(ready_, until) == std::cv_status::timeout) break;
  }
  woken_ = false;
  if (is_empty()) return !ended_;
  // Room first: where there is none, everything stays for the next attempt.
  const std::size_t count = std::min(most, results_.size());
  batch.results.reserve(count);
  batch.dropped.reserve(dropped_.size() + 1);
  constexpr std::chrono::milliseconds kOneMs{1};
  if (nameless_ != 0) batch.dropped.push_back({ServerId{}, {from_ms(0), kTimeLimit}, nameless_});
  for (const auto& [server, dropped] : dropped_) {
    batch.dropped.push_back({server, {dropped.first, dropped.last + kOneMs}, dropped.results});
  }
  dropped_.clear();
  nameless_ = 0;
  for (std::size_t i = 0; i < count; ++i) {
    bytes_ -= bytes_of(results_.front());
    batch.results.push_back(std::move(results_.front()));
    results_.pop_front();
  }
  return true;
}

void FeedQueue::wake() noexcept {
  const MutexLock lock(mutex_);
  woken_ = true;
  ready_.notify_one();
}

void FeedQueue::end() noexcept {
  const MutexLock lock(mutex_);
  ended_ = true;
  ready_.notify_one();
}

std::shared_ptr<FeedQueue> FeedHub::add(std::size_t max_bytes) {
  auto queue = std::make_shared<FeedQueue>(max_bytes);
  const MutexLock lock(mutex_);
  queues_.push_back(queue);
  count_ = queues_.size();
  if (ended_) queue->end();
  return queue;
}

void FeedHub::remove(const std::shared_ptr<FeedQueue>& queue) noexcept {
  const MutexLock lock(mutex_);
  queues_.erase(std::remove(queues_.begin(), queues_.end(), queue), queues_.end());
  count_ = queues_.size();
}

void FeedHub::tell_all(std::span<const CheckResult* const> results) noexcept {
  const MutexLock lock(mutex_);
  for (const auto& queue : queues_) queue->put(results);
}

void FeedHub::end() noexcept {
  const MutexLock lock(mutex_);
  ended_ = true;
  for (const auto& queue : queues_) queue->end();
}

Result<std::unique_ptr<Feed>> make_feed(std::shared_ptr<StoreCore> core, const FeedOptions& options) {
  if (options.max_bytes < FeedOptions::kLeastBytes) {
    return fail(ErrorCode::invalid_argument, "max_bytes of a feed is " + std::to_string(options.max_bytes) +
                                                 "; it is at least " + std::to_string(FeedOptions::kLeastBytes));
  }
  return std::make_unique<QueueFeed>(std::move(core), options.max_bytes);
}

}  // namespace nines::engine
