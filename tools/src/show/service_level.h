// What is promised and compared, from what a question and a server's entry say about it: the same for the command line
// and the HTTP interface. Pure functions; any thread. Errors are invalid_argument.
#pragma once

#include <nines/comparison.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/service_hours.h>
#include <nines/slo.h>

#include <chrono>
#include <optional>
#include <string>

#include "show/times.h"

namespace nines::tools {

/// The schedule that was asked for, in the question's zone, else the server's own; none where there is neither.
[[nodiscard]] Result<std::optional<ServiceHours>> service_hours_for(const std::optional<std::string>& asked,
                                                                    const Server& server, const Zone& zone);

/// "previous" is the calendar unit before where the window is a whole one, else as long a stretch; the name of a unit
/// is the same part of the unit before.
[[nodiscard]] Result<PreviousPeriod> previous_period_for(const std::string& asked, const Question& question);

/// The period that was asked for; none where none was, which is the server's own.
[[nodiscard]] Result<std::optional<BudgetPeriod>> budget_period_for(const std::optional<std::string>& asked,
                                                                    const Zone& zone);

/// The latency that was asked for, else the server's own; none where there is neither.
[[nodiscard]] Result<std::optional<std::chrono::microseconds>> latency_target_for(
    const std::optional<std::string>& asked, const Server& server);

}  // namespace nines::tools
