// A mutex that clang's thread-safety analysis understands; std::mutex in libstdc++ is not annotated.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define NINES_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define NINES_THREAD_ANNOTATION(x)
#endif

#define NINES_GUARDED_BY(x) NINES_THREAD_ANNOTATION(guarded_by(x))
#define NINES_REQUIRES(...) NINES_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define NINES_EXCLUDES(...) NINES_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
/// For functions that hold a varying number of locks, which the analysis cannot follow.
#define NINES_NO_THREAD_SAFETY_ANALYSIS NINES_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace nines::engine {

class NINES_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() NINES_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() NINES_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  bool try_lock() NINES_THREAD_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }
  /// Lets go of the mutex, which the caller holds, until `changed` is notified, or for no reason.
  void wait(std::condition_variable& changed) NINES_REQUIRES(this) {
    std::unique_lock<std::mutex> lock(mutex_, std::adopt_lock);
    changed.wait(lock);
    lock.release();
  }

 private:
  std::mutex mutex_;
};

class NINES_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) NINES_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() NINES_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  /// Takes over a lock that the caller has, as from try_lock().
  MutexLock(Mutex& mutex, std::adopt_lock_t /*held*/) NINES_REQUIRES(mutex) : mutex_(mutex) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace nines::engine
