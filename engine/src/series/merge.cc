#include "series/merge.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace nines::engine {

bool earlier(const CheckResult& a, const CheckResult& b) noexcept {
  return std::tie(a.time, a.location) < std::tie(b.time, b.location);
}

void sort_and_unique(std::vector<CheckResult>& results) {
  if (!std::is_sorted(results.begin(), results.end(), earlier)) {
    std::stable_sort(results.begin(), results.end(), earlier);
  }
  // Of a group of equal keys the last is kept, so unique() runs from the back.
  const auto first_kept = std::unique(results.rbegin(), results.rend(), [](const auto& a, const auto& b) {
    return a.time == b.time && a.location == b.location;
  });
  results.erase(results.begin(), first_kept.base());
}

std::vector<CheckResult> merge_results(std::span<const CheckResult> stored, std::span<const CheckResult> written) {
  std::vector<CheckResult> merged;
  merged.reserve(stored.size() + written.size());
  // set_union takes the first range's element of an equal pair.
  std::set_union(written.begin(), written.end(), stored.begin(), stored.end(), std::back_inserter(merged), earlier);
  return merged;
}

std::vector<CheckResult> to_results(std::span<const SeriesColumns> series, ServerId server) {
  std::vector<CheckResult> results;
  for (const SeriesColumns& columns : series) {
    for (std::size_t i = 0; i < columns.size(); ++i) results.push_back(columns.at(i, server));
  }
  std::sort(results.begin(), results.end(), earlier);
  return results;
}

}  // namespace nines::engine
