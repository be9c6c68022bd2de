// What `nines status` and `nines top` ask the store for, and what of it their options choose. One thread.
#pragma once

#include <nines/dashboard.h>
#include <nines/store.h>

#include <chrono>
#include <cstddef>

#include "cli/command/session.h"
#include "cli/watching/status_table.h"

namespace nines::tools {

/// Which servers, and in which order: --group, --tag, --state, --sort, --limit and the names.
[[nodiscard]] Expected<DashboardOptions> read_dashboard_options(const Call& call);
/// --every, at least 100 ms; 2 s without it.
[[nodiscard]] Expected<std::chrono::milliseconds> read_every(const Call& call);
/// Whether the question has a window of its own.
[[nodiscard]] bool asks_for_window(const Call& call);

/// The columns of the longest name that is not too long among the servers that `filter` may choose.
[[nodiscard]] std::size_t name_width(const Catalog& catalog, const ServerFilter& filter);

/// The answers for a table of `layout`. Errors are those of dashboard().
[[nodiscard]] Result<StatusBoards> ask_for_boards(const Store& store, const Query& query, DashboardOptions options,
                                                  const StatusLayout& layout, bool own_window);

}  // namespace nines::tools
