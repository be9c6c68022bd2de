// What an administrator may change of a server on its page, and what was changed. Pure functions; any thread.
#pragma once

#include "page/frame.h"
#include "page/markup.h"
#include "page/server_page.h"

namespace nines::tools {

/// The forms, where the reader may use them, and the newest changes. Empty where there is neither.
[[nodiscard]] Html changes_of(const ServerPage& page, const Frame& frame);

}  // namespace nines::tools
