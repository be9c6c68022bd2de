#include "answers.h"

#include <array>
#include <chrono>
#include <cmath>
#include <string>

#include <nines/latency.h>

namespace nines::bench {
namespace {

using history::Expected;
using history::Shape;

std::uint64_t sum_of(double mean, std::uint64_t count) {
  return static_cast<std::uint64_t>(std::llround(mean * static_cast<double>(count)));
}

Expected expect_server(const Shape& shape, std::uint32_t index, bool days) {
  const Window window = days ? days_query(shape, Summaries::never).window : dashboard_query(shape).window;
  // An outage is shorter than a day: what began before that cannot reach into the window.
  const Window seen{days ? window.from : window.from - std::chrono::hours{24}, window.to};
  std::vector<CheckResult> results;
  history::ServerHistory(shape, index).results(seen, results);
  history::Judgement judgement;
  judgement.created_ms = to_ms(shape.begin());  // a history of less than a day begins inside the dashboard's window
  return history::expect(results, window, days ? history::day_edges(window) : history::equal_edges(window, 48),
                         judgement);
}

/// The first part in which two answers differ; null when they do not.
const char* difference(const Expected& a, const Expected& b) {
  if (a.checks != b.checks || a.successful != b.successful || a.failed != b.failed) return "checks";
  if (a.blips != b.blips) return "blips";
  if (a.time_ms != b.time_ms) return "time per state";
  if (a.latency != b.latency) return "latency";
  if (a.last != b.last) return "last state";
  if (a.incidents != b.incidents) return "incidents";
  if (a.bars != b.bars) return "bars";
  return nullptr;
}

}  // namespace

Query dashboard_query(const Shape& shape) {
  Query query;
  query.window = {shape.now() - std::chrono::hours{24}, shape.now()};
  query.now = shape.now();
  return query;
}

DashboardOptions dashboard_options() {
  DashboardOptions options;
  options.bars.emplace().count = 48;
  options.figures.details = false;
  return options;
}

Query days_query(const Shape& shape, Summaries summaries) {
  Query query;
  query.window = {shape.begin(), shape.now()};
  query.now = shape.now();
  query.summaries = summaries;
  return query;
}

DashboardOptions days_options() {
  DashboardOptions options;
  options.bars.emplace().unit = CalendarUnit::day;
  options.figures = {.latency = false, .details = false, .since = false};
  return options;
}

Expected to_expected(const DashboardRow& row) {
  Expected answer;
  const Figures& figures = row.figures;
  answer.checks = figures.counts.checks;
  answer.successful = figures.counts.successful;
  answer.failed = figures.counts.failed;
  answer.blips = figures.counts.blips;
  answer.time_ms = figures.time.ms;
  if (const auto& latency = figures.latency) {
    answer.latency = {.count = latency->count,
                      .sum_us = sum_of(latency->mean_us, latency->count),
                      .min_us = latency->min_us,
                      .max_us = latency->max_us,
                      .p50_us = static_cast<std::uint32_t>(latency->p50_us),
                      .p95_us = static_cast<std::uint32_t>(latency->p95_us),
                      .p99_us = static_cast<std::uint32_t>(latency->p99_us)};
  }
  if (figures.last) answer.last = figures.last->state;
  for (const Incident& incident : figures.incidents) {
    auto& expected = answer.incidents.emplace_back();
    expected.from_ms = to_ms(incident.from);
    if (incident.to) expected.to_ms = to_ms(*incident.to);
    expected.failed_checks = incident.failed_checks;
  }
  for (const Bar& bar : row.bars) {
    answer.bars.push_back({.window = bar.window,
                           .time_ms = bar.time.ms,
                           .checks = bar.checks,
                           .failed = bar.failed_checks,
                           .latency_count = bar.latency_count,
                           .latency_sum_us = sum_of(bar.latency_mean_us, bar.latency_count),
                           .latency_max_us = bar.latency_max_us});
  }
  return answer;
}

Result<void> check_answers(const Shape& shape, const Dashboard& dashboard, bool days) {
  if (dashboard.rows.size() != shape.servers) return fail(ErrorCode::fatal, "the dashboard does not have every server");
  std::vector<bool> seen(shape.servers);
  for (const DashboardRow& row : dashboard.rows) {
    const std::uint32_t index = static_cast<std::uint32_t>(row.server) - 1;
    if (index >= shape.servers || seen[index]) return fail(ErrorCode::fatal, "the dashboard has a server twice");
    seen[index] = true;
    Expected expected = expect_server(shape, index, days);
    if (days) expected.latency = {};
    if (const char* what = difference(to_expected(row), expected)) {
      return fail(ErrorCode::fatal, std::string("wrong answer: ") + what + " of " + row.name);
    }
  }
  return {};
}

void select_by_quantiles(std::span<std::uint32_t> values, history::ExpectedLatency& answer) {
  constexpr std::array<double, 3> kQuantiles = {0.50, 0.95, 0.99};
  std::array<std::uint32_t, 3> found{};
  exact_quantiles(values, kQuantiles, found);
  answer.p50_us = found[0];
  answer.p95_us = found[1];
  answer.p99_us = found[2];
}

}  // namespace nines::bench
