// query/ against the naive model, over random histories, rules, catalogs, windows and policies.
#include <gtest/gtest.h>

#include <cmath>
#include <ostream>

#include <nines/bars.h>
#include <nines/dashboard.h>
#include <nines/summary.h>
#include <nines/timeline.h>
#include <nines/uptime.h>

#include "query/support/history_builder.h"
#include "query/support/naive_model.h"
#include "query/support/random_history.h"

namespace nines {

void PrintTo(const Span& span, std::ostream* out) {
  *out << to_string(span.state) << " [" << span.from_ms << ", " << span.to_ms << ")";
}

void PrintTo(const Incident& incident, std::ostream* out) {
  *out << "[" << to_ms(incident.from) << ", " << (incident.to ? to_ms(*incident.to) : -1) << ") "
       << incident.duration_ms << " ms, inside " << incident.window_ms << " ms, down " << incident.down_ms
       << " ms, failed " << incident.failed_checks << (incident.end_seen ? "" : ", end not seen")
       << (incident.down_at_window_end ? ", down at the end" : "") << ", code " << incident.code << ", error "
       << to_string(incident.error) << ", detail " << incident.detail << ", locations";
  for (const LocationId location : incident.locations) *out << " " << static_cast<int>(location);
}

}  // namespace nines

namespace nines::test {
namespace {

const TimeMs kEnd = at("2030-01-01");

void expect_near(std::optional<double> actual, std::optional<double> expected, double relative, const char* what) {
  ASSERT_EQ(actual.has_value(), expected.has_value()) << what;
  if (!actual) return;
  EXPECT_NEAR(*actual, *expected, std::abs(*expected) * relative) << what;
}

void expect_latency(const std::optional<LatencyFigures>& actual, const std::optional<LatencyFigures>& expected) {
  ASSERT_EQ(actual.has_value(), expected.has_value());
  if (!actual) return;
  EXPECT_EQ(actual->count, expected->count);
  EXPECT_EQ(actual->min_us, expected->min_us);
  EXPECT_EQ(actual->max_us, expected->max_us);
  EXPECT_NEAR(actual->mean_us, expected->mean_us, expected->mean_us * 1e-9);
  const double error = actual->exact ? 0 : LatencySketch::kRelativeError;
  EXPECT_NEAR(actual->p50_us, expected->p50_us, expected->p50_us * error);
  EXPECT_NEAR(actual->p90_us, expected->p90_us, expected->p90_us * error);
  EXPECT_NEAR(actual->p95_us, expected->p95_us, expected->p95_us * error);
  EXPECT_NEAR(actual->p99_us, expected->p99_us, expected->p99_us * error);
}

void expect_figures(const Figures& actual, const Figures& expected) {
  EXPECT_EQ(actual.server, expected.server);
  EXPECT_EQ(actual.window, expected.window);
  EXPECT_EQ(actual.time.ms, expected.time.ms);
  expect_near(actual.uptime_ratio, expected.uptime_ratio, 1e-12, "uptime");
  expect_near(actual.coverage_ratio, expected.coverage_ratio, 1e-12, "coverage");
  expect_near(actual.uptime_lower, expected.uptime_lower, 1e-12, "lower bound");
  expect_near(actual.uptime_upper, expected.uptime_upper, 1e-12, "upper bound");
  expect_near(actual.uptime_unconfirmed, expected.uptime_unconfirmed, 1e-12, "unconfirmed");
  EXPECT_EQ(actual.planned_down_ms, expected.planned_down_ms);
  EXPECT_EQ(actual.resolution_ms, expected.resolution_ms);
  EXPECT_EQ(actual.places, expected.places);
  expect_near(actual.check_success_ratio, expected.check_success_ratio, 1e-12, "check success");
  EXPECT_EQ(actual.counts.checks, expected.counts.checks);
  EXPECT_EQ(actual.counts.successful, expected.counts.successful);
  EXPECT_EQ(actual.counts.failed, expected.counts.failed);
  EXPECT_EQ(actual.counts.blips, expected.counts.blips);
  expect_latency(actual.latency, expected.latency);
  EXPECT_EQ(actual.incidents, expected.incidents);
  expect_near(actual.mttr_ms, expected.mttr_ms, 1e-12, "mttr");
  expect_near(actual.mtbf_ms, expected.mtbf_ms, 1e-12, "mtbf");
  EXPECT_EQ(actual.longest_outage_ms, expected.longest_outage_ms);
  EXPECT_EQ(actual.current, expected.current);
  EXPECT_EQ(actual.last, expected.last);
}

void expect_bars(const std::vector<Bar>& actual, const std::vector<Bar>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_EQ(actual[i].window, expected[i].window);
    EXPECT_EQ(actual[i].time.ms, expected[i].time.ms) << i;
    EXPECT_EQ(actual[i].checks, expected[i].checks) << i;
    EXPECT_EQ(actual[i].failed_checks, expected[i].failed_checks) << i;
    EXPECT_EQ(actual[i].latency_count, expected[i].latency_count) << i;
    EXPECT_EQ(actual[i].latency_max_us, expected[i].latency_max_us) << i;
    EXPECT_NEAR(actual[i].latency_mean_us, expected[i].latency_mean_us, expected[i].latency_mean_us * 1e-9) << i;
    expect_near(actual[i].uptime_ratio, expected[i].uptime_ratio, 1e-12, "bar");
  }
}

// One random server in a store of its own.
struct Case {
  explicit Case(std::uint64_t seed, int days) : random(seed) {
    if (seed % 4 == 1) store.forget_intervals();
    server = random.server();
    server.id = store.add(server);
    const auto written = random.results(server, days);
    EXPECT_TRUE(store.append(written, Durability::process).has_value());
    store.set_shape({static_cast<std::uint32_t>(random.chance(50) ? 0 : random.pick(1, 50)), random.chance(50)});
    results = store.results(server.id, {from_ms(0), kEnd});
  }

  void compare_figures(const Query& query) {
    const NaiveModel model(server, results, query);
    const auto line = timeline(store, server.id, query);
    ASSERT_TRUE(line.has_value()) << line.error().message;
    EXPECT_EQ(line->spans, model.spans());
    const auto answer = uptime(store, server.id, query, {.places = true});
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    expect_figures(answer->figures, model.figures());
  }

  void compare_bars(const Query& query, const BarOptions& options) {
    if (query.window.empty()) return;
    const auto windows = bar_windows(query.window, options);
    ASSERT_TRUE(windows.has_value()) << windows.error().message;
    const auto answer = bars(store, server.id, query, options);
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    expect_bars(answer->bars, NaiveModel(server, results, query).bars(*windows));
  }

  RandomHistory random;
  Server server;
  ModelStore store{options_at_2030()};
  std::vector<CheckResult> results;
};

class AgainstTheModel : public ::testing::TestWithParam<int> {};

// Each instance runs this many seeds of its own, so that a failure names a small range.
constexpr std::uint64_t kSeeds = 20;

TEST_P(AgainstTheModel, FiguresFromResultsAreEqual) {
  for (std::uint64_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    Case c(static_cast<std::uint64_t>(GetParam()) * kSeeds + seed, 3);
    SCOPED_TRACE(seed);
    for (int question = 0; question < 4 && !HasFailure(); ++question) c.compare_figures(c.random.query());
  }
}

TEST_P(AgainstTheModel, FiguresFromSummariesAreEqual) {
  for (std::uint64_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    Case c(static_cast<std::uint64_t>(GetParam()) * kSeeds + seed, 4);
    SCOPED_TRACE(seed);
    for (int question = 0; question < 4 && !HasFailure(); ++question) {
      Query query = c.random.query();
      query.summaries = Summaries::always;
      c.compare_figures(query);
    }
  }
}

TEST_P(AgainstTheModel, BarsAreEqual) {
  for (std::uint64_t seed = 0; seed < kSeeds && !HasFailure(); ++seed) {
    Case c(static_cast<std::uint64_t>(GetParam()) * kSeeds + seed, 3);
    SCOPED_TRACE(seed);
    Query query = c.random.query();
    query.summaries = c.random.chance(50) ? Summaries::always : Summaries::never;
    const BarOptions equal{static_cast<std::uint32_t>(c.random.pick(1, 30)), {}, {}};
    c.compare_bars(query, equal);
    const BarOptions days{0, CalendarUnit::day, *Zone::find(c.random.chance(50) ? "UTC" : "Europe/Paris")};
    c.compare_bars(query, days);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgainstTheModel, ::testing::Range(0, 15));

TEST(DashboardAgainstTheModel, BulkFiguresAndBarsAreEqual) {
  for (std::uint64_t seed = 1000; seed < 1040 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomHistory random(seed);
    ModelStore store(options_at_2030());
    for (int i = 0; i < 4; ++i) {
      Server server = random.server();
      server.name += std::to_string(i);
      server.id = store.add(server);
      ASSERT_TRUE(store.append(random.results(server, 3), Durability::process).has_value());
    }
    Query query = random.query();
    query.summaries = random.chance(30) ? Summaries::always : Summaries::when_long;
    if (query.window.empty()) continue;
    DashboardOptions options;
    options.bars = BarOptions{7, {}, {}};
    options.figures.places = options.figures.since = true;
    const auto board = dashboard(store, query, options);
    ASSERT_TRUE(board.has_value()) << board.error().message;
    const auto catalog = store.catalog();
    ASSERT_EQ(board->rows.size(), 4U);
    for (const DashboardRow& row : board->rows) {
      const auto results = store.results(row.server, {from_ms(0), kEnd});
      const NaiveModel model(*catalog->find(row.server), results, query);
      expect_figures(row.figures, model.figures());
      expect_bars(row.bars, model.bars(*bar_windows(query.window, *options.bars)));
    }
  }
}

}  // namespace
}  // namespace nines::test
