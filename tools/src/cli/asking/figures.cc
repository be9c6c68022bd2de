// nines incidents | latency | bars: questions about one server, or about all.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "cli/asking/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "show/answers.h"
#include "show/number.h"
#include "show/service_level.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

// What was said about an incident, on a line: when it was acknowledged and by whom, then the newest note.
std::string said_text(const Incident& incident, const Server& server, const Zone& zone) {
  const auto annotations = annotations_of(server, incident);
  std::string text;
  if (const auto seen = acknowledged_at(annotations)) {
    const auto first = std::find_if(annotations.begin(), annotations.end(), [&](const Annotation& annotation) {
      return annotation.kind == Annotation::Kind::acknowledged && annotation.made_at == *seen;
    });
    text = fmt::format("acknowledged {}{}{}", minute_text(*seen, zone), first->author.empty() ? "" : " by ",
                       first->author);
  }
  const auto last = std::find_if(annotations.rbegin(), annotations.rend(),
                                 [](const Annotation& annotation) { return !annotation.text.empty(); });
  if (last != annotations.rend()) text += fmt::format("{}{}", text.empty() ? "" : "; ", last->text);
  return text;
}

void show_incidents(const Call& call, const Catalog& catalog, const std::vector<Incident>& list, Window window,
                    const Zone& zone) {
  if (call.format == Format::json || call.format == Format::ndjson) {
    Json json = window_json(window);
    json["incidents"] = Json::array();
    for (const Incident& incident : list) {
      const Server* const server = catalog.find(incident.server);
      if (server == nullptr) continue;
      Json entry = incident_json(incident, *server);
      if (call.format == Format::ndjson) {
        write_out(dump(entry) + "\n");
      } else {
        json["incidents"].push_back(std::move(entry));
      }
    }
    if (call.format == Format::json) write_out(dump(json) + "\n");
    return;
  }
  RowWriter rows(call.format, call.terminal,
                 {{"server", "NAME"},
                  {"from", "FROM"},
                  {"to", "TO", false, 3},
                  {"duration_ms", "LASTED", true},
                  {"failed_checks", "CHECKS", true, 2},
                  {"code", "CODE", true, 4},
                  {"error", "ERROR"},
                  {"detail", "DETAIL", false, 1},
                  {"ongoing", ""},
                  {"detected_at", ""},
                  {"acknowledged_at", ""},
                  {"said", "SAID", false, 5}},
                 "incidents", window_json(window));
  for (const Incident& incident : list) {
    const Server* const server = catalog.find(incident.server);
    if (server == nullptr) continue;
    const Json json = incident_json(incident, *server);
    const std::string said = said_text(incident, *server, zone);
    rows.add({cell(json["server"]), cell(json["from"], moment_text(incident.from, zone)),
              incident.to ? cell(json["to"], moment_text(*incident.to, zone)) : cell(nullptr, "ongoing", Colour::red),
              cell(json["duration_ms"], short_duration(incident.duration_ms)), cell(json["failed_checks"]),
              cell(json["code"]), cell(json["error"]), cell(json["detail"]), cell(json["ongoing"]),
              cell(json["detected_at"]), cell(json["acknowledged_at"]),
              cell(said.empty() ? Json(nullptr) : Json(said))});
  }
  rows.finish();
}

// What stands beside a table of latencies, which is figures or a series.
Json latency_head(const Server& server, const LatencyAnswer& answer, const LatencyOptions& options) {
  Json head = {{"server", server.name}};
  head.update(window_json(answer.window));
  if (options.points > 0) head["latency_us"] = latency_json(answer.total);
  for (std::size_t i = 0; options.points > 0 && options.phases && i < kPhaseCount; ++i) {
    head["phases_us"][std::string(kPhaseNames[i])] = latency_json(answer.phases[i]);
  }
  if (answer.target) head["target"] = latency_objective_json(*answer.target, server.level.latency_objective);
  return head;
}

void show_latency_series(const Call& call, const Json& head, const LatencyAnswer& answer, const Zone& zone) {
  RowWriter rows(call.format, call.terminal,
                 {{"from", "FROM"},
                  {"to", ""},
                  {"checks", "CHECKS", true},
                  {"failed_checks", "FAILED", true},
                  {"mean_us", "MEAN", true},
                  {"min_us", "MIN", true},
                  {"max_us", "MAX", true}},
                 "series", head);
  for (const LatencyPoint& point : answer.series) {
    const Json json = latency_point_json(point);
    const auto latency = [&](const char* key) {
      return cell(json[key], json[key].is_null() ? "-" : format_latency(json[key].get<double>()));
    };
    rows.add({cell(json["from"], moment_text(point.window.from, zone)), cell(json["to"]), cell(json["checks"]),
              cell(json["failed_checks"]), latency("mean_us"), latency("min_us"), latency("max_us")});
  }
  rows.finish();
}

void show_latency_figures(const Call& call, const Json& head, const LatencyAnswer& answer, bool phases) {
  RowWriter rows(call.format, call.terminal,
                 {{"phase", "PHASE"},
                  {"checks", "CHECKS", true},
                  {"mean_us", "MEAN", true},
                  {"min_us", "MIN", true},
                  {"p50_us", "P50", true},
                  {"p90_us", "P90", true},
                  {"p95_us", "P95", true},
                  {"p99_us", "P99", true},
                  {"max_us", "MAX", true},
                  {"exact", ""}},
                 "latency", head);
  const auto add = [&](std::string_view phase, const std::optional<LatencyFigures>& f) {
    // People and programs see the same whole microseconds.
    const auto us = [](double value) { return cell(rounded_json(value), format_latency(std::round(value))); };
    if (f) {
      rows.add({cell(std::string(phase)), cell(f->count, with_commas(f->count)), us(f->mean_us), us(f->min_us),
                us(f->p50_us), us(f->p90_us), us(f->p95_us), us(f->p99_us), us(f->max_us), cell(f->exact)});
    } else {
      rows.add({cell(std::string(phase)), cell(0), cell(nullptr), cell(nullptr), cell(nullptr), cell(nullptr),
                cell(nullptr), cell(nullptr), cell(nullptr), cell(nullptr)});
    }
  };
  add("total", answer.total);
  for (std::size_t i = 0; phases && i < kPhaseCount; ++i) add(kPhaseNames[i], answer.phases[i]);
  rows.finish();
}

std::string hour_text(std::size_t hour) {
  constexpr std::array kDays{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
  constexpr std::size_t kHours = 24;
  return fmt::format("{} {:02}:00", kDays[hour / kHours], hour % kHours);
}

// How far now is from what is usual, in words.
std::string deviation_text(const BaselineAnswer& answer) {
  const auto& usual = answer.hours[answer.hour];
  if (!answer.recent_median_us) return "no latency in the last hour";
  std::string text = fmt::format("now {}", format_latency(*answer.recent_median_us));
  if (!usual) return text + fmt::format("; nothing is known of {}", hour_text(answer.hour));
  text += fmt::format("; usual at {} is {} +- {}", hour_text(answer.hour), format_latency(usual->median_us),
                      format_latency(usual->mad_us));
  if (answer.deviations) text += fmt::format("; {:+.1f} deviations", *answer.deviations);
  return text;
}

Outcome show_baseline(const Call& call, const Subject& subject) {
  BaselineOptions options;
  options.zone = subject.question.zone;
  const auto weeks = read_count(call, "weeks", options.weeks, 1, kMaxBaselineWeeks);
  if (!weeks) return tl::unexpected(weeks.error());
  options.weeks = static_cast<std::uint32_t>(*weeks);
  const auto answer = latency_baseline(*subject.store, subject.server->id, subject.question.query, options);
  if (!answer) return failed(printable(answer.error().message));
  if (call.format == Format::json || call.format == Format::ndjson) {
    write_out(dump(baseline_json(subject.server->name, *answer)) + "\n");
    return kExitDone;
  }
  RowWriter rows(call.format, call.terminal,
                 {{"hour", "HOUR"}, {"checks", "CHECKS", true}, {"median_us", "MEDIAN", true}, {"mad_us", "MAD", true}},
                 "hours");
  for (std::size_t hour = 0; hour < kHoursOfWeek; ++hour) {
    const auto& usual = answer->hours[hour];
    if (!usual) continue;
    rows.add({cell(hour_text(hour)), cell(usual->count), cell(usual->median_us, format_latency(usual->median_us)),
              cell(usual->mad_us, format_latency(usual->mad_us))});
  }
  rows.finish();
  if (call.format == Format::table) {
    write_out("\n");
    show_text(call.terminal, deviation_text(*answer));
  }
  return kExitDone;
}

Expected<BarOptions> read_bar_options(const Call& call, const Zone& zone) {
  BarOptions options;
  options.zone = zone;
  const auto count = read_count(call, "count", options.count, 1, kMaxBars);
  if (!count) return tl::unexpected(count.error());
  options.count = static_cast<std::uint32_t>(*count);
  if (const auto by = call.text("by")) {
    if (call.has("count")) return usage("--count and --by exclude each other");
    const auto unit = parse_calendar_unit(*by);
    if (!unit) return usage(fmt::format("--by: {}", printable(unit.error().message)));
    options.unit = *unit;
  }
  return options;
}

// The bars that fit beside the longest name and a ratio; at least eight, which are left out as a whole where there is
// less room.
std::size_t strip_room(const std::vector<DashboardRow>& rows, const Terminal& terminal) {
  constexpr std::size_t kRatio = 9 + 2 * 2;  // "100.000 %", and a gap on either side
  constexpr std::size_t kLeast = 8;
  if (terminal.width == 0) return kMaxBars;
  std::size_t name = 4;
  for (const DashboardRow& row : rows) name = std::max(name, display_width(printable(row.name)));
  return terminal.width > name + kRatio + kLeast ? terminal.width - name - kRatio : kLeast;
}

// Strips of all servers; the bars of one are a table.
Outcome show_all_bars(const Call& call, const Question& question, const BarOptions& bar_options) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  DashboardOptions options;
  options.bars = bar_options;
  options.figures = {.latency = false, .details = false, .since = false};
  auto board = dashboard(**store, question.query, options);
  if (!board) return failed(printable(board.error().message));
  if (call.format == Format::table) {
    RowWriter rows(Format::table, call.terminal, {{"server", "NAME"}, {"uptime", "UPTIME", true}, {"strip", "BARS"}},
                   "");
    const std::size_t room = strip_room(board->rows, call.terminal);
    for (DashboardRow& row : board->rows) {
      // What does not fit is the oldest.
      if (row.bars.size() > room) row.bars.erase(row.bars.begin(), row.bars.end() - static_cast<std::ptrdiff_t>(room));
      rows.add({cell(row.name),
                cell(nullptr, percent_text(row.figures.uptime_ratio)),
                {.value = nullptr,
                 .text = heartbeat_strip(row.bars, call.terminal),
                 .painted = true,
                 .width = row.bars.size()}});
    }
    rows.finish();
    return kExitDone;
  }
  RowWriter rows(call.format, call.terminal,
                 {{"server", ""},
                  {"from", ""},
                  {"to", ""},
                  {"state", ""},
                  {"uptime_ratio", ""},
                  {"checks", ""},
                  {"failed_checks", ""}},
                 "bars", window_json(board->window));
  for (const DashboardRow& row : board->rows) {
    for (const Bar& bar : row.bars) {
      const Json json = bar_json(bar);
      rows.add({cell(row.name), cell(json["from"]), cell(json["to"]), cell(std::string(to_string(bar_state(bar)))),
                cell(json["uptime_ratio"]), cell(json["checks"]), cell(json["failed_checks"])});
    }
  }
  rows.finish();
  return kExitDone;
}

/// Whether the window holds known time of any of `servers`.
Result<bool> was_measured(const Store& store, const std::vector<const Server*>& servers, const Query& query) {
  DashboardOptions options;
  options.figures = {.latency = false, .details = false};
  for (const Server* server : servers) options.filter.names.push_back(server->name);
  const auto board = dashboard(store, query, options);
  if (!board) return tl::unexpected(board.error());
  return std::any_of(board->rows.begin(), board->rows.end(),
                     [](const DashboardRow& row) { return row.figures.coverage_ratio.value_or(0) > 0; });
}

}  // namespace

Outcome incidents_command(const Call& call) {
  const auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto servers = find_servers(*catalog, call.words);
  if (!servers) return tl::unexpected(servers.error());
  std::vector<ServerId> ids;
  for (const Server* server : *servers) ids.push_back(server->id);
  IncidentList list;
  if (!ids.empty()) {
    auto answer = incidents(**store, ids, question->query);
    if (!answer) return failed(printable(answer.error().message));
    list = std::move(*answer);
  }
  if (list.incidents.empty() && call.format == Format::table && !call.quiet) {
    const auto measured = was_measured(**store, *servers, question->query);
    if (!measured) return failed(printable(measured.error().message));
    say(*measured ? "no confirmed outage in this window" : "nothing was measured in this window");
  }
  show_incidents(call, *catalog, list.incidents, question->query.window, question->zone);
  return kExitDone;
}

void latency_options(OptionList& options) {
  auto add = options.add_options();
  add("phases", "also of each phase: dns, connect, tls, first byte, transfer");
  add("points", po::value<std::string>()->value_name("N"), "a series of at most so many columns, with their extremes");
  add("target", po::value<std::string>()->value_name("SPAN"),
      "the share of checks within it, and Apdex (default: the server's own, if it has one)");
  add("baseline", "what is usual at each hour of the week, and how far from it the last hour is");
  add("weeks", po::value<std::string>()->value_name("N"), "learned from, for --baseline (default 4)");
}

Outcome latency_command(const Call& call) {
  const auto points = read_count(call, "points", 0, 1, kMaxPoints);
  if (!points) return tl::unexpected(points.error());
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const Server& server = *subject->server;
  if (call.has("baseline")) return show_baseline(call, *subject);
  if (call.has("weeks")) return usage("--weeks goes with --baseline");
  const auto target = latency_target_for(call.text("target"), server);
  if (!target) return usage(fmt::format("--{}", target.error().message));
  const LatencyOptions options{
      .phases = call.has("phases"), .points = static_cast<std::uint32_t>(*points), .target = *target};
  const auto answer = latency(*subject->store, server.id, subject->question.query, options);
  if (!answer) return failed(printable(answer.error().message));
  const Json head = latency_head(server, *answer, options);
  if (options.points > 0) {
    show_latency_series(call, head, *answer, subject->question.zone);
  } else {
    show_latency_figures(call, head, *answer, options.phases);
  }
  if (call.format == Format::table && answer->target) {
    write_out("\n");
    show_text(call.terminal, latency_target_text(*answer->target, server.level.latency_objective));
  }
  return kExitDone;
}

void bars_options(OptionList& options) {
  auto add = options.add_options();
  add("count", po::value<std::string>()->value_name("N"), "equal buckets (default 48)");
  add("by", po::value<std::string>()->value_name("UNIT"), "hour, day, week, month, quarter or year of --tz");
}

Outcome bars_command(const Call& call) {
  const auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  const auto options = read_bar_options(call, question->zone);
  if (!options) return tl::unexpected(options.error());
  if (call.words.empty()) return show_all_bars(call, *question, *options);
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const auto answer = bars(*subject->store, subject->server->id, subject->question.query, *options);
  if (!answer) return failed(printable(answer.error().message));
  Json head = {{"server", subject->server->name}};
  head.update(window_json(question->query.window));
  if (call.format == Format::json) {
    head["bars"] = Json::array();
    for (const Bar& bar : answer->bars) head["bars"].push_back(bar_json(bar));
    write_out(dump(head) + "\n");
    return kExitDone;
  }
  RowWriter rows(call.format, call.terminal,
                 {{"from", "FROM"},
                  {"to", ""},
                  {"state", "WORST"},  // that it was in at all, for however short a time
                  {"uptime_ratio", "UPTIME", true},
                  {"checks", "CHECKS", true},
                  {"failed_checks", "FAILED", true},
                  {"latency_mean_us", "MEAN", true},
                  {"latency_max_us", "MAX", true}},
                 "bars");
  for (const Bar& bar : answer->bars) {
    const Json json = bar_json(bar);
    const State state = bar_state(bar);
    const bool measured = bar.latency_count > 0;
    rows.add({cell(json["from"], moment_text(bar.window.from, question->zone)), cell(json["to"]),
              cell(std::string(to_string(state)), {}, state_colour(state)),
              cell(json["uptime_ratio"], percent_text(bar.uptime_ratio)), cell(bar.checks), cell(bar.failed_checks),
              cell(json["latency_mean_us"], measured ? format_latency(bar.latency_mean_us) : "-"),
              cell(json["latency_max_us"], measured ? format_latency(bar.latency_max_us) : "-")});
  }
  rows.finish();
  return kExitDone;
}

}  // namespace nines::tools
