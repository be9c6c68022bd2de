#include "base/contained.h"

#include <cassert>
#include <exception>
#include <initializer_list>
#include <new>
#include <system_error>

namespace nines::engine {
namespace {

/// "out of memory" fits into a string without memory of its own.
Error out_of_memory() noexcept {
  return {ErrorCode::unavailable, "out of memory"};
}

/// The error whose message is `words`, one behind the other; out_of_memory() when there is no memory for it.
Error describe(ErrorCode code, std::initializer_list<const char*> words) noexcept {
  try {
    Error error{code, {}};
    for (const char* word : words) error.message += word;
    return error;
  } catch (...) {
    return out_of_memory();
  }
}

}  // namespace

Error current_exception_error() noexcept {
  assert(std::current_exception() != nullptr);
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::system_error& error) {
    return describe(ErrorCode::unavailable, {"the system refused a thread or a lock: ", error.what()});
  } catch (const std::exception& error) {
    return describe(ErrorCode::fatal, {"an exception that nothing should throw: ", error.what()});
  } catch (...) {
    return describe(ErrorCode::fatal, {"an exception that nothing should throw"});
  }
}

Error host_exception_error(const char* callback) noexcept {
  assert(std::current_exception() != nullptr);
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return out_of_memory();
  } catch (const std::exception& error) {
    return describe(ErrorCode::invalid_argument, {callback, " has thrown, which it must not: ", error.what()});
  } catch (...) {
    return describe(ErrorCode::invalid_argument, {callback, " has thrown, which it must not"});
  }
}

}  // namespace nines::engine
