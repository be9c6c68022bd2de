#include "web/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <string_view>

#include "show/answers.h"
#include "web/parameters.h"
#include "web/server_answers.h"

namespace nines::tools {
namespace {

constexpr std::string_view kPrefix = "/api/v1/";
constexpr std::uint64_t kMostOffset = 1'000'000'000;
// Bars of one answer, which are some 250 bytes each.
constexpr std::uint64_t kMostBarsInAll = 50'000;

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
  if (offset > kMostOffset) return bad_cursor();
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

Result<Json> service_json(const Store& store, const WebRequest& request) {
  const auto parameters = Parameters::of(request, {"of", "objective"}, true);
  if (!parameters) return tl::unexpected(parameters.error());
  const auto question = parameters->question("30d");
  if (!question) return tl::unexpected(question.error());
  const auto objective = parameters->objective();
  if (!objective) return tl::unexpected(objective.error());
  const auto text = parameters->text("of");
  if (!text) return invalid("of: it is the service, like all(web, any(db1, db2))");
  const auto catalog = store.catalog();
  const auto service = parse_component(*text, *catalog);
  if (!service) return tl::unexpected(service.error());
  const auto answer = composed_uptime(store, *service, question->query, {.objective = *objective});
  if (!answer) return tl::unexpected(answer.error());
  return composed_json(*text, *answer, *catalog);
}

}  // namespace

std::optional<WebResponse> api_answer(const Store& store, const WebRequest& request) {
  constexpr std::string_view kServers = "servers/";
  const std::string_view path = std::string_view(request.path).substr(kPrefix.size());
  if (path == "status") {
    auto answer = status_answer(store, request);
    return answer ? std::move(*answer) : error_response(answer.error());
  }
  if (path == "service") return answer_of(service_json(store, request));
  if (path == "servers") return answer_of(servers_json(store, request));
  if (!path.starts_with(kServers)) return std::nullopt;
  if (auto answer = server_answer(store, path.substr(kServers.size()), request)) return answer;
  return error_response(404, "not_found", "there is no such server, or nothing to ask of it under this name");
}

}  // namespace nines::tools
