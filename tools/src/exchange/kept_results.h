// Storing results of which some may be older than retention keeps: those are left out and counted, and end nothing.
#pragma once

#include <cstddef>
#include <span>

#include <nines/store.h>

namespace nines::tools {

/// Stores those of `results` that retention keeps, and returns how many it does not. Requires: they are of one server
/// and ascend by time. Errors: as Store::append, save for results that are too old.
[[nodiscard]] Result<std::size_t> store_kept(Store& store, std::span<const CheckResult> results);

}  // namespace nines::tools
