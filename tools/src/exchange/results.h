// Single check results out of a scan's columns, for what shows or exports them one by one.
#pragma once

#include <nines/store.h>

#include <cstdint>

namespace nines::tools {

/// Calls `visit(CheckResult&&)` for the results of `segment` that lie in the window, ascending. The result of `visit`
/// is whether to go on; the function's own is whether all were visited.
template <class Visit>
bool visit_results(ServerId server, const Segment& segment, Visit&& visit) {
  for (std::uint32_t i = segment.first_in_window; i < segment.size(); ++i) {
    if (!visit(segment.at(i, server))) return false;
  }
  return true;
}

/// All results of a server in `window`: one range scan. Within a location they ascend by time; the locations of one
/// server alternate in stretches. Errors of the store end it.
template <class Visit>
[[nodiscard]] Result<void> for_each_result(const Store& store, ServerId server, Window window, Visit&& visit) {
  auto cursor = store.scan(server, window, {.columns = {.latency = true, .phases = true, .details = true}});
  if (!cursor) return tl::unexpected(cursor.error());
  while (true) {
    auto segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr || !visit_results(server, **segment, visit)) return {};
  }
}

}  // namespace nines::tools
