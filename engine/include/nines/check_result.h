// A check result: the one fact that nines stores. Everything else is derived from it.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <nines/types.h>

namespace nines {

/// How a check's time was spent, in microseconds; phases that did not happen are 0.
struct Phases {
  std::uint32_t dns_us = 0;
  std::uint32_t connect_us = 0;
  std::uint32_t tls_us = 0;
  std::uint32_t first_byte_us = 0;  ///< from the request's end to the answer's first byte
  std::uint32_t transfer_us = 0;    ///< from the first byte to the last

  friend bool operator==(const Phases&, const Phases&) = default;
};

/// One check of one server from one place at one moment. What was written is what is read.
/// (server, location, time) is its key: writing that key again replaces the result.
struct CheckResult {
  ServerId server{};
  LocationId location{};  ///< at most kMaxLocation
  TimeMs time{};
  State state = State::unknown;  ///< unknown, up, degraded or down
  ErrorClass error = ErrorClass::none;
  bool retry = false;                       ///< made by the confirmation rule, faster than the interval
  std::uint16_t code = 0;                   ///< HTTP status or the protocol's own; 0 is none
  std::uint32_t interval_ms = 0;            ///< interval in force when it was written; 0 means the catalog's
  std::optional<std::uint32_t> latency_us;  ///< at most kMaxLatencyUs
  std::optional<Phases> phases;
  std::string detail;  ///< UTF-8, at most kMaxDetailBytes, usually empty when up

  friend bool operator==(const CheckResult&, const CheckResult&) = default;
};

/// The greatest latency that can be stored: 71 minutes. The value above it marks "none" in columns.
inline constexpr std::uint32_t kMaxLatencyUs = std::numeric_limits<std::uint32_t>::max() - 1;
inline constexpr std::uint32_t kNoLatency = std::numeric_limits<std::uint32_t>::max();
/// A detail is for a person at 3 a.m.; longer texts are refused so that a row stays a row.
inline constexpr std::size_t kMaxDetailBytes = 4096;

/// The greatest location number. All results of one moment must fit one chunk, and nobody probes from a thousand
/// places.
inline constexpr LocationId kMaxLocation{1023};

}  // namespace nines
