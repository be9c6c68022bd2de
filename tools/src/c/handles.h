// The handles that several files of the C API look into.
#pragma once

#include <nines/c/store.h>
#include <nines/options.h>
#include <nines/store.h>
#include <unistd.h>

#include <functional>
#include <memory>

/// Shared with the probers of the store, which may outlive the handle: a closed store refuses their results.
struct nines_store {
  std::shared_ptr<nines::Store> store;
  std::function<nines::TimeMs()> clock;  ///< contained; never empty
  pid_t owner = ::getpid();              ///< what has no answer of its own in a forked child looks here
};

namespace nines::c {

/// Refuses a handle of the parent in a forked child.
[[nodiscard]] Result<void> check_owner(pid_t owner);

}  // namespace nines::c
