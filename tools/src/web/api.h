// The JSON interface under /api/v1/: the same objects that the commands print, with paging where lists can be long.
//
//   /api/v1/status                         window, from, to, tz, rules; group, tag, state, search, sort; bars; limit,
//   cursor /api/v1/servers                        limit, cursor /api/v1/servers/{name} /api/v1/servers/{name}/uptime
//   window and rules /api/v1/servers/{name}/incidents       window and rules; limit, cursor; newest first
//   /api/v1/servers/{name}/latency         window; points, phases
//   /api/v1/servers/{name}/bars            window and rules; count or by
//   /api/v1/servers/{name}/slo             window and rules; objective
//   /api/v1/servers/{name}/points          window; limit, cursor; oldest first
//
// A page's `next_cursor` is null on the last page. A parameter that is not known or not understood is a 400.
#pragma once

#include <nines/store.h>

#include <optional>

#include "web/message.h"

namespace nines::tools {

/// The answer, or nothing for a path that is not of this interface. Thread-safe.
[[nodiscard]] std::optional<WebResponse> api_answer(const Store& store, const WebRequest& request);

}  // namespace nines::tools
