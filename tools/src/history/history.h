// Believable histories of check results, the same on every machine: for `nines demo`, tests and benchmarks.
//
// A history is a pure function of its Shape: any result of any server can be asked for by its number, in any order and
// from any thread, and nothing is held in memory but a server's list of outages. The arithmetic is integers and basic
// IEEE operations only, so that the values do not depend on a C library.
//
// A server is checked every interval at its own phase, give or take 50 ms. Its latencies are lognormal (sigma 0.25)
// about a median of 40 to 300 ms, and one in a hundred takes 5 to 20 times as long. About every three days it is down
// for 2 to 90 minutes: it answers 503, or not within its timeout.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include <nines/check_result.h>
#include <nines/server.h>
#include <nines/types.h>

namespace nines::history {

/// How large a history is, and when it ends. Without an end its first day is 2026-01-01 (UTC), and its last ends at
/// 17:23:45.678, the moment of asking, so that a window of 24 hours before it is aligned with nothing.
struct Shape {
  std::string_view name = "history";
  std::uint32_t servers = 1;           ///< 1 to 1'000'000
  std::uint32_t days = 1;              ///< UTC days that have results, the unfinished last one included; >= 1
  std::uint32_t interval_ms = 60'000;  ///< 1000 or more, and a divisor of a day
  std::uint64_t seed = 1;
  TimeMs end{};  ///< exclusive; 0: as above

  /// Midnight (UTC) of the first day.
  [[nodiscard]] TimeMs begin() const noexcept;
  /// Exclusive end of the results, and the `now` of every question.
  [[nodiscard]] TimeMs now() const noexcept;
};

/// The sizes that are measured.
inline constexpr Shape kT1{.name = "T1", .servers = 20, .days = 14};
inline constexpr Shape kT2{.name = "T2", .servers = 100, .days = 90};
inline constexpr Shape kT3{.name = "T3", .servers = 1000, .days = 30};
inline constexpr Shape kT4{.name = "T4", .servers = 10'000, .days = 7};

/// T1 to T4 by name; no value for another name.
[[nodiscard]] std::optional<Shape> find_shape(std::string_view name) noexcept;

/// A stretch in which every check of the server fails in one way.
struct Outage {
  Window window;
  ErrorClass error = ErrorClass::none;  ///< http_status (with code 503 and a latency) or timeout (with neither)
};

/// One server of a history and its results, numbered from 0 in the order of time. Immutable.
class ServerHistory {
 public:
  /// `index` is in [0, shape.servers). The server's id is index + 1: what a new store gives out.
  ServerHistory(const Shape& shape, std::uint32_t index);

  /// The catalog's entry, with default rules but for the interval.
  [[nodiscard]] Server server() const;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Result `number`, in [0, size()). Its location is 0 and it has no phases.
  [[nodiscard]] CheckResult operator[](std::uint64_t number) const;
  /// The number of the first result at or after `time`; size() when there is none.
  [[nodiscard]] std::uint64_t lower_bound(TimeMs time) const noexcept;
  /// All results in `window`, in place of what `out` held; its memory is used again.
  void results(Window window, std::vector<CheckResult>& out) const;
  /// Ascending, apart from each other; the last may reach beyond the history's end.
  [[nodiscard]] const std::vector<Outage>& outages() const noexcept { return outages_; }

 private:
  [[nodiscard]] std::int64_t time_ms(std::uint64_t number) const noexcept;
  [[nodiscard]] std::uint32_t latency_us(std::uint64_t number) const noexcept;
  [[nodiscard]] const Outage* outage_at(TimeMs time) const noexcept;

  Shape shape_;
  std::uint32_t index_;
  std::uint64_t key_;  // of this server's random numbers
  std::int64_t first_ms_;
  double median_us_;
  std::vector<Outage> outages_;
  std::uint64_t size_ = 0;
};

}  // namespace nines::history
