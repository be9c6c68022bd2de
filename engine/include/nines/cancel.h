// Ending a question that takes too long, from another thread or by a clock: any question that takes a Store.
#pragma once

#include <functional>
#include <memory>

#include <nines/store.h>

namespace nines {

/// A store that reads what `store` has, and whose reads end with `unavailable`, "cancelled", once `cancelled()` is
/// true: ask it instead of `store`. `cancelled` is called before each server, segment and day that is read, which is
/// once for some thousand results; by whatever thread reads, with no lock held; it must not throw. Writing calls are
/// `read_only`, care is `unavailable`. Requires: `cancelled` is not empty, and `store` lives longer.
[[nodiscard]] std::unique_ptr<Store> cancellable(const Store& store, std::function<bool()> cancelled);

}  // namespace nines
