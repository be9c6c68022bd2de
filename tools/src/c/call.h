// What every function of the C API does around its work: no exception leaves it, and a Result becomes a code and a
// message in the caller's memory.
//
// Safe from any thread.
#pragma once

#include <nines/c/base.h>
#include <nines/result.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace nines::c {

/// Writes `message` into `error`, which may be null, and returns the code's number. Allocates nothing.
nines_code tell(nines_error* error, ErrorCode code, std::string_view message) noexcept;
/// The same for the exception being handled: `unavailable` for a lack of memory or of threads, else `fatal`. Requires:
/// called from within a catch block.
nines_code tell_exception(nines_error* error) noexcept;
/// Copies as much of `text` into `out`, of `bytes` > 0, as fits with a NUL, and cuts between two characters of UTF-8.
void copy_text(std::string_view text, char* out, std::size_t bytes) noexcept;

/// Runs `body`, which returns a Result<void>.
template <class Body>
nines_code call(nines_error* error, Body&& body) noexcept {
  try {
    const Result<void> done = std::forward<Body>(body)();
    return done ? NINES_OK : tell(error, done.error().code, done.error().message);
  } catch (...) {
    return tell_exception(error);
  }
}

[[nodiscard]] inline tl::unexpected<Error> null_argument(const char* name) {
  return fail(ErrorCode::invalid_argument, std::string(name) + " is NULL");
}

/// "" for null.
[[nodiscard]] inline std::string_view text_or_empty(const char* text) noexcept {
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

/// No struct of the API comes near it: a size above it is a mistake, not a later version.
inline constexpr std::uint32_t kMaxStructBytes = 4096;

/// The size of a struct when it was released first, which callers compiled then still set. A field that is added later
/// goes to the end, and this is specialised to what the size was before.
template <class Struct>
inline constexpr std::size_t kFirstSize = sizeof(Struct);

/// Whether a caller of any version can have set such a size; `name` is the argument's.
template <class Struct>
[[nodiscard]] Result<void> check_size(std::uint32_t size, const char* name) {
  if (size >= kFirstSize<Struct> && size <= kMaxStructBytes) return {};
  return fail(ErrorCode::invalid_argument, std::string(name) + ".size is " + std::to_string(size) +
                                               "; set it by NINES_INIT, to at least " +
                                               std::to_string(kFirstSize<Struct>));
}

/// What `in` says in the caller's version of the struct, in this one's. Fields that the caller does not know are zero;
/// those that this version does not know must be. `name` is the argument's.
template <class Struct>
[[nodiscard]] Result<Struct> read_struct(const Struct* in, const char* name) {
  if (in == nullptr) return null_argument(name);
  const std::size_t size = in->size;
  if (auto fits = check_size<Struct>(in->size, name); !fits) return tl::unexpected<Error>(fits.error());
  const auto* const bytes = reinterpret_cast<const unsigned char*>(in);
  const std::size_t known_size = std::min(size, sizeof(Struct));
  if (!std::all_of(bytes + known_size, bytes + size, [](unsigned char byte) { return byte == 0; })) {
    return fail(ErrorCode::invalid_argument,
                std::string(name) + " has a field that this version of the library does not know");
  }
  Struct known{};
  std::memcpy(&known, in, known_size);
  return known;
}

/// Whether `out` can be written: not null, and of a size that has been.
template <class Struct>
[[nodiscard]] Result<void> check_struct(const Struct* out, const char* name) {
  if (out == nullptr) return null_argument(name);
  return check_size<Struct>(out->size, name);
}

/// Fills as much of `out`, which check_struct() has passed, as the caller knows with `value`, its size apart; zeroes
/// what this version does not know.
template <class Struct>
void write_struct(Struct* out, Struct value) noexcept {
  value.size = out->size;
  const std::size_t known_size = std::min<std::size_t>(value.size, sizeof value);
  std::memcpy(out, &value, known_size);
  std::memset(reinterpret_cast<unsigned char*>(out) + known_size, 0, value.size - known_size);
}

}  // namespace nines::c
