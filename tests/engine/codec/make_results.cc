#include "make_results.h"

#include <algorithm>

namespace nines::engine::testing {

std::uint32_t ResultMaker::latency(const Shape& shape) {
  if (chance(shape.spike_share)) return below(std::uint64_t{kMaxLatencyUs} + 1);
  return std::min(below(std::uint64_t{1} << shape.latency_bits), kMaxLatencyUs);
}

Phases ResultMaker::phases() {
  return {below(5000), below(20'000), chance(0.5) ? below(50'000) : 0, below(200'000),
          chance(0.01) ? 0xffff'ffffU : below(1000)};
}

std::vector<CheckResult> ResultMaker::series(const Shape& shape, LocationId location) {
  constexpr std::int64_t kEndMs = kDayStartMs + kDayMs;
  const std::uint32_t intervals[] = {0, 1000, 30'000, 60'000, 3'600'000};
  std::vector<CheckResult> results;
  std::int64_t at_ms = kDayStartMs + below(static_cast<std::uint64_t>(shape.step_ms));
  std::int64_t last_ms = kDayStartMs - 1;
  CheckResult like = up_result(at_ms, 0);
  like.location = location;
  bool with_latency = true;
  bool with_phases = chance(shape.phases_share);
  while (results.size() < shape.count) {
    const std::int64_t time_ms = std::max(last_ms + 1, at_ms + below(std::uint64_t{shape.jitter_ms} + 1));
    if (time_ms >= kEndMs) break;
    if (chance(0.1)) {
      const bool fails = chance(shape.failure_share);
      like.state = fails ? static_cast<State>(below(4)) : State::up;
      like.error = fails ? static_cast<ErrorClass>(below(22)) : ErrorClass::none;
      like.code = fails ? static_cast<std::uint16_t>(below(65'536)) : 200;
      like.retry = fails && chance(0.5);
      like.interval_ms = fails ? intervals[below(5)] : 60'000;
      with_latency = !fails || chance(0.5);
      with_phases = chance(shape.phases_share);
    }
    CheckResult result = like;
    result.time = from_ms(time_ms);
    if (with_latency) result.latency_us = latency(shape);
    if (with_phases) result.phases = phases();
    if (like.state != State::up && chance(shape.detail_share)) {
      result.detail = chance(0.1) ? std::string(1 + below(200), 'x') : "HTTP " + std::to_string(below(4));
    }
    results.push_back(std::move(result));
    last_ms = time_ms;
    at_ms += chance(shape.early_share) ? 1 : shape.step_ms;
    if (chance(shape.gap_share)) at_ms += shape.step_ms * std::int64_t{below(20)};
  }
  return results;
}

Shape ResultMaker::shape(std::uint32_t max_count) {
  Shape shape;
  shape.count = 1 + below(max_count);
  const auto longest_step = static_cast<std::uint64_t>(kDayMs / (std::int64_t{2} * shape.count));
  shape.step_ms = 1 + below(longest_step);
  shape.jitter_ms = chance(0.3) ? 0 : below(static_cast<std::uint64_t>(shape.step_ms) * (chance(0.8) ? 1 : 30));
  shape.gap_share = chance(0.5) ? 0 : 0.02;
  shape.early_share = chance(0.7) ? 0 : 0.05;
  shape.failure_share = chance(0.3) ? 0.9 : 0.1;
  shape.latency_bits = below(33);
  shape.spike_share = chance(0.5) ? 0 : 0.02;
  shape.phases_share = chance(0.5) ? 0 : (chance(0.5) ? 1 : 0.5);
  shape.detail_share = chance(0.5) ? 0 : 0.7;
  return shape;
}

}  // namespace nines::engine::testing
