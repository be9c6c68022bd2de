// The time column of a series: how far each time lies from a straight line, bit-packed in blocks of 128.
//
// Checks come at a steady pace with a little jitter, so a line with a step of one interval leaves residuals of a few
// bits. A pause or an extra check shifts the line from there on; such a shift is stored as a jump, so that it costs
// its own few bytes and not the width of a whole block. FORMAT.md, "Time column", is the specification.
// Pure functions, safe from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include <nines/types.h>

#include "base/bytes.h"
#include "series/columns.h"

namespace nines::engine {

/// Appends offsets in milliseconds, strictly ascending and less than a day. The reader must know how many there are.
void put_times(std::string& out, std::span<const std::uint32_t> offsets_ms);

/// What is known of a column before it is read.
struct TimeColumn {
  std::size_t size = 0;       ///< times, at most 4096
  std::int64_t first_ms = 0;  ///< what the offsets count from
  std::uint32_t span_ms = 0;  ///< the greatest offset there may be, less than 2^31
};
/// Indexes of results in their series.
struct IndexRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};
/// Leaves out nothing, be it ever so malformed.
inline constexpr Window kAllTimes{from_ms(std::numeric_limits<std::int64_t>::min() / 2),
                                  from_ms(std::numeric_limits<std::int64_t>::max() / 2)};
/// Reads the blocks of a column that can have times in `window`, all others are passed over: a window that begins at
/// noon costs half of the day. `out` becomes as long as the range that is returned. Times that do not ascend strictly
/// within [first_ms, first_ms + span_ms] and whatever else is malformed latch the reader's error. What lies behind the
/// range is left unread. Requires: the bounds lie within those of kAllTimes.
[[nodiscard]] IndexRange read_times(Reader& in, const TimeColumn& column, Window window,
                                    NumberColumn<std::int64_t>& out);

}  // namespace nines::engine
