#include "base/thread.h"

#include <pthread.h>

#include <csignal>
#include <system_error>
#include <utility>

namespace nines::prober {

std::thread start_thread(const char* name, std::function<void()> body) {
  sigset_t all;
  sigset_t former;
  sigfillset(&all);
  // A new thread inherits the mask; setting it inside would leave a moment without.
  pthread_sigmask(SIG_SETMASK, &all, &former);
  std::thread thread;
  try {
    thread = std::thread(std::move(body));
    pthread_setname_np(thread.native_handle(), name);
  } catch (const std::exception&) {  // too many threads, or no memory for it or its stack
  }
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
  return thread;
}

}  // namespace nines::prober
