// Answers as JSON: one shape for the command line and the HTTP interface.
//
// Times are RFC 3339 with milliseconds in UTC, durations and latencies whole numbers with their unit in the key, a
// figure that does not exist is null. Pure functions; any thread.
#pragma once

#include <nines/bars.h>
#include <nines/baseline.h>
#include <nines/calendar.h>
#include <nines/check_result.h>
#include <nines/comparison.h>
#include <nines/composed.h>
#include <nines/dashboard.h>
#include <nines/incident.h>
#include <nines/latency.h>
#include <nines/report.h>
#include <nines/server.h>
#include <nines/service_hours.h>
#include <nines/slo.h>
#include <nines/uptime.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "show/output.h"

namespace nines::tools {

/// The order in which time per state is told.
inline constexpr std::array<State, kStateCount> kStatesShown = {State::up,          State::degraded, State::down,
                                                                State::maintenance, State::paused,   State::unknown};

[[nodiscard]] Json window_json(Window window);
/// A result as it is stored.
[[nodiscard]] Json result_json(const CheckResult& result);
[[nodiscard]] Json time_json(const TimePerState& time);
/// Without the server's name when `name` is empty, and without what was said about it.
[[nodiscard]] Json incident_json(const Incident& incident, const std::string& name);
/// With what was said about it.
[[nodiscard]] Json incident_json(const Incident& incident, const Server& server);
[[nodiscard]] Json annotation_json(const Annotation& annotation);
[[nodiscard]] Json latency_json(const std::optional<LatencyFigures>& latency);
/// The object that `nines uptime NAME --json` prints: its incidents with what was said about them.
[[nodiscard]] Json figures_json(const Server& server, const Figures& figures);
/// Likewise of a server about which nothing is known to be said.
[[nodiscard]] Json figures_json(const std::string& name, const Figures& figures);
/// Likewise of a row; nothing was said of a server that `catalog` no longer holds.
[[nodiscard]] Json row_json(const DashboardRow& row, const Catalog& catalog);
[[nodiscard]] Json bar_json(const Bar& bar);
[[nodiscard]] Json latency_point_json(const LatencyPoint& point);
[[nodiscard]] Json latency_target_json(const LatencyTarget& target);
/// A target with the share of checks that was promised to be within it, and whether it was.
[[nodiscard]] Json latency_objective_json(const LatencyTarget& target, const std::optional<double>& objective);
[[nodiscard]] Json rules_json(const Rules& rules);
[[nodiscard]] Json slo_json(const std::string& name, const SloAnswer& slo);
[[nodiscard]] Json comparison_json(const Server& server, const Comparison& comparison);
[[nodiscard]] Json service_hours_json(const std::string& name, const ServiceHoursAnswer& answer);
/// A service's answer; servers are told by what `catalog` names them.
[[nodiscard]] Json composed_json(const std::string& name, const ComposedAnswer& answer, const Catalog& catalog);
[[nodiscard]] Json baseline_json(const std::string& name, const BaselineAnswer& answer);

[[nodiscard]] Json group_json(const GroupFigures& group);
/// Nothing was said of a server that `catalog` no longer holds.
[[nodiscard]] Json report_json(const Report& report, const Catalog& catalog);
/// Catalog entry. For the page and the HTTP interface the URL is without what may be secret in it, and the check's
/// description is left out.
enum class Audience : std::uint8_t { owner, page };
[[nodiscard]] Json server_json(const Server& server, Audience audience);
[[nodiscard]] Json cost_json(const ScanCost& cost);
[[nodiscard]] Json explain_json(const Explain& explain);

template <class T>
[[nodiscard]] Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}
[[nodiscard]] Json text_or_null(std::string_view text);
/// null for 0, which is no code.
[[nodiscard]] Json code_json(std::uint16_t code);

/// What one check measured, of a LastCheck, a CheckResult or a CheckOutcome, which have it under the same names.
template <class Measured>
[[nodiscard]] Json measured_json(TimeMs time, const Measured& check) {
  return {{"time", format_time(time)},
          {"state", std::string(to_string(check.state))},
          {"latency_us", optional_json(check.latency_us)},
          {"code", code_json(check.code)},
          {"error", text_or_null(to_string(check.error))}};
}

/// A mean or a percentile to the nearest whole number.
[[nodiscard]] Json rounded_json(std::optional<double> value);

}  // namespace nines::tools
