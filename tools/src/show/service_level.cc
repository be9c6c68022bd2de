#include "show/service_level.h"

#include <fmt/format.h>

#include "show/text.h"

namespace nines::tools {

Result<std::optional<ServiceHours>> service_hours_for(const std::optional<std::string>& asked, const Server& server,
                                                      const Zone& zone) {
  const std::string text = asked.value_or(server.level.hours);
  if (text.empty() && !asked) return std::nullopt;
  auto own = Zone::find(server.level.timezone);
  if (!asked && !own) return tl::unexpected(own.error());
  auto hours = parse_service_hours(text, asked ? zone : *own);
  if (!hours) return tl::unexpected(hours.error());
  return std::move(*hours);
}

Result<PreviousPeriod> previous_period_for(const std::string& asked, const Question& question) {
  if (asked == "previous") return natural_period(question.query.window, question.zone);
  const auto unit = parse_calendar_unit(asked);
  if (unit) return PreviousPeriod{*unit, question.zone};
  return fail(ErrorCode::invalid_argument,
              fmt::format("compare `{}`: it takes previous, hour, day, week, month, quarter or year",
                          printable(fit(asked, 40))));
}

Result<std::optional<BudgetPeriod>> budget_period_for(const std::optional<std::string>& asked, const Zone& zone) {
  if (!asked) return std::nullopt;
  auto period = parse_budget_period(*asked, zone);
  if (!period) return tl::unexpected(period.error());
  return *period;
}

Result<std::optional<std::chrono::microseconds>> latency_target_for(const std::optional<std::string>& asked,
                                                                    const Server& server) {
  if (!asked && server.level.latency_target.count() <= 0) return std::nullopt;
  if (!asked) return server.level.latency_target;
  const auto span = parse_duration(*asked);
  if (span && span->count() > 0) return *span;
  return fail(ErrorCode::invalid_argument,
              fmt::format("target `{}`: it takes a span like 300ms", printable(fit(*asked, 40))));
}

}  // namespace nines::tools
