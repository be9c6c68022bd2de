// The summary of a server's UTC day to and from bytes, as a value of `days`; series/summarise.h makes it.
//
// FORMAT.md, "Day summary", is the specification. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <nines/result.h>
#include <nines/summary.h>

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

}  // namespace nines::engine
