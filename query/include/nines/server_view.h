// All that a page about one server shows, from one question.
#pragma once

#include <optional>
#include <vector>

#include <nines/bars.h>
#include <nines/latency.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/uptime.h>

namespace nines {

struct ServerViewOptions {
  FiguresOptions figures;
  std::optional<BarOptions> bars;  ///< none: no bars
  LatencyOptions latency;
  std::vector<Window> spans;  ///< further windows whose ratios are wanted, such as the last 7, 30 and 90 days
};

/// The ratios of a further window.
struct SpanRatios {
  Window window;  ///< as clipped
  TimePerState time;
  std::optional<double> uptime_ratio;
  std::optional<double> coverage_ratio;
};

struct ServerView {
  Figures figures;                ///< as uptime() says
  std::vector<Bar> bars;          ///< as bars() says
  LatencyAnswer latency;          ///< as latency() says; its explain is empty
  std::vector<SpanRatios> spans;  ///< one for each of the options, in their order
  Explain explain;                ///< of all of it
};

/// Reads the window once for figures, bars and latencies, and once more for all of `spans` together. Errors: those of
/// uptime(), bars() and latency().
[[nodiscard]] Result<ServerView> server_view(const Store& store, ServerId server, const Query& query,
                                             const ServerViewOptions& options = {});

}  // namespace nines
