// The strip of bars that shows what a server did over a window. Pure functions; any thread.
#pragma once

#include <nines/bars.h>
#include <nines/uptime.h>

#include <string>
#include <vector>

#include "page/live_question.h"
#include "page/markup.h"

namespace nines::tools {

/// One path a state; the height of each part of a bar is its share of the bar's time, so that a short outage is seen
/// and a long one is seen to be long. `label` says it in words.
[[nodiscard]] Html strip(const std::vector<Bar>& bars, const std::string& label);
[[nodiscard]] std::string strip_label(const Figures& figures);
/// An attribute with the edges of the bars, for the tips.
[[nodiscard]] Html edges_attribute(const std::vector<Bar>& bars);
/// The ends of a window below or above a strip; with `quarters` also what lies between.
[[nodiscard]] Html axis(const LiveQuestion& question, bool quarters = false);

}  // namespace nines::tools
