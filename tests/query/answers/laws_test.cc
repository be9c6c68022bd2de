// What has to hold between answers, whatever the history: over random servers, rules, places, zones, corrections,
// results with intervals of their own, and creation after the first result.
#include <nines/dashboard.h>
#include <nines/incident.h>
#include <nines/slo.h>

#include <algorithm>
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
    auto answer = uptime(of, server.id, query);
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
  options.figures.since = true;
  return options;
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
    const Figures all = world.figures(query);
    const Figures a = world.figures(first);
    const Figures b = world.figures(second);
    TimePerState sum = a.time;
    sum += b.time;
    EXPECT_EQ(all.time, sum);
    EXPECT_EQ(all.counts.checks, a.counts.checks + b.counts.checks);
    EXPECT_EQ(all.counts.successful, a.counts.successful + b.counts.successful);
    EXPECT_EQ(all.counts.failed, a.counts.failed + b.counts.failed);
    EXPECT_EQ(all.counts.blips, a.counts.blips + b.counts.blips);
    // An incident that reaches over the seam is in both; its parts sum up.
    std::int64_t inside_ms = 0;
    for (const Incident& incident : a.incidents) inside_ms += incident.window_ms;
    for (const Incident& incident : b.incidents) inside_ms += incident.window_ms;
    std::int64_t all_ms = 0;
    for (const Incident& incident : all.incidents) all_ms += incident.window_ms;
    EXPECT_EQ(all_ms, inside_ms);
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
    const auto shift = [&](Window& window) {
      window.from += kShift;
      window.to += kShift;
    };
    Server server = world.server;
    for (Maintenance& planned : server.maintenance) {
      if (planned.repeat != Maintenance::Repeat::once) return;  // the calendar does not shift
      shift(planned.once);
    }
    server.created_at += kShift;
    for (std::size_t i = 1; i < server.rules.size(); ++i) server.rules[i].effective_from += kShift;
    for (Correction& correction : server.corrections) shift(correction.window);
    for (Window& pause : server.paused) shift(pause);
    ModelStore later(options_at_2030());
    ASSERT_EQ(later.add(server), world.server.id);
    std::vector<CheckResult> results = world.written;
    for (CheckResult& result : results) result.time += kShift;
    ASSERT_TRUE(later.append(results, Durability::process).has_value());
    Query shifted = query;
    shift(shifted.window);
    shifted.now += kShift;
    const Figures before = world.figures(query);
    Figures after = world.figures(later, shifted);
    EXPECT_EQ(after.window.from, before.window.from + kShift);
    EXPECT_EQ(after.time, before.time);
    EXPECT_EQ(after.counts, before.counts);
    EXPECT_EQ(after.incidents.size(), before.incidents.size());
    EXPECT_EQ(after.mttr_ms, before.mttr_ms);
    EXPECT_EQ(after.longest_outage_ms, before.longest_outage_ms);
    if (before.current) {
      EXPECT_EQ(after.current->since, before.current->since + kShift);
    }
  });
}

// Times and incidents; how many checks a part of a day had is a guess where they did not come evenly.
TEST(Law, RetentionChangesNothingAboutWholeDaysOfAnyZone) {
  const std::array zones = {Zone{}, *Zone::find("Europe/Paris"), *Zone::find("America/New_York"),
                            *Zone::find("Asia/Kolkata")};
  for (std::uint64_t seed = 0; seed < kSeeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    World world(seed);
    const bool stale = std::any_of(world.server.rules.begin(), world.server.rules.end(),
                                   [](const Rules& rules) { return rules.stale_after.count() > 0; });
    if (stale) continue;
    const Zone& zone = zones[seed % zones.size()];
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
