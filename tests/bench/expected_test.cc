// The right answers: by hand for a short history, and equal to the naive model of tests/query, with which they share no
// code, on generated ones.
#include "expected.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include <nines/calendar.h>

#include "history.h"
#include "query/support/naive_model.h"

namespace nines::history {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kBegin = 20'454 * kDayMs;  // 2026-01-01

std::size_t of(State state) {
  return static_cast<std::size_t>(state);
}

/// A check a minute from kBegin on: u(p) with 1000, 2000 ... us, d(own), '.' for none.
std::vector<CheckResult> checks(std::string_view letters) {
  std::vector<CheckResult> results;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    if (letters[i] == '.') continue;
    CheckResult result;
    result.server = ServerId{1};
    result.time = from_ms(kBegin + static_cast<std::int64_t>(i) * kMinuteMs);
    result.interval_ms = kMinuteMs;
    result.state = letters[i] == 'u' ? State::up : State::down;
    if (letters[i] == 'u') result.latency_us = static_cast<std::uint32_t>(1000 * (i + 1));
    results.push_back(result);
  }
  return results;
}

Window minutes(std::int64_t from, std::int64_t to) {
  return {from_ms(kBegin + from * kMinuteMs), from_ms(kBegin + to * kMinuteMs)};
}

TEST(ExpectedAnswer, OutageBlipAndPercentilesByHand) {
  //                             0123456789
  const auto results = checks("uudduuduuu");
  const Expected answer = expect(results, minutes(0, 10), equal_edges(minutes(0, 10), 2));
  EXPECT_EQ(answer.checks, 10U);
  EXPECT_EQ(answer.successful, 7U);
  EXPECT_EQ(answer.failed, 3U);
  EXPECT_EQ(answer.blips, 1U) << "that of minute 6";
  EXPECT_EQ(answer.time_ms[of(State::up)], 8 * kMinuteMs);
  EXPECT_EQ(answer.time_ms[of(State::down)], 2 * kMinuteMs);
  EXPECT_EQ(answer.last, State::up);
  const std::int64_t outage = kBegin + 2 * kMinuteMs;
  EXPECT_EQ(answer.incidents, (std::vector<ExpectedIncident>{{outage, outage + 2 * kMinuteMs, 2}}));
  // 1, 2, 5, 6, 8, 9, 10 ms: the 4th, the 7th and the 7th.
  EXPECT_EQ(answer.latency, (ExpectedLatency{7, 41'000, 1000, 10'000, 6000, 10'000, 10'000}));
  ASSERT_EQ(answer.bars.size(), 2U);
  EXPECT_EQ(answer.bars[0].time_ms[of(State::down)], 2 * kMinuteMs);
  EXPECT_EQ(answer.bars[0].latency_sum_us, 8000U);
  EXPECT_EQ(answer.bars[1].failed, 1U);
  EXPECT_EQ(answer.bars[1].latency_max_us, 10'000U);
}

TEST(ExpectedAnswer, SilenceIsUnknownAfterTwoAndAHalfIntervalsAndTheTimeout) {
  const auto results = checks("uu......uu");
  const Expected answer = expect(results, minutes(-1, 10), {});
  // From minute 1 a result holds 150 + 10 s; the next comes at minute 8. Nothing is known before the first.
  EXPECT_EQ(answer.time_ms[of(State::unknown)], kMinuteMs + 7 * kMinuteMs - 160'000);
  EXPECT_EQ(answer.time_ms[of(State::up)], 3 * kMinuteMs + 160'000);
}

TEST(ExpectedAnswer, OutageThatIsNotOverHasNoEndAndOneThatCameBeforeKeepsItsStart) {
  const Expected answer = expect(checks("ddduudd"), minutes(1, 7), {});
  ASSERT_EQ(answer.incidents.size(), 2U);
  EXPECT_EQ(answer.incidents[0], (ExpectedIncident{kBegin, kBegin + 3 * kMinuteMs, 3}));
  EXPECT_EQ(answer.incidents[1], (ExpectedIncident{kBegin + 5 * kMinuteMs, std::nullopt, 2}));
}

TEST(ExpectedAnswer, DaysEndAtMidnightAndTheLastOneWithTheWindow) {
  const Window window{from_ms(kBegin), from_ms(kBegin + 2 * kDayMs + 5)};
  EXPECT_EQ(day_edges(window),
            (std::vector<std::int64_t>{kBegin, kBegin + kDayMs, kBegin + 2 * kDayMs, kBegin + 2 * kDayMs + 5}));
}

/// The model's figures and bars in the words of expected.h.
Expected by_model(const Server& server, const std::vector<CheckResult>& results, Window window,
                  const std::vector<std::int64_t>& edges) {
  Query query;
  query.window = window;
  query.now = window.to;
  const test::NaiveModel model(server, results, query);
  const Figures figures = model.figures();
  Expected answer;
  answer.checks = figures.counts.checks;
  answer.successful = figures.counts.successful;
  answer.failed = figures.counts.failed;
  answer.blips = figures.counts.blips;
  answer.time_ms = figures.time.ms;
  for (const std::uint32_t value : model.latencies(window)) answer.latency.sum_us += value;
  if (const auto& latency = figures.latency) {
    answer.latency = {latency->count,
                      answer.latency.sum_us,
                      latency->min_us,
                      latency->max_us,
                      static_cast<std::uint32_t>(latency->p50_us),
                      static_cast<std::uint32_t>(latency->p95_us),
                      static_cast<std::uint32_t>(latency->p99_us)};
  }
  if (figures.last) answer.last = figures.last->state;
  for (const Incident& incident : figures.incidents) {
    answer.incidents.push_back({to_ms(incident.from), incident.to ? std::optional(to_ms(*incident.to)) : std::nullopt,
                                incident.failed_checks});
  }
  std::vector<Window> windows;
  for (std::size_t i = 0; i + 1 < edges.size(); ++i) windows.push_back({from_ms(edges[i]), from_ms(edges[i + 1])});
  for (const Bar& bar : model.bars(windows)) {
    const auto sum = std::llround(bar.latency_mean_us * static_cast<double>(bar.latency_count));
    answer.bars.push_back({bar.window, bar.time.ms, bar.checks, bar.failed_checks, bar.latency_count,
                           static_cast<std::uint64_t>(sum), bar.latency_max_us});
  }
  return answer;
}

TEST(ExpectedAnswer, EqualsTheNaiveModelOnGeneratedHistories) {
  std::size_t outages = 0;
  for (std::uint32_t index = 0; index < 8; ++index) {
    const Shape shape{.servers = 8, .days = 3, .interval_ms = index % 2 == 0 ? 300'000U : 60'000U, .seed = 11 + index};
    const ServerHistory server(shape, index);
    std::vector<CheckResult> results;
    server.results({shape.begin(), shape.now()}, results);
    const Window day{shape.now() - std::chrono::hours{24}, shape.now()};
    const Window all{shape.begin(), shape.now()};
    EXPECT_EQ(expect(results, day, equal_edges(day, 48)),
              by_model(server.server(), results, day, equal_edges(day, 48)));
    EXPECT_EQ(expect(results, all, day_edges(all)), by_model(server.server(), results, all, day_edges(all)));
    outages += server.outages().size();
  }
  EXPECT_GE(outages, 4U) << "the histories have to have outages for this to mean much";
}

}  // namespace
}  // namespace nines::history
