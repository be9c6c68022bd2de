// Errors as values: what every fallible call of nines returns.
//
// Nothing in nines throws, aborts, prints or exits across its public API.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace nines {

/// What went wrong, coarse enough to act on. `Error::message` says the rest in a sentence.
enum class ErrorCode : std::uint8_t {
  invalid_argument,  ///< the caller's input is malformed; nothing was changed
  out_of_range,      ///< a time before 1970 or too far ahead, a text over its limit; nothing was changed
  not_found,         ///< no such server, file, path or key
  already_exists,    ///< the name is taken by another server
  not_a_store,       ///< the directory exists and does not hold a nines store
  newer_format,      ///< written by a newer nines than this one; upgrade to read it
  locked,            ///< another process holds the store open for writing
  read_only,         ///< a writing call on a store that was opened read-only
  out_of_space,      ///< the disk is full or the reserve is reached; clears by itself when there is room
  corruption,        ///< stored bytes do not decode or fail their checksum; the message names the key
  io,                ///< the operating system refused a read or a write
  unavailable,       ///< not possible now, try again: reopening after a fault, a queue is full, out of memory
  fatal,             ///< this handle will never work again; close it and open anew
  closed,            ///< the store was closed, which no waiting changes
};

/// The name of a code, as printed in messages and JSON, e.g. "out_of_space".
[[nodiscard]] std::string_view to_string(ErrorCode code) noexcept;

/// A code and a sentence that says what was wrong, where, and what to do.
struct Error {
  ErrorCode code = ErrorCode::invalid_argument;
  std::string message;
};

/// A value or an Error. An alias, so that `std::expected` can take its place.
template <class T>
using Result = tl::expected<T, Error>;

/// Shorthand for returning an error: `return fail(ErrorCode::io, "...")`.
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

}  // namespace nines
