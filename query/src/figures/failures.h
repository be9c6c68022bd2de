// The failed checks of a place: which one makes it down, when they were made, and when they confirmed that the server
// is down.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <nines/result.h>
#include <nines/store.h>

#include "judgement/pieces.h"
#include "judgement/reader.h"

namespace nines::query {

/// The piece that makes a location down at `time_ms`, or null.
[[nodiscard]] const Piece* down_at(const Series& series, std::int64_t time_ms) noexcept;

/// When the failed checks of a piece were made. A piece from a summary is looked up; where retention has taken its
/// results they are taken to have come evenly.
[[nodiscard]] Result<std::vector<std::int64_t>> failure_times(ServerReader& reader, const Store& store,
                                                              const Series& series, const Piece& piece);

/// When it was known that the server is down at `from`, where an outage of it begins: the check with which as many
/// places as it takes had confirmed failures, not before `from`. None where the checks do not say down.
[[nodiscard]] Result<std::optional<TimeMs>> detection_time(ServerReader& reader, const Store& store, TimeMs from);

}  // namespace nines::query
