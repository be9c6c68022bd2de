#include "http/work_queue.h"

#include <cassert>
#include <utility>

namespace nines::tools {

WorkQueue::WorkQueue(std::size_t threads, std::size_t most_waiting) : most_waiting_(most_waiting) {
  assert(threads > 0);
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

WorkQueue::~WorkQueue() {
  stop();
}

bool WorkQueue::submit(Job job) {
  {
    const engine::MutexLock lock(mutex_);
    if (stopping_ || jobs_.size() >= most_waiting_) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void WorkQueue::stop() {
  {
    const engine::MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkQueue::work() {
  while (true) {
    Job job;
    {
      const engine::MutexLock lock(mutex_);
      while (!stopping_ && jobs_.empty()) mutex_.wait(changed_);
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace nines::tools
