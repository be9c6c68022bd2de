// Percentiles by nearest rank: the smallest value that at least so many of all are at or below.
#pragma once

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

namespace nines::engine {

/// The rank, from 1, of quantile `q` among `count` values. Requires: count > 0.
[[nodiscard]] inline std::uint64_t nearest_rank(double q, std::uint64_t count) noexcept {
  assert(count > 0);
  const double exact = q * static_cast<double>(count);
  const double nearest = std::round(exact);
  // 0.07 x 100 is a little more than 7 in binary; it must not become 8.
  const double rank = std::abs(exact - nearest) < 1e-6 ? nearest : std::ceil(exact);
  return static_cast<std::uint64_t>(std::clamp(rank, 1.0, static_cast<double>(count)));
}

}  // namespace nines::engine
