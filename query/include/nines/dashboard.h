// The dashboard: figures and bars of many servers in one bulk call.
//
// One range scan a server, and one more for a server that needs a look beyond the window: an outage under way at its
// start or failures not yet decided at its end. With Options::performance.scan_threads > 1 servers are worked on in
// parallel.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nines/bars.h>
#include <nines/group.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/uptime.h>

namespace nines {

enum class SortBy : std::uint8_t {
  name,
  worst_first,  ///< by the state now as kWorstFirst; within these by uptime, none first, then name
  slowest,      ///< by p95, greatest first, those without latencies last
};
[[nodiscard]] std::optional<SortBy> parse_sort(std::string_view text) noexcept;  ///< "name", "worst", "slowest"

/// Which servers. Empty members do not restrict; those given must all hold.
struct ServerFilter {
  std::vector<std::string> names;           ///< exact; one that does not exist is `not_found`
  std::optional<std::string> group;         ///< exact
  std::map<std::string, std::string> tags;  ///< each must be there with this value; an empty value: be there
  std::optional<State> state;               ///< the state now (Figures::current)
  std::string search;                       ///< a part of the name or URL, ASCII letters of either case
};

struct DashboardOptions {
  ServerFilter filter;
  SortBy sort = SortBy::name;
  std::uint32_t offset = 0;        ///< rows left out at the beginning, after sorting
  std::uint32_t limit = 0;         ///< rows at most; 0 is all
  std::optional<BarOptions> bars;  ///< none: no bars
  /// Without `since`: reading each row back to where its state began costs about a summary a day of it. Worth it for a
  /// page of rows.
  FiguresOptions figures{.since = false};
  std::optional<GroupOptions>
      group_rule;  ///< given: `groups` is filled, over all servers that match, not just the page
};

struct DashboardRow {
  ServerId server{};
  std::string name;
  Figures figures;
  std::vector<Bar> bars;
};

struct DashboardGroup {
  std::string name;
  GroupFigures figures;
};

struct Dashboard {
  Window window;                             ///< clipped to now
  std::uint32_t matching = 0;                ///< servers that match, on all pages
  std::uint32_t by_state[kStateCount] = {};  ///< of those that were read, how many are in each state now
  std::vector<DashboardRow> rows;            ///< the page
  std::vector<DashboardGroup> groups;        ///< by name; servers without a group are in ""
  Explain explain;

  [[nodiscard]] std::uint32_t count(State state) const noexcept { return by_state[static_cast<std::size_t>(state)]; }
};

/// Sorting by name without a state filter or groups reads the page's servers only; everything else reads all that
/// match.
[[nodiscard]] Result<Dashboard> dashboard(const Store& store, const Query& query, const DashboardOptions& options);
/// The same into `board`, whatever it held: its bars' memory is used again, which a board that is drawn every few
/// seconds would otherwise fetch from the system each time. After an error it is empty.
[[nodiscard]] Result<void> dashboard(const Store& store, const Query& query, const DashboardOptions& options,
                                     Dashboard& board);

}  // namespace nines
