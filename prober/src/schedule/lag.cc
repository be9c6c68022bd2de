#include "schedule/lag.h"

#include <algorithm>
#include <cmath>

namespace nines::prober {
namespace {

// The bucket of `us`: 0 for 0, else the smallest b with us <= 2^((b - 1) / 4).
int bucket_of(std::int64_t us, int buckets) noexcept {
  if (us <= 0) return 0;
  const int bucket = 1 + static_cast<int>(std::ceil(std::log2(static_cast<double>(us)) * 4.0));
  return std::min(bucket, buckets - 1);
}

}  // namespace

void LagHistogram::rotate(Micros now) noexcept {
  const std::int64_t minute = std::chrono::floor<std::chrono::minutes>(now).count();
  if (minute == minute_) return;
  // After a minute without a single check there is nothing to say about the last one.
  full_ = minute == minute_ + 1 ? running_ : Minute{};
  running_ = Minute{};
  minute_ = minute;
}

void LagHistogram::add(Micros lag, Micros now) noexcept {
  rotate(now);
  const Micros positive = std::max(lag, Micros{0});
  ++running_.counts[static_cast<std::size_t>(bucket_of(positive.count(), kBuckets))];
  ++running_.total;
  running_.max = std::max(running_.max, positive);
}

Micros LagHistogram::percentile(const Minute& minute, double share) noexcept {
  const auto rank = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(minute.total)));
  std::uint64_t seen = 0;
  for (int bucket = 0; bucket < kBuckets; ++bucket) {
    seen += minute.counts[static_cast<std::size_t>(bucket)];
    if (seen < rank || seen == 0) continue;
    if (bucket == 0) return Micros{0};
    const double bound = std::exp2(static_cast<double>(bucket - 1) / 4.0);
    return std::min(minute.max, Micros{static_cast<std::int64_t>(std::ceil(bound))});
  }
  return Micros{0};
}

LagHistogram::Figures LagHistogram::figures(Micros now) noexcept {
  rotate(now);
  const Minute& minute = full_.total > 0 ? full_ : running_;
  return {percentile(minute, 0.50), percentile(minute, 0.99), minute.max};
}

}  // namespace nines::prober
