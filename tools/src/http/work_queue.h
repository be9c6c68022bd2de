// A few threads that work off a bounded queue.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"

namespace nines::tools {

class WorkQueue {
 public:
  using Job = std::function<void()>;  ///< must not throw

  /// `most_waiting` jobs wait at most, besides one that each thread works on.
  WorkQueue(std::size_t threads, std::size_t most_waiting);
  /// As stop().
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  /// False, and nothing is done, when the queue is full or stopped. Any thread.
  [[nodiscard]] bool submit(Job job);
  /// Finishes what is queued and joins. One thread; a second call does nothing.
  void stop();

 private:
  void work();

  const std::size_t most_waiting_;
  engine::Mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_ NINES_GUARDED_BY(mutex_);
  bool stopping_ NINES_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace nines::tools
