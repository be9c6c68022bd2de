#include "prober/restore.h"

#include <algorithm>
#include <optional>

#include "schedule/hold.h"

namespace nines::prober {

Result<Restored> restore(const Store& store, ServerId server, LocationId location, const Rules& rules) {
  Restored restored;
  const Result<std::optional<CheckResult>> newest = store.last_result(server);
  if (!newest) return tl::unexpected(newest.error());
  if (!*newest) return restored;

  // As far back as the longest row that is still open can reach, so that the rule goes on where it was.
  const int row = std::max(rules.confirm_failures, rules.confirm_successes) + 2;
  const std::chrono::milliseconds reach = std::max(hold_of(**newest, rules), interval_of(**newest, rules) * row);
  const TimeMs last = (*newest)->time;
  const Window window{std::max(from_ms(0), last - reach), last + std::chrono::milliseconds{1}};
  ScanOptions options;
  options.columns = {.latency = false, .phases = false, .details = true};
  const auto cursor = store.scan(server, window, options);
  if (!cursor) return tl::unexpected(cursor.error());
  const Judge::Confirmation rule{rules.confirm_failures, rules.confirm_successes};
  for (;;) {
    const Result<const Segment*> segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) return restored;
    if ((*segment)->location != location || (*segment)->size() == 0) continue;
    for (const Run& run : (*segment)->runs) {
      for (std::uint32_t i = run.begin; i < run.end; ++i) {
        restored.judge.apply(from_ms((*segment)->time_ms[i]), run.state, rule);
      }
    }
    restored.last = (*segment)->at((*segment)->size() - 1, server);
  }
}

}  // namespace nines::prober
