// The pages, rendered on the server as HTML that stands alone: CSS and the few lines of script are inline.
//
// Everything that came from outside is escaped. Pure functions of their arguments.
#pragma once

#include <nines/calendar.h>
#include <nines/check_result.h>
#include <nines/dashboard.h>
#include <nines/latency.h>
#include <nines/report.h>
#include <nines/server.h>

#include <string>
#include <utility>
#include <vector>

namespace nines::tools {

/// What the dashboard shows and how it was asked for.
struct DashboardView {
  const Dashboard* board = nullptr;
  const Catalog* catalog = nullptr;
  std::string window;  ///< as asked: "24h"
  std::string search;
  std::string sort;
  std::uint32_t offset = 0;
  std::uint32_t limit = 0;
  Zone zone;
};
[[nodiscard]] std::string dashboard_page(const DashboardView& view);

/// What the page of one server shows.
struct ServerView {
  const Server* server = nullptr;
  std::string window;
  const Figures* figures = nullptr;                                  ///< of the window
  std::vector<std::pair<std::string, std::optional<double>>> spans;  ///< uptime over 24h, 7d, 30d, 90d
  const std::vector<Bar>* bars = nullptr;                            ///< of the window
  const LatencyAnswer* latency = nullptr;                            ///< of the window, with a series
  std::vector<CheckResult> newest;                                   ///< newest first
  Zone zone;
};
[[nodiscard]] std::string server_page(const ServerView& view);

[[nodiscard]] std::string report_page(const Report& report, const Zone& zone);

/// A page that says one sentence: not found, a bad parameter.
[[nodiscard]] std::string message_page(const std::string& title, const std::string& sentence);

}  // namespace nines::tools
