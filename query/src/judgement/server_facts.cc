#include "judgement/server_facts.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "judgement/readable.h"

namespace nines::query {

Result<std::optional<std::int64_t>> first_result_ms(const Store& store, const Server& server, ScanCost& cost) {
  const auto days = store.days(server.id, {0, utc_day(to_ms(kTimeLimit))}, false);
  if (!days) return tl::unexpected(days.error());
  std::vector<Hole> holes;
  const auto day = next_readable(**days, holes);
  if (!day) return tl::unexpected(day.error());
  cost += (*days)->cost();
  if (*day == nullptr && holes.empty()) return std::nullopt;
  std::int64_t first_ms = std::numeric_limits<std::int64_t>::max();
  // What cannot be read may hold the first; before the server's creation that is not believed.
  for (const Hole& hole : holes) {
    first_ms = std::min(first_ms, std::max(to_ms(hole.window.from), to_ms(server.created_at)));
  }
  if (*day == nullptr) return first_ms;
  for (const DaySeries& series : (*day)->series) {
    if (!series.runs.empty()) first_ms = std::min(first_ms, series.runs.front().first_ms);
  }
  return first_ms;
}

}  // namespace nines::query
