// A page as PDF, by the browser that is there.
#pragma once

#include <nines/result.h>

#include <string>

namespace nines::tools {

/// Writes `html` to `path` as PDF with the first of chromium, chromium-browser and google-chrome in PATH. Blocks for
/// seconds. Errors: not_found (no browser), io (a file), unavailable (the browser failed).
[[nodiscard]] Result<void> print_pdf(const std::string& html, const std::string& path);

}  // namespace nines::tools
