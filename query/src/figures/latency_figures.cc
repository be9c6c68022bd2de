// Latency figures: exact ones from values, approximate ones where day summaries contributed.
#include <algorithm>
#include <array>

#include <nines/latency.h>

#include "figures/latency_sink.h"
#include "figures/multiversion.h"
#include "figures/quantile.h"

namespace nines {
namespace {

constexpr std::array kQuantiles = {0.50, 0.90, 0.95, 0.99};

}  // namespace

LatencyAccumulator::LatencyAccumulator() : selector_(std::make_unique<query::RankSelector>()) {}
LatencyAccumulator::LatencyAccumulator(LatencyAccumulator&&) noexcept = default;
LatencyAccumulator& LatencyAccumulator::operator=(LatencyAccumulator&&) noexcept = default;
LatencyAccumulator::~LatencyAccumulator() = default;

NINES_MULTIVERSION LatencySums& LatencySums::operator+=(std::span<const std::uint32_t> latencies_us) noexcept {
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
  sums_ += query::sums_of(day);
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
    for (std::size_t i = 0; i < ranks.size(); ++i) ranks[i] = query::nearest_rank(kQuantiles[i], values_.size());
    selector_->select(values_, ranks, values);
    std::copy(values.begin(), values.end(), found.begin());
  }
  figures.p50_us = found[0];
  figures.p90_us = found[1];
  figures.p95_us = found[2];
  figures.p99_us = found[3];
  return figures;
}

void exact_quantiles(std::span<const std::uint32_t> latencies_us, std::span<const double> quantiles,
                     std::span<std::uint32_t> out) {
  std::vector<std::size_t> ranks;
  ranks.reserve(quantiles.size());
  for (const double q : quantiles) ranks.push_back(query::nearest_rank(q, latencies_us.size()));
  query::RankSelector().select(latencies_us, ranks, out);
}

}  // namespace nines
