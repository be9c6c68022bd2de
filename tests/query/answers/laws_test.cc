// What has to hold between answers, whatever the history: over random servers, rules, places, zones, corrections,
// results with intervals of their own, and creation after the first result. What sealing, compaction, reopening and
// copying may not change is in engine_test.cc, what exporting and importing may not, and that every face says the same,
// in tests/tools/web/one_answer_test.cc.
#include <nines/composed.h>
#include <nines/dashboard.h>
#include <nines/incident.h>
#include <nines/slo.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>

#include "query/support/history_builder.h"
#include "query/support/random_history.h"

namespace nines::test {
namespace {

constexpr std::uint64_t kSeeds = 60;
constexpr int kDays = 4;
const TimeMs kEnd = at("2030-01-01");

// One random server, and questions about it.
struct World {
  explicit World(std::uint64_t seed) : random(seed) {
    server = random.server();
    server.id = store.add(server);
    written = random.results(server, kDays);
    EXPECT_TRUE(store.append(written, Durability::process).has_value());
  }
  [[nodiscard]] Query ask() {
    Query query = random.query();
    query.summaries = random.chance(50) ? Summaries::always : Summaries::never;
    return query;
  }
  [[nodiscard]] Figures figures(const Query& query) const { return figures(store, query); }
  [[nodiscard]] Figures figures(const Store& of, const Query& query) const {
    auto answer = uptime(of, server.id, query, {.places = true});
    EXPECT_TRUE(answer.has_value()) << answer.error().message;
    return answer->figures;
  }

  RandomHistory random;
  Server server;
  ModelStore store{options_at_2030()};
  std::vector<CheckResult> written;
};

template <class Law>
void for_random_worlds(Law&& law) {
  for (std::uint64_t seed = 0; seed < kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    for (int question = 0; question < 3 && !::testing::Test::HasFailure(); ++question) law(world, world.ask());
  }
}

void expect_same(const Figures& a, const Figures& b) {
  EXPECT_EQ(a.window, b.window);
  EXPECT_EQ(a.time, b.time);
  EXPECT_EQ(a.uptime_ratio, b.uptime_ratio);
  EXPECT_EQ(a.uptime_lower, b.uptime_lower);
  EXPECT_EQ(a.uptime_upper, b.uptime_upper);
  EXPECT_EQ(a.uptime_unconfirmed, b.uptime_unconfirmed);
  EXPECT_EQ(a.coverage_ratio, b.coverage_ratio);
  EXPECT_EQ(a.check_success_ratio, b.check_success_ratio);
  EXPECT_EQ(a.planned_down_ms, b.planned_down_ms);
  EXPECT_EQ(a.resolution_ms, b.resolution_ms);
  EXPECT_EQ(a.places, b.places);
  EXPECT_EQ(a.counts, b.counts);
  EXPECT_EQ(a.incidents, b.incidents);
  EXPECT_EQ(a.mttr_ms, b.mttr_ms);
  EXPECT_EQ(a.mtbf_ms, b.mtbf_ms);
  EXPECT_EQ(a.longest_outage_ms, b.longest_outage_ms);
  EXPECT_EQ(a.current, b.current);
  EXPECT_EQ(a.last, b.last);
}

DashboardOptions true_start() {
  DashboardOptions options;
  options.figures.since = options.figures.places = true;
  return options;
}

// What adds up from window to window.
struct Sums {
  TimePerState time;
  std::int64_t planned_down_ms = 0;
  std::int64_t incidents_ms = 0;       // inside the windows
  std::int64_t incidents_down_ms = 0;  // likewise
  std::uint64_t begun = 0;
  CheckCounts counts;
  std::map<LocationId, PlaceFigures> places;

  void add(const Figures& figures) {
    time += figures.time;
    planned_down_ms += figures.planned_down_ms;
    for (const Incident& incident : figures.incidents) {
      incidents_ms += incident.window_ms;
      incidents_down_ms += incident.window_down_ms;
      if (incident.from >= figures.window.from) ++begun;
    }
    counts.checks += figures.counts.checks;
    counts.successful += figures.counts.successful;
    counts.failed += figures.counts.failed;
    counts.blips += figures.counts.blips;
    for (const PlaceFigures& place : figures.places) {
      PlaceFigures& sum = places[place.location];
      sum.location = place.location;
      sum.checks += place.checks;
      sum.failed_checks += place.failed_checks;
      sum.down_ms += place.down_ms;
    }
  }
  friend bool operator==(const Sums&, const Sums&) = default;
};

void expect_sum(const Sums& parts, const Figures& whole) {
  Sums all;
  all.add(whole);
  EXPECT_EQ(parts.time, all.time);
  EXPECT_EQ(parts.planned_down_ms, all.planned_down_ms);
  EXPECT_EQ(parts.incidents_ms, all.incidents_ms);
  EXPECT_EQ(parts.incidents_down_ms, all.incidents_down_ms);
  EXPECT_EQ(parts.begun, all.begun);
  EXPECT_EQ(parts.counts, all.counts);
  EXPECT_EQ(parts.places, all.places);
}

const Zone& zone_of(std::uint64_t index) {
  static const std::array zones = {Zone{}, *Zone::find("Europe/Paris"), *Zone::find("America/New_York"),
                                   *Zone::find("Asia/Kolkata"), *Zone::find("Australia/Lord_Howe")};
  return zones[index % zones.size()];
}

// What does not depend on the window.
Incident whole(Incident incident) {
  incident.window_ms = incident.window_down_ms = 0;
  incident.down_at_window_end = false;
  return incident;
}

TEST(Law, PartsOfAWindowSumUpToIt) {
  for_random_worlds([](World& world, const Query& query) {
    const TimeMs end = std::min(query.window.to, query.now);
    if (end <= query.window.from) return;
    Query first = query;
    Query second = query;
    const auto length_ms = (end - query.window.from).count();
    first.window.to = second.window.from =
        query.window.from + std::chrono::milliseconds{world.random.pick(0, length_ms)};
    Sums parts;
    parts.add(world.figures(first));
    parts.add(world.figures(second));
    expect_sum(parts, world.figures(query));
  });
}

TEST(Law, CalendarUnitsOfAnyZoneSumUpToTheirWindow) {
  for_random_worlds([](World& world, const Query& query) {
    const TimeMs end = std::min(query.window.to, query.now);
    if (end <= query.window.from) return;
    const auto unit = world.random.chance(50) ? CalendarUnit::day : CalendarUnit::week;
    const Zone& zone = zone_of(static_cast<std::uint64_t>(world.random.pick(0, 4)));
    const auto windows = split_calendar({query.window.from, end}, unit, zone);
    ASSERT_TRUE(windows.has_value());
    Sums parts;
    for (const Window& window : *windows) {
      Query part = query;
      part.window = window;
      parts.add(world.figures(part));
    }
    expect_sum(parts, world.figures(query));
  });
}

TEST(Law, StateAtTheEndBeganAtOneMomentWhereverTheWindowBegins) {
  for_random_worlds([](World& world, const Query& query) {
    if (std::min(query.window.to, query.now) <= query.window.from) return;
    const Figures figures = world.figures(query);
    Query wide = query;
    wide.window.from -= std::chrono::milliseconds{world.random.pick(0, 3 * kDayMs)};
    if (figures.current) {
      EXPECT_EQ(world.figures(wide).current, figures.current);
    }
  });
}

TEST(Law, RatioLiesBetweenItsBoundsAndCausesSumUpToTheDownTime) {
  for_random_worlds([](World& world, const Query& query) {
    const Figures figures = world.figures(query);
    if (figures.uptime_ratio) {
      EXPECT_LE(*figures.uptime_lower, *figures.uptime_ratio);
      EXPECT_GE(*figures.uptime_upper, *figures.uptime_ratio);
    }
    Query other = query;
    other.policy.unknown = UnknownPolicy::as_down;
    EXPECT_EQ(world.figures(other).uptime_ratio, figures.uptime_lower);
    other.policy.unknown = UnknownPolicy::as_up;
    EXPECT_EQ(world.figures(other).uptime_ratio, figures.uptime_upper);
    std::int64_t down_ms = 0;
    for (const CauseDowntime& cause : downtime_by_cause(figures.incidents)) down_ms += cause.down_ms;
    EXPECT_EQ(down_ms, figures.time[State::down]);
  });
}

TEST(Law, ServiceOfOneServerIsThatServer) {
  for_random_worlds([](World& world, const Query& query) {
    // Nothing merges a service's outages, and what was declared of the time before a server's life is not in it.
    for (const Rules& rules : world.server.rules) {
      if (rules.merge_within.count() > 0) return;
    }
    if (!world.server.corrections.empty()) return;
    const Figures figures = world.figures(query);
    for (const auto kind : {Component::Kind::all_of, Component::Kind::any_of, Component::Kind::at_least}) {
      const Component service{kind, {}, {{Component::Kind::server, world.server.id, {}, 1, 1}}, 1, 1};
      const auto composed = composed_uptime(world.store, service, query);
      ASSERT_TRUE(composed.has_value()) << composed.error().message;
      EXPECT_EQ(composed->window, figures.window);
      EXPECT_EQ(composed->time, figures.time);
      EXPECT_EQ(composed->uptime_ratio, figures.uptime_ratio);
      EXPECT_EQ(composed->coverage_ratio, figures.coverage_ratio);
      EXPECT_EQ(composed->current, figures.current);
      EXPECT_EQ(composed->mttr_ms, figures.mttr_ms);
      EXPECT_EQ(composed->mtbf_ms, figures.mtbf_ms);
      EXPECT_EQ(composed->longest_outage_ms, figures.longest_outage_ms);
      ASSERT_EQ(composed->incidents.size(), figures.incidents.size());
      for (std::size_t i = 0; i < figures.incidents.size(); ++i) {
        EXPECT_EQ(composed->incidents[i].from, figures.incidents[i].from);
        EXPECT_EQ(composed->incidents[i].to, figures.incidents[i].to);
        EXPECT_EQ(composed->incidents[i].end_seen, figures.incidents[i].end_seen);
        EXPECT_EQ(composed->incidents[i].duration_ms, figures.incidents[i].duration_ms);
        EXPECT_EQ(composed->incidents[i].window_ms, figures.incidents[i].window_ms);
        EXPECT_EQ(composed->incidents[i].down_ms, figures.incidents[i].down_ms);
      }
    }
  });
}

TEST(Law, IncidentIsTheSameInEveryWindowThatHasAPartOfIt) {
  for_random_worlds([](World& world, const Query& query) {
    Query wide = query;
    wide.window.from -= std::chrono::milliseconds{world.random.pick(0, 2 * kDayMs)};
    wide.window.to += std::chrono::milliseconds{world.random.pick(0, 2 * kDayMs)};
    std::vector<Incident> known;
    for (const Incident& incident : world.figures(wide).incidents) known.push_back(whole(incident));
    for (const Incident& incident : world.figures(query).incidents) {
      EXPECT_THAT(known, ::testing::Contains(whole(incident)));
    }
  });
}

TEST(Law, SummariesSayWhatResultsSay) {
  for_random_worlds([](World& world, Query query) {
    query.summaries = Summaries::always;
    const Figures summarised = world.figures(query);
    query.summaries = Summaries::never;
    expect_same(summarised, world.figures(query));
  });
}

TEST(Law, OrderOfArrivalAndShapeOfScansDoNotMatter) {
  for_random_worlds([](World& world, const Query& query) {
    auto shuffled = world.store.results(world.server.id, {from_ms(0), kEnd});
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937_64(7));
    ModelStore other(options_at_2030(), {3, true});
    ASSERT_EQ(other.add(world.server), world.server.id);
    ASSERT_TRUE(other.append(shuffled, Durability::process).has_value());
    expect_same(world.figures(query), world.figures(other, query));
  });
}

TEST(Law, EveryQuestionSaysTheSameOfAWindow) {
  for_random_worlds([](World& world, const Query& query) {
    const Figures figures = world.figures(query);
    const auto line = timeline(world.store, world.server.id, query);
    EXPECT_EQ(line->window, figures.window);
    EXPECT_EQ(time_per_state(line->spans, line->window), figures.time);
    const auto budget = slo(world.store, world.server.id, query, {0.99, {}});
    EXPECT_EQ(budget->window, figures.window);
    EXPECT_EQ(budget->time, figures.time);
    EXPECT_EQ(budget->uptime_ratio, figures.uptime_ratio);
    EXPECT_EQ(incidents(world.store, {}, query)->incidents, figures.incidents);
    const auto board = dashboard(world.store, query, true_start());
    ASSERT_EQ(board->rows.size(), 1U);
    expect_same(board->rows[0].figures, figures);
    if (query.window.empty()) return;
    TimePerState sum;
    std::uint64_t checks = 0;
    const auto parts = bars(world.store, world.server.id, query, {9, {}, {}});
    for (const Bar& bar : parts->bars) {
      sum += bar.time;
      checks += bar.checks;
    }
    EXPECT_EQ(sum, figures.time);
    EXPECT_EQ(checks, figures.counts.checks);
  });
}

TEST(Law, AnotherServerDoesNotMatter) {
  for_random_worlds([](World& world, const Query& query) {
    const Figures alone = world.figures(query);
    Server other = world.random.server();
    other.name = "other" + std::to_string(world.random.pick(0, 1'000'000'000));
    other.rules[0].interval = std::chrono::hours{24};
    other.id = world.store.add(other);
    ASSERT_TRUE(world.store.append(world.random.results(other, 2), Durability::process).has_value());
    const auto together = dashboard(world.store, query, true_start());
    for (const DashboardRow& row : together->rows) {
      if (row.server == world.server.id) expect_same(row.figures, alone);
    }
  });
}

TEST(Law, HistoryShiftedByWholeDaysHasShiftedAnswers) {
  constexpr std::chrono::days kShift{28};
  for_random_worlds([&](World& world, const Query& query) {
    for (const Maintenance& planned : world.server.maintenance) {
      if (planned.repeat != Maintenance::Repeat::once) return;  // the calendar does not shift
    }
    ModelStore later(options_at_2030());
    ASSERT_EQ(later.add(shifted(world.server, kShift)), world.server.id);
    std::vector<CheckResult> results = world.written;
    for (CheckResult& result : results) result.time += kShift;
    ASSERT_TRUE(later.append(results, Durability::process).has_value());
    Query asked = query;
    asked.window.from += kShift;
    asked.window.to += kShift;
    asked.now += kShift;
    const Figures before = world.figures(query);
    const Figures after = world.figures(later, asked);
    EXPECT_EQ(after.window.from, before.window.from + kShift);
    EXPECT_EQ(after.time, before.time);
    EXPECT_EQ(after.counts, before.counts);
    EXPECT_EQ(after.incidents.size(), before.incidents.size());
    EXPECT_EQ(after.mttr_ms, before.mttr_ms);
    EXPECT_EQ(after.longest_outage_ms, before.longest_outage_ms);
    EXPECT_EQ(after.planned_down_ms, before.planned_down_ms);
    EXPECT_EQ(after.places, before.places);
    if (before.current) {
      EXPECT_EQ(after.current->since, before.current->since + kShift);
    }
  });
}

// Times and incidents; how many checks a part of a day had is a guess where they did not come evenly.
TEST(Law, RetentionChangesNothingAboutWholeDaysOfAnyZone) {
  for (std::uint64_t seed = 0; seed < kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    const bool stale = std::any_of(world.server.rules.begin(), world.server.rules.end(),
                                   [](const Rules& rules) { return rules.stale_after.count() > 0; });
    if (stale) continue;
    const Zone& zone = zone_of(seed);
    Query query;
    query.now = world.random.start() + std::chrono::days{kDays};
    query.window = {calendar_window(world.random.start(), CalendarUnit::day, zone).from,
                    calendar_window(query.now - std::chrono::days{1}, CalendarUnit::day, zone).from};
    std::vector<Figures> before;
    std::vector<Window> asked = *split_calendar(query.window, CalendarUnit::day, zone);
    asked.push_back(query.window);
    bool divisible = true;  // no run hides a moment in which nothing held
    for (const Window& window : asked) {
      query.window = window;
      const auto answer = uptime(world.store, world.server.id, {window, query.now, {}, Summaries::always});
      for (const PlanStep& step : answer->explain.plan) divisible = divisible && step.reason != Reason::inner_gap;
      before.push_back(world.figures(query));
    }
    if (!divisible) continue;
    const auto kept_days = std::chrono::floor<std::chrono::days>(kEnd - query.now) + std::chrono::days{1};
    world.server.retention.checks = kept_days;
    ASSERT_TRUE(world.store.update_server(world.server).has_value());
    ASSERT_TRUE(world.store.apply_retention().has_value());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      query.window = asked[i];
      const Figures after = world.figures(query);
      EXPECT_EQ(after.window, before[i].window) << i;
      EXPECT_EQ(after.time, before[i].time) << i;
      ASSERT_EQ(after.incidents.size(), before[i].incidents.size()) << i;
      for (std::size_t k = 0; k < after.incidents.size(); ++k) {
        EXPECT_EQ(after.incidents[k].from, before[i].incidents[k].from) << i;
        EXPECT_EQ(after.incidents[k].to, before[i].incidents[k].to) << i;
        EXPECT_EQ(after.incidents[k].down_ms, before[i].incidents[k].down_ms) << i;
      }
    }
  }
}

}  // namespace
}  // namespace nines::test
