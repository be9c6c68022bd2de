// A mutex that clang's thread-safety analysis understands; std::mutex in libstdc++ is not annotated.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

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
  /// The same, but not past `until`.
  template <class Clock, class Duration>
  std::cv_status wait_until(std::condition_variable& changed, const std::chrono::time_point<Clock, Duration>& until)
      NINES_REQUIRES(this) {
    std::unique_lock<std::mutex> lock(mutex_, std::adopt_lock);
    const std::cv_status status = changed.wait_until(lock, until);
    lock.release();
    return status;
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

/// Held by one that writes, or by any number that read.
class NINES_THREAD_ANNOTATION(capability("mutex")) SharedMutex {
 public:
  void lock() NINES_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() NINES_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  void lock_shared() NINES_THREAD_ANNOTATION(acquire_shared_capability()) { mutex_.lock_shared(); }
  void unlock_shared() NINES_THREAD_ANNOTATION(release_shared_capability()) { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

class NINES_THREAD_ANNOTATION(scoped_lockable) WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) NINES_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~WriterLock() NINES_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class NINES_THREAD_ANNOTATION(scoped_lockable) ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) NINES_THREAD_ANNOTATION(acquire_shared_capability(mutex)) : mutex_(mutex) {
    mutex_.lock_shared();
  }
  ~ReaderLock() NINES_THREAD_ANNOTATION(release_capability()) { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

/// Lets go of a mutex that the caller holds, and takes it again at the end of its scope.
class NINES_THREAD_ANNOTATION(scoped_lockable) MutexUnlock {
 public:
  explicit MutexUnlock(Mutex& mutex) NINES_THREAD_ANNOTATION(release_capability(mutex)) : mutex_(mutex) {
    mutex_.unlock();
  }
  ~MutexUnlock() NINES_THREAD_ANNOTATION(release_capability()) { mutex_.lock(); }
  MutexUnlock(const MutexUnlock&) = delete;
  MutexUnlock& operator=(const MutexUnlock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace nines::engine
