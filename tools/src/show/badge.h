// Badges: a label and a value in a small picture, for pages of others. Every text is escaped. Pure functions; any
// thread.
#pragma once

#include <nines/types.h>

#include <optional>
#include <string>

namespace nines::tools {

/// The right half of a badge.
struct Badge {
  std::string value;
  const char* colour = "#757575";  ///< white text on it has a contrast of 4.5 or more
};
/// "99.95%", or "no data".
[[nodiscard]] Badge uptime_badge(const std::optional<double>& ratio);
/// "up", "down" and so on.
[[nodiscard]] Badge state_badge(State state);
/// "81.2 ms", or "no data".
[[nodiscard]] Badge latency_badge(const std::optional<double>& us);

/// `label | value` as a picture of its own.
[[nodiscard]] std::string badge_svg(const std::string& label, const Badge& badge);

}  // namespace nines::tools
