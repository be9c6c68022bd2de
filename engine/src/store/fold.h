// Putting results into the sealed chunks of a server: the one way results get into `checks`.
//
// Chunks of a server never overlap in time and never cross a UTC day. What is sealed becomes chunks of its own, behind
// those that are there, which are left as they are: small ones are put together once they make a full one, and once
// their day is over. A late result goes into the chunk of its day that holds its time or, failing that, the one before
// it; a chunk that grows beyond its limit is split.
#pragma once

#include <cstdint>
#include <span>

#include <nines/check_result.h>
#include <nines/types.h>

#include "base/utc_day.h"
#include "kv/kv.h"

namespace nines::engine {

/// Adds to `batch` what puts `results` (sorted, unique, not empty, of one server) into the server's chunks, replacing
/// equal keys. Returns the number of chunks written. The caller holds the server's write lock. Errors: corruption, io.
[[nodiscard]] Result<std::uint64_t> fold(const Kv& kv, ServerId server, std::span<const CheckResult> results,
                                         Batch& batch);

/// Where the sealed history of a server ends, and which day is not over.
struct SealedTo {
  TimeMs watermark = kBeforeAll;  ///< of the newest sealed result, kBeforeAll without one
  UtcDay open_day{};              ///< small chunks of this day and later ones wait until they make a full one
};

/// Adds to `batch` what seals `results` (sorted, unique, of one server, later than all that is sealed; may be empty).
/// Returns the number of chunks written. The caller holds the server's write lock. Errors: corruption, io.
[[nodiscard]] Result<std::uint64_t> seal_chunks(const Kv& kv, ServerId server, std::span<const CheckResult> results,
                                                const SealedTo& sealed, Batch& batch);

/// Adds chunks of `results` to `batch`, for a stretch of time in which the server has none. Returns their number.
std::uint64_t put_new_chunks(ServerId server, std::span<const CheckResult> results, Batch& batch);

}  // namespace nines::engine
