// Which days of a stretch are read from summaries and which from results.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <nines/query.h>

#include "judgement/collect.h"

namespace nines::query {

/// Steps that cover `range`, in order. Summaries are used for whole UTC days inside `days` that no edge of the frame
/// and none of `bucket_edges` (ascending) falls into, and only when `summaries` and the number of such days say so.
[[nodiscard]] std::vector<PlanStep> plan_reads(Window range, Window days, Summaries summaries, const Frame& frame,
                                               std::span<const std::int64_t> bucket_edges);

/// Whether a question about `window` is answered by summaries where they can.
[[nodiscard]] bool takes_summaries(Window window, Summaries summaries) noexcept;

/// Appends a step, joined with the last one where both agree and touch.
void append_step(std::vector<PlanStep>& steps, const PlanStep& step);

/// The whole UTC days in `window`: the first and one past the last. Empty ranges have first >= last.
[[nodiscard]] DayRange whole_days(Window window) noexcept;

}  // namespace nines::query
