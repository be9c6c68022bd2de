// Checking that a store is what it has to be: that all of it can be read, and that what is read agrees with itself as
// FORMAT.md says under "What always holds".
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <nines/store.h>

#include "kv/kv.h"

namespace nines::engine {

using GetKv = std::function<Result<std::shared_ptr<Kv>>()>;
using GetCatalog = std::function<std::shared_ptr<const Catalog>()>;
/// That of KnownHistory.
using GetLongest = std::function<std::optional<std::chrono::milliseconds>(ServerId)>;

/// Checks every server of `catalog()` and looks for keys of others. `catalog` is asked again before a server is said to
/// be unknown, as one may be added or removed meanwhile. `get_kv` is asked for the Kv, which is let go of while values
/// are read, so that a reopening does not wait. Servers are read by up to `threads` threads, which `longest` is called
/// in. Goes on behind damage. Errors: io, unavailable; damage is none. Requires: threads >= 1.
[[nodiscard]] Result<VerifyReport> verify_store(const GetKv& get_kv, const GetCatalog& catalog,
                                                const GetLongest& longest, int threads);

}  // namespace nines::engine
