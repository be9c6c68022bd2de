// LatencySketch: a histogram whose buckets are narrow enough that any value in one is within 1 % of its centre.
//
// A bucket [a, b) is answered by c = 2ab / (a + b), which is off by at most (b - a) / (b + a) of any value in it: the
// worst are its two ends, c/a - 1 = 1 - c/b. That is at most 1 % when b <= 101/99 a. So an octave is cut, on a grid of
// 1024 steps, at 1024, floor(1024 x 101/99) and so on: 36 buckets where real logarithms would need 34.7. A table from
// the top ten bits behind a latency's leading one to its bucket is all that add() needs. The cuts are part of the
// on-disk format (FORMAT.md, "Latency sketch").
#include <nines/summary.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "base/nearest_rank.h"

namespace nines {
namespace {

constexpr std::uint32_t kGridBits = 10;
constexpr std::uint32_t kGrid = 1U << kGridBits;
constexpr std::uint32_t kPerOctave = LatencySketch::kBucketsPerOctave;

/// Lower bounds of an octave's buckets on the grid [kGrid, 2 x kGrid], and the end of the last.
constexpr std::array<std::uint32_t, kPerOctave + 1> kCuts = [] {
  std::array<std::uint32_t, kPerOctave + 1> cuts{};
  cuts[0] = kGrid;
  for (std::size_t i = 1; i < cuts.size(); ++i) cuts[i] = std::min(cuts[i - 1] * 101 / 99, 2 * kGrid);
  return cuts;
}();
static_assert(kCuts[kPerOctave - 1] < 2 * kGrid && kCuts[kPerOctave] == 2 * kGrid);

constexpr bool narrow_enough() {
  for (std::size_t i = 0; i < kPerOctave; ++i) {
    if (100 * (kCuts[i + 1] - kCuts[i]) > kCuts[i + 1] + kCuts[i]) return false;
  }
  return true;
}
static_assert(narrow_enough(), "the error of every bucket is at most 1 %");

/// The bucket within its octave of each step of the grid.
constexpr std::array<std::uint8_t, kGrid> kBucketOfStep = [] {
  std::array<std::uint8_t, kGrid> table{};
  for (std::uint8_t bucket = 0; bucket < kPerOctave; ++bucket) {
    for (std::uint32_t step = kCuts[bucket]; step < kCuts[bucket + 1U]; ++step) table[step - kGrid] = bucket;
  }
  return table;
}();

std::uint32_t bucket_of(std::uint32_t latency_us) noexcept {
  if (latency_us == 0) return 0;
  const auto octave = static_cast<std::uint32_t>(std::bit_width(latency_us)) - 1;
  const std::uint32_t leading = latency_us << (31 - octave);
  const std::uint32_t step = (leading >> (31 - kGridBits)) & (kGrid - 1);
  return 1 + octave * kPerOctave + kBucketOfStep[step];
}

double centre_of(std::uint32_t bucket) noexcept {
  if (bucket == 0) return 0;
  const auto octave = static_cast<int>((bucket - 1) / kPerOctave);
  const std::uint32_t within = (bucket - 1) % kPerOctave;
  const double low = kCuts[within];
  const double high = kCuts[within + 1];
  return std::ldexp(2 * low * high / (low + high), octave - static_cast<int>(kGridBits));
}

}  // namespace

/// Makes room for the buckets [first, last]; both will be counted in at once, so that no end stays 0.
void LatencySketch::cover(std::uint32_t first, std::uint32_t last) {
  if (counts_.empty()) {
    first_ = first;
    counts_.assign(last - first + 1, 0);
    return;
  }
  if (first < first_) {
    counts_.insert(counts_.begin(), first_ - first, 0);
    first_ = first;
  }
  if (last >= first_ + counts_.size()) counts_.resize(last - first_ + 1);
}

void LatencySketch::add(std::uint32_t latency_us, std::uint64_t count) {
  if (count == 0) return;
  const std::uint32_t bucket = bucket_of(latency_us);
  cover(bucket, bucket);
  counts_[bucket - first_] += count;
  count_ += count;
}

void LatencySketch::add(std::span<const std::uint32_t> latencies_us) {
  if (latencies_us.empty()) return;
  const auto [least, greatest] = std::minmax_element(latencies_us.begin(), latencies_us.end());
  cover(bucket_of(*least), bucket_of(*greatest));
  std::uint64_t* const counts = counts_.data();
  const std::uint32_t first = first_;
  for (const std::uint32_t latency : latencies_us) ++counts[bucket_of(latency) - first];
  count_ += latencies_us.size();
}

void LatencySketch::merge(const LatencySketch& other) {
  if (other.counts_.empty()) return;
  cover(other.first_, other.first_ + static_cast<std::uint32_t>(other.counts_.size()) - 1);
  const std::size_t shift = other.first_ - first_;
  for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[shift + i] += other.counts_[i];
  count_ += other.count_;
}

std::optional<double> LatencySketch::quantile(double q) const noexcept {
  if (count_ == 0) return std::nullopt;
  const std::uint64_t rank = engine::nearest_rank(q, count_);
  std::uint64_t seen = 0;
  std::uint32_t bucket = first_;
  for (const std::uint64_t count : counts_) {
    seen += count;
    if (seen >= rank) break;
    ++bucket;
  }
  return centre_of(bucket);
}

bool LatencySketch::assign(std::uint32_t first_bucket, std::span<const std::uint64_t> counts) {
  clear();
  if (counts.empty()) return true;
  const bool inside = first_bucket < kBuckets && counts.size() <= kBuckets - first_bucket;
  if (!inside || counts.front() == 0 || counts.back() == 0) return false;
  first_ = first_bucket;
  counts_.assign(counts.begin(), counts.end());
  for (const std::uint64_t count : counts) count_ += count;
  return true;
}

void LatencySketch::clear() noexcept {
  count_ = 0;
  first_ = 0;
  counts_.clear();
}

}  // namespace nines
