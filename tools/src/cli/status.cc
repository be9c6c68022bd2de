// nines status | top: all servers at a glance, by one range scan each.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/commands.h"
#include "cli/session.h"
#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

constexpr std::uint32_t kStripWidth = 40;
constexpr std::uint32_t kNarrowStripWidth = 20;
constexpr std::size_t kNarrowTerminal = 110;

Expected<DashboardOptions> read_options(const Call& call) {
  DashboardOptions options;
  options.figures.since = true;
  options.filter.names = call.words;
  options.filter.group = call.text("group");
  for (const std::string& tag : call.texts("tag")) {
    const std::size_t equals = tag.find('=');
    options.filter.tags[tag.substr(0, equals)] = equals == std::string::npos ? "" : tag.substr(equals + 1);
  }
  if (const auto state = call.text("state")) {
    options.filter.state = parse_state(*state);
    if (!options.filter.state) {
      return usage(
          fmt::format("--state {}: it takes up, degraded, down, maintenance, paused or unknown", printable(*state)));
    }
  }
  if (const auto sort = call.text("sort")) {
    const auto parsed = parse_sort(*sort);
    if (!parsed) return usage(fmt::format("--sort {}: it takes name, worst or slowest", printable(*sort)));
    options.sort = *parsed;
  }
  const auto limit = read_count(call, "limit", 0, 1, 1'000'000);
  if (!limit) return tl::unexpected(limit.error());
  options.limit = static_cast<std::uint32_t>(*limit);
  return options;
}

State current_state(const Figures& figures) {
  return figures.current ? figures.current->state : State::unknown;
}

void show_table(const Call& call, const Dashboard& board) {
  const Terminal& terminal = call.terminal;
  RowWriter rows(Format::table, terminal,
                 {{"server", "NAME"},
                  {"state", "STATE"},
                  {"since", "FOR", true},
                  {"uptime", "UPTIME", true},
                  {"coverage", "COVERAGE", true},
                  {"checks", "CHECKS", true},
                  {"incidents", "OUTAGES", true},
                  {"p50", "P50", true},
                  {"p95", "P95", true},
                  {"strip", "HEARTBEAT"}},
                 "servers");
  for (const DashboardRow& row : board.rows) {
    const Figures& f = row.figures;
    const State state = current_state(f);
    const auto since = f.current ? short_duration((f.window.to - f.current->since).count()) : std::string("-");
    rows.add(
        {{.value = row.name, .text = {}},
         {.value = std::string(to_string(state)), .text = {}, .colour = state_colour(state)},
         {.value = nullptr, .text = since},
         {.value = nullptr, .text = percent_text(f.uptime_ratio)},
         {.value = nullptr, .text = percent_text(f.coverage_ratio)},
         {.value = f.counts.checks, .text = with_commas(f.counts.checks)},
         {.value = f.incidents.size(), .text = {}},
         {.value = nullptr, .text = f.latency ? format_latency(f.latency->p50_us) : "-"},
         {.value = nullptr, .text = f.latency ? format_latency(f.latency->p95_us) : "-"},
         {.value = nullptr, .text = heartbeat_strip(row.bars, terminal), .painted = true, .width = row.bars.size()}});
  }
  rows.finish();
}

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
    rows.add({cell(row.name), cell(std::string(to_string(current_state(f)))), cell(optional_json(f.uptime_ratio)),
              cell(optional_json(f.coverage_ratio)), cell(f.counts.checks), cell(f.counts.failed),
              cell(f.incidents.size()), cell(f.latency ? rounded_json(f.latency->p50_us) : Json()),
              cell(f.latency ? rounded_json(f.latency->p95_us) : Json()),
              cell(f.last ? Json(format_time(f.last->time)) : Json())});
  }
  rows.finish();
}

void show(const Call& call, const Dashboard& board) {
  switch (call.format) {
    case Format::table:
      return show_table(call, board);
    case Format::csv:
      return show_csv(call, board);
    case Format::ndjson:
      for (const DashboardRow& row : board.rows) write_out(dump(figures_json(row.name, row.figures)) + "\n");
      return;
    case Format::json: {
      Json json = {{"window", window_json(board.window)}, {"servers", Json::array()}};
      for (const DashboardRow& row : board.rows) json["servers"].push_back(figures_json(row.name, row.figures));
      write_out(dump(json) + "\n");
    }
  }
}

// A plugin of Nagios: one line with performance data, and its exit code.
int show_nagios(const Dashboard& board) {
  constexpr std::array kNames{"OK", "WARNING", "CRITICAL", "UNKNOWN"};
  std::size_t code = board.rows.empty() ? 3 : 0;
  std::string troubles;
  std::string data;
  for (const DashboardRow& row : board.rows) {
    const State state = current_state(row.figures);
    const std::size_t own = state == State::down ? 2 : state == State::degraded ? 1 : state == State::unknown ? 3 : 0;
    // Critical outranks unknown, unknown outranks warning.
    constexpr std::array kRank{0, 1, 3, 2};
    if (kRank[own] > kRank[code]) code = own;
    std::string name = printable(row.name);
    if (own != 0) troubles += fmt::format("{}{} {}", troubles.empty() ? "" : ", ", name, to_string(state));
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '\'' || c == '=' || c == '|'; }, '_');
    if (row.figures.uptime_ratio) {
      data += fmt::format(" '{} uptime'={}%;;;0;100", name, format_percent(*row.figures.uptime_ratio, 3));
    }
    if (row.figures.latency) {
      data += fmt::format(" '{} p95'={}us;;;0;", name, static_cast<std::uint64_t>(row.figures.latency->p95_us));
    }
  }
  std::replace(troubles.begin(), troubles.end(), '|', '_');
  const std::string what = board.rows.empty() ? "no servers"
                           : troubles.empty() ? fmt::format("{} servers", board.rows.size())
                                              : troubles;
  write_out(fmt::format("NINES {} - {}{}{}\n", kNames[code], what, data.empty() ? "" : " |", data));
  return static_cast<int>(code);
}

void ask_for_bars(const Call& call, DashboardOptions& options) {
  options.bars.emplace();
  const bool narrow = call.terminal.width > 0 && call.terminal.width < kNarrowTerminal;
  options.bars->count = narrow ? kNarrowStripWidth : kStripWidth;
}

}  // namespace

void status_options(OptionList& options) {
  auto add = options.add_options();
  add("group", po::value<std::string>()->value_name("NAME"), "only this group");
  add("tag", po::value<std::vector<std::string>>()->value_name("KEY[=VALUE]"), "only servers with this tag");
  add("state", po::value<std::string>()->value_name("STATE"), "only servers in this state now");
  add("sort", po::value<std::string>()->value_name("ORDER"), "name, worst or slowest");
  add("limit", po::value<std::string>()->value_name("N"), "at most so many");
  add("nagios", "one line and the exit code of a Nagios plugin");
}

Outcome status(const Call& call) {
  auto options = read_options(call);
  if (!options) return tl::unexpected(options.error());
  const auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  auto store = open_for_reading(call);
  constexpr int kNagiosUnknown = 3;
  if (!store) {
    if (!call.has("nagios")) return tl::unexpected(store.error());
    write_out(fmt::format("NINES UNKNOWN - {}\n", store.error().message));
    return kNagiosUnknown;
  }
  if (auto checked = check_filter(*(*store)->catalog(), options->filter); !checked) {
    if (!call.has("nagios")) return tl::unexpected(checked.error());
    write_out(fmt::format("NINES UNKNOWN - {}\n", checked.error().message));
    return kNagiosUnknown;
  }
  if (call.format == Format::table && !call.has("nagios")) ask_for_bars(call, *options);
  const auto board = dashboard(**store, question->query, *options);
  if (!board) {
    // A name that does not exist gets the suggestion that find_server makes.
    const auto catalog = (*store)->catalog();
    if (auto named = find_servers(*catalog, call.words); !named) return tl::unexpected(named.error());
    return failed(printable(board.error().message));
  }
  if (call.has("nagios")) return show_nagios(*board);
  if (board->rows.empty() && call.format == Format::table && !call.quiet) {
    say(board->matching == 0 && call.words.empty() ? "there are no servers to show; `nines run --config FILE` adds some"
                                                   : "no server matches");
  }
  show(call, *board);
  return kExitDone;
}

void top_options(OptionList& options) {
  auto add = options.add_options();
  add("every", po::value<std::string>()->value_name("SPAN"), "time between two looks (default 2s)");
  add("group", po::value<std::string>()->value_name("NAME"), "only this group");
  add("tag", po::value<std::vector<std::string>>()->value_name("KEY[=VALUE]"), "only servers with this tag");
  add("limit", po::value<std::string>()->value_name("N"), "at most so many (default: what fits)");
}

Outcome top(const Call& call) {
  if (!call.terminal.out_is_terminal) return usage("top needs a terminal; `nines status` is for pipes");
  std::chrono::milliseconds every = std::chrono::seconds{2};
  if (const auto text = call.text("every")) {
    const auto span = parse_duration(*text);
    if (!span || *span < std::chrono::milliseconds{100}) return usage("--every: it takes a span of at least 100ms");
    every = *span;
  }
  auto options = read_options(call);
  if (!options) return tl::unexpected(options.error());
  options->sort = SortBy::worst_first;
  ask_for_bars(call, *options);
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  while (true) {
    const auto question = read_question(call);
    if (!question) return tl::unexpected(question.error());
    if (auto fresh = (*store)->refresh(); !fresh) return failed(printable(fresh.error().message));
    const auto board = dashboard(**store, question->query, *options);
    if (!board) return failed(printable(board.error().message));
    write_out("\x1b[H\x1b[2J");  // home, and clear
    write_out(fmt::format("{}   {} servers\n\n", format_time(question->query.now, question->zone), board->matching));
    show_table(call, *board);
    if (!flush_out()) return kExitFailed;
    std::this_thread::sleep_for(every);
  }
}

}  // namespace nines::tools
