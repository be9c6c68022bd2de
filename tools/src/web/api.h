// The JSON interface under /api/v1/: the same objects that the commands print, with paging where lists can be long.
// tools/API.md has its paths, parameters, answers and errors.
#pragma once

#include <nines/store.h>

#include <optional>

#include "http/message.h"

namespace nines::tools {

/// The answer, or nothing for a path that is not of this interface. Thread-safe.
[[nodiscard]] std::optional<WebResponse> api_answer(const Store& store, const WebRequest& request);

}  // namespace nines::tools
