// Check results for codec tests: plain ones by hand, and random ones of every shape from a seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <nines/check_result.h>

#include "series/columns.h"

namespace nines::engine::testing {

inline constexpr ServerId kServer{7};
/// 2026-07-01T00:00:00Z.
inline constexpr std::int64_t kDayStartMs = 1'782'864'000'000;
static_assert(kDayStartMs % kDayMs == 0);

/// An up result with code 200 and a latency.
inline CheckResult up_result(std::int64_t time_ms, std::uint32_t latency_us, std::uint32_t interval_ms = 60'000) {
  CheckResult result;
  result.server = kServer;
  result.time = from_ms(time_ms);
  result.state = State::up;
  result.code = 200;
  result.interval_ms = interval_ms;
  result.latency_us = latency_us;
  return result;
}

/// A failed result without latency.
inline CheckResult down_result(std::int64_t time_ms, ErrorClass error, std::string detail,
                               std::uint32_t interval_ms = 60'000) {
  CheckResult result;
  result.server = kServer;
  result.time = from_ms(time_ms);
  result.state = State::down;
  result.error = error;
  result.interval_ms = interval_ms;
  result.detail = std::move(detail);
  return result;
}

/// What a random series is like.
struct Shape {
  std::uint32_t count = 100;
  std::int64_t step_ms = 1000;  ///< usual distance; the day must have room for count of them
  std::uint32_t jitter_ms = 0;  ///< added to each time, 0 to this
  double gap_share = 0;         ///< of results followed by a pause of up to 20 steps
  double early_share = 0;       ///< of results that come 1 ms after the one before
  double failure_share = 0.05;  ///< of stretches that are not plainly up
  unsigned latency_bits = 17;   ///< latencies lie below 2^bits
  double spike_share = 0.01;    ///< of latencies anywhere in 32 bits
  double phases_share = 0;      ///< chance that a stretch has phases
  double detail_share = 0;      ///< of failures that have a detail
};

class ResultMaker {
 public:
  explicit ResultMaker(std::uint64_t seed) : random_(seed) {}

  /// Ascending results of one location, all in the day of kDayStartMs.
  std::vector<CheckResult> series(const Shape& shape, LocationId location = LocationId{0});
  /// A shape drawn at random, for at most `max_count` results.
  Shape shape(std::uint32_t max_count);
  std::uint32_t below(std::uint64_t limit) { return static_cast<std::uint32_t>(random_() % limit); }
  bool chance(double share) { return std::uniform_real_distribution<>{}(random_) < share; }

 private:
  std::uint32_t latency(const Shape& shape);
  Phases phases();

  std::mt19937_64 random_;
};

}  // namespace nines::engine::testing
