// What a host does that it must not, or cannot help: callbacks that throw, no threads, no memory, calls after the end,
// cursors that live longer than their store, options and catalogs from nowhere. Each is an error with a name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "base/parallel.h"
#include "codec/catalog_codec.h"
#include "codec/key.h"
#include "engine/store/faulty_disk.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr TimeMs kNow = from_ms(kStartMs + 40 * kDayMs);
constexpr Window kAll{from_ms(0), kTimeLimit};
constexpr std::uint32_t kServers = 100;

CheckResult result_at(ServerId server, std::int64_t ms) {
  CheckResult result;
  result.server = server;
  result.time = from_ms(ms);
  result.state = State::up;
  result.latency_us = 1'000;
  result.interval_ms = 60'000;
  return result;
}

std::size_t count(Cursor& cursor) {
  std::size_t results = 0;
  for (;;) {
    const auto segment = cursor.next();
    if (!segment || *segment == nullptr) return results;
    results += (*segment)->size();
  }
}

class Host : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return kNow; };
    options_.disk_reserve_bytes = 1;
  }

  /// A store with kServers servers of twenty results each.
  void open(rocksdb::Env* env = nullptr) {
    auto opened = env == nullptr ? Store::open(path_, options_) : open_on(env, path_, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
    std::vector<CheckResult> results;
    for (std::uint32_t i = 1; i <= kServers; ++i) {
      Server server;
      server.name = "server " + std::to_string(i);
      ids_.push_back(store_->add_server(server).value());
      for (int k = 0; k < 20; ++k) results.push_back(result_at(ids_.back(), kStartMs + k * 60'000));
    }
    ASSERT_TRUE(store_->append(results, Durability::process));
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::vector<ServerId> ids_;
  std::unique_ptr<Store> store_;
};

TEST_F(Host, VisitThatThrowsEndsTheScanWithAnError) {
  for (const int threads : {1, 2, 8}) {
    ids_.clear();
    store_.reset();
    std::filesystem::remove_all(path_);
    options_.performance.scan_threads = threads;
    open();
    const auto scanned = store_->scan_many(ids_, kAll, {}, [](std::size_t index, Cursor&) -> Result<void> {
      if (index == 33) throw std::runtime_error("the host's own");
      return {};
    });
    ASSERT_FALSE(scanned);
    EXPECT_EQ(scanned.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(scanned.error().message, HasSubstr("the host's own"));
    const auto days = store_->days_many(ids_, {0, 100'000}, false, [](std::size_t, DayCursor&) -> Result<void> {
      throw 42;  // NOLINT: whatever a host throws
    });
    ASSERT_FALSE(days);
    EXPECT_EQ(days.error().code, ErrorCode::invalid_argument);
    // The store is as good as before.
    std::atomic<std::size_t> results{0};
    ASSERT_TRUE(store_->scan_many(ids_, kAll, {}, [&](std::size_t, Cursor& cursor) -> Result<void> {
      results += count(cursor);
      return {};
    }));
    EXPECT_EQ(results, 20U * kServers);
  }
}

TEST_F(Host, LogThatThrowsHarmsNothing) {
  auto disk = std::make_shared<FaultyDisk>();
  const auto env = FaultyDisk::make_env(disk);
  std::atomic<int> told{0};
  options_.log = [&](LogLevel, std::string_view) {
    ++told;
    throw std::runtime_error("log");
  };
  open(env.get());
  // The write that fails is told by the caller's thread, the flush by one of RocksDB's.
  disk->plan({.first = 0, .count = 1'000'000});
  EXPECT_FALSE(store_->append(result_at(ids_[0], kStartMs + kDayMs), Durability::disk));
  EXPECT_GT(told, 0);
  disk->heal();
  store_.reset();
  store_ = open_or_fail(path_, options_);
  ASSERT_NE(store_, nullptr);
  // The write that failed may have been done: closing writes again what had been acknowledged before it, and it as
  // well.
  EXPECT_GE(read_window(*store_, ids_[0], kAll).size(), 20U);
}

TEST_F(Host, ClockThatThrowsHasStopped) {
  std::atomic<bool> throws{false};
  std::vector<std::string> messages;
  options_.clock = [&]() -> TimeMs {
    if (throws) throw std::runtime_error("clock");
    return kNow;
  };
  options_.log = [&](LogLevel, std::string_view message) { messages.emplace_back(message); };
  open();
  throws = true;
  EXPECT_TRUE(store_->append(result_at(ids_[0], to_ms(kNow)), Durability::process));
  const auto beyond = to_ms(kNow + options_.max_ahead) + 1;
  EXPECT_EQ(store_->append(result_at(ids_[0], beyond), Durability::process).error().code, ErrorCode::out_of_range);
  EXPECT_EQ(std::count_if(messages.begin(), messages.end(),
                          [](const auto& message) { return message.find("clock") != std::string::npos; }),
            1);
}

TEST_F(Host, ClockFarFromAllTimesOverflowsNothing) {
  TimeMs now = kNow;
  options_.clock = [&] { return now; };
  options_.max_ahead = kTimeLimit.time_since_epoch();
  open();
  for (const TimeMs time : {TimeMs::max(), TimeMs::min(), kTimeLimit}) {
    now = time;
    EXPECT_TRUE(store_->append(result_at(ids_[0], kStartMs + kDayMs), Durability::process));
    EXPECT_TRUE(store_->apply_retention());
  }
}

TEST_F(Host, OptionsThatWouldOverflowAreRefused) {
  options_.max_ahead = milliseconds::max();
  const auto refused = Store::open(path_, options_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(refused.error().message, HasSubstr("max_ahead"));
}

TEST_F(Host, NegativeLookbackIsRefused) {
  open();
  for (const auto lookback : {milliseconds{-1}, milliseconds{-300'000}, milliseconds::min()}) {
    const auto cursor = store_->scan(ids_[0], {from_ms(kStartMs), from_ms(kStartMs + 600'000)}, {{}, lookback});
    ASSERT_FALSE(cursor);
    EXPECT_EQ(cursor.error().code, ErrorCode::invalid_argument);
  }
  const auto longest = store_->scan(ids_[0], {from_ms(kStartMs + 600'000), kTimeLimit}, {{}, milliseconds::max()});
  ASSERT_TRUE(longest) << longest.error().message;
  EXPECT_EQ(count(**longest), 20U);
}

TEST_F(Host, ClosedStoreSaysSoToEveryCall) {
  open();
  ASSERT_TRUE(store_->close());
  const CheckResult result = result_at(ids_[0], kStartMs + kDayMs);
  const auto expect_closed = [](const char* what, const auto& outcome) {
    ASSERT_FALSE(outcome) << what;
    EXPECT_EQ(outcome.error().code, ErrorCode::closed) << what;
    EXPECT_THAT(outcome.error().message, HasSubstr("closed")) << what;
  };
  Server server;
  server.name = "late";
  expect_closed("add_server", store_->add_server(server));
  server.id = ids_[0];
  expect_closed("update_server", store_->update_server(server));
  expect_closed("remove_server", store_->remove_server(ids_[0]));
  expect_closed("append", store_->append(result, Durability::buffered));
  expect_closed("load", store_->load(ids_[0], std::span(&result, 1)));
  expect_closed("flush", store_->flush());
  expect_closed("scan", store_->scan(ids_[0], kAll, {}));
  expect_closed("scan_many", store_->scan_many(ids_, kAll, {}, [](auto, auto&) { return Result<void>{}; }));
  expect_closed("days", store_->days(ids_[0], {0, 10}, true));
  expect_closed("days_many", store_->days_many(ids_, {0, 10}, true, [](auto, auto&) { return Result<void>{}; }));
  expect_closed("last_result", store_->last_result(ids_[0]));
  expect_closed("refresh", store_->refresh());
  expect_closed("seal", store_->seal());
  expect_closed("apply_retention", store_->apply_retention());
  expect_closed("compact", store_->compact());
  expect_closed("verify", store_->verify());
  expect_closed("backup", store_->backup(directory_ / "backup"));
  EXPECT_TRUE(store_->close()) << "closing twice is no error";
  EXPECT_EQ(store_->catalog()->servers().size(), kServers);
}

TEST_F(Host, CursorThatOutlivesItsStoreIsClosed) {
  for (const bool sealed : {false, true}) {
    ids_.clear();
    store_.reset();
    std::filesystem::remove_all(path_);
    options_.performance.head_bytes = sealed ? 0 : 1U << 20U;
    open();
    if (sealed) {
      ASSERT_TRUE(store_->seal());
    }
    auto unread = store_->scan(ids_[0], kAll, {});
    auto read = store_->scan(ids_[1], kAll, {});
    auto days = store_->days(ids_[2], {0, 100'000}, true);
    ASSERT_TRUE(unread && read && days);
    const auto segment = (*read)->next();
    ASSERT_TRUE(segment && *segment != nullptr);
    store_.reset();
    EXPECT_EQ((*unread)->next().error().code, ErrorCode::closed);
    EXPECT_EQ((*read)->next().error().code, ErrorCode::closed);
    EXPECT_EQ((*days)->next().error().code, ErrorCode::closed);
    EXPECT_GT((*read)->cost().results, 0U);
    unread->reset();
    read->reset();
    days->reset();
    // The directory is free again, and has everything.
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
    EXPECT_EQ(read_window(*store_, ids_[0], kAll).size(), 20U);
  }
}

TEST_F(Host, UnknownServerOfABulkScanFailsAlone) {
  for (const int threads : {1, 4}) {
    ids_.clear();
    store_.reset();
    std::filesystem::remove_all(path_);
    options_.performance.scan_threads = threads;
    open();
    std::vector<ServerId> asked = ids_;
    asked.insert(asked.begin() + 50, ServerId{4'000});
    asked.push_back(ServerId{std::numeric_limits<std::uint32_t>::max()});
    std::mutex mutex;
    std::set<std::size_t> missing;
    std::size_t results = 0;
    const auto done = store_->scan_many(asked, kAll, {}, [&](std::size_t index, Cursor& cursor) -> Result<void> {
      const auto segment = cursor.next();
      const std::lock_guard lock(mutex);
      if (!segment) {
        EXPECT_EQ(segment.error().code, ErrorCode::not_found);
        missing.insert(index);
        return {};
      }
      results += (*segment)->size() + count(cursor);
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(missing, (std::set<std::size_t>{50, asked.size() - 1}));
    EXPECT_EQ(results, 20U * kServers);
    std::atomic<int> days_missing{0};
    ASSERT_TRUE(store_->days_many(asked, {0, 100'000}, false, [&](std::size_t, DayCursor& cursor) -> Result<void> {
      if (!cursor.next()) ++days_missing;
      return {};
    }));
    EXPECT_EQ(days_missing, 2);
  }
}

TEST_F(Host, RemovalDuringAScanIsAnErrorOfThatVisitAlone) {
  for (const std::size_t head_bytes : {std::size_t{0}, std::size_t{1} << 20U}) {
    ids_.clear();
    store_.reset();
    std::filesystem::remove_all(path_);
    options_.performance.head_bytes = head_bytes;
    open();
    std::vector<CheckResult> history;
    for (int i = 0; i < 4'000; ++i) history.push_back(result_at(ids_[2], kStartMs + kDayMs + i * 120'000LL));
    ASSERT_TRUE(store_->load(ids_[2], history));
    ASSERT_TRUE(store_->seal());
    // Removed before its visit, and in the middle of it.
    std::vector<ErrorCode> codes;
    const auto read = [&](Cursor& cursor) {
      for (;;) {
        const auto segment = cursor.next();
        if (!segment) return codes.push_back(segment.error().code);
        if (*segment == nullptr) return;
      }
    };
    std::size_t whole = 0;
    const auto done = store_->scan_many(ids_, kAll, {}, [&](std::size_t index, Cursor& cursor) -> Result<void> {
      if (index == 0) {
        if (auto removed = store_->remove_server(ids_[1]); !removed) return removed;
      }
      if (index == 2) {
        EXPECT_TRUE(cursor.next());
        if (auto removed = store_->remove_server(ids_[2]); !removed) return removed;
      }
      if (index == 1 || index == 2) {
        read(cursor);
      } else {
        whole += count(cursor) == 20 ? 1 : 0;
      }
      return {};
    });
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(codes, (std::vector<ErrorCode>{ErrorCode::not_found, ErrorCode::not_found}));
    EXPECT_EQ(whole, kServers - 2);
  }
}

TEST_F(Host, DamagedCatalogIsAnErrorWhateverItsNumbers) {
  open();
  store_.reset();
  Server server;
  server.name = "crafted";
  const auto craft = [&](ServerId key, const std::string& value) {
    OpenReport report;
    auto kv = engine::open_local(path_, engine::KvMode::write, options_, report);
    ASSERT_TRUE(kv) << kv.error().message;
    engine::Batch batch(key);
    batch.put(engine::Space::servers, engine::server_key(key).view(), value);
    const engine::Batch* const only = &batch;
    engine::Outcome outcome;
    (*kv)->write(std::span(&only, 1), Durability::disk, std::span(&outcome, 1));
    ASSERT_TRUE(outcome.ok()) << outcome.error.message;
  };
  // The next number: the last there is, and beyond.
  craft({}, engine::encode_next_server(ServerId{engine::kMaxServerNumber}));
  {
    auto store = open_or_fail(path_, options_);
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(store->add_server(server).value(), ServerId{engine::kMaxServerNumber});
    server.name = "one more";
    EXPECT_EQ(store->add_server(server).error().code, ErrorCode::out_of_range);
    EXPECT_EQ(store->add_server(server).error().code, ErrorCode::out_of_range);
  }
  craft({}, engine::encode_next_server(ServerId{std::numeric_limits<std::uint32_t>::max()}));
  {
    auto store = open_or_fail(path_, options_);
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(store->add_server(server).error().code, ErrorCode::out_of_range);
  }
  for (const std::uint32_t number : {std::numeric_limits<std::uint32_t>::max(), engine::kMaxServerNumber + 1}) {
    craft(ServerId{number}, engine::encode_server(server));
    const auto store = Store::open(path_, options_);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, ErrorCode::corruption);
  }
}

TEST(Parallel, FewerThreadsDoTheSameWorkWhenTheSystemGivesNoMore) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer needs its address space";
#endif
  rlimit was{};
  ASSERT_EQ(::getrlimit(RLIMIT_AS, &was), 0);
  rlimit little = was;
  little.rlim_cur = 256U << 20U;  // room for a few stacks of 8 MiB
  constexpr std::size_t kCount = 10'000;
  constexpr int kThreads = 500;
  std::vector<std::atomic<int>> visits(kCount);
  std::atomic<int> workers{0};
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &little), 0);
  const auto done = engine::for_each_parallel(kCount, kThreads, [&](std::size_t) {
    ++workers;
    return [&](std::size_t index) -> Result<void> {
      ++visits[index];
      std::this_thread::sleep_for(std::chrono::microseconds{10});  // so that the threads are there at once
      return {};
    };
  });
  ASSERT_EQ(::setrlimit(RLIMIT_AS, &was), 0);
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_LT(workers, kThreads);
  for (const auto& visit : visits) ASSERT_EQ(visit, 1);
}

TEST(Parallel, FirstErrorStopsAllThreads) {
  std::atomic<std::size_t> calls{0};
  const auto done = engine::for_each_parallel(1'000'000, 4, [&](std::size_t) {
    return [&](std::size_t index) -> Result<void> {
      ++calls;
      if (index == 100) return fail(ErrorCode::io, "here");
      return {};
    };
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "here");
  EXPECT_LT(calls, 1'000'000U);
}

TEST(Parallel, NothingToDoMakesNoError) {
  EXPECT_TRUE(engine::for_each_parallel(0, 8, [](std::size_t) { return [](std::size_t) { return Result<void>{}; }; }));
}

}  // namespace
}  // namespace nines::test
