// Ctrl-C and SIGTERM, for a command that ends its work in order.
//
// Threads: one InterruptGuard at a time in a process; interrupting_signal() from any thread.
#pragma once

#include <signal.h>

namespace nines::tools {

/// While it lives, Ctrl-C and SIGTERM do not end the process but are noted, so that a command can stop between two
/// pieces of its work and say what it has done.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction before_int_ {};
  struct sigaction before_term_ {};
};

/// The last signal that came since the last guard began, 0 for none.
[[nodiscard]] int interrupting_signal() noexcept;

}  // namespace nines::tools
