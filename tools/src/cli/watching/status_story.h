// One server on one screen: what it is, how it is, what happened last, and what is ahead. One thread.
#pragma once

#include <nines/latency.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "show/output.h"
#include "show/times.h"

namespace nines::tools {

struct StoryOptions {
  std::size_t rows = 0;               ///< of the screen, which it is to fit where it can; 0 is no limit
  std::optional<TimeMs> certificate;  ///< when the first of its chain expires, where that is known
};

/// Writes the screen. `question` gives the moment, the zone and the rules; its window is that of the latency plot.
/// Errors are those of the queries.
[[nodiscard]] Result<void> show_status_story(const Store& store, const Server& server, const Question& question,
                                             const Terminal& terminal, const StoryOptions& options);

/// Where a plot of `points` begins: 0, or the least of them where all lie in its upper half.
[[nodiscard]] std::uint32_t plot_base(std::span<const LatencyPoint> points);

/// The latencies from `base_us` on as a plot of `columns` x `rows` characters, with the band from least to greatest and
/// the mean in it; nothing without latencies. `points` are those of a series over `window`.
[[nodiscard]] std::vector<std::string> latency_plot(std::span<const LatencyPoint> points, Window window,
                                                    std::size_t columns, std::size_t rows, bool utf8,
                                                    std::uint32_t base_us = 0);

}  // namespace nines::tools
