// nines uptime | incidents | latency | bars | slo: questions about one server, or about all.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/session.h"
#include "show/answers.h"
#include "show/number.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

Cell cell(Json value, std::string text = {}, Colour colour = Colour::none) {
  return {.value = std::move(value), .text = std::move(text), .colour = colour};
}

// Writes an object: as JSON, as one CSV line of its plain members, or as the pairs in `texts`.
void show_object(const Call& call, const Json& json, const std::vector<std::pair<std::string, std::string>>& texts) {
  if (call.format == Format::json || call.format == Format::ndjson) {
    write_out(dump(json) + "\n");
    return;
  }
  if (call.format == Format::csv) {
    std::vector<Column> columns;
    std::vector<Cell> cells;
    for (const auto& [key, value] : json.items()) {
      if (value.is_array()) continue;
      if (!value.is_object()) {
        columns.push_back({key, {}});
        cells.push_back(cell(value));
        continue;
      }
      for (const auto& [inner, inner_value] : value.items()) {
        columns.push_back({fmt::format("{}.{}", key, inner), {}});
        cells.push_back(cell(inner_value));
      }
    }
    RowWriter rows(Format::csv, call.terminal, std::move(columns), "rows");
    rows.add(std::move(cells));
    rows.finish();
    return;
  }
  std::size_t width = 0;
  for (const auto& [label, text] : texts) width = std::max(width, label.size());
  for (const auto& [label, text] : texts) {
    write_out(
        fmt::format("{}  {}\n", paint(fmt::format("{:<{}}", label, width), Colour::bold, call.terminal.colour), text));
  }
}

std::string optional_duration(const std::optional<double>& ms) {
  return ms ? short_duration(static_cast<std::int64_t>(*ms)) : "-";
}

std::string window_text(Window window, const Zone& zone) {
  return fmt::format("{} to {}", moment_text(window.from, zone), moment_text(window.to, zone));
}

std::vector<std::pair<std::string, std::string>> figures_texts(const std::string& name, const Figures& f,
                                                               const Zone& zone) {
  std::string times;
  for (const State state :
       {State::up, State::degraded, State::down, State::maintenance, State::paused, State::unknown}) {
    if (f.time[state] == 0) continue;
    times += fmt::format("{}{} {}", times.empty() ? "" : ", ", to_string(state), short_duration(f.time[state]));
  }
  std::string latency = "-";
  if (f.latency) {
    latency = fmt::format("p50 {}, p90 {}, p95 {}, p99 {}, mean {}, max {}{}", format_latency(f.latency->p50_us),
                          format_latency(f.latency->p90_us), format_latency(f.latency->p95_us),
                          format_latency(f.latency->p99_us), format_latency(f.latency->mean_us),
                          format_latency(f.latency->max_us), f.latency->exact ? "" : " (percentiles within 1 %)");
  }
  std::vector<std::pair<std::string, std::string>> texts = {
      {"server", printable(name)},
      {"window", window_text(f.window, zone)},
      {"state", f.current ? fmt::format("{} for {}", to_string(f.current->state),
                                        short_duration((f.window.to - f.current->since).count()))
                          : "-"},
      {"uptime", percent_text(f.uptime_ratio)},
      {"coverage", percent_text(f.coverage_ratio)},
      {"time", times.empty() ? "-" : times},
      {"checks",
       fmt::format("{}, {} failed, {} not confirmed; {} successful", with_commas(f.counts.checks),
                   with_commas(f.counts.failed), with_commas(f.counts.blips), percent_text(f.check_success_ratio))},
      {"latency", latency},
      {"outages", fmt::format("{}, longest {}, to repair {}, between {}", f.incidents.size(),
                              f.longest_outage_ms ? short_duration(*f.longest_outage_ms) : "-",
                              optional_duration(f.mttr_ms), optional_duration(f.mtbf_ms))}};
  for (const Hole& hole : f.holes) {
    texts.emplace_back("unreadable", window_text(hole.window, zone) + ": " + printable(hole.error.message));
  }
  return texts;
}

void show_incidents(const Call& call, const Catalog& catalog, const std::vector<Incident>& list, Window window,
                    const Zone& zone) {
  RowWriter rows(call.format, call.terminal,
                 {{"server", "NAME"},
                  {"from", "FROM"},
                  {"to", "TO"},
                  {"duration_ms", "LASTED", true},
                  {"failed_checks", "CHECKS", true},
                  {"code", "CODE", true},
                  {"error", "ERROR"},
                  {"detail", "DETAIL"},
                  {"ongoing", ""}},
                 "incidents", window_json(window));
  for (const Incident& incident : list) {
    const Server* const server = catalog.find(incident.server);
    Json json = incident_json(incident, server != nullptr ? server->name : "?");
    rows.add({cell(json["server"]), cell(json["from"], moment_text(incident.from, zone)),
              incident.to ? cell(json["to"], moment_text(*incident.to, zone)) : cell(nullptr, "ongoing", Colour::red),
              cell(json["duration_ms"], short_duration(incident.duration_ms)), cell(json["failed_checks"]),
              cell(json["code"]), cell(json["error"]), cell(json["detail"]), cell(json["ongoing"])});
  }
  rows.finish();
}

void show_latency_series(const Call& call, const std::string& name, const LatencyAnswer& answer, const Zone& zone) {
  Json head = {{"server", name}};
  head.update(window_json(answer.window));
  head["latency_us"] = latency_json(answer.total);
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

// Strips of all servers; the bars of one are a table.
Outcome show_all_bars(const Call& call, const Question& question, const BarOptions& bar_options) {
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  DashboardOptions options;
  options.bars = bar_options;
  options.figures = {.latency = false, .details = false, .since = false};
  const auto board = dashboard(**store, question.query, options);
  if (!board) return failed(printable(board.error().message));
  if (call.format == Format::table) {
    RowWriter rows(Format::table, call.terminal, {{"server", "NAME"}, {"uptime", "UPTIME", true}, {"strip", "BARS"}},
                   "");
    for (const DashboardRow& row : board->rows) {
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

std::string burn_text(const std::optional<double>& rate) {
  return rate ? fmt::format("{:.2f}", *rate) : "-";
}

}  // namespace

Outcome uptime_command(const Call& call) {
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const auto answer = uptime(*subject->store, subject->server->id, subject->question.query);
  if (!answer) return failed(printable(answer.error().message));
  const std::string& name = subject->server->name;
  show_object(call, figures_json(name, answer->figures), figures_texts(name, answer->figures, subject->question.zone));
  return kExitDone;
}

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
}

Outcome latency_command(const Call& call) {
  const auto points = read_count(call, "points", 0, 1, kMaxPoints);
  if (!points) return tl::unexpected(points.error());
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const LatencyOptions options{.phases = call.has("phases"), .points = static_cast<std::uint32_t>(*points)};
  const auto answer = latency(*subject->store, subject->server->id, subject->question.query, options);
  if (!answer) return failed(printable(answer.error().message));
  const std::string& name = subject->server->name;
  if (options.points > 0) {
    show_latency_series(call, name, *answer, subject->question.zone);
    return kExitDone;
  }
  Json head = {{"server", name}};
  head.update(window_json(answer->window));
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
    const auto us = [](double value) { return cell(rounded_json(value), format_latency(value)); };
    if (f) {
      rows.add({cell(std::string(phase)), cell(f->count, with_commas(f->count)), us(f->mean_us), us(f->min_us),
                us(f->p50_us), us(f->p90_us), us(f->p95_us), us(f->p99_us), us(f->max_us), cell(f->exact)});
    } else {
      rows.add({cell(std::string(phase)), cell(0), cell(nullptr), cell(nullptr), cell(nullptr), cell(nullptr),
                cell(nullptr), cell(nullptr), cell(nullptr), cell(nullptr)});
    }
  };
  add("total", answer->total);
  for (std::size_t i = 0; options.phases && i < kPhaseCount; ++i) add(kPhaseNames[i], answer->phases[i]);
  rows.finish();
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
                  {"state", "STATE"},
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

void slo_options(OptionList& options) {
  options.add_options()("objective", po::value<std::string>()->value_name("RATIO"),
                        "99.9% or 0.999 (default: the server's own)");
}

Outcome slo_command(const Call& call) {
  std::optional<double> objective;
  if (const auto text = call.text("objective")) {
    objective = parse_objective(*text);
    if (!objective) return usage("--objective: it must lie between 0 and 1, like 99.9% or 0.999");
  }
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  if (!objective && !subject->server->objective) {
    return usage(
        fmt::format("`{}` has no objective of its own; give one with --objective 99.9%", printable(call.words[0])));
  }
  const auto answer = slo(*subject->store, subject->server->id, subject->question.query, {objective, {}});
  if (!answer) return failed(printable(answer.error().message));
  const bool known = answer->uptime_ratio.has_value();
  std::vector<std::pair<std::string, std::string>> texts = {
      {"server", printable(subject->server->name)},
      {"window", window_text(answer->window, subject->question.zone)},
      {"objective", format_percent(answer->objective, 3) + " %"},
      {"uptime", percent_text(answer->uptime_ratio)},
      {"met", !answer->met   ? "-"
              : *answer->met ? "yes"
                             : "no"},
      {"budget", known ? short_duration(answer->budget_ms) : "-"},
      {"spent", known ? short_duration(answer->spent_ms) : "-"},
      {"remaining", answer->remaining_ratio
                        ? fmt::format("{}{:.1f} %", *answer->remaining_ratio < 0 ? "overspent, " : "",
                                      *answer->remaining_ratio * 100)
                        : "-"}};
  for (const BurnRate& burn : answer->burn) {
    texts.emplace_back(
        fmt::format("burn {}", format_duration(burn.window.length)),
        fmt::format("{} and {} over {}; fires at {}{}", burn_text(burn.rate), burn_text(burn.short_rate),
                    format_duration(burn.window.short_length), burn.window.factor, burn.firing ? ": FIRING" : ""));
  }
  show_object(call, slo_json(subject->server->name, *answer), texts);
  return kExitDone;
}

}  // namespace nines::tools
