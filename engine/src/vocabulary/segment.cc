#include <nines/segment.h>

#include <algorithm>

namespace nines {

CheckResult Segment::at(std::uint32_t index, ServerId server) const {
  const auto run = std::partition_point(runs.begin(), runs.end(), [&](const Run& r) { return r.end <= index; });
  CheckResult result;
  result.server = server;
  result.location = location;
  result.time = from_ms(time_ms[index]);
  result.state = run->state;
  result.error = run->error;
  result.retry = run->retry;
  result.code = run->code;
  result.interval_ms = run->interval_ms;
  if (index < latency_us.size() && latency_us[index] != kNoLatency) result.latency_us = latency_us[index];
  if (index < phases.size() && has_phases[index] != 0) result.phases = phases[index];
  const auto detail =
      std::partition_point(details.begin(), details.end(), [&](const Detail& entry) { return entry.index < index; });
  if (detail != details.end() && detail->index == index) result.detail = detail->text;
  return result;
}

TimeFinder::TimeFinder(std::span<const std::int64_t> time_ms, std::uint32_t begin, std::uint32_t end) noexcept
    : time_ms_(time_ms.data()), begin_(begin), end_(end) {
  if (begin == end) return;
  first_ms_ = time_ms[begin];
  last_ms_ = time_ms[end - 1];
  const std::int64_t length_ms = std::max<std::int64_t>(last_ms_ - first_ms_, 1);
  results_per_ms_ = static_cast<double>(end - 1 - begin) / static_cast<double>(length_ms);
}

std::uint32_t TimeFinder::find(std::int64_t moment_ms) const noexcept {
  if (begin_ == end_ || last_ms_ < moment_ms) return end_;
  if (first_ms_ >= moment_ms) return begin_;
  // There are two results at least: one before the moment, and one that is not.
  const double guess = static_cast<double>(moment_ms - first_ms_) * results_per_ms_;
  std::uint32_t at = std::clamp(begin_ + static_cast<std::uint32_t>(guess), begin_ + 1, end_ - 1);
  constexpr int kSteps = 8;
  for (int i = 0; i < kSteps; ++i) {
    if (time_ms_[at] < moment_ms) {
      ++at;
    } else if (time_ms_[at - 1] >= moment_ms) {
      --at;
    } else {
      return at;
    }
  }
  return static_cast<std::uint32_t>(std::lower_bound(time_ms_ + begin_, time_ms_ + end_, moment_ms) - time_ms_);
}

}  // namespace nines
