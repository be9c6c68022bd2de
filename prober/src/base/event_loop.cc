#include "base/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace nines::prober {
namespace {

// Enough for a busy wakeup; what is left over comes with the next one.
constexpr std::size_t kEventsPerWakeup = 256;
// The heap is swept of cancelled timers when they outnumber the live ones by this many.
constexpr std::size_t kDeadTimerSlack = 4096;

std::uint64_t event_tag(int fd, std::uint32_t generation) noexcept {
  return (std::uint64_t{generation} << 32) | static_cast<std::uint32_t>(fd);
}

tl::unexpected<Error> no_descriptor(const char* what) {
  return fail(ErrorCode::io, std::string("cannot create the event loop's ") + what + ": " + std::strerror(errno));
}

void drain(int fd) noexcept {
  std::uint64_t count = 0;
  // Non-blocking; "nothing there" is as good as a value.
  [[maybe_unused]] const auto got = ::read(fd, &count, sizeof count);
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return no_descriptor("epoll descriptor");
  UniqueFd timer(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer) return no_descriptor("timer");
  UniqueFd wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wake) return no_descriptor("wake-up descriptor");
  for (const int fd : {timer.get(), wake.get()}) {
    epoll_event event{};
    // The timer is told of once and need not be read: to set it anew takes its expiry back.
    event.events = fd == timer.get() ? EPOLLIN | EPOLLET : EPOLLIN;
    event.data.u64 = event_tag(fd, 0);
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0) return no_descriptor("epoll entry");
  }
  return std::unique_ptr<EventLoop>(new EventLoop(std::move(epoll), std::move(timer), std::move(wake)));
}

EventLoop::EventLoop(UniqueFd epoll, UniqueFd timer, UniqueFd wake)
    : epoll_(std::move(epoll)), timer_(std::move(timer)), wake_(std::move(wake)) {}

bool EventLoop::watch(int fd, std::uint32_t events, FdWatcher& watcher) {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watches_.size()) watches_.resize(index + 64);
  Watch& entry = watches_[index];
  const bool known = entry.watcher != nullptr;
  if (known && entry.events == events && entry.watcher == &watcher) return true;
  if (!known) ++entry.generation;
  entry.watcher = &watcher;
  entry.events = events;
  epoll_event event{};
  event.events = events;
  event.data.u64 = event_tag(fd, entry.generation);
  if (::epoll_ctl(epoll_.get(), known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0) return true;
  // The number was closed or reused behind our back: the other operation is the right one.
  if (known && errno == ENOENT && ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return true;
  if (!known && errno == EEXIST && ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0) return true;
  entry.watcher = nullptr;
  return false;
}

void EventLoop::unwatch(int fd) noexcept {
  const auto index = static_cast<std::size_t>(fd);
  if (index >= watches_.size() || watches_[index].watcher == nullptr) return;
  watches_[index].watcher = nullptr;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

bool EventLoop::later(const HeapEntry& a, const HeapEntry& b) noexcept {
  return a.when != b.when ? a.when > b.when : a.sequence > b.sequence;
}

TimerId EventLoop::call_at(Clock::time_point when, std::function<void()> fn) {
  if (heap_.size() == heap_.capacity()) heap_.reserve(2 * heap_.size() + 1);
  std::uint32_t index = 0;
  if (free_slots_.empty()) {
    index = static_cast<std::uint32_t>(slots_.size());
    slots_.emplace_back();
    // Room for all of them, as giving one back must not fail.
    free_slots_.reserve(slots_.capacity());
  } else {
    index = free_slots_.back();
    free_slots_.pop_back();
  }
  slots_[index].fn = std::move(fn);
  const std::uint64_t id = (std::uint64_t{slots_[index].generation} << 32) | index;
  heap_.push_back({when, next_sequence_++, id});
  std::push_heap(heap_.begin(), heap_.end(), later);
  ++live_timers_;
  return TimerId{id};
}

bool EventLoop::alive(std::uint64_t id) const noexcept {
  const auto index = static_cast<std::uint32_t>(id);
  return index < slots_.size() && slots_[index].generation == static_cast<std::uint32_t>(id >> 32);
}

std::function<void()> EventLoop::take(std::uint64_t id) {
  const auto index = static_cast<std::uint32_t>(id);
  TimerSlot& slot = slots_[index];
  std::function<void()> fn = std::move(slot.fn);
  slot.fn = nullptr;
  if (++slot.generation == 0) slot.generation = 1;
  free_slots_.push_back(index);
  --live_timers_;
  return fn;
}

void EventLoop::cancel(TimerId timer) noexcept {
  const auto id = static_cast<std::uint64_t>(timer);
  if (!alive(id)) return;
  take(id);
  if (heap_.size() > 2 * live_timers_ + kDeadTimerSlack) drop_dead_timers();
}

void EventLoop::drop_dead_timers() {
  std::erase_if(heap_, [this](const HeapEntry& entry) { return !alive(entry.id); });
  std::make_heap(heap_.begin(), heap_.end(), later);
}

void EventLoop::run_due_timers() {
  const auto now = Clock::now();
  // Timers set meanwhile wait for the next round, so that a function that sets itself again cannot starve the sockets.
  const std::uint64_t before = next_sequence_;
  while (!heap_.empty() && heap_.front().when <= now && !stop_.load(std::memory_order_relaxed)) {
    const HeapEntry entry = heap_.front();
    if (!alive(entry.id)) {
      std::pop_heap(heap_.begin(), heap_.end(), later);
      heap_.pop_back();
      continue;
    }
    if (entry.sequence >= before) break;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
    worst_lag_ = std::max(worst_lag_, now - entry.when);
    take(entry.id)();
  }
}

void EventLoop::post(std::function<void()> fn) {
  bool first = false;
  {
    const engine::MutexLock lock(mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(fn));
  }
  if (!first) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);  // fails only when already pending
}

void EventLoop::run_posted() {
  std::vector<std::function<void()>> batch;
  {
    const engine::MutexLock lock(mutex_);
    batch.swap(posted_);
  }
  for (auto it = batch.begin(); it != batch.end(); ++it) {
    (*it)();
    if (stop_.load(std::memory_order_relaxed) && std::next(it) != batch.end()) {
      const engine::MutexLock lock(mutex_);
      posted_.insert(posted_.begin(), std::make_move_iterator(std::next(it)), std::make_move_iterator(batch.end()));
      return;
    }
  }
}

void EventLoop::stop() noexcept {
  stop_.store(true);
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

// Whether a timer is due already. Sets the timerfd for the soonest otherwise: only then, because it costs
// more than most of what happens in a round (some 10 us on a virtual machine), and many timers are set for "now".
bool EventLoop::has_due_timer() {
  while (!heap_.empty() && !alive(heap_.front().id)) {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
  }
  const auto soonest = heap_.empty() ? Clock::time_point::max() : heap_.front().when;
  if (soonest == armed_) return false;
  if (soonest <= Clock::now()) return true;
  armed_ = soonest;
  itimerspec spec{};
  if (soonest != Clock::time_point::max()) {
    // libstdc++'s steady_clock is CLOCK_MONOTONIC. Never all zero, which would disarm: the moment is to come.
    const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(soonest.time_since_epoch()).count();
    spec.it_value.tv_sec = ns / 1'000'000'000;
    spec.it_value.tv_nsec = ns % 1'000'000'000;
  }
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &spec, nullptr);
  return false;
}

void EventLoop::wait_and_dispatch(bool block) {
  std::array<epoll_event, kEventsPerWakeup> events;
  const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), block ? -1 : 0);
  ++wakeups_;
  for (int i = 0; i < count && !stop_.load(std::memory_order_relaxed); ++i) {
    const auto tag = events[static_cast<std::size_t>(i)].data.u64;
    const int fd = static_cast<int>(static_cast<std::uint32_t>(tag));
    if (fd == timer_.get()) {
      armed_ = Clock::time_point::max();
      continue;
    }
    if (fd == wake_.get()) {
      drain(fd);
      run_posted();
      continue;
    }
    const Watch entry = watches_[static_cast<std::size_t>(fd)];
    if (entry.watcher == nullptr || entry.generation != static_cast<std::uint32_t>(tag >> 32)) continue;
    entry.watcher->on_fd(fd, events[static_cast<std::size_t>(i)].events);
  }
}

void EventLoop::run() {
  run_posted();
  while (!stop_.load()) {
    run_due_timers();
    if (stop_.load()) break;
    wait_and_dispatch(!has_due_timer());
  }
  stop_.store(false);
}

}  // namespace nines::prober
