// What a host can do wrong is an error with a sentence, and what cannot be done is said: nothing crashes or is guessed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tools/c/failing_new.h"
#include "tools/c/support.h"

namespace nines::tests {
namespace {

using ::testing::HasSubstr;

class CMisuse : public CStore {};

TEST_F(CMisuse, NullIsAnErrorThatNamesTheArgument) {
  nines_query query = hour();
  nines_figures figures = NINES_INIT(nines_figures);
  nines_result result = result_at(0);
  nines_store* other = nullptr;
  nines_cursor* cursor = nullptr;
  nines_columns* columns = nullptr;
  nines_servers* servers = nullptr;
  nines_bars* bars = nullptr;
  nines_incidents* incidents = nullptr;
  nines_dashboard* board = nullptr;
  nines_prober* prober = nullptr;
  std::int64_t time = 0;
  std::uint32_t id = 0;
  const auto refused = [&](nines_code code, const char* argument) {
    EXPECT_EQ(code, NINES_INVALID_ARGUMENT) << argument;
    EXPECT_THAT(error_.message, HasSubstr(argument));
    std::memset(&error_, 0, sizeof error_);
  };
  refused(nines_open(nullptr, nullptr, &other, &error_), "path");
  refused(nines_open("x", nullptr, nullptr, &error_), "store");
  refused(nines_open_read_only(nullptr, nullptr, &other, &error_), "path");
  refused(nines_refresh(nullptr, &error_), "store");
  refused(nines_flush(nullptr, &error_), "store");
  refused(nines_apply_retention(nullptr, &error_), "store");
  refused(nines_backup(store_, nullptr, &error_), "path");
  refused(nines_get_stats(store_, nullptr, &error_), "stats");
  refused(nines_add_server(store_, nullptr, &id, &error_), "server");
  refused(nines_update_server(store_, nullptr, &error_), "server");
  refused(nines_remove_server(nullptr, 1, &error_), "store");
  refused(nines_find_server(store_, nullptr, &id, &error_), "name");
  refused(nines_find_server(store_, "site", nullptr, &error_), "id");
  refused(nines_add_maintenance(nullptr, 1, 0, 1, nullptr, &error_), "store");
  refused(nines_list_servers(nullptr, &servers, &error_), "store");
  refused(nines_list_servers(store_, nullptr, &error_), "servers");
  refused(nines_servers_get(nullptr, 0, nullptr, &error_), "servers");
  refused(nines_append(nullptr, &result, NINES_PROCESS, &error_), "store");
  refused(nines_append(store_, nullptr, NINES_PROCESS, &error_), "result");
  refused(nines_append_batch(store_, nullptr, NINES_PROCESS, &error_), "batch");
  refused(nines_load(store_, nullptr, &error_), "batch");
  refused(nines_erase(nullptr, 1, 0, 1, nullptr, &error_), "store");
  refused(nines_scan(nullptr, 1, 0, 1, 0, 0, &cursor, &error_), "store");
  refused(nines_scan(store_, 1, 0, 1, 0, 0, nullptr, &error_), "cursor");
  refused(nines_cursor_next(nullptr, nullptr, &error_), "cursor");
  refused(nines_read(nullptr, 1, 0, 1, &columns, &error_), "store");
  refused(nines_read(store_, 1, 0, 1, nullptr, &error_), "columns");
  refused(nines_columns_arrays(nullptr, nullptr, &error_), "columns");
  refused(nines_uptime(nullptr, 1, &query, &figures, &error_), "store");
  refused(nines_uptime(store_, 1, nullptr, &figures, &error_), "query");
  refused(nines_uptime(store_, 1, &query, nullptr, &error_), "figures");
  refused(nines_list_incidents(store_, nullptr, 1, &query, &incidents, &error_), "servers");
  refused(nines_list_bars(store_, 1, nullptr, 4, &bars, &error_), "query");
  refused(nines_list_calendar_bars(store_, 1, &query, nullptr, nullptr, &bars, &error_), "unit");
  refused(nines_ask_dashboard(store_, &query, nullptr, nullptr, &error_), "dashboard");
  refused(nines_ask_dashboard(nullptr, &query, nullptr, &board, &error_), "store");
  refused(nines_prober_create(nullptr, nullptr, &prober, &error_), "store");
  refused(nines_prober_start(nullptr, &error_), "prober");
  refused(nines_prober_report(nullptr, nullptr, 0, nullptr, -1, &error_), "prober");
  refused(nines_check(nullptr, nullptr, nullptr, 0, &error_), "check");
  nines_feed* feed = nullptr;
  nines_states* states = nullptr;
  nines_cost cost = NINES_INIT(nines_cost);
  std::size_t count = 0;
  refused(nines_backup_with(store_, "x", nullptr, &error_), "options");
  refused(nines_scan_together(store_, nullptr, 1, 0, 1, 0, 0, &cursor, &error_), "servers");
  refused(nines_scan_together(store_, &id, 1, 0, 1, 0, 0, nullptr, &error_), "cursors");
  refused(nines_newest(store_, 1, 0, 1, nullptr, &error_), "columns");
  refused(nines_estimate(store_, nullptr, 1, &query, &cost, &error_), "servers");
  refused(nines_estimate(store_, nullptr, 0, &query, nullptr, &error_), "cost");
  refused(nines_subscribe(nullptr, nullptr, &feed, &error_), "store");
  refused(nines_subscribe(store_, nullptr, nullptr, &error_), "feed");
  refused(nines_feed_next(nullptr, 0, nullptr, &error_), "feed");
  refused(nines_feed_result(nullptr, 0, &result, &error_), "feed");
  refused(nines_feed_dropped(nullptr, 0, nullptr, &error_), "feed");
  refused(nines_watch_states(nullptr, nullptr, &states, &error_), "store");
  refused(nines_states_next(nullptr, 0, &count, &error_), "states");
  refused(nines_states_get(nullptr, 0, nullptr, &error_), "states");
  refused(nines_parse_window(nullptr, 0, nullptr, &time, &time, &error_), "text");
  // Without a place for the message the code says it alone.
  EXPECT_EQ(nines_open(nullptr, nullptr, &other, nullptr), NINES_INVALID_ARGUMENT);
}

TEST_F(CMisuse, FreeingNullDoesNothing) {
  EXPECT_EQ(nines_close(nullptr, nullptr), NINES_OK);
  nines_servers_free(nullptr);
  nines_cursor_free(nullptr);
  nines_columns_free(nullptr);
  nines_incidents_free(nullptr);
  nines_bars_free(nullptr);
  nines_dashboard_free(nullptr);
  nines_prober_free(nullptr);
  nines_feed_free(nullptr);
  nines_feed_wake(nullptr);
  nines_states_free(nullptr);
  nines_states_wake(nullptr);
  EXPECT_EQ(nines_servers_count(nullptr) + nines_bars_count(nullptr) + nines_dashboard_count(nullptr), 0U);
}

TEST_F(CMisuse, StructThatWasNotInitialisedIsRefused) {
  nines_result result = result_at(0);
  for (const std::uint32_t size : {0U, 8U, static_cast<std::uint32_t>(sizeof result - 1), 5000U, 0xFFFFFFFFU}) {
    result.size = size;
    EXPECT_EQ(nines_append(store_, &result, NINES_PROCESS, &error_), NINES_INVALID_ARGUMENT) << size;
    EXPECT_THAT(error_.message, HasSubstr("result.size")) << size;
  }
  nines_figures figures{};
  const nines_query query = hour();
  EXPECT_EQ(nines_uptime(store_, id_, &query, &figures, &error_), NINES_INVALID_ARGUMENT);
  EXPECT_THAT(error_.message, HasSubstr("figures.size"));
}

TEST_F(CMisuse, StructOfALaterVersionIsTakenWhenWhatIsNewIsZero) {
  struct Later {
    nines_query query;
    std::uint64_t new_field;
  } later{hour(), 0};
  later.query.size = sizeof later;
  struct LaterFigures {
    nines_figures figures;
    std::uint64_t new_field = 99;
  } figures;
  figures.figures = nines_figures{};
  figures.figures.size = sizeof figures;
  ASSERT_EQ(nines_uptime(store_, id_, &later.query, &figures.figures, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(figures.figures.size, sizeof figures);
  EXPECT_EQ(figures.new_field, 0U);
  later.new_field = 1;
  EXPECT_EQ(nines_uptime(store_, id_, &later.query, &figures.figures, &error_), NINES_INVALID_ARGUMENT);
  EXPECT_THAT(error_.message, HasSubstr("does not know"));
}

TEST_F(CMisuse, NumbersThatMeanNothingAreRefused) {
  nines_result result = result_at(0);
  EXPECT_EQ(nines_append(store_, &result, 3, &error_), NINES_INVALID_ARGUMENT);
  EXPECT_EQ(nines_append(store_, &result, -1, &error_), NINES_INVALID_ARGUMENT);
  result.cause = 200;
  EXPECT_EQ(nines_append(store_, &result, NINES_PROCESS, &error_), NINES_INVALID_ARGUMENT);
  nines_query query = hour();
  nines_figures figures = NINES_INIT(nines_figures);
  query.maintenance = NINES_AS_DOWN;
  EXPECT_EQ(nines_uptime(store_, id_, &query, &figures, &error_), NINES_INVALID_ARGUMENT);
  query = hour();
  query.unknown = NINES_AS_MEASURED;
  EXPECT_EQ(nines_uptime(store_, id_, &query, &figures, &error_), NINES_INVALID_ARGUMENT);
  nines_cursor* cursor = nullptr;
  EXPECT_EQ(nines_scan(store_, id_, 0, 1, 8, 0, &cursor, &error_), NINES_INVALID_ARGUMENT);
  nines_batch batch = NINES_INIT(nines_batch);
  EXPECT_EQ(nines_append_batch(store_, &batch, NINES_PROCESS, &error_), NINES_INVALID_ARGUMENT);
  batch.count = SIZE_MAX;
  const std::int64_t time = kNoonMs;
  const std::uint8_t state = NINES_UP;
  batch.time_ms = &time;
  batch.state = &state;
  EXPECT_EQ(nines_append_batch(store_, &batch, NINES_PROCESS, &error_), NINES_INVALID_ARGUMENT);
  nines_options options = NINES_INIT(nines_options);
  options.head_bytes = -2;
  nines_store* other = nullptr;
  EXPECT_EQ(nines_open(path("other").c_str(), &options, &other, &error_), NINES_INVALID_ARGUMENT);
  EXPECT_THAT(error_.message, HasSubstr("head_bytes"));
}

TEST_F(CMisuse, ExtremeTimesAreAnsweredOrRefused) {
  constexpr std::int64_t kTimes[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 253'402'300'800'000, INT64_MAX - 1, INT64_MAX};
  for (const std::int64_t from : kTimes) {
    for (const std::int64_t to : kTimes) {
      nines_query query = hour();
      query.from_ms = from;
      query.to_ms = to;
      nines_figures figures = NINES_INIT(nines_figures);
      const nines_code asked = nines_uptime(store_, id_, &query, &figures, &error_);
      EXPECT_TRUE(asked == NINES_OK || asked == NINES_INVALID_ARGUMENT || asked == NINES_OUT_OF_RANGE)
          << from << ' ' << to;
      nines_columns* columns = nullptr;
      const nines_code read = nines_read(store_, id_, from, to, &columns, &error_);
      EXPECT_TRUE(read == NINES_OK || read == NINES_INVALID_ARGUMENT || read == NINES_OUT_OF_RANGE)
          << from << ' ' << to;
      nines_columns_free(columns);
    }
    nines_result result = result_at(0);
    result.time_ms = from;
    const nines_code appended = nines_append(store_, &result, NINES_PROCESS, &error_);
    EXPECT_EQ(appended, from == 0 ? NINES_OK : NINES_OUT_OF_RANGE) << from;
  }
}

TEST_F(CMisuse, LongMessageIsCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 400; ++i) name += "\u00e9";
  std::uint32_t id = 0;
  ASSERT_EQ(nines_find_server(store_, name.c_str(), &id, &error_), NINES_NOT_FOUND);
  const std::string message = error_.message;
  EXPECT_GE(message.size(), NINES_MESSAGE_BYTES - 2U);
  EXPECT_LT(message.size(), std::size_t{NINES_MESSAGE_BYTES});
  EXPECT_EQ(static_cast<unsigned char>(message.back()), 0xA9U) << "the second byte of the character";
}

TEST_F(CMisuse, ForkedChildIsRefusedAndEndsWell) {
  nines_prober* prober = nullptr;
  ASSERT_EQ(nines_prober_create(store_, nullptr, &prober, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_start(prober, &error_), NINES_OK) << error_.message;
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    nines_stats stats = NINES_INIT(nines_stats);
    const nines_result result = result_at(0);
    int wrong = 0;
    if (nines_append(store_, &result, NINES_PROCESS, &error_) != NINES_FATAL) wrong |= 1;
    if (nines_get_stats(store_, &stats, &error_) != NINES_FATAL) wrong |= 2;
    if (nines_prober_stop(prober, &error_) != NINES_FATAL) wrong |= 4;
    std::uint32_t id = 0;
    nines_servers* servers = nullptr;
    if (nines_find_server(store_, "site", &id, &error_) != NINES_FATAL) wrong |= 8;
    if (nines_list_servers(store_, &servers, &error_) != NINES_FATAL) wrong |= 16;
    nines_prober_free(prober);
    nines_close(store_, &error_);
    ::_exit(wrong);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
  const nines_result result = result_at(0);
  EXPECT_EQ(nines_append(store_, &result, NINES_PROCESS, &error_), NINES_OK) << error_.message;
  nines_prober_free(prober);
}

TEST_F(CMisuse, ClosingBeforeTheProberStopsLosesResultsAndSaysSo) {
  nines_server server = NINES_INIT(nines_server);
  server.name = "second";
  std::uint32_t id = 0;
  nines_store* store = nullptr;
  ASSERT_EQ(nines_open(path("second").c_str(), nullptr, &store, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_add_server(store, &server, &id, &error_), NINES_OK) << error_.message;
  nines_prober* prober = nullptr;
  ASSERT_EQ(nines_prober_create(store, nullptr, &prober, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_watch(prober, id, "push:", &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_start(prober, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_close(store, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(nines_prober_report(prober, "second", 0, nullptr, 10, &error_), NINES_OK) << error_.message;
  EXPECT_EQ(nines_prober_stop(prober, &error_), NINES_UNAVAILABLE);
  EXPECT_STRNE(error_.message, "");
  nines_prober_free(prober);
}

TEST_F(CMisuse, WhatACallbackThrowsEndsThere) {
  nines_options options = NINES_INIT(nines_options);
  options.clock = [](void*) -> std::int64_t { throw std::runtime_error("no clock"); };
  options.log = [](void*, std::int32_t, const char*) { throw std::runtime_error("no log"); };
  nines_store* store = nullptr;
  ASSERT_EQ(nines_open(path("thrown").c_str(), &options, &store, &error_), NINES_OK) << error_.message;
  nines_server server = NINES_INIT(nines_server);
  server.name = "job";
  server.created_at_ms = kNoonMs;
  std::uint32_t id = 0;
  ASSERT_EQ(nines_add_server(store, &server, &id, &error_), NINES_OK) << error_.message;

  std::atomic<int> told{0};
  nines_prober_options probing = NINES_INIT(nines_prober_options);
  probing.context = &told;
  probing.on_result = [](void* context, const nines_result*) {
    static_cast<std::atomic<int>*>(context)->fetch_add(1);
    throw 7;
  };
  probing.on_change = [](void*, const nines_change*) { throw 7; };
  probing.log = [](void*, std::int32_t, const char*) { throw 7; };
  nines_store* target = store_;
  nines_prober* prober = nullptr;
  ASSERT_EQ(nines_prober_create(target, &probing, &prober, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_watch(prober, id_, "push:", &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_prober_start(prober, &error_), NINES_OK) << error_.message;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(nines_prober_report(prober, "site", 1, "x", -1, &error_), NINES_OK);
  EXPECT_EQ(nines_prober_stop(prober, &error_), NINES_OK) << error_.message;
  EXPECT_GE(told.load(), 3);
  nines_prober_free(prober);
  EXPECT_EQ(nines_close(store, &error_), NINES_OK) << error_.message;
}

TEST_F(CMisuse, AnyAllocationMayFailInAQuestion) {
  for (int minute = 0; minute < 60; ++minute) {
    nines_result result = result_at(minute);
    result.state = minute / 5 % 3 == 1 ? NINES_DOWN : NINES_UP;
    result.detail = "a detail that is too long to be held without memory of its own";
    ASSERT_EQ(nines_append(store_, &result, NINES_PROCESS, &error_), NINES_OK) << error_.message;
  }
  const nines_query query = hour();
  const auto ask_all = [&]() -> nines_code {
    nines_servers* servers = nullptr;
    nines_columns* columns = nullptr;
    nines_bars* bars = nullptr;
    nines_incidents* incidents = nullptr;
    nines_dashboard* board = nullptr;
    nines_figures figures = NINES_INIT(nines_figures);
    nines_dashboard_options options = NINES_INIT(nines_dashboard_options);
    options.bars = 12;
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::uint32_t id = 0;
    nines_code code = nines_find_server(store_, "site", &id, &error_);
    if (code == NINES_OK) code = nines_parse_window("last-month", kNoonMs, "Europe/Paris", &from, &to, &error_);
    if (code == NINES_OK) code = nines_list_servers(store_, &servers, &error_);
    if (code == NINES_OK) code = nines_read(store_, id_, query.from_ms, query.to_ms, &columns, &error_);
    if (code == NINES_OK) code = nines_uptime(store_, id_, &query, &figures, &error_);
    if (code == NINES_OK) code = nines_list_bars(store_, id_, &query, 6, &bars, &error_);
    if (code == NINES_OK) code = nines_list_incidents(store_, nullptr, 0, &query, &incidents, &error_);
    if (code == NINES_OK) code = nines_ask_dashboard(store_, &query, &options, &board, &error_);
    nines_servers_free(servers);
    nines_columns_free(columns);
    nines_bars_free(bars);
    nines_incidents_free(incidents);
    nines_dashboard_free(board);
    return code;
  };
  int failures = 0;
  for (int k = 0;; ++k) {
    fail_allocation(k);
    const nines_code code = ask_all();
    const bool reached = fail_no_allocation();
    if (!reached) {
      EXPECT_EQ(code, NINES_OK) << error_.message;
      break;
    }
    if (code == NINES_OK) continue;  // what failed was not needed
    ++failures;
    ASSERT_EQ(code, NINES_UNAVAILABLE) << k << ": " << error_.message;
  }
  EXPECT_GT(failures, 50);
  EXPECT_EQ(ask_all(), NINES_OK) << error_.message;
}

/// Has each allocation of `call` fail in turn, until there are no more. `after` is called behind each call that had one
/// fail. Returns how many calls failed for it.
template <class Call, class After>
int fail_each_allocation(const nines_error& error, Call call, After after) {
  int failures = 0;
  for (int k = 0;; ++k) {
    fail_allocation(k);
    const nines_code code = call();
    if (!fail_no_allocation()) {
      EXPECT_EQ(code, NINES_OK) << error.message;
      return failures;
    }
    if (code != NINES_OK) ++failures;
    EXPECT_TRUE(code == NINES_OK || code == NINES_UNAVAILABLE) << k << ": " << code << " " << error.message;
    if (::testing::Test::HasFailure()) return failures;
    after(code);
  }
}

TEST_F(CMisuse, AnyAllocationMayFailInAnAppend) {
  int minute = 0;
  std::vector<int> acknowledged;
  const auto append = [&] {
    nines_result result = result_at(minute++);
    result.detail = "a detail that is too long to be held without memory of its own";
    const nines_code code = nines_append(store_, &result, NINES_PROCESS, &error_);
    if (code == NINES_OK) acknowledged.push_back(minute - 1);
    return code;
  };
  // The first notes its interval in the catalog. Memory that RocksDB lacks is the end of a handle, and another story.
  ASSERT_EQ(append(), NINES_OK) << error_.message;
  const int failures = fail_each_allocation(error_, append, [&](nines_code) {
    // Where it cannot be known whether the log has it the store is opened anew, at the next call or a little later.
    for (int i = 0; i < 1'000; ++i) {
      if (append() == NINES_OK) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    ADD_FAILURE() << error_.message;
  });
  EXPECT_GT(failures, 3);
  const auto expect_acknowledged = [&] {
    nines_columns* columns = nullptr;
    nines_arrays arrays = NINES_INIT(nines_arrays);
    ASSERT_EQ(nines_read(store_, id_, kNoonMs, kNoonMs + minute * kMinuteMs, &columns, &error_), NINES_OK);
    ASSERT_EQ(nines_columns_arrays(columns, &arrays, &error_), NINES_OK);
    const std::vector<std::int64_t> times(arrays.time_ms, arrays.time_ms + arrays.count);
    for (const int number : acknowledged) {
      EXPECT_THAT(times, ::testing::Contains(kNoonMs + number * kMinuteMs)) << number;
    }
    nines_columns_free(columns);
  };
  expect_acknowledged();
  ASSERT_EQ(nines_close(store_, &error_), NINES_OK) << error_.message;
  ASSERT_EQ(nines_open(path("store").c_str(), nullptr, &store_, &error_), NINES_OK) << error_.message;
  expect_acknowledged();
}

TEST_F(CMisuse, AnyAllocationMayFailInACheckAndAProber) {
  const auto check = [&] {
    nines_result result = NINES_INIT(nines_result);
    std::array<char, 100> detail{};
    return nines_check("tcp://127.0.0.1:9", &result, detail.data(), detail.size(), &error_);
  };
  EXPECT_GT(fail_each_allocation(error_, check, [](nines_code) {}), 20);
  // Not in what it asks the store when a server is watched: an allocation that fails while RocksDB makes an iterator
  // leaves its references behind, and Debian's build ends a process that closes such a store.
  int failures = 0;
  for (bool failed = true; failed && !HasFailure(); ++failures) {
    nines_prober* prober = nullptr;
    ASSERT_EQ(nines_prober_create(store_, nullptr, &prober, &error_), NINES_OK) << error_.message;
    ASSERT_EQ(nines_prober_watch(prober, id_, "push:", &error_), NINES_OK) << error_.message;
    fail_allocation(failures);
    const nines_code code = nines_prober_start(prober, &error_);
    failed = fail_no_allocation();  // what stops it has to work
    nines_prober_free(prober);
    EXPECT_TRUE(code == NINES_OK || (failed && code == NINES_UNAVAILABLE)) << failures << ": " << error_.message;
  }
  EXPECT_GT(failures, 3);
}

TEST_F(CMisuse, ThreadsMayUseOneStoreAtOnce) {
  constexpr int kEach = 300;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        const nines_result result = result_at(i * 2 + thread);
        if (nines_append(store_, &result, NINES_BUFFERED, nullptr) != NINES_OK) ++wrong;
      }
    });
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) {
        nines_dashboard* board = nullptr;
        const nines_query query = hour();
        if (nines_ask_dashboard(store_, &query, nullptr, &board, nullptr) != NINES_OK) ++wrong;
        nines_dashboard_free(board);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong.load(), 0);
  nines_columns* columns = nullptr;
  nines_arrays arrays = NINES_INIT(nines_arrays);
  ASSERT_EQ(nines_read(store_, id_, kNoonMs, kNoonMs + 1000 * kMinuteMs, &columns, &error_), NINES_OK);
  ASSERT_EQ(nines_columns_arrays(columns, &arrays, &error_), NINES_OK);
  EXPECT_EQ(arrays.count, 2U * kEach);
  nines_columns_free(columns);
}

}  // namespace
}  // namespace nines::tests
