#include "judgement/server_facts.h"

#include <algorithm>
#include <limits>

namespace nines::query {

std::optional<std::int64_t> longest_hold_ms(const Store& /*store*/, const Server& /*server*/) noexcept {
  return std::nullopt;
}

Result<std::optional<std::int64_t>> first_result_ms(const Store& store, const Server& server, ScanCost& cost) {
  const auto days = store.days(server.id, {0, utc_day(to_ms(kTimeLimit))}, false);
  if (!days) return tl::unexpected(days.error());
  const auto day = (*days)->next();
  if (!day) return tl::unexpected(day.error());
  cost += (*days)->cost();
  if (*day == nullptr) return std::nullopt;
  std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
  for (const DaySeries& series : (*day)->series) {
    if (!series.runs.empty()) first_ms = std::min(first_ms, series.runs.front().first_ms);
  }
  return first_ms;
}

}  // namespace nines::query
