// nines slo: error budget, burn rates, and the promised latency.
#include <nines/latency.h>
#include <nines/slo.h>

#include <fmt/format.h>

#include "cli/asking/commands.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "show/answers.h"
#include "show/number.h"
#include "show/service_level.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

std::string burn_text(const std::optional<double>& rate) {
  return rate ? fmt::format("{:.2f}", *rate) : "-";
}

std::string yes_or_no(const std::optional<bool>& met) {
  return !met ? "-" : *met ? "yes" : "no";
}

std::string remaining_text(const std::optional<double>& ratio) {
  return ratio ? fmt::format("{}{:.1f} %", *ratio < 0 ? "overspent, " : "", *ratio * 100) : "-";
}

Lines period_lines(const PeriodBudget& period, const Zone& zone) {
  std::string left = period.remaining_ms < 0 ? fmt::format("overspent by {}", short_duration(-period.remaining_ms))
                                             : short_duration(period.remaining_ms) + " left";
  if (period.threshold) left += fmt::format("; {:.0f} % of it was reached", *period.threshold * 100);
  std::string gone = "not at the rate of the last 24 hours";
  if (period.exhausted_at) gone = moment_text(*period.exhausted_at, zone);
  if (period.remaining_ms <= 0 && period.spent_ms > 0) gone = "already";
  return {{"period", window_text(period.window, zone)},
          {"period budget", fmt::format("{}, {} spent ({:.1f} %), {}", short_duration(period.budget_ms),
                                        short_duration(period.spent_ms), period.spent_ratio * 100, left)},
          {"used up", gone}};
}

}  // namespace

void slo_options(OptionList& options) {
  auto add = options.add_options();
  add("objective", po::value<std::string>()->value_name("RATIO"), "99.9% or 0.999 (default: the server's own)");
  add("period", po::value<std::string>()->value_name("PERIOD"),
      "what the budget is for: month, another unit of --tz, or days as 30d (default: the server's own, else month)");
}

Outcome slo_command(const Call& call) {
  std::optional<double> objective;
  if (const auto text = call.text("objective")) {
    objective = parse_objective(*text);
    if (!objective) return usage("--objective: it must lie between 0 and 1, like 99.9% or 0.999");
  }
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const Zone& zone = subject->question.zone;
  const auto period = budget_period_for(call.text("period"), zone);
  if (!period) return usage(fmt::format("--period: {}", printable(period.error().message)));
  const Server& server = *subject->server;
  if (!objective && !server.objective) {
    return usage(
        fmt::format("`{}` has no objective of its own; give one with --objective 99.9%", printable(call.words[0])));
  }
  const Query& query = subject->question.query;
  const auto answer = slo(*subject->store, server.id, query, {objective, *period});
  if (!answer) return failed(printable(answer.error().message));
  const bool known = answer->uptime_ratio.has_value();
  Lines lines = {{"server", printable(server.name)},
                 {"window", window_text(answer->window, zone)},
                 {"objective", format_percent(answer->objective, 3) + " %"},
                 {"uptime", percent_text(answer->uptime_ratio)},
                 {"met", yes_or_no(answer->met)},
                 {"budget", known ? short_duration(answer->budget_ms) : "-"},
                 {"spent", known ? short_duration(answer->spent_ms) : "-"},
                 {"remaining", remaining_text(answer->remaining_ratio)}};
  for (auto& line : period_lines(answer->period, zone)) lines.push_back(std::move(line));
  for (const BurnRate& burn : answer->burn) {
    lines.emplace_back(
        fmt::format("burn {}", format_duration(burn.window.length)),
        fmt::format("{} and {} over {}; {}", burn_text(burn.rate), burn_text(burn.short_rate),
                    format_duration(burn.window.short_length),
                    burn.can_fire ? fmt::format("fires at {}{}", burn.window.factor, burn.firing ? ": FIRING" : "")
                                  : fmt::format("cannot reach {}", burn.window.factor)));
  }
  Json json = slo_json(server.name, *answer);
  if (const auto target = latency_target_for({}, server); target && *target) {
    const auto latencies = latency(*subject->store, server.id, query, {.target = *target});
    if (!latencies) return failed(printable(latencies.error().message));
    const auto& promised = server.level.latency_objective;
    json["latency"] = latency_objective_json(*latencies->target, promised);
    lines.emplace_back("latency", latency_target_text(*latencies->target, promised));
  }
  show_object(call, json, lines);
  return kExitDone;
}

}  // namespace nines::tools
