// The loop under a Runner: descriptors on epoll, timers on one timerfd, functions posted from other threads.
//
// Ownership: owns its three descriptors and the functions given to it; watched descriptors and watchers stay their
// owners'. Threads: `post` and `stop` from any, everything else from the thread that runs the loop.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <nines/result.h>

#include "base/check_loop.h"
#include "base/mutex.h"
#include "base/unique_fd.h"

namespace nines::prober {

/// Told when a watched descriptor is ready. `events` are EPOLL* bits.
class FdWatcher {
 public:
  virtual ~FdWatcher() = default;
  virtual void on_fd(int fd, std::uint32_t events) = 0;
};

class EventLoop {
 public:
  using Clock = CheckRunner::Clock;

  [[nodiscard]] static Result<std::unique_ptr<EventLoop>> create();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  /// Watches `fd` for EPOLLIN and EPOLLOUT bits, or changes what it is watched for. False when epoll refuses it.
  bool watch(int fd, std::uint32_t events, FdWatcher& watcher);
  /// Call before `fd` is closed. A descriptor that is not watched is fine.
  void unwatch(int fd) noexcept;

  /// As CheckLoop has them.
  TimerId call_at(Clock::time_point when, std::function<void()> fn);
  void cancel(TimerId timer) noexcept;

  /// Queues `fn` for the loop; functions run in the order in which they were posted. Functions posted after the last
  /// run() are destroyed with the loop, not called.
  void post(std::function<void()> fn);
  /// As CheckRunner has them.
  void run();
  void stop() noexcept;

  [[nodiscard]] std::uint64_t wakeups() const noexcept { return wakeups_; }
  [[nodiscard]] Clock::duration worst_lag() const noexcept { return worst_lag_; }

 private:
  struct Watch {
    FdWatcher* watcher = nullptr;
    std::uint32_t events = 0;
    std::uint32_t generation = 0;  // tells a late event of a closed descriptor from one of its number's next owner
  };
  struct TimerSlot {
    std::function<void()> fn;
    std::uint32_t generation = 1;
  };
  struct HeapEntry {
    Clock::time_point when;
    std::uint64_t sequence;
    std::uint64_t id;
  };

  EventLoop(UniqueFd epoll, UniqueFd timer, UniqueFd wake);
  static bool later(const HeapEntry& a, const HeapEntry& b) noexcept;
  [[nodiscard]] bool alive(std::uint64_t id) const noexcept;
  std::function<void()> take(std::uint64_t id);
  void drop_dead_timers();
  void run_due_timers();
  void run_posted();
  [[nodiscard]] bool has_due_timer();
  void wait_and_dispatch(bool block);

  const UniqueFd epoll_;
  const UniqueFd timer_;
  const UniqueFd wake_;

  std::vector<Watch> watches_;  // by descriptor
  std::vector<TimerSlot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<HeapEntry> heap_;  // the soonest in front; cancelled ones stay until they surface
  std::uint64_t next_sequence_ = 0;
  std::size_t live_timers_ = 0;
  Clock::time_point armed_{Clock::time_point::max()};
  std::uint64_t wakeups_ = 0;
  Clock::duration worst_lag_{};

  std::atomic<bool> stop_{false};
  engine::Mutex mutex_;
  std::vector<std::function<void()>> posted_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::prober
