// The head of an answer, with the headers that all answers have. Pure but for the clock; any thread.
#pragma once

#include <string>

#include "http/message.h"

namespace nines::tools {

/// For HTTP/1.1, with the empty line.
[[nodiscard]] std::string response_head(const WebResponse& response, bool keep_alive);

}  // namespace nines::tools
