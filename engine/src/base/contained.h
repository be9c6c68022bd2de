// No exception crosses the API: what is thrown on the way becomes an error.
//
// Safe from any thread.
#pragma once

#include <utility>

#include <nines/result.h>

namespace nines::engine {

/// The exception being handled as an error: `unavailable` for a lack of memory or of threads, `fatal` for anything
/// else, which nothing in the engine throws. Requires: called from within a catch block.
[[nodiscard]] Error current_exception_error() noexcept;

/// Likewise for what a function of the host has thrown: `invalid_argument` that names `callback`, "the clock" for one;
/// a lack of memory stays `unavailable`. Requires: called from within a catch block.
[[nodiscard]] Error host_exception_error(const char* callback) noexcept;

/// What `call` returns, a Result; what it throws, as an error.
template <class Call>
[[nodiscard]] auto contained(Call&& call) noexcept -> decltype(call()) {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    return tl::unexpected<Error>(current_exception_error());
  }
}

/// The same for a call of the host's `callback`.
template <class Call>
[[nodiscard]] auto contained_callback(const char* callback, Call&& call) noexcept -> decltype(call()) {
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    return tl::unexpected<Error>(host_exception_error(callback));
  }
}

}  // namespace nines::engine
