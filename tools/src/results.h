// Single check results out of a scan's columns, for what shows or exports them one by one.
#pragma once

#include <nines/store.h>

#include <cstdint>
#include <span>
#include <utility>

namespace nines::tools {

/// Calls `visit(CheckResult&&)` for the results of `segment` that lie in the window, ascending. The result of `visit`
/// is whether to go on; the function's own is whether all were visited.
template <class Visit>
bool visit_results(ServerId server, const Segment& segment, Visit&& visit) {
  std::size_t detail = 0;
  for (const Run& run : segment.runs) {
    for (std::uint32_t i = run.begin; i < run.end; ++i) {
      while (detail < segment.details.size() && segment.details[detail].index < i) ++detail;
      if (i < segment.first_in_window) continue;
      CheckResult result;
      result.server = server;
      result.location = segment.location;
      result.time = from_ms(segment.time_ms[i]);
      result.state = run.state;
      result.error = run.error;
      result.retry = run.retry;
      result.code = run.code;
      result.interval_ms = run.interval_ms;
      if (!segment.latency_us.empty() && segment.latency_us[i] != kNoLatency) result.latency_us = segment.latency_us[i];
      if (!segment.phases.empty() && segment.has_phases[i] != 0) result.phases = segment.phases[i];
      if (detail < segment.details.size() && segment.details[detail].index == i) {
        result.detail = segment.details[detail].text;
      }
      if (!visit(std::move(result))) return false;
    }
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
