// A report for a period.
#include <nines/report.h>

#include <map>

#include "answers/bulk.h"
#include "answers/select.h"
#include "figures/budget.h"

namespace nines {
namespace {

struct GroupMembers {
  std::vector<std::vector<Span>> spans;
  std::uint64_t incidents = 0;
};

ReportServer describe(const Server& server, query::BulkItem&& item, const ReportOptions& options,
                      const Policy& policy) {
  ReportServer line;
  line.server = server.id;
  line.name = server.name;
  line.group = server.group;
  line.url = server.url;
  line.figures = std::move(item.figures);
  item.bars_into(line.bars);
  line.objective = server.objective ? server.objective : options.objective;
  if (!line.objective) return line;
  const query::Share share = query::share_of(line.figures.time, policy);
  line.budget_ms = query::Allowance(*line.objective).budget_ms(share.over_ms);
  line.remaining_ms = *line.budget_ms - share.bad_ms;
  if (line.figures.uptime_ratio) line.objective_met = *line.remaining_ms >= 0;
  return line;
}

std::vector<ReportGroup> make_groups(const Report& report, const std::vector<std::vector<Span>>& spans,
                                     const Policy& policy, const GroupOptions& options) {
  std::map<std::string, GroupMembers> members;
  for (std::size_t i = 0; i < report.servers.size(); ++i) {
    GroupMembers& group = members[report.servers[i].group];
    group.spans.push_back(spans[i]);
    group.incidents += report.servers[i].figures.incidents.size();
  }
  std::vector<ReportGroup> groups;
  groups.reserve(members.size());
  for (const auto& [name, group] : members) {
    groups.push_back({name, combine_group(group.spans, report.window, policy, options), group.incidents});
  }
  return groups;
}

}  // namespace

Result<Report> report(const Store& store, const Query& query, const ReportOptions& options) {
  if (options.objective) {
    if (auto valid = query::validate_objective(*options.objective); !valid) return tl::unexpected(valid.error());
  }
  const auto catalog = store.catalog();
  const auto selected = query::servers_by_name(*catalog, options.filter);
  if (!selected) return tl::unexpected(selected.error());
  const std::vector<const Server*>& servers = *selected;
  std::vector<Window> windows;
  if (!query.window.empty()) {
    auto split = bar_windows(query.window, options.bars);
    if (!split) return tl::unexpected(split.error());
    windows = std::move(*split);
  }

  Report report;
  report.window = {query.window.from, std::max(query.window.from, std::min(query.window.to, query.now))};
  report.servers.resize(servers.size());
  std::vector<std::vector<Span>> spans(servers.size());
  auto read =
      query::read_many(store, servers, query, {FiguresOptions{}, windows}, [&](std::size_t i, query::BulkItem&& item) {
        spans[i].assign(item.reader.spans().begin(), item.reader.spans().end());
        report.servers[i] = describe(*servers[i], std::move(item), options, query.policy);
      });
  if (!read) return tl::unexpected(read.error());
  report.explain = std::move(*read);
  if (options.filter.state) {
    // Lines and spans are parallel; both lose the servers in other states.
    std::size_t kept = 0;
    for (std::size_t i = 0; i < report.servers.size(); ++i) {
      if (state_now(report.servers[i].figures) != *options.filter.state) continue;
      if (kept != i) {
        report.servers[kept] = std::move(report.servers[i]);
        spans[kept] = std::move(spans[i]);
      }
      ++kept;
    }
    report.servers.resize(kept);
    spans.resize(kept);
  }
  GroupOptions rule = options.group;
  rule.weights.clear();
  report.groups = make_groups(report, spans, query.policy, rule);
  report.all = combine_group(spans, report.window, query.policy, rule);
  return report;
}

}  // namespace nines
