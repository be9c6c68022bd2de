#include "show/state_text.h"

#include <fmt/format.h>
#include <nines/calendar.h>
#include <nines/uptime.h>

#include <array>
#include <cmath>
#include <utility>

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

std::string_view state_mark(State state, const Terminal& terminal) noexcept {
  constexpr std::array<std::string_view, kStateCount> kShapes{"○", "●", "◐", "▼", "◆", "‖"};
  constexpr std::array<std::string_view, kStateCount> kAscii{"?", "=", "~", "X", "m", "p"};
  return (terminal.utf8 ? kShapes : kAscii)[static_cast<std::size_t>(state)];
}

namespace {

/// What a bar is drawn as: its character and its colour.
std::pair<std::string_view, Colour> bar_cell(const Bar& bar, bool utf8) {
  const std::int64_t known = bar.time.known_ms();
  if (known == 0) {
    const State state = bar_state(bar);
    if (state == State::unknown) return {utf8 ? "·" : ".", Colour::grey};
    return {utf8 ? "▒" : (state == State::maintenance ? "m" : "p"), state_colour(state)};
  }
  const std::int64_t down = bar.time[State::down];
  if (down == 0 && bar.time[State::degraded] > 0) return {utf8 ? "▆" : "~", Colour::yellow};
  if (down == 0) return {utf8 ? "█" : "|", Colour::green};
  // Any downtime costs at least a step, and some uptime leaves more than none.
  constexpr std::array<std::string_view, 7> kHeights{"▁", "▂", "▃", "▄", "▅", "▆", "▇"};
  constexpr std::array<std::string_view, 7> kAscii{"x", "x", "x", "o", "o", "+", "+"};
  const auto step = static_cast<std::size_t>((known - down) * 6 / known);
  return {(utf8 ? kHeights : kAscii)[step], step >= 5 ? Colour::yellow : Colour::red};
}

}  // namespace

std::string heartbeat_strip(std::span<const Bar> bars, const Terminal& terminal) {
  std::string strip;
  std::string same;  // neighbours of one colour share their escape codes
  Colour colour = Colour::none;
  for (const Bar& bar : bars) {
    const auto [shape, own] = bar_cell(bar, terminal.utf8);
    if (own != colour) {
      strip += paint(same, colour, terminal.colour);
      same.clear();
      colour = own;
    }
    same += shape;
  }
  return strip + paint(same, colour, terminal.colour);
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

std::string duration_or_dash(const std::optional<double>& ms) {
  return ms ? short_duration(std::llround(*ms)) : "-";
}

std::string cause_text(ErrorClass error, std::uint16_t code) {
  std::string text(to_string(error));
  if (code != 0) text += fmt::format("{}{}", text.empty() ? "" : " ", code);
  return text.empty() ? "correction" : text;
}

std::string latency_target_text(const LatencyTarget& target, const std::optional<double>& objective) {
  std::string text = fmt::format("{} within {}", percent_text(target.within_ratio),
                                 format_latency(static_cast<double>(target.target.count())));
  if (target.apdex) text += fmt::format(", Apdex {:.2f}", std::floor(*target.apdex * 100) / 100);
  if (!target.exact) text += " (within 1 %)";
  if (!objective) return text;
  const bool known = target.within_ratio.has_value();
  return text + fmt::format("; {} % are promised: {}", format_percent(*objective, 3),
                            !known                               ? "no data"
                            : *target.within_ratio >= *objective ? "met"
                                                                 : "not met");
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
