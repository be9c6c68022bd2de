// Flushes that wait for each other, and one of them that fails: RocksDB must never have two of them to do, as Debian's
// build ends the process when the second has nothing left of a family and then fails.
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "codec/key.h"
#include "engine/kv/kv_contract.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using engine::Batch;
using engine::Space;

constexpr std::int64_t kJune = 1'780'272'000'000;  // 2026-06-01T00:00Z
constexpr std::size_t kValueBytes = 8U << 10U;

/// Table files are made once they may be, and after the first few no more.
class SlowTables final : public rocksdb::FileSystemWrapper {
 public:
  SlowTables() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  [[nodiscard]] const char* Name() const override { return "SlowTables"; }

  /// From now on tables are not made before release().
  void hold() {
    const std::lock_guard lock(mutex_);
    held_ = true;
    waiting_ = false;
    made_ = 0;
  }
  /// Lets `good` tables be made, and refuses those behind them.
  void release(int good) {
    const std::lock_guard lock(mutex_);
    held_ = false;
    good_ = good;
    changed_.notify_all();
  }
  /// Until a table is wanted.
  void wait_for_table() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_; });
  }

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override {
    if (name.ends_with(".sst")) {
      std::unique_lock lock(mutex_);
      waiting_ = true;
      changed_.notify_all();
      changed_.wait(lock, [&] { return !held_; });
      if (good_ >= 0 && ++made_ > good_) return rocksdb::IOStatus::IOError("no table is made any more");
    }
    return target()->NewWritableFile(name, options, result, debug);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  bool waiting_ = false;
  int good_ = -1;  // of any number
  int made_ = 0;
};

class FlushLaneOfStore : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.performance.write_buffer_bytes = 64U << 10U;
    open(env_.get());
  }
  void open(rocksdb::Env* env) {
    OpenReport report;
    auto opened = engine::open_local(path_, engine::KvMode::write, options_, report, env);
    ASSERT_TRUE(opened) << opened.error().message;
    kv_ = std::move(*opened);
  }

  engine::Outcome put(Space space, const std::string& key) {
    Batch batch(ServerId{1});
    batch.put(space, key, std::string(kValueBytes, 'v'));
    const Batch* const only = &batch;
    engine::Outcome outcome;
    kv_->write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
    if (outcome.ok()) written_.emplace_back(space, key);
    return outcome;
  }
  /// A chunk of June.
  engine::Outcome put_chunk() {
    return put(Space::checks,
               std::string(engine::chunk_key(ServerId{1}, from_ms(kJune + 60'000LL * number_++)).view()));
  }
  /// A summary, in a family of its own.
  engine::Outcome put_day() {
    return put(Space::days,
               std::string(engine::day_key(ServerId{1}, engine::day_of(from_ms(kDayMs * number_++))).view()));
  }

  void expect_all_there() {
    const auto view = kv_->view(ServerId{1}, {Space::checks, Space::days});
    ASSERT_TRUE(view) << view.error().message;
    std::size_t found = 0;
    for (const Space space : {Space::checks, Space::days}) {
      engine::Range& range =
          (*view)->range(space, engine::server_key(ServerId{1}).view(), engine::prefix_end(ServerId{1}).view());
      for (; range.valid(); range.next()) ++found;
      EXPECT_TRUE(range.status());
    }
    EXPECT_GE(found, written_.size());
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  const std::shared_ptr<SlowTables> disk_ = std::make_shared<SlowTables>();
  const std::unique_ptr<rocksdb::Env> env_ = rocksdb::NewCompositeEnv(disk_);
  std::vector<std::pair<Space, std::string>> written_;
  std::int64_t number_ = 0;
  std::unique_ptr<engine::Kv> kv_;
};

TEST_F(FlushLaneOfStore, OneThatFailsBehindAnotherIsToldAndLosesNothing) {
  disk_->hold();
  // Enough for a flush, which waits for its first table; then enough of another family, and of the first again.
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(put_chunk().ok());
  disk_->wait_for_table();
  std::atomic<bool> failed{false};
  std::thread writer([&] {
    for (int i = 0; i < 12; ++i) failed = failed || !put_day().ok();
    for (int i = 0; i < 12; ++i) failed = failed || !put_chunk().ok();
    // Those of the first flush are made; what comes behind them is not.
    for (int i = 0; i < 1'000 && !failed; ++i) failed = !put_day().ok() || !put_chunk().ok();
  });
  std::this_thread::sleep_for(std::chrono::milliseconds{200});
  disk_->release(2);
  writer.join();
  EXPECT_TRUE(failed) << "a disk without tables was never told";
  kv_.reset();
  open(nullptr);
  expect_all_there();
}

/// A family that is made after a flush has chosen its families, and before it has switched their memories, is not among
/// what it writes; a kill then would lose what the log is said to have in the tables.
TEST_F(FlushLaneOfStore, MonthThatIsMadeBesideAFlushIsNotForgotten) {
  constexpr int kMonths = 60;
  kv_.reset();
  for (int month = 0; month < kMonths; ++month) {
    const std::string key(engine::chunk_key(ServerId{1}, from_ms((month + 1) * 32 * kDayMs)).view());
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      open(nullptr);
      bool done = kv_ != nullptr && put_day().ok();
      std::thread flusher([&] { done = kv_->local()->flush_tables().has_value() && done; });
      const bool was_put = put(Space::checks, key).ok();
      flusher.join();
      _exit(done && was_put ? 0 : 1);  // as a kill would
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(status, 0);
    open(nullptr);
    {
      const auto view = kv_->view(ServerId{1}, {Space::checks});
      ASSERT_TRUE(view) << view.error().message;
      ASSERT_TRUE((*view)->range(Space::checks, key, key + '\xff').valid()) << "month " << month;
    }
    kv_.reset();
  }
}

/// Nothing is left to flush, and RocksDB's thread is busy with another compaction: that is nothing to writers.
TEST_F(FlushLaneOfStore, WritersDoNotWaitForACompactionThatWaits) {
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(put_chunk().ok() && put_day().ok());
  ASSERT_TRUE(kv_->local()->flush_tables());
  disk_->hold();
  std::thread first([&] { EXPECT_TRUE(kv_->local()->compact(Space::checks)); });
  disk_->wait_for_table();
  std::thread second([&] { EXPECT_TRUE(kv_->local()->compact(Space::days)); });
  // Their flush, and no more, waits for the disk: what fits into memory beside it is written at once.
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(put_chunk().ok());
  disk_->release(-1);
  first.join();
  second.join();
  expect_all_there();
}

/// Writers that make months, compactions by hand, flushes and the retention of old months, by two threads and by eight,
/// while the disk refuses its tables from some table on: nobody waits for ever, nothing ends the process, and what was
/// acknowledged is there when the store is opened again.
TEST_F(FlushLaneOfStore, RefusedTablesInTheMiddleOfEverythingLoseNothing) {
  for (const int threads : {2, 8}) {
    for (const int good : {0, 1, 2, 4, 8}) {
      SCOPED_TRACE(std::to_string(threads) + " threads, " + std::to_string(good) + " tables");
      disk_->hold();
      disk_->release(good);
      std::atomic<std::int64_t> next{number_};
      std::atomic<bool> failed{false};
      std::mutex mutex;
      std::vector<std::thread> workers;
      for (int worker = 0; worker < threads; ++worker) {
        workers.emplace_back([&, worker] {
          for (int round = 0; round < 500 && !failed; ++round) {
            if (worker % 4 == 1)
              failed = !kv_->local()->compact(round % 2 == 0 ? Space::checks : Space::days) || failed;
            if (worker % 4 == 2) failed = !kv_->local()->flush_tables() || failed;
            if (worker % 4 == 3) failed = !kv_->local()->drop_before(from_ms(kJune)) || failed;
            if (worker % 4 != 0 && round % 3 != 0) continue;
            const std::int64_t number = next++;
            // Every tenth in a month of its own; servers are worked on by one writer each.
            const std::int64_t ms = kJune + (number % 10 == 0 ? number * 3 * kDayMs : number * 60'000);
            const ServerId server{static_cast<std::uint32_t>(worker + 1)};
            Batch batch(server);
            const std::string key(engine::chunk_key(server, from_ms(ms)).view());
            batch.put(Space::checks, key, std::string(kValueBytes, 'v'));
            const Batch* const only = &batch;
            engine::Outcome outcome;
            kv_->write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
            failed = failed || !outcome.ok();
            const std::lock_guard lock(mutex);
            if (outcome.ok()) written_.emplace_back(Space::checks, key);
          }
        });
      }
      for (std::thread& worker : workers) worker.join();
      EXPECT_TRUE(failed) << "the disk refused tables, and nobody was told";
      number_ = next;
      kv_.reset();
      disk_->release(-1);
      open(env_.get());
      const auto view = kv_->view_all(Space::checks);
      ASSERT_TRUE(view) << view.error().message;
      std::set<std::string, std::less<>> there;
      engine::Range& range = (*view)->range(Space::checks, {}, {});
      for (; range.valid(); range.next()) there.emplace(range.key());
      ASSERT_TRUE(range.status()) << range.status().error().message;
      for (const auto& [space, key] : written_) ASSERT_TRUE(there.contains(key)) << engine::printable_key(key);
    }
  }
}

TEST_F(FlushLaneOfStore, CompactionByHandTakesItsTurn) {
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    while (!stop) ASSERT_TRUE(put_chunk().ok() && put_day().ok());
  });
  std::vector<std::thread> others;
  for (const Space space : {Space::checks, Space::days}) {
    others.emplace_back([&, space] {
      for (int i = 0; i < 20; ++i) EXPECT_TRUE(kv_->local()->compact(space));
    });
  }
  others.emplace_back([&] {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(kv_->local()->flush_tables());
  });
  for (std::thread& other : others) other.join();
  stop = true;
  writer.join();
  EXPECT_FALSE(written_.empty());
  expect_all_there();
}

}  // namespace
}  // namespace nines::test
