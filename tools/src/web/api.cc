#include "web/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <string_view>
#include <tuple>

#include "exchange/record_line.h"
#include "exchange/results.h"
#include "show/answers.h"
#include "show/audit.h"
#include "show/number.h"
#include "show/service_level.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::string_view kPrefix = "/api/v1/";
constexpr std::uint64_t kUsualLimit = 100;
constexpr std::uint64_t kMostRows = 1'000;
constexpr std::uint64_t kMostPoints = 10'000;
constexpr std::uint64_t kMostBars = 2'000;
constexpr std::uint64_t kMostOffset = 1'000'000'000;
// Bars of one answer, which are some 250 bytes each.
constexpr std::uint64_t kMostBarsInAll = 50'000;
// Stretches and runs of one answer, likewise.
constexpr std::uint64_t kMostReasons = 50'000;

using Names = std::initializer_list<std::string_view>;
constexpr std::array<std::string_view, 8> kQuestionNames{
    "window", "from", "to", "tz", "confirm-failures", "confirm-successes", "maintenance", "unknown"};

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message));
}

// A request's parameters, checked against the names that a path knows.
class Parameters {
 public:
  static Result<Parameters> of(const WebRequest& request, Names names, bool question) {
    std::vector<std::string_view> known(names);
    if (question) known.insert(known.end(), kQuestionNames.begin(), kQuestionNames.end());
    for (const auto& [name, value] : request.query) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      const std::string_view near = closest(name, known);
      return invalid(fmt::format("there is no parameter `{}`{}", printable(fit(name, 40)),
                                 near.empty() ? "" : fmt::format("; did you mean `{}`?", near)));
    }
    return Parameters(request);
  }
  [[nodiscard]] Lookup lookup() const {
    return [request = request_](const char* name) { return request->parameter(name); };
  }
  [[nodiscard]] std::optional<std::string> text(const char* name) const { return request_->parameter(name); }
  [[nodiscard]] Result<std::uint64_t> count(const char* name, std::uint64_t usual, std::uint64_t least,
                                            std::uint64_t most) const {
    return read_count(lookup(), "", name, usual, least, most);
  }
  [[nodiscard]] Result<Question> question(std::string_view usual) const { return read_question(lookup(), "", usual); }

 private:
  explicit Parameters(const WebRequest& request) : request_(&request) {}
  const WebRequest* request_;
};

// A page of a list of answers. Its cursor holds the question as of the first page, so that what is measured meanwhile
// moves nothing, and a place in the list.
struct Page {
  std::optional<std::uint64_t> after;
  std::uint64_t limit = 0;
};
Result<Page> read_page(const Parameters& parameters, Query& query) {
  Page page;
  const auto limit = parameters.count("limit", kUsualLimit, 1, kMostRows);
  if (!limit) return tl::unexpected(limit.error());
  page.limit = *limit;
  const auto text = parameters.text("cursor");
  if (!text) return page;
  // now, from, to, place
  std::array<std::uint64_t, 4> parts{};
  std::string_view rest = *text;
  for (std::uint64_t& part : parts) {
    const bool last = &part == &parts.back();
    const std::size_t dash = rest.find('-');
    const auto number = last == (dash == std::string_view::npos)
                            ? parse_decimal(rest.substr(0, dash), 1, static_cast<std::uint64_t>(to_ms(kTimeLimit)))
                            : std::nullopt;
    if (!number) return invalid("cursor: it is a `next_cursor` of an earlier answer");
    part = *number;
    rest.remove_prefix(last ? rest.size() : dash + 1);
  }
  const auto at = [&](std::size_t i) { return from_ms(static_cast<std::int64_t>(parts.at(i))); };
  if (at(0) > query.now || at(1) > at(2)) return invalid("cursor: it is a `next_cursor` of an earlier answer");
  query.now = at(0);
  query.window = {at(1), at(2)};
  page.after = parts.back();
  return page;
}
Json next_cursor(const Query& query, std::uint64_t after) {
  const auto ms = [](TimeMs time) { return std::max<std::int64_t>(to_ms(time), 0); };
  return fmt::format("{}-{}-{}-{}", ms(query.now), ms(query.window.from), ms(query.window.to), after);
}

// Rows are written one by one: a document of all of them would take ten times the memory of its text.
Result<WebResponse> status_answer(const Store& store, const WebRequest& request) {
  const auto parameters =
      Parameters::of(request, {"group", "tag", "state", "search", "sort", "bars", "limit", "cursor"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  auto question = parameters->question("24h");
  if (!question) return tl::unexpected(question.error());
  const auto page = read_page(*parameters, question->query);
  if (!page) return tl::unexpected(page.error());
  const std::uint64_t offset = page->after.value_or(0);
  if (offset > kMostOffset) return invalid("cursor: it is a `next_cursor` of an earlier answer");
  DashboardOptions options;
  options.figures.since = options.figures.places = true;
  options.offset = static_cast<std::uint32_t>(offset);
  options.limit = static_cast<std::uint32_t>(page->limit);
  options.filter.group = parameters->text("group");
  options.filter.search = parameters->text("search").value_or("");
  if (const auto tag = parameters->text("tag")) {
    const std::size_t equals = tag->find('=');
    options.filter.tags[tag->substr(0, equals)] = equals == std::string::npos ? "" : tag->substr(equals + 1);
  }
  if (const auto state = parameters->text("state")) {
    options.filter.state = parse_state(*state);
    if (!options.filter.state) return invalid("state: it takes up, degraded, down, maintenance, paused or unknown");
  }
  if (const auto sort = parameters->text("sort")) {
    const auto parsed = parse_sort(*sort);
    if (!parsed) return invalid("sort: it takes name, worst or slowest");
    options.sort = *parsed;
  }
  const auto bar_count = parameters->count("bars", 0, 1, kMostBars);
  if (!bar_count) return tl::unexpected(bar_count.error());
  if (*bar_count > 0) {
    if (*bar_count * page->limit > kMostBarsInAll) {
      return invalid(fmt::format("bars: an answer holds at most {} bars in all; with limit={} that is bars={}",
                                 kMostBarsInAll, page->limit, kMostBarsInAll / page->limit));
    }
    options.bars.emplace();
    options.bars->count = static_cast<std::uint32_t>(*bar_count);
    options.bars->zone = question->zone;
  }
  const auto board = dashboard(store, question->query, options);
  if (!board) return tl::unexpected(board.error());
  WebResponse response;
  response.body =
      fmt::format("{{\"window\":{},\"matching\":{},\"servers\":[", dump(window_json(board->window)), board->matching);
  const auto catalog = store.catalog();
  bool first = true;
  for (const DashboardRow& row : board->rows) {
    Json entry = row_json(row, *catalog);
    for (const Bar& bar : row.bars) entry["bars"].push_back(bar_json(bar));
    if (!first) response.body += ',';
    first = false;
    response.body += dump(entry);
  }
  response.body += fmt::format(
      "],\"next_cursor\":{}}}\n",
      dump(offset + page->limit < board->matching ? next_cursor(question->query, offset + page->limit) : Json()));
  return response;
}

Result<Json> servers_json(const Store& store, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"limit", "cursor"}, false);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto limit = parameters->count("limit", kUsualLimit, 1, kMostRows);
  if (!limit) return tl::unexpected(limit.error());
  // The id of the last server of the page before: servers that come or go move nothing.
  const auto after = parameters->count("cursor", 0, 0, std::numeric_limits<std::uint32_t>::max());
  if (!after) return tl::unexpected(after.error());
  const auto catalog = store.catalog();
  const auto servers = catalog->servers();
  auto each = std::upper_bound(servers.begin(), servers.end(), *after, [](std::uint64_t id, const Server& server) {
    return id < static_cast<std::uint32_t>(server.id);
  });
  Json json = {{"servers", Json::array()}};
  for (; each != servers.end() && json["servers"].size() < *limit; ++each)
    json["servers"].push_back(server_json(*each, Audience::page));
  json["next_cursor"] =
      each == servers.end() ? Json() : Json(fmt::to_string(static_cast<std::uint32_t>(std::prev(each)->id)));
  return json;
}

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
  return comparison_json(server.name, *answer);
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

Result<std::optional<double>> read_objective(const Parameters& parameters) {
  const auto text = parameters.text("objective");
  if (!text) return std::nullopt;
  const auto objective = parse_objective(*text);
  if (!objective) return invalid("objective: it must lie between 0 and 1, like 99.9% or 0.999");
  return *objective;
}

Result<Json> slo_answer_json(const Store& store, const Server& server, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"objective", "period"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("30d");
  if (!question) return tl::unexpected(question.error());
  const auto objective = read_objective(*parameters);
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

Result<Json> service_json(const Store& store, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"of", "objective"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("30d");
  if (!question) return tl::unexpected(question.error());
  const auto objective = read_objective(*parameters);
  if (!objective) return tl::unexpected(objective.error());
  const auto text = parameters->text("of");
  if (!text) return invalid("of: it is the service, like all(web, any(db1, db2))");
  const auto catalog = store.catalog();
  const auto service = parse_component(*text, *catalog);
  if (!service) return tl::unexpected(service.error());
  const auto answer = composed_uptime(store, *service, question->query, *objective);
  if (!answer) return tl::unexpected(answer.error());
  return composed_json(*text, *answer, *catalog);
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
  if (!time || !location) return invalid("cursor: it is a `next_cursor` of an earlier answer");
  return PointKey{static_cast<std::int64_t>(*time), static_cast<std::uint16_t>(*location)};
}

Json point_json(const CheckResult& result) {
  const std::string error(to_string(result.error));
  return {{"time", format_time(result.time)},
          {"state", std::string(to_string(result.state))},
          {"latency_us", optional_json(result.latency_us)},
          {"code", result.code == 0 ? Json() : Json(result.code)},
          {"location", static_cast<std::uint16_t>(result.location)},
          {"error", error.empty() ? Json() : Json(error)},
          {"retry", result.retry},
          {"detail", result.detail.empty() ? Json() : Json(result.detail)}};
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
    json["points"].push_back(point_json(heap[i]));
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

WebResponse finished(const Result<Json>& json) {
  return json ? json_response(*json) : error_response(json.error());
}

}  // namespace

std::optional<WebResponse> api_answer(const Store& store, const WebRequest& request) {
  constexpr std::string_view kServers = "servers/";
  const std::string_view path = std::string_view(request.path).substr(kPrefix.size());
  if (path == "status") {
    auto answer = status_answer(store, request);
    return answer ? std::move(*answer) : error_response(answer.error());
  }
  if (path == "service") return finished(service_json(store, request));
  if (path == "servers") return finished(servers_json(store, request));
  if (!path.starts_with(kServers)) return std::nullopt;
  const std::string_view rest = path.substr(kServers.size());
  const auto catalog = store.catalog();
  for (const ServerQuestion& question : kServerQuestions) {
    if (!rest.ends_with(question.ending)) continue;
    const std::string_view name = rest.substr(0, rest.size() - question.ending.size());
    if (const Server* server = catalog->find(name); server != nullptr)
      return finished(question.answer(store, *server, request));
  }
  return error_response(404, "not_found", "there is no such server, or nothing to ask of it under this name");
}

}  // namespace nines::tools
