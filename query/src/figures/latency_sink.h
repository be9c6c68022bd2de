// Sinks that collect latencies of successful checks.
#pragma once

#include "figures/latency_accumulator.h"
#include "judgement/collect.h"

namespace nines::query {

/// Whether the results of a run count for latency figures.
[[nodiscard]] inline bool is_success(const Run& run) noexcept {
  return run.state == State::up || run.state == State::degraded;
}

/// All latencies of a day.
[[nodiscard]] inline LatencySums sums_of(const DaySummary& day) noexcept {
  return {day.latency_count, day.latency_sum_us, day.latency_min_us, day.latency_max_us};
}

/// Feeds a LatencyAccumulator.
class LatencySink final : public ResultSink {
 public:
  explicit LatencySink(LatencyAccumulator& latencies) : latencies_(latencies) {}
  void results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end,
               bool /*covered*/) override {
    if (is_success(run) && run.has_latency) latencies_.add(segment.latency_us.subspan(begin, end - begin));
  }
  void day(const DaySummary& day, std::span<const Span> /*overlay*/) override { latencies_.add(day); }
  void part(const Run& /*part*/, bool /*covered*/) override {}
  void latencies(const DaySummary& day) override { latencies_.add(day); }

 private:
  LatencyAccumulator& latencies_;
};

}  // namespace nines::query
