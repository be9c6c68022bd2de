// nines status: all servers at a glance, by one range scan each.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "cli/command/session.h"
#include "cli/watching/certificates.h"
#include "cli/watching/commands.h"
#include "cli/watching/pace.h"
#include "cli/watching/status_boards.h"
#include "cli/watching/status_story.h"
#include "cli/watching/status_table.h"
#include "show/answers.h"
#include "show/ascii.h"
#include "show/nagios.h"
#include "show/number.h"
#include "show/pager.h"
#include "show/screen.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

void show_csv(const Call& call, const Dashboard& board) {
  RowWriter rows(Format::csv, call.terminal,
                 {{"server", ""},
                  {"state", ""},
                  {"uptime_ratio", ""},
                  {"coverage_ratio", ""},
                  {"checks", ""},
                  {"failed_checks", ""},
                  {"incidents", ""},
                  {"p50_us", ""},
                  {"p95_us", ""},
                  {"last_time", ""}},
                 "servers");
  const auto cell = [](Json value) { return Cell{.value = std::move(value), .text = {}}; };
  for (const DashboardRow& row : board.rows) {
    const Figures& f = row.figures;
    rows.add({cell(row.name), cell(std::string(to_string(state_now(f)))), cell(optional_json(f.uptime_ratio)),
              cell(optional_json(f.coverage_ratio)), cell(f.counts.checks), cell(f.counts.failed),
              cell(f.incidents.size()), cell(f.latency ? rounded_json(f.latency->p50_us) : Json()),
              cell(f.latency ? rounded_json(f.latency->p95_us) : Json()),
              cell(f.last ? Json(format_time(f.last->time)) : Json())});
  }
  rows.finish();
}

/// By name, for JSON: nothing where no running nines tells.
Json certificates_json(const Call& call, const Dashboard& board, const Catalog& catalog) {
  Json json = Json::object();
  const auto expiries = certificate_expiries(call, catalog);
  for (const DashboardRow& row : board.rows) {
    if (const auto found = expiries.find(row.server); found != expiries.end()) {
      json[row.name] = format_time(found->second);
    }
  }
  return json;
}

void show(const Call& call, const Dashboard& board, const Catalog& catalog) {
  switch (call.format) {
    case Format::table:  // by show_for_people
      return;
    case Format::csv:
      return show_csv(call, board);
    case Format::ndjson:
      for (const DashboardRow& row : board.rows) write_out(dump(row_json(row, catalog)) + "\n");
      return;
    case Format::json: {
      Json json = {{"window", window_json(board.window)}, {"servers", Json::array()}};
      for (const DashboardRow& row : board.rows) json["servers"].push_back(row_json(row, catalog));
      if (call.has("groups")) json["groups"] = Json::array();
      for (const DashboardGroup& group : board.groups) {
        Json entry = {{"group", group.name}};
        entry.update(group_json(group.figures));
        json["groups"].push_back(std::move(entry));
      }
      if (Json certificates = certificates_json(call, board, catalog); !certificates.empty()) {
        json["certificates"] = std::move(certificates);
      }
      write_out(dump(json) + "\n");
    }
  }
}

Expected<NagiosThresholds> read_thresholds(const Call& call) {
  NagiosThresholds thresholds;
  for (const auto& [option, value] :
       {std::pair{"warning", &thresholds.warning}, std::pair{"critical", &thresholds.critical}}) {
    const auto text = call.text(option);
    if (!text) continue;
    if (!call.has("nagios")) return usage(fmt::format("--{} goes with --nagios", option));
    *value = parse_objective(*text);
    if (!*value) return usage(fmt::format("--{}: it takes an uptime between 0 and 1, like 99.9% or 0.999", option));
  }
  return thresholds;
}

/// The table, and what stands above it for a person.
Outcome show_status(const Call& call, const Store& store, const Question& question, DashboardOptions options) {
  const auto catalog = store.catalog();
  auto certificates = certificate_expiries(call, *catalog);
  const std::size_t indent = call.has("groups") ? 2 : 0;
  const StatusLayout layout = choose_layout(call.terminal.width, name_width(*catalog, options.filter) + indent,
                                            {.spans = !asks_for_window(call), .certificates = !certificates.empty()});
  if (call.has("groups")) options.group_rule = GroupOptions{};
  auto boards = ask_for_boards(store, question.query, options, layout, asks_for_window(call));
  if (!boards) return failed(printable(boards.error().message));
  boards->certificates = std::move(certificates);
  if (boards->board.rows.empty()) {
    if (!call.quiet) {
      say(catalog->servers().empty() ? "there are no servers to show; `nines run --config FILE` adds some"
                                     : "no server matches");
    }
    return kExitDone;
  }
  std::map<ServerId, std::string> group_of;
  if (call.has("groups")) {
    for (const Server& server : catalog->servers()) group_of[server.id] = server.group;
  }
  std::optional<Pager> pager;
  constexpr std::size_t kOthers = 3;  // lines: the summary, the titles, the prompt
  if (!call.has("watch")) pager.emplace(call.terminal, boards->board.rows.size() + kOthers);
  if (call.terminal.width > 0) {
    const std::string summary = fmt::format(
        "{}   {}",
        moment_text(std::chrono::floor<std::chrono::seconds>(std::min(question.query.now, question.query.window.to)),
                    question.zone),
        status_summary(boards->board));
    write_out(for_terminal(fit(summary, call.terminal.width), call.terminal) + "\n");
  }
  show_status_table(call.terminal, layout, *boards, call.has("groups"), group_of);
  return kExitDone;
}

/// One server as a screen of `rows` (0: no limit), more as a table.
Outcome show_for_people(const Call& call, const Store& store, const Question& question, const DashboardOptions& options,
                        std::size_t rows) {
  if (call.words.size() != 1) return show_status(call, store, question, options);
  const auto catalog = store.catalog();
  const auto server = find_server(*catalog, call.words[0]);
  if (!server) return tl::unexpected(server.error());
  const auto certificates = certificate_expiries(call, *catalog);
  const auto expiry = certificates.find((*server)->id);
  StoryOptions story{.rows = rows, .certificate = std::nullopt};
  if (expiry != certificates.end()) story.certificate = expiry->second;
  // Its length is known when it is written.
  TextSink sink;
  {
    const OutputScope scope(sink);
    if (auto shown = show_status_story(store, **server, question, call.terminal, story); !shown) {
      return failed(printable(shown.error().message));
    }
  }
  std::optional<Pager> pager;
  constexpr std::size_t kPrompt = 1;
  const auto lines = static_cast<std::size_t>(std::count(sink.text.begin(), sink.text.end(), '\n'));
  if (!call.has("watch")) pager.emplace(call.terminal, lines + kPrompt);
  write_out(sink.text);
  return kExitDone;
}

/// Again and again, on a screen of its own, until a key or a signal ends it.
Outcome watch(const Call& call, Store& store, const DashboardOptions& options, std::chrono::milliseconds every) {
  auto screen = Screen::open();
  if (!screen) return failed(screen.error().message);
  while (true) {
    const auto question = read_question(call);
    if (!question) return tl::unexpected(question.error());
    const auto begin = processor_time();
    if (auto fresh = store.refresh(); !fresh) return failed(printable(fresh.error().message));
    Call here = call;
    here.terminal.width = (*screen)->size().columns;
    std::string frame;
    {
      TextSink sink;
      const OutputScope scope(sink);
      if (auto shown = show_for_people(here, store, *question, options, (*screen)->size().rows); !shown) return shown;
      frame = std::move(sink.text);
    }
    (*screen)->draw(frame);
    const Key key = (*screen)->wait(pause_after(processor_time() - begin, every));
    if (key.kind == Key::Kind::end || (key.kind == Key::Kind::text && key.text == "q")) return kExitDone;
  }
}

/// A failure, as it is told to whoever asked: with --nagios as a line of a plugin.
Outcome refuse(const Call& call, const Failure& failure) {
  if (!call.has("nagios") || failure.exit_code == kExitUsage) return tl::unexpected(failure);
  const NagiosAnswer answer = nagios_unknown(failure.message);
  write_out(answer.line);
  return answer.exit_code;
}

}  // namespace

void status_options(OptionList& options) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("group", text("NAME"), "only this group");
  add("groups", "group by group, with each group's own figures");
  add("tag", po::value<std::vector<std::string>>()->value_name("KEY[=VALUE]"), "only servers with this tag");
  add("state", text("STATE"), "only servers in this state now");
  add("sort", text("ORDER"), "worst (default), name or slowest");
  add("limit", text("N"), "at most so many");
  add("watch", "again and again, until q is pressed");
  add("every", text("SPAN"), "with --watch: time between two looks (default 2s)");
  add("nagios", "one line and the exit code of a Nagios plugin");
  add("warning", text("RATIO"), "with --nagios: an uptime below this, e.g. 99.9%, is a warning");
  add("critical", text("RATIO"), "with --nagios: an uptime below this is critical");
}

Outcome status(const Call& call) {
  const bool asks_format = call.has("output") || call.has("json");
  if (call.has("nagios") && (asks_format || call.has("groups") || call.has("watch"))) {
    return usage("--nagios is a format of its own; it goes without -o, --json, --groups and --watch");
  }
  if (call.has("groups") && (call.format == Format::csv || call.format == Format::ndjson)) {
    return usage("--groups makes no rows of one kind; it takes -o table or json");
  }
  if (call.has("every") && !call.has("watch")) return usage("--every goes with --watch");
  auto options = read_dashboard_options(call);
  if (!options) return tl::unexpected(options.error());
  const auto thresholds = read_thresholds(call);
  if (!thresholds) return tl::unexpected(thresholds.error());
  const auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  const auto every = read_every(call);
  if (!every) return tl::unexpected(every.error());
  const bool table = call.format == Format::table && !call.has("nagios");
  if (call.has("watch") && !(table && call.terminal.out_is_terminal)) {
    return usage("--watch needs a terminal; `nines status` without it is for pipes");
  }
  auto store = open_for_reading(call);
  if (!store) return refuse(call, store.error());
  const auto catalog = (*store)->catalog();
  if (auto checked = check_filter(*catalog, options->filter); !checked) return refuse(call, checked.error());
  if (auto named = find_servers(*catalog, call.words); !named) return refuse(call, named.error());
  if (call.has("watch")) return watch(call, **store, *options, *every);
  if (table) return show_for_people(call, **store, *question, *options, terminal_rows(call.terminal));
  if (call.has("groups")) options->group_rule = GroupOptions{};
  const auto board = dashboard(**store, question->query, *options);
  if (!board) return refuse(call, {kExitFailed, printable(board.error().message)});
  if (call.has("nagios")) {
    const NagiosAnswer answer = nagios_answer(*board, *thresholds);
    write_out(answer.line);
    return answer.exit_code;
  }
  show(call, *board, *(*store)->catalog());
  return kExitDone;
}

}  // namespace nines::tools
