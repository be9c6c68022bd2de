// The feeds of an open store, and how what was appended gets into their queues (nines/feed.h).
//
// Who publishes an append holds no lock of the store, and takes the hub's and then a queue's for as long as it copies
// the results. A store without a feed pays for a look at a number.
//
// Threads: all members from any thread, but for FeedQueue::take().
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include <nines/check_result.h>
#include <nines/feed.h>

#include "base/mutex.h"

namespace nines::engine {

class FeedQueue {
 public:
  explicit FeedQueue(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  void put(std::span<const CheckResult* const> results) noexcept NINES_EXCLUDES(mutex_);
  /// Waits up to `wait` until there is something or it is woken; moves it into `batch`, and returns whether more may
  /// come: false once the queue has ended and is empty. One thread at a time.
  [[nodiscard]] bool take(std::chrono::milliseconds wait, std::size_t most, FeedBatch& batch) NINES_EXCLUDES(mutex_);
  void wake() noexcept NINES_EXCLUDES(mutex_);
  /// Nothing comes any more.
  void end() noexcept NINES_EXCLUDES(mutex_);

 private:
  struct Dropped {
    TimeMs first{};
    TimeMs last{};
    std::uint64_t results = 0;
  };
  [[nodiscard]] bool is_empty() const NINES_REQUIRES(mutex_) {
    return results_.empty() && dropped_.empty() && nameless_ == 0;
  }
  void note_dropped(const CheckResult& result) noexcept NINES_REQUIRES(mutex_);

  const std::size_t max_bytes_;
  Mutex mutex_;
  std::condition_variable ready_;
  std::deque<CheckResult> results_ NINES_GUARDED_BY(mutex_);
  std::size_t bytes_ NINES_GUARDED_BY(mutex_) = 0;
  std::map<ServerId, Dropped> dropped_ NINES_GUARDED_BY(mutex_);
  std::uint64_t nameless_ NINES_GUARDED_BY(mutex_) = 0;  // dropped, and there was no memory to note whose
  bool woken_ NINES_GUARDED_BY(mutex_) = false;
  bool ended_ NINES_GUARDED_BY(mutex_) = false;
};

class FeedHub {
 public:
  [[nodiscard]] std::shared_ptr<FeedQueue> add(std::size_t max_bytes) NINES_EXCLUDES(mutex_);
  void remove(const std::shared_ptr<FeedQueue>& queue) noexcept NINES_EXCLUDES(mutex_);
  /// Puts `results`, which readers see by now, into all queues.
  void tell(std::span<const CheckResult* const> results) noexcept {
    if (count_.load() != 0) tell_all(results);
  }
  /// Ends all queues, and those that are added later.
  void end() noexcept NINES_EXCLUDES(mutex_);

 private:
  void tell_all(std::span<const CheckResult* const> results) noexcept NINES_EXCLUDES(mutex_);

  std::atomic<std::size_t> count_{0};
  Mutex mutex_;
  std::vector<std::shared_ptr<FeedQueue>> queues_ NINES_GUARDED_BY(mutex_);
  bool ended_ NINES_GUARDED_BY(mutex_) = false;
};

struct StoreCore;

/// A feed of `core`'s store.
[[nodiscard]] Result<std::unique_ptr<Feed>> make_feed(std::shared_ptr<StoreCore> core, const FeedOptions& options);

}  // namespace nines::engine
