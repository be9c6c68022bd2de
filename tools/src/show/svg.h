// Pictures as inline SVG: heartbeat bars, a latency plot, a badge. Colours come from the page's CSS classes (the badge,
// which stands alone, has its own). Every text is escaped. Pure functions.
#pragma once

#include <nines/bars.h>
#include <nines/latency.h>

#include <optional>
#include <string>
#include <vector>

namespace nines::tools {

/// One rectangle a bar, each with a title for the pointer and for screen readers.
[[nodiscard]] std::string bars_svg(const std::vector<Bar>& bars, const Zone& zone);

/// Mean as a line, minimum to maximum as a band, columns with failures marked. Empty text without any point.
[[nodiscard]] std::string latency_svg(const std::vector<LatencyPoint>& series, Window window, const Zone& zone);

/// `label | value`, coloured by the ratio; grey without one.
[[nodiscard]] std::string badge_svg(const std::string& label, const std::optional<double>& ratio);
/// The colour that a badge has for a ratio.
[[nodiscard]] const char* badge_colour(const std::optional<double>& ratio);
/// What a badge says: "99.95%", or "no data".
[[nodiscard]] std::string badge_text(const std::optional<double>& ratio);

}  // namespace nines::tools
