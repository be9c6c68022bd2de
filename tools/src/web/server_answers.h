// What can be asked of one server by HTTP: its answers as JSON.
#pragma once

#include <nines/result.h>
#include <nines/store.h>

#include <optional>
#include <string_view>

#include "http/message.h"
#include "show/output.h"

namespace nines::tools {

/// The answer to `rest`, a path below /api/v1/servers/ such as "site/uptime"; nothing when there is no such server.
/// Reads the store; any thread.
[[nodiscard]] std::optional<WebResponse> server_answer(const Store& store, std::string_view rest,
                                                       const WebRequest& request);

/// An answer, or what is wrong with the question.
[[nodiscard]] WebResponse answer_of(const Result<Json>& json);

}  // namespace nines::tools
