// The small vocabulary that all rooms share: identifiers, times, windows, states, error classes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace nines {

/// A server's number in the catalog. Given out by the store from 1 upwards and never reused; 0 is no server.
enum class ServerId : std::uint32_t {};

/// The place a check was made from. 0 is the only place of a prober that has just one.
enum class LocationId : std::uint16_t {};

/// A moment: UTC milliseconds since 1970-01-01. Stored times lie in [1970-01-01, 10000-01-01).
using TimeMs = std::chrono::sys_time<std::chrono::milliseconds>;

/// The milliseconds since 1970 of `time`, and back.
[[nodiscard]] constexpr std::int64_t to_ms(TimeMs time) noexcept {
  return time.time_since_epoch().count();
}
[[nodiscard]] constexpr TimeMs from_ms(std::int64_t ms) noexcept {
  return TimeMs{std::chrono::milliseconds{ms}};
}

inline constexpr std::int64_t kDayMs = 86'400'000;
/// First millisecond of the year 10000; times at or past it are refused (RFC 3339 ends there).
inline constexpr TimeMs kTimeLimit = from_ms(253'402'300'800'000);

/// The number of the UTC day that holds `ms` (which must be >= 0): 0 is 1970-01-01.
[[nodiscard]] constexpr std::int64_t utc_day(std::int64_t ms) noexcept {
  return ms / kDayMs;
}

/// A half-open stretch of time: `from` belongs to it, `to` does not. Empty when to <= from.
struct Window {
  TimeMs from{};
  TimeMs to{};

  [[nodiscard]] constexpr bool empty() const noexcept { return to <= from; }
  [[nodiscard]] constexpr std::chrono::milliseconds length() const noexcept {
    return empty() ? std::chrono::milliseconds{0} : to - from;
  }
  [[nodiscard]] constexpr bool contains(TimeMs time) const noexcept { return from <= time && time < to; }
  friend constexpr bool operator==(const Window&, const Window&) = default;
};

/// A server's condition. Check results carry unknown, up, degraded or down; maintenance and paused come from the
/// catalog and lie over the results. The values are on disk: never renumber.
enum class State : std::uint8_t { unknown = 0, up = 1, degraded = 2, down = 3, maintenance = 4, paused = 5 };
inline constexpr int kStateCount = 6;

/// "unknown", "up", "degraded", "down", "maintenance", "paused".
[[nodiscard]] std::string_view to_string(State state) noexcept;
[[nodiscard]] std::optional<State> parse_state(std::string_view text) noexcept;

/// Why a check did not find its server up. The values are on disk: never renumber.
enum class ErrorClass : std::uint8_t {
  none = 0,
  dns = 1,              ///< the name did not resolve
  connect_refused = 2,  ///< the port answered with a reset
  connect_timeout = 3,  ///< no connection within its time
  tls = 4,              ///< the handshake failed
  certificate = 5,      ///< the certificate did not verify, or expires too soon
  reset = 6,            ///< the connection broke while it was used
  timeout = 7,          ///< connected, and no whole answer within its time
  http_status = 8,      ///< the status code is outside of the expected ranges
  condition = 9,        ///< the answer came and a condition on it does not hold
  protocol = 10,        ///< the answer is not of the protocol
  too_large = 11,       ///< header or body over its limit
  unreachable = 12,     ///< no route to the host or network
  redirect = 13,        ///< too many redirects, or one to a place that is not allowed
  blocked = 14,         ///< the address policy refuses the target
  slow = 15,            ///< answered later than the latency threshold (state degraded)
  silence = 16,         ///< a push server has not reported by its deadline
  reported = 17,        ///< a push job reported its own failure
  own_network = 18,     ///< state unknown: the prober's own network was judged to be the problem
  not_running = 19,     ///< state unknown: the prober was stopped, suspended or stalled
  dropped = 20,         ///< state unknown: results were lost before they could be stored
  internal = 21,        ///< state unknown: the prober itself failed
  other = 255,
};

/// snake_case names as above, "" for none.
[[nodiscard]] std::string_view to_string(ErrorClass error) noexcept;
[[nodiscard]] std::optional<ErrorClass> parse_error_class(std::string_view text) noexcept;

}  // namespace nines
