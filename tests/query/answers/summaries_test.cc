// Long windows: which days come from summaries, what explain says, and what is left when results are gone.
#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using ::testing::ElementsAre;

class FromSummaries : public History {
 protected:
  // Every 15 minutes, up, for `count` days from `start_` on.
  void fill(int count) {
    change([](Server& server) { server.rules[0].interval = minutes{15}; });
    std::vector<CheckResult> results;
    for (int i = 0; i < count * 96; ++i) {
      CheckResult result;
      result.server = server_.id;
      result.time = start_ + i * minutes{15};
      result.state = State::up;
      result.interval_ms = 900'000;
      result.latency_us = static_cast<std::uint32_t>(50'000 + i % 1000);
      results.push_back(result);
    }
    ASSERT_TRUE(store_.append(results, Durability::process).has_value());
    now_ = start_ + days{count};
  }
  void fail_at(TimeMs time) {
    CheckResult result;
    result.server = server_.id;
    result.time = time;
    result.state = State::down;
    result.error = ErrorClass::timeout;
    result.interval_ms = 900'000;
    result.detail = "at " + format_time(time);
    put(result);
  }
  [[nodiscard]] UptimeAnswer ask(TimeMs from, TimeMs to, Summaries summaries) const {
    auto answer = uptime(store_, server_.id, {{from, to}, now_, policy_, summaries}, {.since = false});
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return std::move(*answer);
  }
  [[nodiscard]] PlanStep step(int from_hours, int to_hours, Source source, Reason reason) const {
    return {{start_ + hours{from_hours}, start_ + hours{to_hours}}, source, reason};
  }

  TimeMs start_ = at("2026-06-01T00:00:00Z");
};

TEST_F(FromSummaries, LongWindowReadsWholeDaysFromSummariesAndEdgesFromResults) {
  fill(12);
  const auto answer = ask(start_ + hours{30}, start_ + hours{250}, Summaries::when_long);
  EXPECT_EQ(answer.figures.counts.checks, 220U * 4);
  EXPECT_FALSE(answer.figures.latency->exact);
  ASSERT_EQ(answer.explain.plan.size(), 3U);
  EXPECT_EQ(answer.explain.plan[0].reason, Reason::partial_day);
  EXPECT_EQ(answer.explain.plan[1], step(48, 240, Source::summaries, Reason::whole_days));
  EXPECT_EQ(answer.explain.plan[2].window.from, start_ + hours{240});
  EXPECT_EQ(answer.explain.cost.summaries, 8U);
  EXPECT_LT(answer.explain.cost.results, 120U);
}

TEST_F(FromSummaries, ShortWindowReadsResults) {
  fill(8);
  const auto answer = ask(start_ + hours{1}, start_ + days{7}, Summaries::when_long);
  EXPECT_TRUE(answer.figures.latency->exact);
  ASSERT_EQ(answer.explain.plan.size(), 1U);
  EXPECT_EQ(answer.explain.plan[0].reason, Reason::short_window);
  EXPECT_EQ(answer.explain.cost.range_scans, 1U);
}

TEST_F(FromSummaries, AskingForResultsIsExactAtAnyLength) {
  fill(12);
  const auto answer = ask(start_, now_, Summaries::never);
  EXPECT_TRUE(answer.figures.latency->exact);
  EXPECT_EQ(answer.explain.plan[0].reason, Reason::asked);
}

TEST_F(FromSummaries, DayIntoWhichACorrectionReachesIsReadFromResults) {
  fill(12);
  change([&](Server& server) {
    server.corrections.push_back({{start_ + hours{60}, start_ + hours{61}}, State::unknown, ""});
  });
  const auto answer = ask(start_ + days{1}, now_, Summaries::when_long);
  EXPECT_THAT(answer.explain.plan, ::testing::Contains(step(48, 72, Source::results, Reason::overlay_edge)));
  EXPECT_EQ(answer.figures.counts.successful, 11U * 96 - 4);
}

TEST_F(FromSummaries, DayThatACorrectionCoversWhollyIsReadFromItsSummary) {
  fill(12);
  change([&](Server& server) {
    server.corrections.push_back({{start_ + days{2}, start_ + days{4}}, State::unknown, ""});
  });
  const auto answer = ask(start_, now_, Summaries::when_long);
  EXPECT_EQ(answer.explain.cost.summaries, 12U);
  EXPECT_EQ(answer.figures.counts.successful, 10U * 96);
  EXPECT_EQ(answer.figures.time[State::unknown], 48 * kHour);
}

TEST_F(FromSummaries, DayOfARuleChangeIsReadFromResults) {
  fill(12);
  change([&](Server& server) {
    server.rules.push_back(server.rules[0]);
    server.rules[1].effective_from = start_ + hours{50};
  });
  const auto answer = ask(start_, now_, Summaries::when_long);
  EXPECT_THAT(answer.explain.plan, ::testing::Contains(step(48, 72, Source::results, Reason::rule_change)));
}

TEST_F(FromSummaries, DayWithGapsThatAResultDoesNotSpanIsReadFromResults) {
  fill(12);
  change([](Server& server) { server.rules[0].stale_after = minutes{10}; });
  const auto answer = ask(start_, now_, Summaries::when_long);
  EXPECT_THAT(answer.explain.plan, ::testing::Contains(step(0, 288, Source::results, Reason::inner_gap)));
  EXPECT_EQ(answer.figures.time[State::up], 12 * 96 * 10 * kMinute);
}

TEST_F(FromSummaries, IncidentOfASummarisedDayHasItsCauseAndDetail) {
  fill(12);
  fail_at(start_ + hours{60});
  fail_at(start_ + hours{60} + minutes{15});
  const auto answer = ask(start_, now_, Summaries::when_long);
  ASSERT_EQ(answer.figures.incidents.size(), 1U);
  const Incident& incident = answer.figures.incidents[0];
  EXPECT_EQ(incident.from, start_ + hours{60});
  EXPECT_EQ(incident.error, ErrorClass::timeout);
  EXPECT_EQ(incident.failed_checks, 2U);
  EXPECT_EQ(incident.detail, "at 2026-06-03T12:00:00.000Z");
}

TEST_F(FromSummaries, DailyBarsComeFromSummariesInUtcAndFromResultsElsewhere) {
  fill(12);
  const Query q = query(start_, now_);
  const auto utc = bars(store_, server_.id, q, {0, CalendarUnit::day, Zone{}});
  EXPECT_EQ(utc->explain.cost.summaries, 12U);
  const auto paris = bars(store_, server_.id, q, {0, CalendarUnit::day, *Zone::find("Europe/Paris")});
  EXPECT_EQ(paris->explain.cost.summaries, 0U);
  EXPECT_THAT(paris->explain.plan, ::testing::Contains(step(0, 288, Source::results, Reason::bucket_edge)));
  EXPECT_EQ(utc->bars[3].checks, 96U);
  EXPECT_EQ(paris->bars[3].checks, 96U);
}

TEST_F(FromSummaries, SummariesOutliveTheirResults) {
  fill(12);
  fail_at(start_ + hours{60});
  fail_at(start_ + hours{60} + minutes{15});
  const auto before = ask(start_ + days{1}, start_ + days{4}, Summaries::never);
  change([](Server& server) { server.retention.checks = days{3}; });
  ASSERT_TRUE(store_.apply_retention().has_value());
  ASSERT_TRUE(store_.results(server_.id, {start_, start_ + days{4}}).empty());
  for (const Summaries summaries : {Summaries::when_long, Summaries::never, Summaries::always}) {
    const auto after = ask(start_ + days{1}, start_ + days{4}, summaries);
    EXPECT_EQ(after.figures.time, before.figures.time);
    EXPECT_EQ(after.figures.counts, before.figures.counts);
    EXPECT_EQ(after.figures.incidents[0].duration_ms, before.figures.incidents[0].duration_ms);
    EXPECT_FALSE(after.figures.latency->exact);
  }
  const auto after = ask(start_ + days{1}, start_ + days{4}, Summaries::when_long);
  EXPECT_THAT(after.explain.plan,
              ::testing::Contains(::testing::AllOf(::testing::Field(&PlanStep::source, Source::summaries),
                                                   ::testing::Field(&PlanStep::reason, Reason::no_results))));
}

TEST_F(FromSummaries, BarsOverDaysWithoutResultsPlaceTheirChecksEvenly) {
  fill(12);
  change([](Server& server) { server.retention.checks = days{3}; });
  ASSERT_TRUE(store_.apply_retention().has_value());
  const auto answer = bars(store_, server_.id, query(start_ + days{1}, start_ + days{3}), {8, {}, {}});
  for (const Bar& bar : answer->bars) {
    EXPECT_EQ(bar.checks, 24U);
    EXPECT_EQ(bar.uptime_ratio, 1.0);
  }
}

TEST_F(FromSummaries, TenYearsAreAnswered) {
  change([&](Server& server) {
    server.rules[0].interval = hours{24};
    server.created_at = at("2016-01-01");
  });
  std::vector<CheckResult> results;
  for (int i = 0; i < 3653; ++i) {
    CheckResult result;
    result.server = server_.id;
    result.time = at("2016-01-01T12:00:00Z") + days{i};
    result.state = i % 1000 < 2 ? State::down : State::up;
    result.interval_ms = 86'400'000;
    result.latency_us = 1000;
    results.push_back(result);
  }
  ASSERT_TRUE(store_.append(results, Durability::process).has_value());
  now_ = at("2026-01-01");
  const auto summarised = ask(at("2016-01-01"), now_, Summaries::when_long);
  const auto exact = ask(at("2016-01-01"), now_, Summaries::never);
  EXPECT_EQ(summarised.explain.cost.summaries, 3653U + 1) << "and the day before the window";
  EXPECT_EQ(summarised.figures.time, exact.figures.time);
  EXPECT_EQ(summarised.figures.incidents.size(), 4U);
  EXPECT_EQ(summarised.figures.incidents, exact.figures.incidents);
  EXPECT_EQ(summarised.figures.time[State::unknown], 12 * kHour);
  EXPECT_EQ(summarised.figures.time[State::down], 4 * 48 * kHour);
}

}  // namespace
}  // namespace nines::test
