// Threads of a library in somebody else's process: named, and with all signals blocked, so that the host's handlers run
// on the host's threads.
#pragma once

#include <functional>
#include <thread>

namespace nines::prober {

/// `name` has at most 15 bytes. The thread is not joinable when the system gives none.
[[nodiscard]] std::thread start_thread(const char* name, std::function<void()> body);

}  // namespace nines::prober
