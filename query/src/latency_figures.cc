// Latency figures: exact ones from values, approximate ones where day summaries contributed.
#include <algorithm>
#include <array>

#include <nines/latency.h>

#include "quantile.h"

namespace nines {
namespace {

constexpr std::array kQuantiles = {0.50, 0.90, 0.95, 0.99};

}  // namespace

LatencyAccumulator::LatencyAccumulator() : selector_(std::make_unique<query::RankSelector>()) {}
LatencyAccumulator::LatencyAccumulator(LatencyAccumulator&&) noexcept = default;
LatencyAccumulator& LatencyAccumulator::operator=(LatencyAccumulator&&) noexcept = default;
LatencyAccumulator::~LatencyAccumulator() = default;

void LatencyAccumulator::clear() noexcept {
  count_ = 0;
  sum_us_ = 0;
  min_us_ = kNoLatency;
  max_us_ = 0;
  summarised_ = false;
  sketch_ = {};
  values_.clear();
}

void LatencyAccumulator::add(std::span<const std::uint32_t> latencies_us) {
  std::uint64_t sum = 0;
  std::uint32_t min = min_us_;
  std::uint32_t max = max_us_;
  for (const std::uint32_t latency : latencies_us) {
    sum += latency;
    min = std::min(min, latency);
    max = std::max(max, latency);
  }
  count_ += latencies_us.size();
  sum_us_ += sum;
  min_us_ = min;
  max_us_ = max;
  values_.insert(values_.end(), latencies_us.begin(), latencies_us.end());
}

void LatencyAccumulator::add(const DaySummary& day) {
  if (day.latency_count == 0) return;
  count_ += day.latency_count;
  sum_us_ += day.latency_sum_us;
  min_us_ = std::min(min_us_, day.latency_min_us);
  max_us_ = std::max(max_us_, day.latency_max_us);
  sketch_.merge(day.latency);
  summarised_ = true;
}

std::optional<LatencyFigures> LatencyAccumulator::figures() {
  if (count_ == 0) return std::nullopt;
  LatencyFigures figures;
  figures.count = count_;
  figures.mean_us = static_cast<double>(sum_us_) / static_cast<double>(count_);
  figures.min_us = min_us_;
  figures.max_us = max_us_;
  figures.exact = !summarised_;
  std::array<double, kQuantiles.size()> found{};
  if (summarised_) {
    LatencySketch all = sketch_;
    all.add(values_);
    for (std::size_t i = 0; i < found.size(); ++i) {
      // Extremes are known exactly, and no quantile lies beyond them.
      found[i] = std::clamp<double>(all.quantile(kQuantiles[i]).value_or(0), min_us_, max_us_);
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
