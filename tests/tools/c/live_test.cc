// What a host follows while the store is written to: feeds, states, several servers at one moment, the newest results,
// what a question will cost, ending one that runs, and a backup's progress.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "tools/c/support.h"

namespace nines::tests {
namespace {

class CLive : public CStore {
 protected:
  void append(std::int64_t minute, std::uint8_t state = NINES_UP) {
    nines_result result = result_at(minute);
    result.state = state;
    const std::string detail = "minute " + std::to_string(minute);
    result.detail = detail.c_str();
    ASSERT_EQ(nines_append(store_, &result, NINES_PROCESS, &error_), NINES_OK) << error_.message;
  }
};

TEST_F(CLive, FeedHandsOutWhatWasAppended) {
  append(0);
  nines_feed* feed = nullptr;
  ASSERT_EQ(nines_subscribe(store_, nullptr, &feed, &error_), NINES_OK) << error_.message;
  append(1);
  append(2, NINES_DOWN);
  nines_feed_batch batch = NINES_INIT(nines_feed_batch);
  ASSERT_EQ(nines_feed_next(feed, 0, &batch, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(batch.results, 2U);
  EXPECT_EQ(batch.dropped, 0U);
  nines_result result = NINES_INIT(nines_result);
  ASSERT_EQ(nines_feed_result(feed, 1, &result, &error_), NINES_OK);
  EXPECT_EQ(result.server, id_);
  EXPECT_EQ(result.time_ms, kNoonMs + 2 * kMinuteMs);
  EXPECT_EQ(result.state, NINES_DOWN);
  EXPECT_STREQ(result.detail, "minute 2");
  EXPECT_EQ(nines_feed_result(feed, 2, &result, &error_), NINES_OUT_OF_RANGE);
  ASSERT_EQ(nines_feed_next(feed, -5, &batch, &error_), NINES_OK);
  EXPECT_EQ(batch.results, 0U);
  nines_feed_wake(feed);
  EXPECT_EQ(nines_feed_next(feed, INT64_MAX, &batch, &error_), NINES_OK) << "woken";
  nines_feed_free(feed);
}

TEST_F(CLive, FeedSaysWhatItDroppedAndOutlivesTheStore) {
  nines_feed_options options = NINES_INIT(nines_feed_options);
  options.max_bytes = 1;
  nines_feed* feed = nullptr;
  EXPECT_EQ(nines_subscribe(store_, &options, &feed, &error_), NINES_INVALID_ARGUMENT);
  options.max_bytes = 16U << 10U;
  ASSERT_EQ(nines_subscribe(store_, &options, &feed, &error_), NINES_OK) << error_.message;
  constexpr std::int64_t kResults = 1'000;
  for (std::int64_t minute = 0; minute < kResults; ++minute) append(minute);
  ASSERT_EQ(nines_close(store_, &error_), NINES_OK);
  store_ = nullptr;
  nines_feed_batch batch = NINES_INIT(nines_feed_batch);
  ASSERT_EQ(nines_feed_next(feed, 0, &batch, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(batch.dropped, 1U);
  nines_dropped dropped = NINES_INIT(nines_dropped);
  ASSERT_EQ(nines_feed_dropped(feed, 0, &dropped, &error_), NINES_OK);
  EXPECT_EQ(dropped.server, id_);
  EXPECT_EQ(dropped.from_ms, kNoonMs);
  EXPECT_EQ(dropped.results + batch.results, static_cast<std::uint64_t>(kResults));
  EXPECT_EQ(nines_feed_next(feed, 0, &batch, &error_), NINES_CLOSED);
  nines_feed_free(feed);
}

TEST_F(CLive, StatesAreToldWhenTheyChange) {
  std::atomic<std::int64_t> now{kNoonMs};
  nines_options options = NINES_INIT(nines_options);
  options.context = &now;
  options.clock = [](void* context) { return static_cast<std::atomic<std::int64_t>*>(context)->load(); };
  ASSERT_EQ(nines_close(store_, &error_), NINES_OK);
  ASSERT_EQ(nines_open(path("store").c_str(), &options, &store_, &error_), NINES_OK) << error_.message;
  append(0);
  nines_states* states = nullptr;
  ASSERT_EQ(nines_watch_states(store_, nullptr, &states, &error_), NINES_OK) << error_.message;
  std::size_t count = 99;
  const auto at = [&](std::int64_t minute, std::uint8_t state) {
    now = kNoonMs + minute * kMinuteMs + 1;
    append(minute, state);
    ASSERT_EQ(nines_states_next(states, 0, &count, &error_), NINES_OK) << error_.message;
  };
  at(1, NINES_UP);
  // The first is up since noon, which was the moment itself when the states were looked at.
  ASSERT_LE(count, 1U);
  at(2, NINES_DOWN);
  EXPECT_EQ(count, 0U);
  at(3, NINES_DOWN);
  ASSERT_EQ(count, 1U);
  nines_change change = NINES_INIT(nines_change);
  ASSERT_EQ(nines_states_get(states, 0, &change, &error_), NINES_OK);
  EXPECT_STREQ(change.name, "site");
  EXPECT_EQ(change.server, id_);
  EXPECT_EQ(change.from, NINES_UP);
  EXPECT_EQ(change.to, NINES_DOWN);
  EXPECT_EQ(change.since_ms, kNoonMs + 2 * kMinuteMs);
  EXPECT_EQ(nines_states_get(states, 1, &change, &error_), NINES_OUT_OF_RANGE);
  ASSERT_EQ(nines_close(store_, &error_), NINES_OK);
  store_ = nullptr;
  EXPECT_EQ(nines_states_next(states, 0, &count, &error_), NINES_CLOSED);
  nines_states_free(states);
}

TEST_F(CLive, ReadOnlyStoreHasNoFeeds) {
  nines_store* reader = nullptr;
  ASSERT_EQ(nines_open_read_only(path("store").c_str(), nullptr, &reader, &error_), NINES_OK) << error_.message;
  nines_feed* feed = nullptr;
  nines_states* states = nullptr;
  EXPECT_EQ(nines_subscribe(reader, nullptr, &feed, &error_), NINES_READ_ONLY);
  EXPECT_EQ(nines_watch_states(reader, nullptr, &states, &error_), NINES_READ_ONLY);
  EXPECT_EQ(feed, nullptr);
  EXPECT_EQ(states, nullptr);
  EXPECT_EQ(nines_close(reader, &error_), NINES_OK);
}

TEST_F(CLive, NewestComesFirstAndGoesOnBackwards) {
  for (std::int64_t minute = 0; minute < 5; ++minute) append(minute);
  nines_columns* columns = nullptr;
  nines_arrays arrays = NINES_INIT(nines_arrays);
  ASSERT_EQ(nines_newest(store_, id_, kNoonMs + 100 * kMinuteMs, 2, &columns, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_columns_arrays(columns, &arrays, &error_), NINES_OK);
  ASSERT_EQ(arrays.count, 2U);
  EXPECT_EQ(arrays.time_ms[0], kNoonMs + 4 * kMinuteMs);
  EXPECT_EQ(arrays.time_ms[1], kNoonMs + 3 * kMinuteMs);
  EXPECT_EQ(arrays.latency_us[0], NINES_NO_LATENCY);
  const std::int64_t before = arrays.time_ms[1];
  nines_columns_free(columns);
  ASSERT_EQ(nines_newest(store_, id_, before, 100, &columns, &error_), NINES_OK);
  ASSERT_EQ(nines_columns_arrays(columns, &arrays, &error_), NINES_OK);
  ASSERT_EQ(arrays.count, 3U);
  EXPECT_EQ(arrays.time_ms[2], kNoonMs);
  nines_columns_free(columns);
  EXPECT_EQ(nines_newest(store_, id_, before, 0, &columns, &error_), NINES_INVALID_ARGUMENT);
  EXPECT_EQ(columns, nullptr);
}

TEST_F(CLive, ServersAreReadTogether) {
  nines_server server = NINES_INIT(nines_server);
  server.name = "other";
  std::uint32_t other = 0;
  ASSERT_EQ(nines_add_server(store_, &server, &other, &error_), NINES_OK);
  append(0);
  append(1);
  const std::uint32_t servers[] = {other, id_};
  nines_cursor* cursors[2] = {};
  ASSERT_EQ(nines_scan_together(store_, servers, 2, kNoonMs, kNoonMs + 60 * kMinuteMs, 0, 0, cursors, &error_),
            NINES_OK)
      << error_.message;
  append(2);
  nines_segment segment = NINES_INIT(nines_segment);
  ASSERT_EQ(nines_cursor_next(cursors[0], &segment, &error_), NINES_OK);
  EXPECT_EQ(segment.count, 0U);
  ASSERT_EQ(nines_cursor_next(cursors[1], &segment, &error_), NINES_OK);
  EXPECT_EQ(segment.count, 2U) << "as it was then";
  for (nines_cursor* cursor : cursors) nines_cursor_free(cursor);
  const std::uint32_t unknown[] = {id_, 99};
  EXPECT_EQ(nines_scan_together(store_, unknown, 2, 0, 1, 0, 0, cursors, &error_), NINES_NOT_FOUND);
  EXPECT_EQ(cursors[0], nullptr);
  EXPECT_EQ(nines_scan_together(store_, servers, SIZE_MAX, 0, 1, 0, 0, nullptr, &error_), NINES_INVALID_ARGUMENT);
}

TEST_F(CLive, CostIsKnownBeforeAndAQuestionCanBeEnded) {
  for (std::int64_t minute = 0; minute < 60; ++minute) append(minute);
  nines_query query = hour();
  nines_cost cost = NINES_INIT(nines_cost);
  ASSERT_EQ(nines_estimate(store_, nullptr, 0, &query, &cost, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(cost.range_scans, 1U);
  EXPECT_EQ(cost.results, 60U);
  EXPECT_EQ(cost.summaries, 0U);
  EXPECT_EQ(nines_estimate(store_, &id_, 1, &query, &cost, &error_), NINES_OK);
  const std::uint32_t unknown = 99;
  EXPECT_EQ(nines_estimate(store_, &unknown, 1, &query, &cost, &error_), NINES_NOT_FOUND);

  std::int32_t cancelled = 0;
  query.cancelled = &cancelled;
  nines_figures figures = NINES_INIT(nines_figures);
  EXPECT_EQ(nines_uptime(store_, id_, &query, &figures, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(figures.checks, 60U);
  cancelled = 1;
  EXPECT_EQ(nines_uptime(store_, id_, &query, &figures, &error_), NINES_UNAVAILABLE);
  EXPECT_STREQ(error_.message, "cancelled");
  nines_dashboard* board = nullptr;
  EXPECT_EQ(nines_ask_dashboard(store_, &query, nullptr, &board, &error_), NINES_UNAVAILABLE);
  nines_bars* bars = nullptr;
  EXPECT_EQ(nines_list_bars(store_, id_, &query, 4, &bars, &error_), NINES_UNAVAILABLE);
  nines_incidents* incidents = nullptr;
  EXPECT_EQ(nines_list_incidents(store_, nullptr, 0, &query, &incidents, &error_), NINES_UNAVAILABLE);
  // A caller that was compiled when the struct ended before has nothing to cancel by.
  query.size = 40;
  EXPECT_EQ(nines_uptime(store_, id_, &query, &figures, &error_), NINES_OK) << error_.message;
}

TEST_F(CLive, BarsLieWhereTheyAreAndSayTheSame) {
  for (std::int64_t minute = 0; minute < 60; ++minute) append(minute, minute / 10 == 3 ? NINES_DOWN : NINES_UP);
  const nines_query query = hour();
  nines_dashboard_options options = NINES_INIT(nines_dashboard_options);
  options.bars = 6;
  nines_dashboard* board = nullptr;
  ASSERT_EQ(nines_ask_dashboard(store_, &query, &options, &board, &error_), NINES_OK) << error_.message;
  nines_bar_columns bars = NINES_INIT(nines_bar_columns);
  ASSERT_EQ(nines_dashboard_bars(board, 0, &bars, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(bars.count, 6U);
  const auto at = [&](const auto* column, std::size_t i) {
    return static_cast<decltype(column)>(NINES_STEP(column, bars.stride, i));
  };
  for (std::size_t i = 0; i < 6; ++i) {
    nines_bar bar = NINES_INIT(nines_bar);
    ASSERT_EQ(nines_dashboard_bar(board, 0, i, &bar, &error_), NINES_OK);
    EXPECT_EQ(*at(bars.from_ms, i), bar.from_ms);
    EXPECT_EQ(*at(bars.to_ms, i), bar.to_ms);
    EXPECT_EQ(std::memcmp(at(bars.time_ms, i), bar.time_ms, sizeof bar.time_ms), 0);
    EXPECT_EQ(*at(bars.checks, i), 10U);
    EXPECT_EQ(*at(bars.failed_checks, i), i == 3 ? 10U : 0U);
    EXPECT_EQ(*at(bars.latency_count, i), 0U);
    EXPECT_EQ(*at(bars.latency_mean_us, i), 0.0);
    EXPECT_EQ(*at(bars.latency_max_us, i), bar.latency_max_us);
  }
  EXPECT_EQ(nines_dashboard_bars(board, 1, &bars, &error_), NINES_OUT_OF_RANGE);
  EXPECT_EQ(nines_dashboard_bars(nullptr, 0, &bars, &error_), NINES_INVALID_ARGUMENT);
  nines_dashboard_free(board);
  ASSERT_EQ(nines_ask_dashboard(store_, &query, nullptr, &board, &error_), NINES_OK);
  ASSERT_EQ(nines_dashboard_bars(board, 0, &bars, &error_), NINES_OK);
  EXPECT_EQ(bars.count, 0U);
  EXPECT_EQ(bars.checks, nullptr);
  nines_dashboard_free(board);
}

TEST_F(CLive, BackupTellsHowFarItIsAndCanBeEnded) {
  for (std::int64_t minute = 0; minute < 100; ++minute) append(minute);
  struct Told {
    int calls = 0;
    bool go_on = false;
    std::uint64_t bytes = 0;
    std::uint64_t total = 0;
  } told;
  nines_backup_options options = NINES_INIT(nines_backup_options);
  options.context = &told;
  options.progress = [](void* context, std::uint64_t bytes, std::uint64_t total) -> std::int32_t {
    auto& seen = *static_cast<Told*>(context);
    ++seen.calls;
    EXPECT_GE(bytes, seen.bytes);
    seen.bytes = bytes;
    seen.total = total;
    return seen.go_on ? 1 : 0;
  };
  const std::string copy = path("copy");
  EXPECT_EQ(nines_backup_with(store_, copy.c_str(), &options, &error_), NINES_UNAVAILABLE);
  EXPECT_FALSE(std::filesystem::exists(copy));
  told = {};
  told.go_on = true;
  ASSERT_EQ(nines_backup_with(store_, copy.c_str(), &options, &error_), NINES_OK) << error_.message;
  EXPECT_GT(told.calls, 0);
  EXPECT_GT(told.bytes, told.total / 2);
  EXPECT_LE(told.bytes, told.total);
  options.progress = [](void*, std::uint64_t, std::uint64_t) -> std::int32_t { throw 7; };
  EXPECT_NE(nines_backup_with(store_, path("third").c_str(), &options, &error_), NINES_OK) << "what throws ends it";
  nines_store* reader = nullptr;
  ASSERT_EQ(nines_open_read_only(copy.c_str(), nullptr, &reader, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(nines_close(reader, &error_), NINES_OK);
}

}  // namespace
}  // namespace nines::tests
