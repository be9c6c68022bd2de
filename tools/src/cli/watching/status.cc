// nines status | top: all servers at a glance, by one range scan each.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "cli/command/session.h"
#include "cli/watching/certificates.h"
#include "cli/watching/commands.h"
#include "cli/watching/pace.h"
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

Expected<DashboardOptions> read_options(const Call& call) {
  DashboardOptions options;
  options.figures.since = options.figures.places = true;
  options.sort = SortBy::worst_first;
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

bool asks_for_window(const Call& call) {
  return call.has("window") || call.has("from") || call.has("to");
}

/// The columns of the longest name among `servers`.
std::size_t name_width(const Catalog& catalog, const ServerFilter& filter) {
  std::size_t width = 0;
  for (const Server& server : catalog.servers()) {
    if (filter.group && server.group != *filter.group) continue;
    width = std::max(width, display_width(printable(server.name)));
  }
  return width;
}

/// Calls `work(index)`, which throws nothing, for each index below `count`, on reading_threads() threads.
template <class Work>
void in_parallel(std::size_t count, const Work& work) {
  std::atomic<std::size_t> next{0};
  const auto take = [&] {
    for (std::size_t index = next++; index < count; index = next++) work(index);
  };
  std::vector<std::jthread> others;
  try {
    const std::size_t threads = std::min<std::size_t>(static_cast<std::size_t>(reading_threads()), count);
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(take);
  } catch (const std::system_error&) {  // no thread is to be had now
  }
  take();
}

/// The uptime of the last 7 and 30 days, of the servers of `board`, which is the answer for `asked`. Whole days are
/// read from summaries.
Result<void> add_ratios(const Store& store, const Query& query, const DashboardOptions& asked,
                        const StatusLayout& layout, StatusBoards& boards) {
  constexpr std::size_t kFew = 200;    // so many may be named one by one
  constexpr std::size_t kSlice = 250;  // servers that one thread takes at a time
  DashboardOptions options;
  options.filter = asked.filter;
  options.filter.state = std::nullopt;  // that of the other window decides who is shown
  options.figures = {.latency = false, .details = false, .since = false};
  std::size_t slices = 1;
  if (const auto& rows = boards.board.rows; rows.size() <= kFew) {
    options.filter.names.clear();
    for (const DashboardRow& row : rows) options.filter.names.push_back(row.name);
  } else {
    slices = (store.catalog()->servers().size() + kSlice - 1) / kSlice;
  }
  struct Part {
    std::chrono::days days;
    Ratios* ratios;
    std::size_t slice;
    Result<Dashboard> answer;
  };
  std::vector<Part> parts;
  for (std::size_t slice = 0; slice < slices; ++slice) {
    if (layout.week) parts.push_back({std::chrono::days{7}, &boards.week, slice, {}});
    if (layout.month) parts.push_back({std::chrono::days{30}, &boards.month, slice, {}});
  }
  in_parallel(parts.size(), [&](std::size_t index) {
    Part& part = parts[index];
    Query longer = query;
    longer.window = {query.window.to - part.days, query.window.to};
    longer.summaries = Summaries::always;
    DashboardOptions own = options;
    if (slices > 1) {
      own.offset = static_cast<std::uint32_t>(part.slice * kSlice);
      own.limit = static_cast<std::uint32_t>(kSlice);
    }
    part.answer = dashboard(store, longer, own);
  });
  for (const Part& part : parts) {
    if (!part.answer) return tl::unexpected(part.answer.error());
    for (const DashboardRow& row : part.answer->rows) (*part.ratios)[row.server] = row.figures.uptime_ratio;
  }
  return {};
}

/// The answers for a table of `layout`.
Result<StatusBoards> ask_for_boards(const Store& store, const Query& query, DashboardOptions options,
                                    const StatusLayout& layout, bool own_window) {
  options.bars.reset();
  if (layout.strip > 0) options.bars = BarOptions{.count = layout.strip, .unit = {}, .zone = {}};
  options.figures.latency = layout.p95 || options.sort == SortBy::slowest;
  options.figures.details = false;
  options.figures.since = layout.age;
  auto board = dashboard(store, query, options);
  if (!board) return tl::unexpected(board.error());
  StatusBoards boards{.board = std::move(*board),
                      .window_title = own_window ? "UPTIME" : "24H",
                      .week = {},
                      .month = {},
                      .certificates = {},
                      .now = query.now};
  if (!boards.board.rows.empty() && (layout.week || layout.month)) {
    if (auto added = add_ratios(store, query, options, layout, boards); !added) return tl::unexpected(added.error());
  }
  return boards;
}

/// The table, and what stands above it for a person.
Outcome show_status(const Call& call, const Store& store, const Question& question, DashboardOptions options) {
  const auto catalog = store.catalog();
  auto certificates = certificate_expiries(call, *catalog);
  const StatusLayout layout = choose_layout(call.terminal.width, name_width(*catalog, options.filter),
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
    const std::string summary =
        fmt::format("{}   {}", moment_text(std::chrono::floor<std::chrono::seconds>(question.query.now), question.zone),
                    status_summary(boards->board));
    write_out(for_terminal(fit(summary, call.terminal.width), call.terminal) + "\n");
  }
  show_status_table(call.terminal, layout, *boards, call.has("groups"), group_of);
  return kExitDone;
}

/// One server as a screen, more as a table.
Outcome show_for_people(const Call& call, const Store& store, const Question& question,
                        const DashboardOptions& options) {
  if (call.words.size() != 1) return show_status(call, store, question, options);
  const auto catalog = store.catalog();
  const auto server = find_server(*catalog, call.words[0]);
  if (!server) return tl::unexpected(server.error());
  const auto certificates = certificate_expiries(call, *catalog);
  const auto expiry = certificates.find((*server)->id);
  const auto certificate = expiry == certificates.end() ? std::optional<TimeMs>() : expiry->second;
  if (auto shown = show_status_story(store, **server, question, call.terminal, certificate); !shown) {
    return failed(printable(shown.error().message));
  }
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
      if (auto shown = show_for_people(here, store, *question, options); !shown) return shown;
      frame = std::move(sink.text);
    }
    (*screen)->draw(frame);
    const Key key = (*screen)->wait(pause_after(processor_time() - begin, every));
    if (key.kind == Key::Kind::end || (key.kind == Key::Kind::text && key.text == "q")) return kExitDone;
  }
}

Expected<std::chrono::milliseconds> read_every(const Call& call) {
  const auto text = call.text("every");
  if (!text) return std::chrono::seconds{2};
  const auto span = parse_duration(*text);
  if (!span || *span < std::chrono::milliseconds{100}) return usage("--every: it takes a span of at least 100ms");
  return *span;
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
  auto options = read_options(call);
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
  if (table) return show_for_people(call, **store, *question, *options);
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

void top_options(OptionList& options) {
  auto add = options.add_options();
  add("every", po::value<std::string>()->value_name("SPAN"), "time between two looks (default 2s)");
  add("group", po::value<std::string>()->value_name("NAME"), "only this group");
  add("tag", po::value<std::vector<std::string>>()->value_name("KEY[=VALUE]"), "only servers with this tag");
}

namespace {

constexpr std::string_view kTopHelp =
    "Keys\n\n"
    "  up down j k     choose a server          enter      open it, and back\n"
    "  page up, down   a screen further         / text     only names or URLs with this text\n"
    "  home end        first and last           esc        all of them again\n"
    "  s               sort: worst, name,       left right half a window back and forth in time\n"
    "                  slowest                  n          now\n"
    "  ?               this help, and back      q          end\n";

/// The full-screen view: what is looked at, and what a key changes of it.
class Top {
 public:
  Top(const Call& call, Store& store, DashboardOptions options, Screen& screen)
      : call_(call), store_(store), options_(std::move(options)), screen_(screen) {
    options_.sort = SortBy::worst_first;
  }

  /// Draws what there is to see now.
  Outcome draw() {
    auto question = read_question(call_);
    if (!question) return tl::unexpected(question.error());
    const auto length = question->query.window.to - question->query.window.from;
    question->query.window = {question->query.window.from - length * back_ / 2,
                              question->query.window.to - length * back_ / 2};
    if (auto fresh = store_.refresh(); !fresh) return failed(printable(fresh.error().message));
    const ScreenSize size = screen_.size();
    Terminal terminal = call_.terminal;
    terminal.width = size.columns;
    TextSink sink;
    Outcome drawn = kExitDone;
    {
      const OutputScope scope(sink);
      drawn = help_ ? draw_help() : open_ ? draw_server(*question, terminal) : draw_list(*question, terminal, size);
    }
    if (drawn)
      screen_.draw(sink.text, help_ || open_ ? std::nullopt : std::optional<std::size_t>(2 + chosen_ - first_));
    return drawn;
  }

  /// False ends the view.
  bool take(const Key& key) {
    using Kind = Key::Kind;
    if (key.kind == Kind::end) return false;
    if (key.kind == Kind::none) return true;
    if (typing_) return take_typed(key), true;
    if (key.kind == Kind::text && key.text == "q") return false;
    if (key.kind == Kind::text && key.text == "?") return help_ = !help_, true;
    if (key.kind == Kind::enter) return open_ = !open_ && !names_.empty(), true;
    if (key.kind == Kind::escape) {
      if (!open_ && !help_) options_.filter.search.clear();
      open_ = help_ = false;
      return true;
    }
    move(key);
    if (key.kind == Kind::left) ++back_;
    if (key.kind == Kind::right && back_ > 0) --back_;
    if (key.kind == Kind::text && key.text == "n") back_ = 0;
    if (key.kind == Kind::text && key.text == "s") {
      options_.sort = options_.sort == SortBy::worst_first ? SortBy::name
                      : options_.sort == SortBy::name      ? SortBy::slowest
                                                           : SortBy::worst_first;
    }
    if (key.kind == Kind::text && key.text == "/") {
      typing_ = true;
      options_.filter.search.clear();
    }
    return true;
  }

 private:
  void take_typed(const Key& key) {
    std::string& search = options_.filter.search;
    if (key.kind == Key::Kind::enter || key.kind == Key::Kind::escape) typing_ = false;
    if (key.kind == Key::Kind::escape) search.clear();
    if (key.kind == Key::Kind::text) search += key.text;
    if (key.kind == Key::Kind::backspace && !search.empty()) search.pop_back();
    chosen_ = 0;
  }

  void move(const Key& key) {
    using Kind = Key::Kind;
    const std::size_t last = matching_ == 0 ? 0 : matching_ - 1;
    const bool is_text = key.kind == Kind::text;
    if (key.kind == Kind::up || (is_text && key.text == "k")) chosen_ -= chosen_ > 0 ? 1 : 0;
    if (key.kind == Kind::down || (is_text && key.text == "j")) ++chosen_;
    if (key.kind == Kind::page_up) chosen_ -= std::min(chosen_, rows_);
    if (key.kind == Kind::page_down) chosen_ += rows_;
    if (key.kind == Kind::home) chosen_ = 0;
    if (key.kind == Kind::end_of_list) chosen_ = last;
    chosen_ = std::min(chosen_, last);
  }

  /// Asked for again every minute: they change by the day.
  const std::map<ServerId, TimeMs>& certificates() {
    constexpr std::chrono::minutes kFresh{1};
    const auto now = std::chrono::steady_clock::now();
    if (!certificates_asked_ || now - *certificates_asked_ >= kFresh) {
      certificates_ = certificate_expiries(call_, *store_.catalog());
      certificates_asked_ = now;
    }
    return certificates_;
  }

  Outcome draw_help() {
    write_out(kTopHelp);
    return kExitDone;
  }

  Outcome draw_server(const Question& question, const Terminal& terminal) {
    const auto catalog = store_.catalog();
    const Server* const server = chosen_ - first_ < names_.size() ? catalog->find(names_[chosen_ - first_]) : nullptr;
    if (server == nullptr) {
      open_ = false;
      write_out("this server has been removed\n");
      return kExitDone;
    }
    const auto expiry = certificates().find(server->id);
    const auto certificate = expiry == certificates_.end() ? std::optional<TimeMs>() : expiry->second;
    if (auto shown = show_status_story(store_, *server, question, terminal, certificate); !shown) {
      return failed(printable(shown.error().message));
    }
    return kExitDone;
  }

  Outcome draw_list(const Question& question, const Terminal& terminal, ScreenSize size) {
    constexpr std::size_t kOthers = 3;  // the summary, the titles, the line of keys
    rows_ = size.rows > kOthers ? size.rows - kOthers : 1;
    if (chosen_ < first_) first_ = chosen_;
    if (chosen_ >= first_ + rows_) first_ = chosen_ + 1 - rows_;
    options_.offset = static_cast<std::uint32_t>(first_);
    options_.limit = static_cast<std::uint32_t>(rows_);
    const StatusLayout layout = choose_layout(terminal.width, name_width(*store_.catalog(), options_.filter),
                                              {.spans = false, .certificates = !certificates().empty()});
    auto boards = ask_for_boards(store_, question.query, options_, layout, asks_for_window(call_));
    if (!boards) return failed(printable(boards.error().message));
    boards->certificates = certificates_;
    boards->now = now();
    matching_ = boards->board.matching;
    chosen_ = std::min<std::size_t>(chosen_, matching_ == 0 ? 0 : matching_ - 1);
    names_.clear();
    for (const DashboardRow& row : boards->board.rows) names_.push_back(row.server);
    const std::string when = moment_text(question.query.window.to, question.zone);
    write_out(for_terminal(fit(fmt::format("{}   {}", when, status_summary(boards->board)), terminal.width), terminal) +
              "\n");
    show_status_table(terminal, layout, *boards, false, {});
    for (std::size_t row = names_.size() + (names_.empty() ? 0 : 1); row < rows_ + 1; ++row) write_out("\n");
    const char* const order = options_.sort == SortBy::worst_first ? "worst"
                              : options_.sort == SortBy::name      ? "name"
                                                                   : "slowest";
    std::string foot = fmt::format("{}-{} of {}   sort {}   ", matching_ == 0 ? 0 : first_ + 1, first_ + names_.size(),
                                   matching_, order);
    const std::string& search = options_.filter.search;
    if (typing_ || !search.empty()) foot += fmt::format("/{}{}   ", printable(search), typing_ ? "_" : "");
    foot += "? help   q end";
    write_out(for_terminal(paint(fit(foot, terminal.width), Colour::grey, terminal.colour), terminal));
    return kExitDone;
  }

  const Call& call_;
  Store& store_;
  DashboardOptions options_;
  Screen& screen_;
  std::vector<ServerId> names_;  // of the rows on the screen
  std::map<ServerId, TimeMs> certificates_;
  std::optional<std::chrono::steady_clock::time_point> certificates_asked_;
  std::size_t rows_ = 1;   // that fit
  std::size_t first_ = 0;  // the row on top
  std::size_t chosen_ = 0;
  std::size_t matching_ = 0;
  int back_ = 0;  // half windows before now
  bool open_ = false;
  bool help_ = false;
  bool typing_ = false;
};

}  // namespace

Outcome top(const Call& call) {
  if (!call.terminal.out_is_terminal) return usage("top needs a terminal; `nines status` is for pipes");
  const auto every = read_every(call);
  if (!every) return tl::unexpected(every.error());
  auto options = read_options(call);
  if (!options) return tl::unexpected(options.error());
  if (const auto question = read_question(call); !question) return tl::unexpected(question.error());
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  if (auto checked = check_filter(*(*store)->catalog(), options->filter); !checked) {
    return tl::unexpected(checked.error());
  }
  auto screen = Screen::open();
  if (!screen) return failed(screen.error().message);
  Top view(call, **store, std::move(*options), **screen);
  while (true) {
    const auto begin = processor_time();
    if (auto drawn = view.draw(); !drawn) return drawn;
    // A key is answered at once.
    if (!view.take((*screen)->wait(pause_after(processor_time() - begin, *every)))) return kExitDone;
  }
}

}  // namespace nines::tools
