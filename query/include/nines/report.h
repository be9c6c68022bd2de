// A report for a period: per server and per group, ready to be printed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nines/bars.h>
#include <nines/dashboard.h>
#include <nines/group.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/slo.h>
#include <nines/store.h>
#include <nines/uptime.h>

namespace nines {

struct ReportOptions {
  ServerFilter filter;
  BarOptions bars;                  ///< the periods inside the report, e.g. days of a month in a zone
  GroupOptions group;               ///< how groups combine; weights do not apply
  std::optional<double> objective;  ///< for servers that have none of their own
};

struct ReportServer {
  ServerId server{};
  std::string name;
  std::string group;
  std::string url;
  Figures figures;
  std::vector<Bar> bars;
  std::optional<double> objective;
  std::optional<std::int64_t> budget_ms;  ///< as SloAnswer, over the report's window
  std::optional<std::int64_t> remaining_ms;
  std::optional<bool> objective_met;  ///< none without an objective or a ratio
};

struct ReportGroup {
  std::string name;
  GroupFigures figures;
  std::uint64_t incidents = 0;  ///< of its members
};

struct Report {
  Window window;                      ///< clipped to now
  std::vector<ReportServer> servers;  ///< by name
  std::vector<ReportGroup> groups;    ///< by name
  GroupFigures all;                   ///< of all servers of the report
  Explain explain;
};

/// Errors as dashboard().
[[nodiscard]] Result<Report> report(const Store& store, const Query& query, const ReportOptions& options = {});

}  // namespace nines
