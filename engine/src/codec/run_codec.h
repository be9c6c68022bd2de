// The judgement of a run (state, error, code, retry, interval, whether there are latencies) as bytes; shared by chunks
// and summaries. A flapping server alternates between few judgements, so one that was seen before is a distance back.
// FORMAT.md, "Judgement", is the specification. Pure functions, safe from any thread.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include <nines/segment.h>

#include "base/bytes.h"

namespace nines::engine {

/// Appends the judgement of `runs[index]`, by reference to an earlier of `runs` where one of the last few has it.
void put_judgement(std::string& out, std::span<const Run> runs, std::size_t index);
/// The judgement of the run that follows `earlier`; its other fields are 0. Latches an error when malformed.
[[nodiscard]] Run read_judgement(Reader& in, std::span<const Run> earlier) noexcept;

/// The longest gap of a run of more than one result, as a difference from its interval.
void put_max_gap(std::string& out, const Run& run);
[[nodiscard]] std::uint32_t read_max_gap(Reader& in, std::uint32_t interval_ms) noexcept;

}  // namespace nines::engine
