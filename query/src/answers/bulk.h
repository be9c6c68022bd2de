// Figures and bars of many servers: one bulk scan, or a planned read of each where the window is long, most of it by
// one bulk read of summaries.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include <nines/bars.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/uptime.h>

#include "figures/buckets.h"
#include "judgement/reader.h"

namespace nines::query {

struct BulkOptions {
  FiguresOptions figures;
  std::span<const Window> bar_windows;  ///< adjoining, over the query's window; empty: no bars
};

/// What was found out about one server.
struct BulkItem {
  const ServerReader& reader;  ///< settled; valid during the call
  Figures figures;
  std::span<const Window> bar_windows;  ///< as asked for
  std::span<const Cell> cells;          ///< one a bar; valid during the call

  void bars_into(std::vector<Bar>& out) const { make_bars(bar_windows, cells, reader.spans(), reader.policy(), out); }
};

/// Calls `take` once for each of `servers` with its index; from several threads at once when the store scans with
/// several. The plan of the returned Explain holds what was read beyond one scan a server. Errors: those of the store
/// and of `take`, and invalid_argument.
using TakeItem = std::function<void(std::size_t index, BulkItem&& item)>;
[[nodiscard]] Result<Explain> read_many(const Store& store, std::span<const Server* const> servers, const Query& query,
                                        const BulkOptions& options, const TakeItem& take);

}  // namespace nines::query
