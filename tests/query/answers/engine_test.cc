// The same questions to the engine's store and to the model store have the same answers.
#include <nines/dashboard.h>

#include <filesystem>

#include "query/support/history_builder.h"
#include "query/support/random_history.h"

namespace nines::test {
namespace {

// A directory that is gone at the end of the test.
class ScratchDirectory {
 public:
  ScratchDirectory()
      : path_(std::filesystem::path(::testing::TempDir()) /
              (std::string("nines_query_") + ::testing::UnitTest::GetInstance()->current_test_info()->name())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

void expect_same(const Figures& engine, const Figures& model) {
  EXPECT_EQ(engine.window, model.window);
  EXPECT_EQ(engine.time, model.time);
  EXPECT_EQ(engine.uptime_ratio, model.uptime_ratio);
  EXPECT_EQ(engine.counts, model.counts);
  EXPECT_EQ(engine.latency, model.latency);
  EXPECT_EQ(engine.incidents, model.incidents);
  EXPECT_EQ(engine.current, model.current);
  EXPECT_EQ(engine.last, model.last);
}

TEST(OnTheEngine, AnswersEqualThoseOnTheModelStore) {
  const ScratchDirectory directory;
  auto opened = Store::open(directory.path(), options_at_2030());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Store& engine = **opened;
  ModelStore model(options_at_2030());
  for (std::uint64_t seed = 0; seed < 30 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomHistory random(seed);
    Server server = random.server();
    server.name += std::to_string(seed);
    const auto id = engine.add_server(server);
    ASSERT_TRUE(id.has_value()) << id.error().message;
    server.id = model.add(server);
    ASSERT_EQ(*id, server.id);
    const auto results = random.results(server, 4);
    ASSERT_GT(results.size(), 1U);
    ASSERT_TRUE(engine.append(std::span(results).first(results.size() / 2), Durability::buffered).has_value());
    if (random.chance(50)) {
      ASSERT_TRUE(engine.seal().has_value());
    }
    ASSERT_TRUE(engine.append(std::span(results).subspan(results.size() / 2), Durability::buffered).has_value());
    ASSERT_TRUE(model.append(results, Durability::buffered).has_value());
    for (int question = 0; question < 6; ++question) {
      Query query = random.query();
      query.summaries = random.chance(50) ? Summaries::always : Summaries::never;
      const auto expected = uptime(model, server.id, query);
      const auto actual = uptime(engine, server.id, query);
      ASSERT_TRUE(expected.has_value() && actual.has_value());
      expect_same(actual->figures, expected->figures);
      EXPECT_EQ(actual->explain.plan, expected->explain.plan);
    }
  }
}

TEST(OnTheEngine, ParallelDashboardEqualsThatOnTheModelStore) {
  const ScratchDirectory directory;
  Options options = options_at_2030();
  options.performance.scan_threads = 2;
  auto opened = Store::open(directory.path(), options);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Store& engine = **opened;
  ModelStore model(options_at_2030());
  RandomHistory random(4242);
  for (int s = 0; s < 12; ++s) {
    Server server = random.server();
    server.name += std::to_string(s);
    ASSERT_TRUE(engine.add_server(server).has_value());
    server.id = model.add(server);
    const auto results = random.results(server, 3);
    ASSERT_TRUE(engine.append(results, Durability::buffered).has_value());
    ASSERT_TRUE(model.append(results, Durability::buffered).has_value());
  }
  DashboardOptions board;
  board.bars = BarOptions{12, {}, {}};
  board.group_rule = GroupOptions{GroupRule::quorum, 3, {}};
  for (int question = 0; question < 12 && !::testing::Test::HasFailure(); ++question) {
    Query query = random.query();
    query.summaries = random.chance(30) ? Summaries::always : Summaries::when_long;
    const auto expected = dashboard(model, query, board);
    const auto actual = dashboard(engine, query, board);
    ASSERT_TRUE(expected.has_value() && actual.has_value());
    ASSERT_EQ(actual->rows.size(), expected->rows.size());
    for (std::size_t i = 0; i < actual->rows.size(); ++i) {
      expect_same(actual->rows[i].figures, expected->rows[i].figures);
      EXPECT_EQ(actual->rows[i].bars, expected->rows[i].bars);
    }
    EXPECT_EQ(actual->groups[0].figures.time, expected->groups[0].figures.time);
  }
}

TEST(OnTheEngine, DashboardTakesOneRangeScanAServer) {
  const ScratchDirectory directory;
  auto opened = Store::open(directory.path(), options_at_2030());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Store& engine = **opened;
  const TimeMs end = at("2029-12-31T12:34:56Z");
  for (int s = 0; s < 5; ++s) {
    Server server;
    server.name = std::string("server-").append(std::to_string(s));
    server.created_at = at("2029-01-01");
    const auto id = engine.add_server(server);
    ASSERT_TRUE(id.has_value());
    std::vector<CheckResult> results(1500);
    for (std::size_t i = 0; i < results.size(); ++i) {
      results[i].server = *id;
      results[i].time = end - std::chrono::minutes{results.size() - i};
      results[i].state = i == 700 ? State::down : State::up;
      results[i].interval_ms = 60'000;
      results[i].latency_us = static_cast<std::uint32_t>(40'000 + i);
    }
    ASSERT_TRUE(engine.append(results, Durability::buffered).has_value());
  }
  DashboardOptions options;
  options.bars = BarOptions{};
  const auto board = dashboard(engine, {{end - std::chrono::hours{24}, end}, end, {}, Summaries::when_long}, options);
  ASSERT_TRUE(board.has_value()) << board.error().message;
  ASSERT_EQ(board->rows.size(), 5U);
  EXPECT_EQ(board->explain.cost.range_scans, 5U);
  for (const DashboardRow& row : board->rows) {
    EXPECT_EQ(row.figures.counts, (CheckCounts{1440, 1439, 1, 1}));
    EXPECT_EQ(row.figures.uptime_ratio, 1.0);
  }
}

TEST(OnTheEngine, StartOfAStateOfWeeksIsReadFromAFewSummariesAndFromMemoryTheNextTime) {
  const ScratchDirectory directory;
  auto opened = Store::open(directory.path(), options_at_2030());
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Store& engine = **opened;
  const TimeMs end = at("2029-12-31T12:34:56Z");
  Server server;
  server.name = "site";
  server.created_at = at("2029-01-01");
  const ServerId id = engine.add_server(server).value();
  std::vector<CheckResult> results(40 * 288);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].server = id;
    results[i].time = end - std::chrono::minutes{5 * (results.size() - i)};
    results[i].state = i / 288 == 20 ? State::down : State::up;
    results[i].interval_ms = 300'000;
  }
  ASSERT_TRUE(engine.append(results, Durability::buffered).has_value());
  const TimeMs recovered = results[21 * 288].time;
  DashboardOptions options;
  options.figures.since = true;
  const auto ask = [&] {
    auto board = dashboard(engine, {{end - std::chrono::hours{24}, end}, end, {}, Summaries::when_long}, options);
    EXPECT_TRUE(board.has_value()) << board.error().message;
    EXPECT_EQ(board->rows.at(0).figures.current, (Streak{State::up, recovered}));
    return board->explain.cost;
  };
  ask();
  ask();
  const ScanCost again = ask();
  EXPECT_EQ(again.seeks, 0U);
  EXPECT_EQ(again.chunks, 0U);
  EXPECT_LE(again.summaries, 28U) << "eighteen days, and what the last step took too many";
  EXPECT_LE(again.range_scans, 5U);
}

// Little memory: most days are kept packed.
TEST(OnTheEngine, DaysThatAreKeptPackedSayWhatTheResultsSay) {
  const ScratchDirectory directory;
  Options options = options_at_2030();
  options.performance.head_bytes = 4U << 20U;
  auto opened = Store::open(directory.path() + "/store", options);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Store& engine = **opened;
  ModelStore model(options_at_2030());
  constexpr int kDays = 12;
  RandomHistory random(4242);
  for (int s = 0; s < 60; ++s) {
    Server server = random.server();
    server.name += std::to_string(s);
    if (!engine.add_server(server)) continue;  // what the rules do not let in
    server.id = model.add(server);
    const auto results = random.results(server, kDays);
    ASSERT_TRUE(engine.append(results, Durability::buffered).has_value());
    ASSERT_TRUE(model.append(results, Durability::buffered).has_value());
  }
  ASSERT_GT(model.catalog()->servers().size(), 50U);
  const TimeMs start = random.start();
  Query query;
  query.now = start + std::chrono::days{kDays + 1};
  query.window = {start - std::chrono::days{1}, query.now};
  DashboardOptions board;
  board.bars = BarOptions{0, CalendarUnit::day, {}};
  board.figures.latency = false;
  const auto expected = dashboard(model, query, board);
  ASSERT_TRUE(expected.has_value()) << expected.error().message;
  for (int turn = 0; turn < 3; ++turn) {
    SCOPED_TRACE(turn);
    const auto actual = dashboard(engine, query, board);
    ASSERT_TRUE(actual.has_value()) << actual.error().message;
    ASSERT_EQ(actual->rows.size(), expected->rows.size());
    for (std::size_t i = 0; i < actual->rows.size(); ++i) {
      expect_same(actual->rows[i].figures, expected->rows[i].figures);
      EXPECT_EQ(actual->rows[i].bars, expected->rows[i].bars);
    }
  }
}

TEST(OnTheEngine, SealingCompactingReopeningAndCopyingChangeNoAnswer) {
  const ScratchDirectory directory;
  const std::string place = directory.path() + "/store";
  auto store = Store::open(place, options_at_2030());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  struct Asked {
    ServerId server;
    Query query;
    Figures figures;
  };
  std::vector<Asked> asked;
  for (std::uint64_t seed = 0; seed < 24; ++seed) {
    RandomHistory random(seed);
    Server server = random.server();
    server.name += std::to_string(seed);
    server.id = *(*store)->add_server(server);
    ASSERT_TRUE((*store)->append(random.results(server, 4), Durability::buffered).has_value());
    for (int question = 0; question < 6; ++question) {
      Query query = random.query();
      query.summaries = random.chance(50) ? Summaries::always : Summaries::never;
      const auto answer = uptime(**store, server.id, query);
      ASSERT_TRUE(answer.has_value()) << answer.error().message;
      asked.push_back({server.id, query, answer->figures});
    }
  }
  const auto expect_unchanged = [&](const char* after) {
    SCOPED_TRACE(after);
    for (const Asked& before : asked) {
      const auto answer = uptime(**store, before.server, before.query);
      ASSERT_TRUE(answer.has_value()) << answer.error().message;
      expect_same(answer->figures, before.figures);
    }
  };
  ASSERT_TRUE((*store)->seal().has_value());
  expect_unchanged("sealing");
  ASSERT_TRUE((*store)->compact().has_value());
  expect_unchanged("compacting");
  ASSERT_TRUE((*store)->close().has_value());
  store->reset();
  store = Store::open(place, options_at_2030());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  expect_unchanged("reopening");
  ASSERT_TRUE((*store)->backup(directory.path() + "/copy").has_value());
  store = Store::open(directory.path() + "/copy", options_at_2030());
  ASSERT_TRUE(store.has_value()) << store.error().message;
  expect_unchanged("copying");
}

TEST(OnTheEngine, RetentionLeavesWhatItsSummariesSayOfWholeDaysInAnyZone) {
  const ScratchDirectory directory;
  const TimeMs now = at("2026-07-20T00:00:00Z");
  Options options;
  options.clock = [now] { return now; };
  auto opened = Store::open(directory.path(), options);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  Store& store = **opened;
  Server server;
  server.name = "site";
  server.created_at = now - std::chrono::days{12};
  server.id = *store.add_server(server);
  std::vector<CheckResult> results(12 * 1440);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].server = server.id;
    results[i].time = server.created_at + std::chrono::minutes{i} + std::chrono::seconds{30};
    results[i].state = i % 2000 < 17 ? State::down : State::up;
    results[i].interval_ms = 60'000;
    results[i].latency_us = 40'000;
  }
  ASSERT_TRUE(store.append(results, Durability::buffered).has_value());
  const auto ask = [&] {
    std::vector<Figures> figures;
    for (const std::string_view zone : {"UTC", "Europe/Paris", "Asia/Kolkata"}) {
      const Window all{server.created_at + std::chrono::days{1}, now - std::chrono::days{1}};
      auto windows = split_calendar(all, CalendarUnit::day, *Zone::find(zone)).value();
      windows.push_back(all);
      for (const Window& window : windows) {
        const auto answer = uptime(store, server.id, {window, now, {}, Summaries::when_long});
        EXPECT_TRUE(answer.has_value()) << answer.error().message;
        figures.push_back(answer->figures);
      }
    }
    return figures;
  };
  const auto before = ask();
  server.retention.checks = std::chrono::days{5};
  ASSERT_TRUE(store.update_server(server).has_value());
  ASSERT_TRUE(store.apply_retention().has_value());
  const auto after = ask();
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(after[i].time, before[i].time);
    EXPECT_EQ(after[i].counts, before[i].counts);
    EXPECT_EQ(after[i].incidents, before[i].incidents);
    EXPECT_EQ(after[i].current, before[i].current);
  }
}

}  // namespace
}  // namespace nines::test
