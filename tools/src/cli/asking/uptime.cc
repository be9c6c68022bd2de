// nines uptime: the figures of one server, what made them, and how they compare.
#include <nines/audit.h>
#include <nines/comparison.h>
#include <nines/reaction.h>
#include <nines/service_hours.h>
#include <nines/uptime.h>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/asking/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "show/answers.h"
#include "show/audit.h"
#include "show/service_level.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

std::string times_text(const TimePerState& time) {
  std::string text;
  for (const State state : kStatesShown) {
    if (time[state] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", to_string(state), short_duration(time[state]));
  }
  return text.empty() ? "-" : text;
}

std::string latency_text(const std::optional<LatencyFigures>& latency) {
  if (!latency) return "-";
  return fmt::format("p50 {}, p90 {}, p95 {}, p99 {}, mean {}, max {}{}", format_latency(latency->p50_us),
                     format_latency(latency->p90_us), format_latency(latency->p95_us), format_latency(latency->p99_us),
                     format_latency(std::round(latency->mean_us)), format_latency(latency->max_us),
                     latency->exact ? "" : " (percentiles within 1 %)");
}

std::string uptime_text(const Figures& f) {
  std::string text = percent_text(f.uptime_ratio);
  if (f.uptime_lower != f.uptime_upper) {
    text += fmt::format(", between {} and {} if all that is unknown was down or up", percent_text(f.uptime_lower),
                        percent_text(f.uptime_upper));
  }
  if (f.uptime_unconfirmed && f.uptime_unconfirmed != f.uptime_ratio) {
    text += fmt::format("; {} if every failure counts", percent_text(f.uptime_unconfirmed));
  }
  return text;
}

std::string down_text(const Figures& f) {
  std::string text = short_duration(f.time[State::down]);
  if (f.planned_down_ms > 0) text += fmt::format(", and {} planned", short_duration(f.planned_down_ms));
  const auto causes = downtime_by_cause(f.incidents);
  for (std::size_t i = 0; i < causes.size(); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "; by cause: " : ", ", cause_text(causes[i].error, causes[i].code),
                        short_duration(causes[i].down_ms));
  }
  return text;
}

std::string places_text(const std::vector<PlaceFigures>& places) {
  std::string text;
  for (const PlaceFigures& place : places) {
    text += fmt::format("{}place {}: {} checks, {} failed, down {}", text.empty() ? "" : "; ",
                        static_cast<std::uint16_t>(place.location), with_commas(place.checks),
                        with_commas(place.failed_checks), short_duration(place.down_ms));
  }
  return text;
}

// Their number, the longest one, and the mean times.
std::string outages_text(const Figures& f, const Server& server) {
  const ReactionTimes reaction = reaction_times(f.incidents, server, f.window.from);
  return fmt::format("{}, longest {}, to detect {}, to acknowledge {}, to repair {}, between {}", f.incidents.size(),
                     f.longest_outage_ms ? short_duration(*f.longest_outage_ms) : "-",
                     duration_or_dash(reaction.mttd_ms), duration_or_dash(reaction.mtta_ms),
                     duration_or_dash(f.mttr_ms), duration_or_dash(f.mtbf_ms));
}

Lines figures_lines(const Server& server, const Figures& f, const Zone& zone) {
  Lines lines = {{"server", printable(server.name)},
                 {"window", window_text(f.window, zone)},
                 {"state", f.current ? fmt::format("{} for {}", to_string(f.current->state),
                                                   short_duration((f.window.to - f.current->since).count()))
                                     : "-"},
                 {"uptime", uptime_text(f)},
                 {"coverage", f.resolution_ms ? fmt::format("{}, a check every {}", percent_text(f.coverage_ratio),
                                                            short_duration(*f.resolution_ms))
                                              : percent_text(f.coverage_ratio)},
                 {"time", times_text(f.time)},
                 {"down", down_text(f)},
                 {"checks", fmt::format("{}, {} failed, {} not confirmed; {} successful", with_commas(f.counts.checks),
                                        with_commas(f.counts.failed), with_commas(f.counts.blips),
                                        percent_text(f.check_success_ratio))},
                 {"latency", latency_text(f.latency)},
                 {"outages", outages_text(f, server)}};
  if (f.places.size() > 1) lines.emplace_back("places", places_text(f.places));
  for (const Hole& hole : f.holes) {
    lines.emplace_back("unreadable",
                       fmt::format("{}: {}", window_text(hole.window, zone), printable(hole.error.message)));
  }
  return lines;
}

// A difference with its sign.
std::string signed_text(std::int64_t value, const std::string& magnitude) {
  return fmt::format("{}{}", value < 0 ? "-" : value > 0 ? "+" : "", magnitude);
}

Outcome show_comparison(const Call& call, const Subject& subject, const PreviousPeriod& period) {
  const auto answer = compare(*subject.store, subject.server->id, subject.question.query, period);
  if (!answer) return failed(printable(answer.error().message));
  const Figures& now = answer->now;
  const Figures& before = answer->before;
  const Zone& zone = subject.question.zone;
  if (call.format == Format::json || call.format == Format::ndjson) {
    write_out(dump(comparison_json(*subject.server, *answer)) + "\n");
    return kExitDone;
  }
  RowWriter rows(call.format, call.terminal,
                 {{"figure", "FIGURE"}, {"now", "NOW", true}, {"before", "BEFORE", true}, {"change", "CHANGE", true}},
                 "figures");
  const auto points = answer->uptime_change.value_or(0) * 100;
  rows.add({cell("window"), cell(format_time(now.window.from), minute_text(now.window.from, zone)),
            cell(format_time(before.window.from), minute_text(before.window.from, zone)), cell(nullptr)});
  rows.add({cell("uptime"), cell(optional_json(now.uptime_ratio), percent_text(now.uptime_ratio)),
            cell(optional_json(before.uptime_ratio), percent_text(before.uptime_ratio)),
            cell(optional_json(answer->uptime_change),
                 answer->uptime_change ? fmt::format("{:+.3f} points", points) : std::string("-"))});
  rows.add({cell("down_ms", "down"), cell(now.time[State::down], short_duration(now.time[State::down])),
            cell(before.time[State::down], short_duration(before.time[State::down])),
            cell(answer->down_change_ms,
                 signed_text(answer->down_change_ms, short_duration(std::abs(answer->down_change_ms))))});
  rows.add({cell("incidents", "outages"), cell(now.incidents.size()), cell(before.incidents.size()),
            cell(answer->incidents_change, fmt::format("{:+}", answer->incidents_change))});
  const auto p95 = [](const Figures& f) {
    return f.latency ? cell(rounded_json(f.latency->p95_us), format_latency(f.latency->p95_us)) : cell(nullptr);
  };
  const auto change_us = static_cast<std::int64_t>(std::llround(answer->p95_change_us.value_or(0)));
  rows.add({cell("p95_us", "p95"), p95(now), p95(before),
            answer->p95_change_us
                ? cell(change_us, signed_text(change_us, format_latency(std::abs(static_cast<double>(change_us)))))
                : cell(nullptr)});
  rows.finish();
  return kExitDone;
}

Outcome show_audit(const Call& call, const Subject& subject) {
  const auto answer = audit(*subject.store, subject.server->id, subject.question.query);
  if (!answer) return failed(printable(answer.error().message));
  if (call.format == Format::json) {
    write_out(dump(audit_json(*subject.server, *answer)) + "\n");
    return kExitDone;
  }
  const Zone& zone = subject.question.zone;
  if (call.format == Format::table) {
    for (const Rules& rules : answer->rules) {
      const bool from_ever = rules.effective_from == from_ms(0);
      show_text(
          call.terminal,
          fmt::format("rules{}: {}", from_ever ? std::string() : " from " + moment_text(rules.effective_from, zone),
                      rules_text(rules)));
    }
    if (!answer->rules.empty()) write_out("\n");
  }
  RowWriter rows(call.format, call.terminal,
                 {{"from", "FROM"}, {"to", "TO"}, {"duration_ms", "LASTED", true}, {"state", "STATE"}, {"why", "WHY"}},
                 "stretches");
  for (const AuditStretch& stretch : answer->stretches) {
    const std::int64_t length_ms = stretch.window.length().count();
    rows.add({cell(format_time(stretch.window.from), moment_text(stretch.window.from, zone)),
              cell(format_time(stretch.window.to), moment_text(stretch.window.to, zone)),
              cell(length_ms, short_duration(length_ms)),
              cell(std::string(to_string(stretch.state)), {}, state_colour(stretch.state)),
              cell(audit_reason(stretch, *answer, *subject.server))});
  }
  rows.finish();
  if (call.format != Format::table) return kExitDone;
  if (!answer->stretches.empty()) write_out("\n");
  for (const std::string& line : audit_sum(*answer, subject.question.query)) show_text(call.terminal, printable(line));
  return kExitDone;
}

}  // namespace

void uptime_options(OptionList& options) {
  auto add = options.add_options();
  add("why", "the runs of checks, rules, maintenance and corrections that made the figures, in order");
  add("compare", po::value<std::string>()->value_name("PERIOD"),
      "beside the period before: previous, or the same part of the day, week, month, quarter or year before");
  add("hours", po::value<std::string>()->value_name("SCHEDULE"),
      "also of service hours only, in --tz: \"mon-fri 08:00-18:00, sat 09:00-12:00\" (default: the server's own)");
}

Outcome uptime_command(const Call& call) {
  if (call.has("why") && (call.has("compare") || call.has("hours"))) {
    return usage("--why goes without --compare and --hours");
  }
  if (call.has("compare") && call.has("hours")) return usage("--compare goes without --hours");
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  if (call.has("why")) return show_audit(call, *subject);
  if (call.has("compare")) {
    const auto period = previous_period_for(*call.text("compare"), subject->question);
    if (!period) return usage(fmt::format("--{}", period.error().message));
    return show_comparison(call, *subject, *period);
  }
  const auto hours = service_hours_for(call.text("hours"), *subject->server, subject->question.zone);
  if (!hours) return usage(fmt::format("service hours: {}", printable(hours.error().message)));
  const std::string& name = subject->server->name;
  const Query& query = subject->question.query;
  const auto answer = uptime(*subject->store, subject->server->id, query, {.places = true});
  if (!answer) return failed(printable(answer.error().message));
  Json json = figures_json(*subject->server, answer->figures);
  Lines lines = figures_lines(*subject->server, answer->figures, subject->question.zone);
  if (*hours) {
    const auto in_hours = uptime_in_hours(*subject->store, subject->server->id, query, **hours);
    if (!in_hours) return failed(printable(in_hours.error().message));
    json["service_hours"] = service_hours_json(name, *in_hours);
    lines.emplace_back("service hours", fmt::format("{} of {}: {}", percent_text(in_hours->uptime_ratio),
                                                    short_duration(in_hours->service_ms), times_text(in_hours->time)));
  }
  Figures whole;
  whole.latency.emplace();
  whole.current.emplace();
  whole.last.emplace();
  show_object(call, json, lines, figures_json(*subject->server, whole));
  return kExitDone;
}

}  // namespace nines::tools
