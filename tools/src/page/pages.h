// The page of one server, and badges: from a request's parameters to the questions and the answer.
#pragma once

#include <nines/store.h>

#include <optional>

#include "http/message.h"
#include "page/frame.h"

namespace nines::tools {

/// The answer to /server/{name} and /badge/{name}/...; nothing for other paths. Thread-safe.
[[nodiscard]] std::optional<WebResponse> page_answer(const Store& store, const WebRequest& request, const Frame& frame);

}  // namespace nines::tools
