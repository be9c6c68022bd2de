// Months that come and go on a disk that fails or loses its power: a family is made or is not, is dropped or is not,
// and every result that was acknowledged and that retention keeps is there.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <thread>
#include <vector>

#include "engine/store/faulty_disk.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "kv/rocksdb/marker.h"

namespace nines::test {
namespace {

using Loss = FaultyDisk::Loss;
using std::chrono::milliseconds;

constexpr std::int64_t kFirstDay = 20'632;  // 2026-06-28
constexpr int kDays = 40;                   // to the 7th of August
constexpr std::int64_t kKeepDays = 4;
constexpr ServerId kServer{1};

/// What is known of the results of one store: each hour has one, and its latency tells which.
class Hours {
 public:
  static CheckResult at(std::int64_t hour) {
    CheckResult result;
    result.server = kServer;
    result.time = from_ms(hour * 3'600'000);
    result.state = State::up;
    result.latency_us = static_cast<std::uint32_t>(hour % 100'000);
    result.interval_ms = 3'600'000;
    return result;
  }
  static std::vector<CheckResult> of_day(std::int64_t day) {
    std::vector<CheckResult> results;
    for (std::int64_t hour = day * 24; hour < (day + 1) * 24; ++hour) results.push_back(at(hour));
    return results;
  }

  /// All days from `kept_from` to before `end` are in the store, and nothing that was never written.
  static void expect_in(const Store& store, std::int64_t kept_from, std::int64_t end) {
    const auto found = read_window(store, kServer, {from_ms(0), kTimeLimit});
    std::map<std::int64_t, int> of_day;
    for (const CheckResult& result : found) {
      const std::int64_t hour = to_ms(result.time) / 3'600'000;
      EXPECT_EQ(describe(result), describe(at(hour)));
      ++of_day[hour / 24];
    }
    for (std::int64_t day = std::max(kept_from, kFirstDay); day < end; ++day) {
      EXPECT_EQ(of_day[day], 24) << "day " << day - kFirstDay;
    }
  }
};

class MonthsUnderFaults : public ::testing::Test {
 protected:
  /// The clock stands at noon of the last day that has results.
  Options options() {
    Options options;
    options.clock = [this] { return from_ms(today_ * kDayMs + kDayMs / 2); };
    options.trust_clock = true;
    options.max_ahead = std::chrono::days{1};
    options.keep_checks = options.keep_summaries = std::chrono::days{kKeepDays};
    options.disk_reserve_bytes = 1;
    options.performance.write_buffer_bytes = 64U << 10U;
    options.performance.seal_rows = 32;
    return options;
  }

  std::unique_ptr<Store> open(const std::string& path) {
    auto opened = open_on(
        env_.get(), path, options(),
        {.first_delay = milliseconds{1}, .longest_delay = milliseconds{4}, .close_timeout = milliseconds{2'000}});
    EXPECT_TRUE(opened) << opened.error().message;
    if (!opened) return nullptr;
    Server server;
    server.name = "server";
    EXPECT_TRUE((*opened)->add_server(server));
    return std::move(*opened);
  }

  const std::shared_ptr<FaultyDisk> disk_ = std::make_shared<FaultyDisk>();
  const std::unique_ptr<rocksdb::Env> env_ = FaultyDisk::make_env(disk_);
  std::atomic<std::int64_t> today_{kFirstDay};
};

TEST_F(MonthsUnderFaults, PowerCutLosesNoDayThatWasOnDisk) {
  struct Cut {
    std::uint64_t operation = 0;
    FaultyDisk::Image image;
    std::int64_t kept_from = 0;
    std::int64_t stored_to = 0;
  };
  constexpr int kCuts = 60;
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  std::mt19937_64 random(7);
  std::vector<Cut> cuts;
  std::atomic<std::int64_t> stored_to{kFirstDay};
  std::atomic<std::int64_t> kept_from{0};
  const auto every = static_cast<std::uint64_t>(std::max(1, 1'200 / (kCuts * long_share())));
  disk_->watch([&](std::uint64_t operation) {
    if (operation % every != 0) return;
    const auto loss = operation / every % 2 == 0 ? Loss::all : Loss::tail;
    // What is stored is asked before, and what retention may have taken after, the moment of the image.
    Cut cut{operation, {}, 0, stored_to};
    cut.image = disk_->image(path, loss, random);
    cut.kept_from = kept_from;
    cuts.push_back(std::move(cut));
  });
  auto store = open(path);
  ASSERT_NE(store, nullptr);
  for (std::int64_t day = kFirstDay; day < kFirstDay + kDays; ++day) {
    today_ = day;
    ASSERT_TRUE(store->append(Hours::of_day(day), Durability::disk));
    stored_to = day + 1;
    if (day % 3 == 0) {
      ASSERT_TRUE(store->seal());
    }
    kept_from = day - kKeepDays;
    ASSERT_TRUE(store->apply_retention());
  }
  ASSERT_TRUE(store->close());
  store.reset();
  disk_->watch({});
  ASSERT_GE(cuts.size(), 20U);
  for (const Cut& cut : cuts) {
    SCOPED_TRACE("cut at operation " + std::to_string(cut.operation));
    if (!cut.image.contains("CURRENT")) continue;  // before there was a store
    TemporaryDirectory elsewhere;
    const std::string copy = elsewhere / "store";
    auto image = cut.image;
    image["NINES"] = "nines " + std::to_string(engine::kStoreFormat) + "\n";
    write_image(image, copy);
    const auto after = open_or_fail(copy, options());
    ASSERT_NE(after, nullptr);
    if (after->catalog()->find(kServer) == nullptr) {
      EXPECT_EQ(cut.stored_to, kFirstDay);
      continue;
    }
    Hours::expect_in(*after, cut.kept_from, cut.stored_to);
    const auto verified = after->verify();
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->damages, 0U);
    // It goes on: an old month takes what is late, and a new one is made.
    ASSERT_TRUE(after->append(Hours::at((kFirstDay + kDays) * 24), Durability::disk));
    ASSERT_TRUE(after->seal());
    if (HasFailure()) return;
  }
}

TEST_F(MonthsUnderFaults, FailedOperationLosesNothingThatWasAcknowledged) {
  const int trials = 12 * long_share();
  std::uint64_t failed = 0;
  for (int trial = 0; trial < trials && !HasFailure(); ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    TemporaryDirectory directory;
    today_ = kFirstDay;
    auto store = open(directory / "store");
    ASSERT_NE(store, nullptr);
    disk_->plan({.first = disk_->operations() + 3 + static_cast<std::uint64_t>(trial) * 37,
                 .count = 1 + static_cast<std::uint64_t>(trial) % 3,
                 .fault = trial % 2 == 0 ? FaultyDisk::Fault::io : FaultyDisk::Fault::no_space});
    const std::uint64_t failures = disk_->failures();
    for (std::int64_t day = kFirstDay; day < kFirstDay + kDays; ++day) {
      today_ = day;
      for (int attempt = 0; !store->append(Hours::of_day(day), Durability::disk); ++attempt) {
        ASSERT_LT(attempt, 2'000) << "the store does not take results again";
        std::this_thread::sleep_for(milliseconds{1});
      }
      if (day % 3 == 0) static_cast<void>(store->seal());
      static_cast<void>(store->apply_retention());
    }
    failed += disk_->failures() - failures;
    disk_->heal();
    Hours::expect_in(*store, today_ - kKeepDays, today_ + 1);
    static_cast<void>(store->close());
    store = open_or_fail(directory / "store", options());
    ASSERT_NE(store, nullptr);
    Hours::expect_in(*store, today_ - kKeepDays, today_ + 1);
    ASSERT_TRUE(store->apply_retention());
    const auto left = read_window(*store, kServer, {from_ms(0), kTimeLimit});
    EXPECT_EQ(left.size(), static_cast<std::size_t>((kKeepDays + 1) * 24));
  }
  EXPECT_GT(failed, 0U);
}

}  // namespace
}  // namespace nines::test
