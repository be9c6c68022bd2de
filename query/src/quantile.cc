#include "quantile.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace nines::query {
namespace {

// The top bits of a value's float: its octave and the 32nd in it. Halving first makes the value fit a signed
// conversion, which the processor has for vectors; buckets stay in the values' order.
constexpr int kMantissaBitsDropped = 23 - 5;
constexpr std::uint32_t kFirstBits = std::bit_cast<std::uint32_t>(1.0F) >> kMantissaBitsDropped;
constexpr std::size_t kBuckets = 32 * 32 + 1;  // 31 octaves above 1, rounding up to the next, and 0

inline std::uint16_t bucket_of(std::uint32_t value) noexcept {
  const auto as_float = static_cast<float>(static_cast<std::int32_t>(value >> 1U));
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(as_float) >> kMantissaBitsDropped;
  return static_cast<std::uint16_t>(std::max(bits, kFirstBits - 1) - (kFirstBits - 1));
}

// Where bucketing costs more than it saves.
constexpr std::size_t kFewValues = 64;

}  // namespace

std::size_t nearest_rank(double q, std::size_t count) noexcept {
  const double exact = q * static_cast<double>(count);
  const double nearest = std::round(exact);
  // 0.07 x 100 is a little more than 7 in binary; it must not become 8.
  const double rank = std::abs(exact - nearest) < 1e-6 ? nearest : std::ceil(exact);
  return std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, count);
}

void RankSelector::count_buckets(std::span<const std::uint32_t> values) {
  bucket_of_.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) bucket_of_[i] = bucket_of(values[i]);
  // Two tables in turn: neighbouring values often share a bucket, and one table would wait for its own last store.
  counts_.assign(2 * kBuckets, 0);
  std::uint32_t* const even = counts_.data();
  std::uint32_t* const odd = even + kBuckets;
  std::size_t i = 0;
  for (; i + 1 < values.size(); i += 2) {
    ++even[bucket_of_[i]];
    ++odd[bucket_of_[i + 1]];
  }
  if (i < values.size()) ++even[bucket_of_[i]];
  for (std::size_t b = 0; b < kBuckets; ++b) even[b] += odd[b];
}

std::size_t RankSelector::gather_candidates(std::span<const std::uint32_t> values) {
  candidates_.resize(values.size() + 1);
  std::size_t found = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    candidates_[found] = static_cast<std::uint32_t>(i);
    found += wanted_[bucket_of_[i]];
  }
  return found;
}

void RankSelector::select(std::span<const std::uint32_t> values, std::span<const std::size_t> ranks,
                          std::span<std::uint32_t> out) {
  if (values.size() <= kFewValues) {
    of_one_bucket_.assign(values.begin(), values.end());
    std::sort(of_one_bucket_.begin(), of_one_bucket_.end());
    for (std::size_t r = 0; r < ranks.size(); ++r) out[r] = of_one_bucket_[ranks[r] - 1];
    return;
  }
  count_buckets(values);
  wanted_.assign(kBuckets, 0);
  std::size_t bucket = 0;
  std::size_t before = 0;  // values in the buckets before `bucket`
  for (const std::size_t rank : ranks) {
    while (before + counts_[bucket] < rank) before += counts_[bucket++];
    wanted_[bucket] = 1;
  }
  const std::size_t found = gather_candidates(values);
  bucket = 0;
  before = 0;
  std::size_t gathered = kBuckets;  // the bucket that of_one_bucket_ holds
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    while (before + counts_[bucket] < ranks[r]) before += counts_[bucket++];
    if (gathered != bucket) {
      of_one_bucket_.clear();
      for (std::size_t c = 0; c < found; ++c) {
        if (bucket_of_[candidates_[c]] == bucket) of_one_bucket_.push_back(values[candidates_[c]]);
      }
      gathered = bucket;
    }
    const auto nth = of_one_bucket_.begin() + static_cast<std::ptrdiff_t>(ranks[r] - before - 1);
    std::nth_element(of_one_bucket_.begin(), nth, of_one_bucket_.end());
    out[r] = *nth;
  }
}

}  // namespace nines::query
