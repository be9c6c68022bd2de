// Checking that a store is what it has to be: that all of it can be read, and that what is read agrees with itself as
// FORMAT.md says under "What always holds".
#pragma once

#include <functional>
#include <memory>

#include <nines/store.h>

#include "kv/kv.h"

namespace nines::engine {

/// Checks every server of `catalog()` and looks for keys of others. `catalog` is asked again before a server is said to
/// be unknown, as one may be added meanwhile. Goes on behind damage. Errors: io, unavailable; damage is none.
[[nodiscard]] Result<VerifyReport> verify_store(Kv& kv, const std::function<std::shared_ptr<const Catalog>()>& catalog);

}  // namespace nines::engine
