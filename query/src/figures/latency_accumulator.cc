// Latency figures: exact ones from values, approximate ones where day summaries contributed.
#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

#include "base/nearest_rank.h"
#include "figures/latency_accumulator.h"
#include "figures/latency_sink.h"
#include "figures/multiversion.h"
#include "figures/quantile.h"

namespace nines::query {
namespace {

constexpr std::array kQuantiles = {0.50, 0.90, 0.95, 0.99};

}  // namespace

NINES_MULTIVERSION LatencySums& LatencySums::operator+=(std::span<const std::uint32_t> latencies_us) noexcept {
  assert(std::find(latencies_us.begin(), latencies_us.end(), kNoLatency) == latencies_us.end());
  std::uint64_t sum = 0;
  std::uint32_t min = min_us;
  std::uint32_t max = max_us;
  for (const std::uint32_t latency : latencies_us) {
    sum += latency;
    min = std::min(min, latency);
    max = std::max(max, latency);
  }
  count += latencies_us.size();
  sum_us += sum;
  min_us = min;
  max_us = max;
  return *this;
}

LatencySums& LatencySums::operator+=(const LatencySums& other) noexcept {
  count += other.count;
  sum_us += other.sum_us;
  min_us = std::min(min_us, other.min_us);
  max_us = std::max(max_us, other.max_us);
  return *this;
}

double LatencySums::mean_us() const noexcept {
  return count == 0 ? 0 : static_cast<double>(sum_us) / static_cast<double>(count);
}

void LatencyAccumulator::clear() noexcept {
  sums_ = {};
  summarised_ = false;
  sketch_ = {};
  values_.clear();
}

void LatencyAccumulator::add(std::span<const std::uint32_t> latencies_us) {
  add(latencies_us, LatencySums{} += latencies_us);
}

void LatencyAccumulator::add(std::span<const std::uint32_t> latencies_us, const LatencySums& of_these) {
  sums_ += of_these;
  values_.insert(values_.end(), latencies_us.begin(), latencies_us.end());
}

void LatencyAccumulator::add(const DaySummary& day) {
  if (day.latency_count == 0) return;
  sums_ += sums_of(day);
  sketch_.merge(day.latency);
  summarised_ = true;
}

std::optional<LatencyFigures> LatencyAccumulator::figures() {
  if (sums_.count == 0) return std::nullopt;
  LatencyFigures figures;
  figures.count = sums_.count;
  figures.mean_us = sums_.mean_us();
  figures.min_us = sums_.min_us;
  figures.max_us = sums_.max_us;
  figures.exact = !summarised_;
  std::array<double, kQuantiles.size()> found{};
  if (summarised_) {
    LatencySketch all = sketch_;
    all.add(values_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      // Extremes are known exactly, and no quantile lies beyond them.
      found[i] = std::clamp<double>(all.quantile(kQuantiles[i]).value_or(0), sums_.min_us, sums_.max_us);
    }
  } else {
    std::array<std::size_t, kQuantiles.size()> ranks{};
    std::array<std::uint32_t, kQuantiles.size()> values{};
    for (std::size_t i = 0; i < ranks.size(); ++i) ranks[i] = engine::nearest_rank(kQuantiles[i], values_.size());
    selector_.select(values_, ranks, values);
    std::copy(values.begin(), values.end(), found.begin());
  }
  figures.p50_us = found[0];
  figures.p90_us = found[1];
  figures.p95_us = found[2];
  figures.p99_us = found[3];
  return figures;
}

std::uint64_t LatencyAccumulator::count_within(std::uint64_t limit_us) const {
  const auto exact = static_cast<std::uint64_t>(
      std::count_if(values_.begin(), values_.end(), [&](std::uint32_t value) { return value <= limit_us; }));
  // The greatest rank whose value is within the limit: values ascend with their ranks.
  const std::uint64_t count = sketch_.count();
  std::uint64_t within = 0;
  for (std::uint64_t step = std::bit_floor(count); step > 0; step /= 2) {
    const std::uint64_t rank = within + step;
    if (rank > count) continue;
    const double quantile = static_cast<double>(rank) / static_cast<double>(count);
    if (sketch_.quantile(quantile).value_or(0) <= static_cast<double>(limit_us)) within = rank;
  }
  return exact + within;
}

}  // namespace nines::query

namespace nines {

void exact_quantiles(std::span<const std::uint32_t> latencies_us, std::span<const double> quantiles,
                     std::span<std::uint32_t> out) {
  assert(!latencies_us.empty() && out.size() == quantiles.size());
  std::vector<std::size_t> ranks;
  ranks.reserve(quantiles.size());
  for (const double q : quantiles) ranks.push_back(engine::nearest_rank(q, latencies_us.size()));
  query::RankSelector().select(latencies_us, ranks, out);
}

}  // namespace nines
