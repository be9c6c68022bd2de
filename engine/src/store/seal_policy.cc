#include "store/seal_policy.h"

namespace nines::engine {
namespace {

/// Servers' numbers spread over [0, 65536), neighbours far apart (Knuth's multiplicative hash).
std::uint32_t spread(ServerId server) noexcept {
  return (static_cast<std::uint32_t>(server) * 2'654'435'761U) >> 16U;
}
constexpr std::uint32_t kSpreadEnd = 1U << 16U;
constexpr std::int64_t kHourMs = 3'600'000;

}  // namespace

std::size_t SealPolicy::limit(ServerId server) const noexcept {
  const std::uint64_t width = seal_rows_ / 2;
  return seal_rows_ - width / 2 + width * spread(server) / kSpreadEnd;
}

std::int64_t SealPolicy::day_delay_ms(ServerId server) noexcept {
  return kHourMs * spread(server) / kSpreadEnd;
}

}  // namespace nines::engine
