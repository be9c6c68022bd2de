// Merging check results of one server: order, and the rule that the last write of a key wins. Pure functions.
#pragma once

#include <span>
#include <vector>

#include <nines/check_result.h>

#include "series/columns.h"

namespace nines::engine {

/// The order of a server's results: by time, then location.
[[nodiscard]] bool earlier(const CheckResult& a, const CheckResult& b) noexcept;

/// Sorts results of one server, and keeps of equal keys the one that came last.
void sort_and_unique(std::vector<CheckResult>& results);

/// `stored` with `written` put into their places; where a key is in both, `written` wins. Both are sorted and unique,
/// and so is what is returned.
[[nodiscard]] std::vector<CheckResult> merge_results(std::span<const CheckResult> stored,
                                                     std::span<const CheckResult> written);

/// The results of all `series`, sorted.
[[nodiscard]] std::vector<CheckResult> to_results(std::span<const SeriesColumns> series, ServerId server);

}  // namespace nines::engine
