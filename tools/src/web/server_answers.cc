#include "web/server_answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <vector>

#include "exchange/record_line.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/audit.h"
#include "show/number.h"
#include "show/service_level.h"
#include "web/parameters.h"

namespace nines::tools {
namespace {

constexpr std::uint64_t kMostPoints = 10'000;
// Stretches and runs of one answer, which are some 250 bytes each.
constexpr std::uint64_t kMostReasons = 50'000;

Result<Json> uptime_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"hours"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  const auto hours = service_hours_for(parameters->text("hours"), server, question->zone);
  if (!hours) return tl::unexpected(hours.error());
  const auto answer = uptime(store, server.id, question->query, {.places = true});
  if (!answer) return tl::unexpected(answer.error());
  Json json = figures_json(server, answer->figures);
  if (*hours) {
    const auto in_hours = uptime_in_hours(store, server.id, question->query, **hours);
    if (!in_hours) return tl::unexpected(in_hours.error());
    json["service_hours"] = service_hours_json(server.name, *in_hours);
  }
  return json;
}

Result<Json> comparison_answer_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"compare"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  const auto period = previous_period_for(parameters->text("compare").value_or("previous"), *question);
  if (!period) return tl::unexpected(period.error());
  const auto answer = compare(store, server.id, question->query, *period);
  if (!answer) return tl::unexpected(answer.error());
  return comparison_json(server, *answer);
}

Result<Json> why_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  const auto answer = audit(store, server.id, question->query);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->stretches.size() + answer->runs.size() > kMostReasons) {
    return fail(ErrorCode::out_of_range,
                fmt::format("the window has {} stretches and {} runs, an answer at most {}; ask for a shorter one",
                            answer->stretches.size(), answer->runs.size(), kMostReasons));
  }
  return audit_json(server, *answer);
}

Result<Json> baseline_answer_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"weeks"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  BaselineOptions options;
  options.zone = question->zone;
  const auto weeks = parameters->count("weeks", options.weeks, 1, kMaxBaselineWeeks);
  if (!weeks) return tl::unexpected(weeks.error());
  options.weeks = static_cast<std::uint32_t>(*weeks);
  const auto answer = latency_baseline(store, server.id, question->query, options);
  if (!answer) return tl::unexpected(answer.error());
  return baseline_json(server.name, *answer);
}

Result<Json> incidents_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"limit", "cursor"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  auto question = parameters->question("30d");
  if (!question) return tl::unexpected(question.error());
  const auto page = read_page(*parameters, question->query);
  if (!page) return tl::unexpected(page.error());
  const auto answer = incidents(store, std::span(&server.id, 1), question->query);
  if (!answer) return tl::unexpected(answer.error());
  Json json = {{"server", server.name}};
  json.update(window_json(question->query.window));
  json["incidents"] = Json::array();
  json["next_cursor"] = nullptr;
  // Newest first; the place is the start of the last one of the page before.
  std::uint64_t last = 0;
  for (auto each = answer->incidents.rbegin(); each != answer->incidents.rend(); ++each) {
    const auto start = static_cast<std::uint64_t>(std::max<std::int64_t>(to_ms(each->from), 0));
    if (page->after && start >= *page->after) continue;
    if (json["incidents"].size() == page->limit) {
      json["next_cursor"] = next_cursor(question->query, last);
      break;
    }
    Json entry = incident_json(*each, server);
    entry.erase("server");
    json["incidents"].push_back(std::move(entry));
    last = start;
  }
  return json;
}

Result<Json> latency_answer_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"points", "phases", "target"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  const auto points = parameters->count("points", 0, 1, kMostPoints);
  if (!points) return tl::unexpected(points.error());
  const auto phases = parameters->count("phases", 0, 0, 1);
  if (!phases) return tl::unexpected(phases.error());
  const auto target = latency_target_for(parameters->text("target"), server);
  if (!target) return tl::unexpected(target.error());
  const LatencyOptions options{
      .phases = *phases == 1, .points = static_cast<std::uint32_t>(*points), .target = *target};
  const auto answer = latency(store, server.id, question->query, options);
  if (!answer) return tl::unexpected(answer.error());
  Json json = {{"server", server.name}};
  json.update(window_json(answer->window));
  json["latency_us"] = latency_json(answer->total);
  if (answer->target) json["target"] = latency_objective_json(*answer->target, server.level.latency_objective);
  for (std::size_t i = 0; options.phases && i < kPhaseCount; ++i) {
    json["phases_us"][std::string(kPhaseNames[i])] = latency_json(answer->phases[i]);
  }
  if (options.points > 0) json["series"] = Json::array();
  for (const LatencyPoint& point : answer->series) json["series"].push_back(latency_point_json(point));
  return json;
}

Result<Json> bars_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"count", "by"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  BarOptions options;
  const auto count = parameters->count("count", options.count, 1, kMostBars);
  if (!count) return tl::unexpected(count.error());
  options.count = static_cast<std::uint32_t>(*count);
  options.zone = question->zone;
  if (const auto by = parameters->text("by")) {
    const auto unit = parse_calendar_unit(*by);
    if (!unit) return tl::unexpected(unit.error());
    options.unit = *unit;
  }
  const auto answer = bars(store, server.id, question->query, options);
  if (!answer) return tl::unexpected(answer.error());
  Json json = {{"server", server.name}};
  json.update(window_json(question->query.window));
  json["bars"] = Json::array();
  for (const Bar& bar : answer->bars) json["bars"].push_back(bar_json(bar));
  return json;
}

Result<Json> slo_answer_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"objective", "period"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("30d");
  if (!question) return tl::unexpected(question.error());
  const auto objective = parameters->objective();
  if (!objective) return tl::unexpected(objective.error());
  const auto period = budget_period_for(parameters->text("period"), question->zone);
  if (!period) return tl::unexpected(period.error());
  const auto answer = slo(store, server.id, question->query, {*objective, *period});
  if (!answer) return tl::unexpected(answer.error());
  Json json = slo_json(server.name, *answer);
  const auto target = latency_target_for({}, server);
  if (!target) return tl::unexpected(target.error());
  if (*target) {
    const auto latencies = latency(store, server.id, question->query, {.target = *target});
    if (!latencies) return tl::unexpected(latencies.error());
    json["latency"] = latency_objective_json(*latencies->target, server.level.latency_objective);
  }
  return json;
}

// The place of a result in the list of points: time, then location.
using PointKey = std::tuple<std::int64_t, std::uint16_t>;
PointKey key_of(const CheckResult& result) {
  return {to_ms(result.time), static_cast<std::uint16_t>(result.location)};
}

Result<PointKey> read_point_cursor(const Parameters& parameters) {
  const auto text = parameters.text("cursor");
  if (!text) return PointKey{};
  const std::size_t dash = text->find('-');
  const std::string_view view = *text;
  const auto time = parse_decimal(view.substr(0, dash), 1, static_cast<std::uint64_t>(to_ms(kTimeLimit)));
  const auto location = dash == std::string::npos
                            ? std::nullopt
                            : parse_decimal(view.substr(dash + 1), 1, std::numeric_limits<std::uint16_t>::max());
  if (!time || !location) return bad_cursor();
  return PointKey{static_cast<std::int64_t>(*time), static_cast<std::uint16_t>(*location)};
}

Result<Json> points_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"limit", "cursor"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  const auto limit = parameters->count("limit", kUsualLimit, 1, kMostPoints);
  if (!limit) return tl::unexpected(limit.error());
  const auto cursor = read_point_cursor(*parameters);
  if (!cursor) return tl::unexpected(cursor.error());
  Window window = question->query.window;
  window.from = std::max(window.from, from_ms(std::get<0>(*cursor)));
  // Locations come in stretches, not mixed by time: the smallest limit + 1 keys are kept in a heap.
  const auto before = [](const CheckResult& a, const CheckResult& b) { return key_of(a) < key_of(b); };
  std::vector<CheckResult> heap;
  const auto read = for_each_result(store, server.id, window, [&](CheckResult&& result) {
    if (key_of(result) < *cursor) return true;
    if (heap.size() > *limit && !before(result, heap.front())) return true;
    heap.push_back(std::move(result));
    std::push_heap(heap.begin(), heap.end(), before);
    if (heap.size() > *limit + 1) {
      std::pop_heap(heap.begin(), heap.end(), before);
      heap.pop_back();
    }
    return true;
  });
  if (!read) return tl::unexpected(read.error());
  std::sort_heap(heap.begin(), heap.end(), before);
  Json json = {{"server", server.name}};
  json.update(window_json(question->query.window));
  json["points"] = Json::array();
  for (std::size_t i = 0; i < std::min<std::size_t>(heap.size(), *limit); ++i)
    json["points"].push_back(result_json(heap[i]));
  json["next_cursor"] = nullptr;
  if (heap.size() > *limit) {
    const auto [time, location] = key_of(heap.back());
    json["next_cursor"] = fmt::format("{}-{}", time, location);
  }
  return json;
}

Result<Json> server_entry_json(const Store&, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {}, false);
  if (!parameters) return tl::unexpected(parameters.error());
  return server_json(server, Audience::page);
}

struct ServerQuestion {
  std::string_view ending;
  Result<Json> (*answer)(const Store&, const Server&, const WebRequest&);
};
constexpr std::array kServerQuestions{
    ServerQuestion{"/uptime", uptime_json},
    ServerQuestion{"/incidents", incidents_json},
    ServerQuestion{"/latency", latency_answer_json},
    ServerQuestion{"/bars", bars_json},
    ServerQuestion{"/slo", slo_answer_json},
    ServerQuestion{"/points", points_json},
    ServerQuestion{"/comparison", comparison_answer_json},
    ServerQuestion{"/why", why_json},
    ServerQuestion{"/baseline", baseline_answer_json},
    ServerQuestion{"", server_entry_json},  // last: a name may itself end in one of the above
};

}  // namespace

WebResponse answer_of(const Result<Json>& json) {
  return json ? json_response(*json) : error_response(json.error());
}

std::optional<WebResponse> server_answer(const Store& store, std::string_view rest, const WebRequest& request) {
  const auto catalog = store.catalog();
  for (const ServerQuestion& question : kServerQuestions) {
    if (!rest.ends_with(question.ending)) continue;
    const std::string_view name = rest.substr(0, rest.size() - question.ending.size());
    if (const Server* server = catalog->find(name); server != nullptr)
      return answer_of(question.answer(store, *server, request));
  }
  return std::nullopt;
}

}  // namespace nines::tools
