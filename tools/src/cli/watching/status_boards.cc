#include "cli/watching/status_boards.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

/// The uptime of the last 7 and 30 days, of the servers of `board`, which is the answer for `asked`. Whole days are
/// read from summaries.
Result<void> add_ratios(const Store& store, const Query& query, const DashboardOptions& asked,
                        const StatusLayout& layout, StatusBoards& boards) {
  constexpr std::size_t kFew = 200;  // so many may be named one by one
  DashboardOptions options;
  options.filter = asked.filter;
  options.filter.state = std::nullopt;  // that of the other window decides who is shown
  options.figures = {.latency = false, .details = false, .since = false};
  if (const auto& rows = boards.board.rows; rows.size() <= kFew) {
    options.filter.names.clear();
    for (const DashboardRow& row : rows) options.filter.names.push_back(row.name);
  }
  const auto add = [&](std::chrono::days days, Ratios& ratios) -> Result<void> {
    Query longer = query;
    longer.window = {query.window.to - days, query.window.to};
    longer.summaries = Summaries::always;
    const auto answer = dashboard(store, longer, options);
    if (!answer) return tl::unexpected(answer.error());
    for (const DashboardRow& row : answer->rows) ratios[row.server] = row.figures.uptime_ratio;
    return {};
  };
  if (layout.week) {
    if (auto added = add(std::chrono::days{7}, boards.week); !added) return added;
  }
  if (layout.month) {
    if (auto added = add(std::chrono::days{30}, boards.month); !added) return added;
  }
  return {};
}

}  // namespace

Expected<DashboardOptions> read_dashboard_options(const Call& call) {
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

Expected<std::chrono::milliseconds> read_every(const Call& call) {
  const auto text = call.text("every");
  if (!text) return std::chrono::seconds{2};
  const auto span = parse_duration(*text);
  if (!span || *span < std::chrono::milliseconds{100}) return usage("--every: it takes a span of at least 100ms");
  return *span;
}

bool asks_for_window(const Call& call) {
  return call.has("window") || call.has("from") || call.has("to");
}

std::size_t name_width(const Catalog& catalog, const ServerFilter& filter) {
  std::size_t width = 0;
  for (const Server& server : catalog.servers()) {
    if (filter.group && server.group != *filter.group) continue;
    const std::size_t own = display_width(printable(server.name));
    if (own <= kLongName) width = std::max(width, own);
  }
  return width;
}

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
                      .now = query.now,
                      .cut_names = false};
  if (!boards.board.rows.empty() && (layout.week || layout.month)) {
    if (auto added = add_ratios(store, query, options, layout, boards); !added) return tl::unexpected(added.error());
  }
  return boards;
}

}  // namespace nines::tools
