// A chunk: up to 4096 results of one server within one UTC day, in columns; a value of `checks`.
//
// Each column has the code that suits it (bit packing for times and latencies, run lengths for judgements, a
// dictionary for texts), so that a day of a server takes about 4.4 kB and decodes in about a microsecond.
// FORMAT.md, "Chunk", is the specification. Pure functions, safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nines/result.h>
#include <nines/segment.h>

#include "series/columns.h"

namespace nines::engine {

inline constexpr std::uint8_t kChunkVersion = 1;
/// Results of all series of a chunk together. A day at one check in 21 s; what is more goes into another chunk.
inline constexpr std::uint32_t kMaxChunkResults = 4096;
/// About what a chunk is to take at most: what follows goes into another one. Only details make chunks this large; a
/// late result rewrites its chunk, and a reader that wants one result reads all of it.
inline constexpr std::size_t kMaxChunkBytes = 128U << 10U;

/// The bytes of a chunk. `series` ascend by location, none is empty, all columns are filled, there are 1 to
/// kMaxChunkResults results in all, and their times lie in one UTC day.
[[nodiscard]] std::string encode_chunk(std::span<const SeriesColumns> series);

struct ChunkInfo {
  std::int64_t first_ms = 0;  ///< earliest time of all series
  std::int64_t last_ms = 0;   ///< latest
  std::uint32_t results = 0;
  std::uint32_t series = 0;
};

/// What a chunk's first bytes say. A few nanoseconds. Errors: newer_format, corruption.
[[nodiscard]] Result<ChunkInfo> peek_chunk(std::string_view bytes);

/// Fills `out` with the chunk's series, ascending by location, reusing its memory. Times and runs always come; columns
/// that `which` leaves out stay empty. On an error `out` is unspecified. Errors: newer_format, corruption.
[[nodiscard]] Result<void> decode_chunk(std::string_view bytes, Columns which, std::vector<SeriesColumns>& out);
/// The same of a part only: of each series those results that have times in `window`, and up to two blocks of 128
/// around them. Half of a day need not be unpacked for a window that begins at noon. A series may be left with none.
/// max_gap_ms of a run that is cut may be too long. What is left out is not checked.
[[nodiscard]] Result<void> decode_chunk(std::string_view bytes, Columns which, Window window,
                                        std::vector<SeriesColumns>& out);

}  // namespace nines::engine
