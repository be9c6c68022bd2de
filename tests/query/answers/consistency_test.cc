// Two questions about the same past do not contradict each other: cases in which they once did, computed by hand.
#include <nines/dashboard.h>
#include <nines/incident.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Not;

class Consistency : public History {
 protected:
  void result(TimeMs time, State state, std::int64_t interval_s, int place = 0) {
    CheckResult result;
    result.server = server_.id;
    result.location = LocationId{static_cast<std::uint16_t>(place)};
    result.time = time;
    result.state = state;
    result.interval_ms = static_cast<std::uint32_t>(interval_s * 1000);
    put(result);
  }
  [[nodiscard]] std::vector<Incident> listed(TimeMs from, TimeMs to) const {
    const auto list = incidents(store_, {}, query(from, to));
    EXPECT_TRUE(list.has_value());
    return list->incidents;
  }
  [[nodiscard]] Figures on_the_dashboard(TimeMs from, TimeMs to) const {
    DashboardOptions options;
    options.figures.since = true;
    const auto board = dashboard(store_, query(from, to), options);
    EXPECT_TRUE(board.has_value());
    return board->rows.at(0).figures;
  }
};

TEST_F(Consistency, ResultHoldsByItsOwnIntervalHoweverShortTheRules) {
  result(at("2026-07-01T03:00:00Z"), State::up, 86'400);
  result(at("2026-07-02T03:00:00Z"), State::down, 86'400);
  result(at("2026-07-03T03:00:00Z"), State::down, 86'400);
  result(at("2026-07-04T03:00:00Z"), State::up, 86'400);
  const TimeMs from = at("2026-07-02T04:00:00Z");
  const Figures f = figures(from, at("2026-07-03T02:00:00Z"));
  EXPECT_EQ(f.time[State::down], 79'200'000);
  EXPECT_EQ(f.uptime_ratio, 0.0);
  ASSERT_EQ(f.incidents.size(), 1U);
  EXPECT_EQ(f.incidents[0].from, at("2026-07-02T03:00:00Z"));
  EXPECT_TRUE(f.incidents[0].down_at_window_end);
  EXPECT_EQ(f.last->time, at("2026-07-02T03:00:00Z"));
  EXPECT_EQ(figures(from, at("2026-07-03T04:00:00Z")).time[State::down], 86'400'000);
  EXPECT_EQ(on_the_dashboard(from, at("2026-07-03T02:00:00Z")).incidents, f.incidents);
}

TEST_F(Consistency, ResultOfALongIntervalHoldsUntilOneOfAShortIntervalComes) {
  result(at("2026-07-01T03:00:00Z"), State::up, 86'400);
  result(at("2026-07-02T03:00:00Z"), State::up, 60);
  EXPECT_EQ(line(at("2026-07-01T12:00:00Z"), at("2026-07-02T04:00:00Z")), "u54160 ?3440");
  EXPECT_EQ(line(at("2026-07-01T12:00:00Z"), at("2026-07-02T03:00:00Z")), "u54000");
}

TEST_F(Consistency, DailyPlaceHasItsVoteBesideOneThatIsSeenEveryMinute) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  result(at("2026-07-01T03:00:00Z"), State::up, 86'400, 5);
  checks(at("2026-07-01T11:59:00Z"), "u");
  checks(at("2026-07-01T12:00:00Z"), "dddu");
  // One of two is no majority. The window begins in what place 5 said, which is seen because place 5 is met in it.
  result(at("2026-07-01T12:02:30Z"), State::up, 86'400, 5);
  EXPECT_EQ(line(at("2026-07-01T12:00:00Z"), at("2026-07-01T12:04:00Z")), "u240");
}

TEST_F(Consistency, DailyPlaceThatIsNotSeenInTheWindowHasItsVote) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  result(at("2026-07-01T03:00:00Z"), State::up, 86'400, 5);
  checks(at("2026-07-01T11:59:00Z"), "udddu");
  EXPECT_EQ(line(at("2026-07-01T12:00:00Z"), at("2026-07-01T12:04:00Z")), "u240");
  EXPECT_TRUE(figures(at("2026-07-01T12:00:00Z"), at("2026-07-01T12:04:00Z")).incidents.empty());
}

// 60 s checks at :30 for 20 days, 100 failures from noon of the third.
class Pruned : public Consistency {
 protected:
  void SetUp() override {
    std::vector<CheckResult> results;
    for (int i = 0; i < 20 * 1440; ++i) {
      CheckResult result;
      result.server = server_.id;
      result.time = start_ + minutes{i} + seconds{30};
      result.state = i >= 2 * 1440 + 720 && i < 2 * 1440 + 820 ? State::down : State::up;
      result.interval_ms = 60'000;
      result.latency_us = 50'000;
      results.push_back(result);
    }
    ASSERT_TRUE(store_.append(results, Durability::process).has_value());
    now_ = start_ + days{20};
    ask();
    before_ = answers_;
    change(
        [](Server& server) { server.retention.checks = days{1300}; });  // all but the last week, for the clock's 2030
    ASSERT_TRUE(store_.apply_retention().has_value());
    ASSERT_TRUE(store_.results(server_.id, {start_, start_ + days{5}}).empty());
    ASSERT_FALSE(store_.results(server_.id, {now_ - days{7}, now_}).empty());
    answers_.clear();
    ask();
  }

  virtual void ask() = 0;
  void ask(TimeMs from, TimeMs to) { answers_.push_back(figures(from, to)); }

  TimeMs start_ = at("2026-05-24T00:00:00Z");  // a Sunday
  std::vector<Figures> answers_;
  std::vector<Figures> before_;
};

class PrunedDays : public Pruned {
 protected:
  void ask() override {
    Pruned::ask(at("2026-05-26T00:00:00+02:00"), at("2026-05-27T00:00:00+02:00"));  // a day in Paris
    Pruned::ask(start_ + days{2}, start_ + days{3});                                // a day in UTC
    Pruned::ask(start_ + hours{6}, start_ + days{18});                              // most of it
    Pruned::ask(start_ + days{2} + hours{13}, start_ + days{2} + hours{14});        // an hour of the outage and after
  }
};

TEST_F(PrunedDays, HaveTheSameTimesCountsAndIncidents) {
  ASSERT_EQ(answers_.size(), before_.size());
  EXPECT_EQ(before_[0].counts.checks, 1440U);
  EXPECT_EQ(before_[0].time[State::down], 100 * kMinute);
  EXPECT_EQ(before_[1].time[State::unknown], 0) << "the check of 23:59:30 holds at midnight";
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(answers_[i].time, before_[i].time);
    EXPECT_EQ(answers_[i].counts, before_[i].counts);
    EXPECT_EQ(answers_[i].incidents, before_[i].incidents);
    EXPECT_EQ(answers_[i].current, before_[i].current);
    EXPECT_EQ(answers_[i].mttr_ms, before_[i].mttr_ms);
  }
  EXPECT_EQ(answers_[0].latency->count, before_[1].latency->count) << "a day's latencies go with its middle";
}

// A window between two results that are further apart than the rules let them hold: the day's summary has one run, and
// its results are all there.
TEST_F(Consistency, WindowInAGapHasNoneOfTheChecksAroundIt) {
  change([](Server& server) { server.rules[0].stale_after = seconds{90}; });
  const TimeMs midnight = at("2026-07-01T00:00:00Z");
  for (int hour = 0; hour < 23; ++hour) result(midnight + hours{hour}, State::up, 3600);
  result(midnight + hours{23} + minutes{50}, State::up, 3600);  // evenly they would be 62 minutes apart
  for (int hour = 1; hour < 23; ++hour) {
    SCOPED_TRACE(hour);
    const TimeMs from = midnight + hours{hour} + minutes{10};
    const auto answer = uptime(store_, server_.id, query(from, from + minutes{50}));
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    EXPECT_EQ(answer->figures.time[State::unknown], 50 * kMinute);
    EXPECT_EQ(answer->figures.counts.checks, 0U);
    EXPECT_EQ(answer->figures.uptime_ratio, std::nullopt);
    EXPECT_THAT(answer->explain.plan, Not(Contains(Field(&PlanStep::reason, Reason::no_results))));
  }
}

class PrunedSundays : public Pruned {
 protected:
  void SetUp() override {
    Maintenance planned;
    planned.repeat = Maintenance::Repeat::weekly;
    planned.weekdays = 1;
    planned.start = hours{2};
    planned.length = minutes{60};
    planned.timezone = "Europe/Paris";
    change([&](Server& server) { server.maintenance = {planned}; });
    Pruned::SetUp();
  }
  void ask() override { Pruned::ask(start_, start_ + days{18}); }
};

TEST_F(PrunedSundays, AreReadFromTheirSummaryWhereMaintenanceDividesThem) {
  EXPECT_EQ(before_[0].time[State::maintenance], 3 * kHour);
  EXPECT_EQ(answers_[0].time, before_[0].time);
  EXPECT_EQ(answers_[0].counts, before_[0].counts);
}

TEST_F(Consistency, IncidentBeginsWhereAMajorityWasDownWhateverTheWindow) {
  result(at("2026-07-01T00:09:00Z"), State::up, 60, 0);
  result(at("2026-07-01T00:10:20Z"), State::up, 60, 1);
  result(at("2026-07-01T00:11:20Z"), State::down, 60, 1);
  result(at("2026-07-01T00:12:20Z"), State::down, 60, 1);
  result(at("2026-07-01T00:59:20Z"), State::down, 60, 1);
  const TimeMs start = at("2026-07-01T00:11:40Z");  // 160 s after place 0 said up
  EXPECT_EQ(figures(at("2026-07-01T00:13:00Z"), at("2026-07-01T00:14:00Z")).incidents.at(0).from, start);
  EXPECT_EQ(figures(at("2026-07-01T00:00:00Z"), at("2026-07-01T01:00:00Z")).incidents.at(0).from, start);
  EXPECT_EQ(listed(at("2026-07-01T00:13:00Z"), at("2026-07-01T00:14:00Z")).at(0).from, start);
}

TEST_F(Consistency, PlaceThatDiedBeforeTheWindowCountsForTheIncidentsStart) {
  // Place 0 is up each minute, fails once at 00:10 and dies; place 1 fails from 00:11:20 on.
  checks(at("2026-07-01T00:00:00Z"), "uuuuuuuuuud", LocationId{0});
  checks(at("2026-07-01T00:00:20Z"), "uuuuuuuuuuu" + std::string(40, 'd'), LocationId{1});
  const TimeMs start = at("2026-07-01T00:12:40Z");
  for (const int minute : {12, 13, 20, 40}) {
    const TimeMs from = at("2026-07-01T00:00:50Z") + minutes{minute};
    EXPECT_EQ(figures(from, from + minutes{1}).incidents.at(0).from, start) << minute;
    EXPECT_EQ(listed(from, from + minutes{1}).at(0).from, start) << minute;
  }
}

TEST_F(Consistency, IncidentOfThreePlacesBeginsInEveryWindowWhereTwoWereDown) {
  change([](Server& server) { server.rules[0].confirm_failures = 1; });
  result(at("2026-07-01T12:09:08Z"), State::down, 60, 0);
  result(at("2026-07-01T12:09:45Z"), State::up, 60, 1);
  result(at("2026-07-01T12:09:52Z"), State::up, 60, 2);
  result(at("2026-07-01T12:10:05Z"), State::down, 60, 1);
  result(at("2026-07-01T12:11:12Z"), State::down, 60, 2);
  const TimeMs to = at("2026-07-01T12:13:38Z");
  EXPECT_EQ(listed(at("2026-07-01T12:00:00Z"), to).back().from, at("2026-07-01T12:10:05Z"));
  EXPECT_EQ(listed(to - seconds{1}, to).at(0).from, at("2026-07-01T12:10:05Z"));
  EXPECT_EQ(on_the_dashboard(to - seconds{1}, to).incidents.at(0).from, at("2026-07-01T12:10:05Z"));
}

TEST_F(Consistency, MergedIncidentBeginsWithItsFirstOutageWhateverTheWindow) {
  change([](Server& server) {
    server.rules[0].confirm_failures = 8;
    server.rules[0].merge_within = minutes{5};
  });
  const TimeMs midnight = at("2026-07-01T00:00:00Z");
  checks(midnight, std::string(30, 'u') + std::string(21, 'd') + "uu" + std::string(98, 'd') + "u");
  now_ = midnight + hours{3};
  for (const int minute : {20, 52, 90}) {
    const Incident found = figures(midnight + minutes{minute}, now_).incidents.at(0);
    EXPECT_EQ(found.from, midnight + minutes{30}) << minute;
    EXPECT_EQ(found.duration_ms, 121 * kMinute) << minute;
  }
}

TEST_F(Consistency, FailedChecksOfAnIncidentAreThoseFromItsStartOnFromSummariesToo) {
  const TimeMs base = from_ms(1'809'812'154'983);
  change([&](Server& server) { server.created_at = base; });
  result(base, State::up, 21'600, 100);
  result(from_ms(1'809'853'204'983), State::down, 21'600, 5);
  result(from_ms(1'809'874'804'983), State::down, 21'600, 5);
  now_ = at("2027-06-30");
  for (const auto& [from, to] : {std::pair{"2027-05-08", "2027-05-14"}, std::pair{"2027-05-08", "2027-05-28"}}) {
    const auto found = listed(at(from), at(to));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].from, at("2027-05-09T12:36:04.983Z")) << "54,010 s after place 100 said up";
    EXPECT_EQ(found[0].failed_checks, 1U);
  }
}

TEST_F(Consistency, WindowIsClippedToTheFirstResultEverNotToTheFirstInIt) {
  const TimeMs start = at("2026-07-14T00:00:00Z");
  change([&](Server& server) { server.created_at = start + hours{1}; });
  checks(start, "uu");
  EXPECT_EQ(figures(start + seconds{90}, start + seconds{150}).window.from, start + seconds{90});
  EXPECT_EQ(line(start + seconds{90}, start + seconds{150}), "u60");
  EXPECT_EQ(line(start - minutes{1}, start + minutes{1}), "u60");
  EXPECT_EQ(line(start + minutes{30}, start + minutes{31}), "?60") << "within its life, and nothing known";
}

TEST_F(Consistency, DaysBeforeTheFirstResultAreNotExplainedByRetention) {
  checks(at("2026-07-10T00:00:00Z"), "uuu");
  const auto answer = uptime(store_, server_.id, query(at("2026-07-01"), at("2026-07-11")));
  EXPECT_THAT(answer->explain.plan, Not(Contains(Field(&PlanStep::reason, Reason::no_results))));
}

TEST_F(Consistency, LastOfSeveralPlacesInOneMomentIsTheHighestsEverywhere) {
  const TimeMs time = at("2026-07-14T10:00:00Z");
  result(time, State::up, 60, 1);
  result(time, State::degraded, 60, 3);
  EXPECT_EQ(figures(time, time + minutes{1}).last->state, State::degraded);
  now_ = time + hours{9};
  EXPECT_EQ(figures(now_ - hours{1}, now_).last->state, State::degraded);
}

TEST_F(Consistency, StateDoesNotBeginBeforeTheServersLifeWhateverTheWindow) {
  const TimeMs start = at("2026-07-10T00:00:00Z");
  change([&](Server& server) {
    server.created_at = start;
    server.corrections = {{{start - days{1}, start + hours{6}}, State::up, ""}};
  });
  checks(start, std::string(600, 'u'));
  for (const TimeMs from : {start - days{2}, start, start + hours{1}, start + hours{9}}) {
    EXPECT_EQ(figures(from, start + hours{10}).current, (Streak{State::up, start})) << format_time(from);
    EXPECT_EQ(on_the_dashboard(from, start + hours{10}).current, (Streak{State::up, start})) << format_time(from);
  }
}

TEST_F(Consistency, PausedAndStaleServersShowWhenThatBegan) {
  const TimeMs start = at("2026-07-01T00:00:00Z");
  checks(start, "uuu");
  now_ = start + days{10};
  EXPECT_EQ(figures(now_ - hours{1}, now_).current, (Streak{State::unknown, start + minutes{2} + seconds{160}}));
  change([&](Server& server) { server.paused = {{start + days{3}, kTimeLimit}}; });
  EXPECT_EQ(figures(now_ - hours{1}, now_).current, (Streak{State::paused, start + days{3}}));
  EXPECT_EQ(on_the_dashboard(now_ - hours{1}, now_).current, (Streak{State::paused, start + days{3}}));
}

}  // namespace
}  // namespace nines::test
