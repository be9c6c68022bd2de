// Servers that are read together are seen at one moment, whoever appends meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/moment.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr Window kAll{from_ms(0), kTimeLimit};
constexpr std::size_t kServers = 8;

CheckResult result_at(ServerId server, std::int64_t second) {
  CheckResult result;
  result.server = server;
  result.time = from_ms(kStartMs + second * 1'000);
  result.state = State::up;
  return result;
}

std::uint64_t count(Cursor& cursor) {
  std::uint64_t results = 0;
  EXPECT_TRUE(cursor.for_each([&](const Segment& segment) { results += segment.size(); }));
  return results;
}

class Moment : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return from_ms(kStartMs + 10 * kDayMs); };
    options_.performance.seal_rows = 64;  // so that chunks and rows change places meanwhile
    store_ = Store::open(path_, options_).value();
    for (std::size_t i = 0; i < kServers; ++i) {
      Server server;
      server.name = "server " + std::to_string(i);
      server.created_at = from_ms(kStartMs);
      ids_.push_back(store_->add_server(server).value());
    }
  }
  std::vector<std::uint64_t> counts_together(const Store& store) {
    auto cursors = scan_together(store, ids_, kAll, {});
    EXPECT_TRUE(cursors) << cursors.error().message;
    std::vector<std::uint64_t> counts;
    if (!cursors) return counts;
    for (const auto& cursor : *cursors) counts.push_back(count(*cursor));
    return counts;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::vector<ServerId> ids_;
  std::unique_ptr<Store> store_;
};

// Round by round each server gets one result, the first server first: at any moment the servers before some place have
// one more than those behind it.
TEST_F(Moment, OfSeveralServersIsOne) {
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> rounds{0};
  std::thread writer([&] {
    for (std::int64_t round = 0; !stop; ++round) {
      for (const ServerId id : ids_) ASSERT_TRUE(store_->append(result_at(id, round), Durability::buffered));
      rounds = round + 1;
    }
  });
  for (int look = 0; look < 300 || rounds < 200; ++look) {
    const std::int64_t begun = rounds;
    const auto counts = counts_together(*store_);
    ASSERT_EQ(counts.size(), kServers);
    EXPECT_GE(counts.front(), static_cast<std::uint64_t>(begun));
    EXPECT_LE(counts.front() - counts.back(), 1U);
    for (std::size_t i = 1; i < kServers; ++i) EXPECT_LE(counts[i], counts[i - 1]) << i;
    if (HasFailure()) break;
  }
  stop = true;
  writer.join();
}

TEST_F(Moment, HasAllOfAnAppendOrNothing) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::int64_t round = 0; !stop; ++round) {
      std::vector<CheckResult> results;
      for (const ServerId id : ids_) results.push_back(result_at(id, round));
      ASSERT_TRUE(store_->append(results, Durability::buffered));
    }
  });
  for (int look = 0; look < 300; ++look) {
    const auto counts = counts_together(*store_);
    ASSERT_EQ(counts.size(), kServers);
    for (const std::uint64_t results : counts) EXPECT_EQ(results, counts.front());
    if (HasFailure()) break;
  }
  stop = true;
  writer.join();
}

TEST_F(Moment, CursorsKeepTheirMomentAndNobodyWaitsForThem) {
  for (std::int64_t second = 0; second < 300; ++second) {
    for (const ServerId id : ids_) ASSERT_TRUE(store_->append(result_at(id, second), Durability::buffered));
  }
  auto cursors = scan_together(*store_, ids_, kAll, {}).value();
  for (const ServerId id : ids_) ASSERT_TRUE(store_->append(result_at(id, 300), Durability::buffered));
  ASSERT_TRUE(store_->seal());
  for (const auto& cursor : cursors) EXPECT_EQ(count(*cursor), 300U);
}

TEST_F(Moment, OfAReadOnlyStoreToo) {
  for (const ServerId id : ids_) ASSERT_TRUE(store_->append(result_at(id, 1), Durability::process));
  const auto reader = Store::open_read_only(path_, options_).value();
  EXPECT_EQ(counts_together(*reader), std::vector<std::uint64_t>(kServers, 1));
}

TEST_F(Moment, TakesAServerTwiceAndRefusesWhatIsNotThere) {
  const std::vector<ServerId> twice{ids_[1], ids_[0], ids_[1]};
  ASSERT_TRUE(store_->append(result_at(ids_[1], 1), Durability::process));
  auto cursors = scan_together(*store_, twice, kAll, {}).value();
  ASSERT_EQ(cursors.size(), 3U);
  EXPECT_EQ(count(*cursors[0]), 1U);
  EXPECT_EQ(count(*cursors[1]), 0U);
  EXPECT_EQ(count(*cursors[2]), 1U);
  EXPECT_TRUE(scan_together(*store_, {}, kAll, {})->empty());
  const std::vector<ServerId> unknown{ids_[0], ServerId{99}};
  EXPECT_EQ(scan_together(*store_, unknown, kAll, {}).error().code, ErrorCode::not_found);
  const std::vector<ServerId> many(MomentSource::kMaxTogether + 1, ids_[0]);
  EXPECT_EQ(scan_together(*store_, many, kAll, {}).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace nines::test
