// The head of a request: what it says, and what of it is refused. Pure; any thread.
#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <optional>

#include "http/message.h"

namespace nines::tools {

/// Fills `request` from a parsed head. An answer when the head is refused: malformed, too large, or such that two
/// readers could understand it differently.
[[nodiscard]] std::optional<WebResponse> read_request_head(const boost::beast::http::request_header<>& message,
                                                           WebRequest& request);

}  // namespace nines::tools
