#include "page/pages.h"

#include <fmt/format.h>
#include <nines/latency.h>
#include <nines/server_view.h>
#include <nines/slo.h>
#include <nines/timeline.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "exchange/results.h"
#include "page/badge_answer.h"
#include "page/frame.h"
#include "page/live_question.h"
#include "page/server_page.h"
#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

constexpr std::size_t kChartColumns = 240;
constexpr std::size_t kChecksOfPage = 25;
constexpr std::array kSpanDays{1, 7, 30, 90};
// How far back the next checks are looked for, in intervals: enough for a page of them, doubled until there are.
constexpr int kFirstReach = 2 * static_cast<int>(kChecksOfPage);
constexpr std::array<std::string_view, 6> kNames{"window", "from", "to", "tz", "failed", "before"};

WebResponse refused(const Error& error, const Frame& frame) {
  const int status = http_status(error.code);
  return html_response(
      message_page(status == 400 ? "This cannot be shown" : "This cannot be read", error.message, frame).text(),
      status);
}

// The chart of a window: its checks one by one while they are few, else columns of equal length with the percentiles
// of the good checks in each. One range scan.
struct Chart {
  std::vector<ChartPoint> points;
  bool single = false;
};
Result<Chart> chart_of(const Store& store, ServerId server, const Query& query) {
  struct Column {
    std::vector<std::uint32_t> latencies;
    std::uint64_t failed = 0;
  };
  Chart chart;
  const Window window{query.window.from, std::min(query.window.to, query.now)};
  if (window.empty()) return chart;
  const std::int64_t length = query.window.length().count();
  std::vector<Column> columns(kChartColumns);
  std::vector<ChartPoint> singles;
  auto cursor = store.scan(server, window, {.columns = {.latency = true}});
  if (!cursor) return tl::unexpected(cursor.error());
  while (true) {
    auto segment = (*cursor)->next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) break;
    const Segment& part = **segment;
    for (const Run& run : part.runs) {
      const bool good = run.state == State::up || run.state == State::degraded;
      for (std::uint32_t i = std::max(run.begin, part.first_in_window); i < run.end; ++i) {
        const std::int64_t at = part.time_ms[i] - to_ms(window.from);
        Column& column = columns[static_cast<std::size_t>(
            std::clamp<std::int64_t>(at * static_cast<std::int64_t>(kChartColumns) / length, 0, kChartColumns - 1))];
        column.failed += run.state == State::down ? 1 : 0;
        const std::uint32_t us = part.latency_us[i];
        if (good && us != kNoLatency) column.latencies.push_back(us);
        if (singles.size() > kChartColumns) continue;
        ChartPoint point{
            .time = from_ms(part.time_ms[i]), .p50 = {}, .p95 = us, .p99 = us, .failed = run.state == State::down};
        if (good && us != kNoLatency) point.p50 = us;
        singles.push_back(point);
      }
    }
  }
  if (singles.size() <= kChartColumns) {
    // Locations come in stretches, not mixed by time.
    std::stable_sort(singles.begin(), singles.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    return Chart{std::move(singles), true};
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    Column& column = columns[i];
    if (column.latencies.empty() && column.failed == 0) continue;
    const auto middle = static_cast<std::int64_t>(2 * i + 1) * length / static_cast<std::int64_t>(2 * kChartColumns);
    ChartPoint point{.time = window.from + std::chrono::milliseconds{middle},
                     .p50 = {},
                     .p95 = 0,
                     .p99 = 0,
                     .failed = column.failed};
    if (!column.latencies.empty()) {
      std::array<std::uint32_t, 3> at{};
      exact_quantiles(column.latencies, std::array{0.50, 0.95, 0.99}, at);
      point.p50 = at[0];
      point.p95 = at[1];
      point.p99 = at[2];
    }
    chart.points.push_back(point);
  }
  return chart;
}

// The newest results before `before`, newest first, at most one more than a page: from windows that double until there
// are enough. Each moment is read once.
Result<std::vector<CheckResult>> newest_checks(const Store& store, const Server& server, TimeMs before,
                                               bool failed_only) {
  const auto newest_of_all = store.last_result(server.id);
  if (!newest_of_all) return tl::unexpected(newest_of_all.error());
  std::vector<CheckResult> found;
  if (!*newest_of_all) return found;
  const auto newer = [](const CheckResult& a, const CheckResult& b) { return a.time > b.time; };
  TimeMs to = std::min(before, (*newest_of_all)->time + std::chrono::milliseconds{1});
  auto reach =
      std::max<std::chrono::milliseconds>(server.current_rules().interval, std::chrono::seconds{1}) * kFirstReach;
  while (found.size() <= kChecksOfPage && to > from_ms(0)) {
    const Window window{std::max(to - reach, from_ms(0)), to};
    std::vector<CheckResult> kept;  // a heap, the oldest on top: never more than a page
    const auto read = for_each_result(store, server.id, window, [&](CheckResult&& result) {
      if (failed_only && result.state != State::down) return true;
      kept.push_back(std::move(result));
      std::push_heap(kept.begin(), kept.end(), newer);
      if (kept.size() > kChecksOfPage + 1) {
        std::pop_heap(kept.begin(), kept.end(), newer);
        kept.pop_back();
      }
      return true;
    });
    if (!read) return tl::unexpected(read.error());
    std::sort_heap(kept.begin(), kept.end(), newer);
    std::move(kept.begin(), kept.end(), std::back_inserter(found));
    to = window.from;
    reach *= 8;
    if (window.to - window.from < reach / 8) break;
  }
  if (found.size() > kChecksOfPage + 1) found.resize(kChecksOfPage + 1);
  return found;
}

// A page and what it points to.
struct ServerLook {
  std::shared_ptr<const Catalog> catalog;
  ServerView seen;
  ServerDetails details;
  ServerPage page;
};

// What the address asks for: a window, which checks, and before when.
Result<TimeMs> read_address(const WebRequest& request, ServerPage& page) {
  const Lookup lookup = given_parameters(request);
  if (auto known = check_names(request, kNames); !known) return tl::unexpected(known.error());
  auto question = live_question(request, now());
  if (!question) return tl::unexpected(question.error());
  page.question = std::move(*question);
  const auto failed = read_count(lookup, "", "failed", 0, 0, 1);
  if (!failed) return tl::unexpected(failed.error());
  page.failed_only = *failed == 1;
  page.has_check_page = lookup("before").has_value();
  const auto before = read_count(lookup, "", "before", static_cast<std::uint64_t>(to_ms(page.question.query.now)) + 1,
                                 0, static_cast<std::uint64_t>(to_ms(kTimeLimit)));
  if (!before) return tl::unexpected(before.error());
  return from_ms(static_cast<std::int64_t>(*before));
}

Result<void> look_at_figures(const Store& store, const Server& server, ServerLook& out) {
  ServerPage& page = out.page;
  const Query& query = page.question.query;
  ServerViewOptions options;
  options.figures.places = true;
  options.bars = page.question.bars;
  for (const int days : kSpanDays) options.spans.push_back({query.now - std::chrono::days{days}, query.now});
  auto seen = server_view(store, server.id, query, options);
  if (!seen) return tl::unexpected(seen.error());
  out.seen = std::move(*seen);
  page.figures = &out.seen.figures;
  page.bars = &out.seen.bars;
  for (std::size_t i = 0; i < kSpanDays.size(); ++i) {
    const SpanRatios& span = out.seen.spans[i];
    page.spans.push_back(
        {i == 0 ? "24h" : fmt::format("{}d", kSpanDays.at(i)), span.uptime_ratio, span.coverage_ratio});
  }
  if (!server.objective) return {};
  Query month = query;
  month.window = {query.now - std::chrono::days{30}, query.now};
  auto objective = slo(store, server.id, month);
  if (!objective) return tl::unexpected(objective.error());
  page.slo = std::move(*objective);
  return {};
}

Result<void> look_at_chart(const Store& store, const Server& server, ServerPage& page) {
  auto chart = chart_of(store, server.id, page.question.query);
  if (!chart) return tl::unexpected(chart.error());
  page.chart.points = std::move(chart->points);
  page.chart.single_checks = chart->single;
  page.chart.question = &page.question;
  page.chart.interval = server.current_rules().interval;
  const auto laid_over = overlay(server, page.question.query.window, MaintenancePolicy::exclude);
  if (!laid_over) return tl::unexpected(laid_over.error());
  for (const Span& span : *laid_over) {
    if (span.state == State::maintenance || span.state == State::paused)
      page.chart.maintenance.push_back({from_ms(span.from_ms), from_ms(span.to_ms)});
  }
  return {};
}

Result<void> look_at_checks(const Store& store, const Server& server, TimeMs before, ServerPage& page) {
  auto checks = newest_checks(store, server, before, page.failed_only);
  if (!checks) return tl::unexpected(checks.error());
  if (checks->size() > kChecksOfPage) {
    // Of several locations' checks of one moment a page may hold some: the next one begins with that moment.
    page.older = (*checks)[kChecksOfPage].time + std::chrono::milliseconds{1};
    checks->resize(kChecksOfPage);
  }
  page.checks = std::move(*checks);
  return {};
}

// The neighbours in the catalog's order, which is the order of the names.
void name_neighbours(const Catalog& catalog, const Server& server, ServerPage& page) {
  std::map<std::string_view, const Server*> names;
  for (const Server& each : catalog.servers()) names.emplace(each.name, &each);
  const auto self = names.find(server.name);
  if (self != names.begin()) page.previous = std::prev(self)->second->name;
  if (std::next(self) != names.end()) page.next = std::next(self)->second->name;
}

Result<void> look(const Store& store, const WebRequest& request, const Server& server, ServerLook& out) {
  ServerPage& page = out.page;
  page.server = &server;
  const auto before = read_address(request, page);
  if (!before) return tl::unexpected(before.error());
  if (auto done = look_at_figures(store, server, out); !done) return done;
  if (auto done = look_at_chart(store, server, page); !done) return done;
  auto details = look_at_details(store, server, page.question);
  if (!details) return tl::unexpected(details.error());
  out.details = std::move(*details);
  page.details = &out.details;
  if (auto done = look_at_checks(store, server, *before, page); !done) return done;
  name_neighbours(*out.catalog, server, page);
  return {};
}

WebResponse server_answer(const Store& store, const WebRequest& request, const std::string& name, const Frame& frame) {
  ServerLook looked;
  looked.catalog = store.catalog();
  const Server* const server = looked.catalog->find(std::string_view(name));
  if (server == nullptr) return html_response(message_page("Not found", "There is no such server.", frame).text(), 404);
  if (auto done = look(store, request, *server, looked); !done) return refused(done.error(), frame);
  return html_response(server_page(looked.page, frame).text());
}

}  // namespace

std::optional<WebResponse> page_answer(const Store& store, const WebRequest& request, const Frame& frame) {
  constexpr std::string_view kServer = "/server/";
  constexpr std::string_view kBadge = "/badge/";
  const std::string& path = request.path;
  if (path.starts_with(kServer)) return server_answer(store, request, path.substr(kServer.size()), frame);
  if (path.starts_with(kBadge)) {
    if (const auto parts = split_badge(std::string_view(path).substr(kBadge.size()))) {
      const auto catalog = store.catalog();
      return badge_answer(store, request, catalog->find(parts->first), parts->second);
    }
  }
  return std::nullopt;
}

}  // namespace nines::tools
