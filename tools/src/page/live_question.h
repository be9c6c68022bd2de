// The question of a page that is looked at for a while.
#pragma once

#include <nines/bars.h>
#include <nines/query.h>

#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "show/times.h"

namespace nines::tools {

/// How the windows of pages are cut: see live_question().
struct LiveQuestion {
  Query query;
  Zone zone;
  bool zone_asked = false;  ///< by `tz`; else times are shown in the reader's own
  std::string window;       ///< as asked: "24h", or empty for from and to
  BarOptions bars;
  std::string parameters;  ///< "window=24h&tz=Europe%2FParis": what links have to keep
};

/// `window` 1h, 24h, 7d, 30d or 90d ends at the next edge of its
/// bars (calendar days of the zone from 30d on), so that the same question is asked until a bar is over; other windows,
/// and from and to, are as asked. Errors are invalid_argument.
[[nodiscard]] Result<LiveQuestion> live_question(const WebRequest& request, TimeMs now);

/// "&tz=Europe%2FParis" where the zone was asked for, else nothing: what links have to keep besides the window.
[[nodiscard]] std::string zone_parameter(const LiveQuestion& question);

/// `invalid_argument`, with the name that was probably meant, when a parameter is none of `names`.
[[nodiscard]] Result<void> check_names(const WebRequest& request, std::span<const std::string_view> names);
/// The parameters of a page, where an empty one, as forms send it, is one that was not given. `request` must outlive
/// it.
[[nodiscard]] Lookup given_parameters(const WebRequest& request);

}  // namespace nines::tools
