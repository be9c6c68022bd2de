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

/// Checks every server of `catalog()` and looks for keys of others. `catalog` is asked again before a server is said to
/// be unknown, as one may be added meanwhile. `kv` is asked for the Kv, which is let go of while values are read, so
/// that a reopening does not wait. `longest` is that of KnownHistory. Servers are read by up to `threads`
/// threads, which `longest` is called in. Goes on behind damage. Errors: io, unavailable; damage is none. Requires:
/// threads >= 1.
[[nodiscard]] Result<VerifyReport> verify_store(
    const std::function<Result<std::shared_ptr<Kv>>()>& kv,
    const std::function<std::shared_ptr<const Catalog>()>& catalog,
    const std::function<std::optional<std::chrono::milliseconds>(ServerId)>& longest, int threads);

}  // namespace nines::engine
