// nines service: a service made of servers, with outages and a budget of its own.
#include <nines/composed.h>

#include <fmt/format.h>

#include "cli/asking/commands.h"
#include "cli/asking/service_expression.h"
#include "cli/command/object.h"
#include "cli/command/session.h"
#include "show/answers.h"
#include "show/number.h"
#include "show/state_text.h"
#include "show/text.h"

namespace nines::tools {
namespace {

namespace po = boost::program_options;

Lines service_lines(const std::string& text, const ComposedAnswer& answer, const Zone& zone) {
  Lines lines = {
      {"service", printable(text)},
      {"window", window_text(answer.window, zone)},
      {"state", answer.current ? fmt::format("{} for {}", to_string(answer.current->state),
                                             short_duration((answer.window.to - answer.current->since).count()))
                               : "-"},
      {"uptime", percent_text(answer.uptime_ratio)},
      {"coverage", percent_text(answer.coverage_ratio)},
      {"outages", fmt::format("{}, longest {}, to repair {}, between {}", answer.incidents.size(),
                              answer.longest_outage_ms ? short_duration(*answer.longest_outage_ms) : "-",
                              duration_or_dash(answer.mttr_ms), duration_or_dash(answer.mtbf_ms))}};
  if (answer.budget) {
    const ComposedBudget& budget = *answer.budget;
    lines.emplace_back("objective", format_percent(budget.objective, 3) + " %");
    lines.emplace_back("met", !budget.met ? "-" : *budget.met ? "yes" : "no");
    lines.emplace_back("budget",
                       fmt::format("{}, {} spent", short_duration(budget.budget_ms), short_duration(budget.spent_ms)));
  }
  return lines;
}

void show_outages(const Call& call, const ComposedAnswer& answer, const Catalog& catalog, const Zone& zone) {
  write_out("\n");
  RowWriter rows(Format::table, call.terminal,
                 {{"from", "FROM"}, {"to", "TO"}, {"duration_ms", "LASTED", true}, {"servers", "DOWN AT ITS START"}},
                 "incidents");
  for (const ComposedIncident& incident : answer.incidents) {
    std::string names;
    for (const ServerId id : incident.servers) {
      const Server* const server = catalog.find(id);
      if (server != nullptr) names += fmt::format("{}{}", names.empty() ? "" : ", ", server->name);
    }
    rows.add({cell(nullptr, moment_text(incident.from, zone)),
              incident.to ? cell(nullptr, moment_text(*incident.to, zone)) : cell(nullptr, "ongoing", Colour::red),
              cell(nullptr, short_duration(incident.duration_ms)), cell(names)});
  }
  rows.finish();
}

}  // namespace

Expected<Component> read_service(const std::string& expression, const Catalog& catalog) {
  auto service = parse_component(expression, catalog);
  if (service) return std::move(*service);
  const std::string message = printable(service.error().message);
  if (service.error().code == ErrorCode::invalid_argument) return usage(message);
  // Which name it was stands between quotes.
  const std::size_t begin = message.find('"');
  const std::size_t end = begin == std::string::npos ? begin : message.find('"', begin + 1);
  if (end == std::string::npos) return failed(message);
  const auto named = find_server(catalog, message.substr(begin + 1, end - begin - 1));
  return named ? failed(message) : tl::unexpected(named.error());
}

void service_options(OptionList& options) {
  options.add_options()("objective", po::value<std::string>()->value_name("RATIO"), "99.9% or 0.999: adds its budget");
}

Outcome service_command(const Call& call) {
  std::optional<double> objective;
  if (const auto text = call.text("objective")) {
    objective = parse_objective(*text);
    if (!objective) return usage("--objective: it must lie between 0 and 1, like 99.9% or 0.999");
  }
  const auto question = read_question(call);
  if (!question) return tl::unexpected(question.error());
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const auto catalog = (*store)->catalog();
  const auto service = read_service(call.words[0], *catalog);
  if (!service) return tl::unexpected(service.error());
  const auto answer = composed_uptime(**store, *service, question->query, {.objective = objective});
  if (!answer) return failed(printable(answer.error().message));
  show_object(call, composed_json(call.words[0], *answer, *catalog),
              service_lines(call.words[0], *answer, question->zone));
  if (call.format == Format::table && !answer->incidents.empty()) {
    show_outages(call, *answer, *catalog, question->zone);
  }
  return kExitDone;
}

}  // namespace nines::tools
