// Figures of one settled reader.
#pragma once

#include <vector>

#include <nines/result.h>
#include <nines/store.h>
#include <nines/uptime.h>

#include "judgement/reader.h"

namespace nines::query {

/// All but the latency and the places. Errors: those of the store.
[[nodiscard]] Result<Figures> compose_figures(ServerReader& reader, const Store& store, bool details);

/// Counts of the checks in the reader's window.
[[nodiscard]] CheckCounts count_checks(const ServerReader& reader) noexcept;

/// Figures::places of the reader's window.
[[nodiscard]] std::vector<PlaceFigures> figures_of_places(const ServerReader& reader);

/// The entry of `id`, or `not_found`.
[[nodiscard]] Result<const Server*> find_server(const Catalog& catalog, ServerId id);

}  // namespace nines::query
