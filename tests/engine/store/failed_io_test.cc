// The k-th operation on the disk fails, once or for a while. The store refuses what it cannot write, closes, opens
// itself anew and goes on; nothing acknowledged is lost, nothing wrong is read, nothing aborts or hangs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/store/faulty_disk.h"
#include "engine/store/history.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using Fault = FaultyDisk::Fault;

/// One store on a disk of which a stretch of operations fails.
class Trial {
 public:
  static constexpr std::uint64_t kOperations = 120;

  Trial() : path_(directory_ / "store"), disk_(std::make_shared<FaultyDisk>()), env_(FaultyDisk::make_env(disk_)) {}

  /// False when the plan came too late to fail anything.
  bool run(const FaultyDisk::Plan& plan) {
    open_store();
    if (::testing::Test::HasFailure()) return false;
    History::add_servers(*store_);
    disk_->plan(plan);
    for (std::uint64_t number = 0; number < kOperations; ++number) act(number);
    const std::uint64_t failures = disk_->failures();
    disk_->heal();
    go_on();
    check(*store_);
    static_cast<void>(store_->close());
    store_.reset();
    const auto again = Store::open(path_, History::options());
    if (!again) {
      ADD_FAILURE() << again.error().message;
      return false;
    }
    check(**again);
    return failures > 0;
  }

  [[nodiscard]] std::uint64_t reopened() const { return reopened_; }

 private:
  using Key = std::pair<TimeMs, LocationId>;
  /// What may be found under a key: the last version that was acknowledged, or one that was refused after it, since a
  /// write that fails may have been done.
  struct Versions {
    std::optional<CheckResult> acknowledged;
    std::vector<CheckResult> refused;
  };

  void open_store() {
    auto opened = open_on(
        env_.get(), path_, options_,
        {.first_delay = milliseconds{1}, .longest_delay = milliseconds{4}, .close_timeout = milliseconds{2'000}});
    if (opened) {
      store_ = std::move(*opened);
    } else {
      ADD_FAILURE() << opened.error().message;
    }
  }

  void act(std::uint64_t number) {
    const Operation operation = history_.operation(number);
    // `buffered` promises nothing beyond the handle that a failure closes.
    append(operation.results,
           operation.durability == Durability::buffered ? Durability::process : operation.durability);
    if (number % 40 == 20) static_cast<void>(store_->flush());
    if (number % 60 == 45) static_cast<void>(store_->compact());
  }

  bool append(const std::vector<CheckResult>& results, Durability durability) {
    const auto done = store_->append(results, durability);
    if (!done) {
      const ErrorCode code = done.error().code;
      EXPECT_TRUE(code == ErrorCode::io || code == ErrorCode::out_of_space || code == ErrorCode::unavailable ||
                  code == ErrorCode::corruption)
          << to_string(code) << ": " << done.error().message;
      EXPECT_FALSE(done.error().message.empty());
    }
    for (const CheckResult& result : results) {
      Versions& versions = written_[result.server][{result.time, result.location}];
      if (done) {
        versions = {result, {}};
      } else {
        versions.refused.push_back(result);
      }
    }
    return done.has_value();
  }

  /// The disk is well again: the store takes results again by itself.
  void go_on() {
    for (int attempt = 0; attempt < 2'000; ++attempt) {
      if (append(history_.operation(kOperations).results, Durability::disk)) {
        reopened_ = store_->stats().reopened;
        return;
      }
      std::this_thread::sleep_for(milliseconds{1});
    }
    ADD_FAILURE() << "the store did not take results again";
  }

  void check(const Store& store) {
    std::map<ServerId, std::map<Key, CheckResult>> found;
    for (const auto& [server, results] : contents_of(store)) {
      for (const CheckResult& result : results) found[server][{result.time, result.location}] = result;
    }
    for (const auto& [server, keys] : written_) {
      for (const auto& [key, versions] : keys) {
        const auto result = found[server].find(key);
        if (result == found[server].end()) {
          EXPECT_FALSE(versions.acknowledged) << "lost " << describe(*versions.acknowledged);
          continue;
        }
        const auto& refused = versions.refused;
        EXPECT_TRUE(result->second == versions.acknowledged ||
                    std::find(refused.begin(), refused.end(), result->second) != refused.end())
            << "wrong " << describe(result->second);
        found[server].erase(result);
      }
      EXPECT_TRUE(found[server].empty()) << "found what was never written";
    }
    expect_true_summaries(store);
  }

  const History history_{7};
  TemporaryDirectory directory_;
  const std::string path_;
  std::shared_ptr<FaultyDisk> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  Options options_ = History::options();
  std::map<ServerId, std::map<Key, Versions>> written_;
  std::uint64_t reopened_ = 0;
  std::unique_ptr<Store> store_;  // last: it is gone before its disk
};

/// Fails the k-th operation for each k-th of a stride, until a run is over before anything fails.
void fail_every(std::uint64_t stride, std::uint64_t count, Fault fault, bool reads) {
  std::uint64_t reopened = 0;
  for (std::uint64_t first = stride / 2;; first += stride) {
    SCOPED_TRACE("operations from " + std::to_string(first) + ", " + std::to_string(count) + " of them");
    Trial trial;
    const bool failed = trial.run({first, count, fault, reads});
    reopened += trial.reopened();
    if (::testing::Test::HasFailure() || !failed) break;
  }
  EXPECT_GT(reopened, 0U) << "no failure made the store reopen itself";
}

std::uint64_t stride() {
  return std::max<std::uint64_t>(7 / static_cast<std::uint64_t>(long_share()), 1);
}

TEST(FailedIo, OneErrorLosesNothing) {
  fail_every(stride(), 1, Fault::io, false);
}

TEST(FailedIo, ErrorsForAWhileLoseNothing) {
  fail_every(stride(), 40, Fault::io, false);
}

TEST(FailedIo, OneFullDiskLosesNothing) {
  fail_every(stride(), 1, Fault::no_space, false);
}

TEST(FailedIo, DiskFullForAWhileLosesNothing) {
  fail_every(stride(), 40, Fault::no_space, false);
}

// A second writer would put its results between what was acknowledged and what is written again.
TEST(FailedIo, NobodyElseWritesWhileTheStoreIsOpenedAnew) {
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  const auto disk = std::make_shared<FaultyDisk>();
  const auto env = FaultyDisk::make_env(disk);
  auto store =
      open_on(env.get(), path, History::options(),
              {.first_delay = milliseconds{1}, .longest_delay = milliseconds{4}, .close_timeout = milliseconds{2'000}});
  ASSERT_TRUE(store) << store.error().message;
  History::add_servers(**store);
  const History history(7);
  const auto append = [&] { return (*store)->append(history.operation(0).results, Durability::disk); };
  const auto other_is_locked_out = [&] {
    const auto other = Store::open(path, History::options());
    return !other && other.error().code == ErrorCode::locked;
  };
  disk->plan({.first = 0, .count = 1'000'000'000, .fault = Fault::io, .reads = false});
  ASSERT_FALSE(append());
  EXPECT_TRUE(other_is_locked_out());
  for (int attempt = 0; attempt < 5; ++attempt) {
    std::this_thread::sleep_for(milliseconds{10});
    ASSERT_FALSE(append()) << "the disk still fails";
    EXPECT_TRUE(other_is_locked_out()) << "after " << attempt << " attempts to open it anew";
  }
  disk->heal();
  for (int attempt = 0; attempt < 1'000 && !append(); ++attempt) std::this_thread::sleep_for(milliseconds{10});
  EXPECT_TRUE((*store)->health().writable);
  EXPECT_TRUE(other_is_locked_out());
  ASSERT_TRUE((*store)->close());
  const auto other = Store::open(path, History::options());
  EXPECT_TRUE(other) << other.error().message;
}

/// The free space is looked at before each append: that must not need what only an append brings back.
TEST(FailedIo, StoreWithAReserveIsOpenedAnewAfterAttemptsThatFailed) {
  TemporaryDirectory directory;
  const auto disk = std::make_shared<FaultyDisk>();
  const auto env = FaultyDisk::make_env(disk);
  Options options = History::options();
  options.disk_reserve_bytes = 1;
  auto store =
      open_on(env.get(), directory / "store", options,
              {.first_delay = milliseconds{1}, .longest_delay = milliseconds{4}, .close_timeout = milliseconds{2'000}});
  ASSERT_TRUE(store) << store.error().message;
  History::add_servers(**store);
  const History history(7);
  const auto append = [&] { return (*store)->append(history.operation(0).results, Durability::disk); };
  disk->plan({.first = 0, .count = 1'000'000'000, .fault = Fault::io, .reads = false});
  for (int attempt = 0; attempt < 5; ++attempt) {
    ASSERT_FALSE(append()) << "the disk still fails";
    std::this_thread::sleep_for(milliseconds{10});
  }
  disk->heal();
  bool stored = false;
  for (int attempt = 0; attempt < 200 && !stored; ++attempt) {
    stored = append().has_value();
    if (!stored) std::this_thread::sleep_for(milliseconds{10});
  }
  EXPECT_TRUE(stored) << (*store)->health().why.message;
}

TEST(FailedIo, BackupMakesWayForOpeningTheStoreAnew) {
  TemporaryDirectory directory;
  const auto disk = std::make_shared<FaultyDisk>();
  const auto env = FaultyDisk::make_env(disk);
  auto opened =
      open_on(env.get(), directory / "store", History::options(),
              {.first_delay = milliseconds{1}, .longest_delay = milliseconds{8}, .close_timeout = milliseconds{2'000}});
  ASSERT_TRUE(opened) << opened.error().message;
  Store& store = **opened;
  History::add_servers(store);
  CheckResult result;
  result.server = ServerId{1};
  result.state = State::up;
  result.time = from_ms(History::kStartMs);
  ASSERT_TRUE(store.append(result, Durability::disk));
  std::thread writer;
  int pieces = 0;
  BackupOptions options;
  options.progress = [&](const BackupProgress& progress) {
    if (pieces++ == 0) {
      EXPECT_LT(progress.bytes, progress.total);
      disk->plan({.first = 0, .count = 1'000'000'000, .fault = Fault::io, .reads = false});
      result.time += milliseconds{1'000};
      EXPECT_FALSE(store.append(result, Durability::disk));
      disk->heal();
      writer = std::thread([&store, result] {
        for (int attempt = 0; attempt < 10'000 && !store.append(result, Durability::disk); ++attempt) {
          std::this_thread::sleep_for(milliseconds{1});
        }
      });
    }
    std::this_thread::sleep_for(milliseconds{200});  // a large piece: the store is wanted back meanwhile
    return true;
  };
  const auto made = store.backup(directory / "backup", options);
  writer.join();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::unavailable);
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("opened anew"));
  EXPECT_EQ(pieces, 1);  // and it was told before the next
  EXPECT_TRUE(store.health().writable);
  EXPECT_EQ(store.last_result(ServerId{1}).value().value().time, result.time);
  // The next one goes on, and is whole.
  const auto again = store.backup(directory / "backup");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(check_backup(directory / "backup"));
}

/// After opening, rows stay as the log has them until their server is used. Here eight threads are the first to use
/// them all while reading fails: what was read and not used yet is there for the next.
TEST(FailedIo, RowsOutliveReadsThatFailWhenTheyAreFirstUsed) {
  constexpr int kServers = 40;
  constexpr int kResults = 200;  // of which 64 at a time are sealed
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  Options options = History::options();
  options.performance.scan_threads = 8;
  std::vector<ServerId> servers;
  {
    const auto store = Store::open(path, options);
    ASSERT_TRUE(store) << store.error().message;
    for (int number = 0; number < kServers; ++number) {
      Server server;
      server.name = "server-" + std::to_string(number);
      server.created_at = from_ms(0);
      servers.push_back((*store)->add_server(server).value());
    }
    CheckResult result;
    result.state = State::up;
    for (int number = 0; number < kResults; ++number) {
      for (const ServerId server : servers) {
        result.server = server;
        result.time = from_ms(History::kStartMs + number * 60'000LL);
        ASSERT_TRUE((*store)->append(result, Durability::process));
      }
    }
    ASSERT_TRUE((*store)->flush());
  }
  const auto disk = std::make_shared<FaultyDisk>();
  const auto env = FaultyDisk::make_env(disk);
  const auto store = open_on(env.get(), path, options);
  ASSERT_TRUE(store) << store.error().message;
  std::atomic<int> failed{0};
  const auto scan_all = [&] {
    std::atomic<std::size_t> results{0};
    const auto scanned = (*store)->scan_many(
        servers, {from_ms(0), kTimeLimit}, {}, [&](std::size_t /*index*/, Cursor& cursor) -> Result<void> {
          if (!cursor.for_each([&](const Segment& segment) { results += segment.size(); })) ++failed;
          return {};
        });
    if (!scanned) ++failed;
    return results.load();
  };
  disk->plan({.first = 0, .count = 1'000'000, .fault = Fault::io, .reads = true});
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 8; ++thread) threads.emplace_back([&] { static_cast<void>(scan_all()); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(failed, 0);
  disk->heal();
  failed = 0;
  EXPECT_EQ(scan_all(), std::size_t{kServers} * kResults);
  EXPECT_EQ(failed, 0);
}

/// Eight writers, readers and a check by eight threads beside them, while the disk fails again and again for longer
/// than an attempt to open the store anew takes: nothing acknowledged is lost, and each time it goes on by itself.
TEST(FailedIo, ThreadsGoOnThroughFaultsThatOutlastReopening) {
  constexpr int kWriters = 8;
  TemporaryDirectory directory;
  const std::string path = directory / "store";
  const auto disk = std::make_shared<FaultyDisk>();
  const auto env = FaultyDisk::make_env(disk);
  Options options = History::options();
  options.performance.scan_threads = 8;
  auto opened =
      open_on(env.get(), path, options,
              {.first_delay = milliseconds{1}, .longest_delay = milliseconds{8}, .close_timeout = milliseconds{2'000}});
  ASSERT_TRUE(opened) << opened.error().message;
  Store& store = **opened;
  History::add_servers(store);
  const auto result_of = [](int writer, int number) {
    CheckResult result;
    result.server = ServerId{static_cast<std::uint32_t>(1 + writer % static_cast<int>(History::kServers))};
    result.location = LocationId{static_cast<std::uint16_t>(writer)};
    result.time = from_ms(History::kStartMs + number * 1'000LL);
    result.state = State::up;
    result.latency_us = static_cast<std::uint32_t>(number);
    return result;
  };
  std::atomic<bool> over{false};
  std::vector<int> acknowledged(kWriters, 0);
  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      while (!over) {
        if (store.append(result_of(writer, acknowledged[writer]), Durability::process)) {
          ++acknowledged[writer];
        } else {
          std::this_thread::sleep_for(milliseconds{1});
        }
      }
    });
  }
  // What they are told depends on the moment; that they return, and wrong data, do not.
  threads.emplace_back([&] {
    while (!over) {
      const auto report = store.verify();
      if (report && report->damages > 0) ADD_FAILURE() << report->damage.front().what;
    }
  });
  std::vector<std::string> backups;
  threads.emplace_back([&] {
    while (!over) {
      const std::string backup = directory / ("backup-" + std::to_string(backups.size()));
      if (store.backup(backup)) backups.push_back(backup);
    }
  });
  threads.emplace_back([&] {
    while (!over) {
      const auto cursor = store.scan(ServerId{1}, {from_ms(0), kTimeLimit}, {});
      std::int64_t last_ms = -1;
      if (!cursor) continue;
      static_cast<void>((*cursor)->for_each([&](const Segment& segment) {
        if (segment.location != LocationId{}) return;
        EXPECT_LT(last_ms, segment.time_ms.front());
        last_ms = segment.time_ms.back();
      }));
    }
  });
  for (int round = 0; round < 8; ++round) {
    std::this_thread::sleep_for(milliseconds{30});
    disk->plan(
        {.first = 0, .count = 1'000'000'000, .fault = round % 2 == 0 ? Fault::io : Fault::no_space, .reads = false});
    std::this_thread::sleep_for(milliseconds{30});
    disk->heal();
    const auto is_writable = [&] { return store.health().writable; };
    for (int wait = 0; wait < 2'000 && !is_writable(); ++wait) std::this_thread::sleep_for(milliseconds{5});
    EXPECT_TRUE(is_writable()) << store.health().why.message;
  }
  over = true;
  for (std::thread& thread : threads) thread.join();
  for (const std::string& backup : backups) {
    const auto whole = check_backup(backup);
    EXPECT_TRUE(whole) << whole.error().message;
  }
  ASSERT_TRUE(store.close());
  opened->reset();
  const auto again = Store::open(path, History::options());
  ASSERT_TRUE(again) << again.error().message;
  for (int writer = 0; writer < kWriters; ++writer) {
    ASSERT_GT(acknowledged[writer], 0);
    int found = 0;
    const auto cursor = (*again)->scan(result_of(writer, 0).server, {from_ms(0), kTimeLimit}, {});
    ASSERT_TRUE(cursor);
    ASSERT_TRUE((*cursor)->for_each([&](const Segment& segment) {
      if (segment.location != result_of(writer, 0).location) return;
      for (const std::int64_t ms : segment.time_ms) {
        if (ms < to_ms(result_of(writer, acknowledged[writer]).time)) ++found;
      }
    }));
    EXPECT_EQ(found, acknowledged[writer]) << "of writer " << writer;
  }
}

TEST(FailedIo, FailedReadsLoseNothing) {
  fail_every(2 * stride(), 5, Fault::io, true);
}

}  // namespace
}  // namespace nines::test
