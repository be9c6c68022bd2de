// Folding results into the sealed chunks of a server: the one way results get into `checks`.
//
// Chunks of a server never overlap in time and never cross a UTC day. A result goes into the chunk of its day that
// holds its time or, failing that, the one before it; a chunk that grows beyond its limit is split.
#pragma once

#include <cstdint>
#include <span>

#include <nines/check_result.h>

#include "kv/kv.h"

namespace nines::engine {

/// Adds to `batch` what puts `results` (sorted, unique, not empty, of one server) into the server's chunks, replacing
/// equal keys. Returns the number of chunks written. The caller holds the server's write lock. Errors: corruption, io.
[[nodiscard]] Result<std::uint64_t> fold(const Kv& kv, ServerId server, std::span<const CheckResult> results,
                                         Batch& batch);

/// Adds chunks of `results` to `batch`, for a stretch of time in which the server has none. Returns their number.
std::uint64_t put_new_chunks(ServerId server, std::span<const CheckResult> results, Batch& batch);

}  // namespace nines::engine
