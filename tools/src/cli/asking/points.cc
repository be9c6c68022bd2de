// nines points | scan | explain: results one by one, as stored, and what reading them costs.
#include <fmt/format.h>

#include <algorithm>

#include "cli/asking/commands.h"
#include "cli/command/session.h"
#include "exchange/record_line.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/state_text.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

std::string latency_text(const std::optional<std::uint32_t>& latency_us) {
  return latency_us ? format_latency(*latency_us) : "-";
}

Outcome show_explain(const Call& call, const Explain& explain) {
  if (call.format != Format::table) {
    write_out(dump(explain_json(explain)) + "\n");
    return kExitDone;
  }
  if (!explain.plan.empty()) {
    RowWriter plan(Format::table, call.terminal,
                   {{"from", "FROM"}, {"to", "TO"}, {"source", "READ FROM"}, {"reason", "BECAUSE"}}, "plan");
    for (const PlanStep& step : explain.plan) {
      plan.add({{.value = format_time(step.window.from), .text = {}},
                {.value = format_time(step.window.to), .text = {}},
                {.value = std::string(to_string(step.source)), .text = {}},
                {.value = std::string(to_string(step.reason)), .text = {}}});
    }
    plan.finish();
    write_out("\n");
  }
  RowWriter cost(Format::table, call.terminal, {{"what", "COST"}, {"count", "COUNT", true}}, "cost");
  const Json counts = cost_json(explain.cost);
  for (const auto& [what, count] : counts.items()) {
    cost.add({{.value = what, .text = {}}, {.value = count, .text = with_commas(count.get<std::uint64_t>())}});
  }
  cost.finish();
  return kExitDone;
}

}  // namespace

void points_options(OptionList& options) {
  namespace po = boost::program_options;
  options.add_options()("limit", po::value<std::string>()->value_name("N"), "at most so many (default all)");
}

Outcome points(const Call& call) {
  const auto limit = read_count(call, "limit", 0, 1, 1'000'000'000);
  if (!limit) return tl::unexpected(limit.error());
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const Server& server = *subject->server;
  const Window window = subject->question.query.window;
  Json head = {{"server", server.name}};
  head.update(window_json(window));
  RowWriter rows(call.format, call.terminal,
                 {{"time", "TIME"},
                  {"state", "STATE"},
                  {"latency_us", "LATENCY", true},
                  {"code", "CODE", true},
                  {"location", "PLACE", true},
                  {"error", "ERROR"},
                  {"retry", ""},
                  {"detail", "DETAIL"}},
                 "points", head);
  std::uint64_t shown = 0;
  const auto read = for_each_result(*subject->store, server.id, window, [&](const CheckResult& result) {
    const std::string error(to_string(result.error));
    rows.add({{.value = format_time(result.time), .text = moment_text(result.time, subject->question.zone)},
              {.value = std::string(to_string(result.state)), .text = {}, .colour = state_colour(result.state)},
              {.value = optional_json(result.latency_us), .text = latency_text(result.latency_us)},
              {.value = result.code == 0 ? Json() : Json(result.code), .text = {}},
              {.value = static_cast<std::uint16_t>(result.location), .text = {}},
              {.value = error.empty() ? Json() : Json(error), .text = {}},
              {.value = result.retry, .text = {}},
              {.value = result.detail.empty() ? Json() : Json(result.detail), .text = {}}});
    return ++shown != *limit;
  });
  rows.finish();
  if (!read) return failed(printable(read.error().message));
  return kExitDone;
}

Outcome scan(const Call& call) {
  auto subject = open_subject(call, call.words[0]);
  if (!subject) return tl::unexpected(subject.error());
  const auto cursor = subject->store->scan(subject->server->id, subject->question.query.window, {});
  if (!cursor) return failed(printable(cursor.error().message));
  RowWriter rows(call.format, call.terminal,
                 {{"location", "PLACE", true},
                  {"from", "FIRST"},
                  {"to", "LAST"},
                  {"state", "STATE"},
                  {"checks", "CHECKS", true},
                  {"code", "CODE", true},
                  {"error", "ERROR"},
                  {"max_gap_ms", "LONGEST GAP", true}},
                 "runs");
  while (true) {
    const auto segment = (*cursor)->next();
    if (!segment) return failed(printable(segment.error().message));
    if (*segment == nullptr) break;
    for (const Run& run : (*segment)->runs) {
      const std::string error(to_string(run.error));
      rows.add({{.value = static_cast<std::uint16_t>((*segment)->location), .text = {}},
                {.value = format_time(from_ms(run.first_ms)), .text = {}},
                {.value = format_time(from_ms(run.last_ms)), .text = {}},
                {.value = std::string(to_string(run.state)), .text = {}, .colour = state_colour(run.state)},
                {.value = run.count(), .text = {}},
                {.value = run.code == 0 ? Json() : Json(run.code), .text = {}},
                {.value = error.empty() ? Json() : Json(error), .text = {}},
                {.value = run.max_gap_ms, .text = format_duration(std::chrono::milliseconds{run.max_gap_ms})}});
    }
  }
  rows.finish();
  if (call.verbose) return show_explain(call, {(*cursor)->cost(), {}});
  return kExitDone;
}

Outcome explain(const Call& call) {
  const std::string& question = call.words[0];
  if (question == "status") {
    const auto frame = read_question(call);
    if (!frame) return tl::unexpected(frame.error());
    auto store = open_for_reading(call);
    if (!store) return tl::unexpected(store.error());
    DashboardOptions options;
    options.filter.names = {call.words.begin() + 1, call.words.end()};
    const auto answer = dashboard(**store, frame->query, options);
    if (!answer) return failed(printable(answer.error().message));
    return show_explain(call, answer->explain);
  }
  if (call.words.size() < 2) return usage(fmt::format("explain {}: which server?", printable(question)));
  auto subject = open_subject(call, call.words[1]);
  if (!subject) return tl::unexpected(subject.error());
  const Store& store = *subject->store;
  const ServerId id = subject->server->id;
  const Query& query = subject->question.query;
  const auto show = [&call](const auto& answer) -> Outcome {
    if (!answer) return failed(printable(answer.error().message));
    return show_explain(call, answer->explain);
  };
  if (question == "uptime") return show(uptime(store, id, query));
  if (question == "incidents") return show(incidents(store, std::span(&id, 1), query));
  if (question == "latency") return show(latency(store, id, query));
  if (question == "bars") return show(bars(store, id, query));
  return usage(fmt::format("explain {}: it takes status, uptime, incidents, latency or bars", printable(question)));
}

}  // namespace nines::tools
