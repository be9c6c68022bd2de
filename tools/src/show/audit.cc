#include "show/audit.h"

#include <fmt/format.h>

#include <array>

#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::array kKindNames{"maintenance", "pause", "correction"};

std::string kind_of(const CatalogEntry& entry) {
  return kKindNames[static_cast<std::size_t>(entry.kind)];
}

std::string measured_text(const AuditRun& run) {
  std::string text(to_string(run.measured));
  const std::string error(to_string(run.error));
  if (!error.empty() || run.code != 0) {
    text += fmt::format(" ({}{}{})", error, error.empty() || run.code == 0 ? "" : " ",
                        run.code == 0 ? std::string() : fmt::to_string(run.code));
  }
  return text;
}

// What the rules make of it where that is not what was measured.
std::string judged_text(const AuditRun& run) {
  if (run.judged == run.measured) return {};
  if (run.judged == State::down) return ", not enough to end the outage";
  if (run.judged == State::unknown) return ", not confirmed, and nothing says that it was up before";
  return ", not confirmed";
}

std::string run_text(const AuditRun& run) {
  const std::string what = run.checks == 0   ? fmt::format("the check of {}", format_time(run.last))
                           : run.checks == 1 ? std::string("1 check")
                                             : with_commas(run.checks) + " checks";
  return fmt::format("{} {}{}", what, measured_text(run), judged_text(run));
}

Json run_json(const AuditRun& run) {
  return {{"location", static_cast<std::uint16_t>(run.location)},
          {"first", format_time(run.first)},
          {"last", format_time(run.last)},
          {"holds_until", format_time(run.holds_until)},
          {"checks", run.checks},
          {"measured", std::string(to_string(run.measured))},
          {"judged", std::string(to_string(run.judged))},
          {"code", code_json(run.code)},
          {"error", text_or_null(to_string(run.error))},
          {"counted", run.counted},
          {"rules_from", format_time(run.rules_from)}};
}

Json stretch_json(const AuditStretch& stretch, const AuditAnswer& answer, const Server& server) {
  Json json = window_json(stretch.window);
  json["duration_ms"] = stretch.window.length().count();
  json["state"] = std::string(to_string(stretch.state));
  json["measured"] = std::string(to_string(stretch.measured));
  json["over"] = nullptr;
  if (stretch.over) {
    const std::string note = note_of(server, *stretch.over);
    json["over"] = {
        {"kind", kind_of(*stretch.over)}, {"index", stretch.over->index}, {"note", note.empty() ? Json() : Json(note)}};
  }
  json["runs"] = stretch.runs;
  json["why"] = audit_reason(stretch, answer, server);
  return json;
}

}  // namespace

std::string rules_text(const Rules& rules) {
  std::string text = fmt::format("every {}, timeout {}, {} failure{} in a row confirm{}, {} success{} end{}",
                                 format_duration(rules.interval), format_duration(rules.timeout),
                                 rules.confirm_failures, rules.confirm_failures == 1 ? "" : "s",
                                 rules.confirm_failures == 1 ? "s" : "", rules.confirm_successes,
                                 rules.confirm_successes == 1 ? "" : "es", rules.confirm_successes == 1 ? "s" : "");
  if (rules.quorum > 0) text += fmt::format(", {} place{} must agree", rules.quorum, rules.quorum == 1 ? "" : "s");
  if (rules.stale_after.count() > 0) text += fmt::format(", a result holds {}", format_duration(rules.stale_after));
  if (rules.merge_within.count() > 0) {
    text += fmt::format(", outages within {} are one", format_duration(rules.merge_within));
  }
  return text;
}

std::string audit_reason(const AuditStretch& stretch, const AuditAnswer& answer, const Server& server) {
  if (stretch.over) {
    const std::string note = note_of(server, *stretch.over);
    return fmt::format("{}{}{}; measured {}", kind_of(*stretch.over), note.empty() ? "" : ": ", note,
                       to_string(stretch.measured));
  }
  if (stretch.runs.empty()) return "no check holds";
  if (stretch.runs.size() == 1 && server.rules_at(stretch.window.from).quorum <= 1) {
    return run_text(answer.runs[stretch.runs[0]]);
  }
  std::string text;
  for (const std::uint32_t index : stretch.runs) {
    const AuditRun& run = answer.runs[index];
    text += fmt::format("{}place {}: {}", text.empty() ? "" : "; ", static_cast<std::uint16_t>(run.location),
                        run_text(run));
  }
  return text;
}

std::vector<std::string> audit_sum(const AuditAnswer& answer, const Query& query) {
  const Figures& figures = answer.figures;
  std::string sum;
  for (const State state : kStatesShown) {
    if (figures.time[state] == 0) continue;
    sum += fmt::format("{}{} {} ms", sum.empty() ? "" : " + ", to_string(state),
                       with_commas(static_cast<unsigned long long>(figures.time[state])));
  }
  std::vector<std::string> lines;
  lines.push_back(sum.empty()
                      ? "time: none; the window lies before the server was made, or in the future"
                      : fmt::format("time: {} = {} ms", sum,
                                    with_commas(static_cast<unsigned long long>(figures.window.length().count()))));
  const CheckCounts& counts = figures.counts;
  lines.push_back(fmt::format("checks: {} successful + {} failed + {} not counted = {}; {} of the failed not confirmed",
                              counts.successful, counts.failed, counts.checks - counts.successful - counts.failed,
                              counts.checks, counts.blips));
  std::string over = "up + degraded + down";
  if (query.policy.maintenance == MaintenancePolicy::as_up) over += " + maintenance";
  if (query.policy.unknown != UnknownPolicy::exclude) over += " + unknown";
  lines.push_back(figures.uptime_ratio ? fmt::format("uptime: ({} - {}) / {} ms = {}, of {}",
                                                     with_commas(static_cast<unsigned long long>(answer.over_ms)),
                                                     with_commas(static_cast<unsigned long long>(answer.bad_ms)),
                                                     with_commas(static_cast<unsigned long long>(answer.over_ms)),
                                                     percent_text(figures.uptime_ratio), over)
                                       : fmt::format("uptime: no value, as there is no time of {}", over));
  return lines;
}

Json audit_json(const Server& server, const AuditAnswer& answer) {
  Json json = {{"figures", figures_json(server, answer.figures)}};
  json["over_ms"] = answer.over_ms;
  json["bad_ms"] = answer.bad_ms;
  json["rules"] = Json::array();
  for (const Rules& rules : answer.rules) json["rules"].push_back(rules_json(rules));
  json["runs"] = Json::array();
  for (const AuditRun& run : answer.runs) json["runs"].push_back(run_json(run));
  json["stretches"] = Json::array();
  for (const AuditStretch& stretch : answer.stretches) {
    json["stretches"].push_back(stretch_json(stretch, answer, server));
  }
  return json;
}

}  // namespace nines::tools
