// The summary of a server's UTC day: made from columns, and to and from bytes as a value of `days`.
//
// FORMAT.md, "Day summary", is the specification. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <nines/result.h>
#include <nines/segment.h>
#include <nines/summary.h>

#include "series/columns.h"

namespace nines::engine {

inline constexpr std::uint8_t kSummaryVersion = 1;
/// Runs of all series of a stored summary together: a server that flaps at every check, every ten seconds of its day.
/// A day with more has no stored summary; it is computed from its chunks, for as long as they are kept.
inline constexpr std::uint32_t kMaxSummaryRuns = 8192;
/// Whether the summary may be stored: at most kMaxSummaryRuns runs.
[[nodiscard]] bool is_storable(const DaySummary& summary) noexcept;
/// The bytes of a summary for which is_storable() holds; all its times must lie in its day.
[[nodiscard]] std::string encode_summary(const DaySummary& summary);
/// Fills `out` with the summary of `day`, reusing its memory. Without the sketch `out.latency` is empty and the bytes
/// of the sketch are not looked at. On an error `out` is unspecified. Errors: newer_format, corruption.
[[nodiscard]] Result<void> decode_summary(std::int64_t day, std::string_view bytes, bool with_sketch, DaySummary& out);

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
