#include "exchange/kept_results.h"

#include <algorithm>
#include <cassert>

namespace nines::tools {
namespace {

// Fewer results than this are appended; more are loaded, which seals them at once.
constexpr std::size_t kLoadResults = 256;

Result<void> store_all(Store& store, std::span<const CheckResult> results) {
  if (results.empty()) return {};
  if (results.size() >= kLoadResults) return store.load(results.front().server, results);
  return store.append(results, Durability::buffered);
}

}  // namespace

Result<std::size_t> store_kept(Store& store, std::span<const CheckResult> results) {
  assert(std::adjacent_find(results.begin(), results.end(), [](const CheckResult& a, const CheckResult& b) {
           return a.server != b.server || b.time < a.time;
         }) == results.end());
  const Result<void> stored = store_all(store, results);
  if (stored) return 0;
  if (stored.error().code != ErrorCode::out_of_range) return tl::unexpected(stored.error());
  const auto refused = store.append_each(results, Durability::buffered);
  if (!refused) return tl::unexpected(refused.error());
  // What is too old comes first; whatever is refused behind it has another fault.
  for (std::size_t i = 0; i < refused->size(); ++i) {
    const Rejected& one = (*refused)[i];
    if (one.index != i || one.error.code != ErrorCode::out_of_range) return tl::unexpected(one.error);
  }
  return refused->size();
}

}  // namespace nines::tools
