#include "query_bodies.h"

#include <nines/calendar.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

namespace nines::fuzz {
namespace {

void require(bool holds, const char* rule) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", rule);
  std::abort();
}

}  // namespace

void time_text(std::string_view bytes) {
  constexpr std::chrono::days kCentury{36'525};
  const TimeContext context{.now = from_ms(1'784'000'000'000), .zone = {}};
  if (const auto duration = parse_duration(bytes)) {
    require(duration->count() >= 0 && *duration <= kCentury, "a duration is between nothing and a century");
    const auto again = parse_duration(format_duration(*duration));
    require(again.has_value() && *again == *duration, "a duration that is written can be read, and is the same");
  } else {
    require(!duration.error().message.empty(), "an error says something");
  }
  if (const auto time = parse_time(bytes, context)) {
    const auto again = parse_time(format_time(*time), context);
    require(again.has_value() && *again == *time, "a moment that is written can be read, and is the same");
  } else {
    require(!time.error().message.empty(), "an error says something");
  }
  if (const auto window = parse_window(bytes, context)) {
    require(window->from <= window->to, "a window ends behind its beginning");
  } else {
    require(!window.error().message.empty(), "an error says something");
  }
}

}  // namespace nines::fuzz
