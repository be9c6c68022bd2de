// nines report: a period, server by server and group by group, as JSON, CSV or a page to print.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cli/asking/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "report/digest.h"
#include "report/print.h"
#include "report/report_page.h"
#include "show/answers.h"
#include "show/number.h"
#include "show/service_level.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

Expected<ReportOptions> read_options(const Call& call, const Zone& zone) {
  ReportOptions options;
  options.filter.names = call.words;
  options.filter.group = call.text("group");
  options.bars.zone = zone;
  const auto unit = parse_calendar_unit(call.text("by").value_or("day"));
  if (!unit) return usage(fmt::format("--by: {}", printable(unit.error().message)));
  options.bars.unit = *unit;
  if (const auto rule = call.text("group-rule")) {
    const auto parsed = parse_group_rule(*rule);
    if (!parsed) {
      return usage(
          fmt::format("--group-rule {}: it takes worst-of, all-up, quorum or weighted-mean", printable(*rule)));
    }
    options.group.rule = *parsed;
  }
  const auto quorum = read_count(call, "quorum", 1, 1, 1'000'000);
  if (!quorum) return tl::unexpected(quorum.error());
  options.group.quorum = static_cast<std::uint32_t>(*quorum);
  if (const auto text = call.text("objective")) {
    options.objective = parse_objective(*text);
    if (!options.objective) return usage("--objective: it must lie between 0 and 1, like 99.9% or 0.999");
  }
  return options;
}

void show_rows(const Call& call, const Report& report) {
  RowWriter rows(call.format, call.terminal,
                 {{"server", "NAME"},
                  {"group", "GROUP", false, 5},
                  {"uptime_ratio", "UPTIME", true},
                  {"coverage_ratio", "COVERAGE", true, 4},
                  {"checks", "CHECKS", true, 6},
                  {"failed_checks", "FAILED", true, 3},
                  {"incidents", "OUTAGES", true},
                  {"down_ms", "DOWN", true},
                  {"longest_outage_ms", "LONGEST", true, 7},
                  {"p95_us", "P95", true, 2},
                  {"objective", "OBJECTIVE", true, 9},
                  {"objective_met", "MET", false, 1},
                  {"remaining_ms", "BUDGET LEFT", true, 8}},
                 "servers", window_json(report.window));
  for (const ReportServer& server : report.servers) {
    const Figures& f = server.figures;
    const auto down = f.time[State::down];
    rows.add(
        {cell(server.name), cell(server.group), cell(optional_json(f.uptime_ratio), percent_text(f.uptime_ratio)),
         cell(optional_json(f.coverage_ratio), percent_text(f.coverage_ratio)), cell(f.counts.checks),
         cell(f.counts.failed), cell(f.incidents.size()), cell(down, short_duration(down)),
         cell(optional_json(f.longest_outage_ms), f.longest_outage_ms ? short_duration(*f.longest_outage_ms) : "-"),
         cell(f.latency ? rounded_json(f.latency->p95_us) : Json(),
              f.latency ? format_latency(f.latency->p95_us) : "-"),
         cell(optional_json(server.objective), server.objective ? format_percent(*server.objective, 3) + " %" : "-"),
         cell(optional_json(server.objective_met),
              !server.objective_met   ? "-"
              : *server.objective_met ? "yes"
                                      : "no",
              server.objective_met && !*server.objective_met ? Colour::red : Colour::none),
         cell(optional_json(server.remaining_ms),
              server.remaining_ms ? (*server.remaining_ms < 0 ? "overspent" : short_duration(*server.remaining_ms))
                                  : "-")});
  }
  rows.finish();
}

void show_groups(const Call& call, const Report& report) {
  write_out("\n");
  RowWriter rows(Format::table, call.terminal,
                 {{"group", "GROUP"},
                  {"members", "SERVERS", true},
                  {"uptime", "UPTIME", true},
                  {"coverage", "COVERAGE", true},
                  {"incidents", "OUTAGES", true}},
                 "groups");
  const auto add = [&rows](const std::string& name, const GroupFigures& group, Json incidents) {
    rows.add({cell(name), cell(group.members), cell(nullptr, percent_text(group.uptime_ratio)),
              cell(nullptr, percent_text(group.coverage_ratio)), cell(std::move(incidents))});
  };
  std::uint64_t incidents = 0;
  for (const ReportGroup& group : report.groups) {
    add(group.name.empty() ? "(no group)" : group.name, group.figures, group.incidents);
    incidents += group.incidents;
  }
  add("all", report.all, incidents);
  rows.finish();
}

// A word for a shell.
std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:%+@,";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

// The command that makes the same page again, its window by moments.
std::string command_again(const Call& call, const Question& question) {
  std::string text = "nines report";
  for (const std::string& word : call.words) text += fmt::format(" {}", quoted(word));
  text += fmt::format(" --from {} --to {} --tz {} --html", format_time(question.query.window.from),
                      format_time(question.query.window.to), question.zone.name());
  for (const char* option : {"by", "group", "group-rule", "quorum", "objective", "title", "maintenance", "unknown",
                             "confirm-failures", "confirm-successes"}) {
    if (const auto value = call.text(option)) text += fmt::format(" --{} {}", option, quoted(*value));
  }
  if (call.has("exact")) text += " --exact";
  return text;
}

// Time and ratio in the service hours of those servers that have some.
Result<std::map<ServerId, ServiceHoursAnswer>> hours_of(const Store& store, const Question& question,
                                                        const Report& answer) {
  std::map<ServerId, ServiceHoursAnswer> all;
  const auto catalog = store.catalog();
  for (const ReportServer& line : answer.servers) {
    const Server* const server = catalog->find(line.server);
    if (server == nullptr) continue;  // the page says so
    const auto hours = service_hours_for(std::nullopt, *server, question.zone);
    if (!hours) return tl::unexpected(hours.error());
    if (!*hours) continue;
    auto in_hours = uptime_in_hours(store, line.server, question.query, **hours);
    if (!in_hours) return tl::unexpected(in_hours.error());
    all.emplace(line.server, std::move(*in_hours));
  }
  return all;
}

Outcome show_page(const Call& call, const Store& store, const Question& question, const Report& answer,
                  GroupRule group_rule) {
  const auto digest = digest_of(store, answer, question.query);
  if (!digest) return failed(printable(digest.error().message));
  const auto hours = hours_of(store, question, answer);
  if (!hours) return failed(printable(hours.error().message));
  const auto catalog = store.catalog();
  const auto page = report_page({&answer, catalog.get(), question.query, question.zone, command_again(call, question),
                                 call.text("title").value_or(""), *digest, group_rule, *hours});
  if (!page) return failed(printable(page.error().message));
  if (const auto file = call.text("pdf")) {
    if (auto printed = print_pdf(*page, *file); !printed) return failed(printable(printed.error().message));
  }
  if (call.has("html")) write_out(*page);
  return kExitDone;
}

}  // namespace

void report_options(OptionList& options) {
  auto add = options.add_options();
  const auto text = [](const char* name) { return po::value<std::string>()->value_name(name); };
  add("by", text("UNIT"), "periods inside the report: hour, day, week, month, quarter, year (default day)");
  add("group", text("NAME"), "only this group");
  add("group-rule", text("RULE"), "worst-of (default), all-up, quorum or weighted-mean");
  add("quorum", text("N"), "members that must be up, for --group-rule quorum");
  add("objective", text("RATIO"), "for servers without one of their own, e.g. 99.9%");
  add("month", text("MONTH"), "short for --window: 2026-07 of --tz");
  add("title", text("TEXT"), "what stands on top of the page");
  add("html", "one page that needs nothing else, to read and to print");
  add("pdf", text("FILE"), "the same page as PDF, where Chromium is there");
}

Outcome report_command(const Call& given) {
  Call call = given;
  if (const auto month = call.text("month")) {
    if (call.has("window") || call.has("from")) return usage("--month goes without --window and --from");
    call.values.insert_or_assign("window", call.values["month"]);
  }
  if ((call.has("html") || call.has("pdf")) && (call.has("output") || call.has("json"))) {
    return usage("--html and --pdf are formats of their own; they go without -o and --json");
  }
  const auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  const auto options = read_options(call, question->zone);
  if (!options) return tl::unexpected(options.error());
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  if (auto checked = check_filter(*(*store)->catalog(), options->filter); !checked) {
    return tl::unexpected(checked.error());
  }
  const auto answer = report(**store, question->query, *options);
  if (!answer) {
    const auto catalog = (*store)->catalog();
    if (auto named = find_servers(*catalog, call.words); !named) return tl::unexpected(named.error());
    return failed(printable(answer.error().message));
  }
  if (call.has("html") || call.has("pdf")) return show_page(call, **store, *question, *answer, options->group.rule);
  if (call.format == Format::json) {
    const auto digest = digest_of(**store, *answer, question->query);
    if (!digest) return failed(printable(digest.error().message));
    Json json = report_json(*answer, *(*store)->catalog());
    json["sha256"] = {{"results", digest->results}, {"catalog", digest->catalog}};
    write_out(dump(json) + "\n");
    return kExitDone;
  }
  if (call.format == Format::table) {
    show_text(call.terminal, fmt::format("Report of {}", window_text(answer->window, question->zone)));
    write_out("\n");
  }
  show_rows(call, *answer);
  if (call.format == Format::table) {
    show_groups(call, *answer);
    const bool measured = std::any_of(answer->servers.begin(), answer->servers.end(), [](const ReportServer& each) {
      return each.figures.counts.checks > 0 || each.figures.coverage_ratio.value_or(0) > 0;
    });
    if (!measured && !call.quiet) say("nothing was measured in this window; --window 7d is the last week");
  }
  return kExitDone;
}

}  // namespace nines::tools
