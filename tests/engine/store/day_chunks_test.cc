// A day's chunks: seals leave those that are there alone, and put small ones together when there are enough or the day
// is over.
#include <gtest/gtest.h>

#include <map>

#include "codec/chunk.h"
#include "codec/key.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

constexpr std::int64_t kDay = 20'600;
constexpr std::int64_t kBegin = kDay * kDayMs;
constexpr std::int64_t kMinute = 60'000;
constexpr ServerId kServer{1};
constexpr Window kAll{from_ms(0), kTimeLimit};

class DayChunks : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [this] { return from_ms(now_ms_); };
    options_.disk_reserve_bytes = 1;
    options_.performance.seal_rows = 64;
    open();
    Server server;
    server.name = "server";
    server.created_at = from_ms(kBegin);
    ASSERT_TRUE(store_->add_server(server));
  }
  void open() {
    store_.reset();
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
  }
  void append(std::int64_t ms, std::uint32_t latency_us = 50'000, std::uint16_t location = 0) {
    now_ms_ = std::max(now_ms_, ms);
    CheckResult result;
    result.server = kServer;
    result.time = from_ms(ms);
    result.location = LocationId{location};
    result.state = State::up;
    result.code = 200;
    result.latency_us = latency_us + static_cast<std::uint32_t>(ms / 1'000 % 977);
    result.interval_ms = kMinute;
    ASSERT_TRUE(store_->append(result, Durability::buffered));
    expected_[{ms, location}] = result;
  }
  /// Results from one time to another, one each `step_ms`.
  void append_each(std::int64_t begin_ms, std::int64_t end_ms, std::int64_t step_ms) {
    for (std::int64_t ms = begin_ms; ms < end_ms; ms += step_ms) append(ms);
  }
  void expect_all() {
    std::vector<CheckResult> expected;
    for (const auto& [key, result] : expected_) expected.push_back(result);
    expect_same(read_window(*store_, kServer, kAll), expected);
    const auto verified = store_->verify();
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->damages, 0U) << (verified->damage.empty() ? "" : verified->damage.front().what);
  }
  /// Results of each stored chunk of a UTC day.
  std::vector<std::uint32_t> chunks_of(std::int64_t day) {
    EXPECT_TRUE(store_->flush());
    OpenReport report;
    const auto kv = engine::open_local(path_, engine::KvMode::read_only, {}, report);
    EXPECT_TRUE(kv);
    const auto view = (*kv)->view(kServer, {engine::Space::checks});
    std::vector<std::uint32_t> results;
    auto& chunks = (*view)->range(engine::Space::checks, engine::chunk_key(kServer, from_ms(day * kDayMs)).view(),
                                  engine::chunk_key(kServer, from_ms((day + 1) * kDayMs)).view());
    for (; chunks.valid(); chunks.next()) {
      const auto info = engine::peek_chunk(chunks.value());
      EXPECT_TRUE(info);
      results.push_back(info ? info->results : 0);
    }
    EXPECT_TRUE(chunks.status());
    return results;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::int64_t now_ms_ = kBegin;
  std::map<std::pair<std::int64_t, std::uint16_t>, CheckResult> expected_;
  std::unique_ptr<Store> store_;
};

TEST_F(DayChunks, SealLeavesEarlierOnesAlone) {
  append_each(kBegin, kBegin + 400 * kMinute, kMinute);
  const auto before = chunks_of(kDay);
  ASSERT_GE(before.size(), 3U);
  append_each(kBegin + 400 * kMinute, kBegin + 600 * kMinute, kMinute);
  const auto after = chunks_of(kDay);
  ASSERT_GT(after.size(), before.size());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin()));
  expect_all();
}

TEST_F(DayChunks, AreOneWhenTheirDayIsOver) {
  append_each(kBegin, kBegin + kDayMs, kMinute);
  EXPECT_GT(chunks_of(kDay).size(), 10U);
  append_each(kBegin + kDayMs, kBegin + kDayMs + 3 * 60 * kMinute, kMinute);
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{1'440});
  expect_all();
  open();
  expect_all();
}

TEST_F(DayChunks, AreOneAlsoWhenNoRowOfTheirDayIsLeft) {
  append_each(kBegin, kBegin + kDayMs, kMinute);
  ASSERT_TRUE(store_->seal());
  EXPECT_GT(chunks_of(kDay).size(), 10U);
  open();
  append_each(kBegin + 3 * kDayMs, kBegin + 3 * kDayMs + 200 * kMinute, kMinute);
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{1'440});
  expect_all();
}

TEST_F(DayChunks, OfManyResultsAreFullBeforeTheDayIsOver) {
  append_each(kBegin, kBegin + kDayMs, 5'000);  // 17,280
  const auto open_day = chunks_of(kDay);
  EXPECT_LT(open_day.size(), 4U + 80U);
  ASSERT_GE(open_day.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(open_day[i], engine::kMaxChunkResults);
  append_each(kBegin + kDayMs, kBegin + kDayMs + 3 * 3'600'000, kMinute);
  EXPECT_EQ(chunks_of(kDay), (std::vector<std::uint32_t>{4'096, 4'096, 4'096, 4'096, 896}));
  expect_all();
}

TEST_F(DayChunks, OfSeveralPlacesKeepAMomentTogether) {
  for (std::int64_t ms = kBegin; ms < kBegin + kDayMs; ms += 5 * kMinute) {
    for (std::uint16_t place = 0; place < 5; ++place) append(ms, 10'000U * place, place);
  }
  expect_all();
  for (std::int64_t ms = kBegin + kDayMs; ms < kBegin + kDayMs + 4 * 3'600'000; ms += 5 * kMinute) append(ms);
  for (std::uint16_t place = 1; place < 5; ++place) append(kBegin + kDayMs + 4 * 3'600'000, 1, place);
  append_each(kBegin + kDayMs + 4 * 3'600'000 + kMinute, kBegin + kDayMs + 7 * 3'600'000, kMinute);
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{1'440});
  expect_all();
}

TEST_F(DayChunks, TakeLateResultsBeforeAndAfterTheyAreOne) {
  append_each(kBegin, kBegin + 1'000 * kMinute, kMinute);
  append(kBegin + 1);                   // into the first
  append(kBegin + 500 * kMinute, 9);    // replaces
  append(kBegin + 130 * kMinute + 17);  // between two, or in one
  expect_all();
  append_each(kBegin + 1'000 * kMinute, kBegin + kDayMs + 4 * 3'600'000, kMinute);
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{1'442});
  append(kBegin + 700 * kMinute + 1);
  append(kBegin + kDayMs - 1);
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{1'444});
  expect_all();
}

TEST_F(DayChunks, CompactingPutsThoseOfTheCurrentDayTogether) {
  append_each(kBegin, kBegin + 500 * kMinute, kMinute);
  ASSERT_TRUE(store_->compact());
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{500});
  append_each(kBegin + 500 * kMinute, kBegin + 900 * kMinute, kMinute);
  EXPECT_GT(chunks_of(kDay).size(), 1U);
  ASSERT_TRUE(store_->compact());
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{900});
  ASSERT_TRUE(store_->compact());
  EXPECT_EQ(chunks_of(kDay), std::vector<std::uint32_t>{900});
  expect_all();
}

TEST_F(DayChunks, OneThatDoesNotDecodeStaysAndThoseBehindItGoOn) {
  append_each(kBegin, kBegin + 500 * kMinute, kMinute);
  ASSERT_TRUE(store_->close());
  store_.reset();
  std::string hurt;
  {
    OpenReport report;
    const auto kv = engine::open_local(path_, engine::KvMode::write, {}, report);
    ASSERT_TRUE(kv);
    const auto view = (*kv)->view(kServer, {engine::Space::checks});
    auto& chunks =
        (*view)->range(engine::Space::checks, engine::server_key(kServer).view(), engine::prefix_end(kServer).view());
    for (int i = 0; i < 2; ++i) chunks.next();  // the third
    ASSERT_TRUE(chunks.valid());
    hurt = chunks.key();
    engine::Batch batch(kServer);
    batch.put(engine::Space::checks, hurt, std::string(chunks.value().substr(0, chunks.value().size() / 2)));
    const engine::Batch* const only = &batch;
    engine::Outcome outcome;
    (*kv)->write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
    ASSERT_TRUE(outcome.ok());
  }
  open();
  const std::int64_t rest = kBegin + 500 * kMinute;
  append_each(rest, kBegin + kDayMs + 4 * 3'600'000, kMinute);
  // Each of the later ones is there, beside the hole.
  const Window later{from_ms(rest), kTimeLimit};
  std::vector<CheckResult> expected;
  for (const auto& [key, result] : expected_) {
    if (result.time >= later.from) expected.push_back(result);
  }
  EXPECT_FALSE(store_->verify()->damages == 0);
  options_.performance.head_bytes = 0;
  open();
  auto cursor = store_->scan(kServer, kAll, {});
  ASSERT_TRUE(cursor);
  std::size_t found = 0;
  std::size_t errors = 0;
  for (;;) {
    const auto segment = (*cursor)->next();
    if (!segment) {
      ++errors;
      ASSERT_LT(errors, 5U);
      continue;
    }
    if (*segment == nullptr) break;
    for (std::uint32_t i = 0; i < (*segment)->size(); ++i) {
      if ((*segment)->at(i, kServer).time >= later.from) ++found;
    }
  }
  EXPECT_EQ(errors, 1U);
  EXPECT_EQ(found, expected.size());
}

}  // namespace
}  // namespace nines::test
