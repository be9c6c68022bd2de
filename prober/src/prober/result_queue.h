// Results on their way to the store, bounded.
//
// A result that finds the queue full is lost; the losses of a server are recorded as one unknown result of class
// `dropped` at the time of the first of them, with their count, which goes to the store as soon as it takes results
// again. Memory is bounded by the capacity and the number of servers. Any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <unordered_map>
#include <vector>

#include <nines/prober.h>

#include "base/mutex.h"

namespace nines::prober {

/// A result with what is to be told once it is stored.
struct QueuedResult {
  CheckReport report;
  std::function<void(const Result<void>&)> stored;  ///< may be empty
};

class ResultQueue {
 public:
  explicit ResultQueue(std::size_t capacity) : capacity_(capacity) {}

  /// Never blocks on anything but the queue's own lock. False when it was full; `stored` was told `unavailable` then.
  bool push(QueuedResult item);
  /// Waits for something, then up to `gather` for more, then takes everything, losses included. Empty only after
  /// close().
  [[nodiscard]] std::vector<QueuedResult> take(std::chrono::milliseconds gather);
  /// Ends the waiting: what is there can still be taken.
  void close();

  /// What was taken and is still being stored counts as queued until told here.
  void settled(std::size_t count);

  struct Figures {
    std::uint64_t depth = 0;
    std::uint64_t peak = 0;
    std::uint64_t dropped = 0;
  };
  [[nodiscard]] Figures figures() const;

 private:
  struct Loss {
    CheckResult first;
    std::uint64_t count = 0;
  };
  [[nodiscard]] bool has_gathered_enough() const NINES_REQUIRES(mutex_);
  [[nodiscard]] std::vector<QueuedResult> take_locked() NINES_REQUIRES(mutex_);

  const std::size_t capacity_;
  mutable engine::Mutex mutex_;
  std::condition_variable ready_;
  std::deque<QueuedResult> items_ NINES_GUARDED_BY(mutex_);
  std::unordered_map<ServerId, Loss> losses_ NINES_GUARDED_BY(mutex_);
  std::size_t unsettled_ NINES_GUARDED_BY(mutex_) = 0;  // taken and not yet settled
  std::size_t peak_ NINES_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ NINES_GUARDED_BY(mutex_) = 0;
  bool closed_ NINES_GUARDED_BY(mutex_) = false;
};

}  // namespace nines::prober
