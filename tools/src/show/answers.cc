#include "show/answers.h"

#include <nines/calendar.h>
#include <nines/reaction.h>

#include <array>
#include <cmath>

#include "show/text.h"

namespace nines::tools {
namespace {

Json last_json(const std::optional<LastCheck>& last) {
  if (!last) return nullptr;
  Json json = {{"state", nullptr}};  // first, as the columns of CSV have it
  json.update(measured_json(last->time, *last));
  return json;
}

Json maintenance_json(const Maintenance& entry) {
  if (entry.repeat == Maintenance::Repeat::once) {
    Json json = window_json(entry.once);
    json["note"] = text_or_null(entry.note);
    return json;
  }
  constexpr std::array kRepeats{"once", "day", "week", "month"};
  Json json = {{"every", kRepeats[static_cast<std::size_t>(entry.repeat)]},
               {"start_minutes", entry.start.count()},
               {"length_minutes", entry.length.count()},
               {"timezone", entry.timezone}};
  if (entry.repeat == Maintenance::Repeat::weekly) {
    constexpr std::array kDays{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"};
    for (std::size_t day = 0; day < kDays.size(); ++day) {
      if (((entry.weekdays >> day) & 1U) != 0) json["days"].push_back(kDays[day]);
    }
  }
  if (entry.repeat == Maintenance::Repeat::monthly) json["day"] = entry.day_of_month;
  json["note"] = text_or_null(entry.note);
  return json;
}

Json level_json(const ServiceLevel& level) {
  return {{"period", text_or_null(level.period)},
          {"hours", text_or_null(level.hours)},
          {"timezone", level.timezone},
          {"latency_target_ms", level.latency_target.count() > 0 ? Json(level.latency_target.count()) : Json(nullptr)},
          {"latency_objective", optional_json(level.latency_objective)}};
}

Json period_json(const PeriodBudget& period) {
  Json json = window_json(period.window);
  json["budget_ms"] = period.budget_ms;
  json["spent_ms"] = period.spent_ms;
  json["remaining_ms"] = period.remaining_ms;
  json["spent_ratio"] = period.spent_ratio;
  json["threshold"] = optional_json(period.threshold);
  json["exhausted_at"] = period.exhausted_at ? Json(format_time(*period.exhausted_at)) : Json(nullptr);
  return json;
}

}  // namespace

Json text_or_null(std::string_view text) {
  return text.empty() ? Json(nullptr) : Json(std::string(text));
}

Json code_json(std::uint16_t code) {
  return code == 0 ? Json(nullptr) : Json(code);
}

Json result_json(const CheckResult& result) {
  Json json = measured_json(result.time, result);
  json["location"] = static_cast<std::uint16_t>(result.location);
  json["retry"] = result.retry;
  json["detail"] = text_or_null(result.detail);
  return json;
}

Json rules_json(const Rules& rules) {
  return {{"effective_from", format_time(rules.effective_from)},
          {"interval_ms", rules.interval.count()},
          {"timeout_ms", rules.timeout.count()},
          {"confirm_failures", rules.confirm_failures},
          {"confirm_successes", rules.confirm_successes},
          {"quorum", rules.quorum},
          {"stale_after_ms", rules.stale_after.count()},
          {"merge_within_ms", rules.merge_within.count()}};
}

Json rounded_json(std::optional<double> value) {
  return value ? Json(std::llround(*value)) : Json(nullptr);
}

Json window_json(Window window) {
  return {{"from", format_time(window.from)}, {"to", format_time(window.to)}};
}

Json time_json(const TimePerState& time) {
  Json json = Json::object();
  for (const State state : kStatesShown) {
    json[std::string(to_string(state))] = time[state];
  }
  return json;
}

Json incident_json(const Incident& incident, const std::string& name) {
  Json json = Json::object();
  if (!name.empty()) json["server"] = name;
  json["from"] = format_time(incident.from);
  json["to"] = incident.to ? Json(format_time(*incident.to)) : Json(nullptr);
  json["end_seen"] = incident.end_seen;
  json["detected_at"] = incident.detected_at ? Json(format_time(*incident.detected_at)) : Json(nullptr);
  json["duration_ms"] = incident.duration_ms;
  json["window_ms"] = incident.window_ms;
  json["window_down_ms"] = incident.window_down_ms;
  json["down_ms"] = incident.down_ms;
  json["failed_checks"] = incident.failed_checks;
  json["code"] = code_json(incident.code);
  json["error"] = text_or_null(to_string(incident.error));
  json["detail"] = text_or_null(incident.detail);
  json["ongoing"] = incident.ongoing();
  json["down_at_window_end"] = incident.down_at_window_end;
  return json;
}

Json annotation_json(const Annotation& annotation) {
  constexpr std::array<std::string_view, 3> kKinds{"note", "acknowledged", "change"};
  return {{"kind", kKinds.at(static_cast<std::size_t>(annotation.kind))},
          {"at", format_time(annotation.at)},
          {"made_at", format_time(annotation.made_at)},
          {"author", text_or_null(annotation.author)},
          {"text", text_or_null(annotation.text)}};
}

Json incident_json(const Incident& incident, const Server& server) {
  Json json = incident_json(incident, server.name);
  const auto annotations = annotations_of(server, incident);
  const auto acknowledged = acknowledged_at(annotations);
  json["acknowledged_at"] = acknowledged ? Json(format_time(*acknowledged)) : Json(nullptr);
  json["annotations"] = Json::array();
  for (const Annotation& annotation : annotations) json["annotations"].push_back(annotation_json(annotation));
  return json;
}

Json latency_json(const std::optional<LatencyFigures>& latency) {
  if (!latency) return nullptr;
  return {{"mean", rounded_json(latency->mean_us)},
          {"min", latency->min_us},
          {"max", latency->max_us},
          {"p50", rounded_json(latency->p50_us)},
          {"p90", rounded_json(latency->p90_us)},
          {"p95", rounded_json(latency->p95_us)},
          {"p99", rounded_json(latency->p99_us)},
          {"exact", latency->exact}};
}

Json figures_json(const Server& server, const Figures& figures) {
  const ReactionTimes reaction = reaction_times(figures.incidents, server, figures.window.from);
  Json json = {{"server", server.name},
               {"from", format_time(figures.window.from)},
               {"to", format_time(figures.window.to)},
               {"uptime_ratio", optional_json(figures.uptime_ratio)},
               {"uptime_bounds",
                {{"lower", optional_json(figures.uptime_lower)}, {"upper", optional_json(figures.uptime_upper)}}},
               {"uptime_unconfirmed_ratio", optional_json(figures.uptime_unconfirmed)},
               {"resolution_ms", optional_json(figures.resolution_ms)},
               {"coverage_ratio", optional_json(figures.coverage_ratio)},
               {"check_success_ratio", optional_json(figures.check_success_ratio)},
               {"checks", figures.counts.checks},
               {"failed_checks", figures.counts.failed},
               {"blips", figures.counts.blips},
               {"time_ms", time_json(figures.time)},
               {"planned_down_ms", figures.planned_down_ms},
               {"latency_us", latency_json(figures.latency)},
               {"incidents", Json::array()},
               {"causes", Json::array()},
               {"mttr_ms", rounded_json(figures.mttr_ms)},
               {"mtbf_ms", rounded_json(figures.mtbf_ms)},
               {"longest_outage_ms", optional_json(figures.longest_outage_ms)},
               {"mttd_ms", rounded_json(reaction.mttd_ms)},
               {"mtta_ms", rounded_json(reaction.mtta_ms)},
               {"current", nullptr},
               {"last", last_json(figures.last)},
               {"unreadable", Json::array()}};
  for (const Hole& hole : figures.holes) {
    json["unreadable"].push_back(
        {{"from", format_time(hole.window.from)}, {"to", format_time(hole.window.to)}, {"error", hole.error.message}});
  }
  for (const Incident& incident : figures.incidents) {
    Json entry = incident_json(incident, server);
    entry.erase("server");
    json["incidents"].push_back(std::move(entry));
  }
  for (const CauseDowntime& cause : downtime_by_cause(figures.incidents)) {
    json["causes"].push_back({{"error", text_or_null(to_string(cause.error))},
                              {"code", code_json(cause.code)},
                              {"incidents", cause.incidents},
                              {"down_ms", cause.down_ms}});
  }
  for (const PlaceFigures& place : figures.places) {
    json["places"].push_back({{"location", static_cast<std::uint16_t>(place.location)},
                              {"checks", place.checks},
                              {"failed_checks", place.failed_checks},
                              {"down_ms", place.down_ms}});
  }
  if (figures.current) {
    json["current"] = {{"state", std::string(to_string(figures.current->state))},
                       {"since", format_time(figures.current->since)}};
  }
  return json;
}

Json figures_json(const std::string& name, const Figures& figures) {
  Server nothing_said;
  nothing_said.name = name;
  return figures_json(nothing_said, figures);
}

Json row_json(const DashboardRow& row, const Catalog& catalog) {
  const Server* const server = catalog.find(row.server);
  return server != nullptr ? figures_json(*server, row.figures) : figures_json(row.name, row.figures);
}

Json bar_json(const Bar& bar) {
  const bool measured = bar.latency_count > 0;
  return {{"from", format_time(bar.window.from)},
          {"to", format_time(bar.window.to)},
          {"uptime_ratio", optional_json(bar.uptime_ratio)},
          {"time_ms", time_json(bar.time)},
          {"checks", bar.checks},
          {"failed_checks", bar.failed_checks},
          {"latency_mean_us", measured ? rounded_json(bar.latency_mean_us) : Json(nullptr)},
          {"latency_max_us", measured ? Json(bar.latency_max_us) : Json(nullptr)}};
}

Json latency_point_json(const LatencyPoint& point) {
  const bool measured = point.count > 0;
  return {{"from", format_time(point.window.from)},
          {"to", format_time(point.window.to)},
          {"checks", point.count},
          {"failed_checks", point.failures},
          {"mean_us", measured ? rounded_json(point.mean_us) : Json(nullptr)},
          {"min_us", measured ? Json(point.min_us) : Json(nullptr)},
          {"max_us", measured ? Json(point.max_us) : Json(nullptr)}};
}

Json latency_target_json(const LatencyTarget& target) {
  return {{"target_us", target.target.count()},
          {"within", target.within},
          {"tolerable", target.tolerable},
          {"failed", target.failed},
          {"within_ratio", optional_json(target.within_ratio)},
          {"apdex", optional_json(target.apdex)},
          {"exact", target.exact}};
}

Json latency_objective_json(const LatencyTarget& target, const std::optional<double>& objective) {
  Json json = latency_target_json(target);
  json["objective"] = optional_json(objective);
  json["met"] = objective && target.within_ratio ? Json(*target.within_ratio >= *objective) : Json(nullptr);
  return json;
}

Json slo_json(const std::string& name, const SloAnswer& slo) {
  Json json = {{"server", name},
               {"from", format_time(slo.window.from)},
               {"to", format_time(slo.window.to)},
               {"objective", slo.objective},
               {"met", optional_json(slo.met)},
               {"uptime_ratio", optional_json(slo.uptime_ratio)},
               {"time_ms", time_json(slo.time)},
               {"budget_ms", slo.budget_ms},
               {"spent_ms", slo.spent_ms},
               {"remaining_ms", slo.remaining_ms},
               {"remaining_ratio", optional_json(slo.remaining_ratio)},
               {"period", period_json(slo.period)},
               {"burn", Json::array()}};
  for (const BurnRate& burn : slo.burn) {
    json["burn"].push_back({{"window_ms", std::chrono::milliseconds(burn.window.length).count()},
                            {"short_window_ms", std::chrono::milliseconds(burn.window.short_length).count()},
                            {"factor", burn.window.factor},
                            {"rate", optional_json(burn.rate)},
                            {"short_rate", optional_json(burn.short_rate)},
                            {"firing", burn.firing},
                            {"can_fire", burn.can_fire}});
  }
  return json;
}

Json comparison_json(const Server& server, const Comparison& comparison) {
  return {{"server", server.name},
          {"now", figures_json(server, comparison.now)},
          {"before", figures_json(server, comparison.before)},
          {"uptime_change", optional_json(comparison.uptime_change)},
          {"p95_change_us", rounded_json(comparison.p95_change_us)},
          {"down_change_ms", comparison.down_change_ms},
          {"incidents_change", comparison.incidents_change}};
}

Json service_hours_json(const std::string& name, const ServiceHoursAnswer& answer) {
  Json json = {{"server", name}};
  json.update(window_json(answer.window));
  json["service_ms"] = answer.service_ms;
  json["time_ms"] = time_json(answer.time);
  json["uptime_ratio"] = optional_json(answer.uptime_ratio);
  json["coverage_ratio"] = optional_json(answer.coverage_ratio);
  return json;
}

Json composed_json(const std::string& name, const ComposedAnswer& answer, const Catalog& catalog) {
  Json json = {{"service", name}};
  json.update(window_json(answer.window));
  json["uptime_ratio"] = optional_json(answer.uptime_ratio);
  json["coverage_ratio"] = optional_json(answer.coverage_ratio);
  json["time_ms"] = time_json(answer.time);
  json["incidents"] = Json::array();
  for (const ComposedIncident& incident : answer.incidents) {
    Json servers = Json::array();
    for (const ServerId id : incident.servers) {
      const Server* const server = catalog.find(id);
      if (server != nullptr) servers.push_back(server->name);
    }
    json["incidents"].push_back({{"from", format_time(incident.from)},
                                 {"to", incident.to ? Json(format_time(*incident.to)) : Json(nullptr)},
                                 {"end_seen", incident.end_seen},
                                 {"duration_ms", incident.duration_ms},
                                 {"window_ms", incident.window_ms},
                                 {"down_ms", incident.down_ms},
                                 {"servers", std::move(servers)},
                                 {"ongoing", incident.ongoing()}});
  }
  json["mttr_ms"] = rounded_json(answer.mttr_ms);
  json["mtbf_ms"] = rounded_json(answer.mtbf_ms);
  json["longest_outage_ms"] = optional_json(answer.longest_outage_ms);
  json["current"] = nullptr;
  if (answer.current) {
    json["current"] = {{"state", std::string(to_string(answer.current->state))},
                       {"since", format_time(answer.current->since)}};
  }
  json["budget"] = nullptr;
  if (answer.budget) {
    json["budget"] = {{"objective", answer.budget->objective},
                      {"budget_ms", answer.budget->budget_ms},
                      {"spent_ms", answer.budget->spent_ms},
                      {"remaining_ms", answer.budget->remaining_ms},
                      {"met", optional_json(answer.budget->met)}};
  }
  return json;
}

Json baseline_json(const std::string& name, const BaselineAnswer& answer) {
  Json json = {{"server", name},
               {"learned", window_json(answer.learned)},
               {"recent", window_json(answer.recent)},
               {"recent_checks", answer.recent_count},
               {"recent_median_us", optional_json(answer.recent_median_us)},
               {"hour_of_week", answer.hour},
               {"deviations", optional_json(answer.deviations)},
               {"hours", Json::array()}};
  for (std::size_t hour = 0; hour < answer.hours.size(); ++hour) {
    const auto& usual = answer.hours[hour];
    if (!usual) continue;
    json["hours"].push_back(
        {{"hour_of_week", hour}, {"checks", usual->count}, {"median_us", usual->median_us}, {"mad_us", usual->mad_us}});
  }
  return json;
}

Json group_json(const GroupFigures& group) {
  return {{"members", group.members},
          {"uptime_ratio", optional_json(group.uptime_ratio)},
          {"coverage_ratio", optional_json(group.coverage_ratio)},
          {"state", std::string(to_string(group.state))},
          {"time_ms", group.time ? time_json(*group.time) : Json(nullptr)}};
}

Json report_json(const Report& report, const Catalog& catalog) {
  Json json = window_json(report.window);
  json["all"] = group_json(report.all);
  json["groups"] = Json::array();
  for (const ReportGroup& group : report.groups) {
    Json entry = {{"group", group.name}};
    entry.update(group_json(group.figures));
    entry["incidents"] = group.incidents;
    json["groups"].push_back(std::move(entry));
  }
  json["servers"] = Json::array();
  for (const ReportServer& server : report.servers) {
    const Server* const known = catalog.find(server.server);
    Json entry = known != nullptr ? figures_json(*known, server.figures) : figures_json(server.name, server.figures);
    entry["group"] = server.group;
    entry["url"] = text_or_null(server.url);
    entry["objective"] = optional_json(server.objective);
    entry["objective_met"] = optional_json(server.objective_met);
    entry["budget_ms"] = optional_json(server.budget_ms);
    entry["remaining_ms"] = optional_json(server.remaining_ms);
    entry["bars"] = Json::array();
    for (const Bar& bar : server.bars) entry["bars"].push_back(bar_json(bar));
    json["servers"].push_back(std::move(entry));
  }
  return json;
}

Json server_json(const Server& server, Audience audience) {
  Json json = {{"server", server.name},
               {"id", static_cast<std::uint32_t>(server.id)},
               {"url", text_or_null(audience == Audience::page ? public_url(server.url) : server.url)},
               {"group", text_or_null(server.group)},
               {"tags", Json::object()},
               {"created_at", format_time(server.created_at)},
               {"rules", Json::array()},
               {"maintenance", Json::array()},
               {"corrections", Json::array()},
               {"paused", Json::array()},
               {"retention_days",
                {{"checks", server.retention.checks.count()}, {"summaries", server.retention.summaries.count()}}},
               {"objective", optional_json(server.objective)}};
  for (const auto& [key, value] : server.tags) json["tags"][key] = value;
  for (const Rules& rules : server.rules) json["rules"].push_back(rules_json(rules));
  for (const Maintenance& entry : server.maintenance) json["maintenance"].push_back(maintenance_json(entry));
  for (const Correction& correction : server.corrections) {
    Json entry = window_json(correction.window);
    entry["state"] = std::string(to_string(correction.state));
    entry["note"] = text_or_null(correction.note);
    json["corrections"].push_back(std::move(entry));
  }
  for (const Window& pause : server.paused) {
    Json entry = window_json(pause);
    if (pause.to >= kTimeLimit) entry["to"] = nullptr;
    json["paused"].push_back(std::move(entry));
  }
  if (audience == Audience::owner) {
    Json check = Json::parse(server.check, nullptr, false);
    json["check"] = check.is_object() ? std::move(check) : Json();
    json["level"] = level_json(server.level);
    json["annotations"] = Json::array();
    for (const Annotation& annotation : server.annotations) json["annotations"].push_back(annotation_json(annotation));
  }
  return json;
}

Json cost_json(const ScanCost& cost) {
  return {{"range_scans", cost.range_scans},
          {"seeks", cost.seeks},
          {"rows", cost.rows},
          {"chunks", cost.chunks},
          {"summaries", cost.summaries},
          {"head_results", cost.head_results},
          {"results", cost.results},
          {"bytes", cost.bytes},
          {"block_reads", cost.block_reads},
          {"block_hits", cost.block_hits},
          {"nanoseconds", cost.nanoseconds}};
}

Json explain_json(const Explain& explain) {
  Json json = {{"cost", cost_json(explain.cost)}, {"plan", Json::array()}};
  for (const PlanStep& step : explain.plan) {
    Json entry = window_json(step.window);
    entry["source"] = std::string(to_string(step.source));
    entry["reason"] = std::string(to_string(step.reason));
    json["plan"].push_back(std::move(entry));
  }
  return json;
}

}  // namespace nines::tools
