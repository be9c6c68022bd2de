// nines tail: the newest results of servers, and with -f those that come.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <thread>
#include <tuple>
#include <vector>

#include "cli/asking/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "exchange/record_line.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/ascii.h"
#include "show/broken.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;
using std::chrono::milliseconds;

// A result that arrives later than this after its own time is history that somebody imports, and is not told.
constexpr std::chrono::minutes kLate{10};

bool comes_before(const CheckResult& a, const CheckResult& b) {
  return std::tuple(a.time, a.server, a.location) < std::tuple(b.time, b.server, b.location);
}

/// Writes results as lines that are there at once, each by itself: a table's columns keep the widths that they begin
/// with.
class ResultLines {
 public:
  ResultLines(const Call& call, const std::vector<const Server*>& servers, const Zone& zone)
      : call_(call), zone_(zone) {
    constexpr std::size_t kLongName = 32;
    for (const Server* server : servers) {
      const std::size_t width = display_width(printable(server->name));
      if (width <= kLongName) name_width_ = std::max(name_width_, width);
    }
    if (call.format == Format::csv) {
      std::string line;
      for (const Field field : export_fields(false))
        line += fmt::format("{}{}", line.empty() ? "" : ",", to_string(field));
      write_out(line + "\n");
    }
  }

  void add(const std::string& name, const CheckResult& result) const {
    if (call_.format == Format::table) return add_text(name, result);
    const auto fields = export_fields(false);
    const std::vector<Cell> cells = record_cells(name, result, false);
    Json json = Json::object();
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      json[std::string(to_string(fields[i]))] = cells[i].value;
      const Json& value = cells[i].value;
      const std::string text = value.is_null() ? "" : value.is_string() ? value.get<std::string>() : dump(value);
      line += (i == 0 ? "" : ",") + csv_field(text);
    }
    write_out((call_.format == Format::csv ? line : dump(json)) + "\n");
  }

 private:
  void add_text(const std::string& name, const CheckResult& result) const {
    constexpr std::size_t kGap = 2;
    constexpr std::size_t kStateWidth = 8;
    constexpr std::size_t kDate = 11;  // "2026-07-14 "
    const std::size_t width = call_.terminal.width;
    const std::string full = printable(name);
    std::string when = moment_text(result.time, zone_);
    const std::size_t others = kGap + name_width_ + kGap + kStateWidth;
    // Where there is little room the date goes, and what is left beside a name that has a line of its own.
    if (width > 0 && display_width(when) + others > width) when.erase(0, kDate);
    const bool above = display_width(full) > name_width_ || (width > 0 && display_width(when) + others > width);
    std::string begin = when;
    if (above) {
      const std::vector<std::string> pieces = width > 0 ? broken(full, width) : std::vector{full};
      for (const std::string& piece : pieces) write_out(for_terminal(piece, call_.terminal) + "\n");
    } else {
      begin += std::string(kGap, ' ') + full + std::string(name_width_ - display_width(full), ' ');
    }
    add_state(begin + std::string(kGap, ' '), result);
  }

  /// What comes behind the time and the name.
  void add_state(const std::string& begin, const CheckResult& result) const {
    constexpr std::size_t kStateWidth = 8;
    const std::size_t width = call_.terminal.width;
    const std::string state(to_string(result.state));
    std::string rest = result.latency_us ? format_latency(*result.latency_us) : "-";
    if (result.code != 0) rest += fmt::format("  {}", result.code);
    if (result.error != ErrorClass::none) rest += fmt::format("  {}", to_string(result.error));
    if (static_cast<std::uint16_t>(result.location) != 0) {
      rest += fmt::format("  place {}", static_cast<std::uint16_t>(result.location));
    }
    if (!result.detail.empty()) rest += "  " + printable(result.detail);
    const std::string pad(state.size() < kStateWidth ? kStateWidth - state.size() : 0, ' ');
    const std::size_t used = display_width(begin) + state.size() + pad.size() + 2;
    if (width > 0 && used >= width) return write_out(for_terminal(fit(begin + state, width), call_.terminal) + "\n");
    const std::string tail = width > 0 ? fit(rest, width - used) : rest;
    const std::string coloured = paint(state, state_colour(result.state), call_.terminal.colour);
    write_out(for_terminal(fmt::format("{}{}{}  {}\n", begin, coloured, pad, tail), call_.terminal));
  }

  const Call& call_;
  const Zone& zone_;
  std::size_t name_width_ = 1;
};

/// The results of all `servers` from a moment on, in the order of time.
class Arrivals {
 public:
  explicit Arrivals(std::vector<std::string> names) : names_(std::move(names)) {}

  /// The newest `count` of all servers.
  Expected<std::vector<CheckResult>> newest(const Store& store, const std::vector<const Server*>& servers,
                                            std::size_t count) {
    std::vector<CheckResult> all;
    for (const Server* server : servers) {
      const auto found = store.newest(server->id, kTimeLimit, count);
      if (!found) return failed(printable(found.error().message));
      all.insert(all.end(), found->begin(), found->end());
      std::sort(all.begin(), all.end(), comes_before);
      if (all.size() > count) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(count));
    }
    return all;
  }

  /// Those that were not there at the last call, of times that are not long past. The first call returns none.
  Expected<std::vector<CheckResult>> take_new(const Store& store) {
    const auto catalog = store.catalog();
    std::vector<const Server*> servers;
    for (const Server& server : catalog->servers()) {
      if (names_.empty() || std::find(names_.begin(), names_.end(), server.name) != names_.end()) {
        servers.push_back(&server);
      }
    }
    const TimeMs since = now() - kLate;
    seen_.erase(seen_.begin(), seen_.lower_bound({since, {}, {}}));
    std::vector<CheckResult> fresh;
    std::vector<ServerId> ids;
    for (const Server* server : servers) ids.push_back(server->id);
    const auto read =
        store.scan_many(ids, {since, kTimeLimit}, {.columns = {.latency = true, .phases = false, .details = true}},
                        [&](std::size_t index, Cursor& cursor) -> Result<void> {
                          return cursor.for_each([&](const Segment& segment) {
                            visit_results(ids[index], segment, [&](CheckResult&& result) {
                              if (seen_.emplace(result.time, result.server, result.location).second && begun_) {
                                fresh.push_back(std::move(result));
                              }
                              return true;
                            });
                          });
                        });
    if (!read) return failed(printable(read.error().message));
    begun_ = true;
    std::sort(fresh.begin(), fresh.end(), comes_before);
    return fresh;
  }

 private:
  std::vector<std::string> names_;
  std::set<std::tuple<TimeMs, ServerId, LocationId>> seen_;
  bool begun_ = false;
};

}  // namespace

void tail_options(OptionList& options) {
  auto add = options.add_options();
  add("follow,f", "go on with the results that come, until it is interrupted");
  add("lines,n", po::value<std::string>()->value_name("N"), "of the newest to begin with (default 10)");
  add("every", po::value<std::string>()->value_name("SPAN"), "with -f: time between two looks (default 1s)");
  add("tz", po::value<std::string>()->value_name("ZONE"), "of the times of the table (default UTC)");
}

Outcome tail(const Call& call) {
  const auto lines = read_count(call, "lines", 10, 0, Store::kMaxNewest);
  if (!lines) return tl::unexpected(lines.error());
  const bool follows = call.has("follow");
  if (call.has("every") && !follows) return usage("--every goes with --follow");
  if (follows && call.format == Format::json) return usage("--follow has no end, so it takes -o ndjson or csv");
  const auto every = parse_duration(call.text("every").value_or("1s"));
  if (!every || *every < milliseconds{100}) return usage("--every: it takes a span of at least 100ms");
  const auto zone = Zone::find(call.text("tz").value_or("UTC"));
  if (!zone) return usage(fmt::format("--tz: {}", printable(zone.error().message)));

  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto servers = find_servers(*catalog, call.words);
  if (!servers) return tl::unexpected(servers.error());
  Arrivals arrivals(call.words);
  // Before the newest are read: what comes in between is told twice rather than never.
  if (follows) {
    if (const auto there = arrivals.take_new(**store); !there) return tl::unexpected(there.error());
  }
  std::vector<CheckResult> newest;
  if (*lines > 0) {
    auto found = arrivals.newest(**store, *servers, static_cast<std::size_t>(*lines));
    if (!found) return tl::unexpected(found.error());
    newest = std::move(*found);
  }
  if (!follows && call.format == Format::json) {
    std::vector<Column> columns;
    for (const Field field : export_fields(false)) columns.push_back({std::string(to_string(field)), {}});
    RowWriter rows(call.format, call.terminal, std::move(columns), "results");
    for (const CheckResult& result : newest) {
      rows.add(record_cells(catalog->find(result.server)->name, result, false));
    }
    rows.finish();
    return kExitDone;
  }
  const ResultLines writer(call, *servers, *zone);
  for (const CheckResult& result : newest) writer.add(catalog->find(result.server)->name, result);
  while (follows && flush_out()) {
    const auto begin = std::chrono::steady_clock::now();
    if (auto fresh = (*store)->refresh(); !fresh) return failed(printable(fresh.error().message));
    const auto results = arrivals.take_new(**store);
    if (!results) return tl::unexpected(results.error());
    const auto known = (*store)->catalog();
    for (const CheckResult& result : *results) {
      const Server* const server = known->find(result.server);
      if (server != nullptr) writer.add(server->name, result);
    }
    if (!flush_out()) break;
    // At most a fiftieth of a core, however many servers there are.
    constexpr int kShare = 50;
    const auto spent = std::chrono::steady_clock::now() - begin;
    std::this_thread::sleep_for(std::max<std::chrono::steady_clock::duration>(*every, spent * kShare));
  }
  return kExitDone;
}

}  // namespace nines::tools
