// The dashboard: which servers, their rows in order, a page of them, and their groups.
#include <nines/dashboard.h>

#include <algorithm>

#include "answers/bulk.h"
#include "answers/select.h"

namespace nines {
namespace {

// One server's row, and what its group needs to know of it.
struct Entry {
  const Server* server = nullptr;
  DashboardRow row;
  std::vector<Span> spans;

  [[nodiscard]] State state() const noexcept { return state_now(row.figures); }
};

bool before_by_name(const Entry& a, const Entry& b) {
  return a.row.name < b.row.name;
}

bool worse(const Entry& a, const Entry& b) {
  if (a.state() != b.state()) return is_worse(a.state(), b.state());
  const double ratio_a = a.row.figures.uptime_ratio.value_or(-1);
  const double ratio_b = b.row.figures.uptime_ratio.value_or(-1);
  if (ratio_a != ratio_b) return ratio_a < ratio_b;
  return before_by_name(a, b);
}

bool slower(const Entry& a, const Entry& b) {
  const double p95_a = a.row.figures.latency ? a.row.figures.latency->p95_us : -1;
  const double p95_b = b.row.figures.latency ? b.row.figures.latency->p95_us : -1;
  return p95_a != p95_b ? p95_a > p95_b : before_by_name(a, b);
}

void sort_entries(std::vector<Entry>& entries, SortBy sort) {
  switch (sort) {
    case SortBy::name:
      std::sort(entries.begin(), entries.end(), before_by_name);
      return;
    case SortBy::worst_first:
      std::sort(entries.begin(), entries.end(), worse);
      return;
    case SortBy::slowest:
      std::sort(entries.begin(), entries.end(), slower);
      return;
  }
}

template <class T>
void keep_page(std::vector<T>& all, const DashboardOptions& options) {
  const std::size_t begin = std::min<std::size_t>(options.offset, all.size());
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(begin));
  if (options.limit != 0 && all.size() > options.limit) {
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(options.limit), all.end());
  }
}

std::vector<DashboardGroup> make_groups(const std::vector<Entry>& entries, Window window, const Policy& policy,
                                        const GroupOptions& options) {
  std::map<std::string, std::vector<std::vector<Span>>> members;
  for (const Entry& entry : entries) members[entry.server->group].push_back(entry.spans);
  GroupOptions of_group = options;
  of_group.weights.clear();
  std::vector<DashboardGroup> groups;
  groups.reserve(members.size());
  for (const auto& [name, spans] : members) groups.push_back({name, combine_group(spans, window, policy, of_group)});
  return groups;
}

Result<std::vector<Entry>> read_entries(const Store& store, std::span<const Server* const> servers, const Query& query,
                                        const DashboardOptions& options, Dashboard& board) {
  std::vector<Window> windows;
  if (options.bars && !query.window.empty()) {
    auto split = bar_windows(query.window, *options.bars);
    if (!split) return tl::unexpected(split.error());
    windows = std::move(*split);
  }
  std::vector<Entry> entries(servers.size());
  auto read =
      query::read_many(store, servers, query, {options.figures, windows}, [&](std::size_t i, query::BulkItem&& item) {
        Entry& entry = entries[i];
        entry.server = servers[i];
        entry.row.server = servers[i]->id;
        entry.row.name = servers[i]->name;
        entry.row.figures = std::move(item.figures);
        if (i < board.rows.size()) entry.row.bars = std::move(board.rows[i].bars);  // for its memory
        item.bars_into(entry.row.bars);
        const auto spans = item.reader.spans();
        if (options.group_rule) entry.spans.assign(spans.begin(), spans.end());
      });
  if (!read) return tl::unexpected(read.error());
  board.explain = std::move(*read);
  return entries;
}

Result<void> fill(const Store& store, const Query& query, const DashboardOptions& options, Dashboard& board) {
  const auto catalog = store.catalog();
  auto servers = query::servers_by_name(*catalog, options.filter);
  if (!servers) return tl::unexpected(servers.error());
  board.window = {query.window.from, std::max(query.window.from, std::min(query.window.to, query.now))};
  board.matching = static_cast<std::uint32_t>(servers->size());
  const bool page_first = options.sort == SortBy::name && !options.filter.state && !options.group_rule;
  if (page_first) keep_page(*servers, options);
  auto entries = read_entries(store, *servers, query, options, board);
  if (!entries) return tl::unexpected(entries.error());
  if (options.filter.state) {
    std::erase_if(*entries, [&](const Entry& entry) { return entry.state() != *options.filter.state; });
    board.matching = static_cast<std::uint32_t>(entries->size());
  }
  std::fill(std::begin(board.by_state), std::end(board.by_state), 0U);
  for (const Entry& entry : *entries) ++board.by_state[static_cast<std::size_t>(entry.state())];
  board.groups.clear();
  if (options.group_rule) board.groups = make_groups(*entries, board.window, query.policy, *options.group_rule);
  sort_entries(*entries, options.sort);
  if (!page_first) keep_page(*entries, options);
  board.rows.resize(entries->size());
  for (std::size_t i = 0; i < entries->size(); ++i) board.rows[i] = std::move((*entries)[i].row);
  return {};
}

}  // namespace

std::optional<SortBy> parse_sort(std::string_view text) noexcept {
  if (text == "name") return SortBy::name;
  if (text == "worst") return SortBy::worst_first;
  if (text == "slowest") return SortBy::slowest;
  return std::nullopt;
}

Result<void> dashboard(const Store& store, const Query& query, const DashboardOptions& options, Dashboard& board) {
  auto filled = fill(store, query, options, board);
  if (!filled) board = {};
  return filled;
}

Result<Dashboard> dashboard(const Store& store, const Query& query, const DashboardOptions& options) {
  Dashboard board;
  if (auto filled = fill(store, query, options, board); !filled) return tl::unexpected(filled.error());
  return board;
}

}  // namespace nines
