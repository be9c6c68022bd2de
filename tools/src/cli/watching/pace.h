// How often a view that stays open looks again: what it may take of a processor is bounded, however many servers there
// are.
#pragma once

#include <chrono>

namespace nines::tools {

/// What this process has taken of its processors so far.
[[nodiscard]] std::chrono::milliseconds processor_time();

/// The pause behind a look that took `spent` of a processor, at least `every`: a hundredth of one is used, and up to a
/// fiftieth where looks would otherwise lie further apart than ten seconds.
[[nodiscard]] std::chrono::milliseconds pause_after(std::chrono::milliseconds spent, std::chrono::milliseconds every);

}  // namespace nines::tools
