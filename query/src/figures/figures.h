// Figures of one settled reader.
#pragma once

#include <nines/result.h>
#include <nines/store.h>
#include <nines/uptime.h>

#include "judgement/reader.h"

namespace nines::query {

/// All but the latency. Errors: those of the store.
[[nodiscard]] Result<Figures> compose_figures(ServerReader& reader, const Store& store, bool details);

/// Counts of the checks in the reader's window.
[[nodiscard]] CheckCounts count_checks(const ServerReader& reader) noexcept;

/// The entry of `id`, or `not_found`.
[[nodiscard]] Result<const Server*> find_server(const Catalog& catalog, ServerId id);

}  // namespace nines::query
