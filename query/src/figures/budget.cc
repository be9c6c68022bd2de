#include "figures/budget.h"

#include <cassert>
#include <cmath>

namespace nines::query {
namespace {

constexpr std::int64_t kWhole = 1'000'000'000;
__extension__ using Wide = __int128;  // 2.5e14 ms times 1e9 parts times 10 tenths

std::int64_t parts_of(double ratio) noexcept {
  return std::llround(ratio * static_cast<double>(kWhole));
}

std::int64_t tenths(double factor) noexcept {
  return std::llround(factor * 10);
}

}  // namespace

Share share_of(const TimePerState& time, const Policy& policy) noexcept {
  Share share{time[State::down], time.known_ms()};
  const double lacking = (1 - policy.degraded_weight) * static_cast<double>(time[State::degraded]);
  share.bad_ms += static_cast<std::int64_t>(std::ceil(lacking - 1e-6));
  if (policy.maintenance == MaintenancePolicy::as_up) share.over_ms += time[State::maintenance];
  if (policy.unknown != UnknownPolicy::exclude) share.over_ms += time[State::unknown];
  if (policy.unknown == UnknownPolicy::as_down) share.bad_ms += time[State::unknown];
  return share;
}

Allowance::Allowance(double objective) noexcept : parts_(parts_of(1 - objective)) {
  assert(validate_objective(objective));
}

std::int64_t Allowance::budget_ms(std::int64_t over_ms) const noexcept {
  return static_cast<std::int64_t>(Wide{over_ms} * parts_ / kWhole);
}

bool Allowance::burns(const Share& share, double factor) const noexcept {
  return Wide{share.bad_ms} * kWhole * 10 >= Wide{share.over_ms} * parts_ * tenths(factor);
}

double Allowance::rate(const Share& share) const noexcept {
  assert(share.over_ms > 0);
  return static_cast<double>(share.bad_ms) / static_cast<double>(share.over_ms) *
         (static_cast<double>(kWhole) / static_cast<double>(parts_));
}

bool Allowance::can_burn(double factor) const noexcept {
  return tenths(factor) * parts_ <= kWhole * 10;
}

Result<void> validate_objective(double objective) {
  if (objective > 0 && objective < 1 && parts_of(objective) > 0 && parts_of(1 - objective) > 0) return {};
  return fail(ErrorCode::invalid_argument, "an objective is a ratio above 0 and below 1, such as 0.999");
}

}  // namespace nines::query
