// A feed hands out what was appended, in order and once, says what it dropped, and keeps no writer waiting.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/feed.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr milliseconds kNoWait{0};
constexpr milliseconds kLong{20'000};

CheckResult result_at(ServerId server, std::int64_t minute) {
  CheckResult result;
  result.server = server;
  result.time = from_ms(kStartMs + minute * 60'000);
  result.state = State::up;
  result.latency_us = 1'000;
  return result;
}

class LiveFeed : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return from_ms(kStartMs + 10 * kDayMs); };
    auto opened = Store::open(path_, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    for (const char* name : {"a", "b"}) {
      Server server;
      server.name = name;
      server.created_at = from_ms(kStartMs);
      ids_.push_back(store_->add_server(server).value());
    }
  }
  std::unique_ptr<Feed> feed(std::size_t max_bytes = 1U << 20U) {
    auto made = subscribe(*store_, {.max_bytes = max_bytes});
    EXPECT_TRUE(made) << made.error().message;
    return made ? std::move(*made) : nullptr;
  }
  void append(ServerId server, std::int64_t minute) {
    ASSERT_TRUE(store_->append(result_at(server, minute), Durability::process));
  }
  static std::vector<std::int64_t> minutes(const FeedBatch& batch) {
    std::vector<std::int64_t> all;
    for (const CheckResult& result : batch.results) all.push_back((to_ms(result.time) - kStartMs) / 60'000);
    return all;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::vector<ServerId> ids_;
  std::unique_ptr<Store> store_;
};

TEST_F(LiveFeed, HandsOutWhatWasAppendedSinceInOrder) {
  append(ids_[0], 0);
  const auto feed = this->feed();
  EXPECT_THAT(feed->next(kNoWait)->results, IsEmpty()) << "what was there before";
  append(ids_[0], 1);
  append(ids_[1], 2);
  append(ids_[0], 1);  // repeated
  const auto batch = feed->next(kNoWait).value();
  EXPECT_THAT(minutes(batch), ElementsAre(1, 2, 1));
  EXPECT_EQ(batch.results[1].server, ids_[1]);
  EXPECT_EQ(batch.results[1].latency_us, 1'000U);
  EXPECT_THAT(batch.dropped, IsEmpty());
  EXPECT_THAT(feed->next(kNoWait)->results, IsEmpty());
}

TEST_F(LiveFeed, WhatItHandsOutIsReadable) {
  const auto feed = this->feed();
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (std::int64_t minute = 0; minute < 500; ++minute) append(ids_[0], minute);
    done = true;
  });
  std::int64_t seen = 0;
  while (seen < 500) {
    const auto batch = feed->next(kLong).value();
    ASSERT_FALSE(batch.results.empty());
    for (const CheckResult& result : batch.results) EXPECT_EQ(result.time, result_at(ids_[0], seen++).time);
    const auto last = store_->last_result(ids_[0]).value();
    ASSERT_TRUE(last);
    EXPECT_GE(last->time, batch.results.back().time);
  }
  writer.join();
}

TEST_F(LiveFeed, TakesNoMoreThanItIsAskedFor) {
  const auto feed = this->feed();
  for (std::int64_t minute = 0; minute < 5; ++minute) append(ids_[0], minute);
  EXPECT_THAT(minutes(feed->next(kNoWait, 2).value()), ElementsAre(0, 1));
  EXPECT_THAT(minutes(feed->next(kNoWait, 2).value()), ElementsAre(2, 3));
  EXPECT_THAT(minutes(feed->next(kNoWait, 2).value()), ElementsAre(4));
}

TEST_F(LiveFeed, FullQueueDropsTheOldestAndSaysWhich) {
  const auto feed = this->feed(FeedOptions::kLeastBytes);
  constexpr std::int64_t kEach = 1'000;
  for (std::int64_t minute = 0; minute < kEach; ++minute) {
    append(ids_[0], minute);
    append(ids_[1], minute);
  }
  const auto batch = feed->next(kNoWait).value();
  ASSERT_EQ(batch.dropped.size(), 2U);
  std::map<ServerId, std::vector<std::int64_t>> handed_out;
  for (const CheckResult& result : batch.results) handed_out[result.server].push_back(to_ms(result.time));
  for (std::size_t i = 0; i < 2; ++i) {
    const DroppedResults& dropped = batch.dropped[i];
    EXPECT_EQ(dropped.server, ids_[i]);
    EXPECT_EQ(dropped.results + handed_out[ids_[i]].size(), static_cast<std::uint64_t>(kEach));
    EXPECT_GT(handed_out[ids_[i]].size(), 10U);
    EXPECT_EQ(dropped.window.from, from_ms(kStartMs));
    EXPECT_LE(to_ms(dropped.window.to), handed_out[ids_[i]].front());
    // What was dropped can be read.
    std::uint64_t read = 0;
    const auto cursor = store_->scan(dropped.server, dropped.window, {}).value();
    ASSERT_TRUE(cursor->for_each([&](const Segment& segment) { read += segment.size(); }));
    EXPECT_EQ(read, dropped.results);
  }
  EXPECT_THAT(feed->next(kNoWait)->dropped, IsEmpty()) << "said once";
}

TEST_F(LiveFeed, RefusedResultsAreNotInIt) {
  const auto feed = this->feed();
  CheckResult ahead = result_at(ids_[0], 100'000);
  EXPECT_FALSE(store_->append(ahead, Durability::process));
  const std::vector<CheckResult> some{result_at(ids_[0], 1), ahead, result_at(ServerId{77}, 2), result_at(ids_[1], 3)};
  EXPECT_EQ(store_->append_each(some, Durability::process)->size(), 2U);
  EXPECT_THAT(minutes(feed->next(kNoWait).value()), ElementsAre(1, 3));
}

TEST_F(LiveFeed, FeedsAreOfTheirOwn) {
  const auto one = feed();
  auto other = feed();
  append(ids_[0], 1);
  EXPECT_THAT(minutes(one->next(kNoWait).value()), ElementsAre(1));
  EXPECT_THAT(minutes(other->next(kNoWait).value()), ElementsAre(1));
  other.reset();
  append(ids_[0], 2);
  EXPECT_THAT(minutes(one->next(kNoWait).value()), ElementsAre(2));
}

TEST_F(LiveFeed, WakeEndsTheWait) {
  const auto feed = this->feed();
  std::thread waker([&] { feed->wake(); });
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(feed->next(std::chrono::hours{1})->results, IsEmpty());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::minutes{1});
  waker.join();
}

TEST_F(LiveFeed, OutlivesItsStoreAndThenIsClosed) {
  const auto feed = this->feed();
  append(ids_[0], 1);
  std::thread closer([&] {
    ASSERT_TRUE(store_->close());
    store_.reset();
  });
  std::vector<std::int64_t> seen;
  for (;;) {
    const auto batch = feed->next(kLong);
    if (!batch) {
      EXPECT_EQ(batch.error().code, ErrorCode::closed);
      break;
    }
    for (const std::int64_t minute : minutes(*batch)) seen.push_back(minute);
  }
  closer.join();
  EXPECT_THAT(seen, ElementsAre(1));
}

TEST_F(LiveFeed, IsRefusedWhereItWouldStaySilent) {
  EXPECT_EQ(subscribe(*store_, {.max_bytes = 1}).error().code, ErrorCode::invalid_argument);
  const auto reader = Store::open_read_only(path_, options_).value();
  EXPECT_EQ(subscribe(*reader).error().code, ErrorCode::read_only);
  ASSERT_TRUE(store_->close());
  EXPECT_EQ(subscribe(*store_).error().code, ErrorCode::closed);
}

TEST_F(LiveFeed, ForkedChildIsRefused) {
  auto feed = this->feed();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto batch = feed->next(kNoWait);
    feed->wake();
    feed.reset();
    ::_exit(!batch && batch.error().code == ErrorCode::fatal ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace nines::test
