// The pages and badges of the site: from a request's parameters to the questions and the HTML.
#pragma once

#include <nines/store.h>

#include <optional>

#include "web/message.h"

namespace nines::tools {

/// The answer to /, /server/{name} and /badge/{name}/...; nothing for other paths. Thread-safe.
[[nodiscard]] std::optional<WebResponse> page_answer(const Store& store, const WebRequest& request);

}  // namespace nines::tools
