// Servers that a filter selects, without their data.
#pragma once

#include <vector>

#include <nines/dashboard.h>

namespace nines::query {

/// The entries that match the parts of `filter` that the catalog can answer, by name. Valid as long as `catalog`.
/// `not_found` for a name that does not exist.
[[nodiscard]] Result<std::vector<const Server*>> servers_by_name(const Catalog& catalog, const ServerFilter& filter);

}  // namespace nines::query
