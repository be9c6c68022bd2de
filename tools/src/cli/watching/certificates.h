// What the running nines knows of the servers' certificates; the store does not keep it.
#pragma once

#include <nines/store.h>

#include <map>

#include "cli/command/command.h"
#include "show/terminal.h"

namespace nines::tools {

/// When the first certificate of each server's chain expires, as the process that holds the store saw it last. Empty
/// without one.
[[nodiscard]] std::map<ServerId, TimeMs> certificate_expiries(const Call& call, const Catalog& catalog);

/// Whole days from `now` until `expiry`: 0 on the last, negative behind it.
[[nodiscard]] std::int64_t days_left(TimeMs expiry, TimeMs now);
/// How much that presses.
[[nodiscard]] Colour certificate_colour(std::int64_t days) noexcept;

}  // namespace nines::tools
