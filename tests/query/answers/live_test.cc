// States that change are told with what they were and since when, whether a result says it or the time that passes; an
// estimate says from the catalog what a question reads; and any question can be cancelled.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/bars.h>
#include <nines/cancel.h>
#include <nines/dashboard.h>
#include <nines/estimate.h>
#include <nines/report.h>
#include <nines/state_feed.h>
#include <nines/uptime.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using ::testing::IsEmpty;

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr milliseconds kNoWait{0};

class LiveStates : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "/nines_states_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    Options options;
    options.clock = [this] { return from_ms(now_ms_.load()); };
    store_ = Store::open(folder_ + "/store", options).value();
    for (const char* name : {"a", "b"}) ids_.push_back(add(name));
  }
  void TearDown() override {
    feed_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  ServerId add(const char* name) {
    Server server;
    server.name = name;
    server.created_at = from_ms(kStartMs);
    return store_->add_server(server).value();
  }
  void follow(milliseconds look_every = std::chrono::hours{1}) {
    StateFeedOptions options;
    options.look_every = look_every;
    options.clock = [this] { return from_ms(now_ms_.load()); };
    feed_ = StateFeed::create(*store_, options).value();
  }
  /// One check a minute; the clock goes with it.
  void check(ServerId server, std::int64_t minute, State state) {
    now_ms_ = kStartMs + minute * kMinuteMs + 1;
    CheckResult result;
    result.server = server;
    result.time = from_ms(kStartMs + minute * kMinuteMs);
    result.state = state;
    ASSERT_TRUE(store_->append(result, Durability::process));
  }
  void expect_change(const std::vector<ChangedState>& changes, const char* name, State from, State to,
                     std::int64_t since_minute) {
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].name, name);
    EXPECT_EQ(changes[0].from, from);
    EXPECT_EQ(changes[0].to, to);
    EXPECT_EQ(to_ms(changes[0].since), kStartMs + since_minute * kMinuteMs);
  }

  std::string folder_;
  std::atomic<std::int64_t> now_ms_{kStartMs};
  std::unique_ptr<Store> store_;
  std::vector<ServerId> ids_;
  std::unique_ptr<StateFeed> feed_;
};

TEST_F(LiveStates, OutageIsToldOnceItIsConfirmedWithItsTrueBeginning) {
  check(ids_[0], 0, State::up);
  follow();
  EXPECT_THAT(feed_->next(kNoWait).value(), IsEmpty()) << "what it was to begin with";
  check(ids_[0], 1, State::up);
  EXPECT_THAT(feed_->next(kNoWait).value(), IsEmpty());
  check(ids_[0], 2, State::down);
  EXPECT_THAT(feed_->next(kNoWait).value(), IsEmpty()) << "not confirmed";
  check(ids_[0], 3, State::down);
  expect_change(feed_->next(kNoWait).value(), "a", State::up, State::down, 2);
  check(ids_[0], 4, State::up);
  expect_change(feed_->next(kNoWait).value(), "a", State::down, State::up, 4);
}

TEST_F(LiveStates, BlipIsNoChange) {
  check(ids_[0], 0, State::up);
  follow();
  check(ids_[0], 1, State::down);
  check(ids_[0], 2, State::up);
  EXPECT_THAT(feed_->next(kNoWait).value(), IsEmpty());
}

TEST_F(LiveStates, NewServerComesFromUnknown) {
  follow();
  const ServerId late = add("late");
  check(late, 0, State::up);
  expect_change(feed_->next(kNoWait).value(), "late", State::unknown, State::up, 0);
}

TEST_F(LiveStates, SilenceAndMaintenanceAreToldByTheLook) {
  check(ids_[0], 0, State::up);
  follow(milliseconds{1});
  EXPECT_THAT(feed_->next(kNoWait).value(), IsEmpty());
  now_ms_ = kStartMs + 60 * kMinuteMs;
  auto changes = feed_->next(std::chrono::seconds{20}).value();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].to, State::unknown);
  Server server = *store_->catalog()->find(ids_[0]);
  Maintenance works;
  works.once = {from_ms(now_ms_.load() - kMinuteMs), from_ms(now_ms_.load() + kMinuteMs)};
  server.maintenance.push_back(works);
  ASSERT_TRUE(store_->update_server(server));
  changes = feed_->next(std::chrono::seconds{20}).value();
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].from, State::unknown);
  EXPECT_EQ(changes[0].to, State::maintenance);
}

TEST_F(LiveStates, RemovedServerIsNoError) {
  check(ids_[0], 0, State::up);
  follow(milliseconds{1});
  check(ids_[0], 1, State::down);
  ASSERT_TRUE(store_->remove_server(ids_[0]));
  EXPECT_THAT(feed_->next(milliseconds{5}).value(), IsEmpty());
}

TEST_F(LiveStates, WakeAndCloseEndTheWait) {
  follow();
  std::thread waker([&] { feed_->wake(); });
  EXPECT_THAT(feed_->next(std::chrono::minutes{5}).value(), IsEmpty());
  waker.join();
  std::thread closer([&] { ASSERT_TRUE(store_->close()); });
  const auto ended = feed_->next(std::chrono::minutes{5});
  closer.join();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::closed);
  EXPECT_EQ(StateFeed::create(*store_).error().code, ErrorCode::closed);
}

TEST_F(LiveStates, EstimateIsWhatIsRead) {
  std::vector<CheckResult> results;
  constexpr std::int64_t kDays = 20;
  for (std::int64_t minute = 0; minute < kDays * 1440; ++minute) {
    CheckResult result;
    result.server = ids_[0];
    result.time = from_ms(kStartMs + minute * kMinuteMs);
    result.state = State::up;
    result.latency_us = 80'000;
    results.push_back(result);
  }
  now_ms_ = kStartMs + kDays * kDayMs;
  ASSERT_TRUE(store_->load(ids_[0], results));
  const Server server = *store_->catalog()->find(ids_[0]);
  Query query;
  query.now = from_ms(now_ms_.load());
  query.window = {query.now - std::chrono::hours{24}, query.now};
  const Estimate day = estimate(server, query);
  EXPECT_EQ(day.results, 1440U);
  EXPECT_EQ(day.summaries, 0U);
  const auto answer = uptime(*store_, ids_[0], query).value();
  EXPECT_GE(answer.explain.cost.results, day.results) << "and what else lies in the chunks at the window's edges";
  EXPECT_LE(answer.explain.cost.results, day.results * 5 / 4);
  query.window.from = from_ms(kStartMs);
  const Estimate all = estimate(server, query);
  EXPECT_EQ(all.summaries, 19U) << "of 20 days that begin and end within one";
  EXPECT_EQ(all.results, 1440U);
  EXPECT_EQ(estimate(server, query, Reads::results).results, static_cast<std::uint64_t>(kDays) * 1440);
  Estimate both = day;
  both += all;
  EXPECT_EQ(both.range_scans, 2U);
  query.window = {query.now, query.now};
  EXPECT_EQ(estimate(server, query), (Estimate{.range_scans = 1}));
}

TEST_F(LiveStates, AnyQuestionCanBeCancelled) {
  for (std::int64_t minute = 0; minute < 200; ++minute) {
    check(ids_[0], minute, State::up);
    check(ids_[1], minute, State::up);
  }
  Query query;
  query.now = from_ms(now_ms_.load());
  query.window = {from_ms(kStartMs), query.now};
  std::atomic<bool> cancelled{false};
  std::atomic<int> asked{0};
  const auto store = cancellable(*store_, [&] {
    ++asked;
    return cancelled.load();
  });
  const auto before = uptime(*store, ids_[0], query).value();
  EXPECT_EQ(before.figures.uptime_ratio, uptime(*store_, ids_[0], query)->figures.uptime_ratio);
  EXPECT_EQ(dashboard(*store, query, {})->rows.size(), 2U);
  EXPECT_GT(asked.load(), 3);
  cancelled = true;
  const auto expect_cancelled = [](const auto& answer) {
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unavailable);
    EXPECT_EQ(answer.error().message, "cancelled");
  };
  expect_cancelled(uptime(*store, ids_[0], query));
  expect_cancelled(bars(*store, ids_[0], query));
  expect_cancelled(incidents(*store, ids_, query));
  expect_cancelled(dashboard(*store, query, {}));
  expect_cancelled(report(*store, query, {}));
  expect_cancelled(store->scan(ids_[0], query.window, {}));
  expect_cancelled(store->last_result(ids_[0]));
  EXPECT_EQ(store->append(CheckResult{}, Durability::process).error().code, ErrorCode::read_only);
  EXPECT_EQ(store->flush().error().code, ErrorCode::read_only);
}

TEST_F(LiveStates, CancelledInTheMiddleIsNoAnswer) {
  for (std::int64_t minute = 0; minute < 50; ++minute) {
    check(ids_[0], minute, State::up);
    check(ids_[1], minute, State::up);
  }
  Query query;
  query.now = from_ms(now_ms_.load());
  query.window = {from_ms(kStartMs), query.now};
  // Whatever question of it comes first after so many, nobody gets a board with holes instead.
  bool whole = false;
  for (int passed = 0; !whole; ++passed) {
    ASSERT_LT(passed, 100);
    int left = passed;
    const auto store = cancellable(*store_, [&] { return left-- <= 0; });
    const auto board = dashboard(*store, query, {});
    whole = board.has_value();
    if (!whole) {
      EXPECT_EQ(board.error().message, "cancelled");
      continue;
    }
    ASSERT_EQ(board->rows.size(), 2U);
    for (const DashboardRow& row : board->rows) EXPECT_THAT(row.figures.holes, IsEmpty());
  }
}

}  // namespace
}  // namespace nines::test
