// A store on this machine's disk: the log beside the tables, the older format, readers, and a log that gets too long.
#include "kv/local/local_kv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <thread>

#include "engine/kv/old_store.h"
#include "engine/store/history.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "kv/rocksdb/marker.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::int64_t kStartMs = 1'780'012'800'000;  // the beginning of a UTC day

CheckResult result_at(ServerId server, std::int64_t ms, std::uint32_t latency_us = 1'000) {
  CheckResult result;
  result.server = server;
  result.time = from_ms(ms);
  result.state = State::up;
  result.code = 200;
  result.latency_us = latency_us;
  result.interval_ms = 60'000;
  return result;
}

std::vector<std::string> segments(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".rows") names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class StoreOfFormat2 : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kOperations = 300;

  void SetUp() override {
    const History history(11);
    Ledger ledger;
    {
      const auto store = open_or_fail(path_, History::options());
      ASSERT_NE(store, nullptr);
      History::add_servers(*store);
      for (std::uint64_t number = 0; number < kOperations; ++number) {
        const Operation operation = history.operation(number);
        ASSERT_TRUE(store->append(operation.results, Durability::process));
        ledger.apply(operation);
        if (number == kOperations / 2) {
          ASSERT_TRUE(store->seal());
        }
      }
      ASSERT_GT(store->stats().recent_rows, 0U);
      rows_ = store->stats().recent_rows;
      ASSERT_TRUE(store->close());
    }
    contents_ = ledger.contents();
    make_old_store(path_);
  }

  [[nodiscard]] int format() const { return engine::read_marker(path_).value_or(0); }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Contents contents_;
  std::uint64_t rows_ = 0;
};

TEST_F(StoreOfFormat2, IsReadAsItIs) {
  const auto reader = Store::open_read_only(path_, History::options());
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(contents_of(**reader), contents_);
  EXPECT_EQ(format(), 2);
  EXPECT_TRUE(segments(path_).empty());
  ASSERT_TRUE((*reader)->backup(directory_ / "backup"));
  EXPECT_EQ(engine::read_marker(directory_ / "backup").value(), 2);
  const auto backup = open_or_fail(directory_ / "backup", History::options());
  ASSERT_NE(backup, nullptr);
  EXPECT_EQ(contents_of(*backup), contents_);
}

TEST_F(StoreOfFormat2, IsGivenALogByAnOpenForWriting) {
  for (int time = 0; time < 2; ++time) {
    const auto store = open_or_fail(path_, History::options());
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(format(), 3);
    EXPECT_EQ(contents_of(*store), contents_);
    EXPECT_EQ(store->stats().recent_rows, rows_);
    const auto verified = store->verify();
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->damages, 0U);
  }
}

TEST_F(StoreOfFormat2, LosesNothingWhereverTheMigrationFails) {
  const auto image = read_image(path_);
  for (std::uint64_t first = 0;; first += 11 / static_cast<std::uint64_t>(std::min(long_share(), 11))) {
    SCOPED_TRACE(first);
    const TemporaryDirectory directory;
    const std::string path = directory / "store";
    write_image(image, path);
    const auto disk = std::make_shared<FaultyDisk>();
    const auto env = FaultyDisk::make_env(disk);
    disk->plan({.first = first, .count = 1'000'000});
    OpenReport report;
    const bool opened =
        engine::open_local(path, engine::KvMode::write, History::options(), report, env.get()).has_value();
    const bool failed = disk->failures() > 0;
    const auto store = open_or_fail(path, History::options());
    ASSERT_NE(store, nullptr);
    EXPECT_EQ(contents_of(*store), contents_);
    if (HasFailure()) return;
    if (opened && !failed) break;
    ASSERT_LT(first, 2'000U);
  }
}

/// A store whose servers have a result a minute, in a log of small segments.
class SmallLog : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [this] { return from_ms(now_ms_); };
    options_.disk_reserve_bytes = 1;
    open();
  }
  void open() {
    store_.reset();
    auto opened = open_on(env_.get(), path_, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }
  ServerId add(const std::string& name) {
    Server server;
    server.name = name;
    return store_->add_server(server).value();
  }
  [[nodiscard]] std::uint64_t log_bytes() const {
    std::uint64_t bytes = 0;
    for (const std::string& name : segments(path_)) {
      std::error_code gone;  // it may have been removed meanwhile
      const auto size = std::filesystem::file_size(path_ + "/" + name, gone);
      if (!gone) bytes += size;
    }
    return bytes;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  const std::shared_ptr<FaultyDisk> disk_ = std::make_shared<FaultyDisk>();
  const std::unique_ptr<rocksdb::Env> env_ = FaultyDisk::make_env(disk_);
  std::atomic<std::int64_t> now_ms_{kStartMs + 3 * kDayMs};
  Options options_;
  std::unique_ptr<Store> store_;
};

TEST_F(SmallLog, StaysShortWhateverHoldsIt) {
  // Quiet servers with a few rows that are never sealed by themselves, beside busy ones.
  std::uint64_t servers = 0;
  for (const int appenders : {1, 2, 8}) {
    SCOPED_TRACE(appenders);
    std::vector<ServerId> quiet;
    std::map<ServerId, std::vector<CheckResult>> expected;
    for (int i = 0; i < 50; ++i) {
      quiet.push_back(add("quiet " + std::to_string(appenders) + " " + std::to_string(i)));
      for (int k = 0; k < 40; ++k) {
        if (i % 2 == 0 && k >= 3) break;
        expected[quiet.back()].push_back(result_at(quiet.back(), kStartMs + k * 60'000 + i));
        ASSERT_TRUE(store_->append(expected[quiet.back()].back(), Durability::buffered));
      }
    }
    std::vector<std::thread> threads;
    std::vector<ServerId> busy;
    std::map<ServerId, std::size_t> more;
    for (int t = 0; t < appenders; ++t) {
      for (int i = 0; i < 16; ++i)
        busy.push_back(add("busy " + std::to_string(appenders) + " " + std::to_string(t * 16 + i)));
    }
    servers += quiet.size() + busy.size();
    // The budget, and what comes while each server is looked after once: the 16 results that come for a server that is,
    // and up to 32 of its own that are written again, of 100 bytes each.
    const std::uint64_t bound = 2 * (8 * kSmallSegment + servers * (engine::Log::kBudgetServerBytes + 4'800));
    std::atomic<std::uint64_t> longest{0};
    const int rounds = 30'000 / (16 * appenders);
    for (int t = 0; t < appenders; ++t) {
      threads.emplace_back([&, t] {
        for (int k = 0; k < rounds; ++k) {
          std::vector<CheckResult> results;
          for (int i = 0; i < 16; ++i) {
            results.push_back(result_at(busy[static_cast<std::size_t>(t * 16 + i)], kStartMs + k * 20'000 + i,
                                        static_cast<std::uint32_t>(k)));
            results.back().detail = "a text that makes the log grow faster than a result does by itself";
          }
          ASSERT_TRUE(store_->append(results, Durability::process));
          if (k % 100 == 99) longest = std::max<std::uint64_t>(longest, log_bytes());
        }
      });
    }
    for (auto& thread : threads) thread.join();
    // Threads that outrun the disk make it longer for a while; then it comes back.
    for (int k = 0; k < 2'000 && log_bytes() >= bound; ++k) {
      for (std::size_t i = 0; i < busy.size(); i += 16) {
        CheckResult result = result_at(busy[i], kStartMs + (rounds + k) * 20'000);
        ASSERT_TRUE(store_->append(result, Durability::process));
        ++more[busy[i]];
      }
      std::this_thread::sleep_for(milliseconds{1});
    }
    EXPECT_LT(log_bytes(), bound);
    EXPECT_LT(longest, 2 * bound);
    open();
    for (const ServerId server : quiet)
      expect_same(read_window(*store_, server, {from_ms(0), kTimeLimit}), expected[server]);
    for (const ServerId server : busy) {
      ASSERT_EQ(read_window(*store_, server, {from_ms(0), kTimeLimit}).size(),
                static_cast<std::size_t>(rounds) + more[server]);
    }
    const auto verified = store_->verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->damages, 0U) << verified->damage.front().what;
    if (HasFailure()) return;
  }
}

TEST_F(SmallLog, IsKeptShortWhereFewRowsAreLarge) {
  std::vector<ServerId> quiet;
  for (int i = 0; i < 60; ++i) {
    quiet.push_back(add("quiet " + std::to_string(i)));
    for (int k = 0; k < 8; ++k) {
      CheckResult result = result_at(quiet.back(), kStartMs + k * 60'000);
      result.detail = std::string(4'000, static_cast<char>('a' + k));
      ASSERT_TRUE(store_->append(result, Durability::buffered));
    }
  }
  ASSERT_TRUE(store_->flush());
  const std::uint64_t bound = 2 * (8 * kSmallSegment + (quiet.size() + 1) * engine::Log::kBudgetServerBytes);
  ASSERT_GT(log_bytes(), 3 * bound);
  const ServerId busy = add("busy");
  for (int k = 0; k < 20'000 && log_bytes() >= bound; ++k) {
    ASSERT_TRUE(store_->append(result_at(busy, kStartMs + k * 1'000), Durability::process));
    if (k % 100 == 99) std::this_thread::sleep_for(milliseconds{1});
  }
  EXPECT_LT(log_bytes(), bound);
  for (const ServerId server : quiet) {
    EXPECT_EQ(read_window(*store_, server, {from_ms(0), kTimeLimit}).size(), 8U);
  }
}

TEST_F(SmallLog, ReaderSeesAPrefixBesideABusyWriter) {
  const ServerId server = add("site");
  const ServerId other = add("other");
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<std::uint64_t> issued{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint64_t number = 0; !stop; ++number) {
      issued = number + 1;
      const auto ms = kStartMs + static_cast<std::int64_t>(number) * 100;
      const CheckResult both[] = {result_at(server, ms, static_cast<std::uint32_t>(number)), result_at(other, ms)};
      ASSERT_TRUE(store_->append(both, Durability::process));
      acknowledged = number + 1;
      std::this_thread::sleep_for(std::chrono::microseconds{200});
      if (number % 500 == 499) {
        ASSERT_TRUE(store_->seal());
      }
      if (number % 3'000 == 2'999) {
        ASSERT_TRUE(store_->compact());
      }
    }
  });
  int read = 0;
  for (int time = 0; time < 15; ++time) {
    const std::uint64_t before = acknowledged;
    const auto reader = Store::open_read_only(path_, options_);
    const std::uint64_t after = issued;
    if (!reader) {
      EXPECT_EQ(reader.error().code, ErrorCode::unavailable) << reader.error().message;
      continue;
    }
    ++read;
    const auto results = read_window(**reader, server, {from_ms(0), kTimeLimit});
    EXPECT_GE(results.size(), before);
    EXPECT_LE(results.size(), after);
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].latency_us != static_cast<std::uint32_t>(i)) {
        ADD_FAILURE() << "result " << i << " is another one";
        break;
      }
    }
    EXPECT_EQ(read_window(**reader, other, {from_ms(0), kTimeLimit}).size(), results.size());
    if (HasFailure()) break;
  }
  stop = true;
  writer.join();
  EXPECT_GT(read, 5);
}

TEST_F(SmallLog, ReaderSeesWhatIsInNoTableYet) {
  const ServerId server = add("site");
  std::vector<CheckResult> history;
  for (int i = 0; i < 3'000; ++i)
    history.push_back(result_at(server, kStartMs + i * 60'000LL, static_cast<std::uint32_t>(i)));
  ASSERT_TRUE(store_->load(server, history));
  ASSERT_TRUE(store_->compact());
  // Behind what the tables have: chunks that change, others that go, rows, and a new server.
  ASSERT_TRUE(store_->append(result_at(server, kStartMs + 30'000, 77), Durability::process));
  ASSERT_TRUE(store_->erase(server, {from_ms(kStartMs + kDayMs), from_ms(kStartMs + kDayMs + 3'600'000)}));
  ASSERT_TRUE(store_->append(result_at(server, kStartMs + 3 * kDayMs - 60'000, 5), Durability::process));
  const ServerId late = add("late");
  ASSERT_TRUE(store_->append(result_at(late, kStartMs), Durability::process));
  const auto reader = Store::open_read_only(path_, options_);
  ASSERT_TRUE(reader) << reader.error().message;
  for (const ServerId id : {server, late}) {
    expect_same(read_window(**reader, id, {from_ms(0), kTimeLimit}),
                read_window(*store_, id, {from_ms(0), kTimeLimit}));
    EXPECT_EQ((*reader)->last_result(id).value(), store_->last_result(id).value());
  }
  EXPECT_EQ((*reader)->catalog()->servers().size(), 2U);
  auto verified = (*reader)->verify();
  // The writer may be merging the tables that it has just made.
  for (int time = 0; time < 100 && !verified && verified.error().code == ErrorCode::unavailable; ++time) {
    std::this_thread::sleep_for(milliseconds{10});
    ASSERT_TRUE((*reader)->refresh());
    verified = (*reader)->verify();
  }
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->damages, 0U);
}

TEST_F(SmallLog, SegmentThatIsGoneIsRefused) {
  const ServerId server = add("site");
  ASSERT_TRUE(store_->compact());  // the catalog is in the tables
  for (int i = 0; i < 4'000; ++i) {
    auto result = result_at(server, kStartMs + i * 30'000LL);
    result.detail = "detail " + std::to_string(i);
    ASSERT_TRUE(store_->append(result, Durability::process));
  }
  ASSERT_GT(segments(path_).size(), 1U);
  const auto image = read_image(path_);
  const auto segments_there = segments(path_);
  for (const std::string& name : segments_there) {
    SCOPED_TRACE(name);
    auto hurt = image;
    hurt.erase(name);
    hurt.erase("LOCK");
    const TemporaryDirectory directory;
    const std::string path = directory / "store";
    write_image(hurt, path);
    const auto refused = Store::open(path, options_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::corruption);
    EXPECT_THAT(refused.error().message, AllOf(HasSubstr(".rows"), HasSubstr("is gone")));
    EXPECT_FALSE(Store::open_read_only(path, options_));
    auto options = options_;
    options.recovery = Recovery::point_in_time;
    auto store = Store::open(path, options);
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE((*store)->open_report().recovered);
    EXPECT_GE((*store)->open_report().warnings.size(), 2U);
    const auto verified = (*store)->verify();
    ASSERT_TRUE(verified);
    EXPECT_EQ(verified->damages, 0U) << verified->damage.front().what;
    const auto appended = (*store)->append(result_at(server, kStartMs + 2 * kDayMs), Durability::disk);
    ASSERT_TRUE(appended) << appended.error().message;
    const auto kept = read_window(**store, server, {from_ms(0), kTimeLimit});
    if (name == segments_there.back()) {
      // The rest of the log is read, whatever older segments it says that it needs.
      EXPECT_GT(kept.size(), 3'000U);
    }
    store->reset();
    const auto again = open_or_fail(path, options_);
    ASSERT_NE(again, nullptr);
    expect_same(read_window(*again, server, {from_ms(0), kTimeLimit}), kept);
  }
}

TEST_F(SmallLog, TablesAreKeptWhateverHasBecomeOfTheLog) {
  const ServerId server = add("site");
  std::vector<CheckResult> sealed;
  for (int i = 0; i < 100; ++i) sealed.push_back(result_at(server, kStartMs + i * 60'000));
  ASSERT_TRUE(store_->load(server, sealed));
  ASSERT_TRUE(store_->compact());
  ASSERT_TRUE(store_->append(result_at(server, kStartMs + kDayMs), Durability::disk));
  const auto image = read_image(path_);
  const std::string log = segments(path_).front();
  ASSERT_EQ(segments(path_).size(), 1U);
  const std::vector<std::function<void(FaultyDisk::Image&)>> harms = {
      [&](auto& hurt) { hurt.erase(log); },
      [&](auto& hurt) { hurt[log].clear(); },
      [&](auto& hurt) { hurt[log][10] ^= 1; },
      [&](auto& hurt) { hurt[log] = std::string(100, 'x'); },
      [&](auto& hurt) { hurt["000099.rows"] = std::string(100, 'x'); },
  };
  for (std::size_t i = 0; i < harms.size(); ++i) {
    SCOPED_TRACE(i);
    auto hurt = image;
    hurt.erase("LOCK");
    harms[i](hurt);
    const TemporaryDirectory directory;
    const std::string path = directory / "store";
    write_image(hurt, path);
    EXPECT_EQ(Store::open(path, options_).error().code, ErrorCode::corruption);
    EXPECT_EQ(Store::open_read_only(path, options_).error().code, ErrorCode::corruption);
    auto options = options_;
    options.recovery = Recovery::point_in_time;
    // A reader finds what a writer then keeps.
    const auto reader = Store::open_read_only(path, options);
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_FALSE((*reader)->open_report().warnings.empty());
    const auto kept = read_window(**reader, server, {from_ms(0), kTimeLimit});
    ASSERT_GE(kept.size(), sealed.size());
    EXPECT_TRUE(std::equal(sealed.begin(), sealed.end(), kept.begin()));
    auto store = Store::open(path, options);
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_FALSE((*store)->open_report().warnings.empty());
    expect_same(read_window(**store, server, {from_ms(0), kTimeLimit}), kept);
    EXPECT_EQ((*store)->verify()->damages, 0U);
    ASSERT_TRUE((*store)->append(result_at(server, kStartMs + 2 * kDayMs), Durability::disk));
    store->reset();
    const auto again = open_or_fail(path, options_);
    ASSERT_NE(again, nullptr);
    EXPECT_EQ(read_window(*again, server, {from_ms(0), kTimeLimit}).size(), kept.size() + 1);
  }
}

TEST_F(SmallLog, OpensAgainWhereverMakingItShorterWasKilled) {
  const ServerId server = add("site");
  std::vector<CheckResult> expected;
  for (int i = 0; i < 8'000; ++i) {
    expected.push_back(result_at(server, kStartMs + i * 30'000LL, static_cast<std::uint32_t>(i)));
    ASSERT_TRUE(store_->append(expected.back(), Durability::process));
  }
  ASSERT_TRUE(store_->seal());
  // A row that keeps the newest segment, and no other.
  expected.push_back(result_at(server, kStartMs + 3 * kDayMs - 1'000));
  ASSERT_TRUE(store_->append(expected.back(), Durability::process));
  std::mutex mutex;
  std::vector<FaultyDisk::Image> images;
  disk_->watch([&](std::uint64_t) {
    const std::lock_guard lock(mutex);
    images.push_back(read_image(path_));
  });
  store_.reset();
  disk_->watch({});
  ASSERT_GT(images.size(), 10U);
  for (std::size_t i = 0; i < images.size() && !HasFailure(); ++i) {
    SCOPED_TRACE(i);
    images[i].erase("LOCK");
    const TemporaryDirectory directory;
    const std::string path = directory / "store";
    write_image(images[i], path);
    for (int time = 0; time < 3; ++time) {
      const auto store = open_or_fail(path, options_);
      ASSERT_NE(store, nullptr);
      expect_same(read_window(*store, server, {from_ms(0), kTimeLimit}), expected);
    }
  }
}

TEST_F(SmallLog, BackupBesideAWriterHoldsWhatWasThere) {
  const ServerId server = add("site");
  std::atomic<std::uint64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (std::uint64_t number = 0; !stop; ++number) {
      ASSERT_TRUE(store_->append(
          result_at(server, kStartMs + static_cast<std::int64_t>(number) * 100, static_cast<std::uint32_t>(number)),
          Durability::buffered));
      acknowledged = number + 1;
    }
  });
  for (int time = 0; time < 4; ++time) {
    const std::uint64_t before = acknowledged;
    const std::string path = directory_ / ("backup " + std::to_string(time));
    if (time % 2 == 0) {
      const auto done = store_->backup(path);
      ASSERT_TRUE(done) << done.error().message;
    } else {
      const auto reader = Store::open_read_only(path_, options_);
      ASSERT_TRUE(reader) << reader.error().message;
      const auto done = (*reader)->backup(path);
      ASSERT_TRUE(done) << done.error().message;
    }
    const auto copy = open_or_fail(path, options_);
    ASSERT_NE(copy, nullptr);
    EXPECT_FALSE(copy->open_report().recovered);
    const auto results = read_window(*copy, server, {from_ms(0), kTimeLimit});
    if (time % 2 == 0) {
      EXPECT_GE(results.size(), before);
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].latency_us != static_cast<std::uint32_t>(i)) {
        ADD_FAILURE() << i;
        break;
      }
    }
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace nines::test
