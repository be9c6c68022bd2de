#include "exchange/kept_results.h"

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
  Result<void> stored = store_all(store, results);
  if (stored) return 0;
  if (stored.error().code != ErrorCode::out_of_range) return tl::unexpected(stored.error());
  // What is too old comes first: its end is found by trying one result after another, each of which may stay.
  std::size_t old = 0;
  std::size_t kept = results.size();
  while (old < kept) {
    const std::size_t middle = old + (kept - old) / 2;
    const Result<void> one = store.append(results[middle], Durability::buffered);
    if (!one && one.error().code != ErrorCode::out_of_range) return tl::unexpected(one.error());
    (one ? kept : old) = one ? middle : middle + 1;
  }
  if (stored = store_all(store, results.subspan(kept)); !stored) return tl::unexpected(stored.error());
  return kept;
}

}  // namespace nines::tools
