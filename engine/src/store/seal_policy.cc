#include "store/seal_policy.h"

#include <algorithm>

namespace nines::engine {
namespace {

/// Servers' numbers spread over [0, 65536), neighbours far apart (Knuth's multiplicative hash).
std::uint32_t spread(ServerId server) noexcept {
  return (static_cast<std::uint32_t>(server) * 2'654'435'761U) >> 16U;
}
constexpr std::uint32_t kSpreadEnd = 1U << 16U;
constexpr std::chrono::milliseconds kDelays = std::chrono::hours{1};

}  // namespace

std::size_t SealPolicy::limit(ServerId server, std::size_t servers) const noexcept {
  // A server has half of its limit in the mean.
  const std::size_t affordable = 2 * memory_bytes_ / (kRowBytes * std::max<std::size_t>(servers, 1));
  const std::uint64_t rows = std::min<std::uint64_t>(seal_rows_, std::max(affordable, kFewestRows));
  const std::uint64_t width = rows / 2;
  return rows - width / 2 + width * spread(server) / kSpreadEnd;
}

std::chrono::milliseconds SealPolicy::day_delay(ServerId server) noexcept {
  return kDelays * spread(server) / kSpreadEnd;
}

}  // namespace nines::engine
