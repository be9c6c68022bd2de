#include "cli/command/interrupt.h"

namespace nines::tools {
namespace {

volatile sig_atomic_t last_signal = 0;

}  // namespace

InterruptGuard::InterruptGuard() {
  last_signal = 0;
  struct sigaction action {};
  action.sa_handler = [](int number) { last_signal = number; };
  sigaction(SIGINT, &action, &before_int_);
  sigaction(SIGTERM, &action, &before_term_);
}

InterruptGuard::~InterruptGuard() {
  sigaction(SIGINT, &before_int_, nullptr);
  sigaction(SIGTERM, &before_term_, nullptr);
}

int interrupting_signal() noexcept {
  return last_signal;
}

}  // namespace nines::tools
