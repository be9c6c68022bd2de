#include "web/pages.h"

#include <fmt/format.h>
#include <nines/uptime.h>

#include <algorithm>
#include <deque>

#include "exchange/results.h"
#include "show/svg.h"
#include "show/text.h"
#include "show/times.h"
#include "web/html.h"

namespace nines::tools {
namespace {

constexpr std::uint64_t kRowsOfPage = 200;
constexpr std::uint32_t kBarsOfRow = 48;
constexpr std::uint32_t kBarsOfServer = 90;
constexpr std::uint32_t kPlotPoints = 400;
constexpr std::size_t kNewestChecks = 20;

WebResponse bad_request(const Error& error) {
  return html_response(message_page("This cannot be shown", error.message), 400);
}
WebResponse broken(const Error& error) {
  return html_response(message_page("This cannot be read", error.message), 500);
}

Lookup parameters_of(const WebRequest& request) {
  return [&request](const char* name) -> std::optional<std::string> {
    auto value = request.parameter(name);
    return value && !value->empty() ? value : std::nullopt;
  };
}

WebResponse dashboard_answer(const Store& store, const WebRequest& request) {
  const Lookup lookup = parameters_of(request);
  const auto question = read_question(lookup, "", "24h");
  if (!question) return bad_request(question.error());
  const auto offset = read_count(lookup, "", "offset", 0, 0, 10'000'000);
  if (!offset) return bad_request(offset.error());
  DashboardOptions options;
  options.filter.search = lookup("search").value_or("");
  options.filter.group = lookup("group");
  options.sort = SortBy::worst_first;
  if (const auto sort = lookup("sort")) {
    const auto parsed = parse_sort(*sort);
    if (!parsed) return bad_request({ErrorCode::invalid_argument, "sort: it takes name, worst or slowest"});
    options.sort = *parsed;
  }
  options.offset = static_cast<std::uint32_t>(*offset);
  options.limit = kRowsOfPage;
  options.bars.emplace();
  options.bars->count = kBarsOfRow;
  options.bars->zone = question->zone;
  options.figures.details = false;
  options.figures.since = true;
  const auto board = dashboard(store, question->query, options);
  if (!board) return broken(board.error());
  DashboardView view;
  view.board = &*board;
  view.window = lookup("window").value_or("24h");
  view.search = options.filter.search;
  view.sort = lookup("sort").value_or("");
  view.offset = options.offset;
  view.limit = options.limit;
  view.zone = question->zone;
  return html_response(dashboard_page(view));
}

// The newest results before `query.now`, newest first: from a window that grows until there are enough.
Result<std::vector<CheckResult>> newest_checks(const Store& store, const Server& server, TimeMs now) {
  const auto last = store.last_result(server.id);
  if (!last) return tl::unexpected(last.error());
  std::vector<CheckResult> newest;
  if (!*last) return newest;
  const TimeMs to = std::max(now, (*last)->time) + std::chrono::milliseconds{1};
  const Window window{(*last)->time - server.current_rules().interval * (2 * kNewestChecks), to};
  std::deque<CheckResult> kept;
  const auto read =
      for_each_result(store, server.id, {std::max(window.from, from_ms(0)), to}, [&](CheckResult&& result) {
        kept.push_back(std::move(result));
        if (kept.size() > 4 * kNewestChecks) kept.pop_front();
        return true;
      });
  if (!read) return tl::unexpected(read.error());
  newest.assign(kept.begin(), kept.end());
  std::stable_sort(newest.begin(), newest.end(), [](const auto& a, const auto& b) { return a.time > b.time; });
  newest.resize(std::min(newest.size(), kNewestChecks));
  return newest;
}

WebResponse server_answer(const Store& store, const WebRequest& request, const std::string& name) {
  const auto catalog = store.catalog();
  const Server* const server = catalog->find(std::string_view(name));
  if (server == nullptr) return html_response(message_page("Not found", "There is no such server."), 404);
  const Lookup lookup = parameters_of(request);
  const auto question = read_question(lookup, "", "24h");
  if (!question) return bad_request(question.error());
  const auto figures = uptime(store, server->id, question->query);
  if (!figures) return broken(figures.error());
  BarOptions bar_options;
  bar_options.count = kBarsOfServer;
  const auto bar_answer = bars(store, server->id, question->query, bar_options);
  if (!bar_answer) return broken(bar_answer.error());
  const auto latency_answer = latency(store, server->id, question->query, {.points = kPlotPoints});
  if (!latency_answer) return broken(latency_answer.error());
  ServerView view;
  for (const int days : {1, 7, 30, 90}) {
    Query query = question->query;
    query.window = {query.now - std::chrono::days{days}, query.now};
    const auto span = uptime(store, server->id, query, {.latency = false, .details = false, .since = false});
    if (!span) return broken(span.error());
    view.spans.emplace_back(days == 1 ? "24 hours" : fmt::format("{} days", days), span->figures.uptime_ratio);
  }
  auto newest = newest_checks(store, *server, question->query.now);
  if (!newest) return broken(newest.error());
  view.server = server;
  view.window = lookup("window").value_or("24h");
  view.figures = &figures->figures;
  view.bars = &bar_answer->bars;
  view.latency = &*latency_answer;
  view.newest = std::move(*newest);
  view.zone = question->zone;
  return html_response(server_page(view));
}

WebResponse badge_answer(const Store& store, const WebRequest& request, const std::string& name, bool svg) {
  const auto catalog = store.catalog();
  const Server* const server = catalog->find(std::string_view(name));
  if (server == nullptr) return error_response(404, "not_found", "there is no such server");
  const Lookup lookup = parameters_of(request);
  const auto question = read_question(lookup, "", "30d");
  if (!question) return error_response(400, "invalid_argument", question.error().message);
  const auto answer = uptime(store, server->id, question->query, {.latency = false, .details = false, .since = false});
  if (!answer) return error_response(500, to_string(answer.error().code), answer.error().message);
  const auto& ratio = answer->figures.uptime_ratio;
  const std::string label = lookup("label").value_or("uptime");
  WebResponse response;
  if (svg) {
    response.type = "image/svg+xml";
    response.body = badge_svg(label, ratio);
  } else {
    // https://shields.io/badges/endpoint-badge
    response = json_response(
        {{"schemaVersion", 1}, {"label", label}, {"message", badge_text(ratio)}, {"color", badge_colour(ratio)}});
  }
  response.cache = "max-age=60";
  return response;
}

}  // namespace

std::optional<WebResponse> page_answer(const Store& store, const WebRequest& request) {
  constexpr std::string_view kServer = "/server/";
  constexpr std::string_view kBadge = "/badge/";
  const std::string& path = request.path;
  if (path == "/") return dashboard_answer(store, request);
  if (path.starts_with(kServer)) return server_answer(store, request, path.substr(kServer.size()));
  if (path.starts_with(kBadge)) {
    for (const std::string_view end : {"/uptime.svg", "/uptime.json"}) {
      if (!path.ends_with(end) || path.size() <= kBadge.size() + end.size()) continue;
      const std::string name = path.substr(kBadge.size(), path.size() - kBadge.size() - end.size());
      return badge_answer(store, request, name, end == "/uptime.svg");
    }
  }
  return std::nullopt;
}

}  // namespace nines::tools
