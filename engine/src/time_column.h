// The time column of a series: how far each time lies from a straight line, bit-packed in blocks of 128.
//
// Checks come at a steady pace with a little jitter, so a line with a step of one interval leaves residuals of a few
// bits. A pause or an extra check shifts the line from there on; such a shift is stored as a jump, so that it costs
// its own few bytes and not the width of a whole block. FORMAT.md, "Time column", is the specification.
// Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "bytes.h"

namespace nines::engine {

/// Appends offsets in milliseconds, strictly ascending and less than a day. The reader must know how many there are.
void put_times(std::string& out, std::span<const std::uint32_t> offsets_ms);
/// Fills `out` with as many times as it has room for, each `first_ms` plus an offset. Times that do not ascend strictly
/// within [first_ms, first_ms + span_ms], and whatever else is malformed, latch the reader's error.
/// `span_ms` must be less than 2^31.
void read_times(Reader& in, std::int64_t first_ms, std::uint32_t span_ms, std::span<std::int64_t> out) noexcept;

}  // namespace nines::engine
