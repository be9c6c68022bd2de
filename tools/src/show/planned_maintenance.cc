#include "show/planned_maintenance.h"

#include <algorithm>

namespace nines::tools {
namespace {

constexpr std::chrono::days kBack{31};

}  // namespace

Result<std::vector<PlannedMaintenance>> planned_maintenance(const Server& server, TimeMs now,
                                                            std::chrono::milliseconds ahead) {
  std::vector<PlannedMaintenance> planned;
  for (const Maintenance& each : server.maintenance) {
    Server alone = server;
    alone.maintenance = {each};
    alone.paused.clear();
    alone.corrections.clear();
    const auto spans = overlay(alone, {now - kBack, now + ahead}, MaintenancePolicy::exclude);
    if (!spans) return tl::unexpected(spans.error());
    for (const Span& span : *spans) {
      const Window window{from_ms(span.from_ms), from_ms(span.to_ms)};
      if (span.state == State::maintenance && window.to > now) planned.push_back({window, each.note});
    }
  }
  std::stable_sort(planned.begin(), planned.end(),
                   [](const auto& a, const auto& b) { return a.window.from < b.window.from; });
  return planned;
}

}  // namespace nines::tools
