#include "figures/quantile.h"

#include <algorithm>
#include <bit>

#include "figures/multiversion.h"

// Loops of a few instructions take one cycle or two a turn by where the linker happens to put them; several turns at
// once always take one.
#if defined(__GNUC__) && !defined(__clang__)
#define NINES_UNROLL _Pragma("GCC unroll 8")
#else
#define NINES_UNROLL
#endif

namespace nines::query {
namespace {

// The top bits of a value's float: its octave and the 64th in it. Halving first makes the value fit a signed
// conversion, which the processor has for vectors; buckets stay in the values' order.
constexpr int kMantissaBitsDropped = 23 - 6;
constexpr std::uint32_t kFirstBits = std::bit_cast<std::uint32_t>(1.0F) >> kMantissaBitsDropped;
constexpr std::size_t kBuckets = 64 * 32 + 1;  // 31 octaves above 1, rounding up to the next, and 0

inline std::int16_t bucket_of(std::uint32_t value) noexcept {
  const auto as_float = static_cast<float>(static_cast<std::int32_t>(value >> 1U));
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(as_float) >> kMantissaBitsDropped;
  return static_cast<std::int16_t>(std::max(bits, kFirstBits - 1) - (kFirstBits - 1));
}

// Where the second table of counts begins. A bucket's two counts lie half a page apart, counted in whole pages: to a
// processor addresses that differ by whole pages seem the same for a while.
constexpr std::size_t kSecondTable = 2560;
static_assert(kSecondTable >= kBuckets && kSecondTable * sizeof(std::uint32_t) % 4096 == 2048);

// Where bucketing costs more than it saves.
constexpr std::size_t kFewValues = 64;

// The value at `index` of few values in order: the one that has so many below it. Quadratic, but in loops without a
// branch to guess, which for a bucket's few dozen values takes a third of std::nth_element's time.
std::uint32_t nth_of_few(std::span<const std::uint32_t> values, std::size_t index) noexcept {
  for (const std::uint32_t candidate : values) {
    std::uint32_t less = 0;
    std::uint32_t equal = 0;
    for (const std::uint32_t value : values) {
      less += static_cast<std::uint32_t>(value < candidate);
      equal += static_cast<std::uint32_t>(value == candidate);
    }
    if (less <= index && index < less + equal) return candidate;
  }
  return values.back();
}

}  // namespace

NINES_MULTIVERSION std::size_t RankSelector::count_buckets(std::span<const std::uint32_t> values) {
  bucket_of_.resize(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) bucket_of_[i] = bucket_of(values[i]);
  // Latencies lie within a few octaves: knowing which spares hundreds of empty buckets.
  std::int16_t first = kBuckets;
  std::int16_t last = 0;
  for (const std::int16_t bucket : bucket_of_) {
    first = std::min(first, bucket);
    last = std::max(last, bucket);
  }
  // Two tables in turn: neighbouring values often share a bucket, and one table would wait for its own last store.
  counts_.resize(kSecondTable + kBuckets);
  std::uint32_t* const even = counts_.data();
  std::uint32_t* const odd = even + kSecondTable;
  const auto begin = static_cast<std::size_t>(first);
  const auto end = static_cast<std::size_t>(last) + 1;
  std::fill(even + begin, even + end, 0);
  std::fill(odd + begin, odd + end, 0);
  const std::int16_t* const bucket_of = bucket_of_.data();
  const std::size_t pairs = values.size() / 2;
  NINES_UNROLL for (std::size_t i = 0; i < pairs; ++i) {
    ++even[bucket_of[2 * i]];
    ++odd[bucket_of[2 * i + 1]];
  }
  if (values.size() % 2 != 0) ++even[bucket_of[values.size() - 1]];
  for (std::size_t b = begin; b < end; ++b) even[b] += odd[b];
  return begin;
}

NINES_MULTIVERSION std::size_t RankSelector::gather_candidates() {
  candidates_.resize(bucket_of_.size() + 1);
  const std::uint8_t* const wanted = wanted_.data();
  const std::int16_t* const bucket_of = bucket_of_.data();
  std::uint32_t* const candidates = candidates_.data();
  const auto count = static_cast<std::uint32_t>(bucket_of_.size());
  std::size_t found = 0;
  NINES_UNROLL for (std::uint32_t i = 0; i < count; ++i) {
    candidates[found] = i;
    found += wanted[bucket_of[i]];
  }
  return found;
}

// The values of one bucket, out of the first `count` candidates.
std::span<std::uint32_t> RankSelector::filter_candidates(std::span<const std::uint32_t> values, std::size_t count,
                                                         std::int16_t bucket) {
  of_one_bucket_.resize(std::max(of_one_bucket_.size(), count + 1));
  std::size_t found = 0;
  for (std::size_t c = 0; c < count; ++c) {
    const std::uint32_t index = candidates_[c];
    of_one_bucket_[found] = values[index];
    found += static_cast<std::size_t>(bucket_of_[index] == bucket);
  }
  return {of_one_bucket_.data(), found};
}

void RankSelector::select(std::span<const std::uint32_t> values, std::span<const std::size_t> ranks,
                          std::span<std::uint32_t> out) {
  if (values.size() <= kFewValues) {
    of_one_bucket_.assign(values.begin(), values.end());
    std::sort(of_one_bucket_.begin(), of_one_bucket_.end());
    for (std::size_t r = 0; r < ranks.size(); ++r) out[r] = of_one_bucket_[ranks[r] - 1];
    return;
  }
  std::size_t bucket = count_buckets(values);
  std::size_t before = 0;  // values in the buckets before `bucket`
  wanted_.resize(kBuckets);
  places_.clear();
  for (const std::size_t rank : ranks) {
    while (before + counts_[bucket] < rank) before += counts_[bucket++];
    wanted_[bucket] = 1;
    places_.push_back({bucket, rank - before - 1});
  }
  const std::size_t candidates = gather_candidates();
  std::span<std::uint32_t> found;
  for (std::size_t r = 0; r < ranks.size(); ++r) {
    const Place& place = places_[r];
    if (r == 0 || place.bucket != places_[r - 1].bucket) {
      found = filter_candidates(values, candidates, static_cast<std::int16_t>(place.bucket));
    }
    if (found.size() <= kFewValues) {
      out[r] = nth_of_few(found, place.index);
      continue;
    }
    const auto nth = found.begin() + static_cast<std::ptrdiff_t>(place.index);
    std::nth_element(found.begin(), nth, found.end());
    out[r] = *nth;
  }
  for (const Place& place : places_) wanted_[place.bucket] = 0;
}

}  // namespace nines::query
