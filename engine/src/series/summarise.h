// Making the summary of a server's UTC day from columns. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <span>

#include <nines/segment.h>
#include <nines/summary.h>
#include <nines/types.h>

#include "series/columns.h"

namespace nines::engine {

/// Empties `summary` and makes it one of `day`. Keeps memory.
void reset_summary(DaySummary& summary, std::int64_t day);
/// Adds a piece of a series to its day's summary. Pieces of a location must come in time order; a run that was cut
/// between two pieces is joined, so that the result is the same however the day was cut. All times must lie in the day
/// and the latencies must be there (`latency_us` is parallel to the results).
void add_to_summary(DaySummary& summary, LocationId location, std::span<const Run> runs,
                    std::span<const std::uint32_t> latency_us);
inline void add_to_summary(DaySummary& summary, const SeriesColumns& piece) {
  add_to_summary(summary, piece.location, piece.runs, piece.latency_us);
}
inline void add_to_summary(DaySummary& summary, const Segment& piece) {
  add_to_summary(summary, piece.location, piece.runs, piece.latency_us);
}

}  // namespace nines::engine
