// The pages as HTML. Pure functions of their arguments; any thread.
#pragma once

#include <nines/calendar.h>
#include <nines/check_result.h>
#include <nines/dashboard.h>
#include <nines/latency.h>
#include <nines/report.h>
#include <nines/server.h>
#include <nines/slo.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "web/markup.h"

namespace nines::tools {

/// What is around every page.
struct Frame {
  std::string base;        ///< before every path of this site: "/status", or empty
  bool logged_in = false;  ///< somebody by a session: a way out is shown
};

/// How the windows of pages are cut: see live_question().
struct LiveQuestion {
  Query query;
  Zone zone;
  bool zone_asked = false;  ///< by `tz`; else times are shown in the reader's own
  std::string window;       ///< as asked: "24h", or empty for from and to
  BarOptions bars;
  std::string parameters;  ///< "window=24h&tz=Europe%2FParis": what links have to keep
};

/// A server that is not well, and why.
struct Trouble {
  const Server* server = nullptr;
  State state = State::unknown;
  std::optional<TimeMs> since;  ///< none: before the window
  std::string cause;
  std::optional<TimeMs> last_good;
};

struct OverviewView {
  const Dashboard* board = nullptr;
  const Catalog* catalog = nullptr;
  LiveQuestion question;
  std::vector<Trouble> troubles;
  std::optional<TimeMs> newest;  ///< the newest check of all
  bool silent = false;           ///< no server was checked for longer than its results hold
  std::string search;
  std::string state;  ///< comma-separated names of states
  std::string group;
  std::string sort;     ///< as asked; empty is worst first, in groups
  std::string version;  ///< of the rows, for /rows?since=
};
[[nodiscard]] Html overview_page(const OverviewView& view, const Frame& frame);
/// The sentence and what is wrong, which change as checks land.
[[nodiscard]] Html overview_head(const OverviewView& view, const Frame& frame);
[[nodiscard]] std::string overview_title(const OverviewView& view);
/// The cells of one server's row.
[[nodiscard]] Html overview_row(const DashboardRow& row, const Server& server, const LiveQuestion& question,
                                const Frame& frame);
[[nodiscard]] std::string row_class(const DashboardRow& row);

/// A column of the latency chart, in microseconds.
struct ChartPoint {
  TimeMs time{};  ///< the middle of the column; of a single check its own
  std::optional<std::uint32_t> p50;
  std::uint32_t p95 = 0;
  std::uint32_t p99 = 0;
  std::uint64_t failed = 0;
};

/// What the page of one server shows.
struct ServerView {
  const Server* server = nullptr;
  LiveQuestion question;
  const Figures* figures = nullptr;  ///< of the window
  struct Span {
    std::string window;
    std::optional<double> ratio;
    std::optional<double> coverage;
  };
  std::vector<Span> spans;  ///< uptime over 24h, 7d, 30d, 90d
  const std::vector<Bar>* bars = nullptr;
  std::vector<ChartPoint> chart;
  bool single_checks = false;       ///< the chart's points are checks, not columns
  std::vector<Window> maintenance;  ///< in the window
  std::optional<SloAnswer> slo;
  std::vector<CheckResult> checks;  ///< newest first
  bool failed_only = false;
  std::optional<TimeMs> older;  ///< where the next page of checks ends
  std::optional<std::string> previous;
  std::optional<std::string> next;
  bool has_check_page = false;  ///< `checks` end somewhere before now
};
[[nodiscard]] Html server_page(const ServerView& view, const Frame& frame);

[[nodiscard]] Html login_page(const std::string& next, bool failed, const Frame& frame);
/// A page that says one sentence: not found, a bad parameter.
[[nodiscard]] Html message_page(const std::string& title, const std::string& sentence, const Frame& frame);

/// A report as one file that needs nothing else.
[[nodiscard]] std::string report_page(const Report& report, const Zone& zone);

/// The address of an asset with its version: a browser keeps it for ever.
[[nodiscard]] std::string asset_path(const Frame& frame, std::string_view name);

}  // namespace nines::tools
