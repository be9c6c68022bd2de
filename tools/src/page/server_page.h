// The page of one server as HTML. Pure functions of their arguments; any thread.
#pragma once

#include <nines/check_result.h>
#include <nines/server.h>
#include <nines/slo.h>
#include <nines/uptime.h>

#include <optional>
#include <string>
#include <vector>

#include "page/chart.h"
#include "page/frame.h"
#include "page/live_question.h"
#include "page/markup.h"
#include "page/server_details.h"

namespace nines::tools {

/// What the page of one server shows.
struct ServerPage {
  const Server* server = nullptr;
  LiveQuestion question;
  const Figures* figures = nullptr;  ///< of the window, with places
  struct Span {
    std::string window;
    std::optional<double> ratio;
    std::optional<double> coverage;
  };
  std::vector<Span> spans;  ///< uptime over 24h, 7d, 30d, 90d
  const std::vector<Bar>* bars = nullptr;
  ChartView chart;
  std::optional<SloAnswer> slo;
  const ServerDetails* details = nullptr;  ///< of the window
  std::vector<CheckResult> checks;         ///< newest first
  bool failed_only = false;
  std::optional<TimeMs> older;  ///< where the next page of checks ends
  std::optional<std::string> previous;
  std::optional<std::string> next;
  bool has_check_page = false;  ///< `checks` end somewhere before now
};
[[nodiscard]] Html server_page(const ServerPage& page, const Frame& frame);

}  // namespace nines::tools
