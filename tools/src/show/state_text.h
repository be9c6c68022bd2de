// How states, ratios and latencies look to people: the same on the terminal and on the page. Pure functions.
#pragma once

#include <nines/bars.h>
#include <nines/calendar.h>
#include <nines/check_result.h>
#include <nines/latency.h>
#include <nines/types.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "show/terminal.h"

namespace nines::tools {

[[nodiscard]] Colour state_colour(State state) noexcept;

/// The state that a bar shows: the worst that it holds, then up, then maintenance and pause; unknown without data.
[[nodiscard]] State bar_state(const Bar& bar) noexcept;

/// One character for a state, a shape of its own each, so that colour is not needed.
[[nodiscard]] std::string_view state_mark(State state, const Terminal& terminal) noexcept;

/// A heartbeat strip, one character a bar: the height is the share of known time that was not down, the colour says
/// whether any was. ASCII where the terminal is not UTF-8: | without downtime, then + o x as there is more.
[[nodiscard]] std::string heartbeat_strip(std::span<const Bar> bars, const Terminal& terminal);

/// "99.95 %", rounded down; "-" without a value.
[[nodiscard]] std::string percent_text(const std::optional<double>& ratio);
/// "81.2 ms", "1.53 s", "640 µs".
[[nodiscard]] std::string format_latency(double us);
/// A duration for people, at most two units: "2d3h", "4m10s", "350ms".
[[nodiscard]] std::string short_duration(std::int64_t ms);
/// The same of a mean; "-" without a value.
[[nodiscard]] std::string duration_or_dash(const std::optional<double>& ms);

/// What began an outage: "http_status 503", "timeout"; "correction" where no check failed.
[[nodiscard]] std::string cause_text(ErrorClass error, std::uint16_t code);
/// "97.1 % within 300ms, Apdex 0.98; 95.0 % are promised: met".
[[nodiscard]] std::string latency_target_text(const LatencyTarget& target, const std::optional<double>& objective);

/// "2026-07-14 09:30:00Z", or with the zone's offset; with milliseconds where they are not 0.
[[nodiscard]] std::string moment_text(TimeMs time, const Zone& zone);
/// "2026-07-14 09:30" in the zone.
[[nodiscard]] std::string minute_text(TimeMs time, const Zone& zone);

}  // namespace nines::tools
