#include <nines/c/base.h>

#include <array>
#include <cassert>
#include <chrono>
#include <new>
#include <system_error>

#include <nines/calendar.h>
#include <nines/check_result.h>
#include <nines/options.h>
#include <nines/types.h>

#include "c/call.h"
#include "c/handles.h"

namespace nines::c {
namespace {

// The C names are the C++ values, so that no table has to be kept.
constexpr nines_code number_of(ErrorCode code) noexcept {
  return static_cast<nines_code>(code) + 1;
}
static_assert(number_of(ErrorCode::invalid_argument) == NINES_INVALID_ARGUMENT);
static_assert(number_of(ErrorCode::not_a_store) == NINES_NOT_A_STORE);
static_assert(number_of(ErrorCode::out_of_space) == NINES_OUT_OF_SPACE);
static_assert(number_of(ErrorCode::unavailable) == NINES_UNAVAILABLE);
static_assert(number_of(ErrorCode::closed) == NINES_CLOSED);
static_assert(static_cast<int>(State::paused) == NINES_PAUSED && kStateCount == NINES_STATE_COUNT);
static_assert(static_cast<int>(State::down) == NINES_DOWN && static_cast<int>(State::up) == NINES_UP);
static_assert(static_cast<int>(ErrorClass::internal) == NINES_CAUSE_INTERNAL);
static_assert(static_cast<int>(ErrorClass::http_status) == NINES_CAUSE_HTTP_STATUS);
static_assert(static_cast<int>(ErrorClass::other) == NINES_CAUSE_OTHER);
static_assert(static_cast<int>(Durability::disk) == NINES_DISK);
static_assert(static_cast<int>(LogLevel::error) == NINES_LOG_ERROR);
static_assert(kNoLatency == NINES_NO_LATENCY);
static_assert(sizeof(nines_error) == 512);
static_assert(std::string_view(NINES_BUILD_VERSION) == "0.1.0" && NINES_VERSION == 100,
              "the version of c/base.h is that of the top CMakeLists.txt");

}  // namespace

void copy_text(std::string_view text, char* out, std::size_t bytes) noexcept {
  std::size_t length = std::min(text.size(), bytes - 1);
  if (length < text.size()) {
    // A byte 10xxxxxx goes on with a character.
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  }
  std::copy_n(text.data(), length, out);
  out[length] = '\0';
}

nines_code tell(nines_error* error, ErrorCode code, std::string_view message) noexcept {
  if (error != nullptr) {
    error->code = number_of(code);
    error->reserved = 0;
    copy_text(message, error->message, sizeof error->message);
  }
  return number_of(code);
}

nines_code tell_exception(nines_error* error) noexcept {
  assert(std::current_exception() != nullptr);
  try {
    throw;
  } catch (const std::bad_alloc&) {
    return tell(error, ErrorCode::unavailable, "out of memory");
  } catch (const std::length_error&) {
    return tell(error, ErrorCode::invalid_argument, "an argument is longer than any memory");
  } catch (const std::system_error& thrown) {
    return tell(error, ErrorCode::unavailable, thrown.what());
  } catch (const std::exception& thrown) {
    return tell(error, ErrorCode::fatal, thrown.what());
  } catch (...) {
    return tell(error, ErrorCode::fatal, "an exception of an unknown type");
  }
}

Result<void> check_owner(pid_t owner) {
  if (owner == ::getpid()) return {};
  return fail(ErrorCode::fatal, "the handle belongs to the process that this one was forked from");
}

}  // namespace nines::c

using nines::c::call;

int32_t nines_version(void) {
  return NINES_VERSION;
}

const char* nines_version_text(void) {
  return NINES_BUILD_VERSION;
}

const char* nines_code_name(nines_code code) {
  if (code == NINES_OK) return "ok";
  if (code < NINES_INVALID_ARGUMENT || code > NINES_CLOSED) return "unknown";
  // Each of them is a literal, which ends with a NUL.
  return nines::to_string(static_cast<nines::ErrorCode>(code - 1)).data();
}

const char* nines_state_name(uint32_t state) {
  return state < NINES_STATE_COUNT ? nines::to_string(static_cast<nines::State>(state)).data() : "";
}

const char* nines_cause_name(uint32_t cause) {
  if (cause > NINES_CAUSE_INTERNAL && cause != NINES_CAUSE_OTHER) return "";
  const std::string_view name = nines::to_string(static_cast<nines::ErrorClass>(cause));
  return name.empty() ? "" : name.data();
}

int64_t nines_now_ms(void) {
  return nines::to_ms(std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()));
}

nines_code nines_parse_window(const char* text, int64_t now_ms, const char* zone, int64_t* from_ms, int64_t* to_ms,
                              nines_error* error) {
  return call(error, [&]() -> nines::Result<void> {
    if (text == nullptr) return nines::c::null_argument("text");
    if (from_ms == nullptr) return nines::c::null_argument("from_ms");
    if (to_ms == nullptr) return nines::c::null_argument("to_ms");
    const auto found = nines::Zone::find(nines::c::text_or_empty(zone));
    if (!found) return tl::unexpected(found.error());
    std::string_view words = text;
    if (words.starts_with('-')) words.remove_prefix(1);
    const auto window = nines::parse_window(words, nines::TimeContext{nines::from_ms(now_ms), *found});
    if (!window) return tl::unexpected(window.error());
    *from_ms = nines::to_ms(window->from);
    *to_ms = nines::to_ms(window->to);
    return {};
  });
}
