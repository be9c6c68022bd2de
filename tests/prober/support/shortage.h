// What a process may lack, for as long as an object lives.
#pragma once

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <cstddef>

namespace nines::prober_test {

/// This process opens no further descriptor; those that it has stay.
class NoDescriptors {
 public:
  NoDescriptors() {
    EXPECT_EQ(getrlimit(RLIMIT_NOFILE, &former_), 0);
    const rlimit none{0, former_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &former_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit former_{};
};

/// No file grows: writes to files fail. What is no file, a pipe, does not care.
class NoFilesThatGrow {
 public:
  NoFilesThatGrow() {
    // Else the first write that fails would end the process.
    former_handler_ = signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(getrlimit(RLIMIT_FSIZE, &former_), 0);
    const rlimit none{0, former_.rlim_max};
    EXPECT_EQ(setrlimit(RLIMIT_FSIZE, &none), 0);
  }
  ~NoFilesThatGrow() {
    setrlimit(RLIMIT_FSIZE, &former_);
    signal(SIGXFSZ, former_handler_);
  }
  NoFilesThatGrow(const NoFilesThatGrow&) = delete;
  NoFilesThatGrow& operator=(const NoFilesThatGrow&) = delete;

 private:
  rlimit former_{};
  void (*former_handler_)(int) = SIG_DFL;
};

/// No thread can be made: each would want a stack that no machine has room for.
class NoThreads {
 public:
  NoThreads() {
    EXPECT_EQ(pthread_getattr_default_np(&former_), 0);
    pthread_attr_t greedy;
    EXPECT_EQ(pthread_getattr_default_np(&greedy), 0);
    constexpr std::size_t kTooMuch = std::size_t{1} << 47U;
    EXPECT_EQ(pthread_attr_setstacksize(&greedy, kTooMuch), 0);
    EXPECT_EQ(pthread_setattr_default_np(&greedy), 0);
    pthread_attr_destroy(&greedy);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&former_);
    pthread_attr_destroy(&former_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t former_{};
};

}  // namespace nines::prober_test
