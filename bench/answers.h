// nines' answers in the words of expected.h, so that they can be compared with the right ones.
#pragma once

#include <cstdint>
#include <span>

#include <nines/bars.h>
#include <nines/dashboard.h>
#include <nines/query.h>
#include <nines/result.h>

#include "expected.h"
#include "history.h"

namespace nines::bench {

/// The dashboard of the figures: every server's last 24 hours with 48 bars, without the texts of details.
[[nodiscard]] Query dashboard_query(const history::Shape& shape);
[[nodiscard]] DashboardOptions dashboard_options();
/// All UTC days of the history, the unfinished one included.
[[nodiscard]] Query days_query(const history::Shape& shape, Summaries summaries);
[[nodiscard]] DashboardOptions days_options();

/// A row as an expected answer. Sums of latencies are the means times the counts, rounded.
[[nodiscard]] history::Expected to_expected(const DashboardRow& row);

/// Compares every row with the right answer, which takes a loop over all results. The error names the first server that
/// differs, and in what. `days` says which of the two questions it was; percentiles of days are not compared.
[[nodiscard]] Result<void> check_answers(const history::Shape& shape, const Dashboard& dashboard, bool days);

/// Percentiles for the plain loop by nines' own selection, so that what remains between the two is storing and judging.
void select_by_quantiles(std::span<std::uint32_t> values, history::ExpectedLatency& answer);

}  // namespace nines::bench
