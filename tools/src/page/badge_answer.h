// GET .../badge/NAME/KIND: a badge of one server.
#pragma once

#include <nines/store.h>

#include <optional>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace nines::tools {

/// What stands behind the server's name in a badge's path.
struct BadgeKind {
  enum class Figure : std::uint8_t { uptime, state, latency } figure = Figure::uptime;
  bool svg = true;  ///< else what shields.io takes
};
/// A path's "NAME/uptime.svg" in its parts; nothing when it does not end like a badge.
[[nodiscard]] std::optional<std::pair<std::string_view, BadgeKind>> split_badge(std::string_view rest);

/// Parameters: window, from, to, tz, label. A badge is made to stand on other sites' pages, and says so.
[[nodiscard]] WebResponse badge_answer(const Store& store, const WebRequest& request, const Server* server,
                                       BadgeKind kind);

}  // namespace nines::tools
