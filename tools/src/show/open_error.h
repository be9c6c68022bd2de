// What is said of a store that cannot be opened, with what to do about it. Any thread.
#pragma once

#include <nines/result.h>

#include <string>

namespace nines::tools {

/// A sentence about `error`, which opening the store at `path` gave.
[[nodiscard]] std::string open_error_text(const std::string& path, const Error& error);

}  // namespace nines::tools
