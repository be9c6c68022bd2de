#include "show/state_text.h"

#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/uptime.h>

#include <array>

namespace nines::tools {

Colour state_colour(State state) noexcept {
  constexpr std::array kColours{Colour::grey, Colour::green, Colour::yellow, Colour::red, Colour::blue, Colour::blue};
  return kColours[static_cast<std::size_t>(state)];
}

State bar_state(const Bar& bar) noexcept {
  for (const State state : {State::down, State::degraded, State::up, State::maintenance, State::paused}) {
    if (bar.time[state] > 0) return state;
  }
  return State::unknown;
}

std::string heartbeat_strip(std::span<const Bar> bars, const Terminal& terminal) {
  constexpr std::array kBlocks{"·", "▇", "▅", "▁", "▒", "▒"};
  constexpr std::array kAscii{".", "|", "+", "x", "m", "p"};
  std::string strip;
  for (std::size_t i = 0; i < bars.size();) {
    const State state = bar_state(bars[i]);
    std::string same;  // neighbours of one state share their escape codes
    for (; i < bars.size() && bar_state(bars[i]) == state; ++i) {
      same += (terminal.utf8 ? kBlocks : kAscii)[static_cast<std::size_t>(state)];
    }
    strip += paint(same, state_colour(state), terminal.colour);
  }
  return strip;
}

std::string percent_text(const std::optional<double>& ratio) {
  constexpr int kDigits = 3;
  return ratio ? format_percent(*ratio, kDigits) + " %" : "-";
}

std::string format_latency(double us) {
  constexpr double kMilli = 1'000;
  constexpr double kSecond = 1'000'000;
  if (us < kMilli) return fmt::format("{:.0f} µs", us);
  if (us < 100 * kMilli) return fmt::format("{:.1f} ms", us / kMilli);
  if (us < kSecond) return fmt::format("{:.0f} ms", us / kMilli);
  return fmt::format("{:.2f} s", us / kSecond);
}

std::string short_duration(std::int64_t ms) {
  constexpr std::array kUnits{std::pair{86'400'000LL, 3'600'000LL}, std::pair{3'600'000LL, 60'000LL},
                              std::pair{60'000LL, 1'000LL}, std::pair{1'000LL, 1'000LL}};
  for (const auto& [unit, kept] : kUnits) {
    if (ms >= unit) return format_duration(std::chrono::milliseconds{ms / kept * kept});
  }
  return format_duration(std::chrono::milliseconds{ms});
}

std::string moment_text(TimeMs time, const Zone& zone) {
  constexpr std::size_t kSeconds = 19;  // 2026-07-14T09:30:00
  const bool utc = zone == Zone();
  std::string text = utc ? format_time(time) : format_time(time, zone);
  if (to_ms(time) % 1000 == 0) text.erase(kSeconds, 4);
  text[10] = ' ';
  return text;
}

std::string minute_text(TimeMs time, const Zone& zone) {
  std::string text = format_time(time, zone).substr(0, 16);
  text[10] = ' ';
  return text;
}

}  // namespace nines::tools
