// Who may open a store for writing, and that nothing of it is looked at, or changed, before that is settled.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>
#include <vector>

#include "engine/kv/old_store.h"
#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "kv/rocksdb/marker.h"

namespace nines::test {
namespace {

namespace fs = std::filesystem;

/// What another process holds: flock is of the open file, wherever that was opened.
class OtherWriter {
 public:
  explicit OtherWriter(const std::string& store) : file_(::open((store + "/NINES").c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OtherWriter() { ::close(file_); }
  OtherWriter(const OtherWriter&) = delete;
  OtherWriter& operator=(const OtherWriter&) = delete;
  [[nodiscard]] bool locks() const { return ::flock(file_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int file_;
};

class Lock : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_or_fail(path_, History::options());
    ASSERT_NE(store_, nullptr);
    History::add_servers(*store_);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  std::unique_ptr<Store> store_;
};

TEST_F(Lock, CopyOfTheDirectoryLetsNoSecondWriterIn) {
  EXPECT_FALSE(OtherWriter(path_).locks());
  fs::create_directory(directory_ / "copy");
  for (const auto& entry : fs::directory_iterator(path_)) {
    std::error_code gone;  // a file that is not needed any more may go meanwhile
    fs::copy_file(entry.path(), directory_ / ("copy/" + entry.path().filename().string()), gone);
  }
  EXPECT_FALSE(OtherWriter(path_).locks());
  ASSERT_TRUE(store_->close());
  EXPECT_TRUE(OtherWriter(path_).locks());
}

TEST_F(Lock, FilesThatAnotherWriterIsChangingAreNeitherJudgedNorTouched) {
  store_.reset();
  const OtherWriter other(path_);
  ASSERT_TRUE(other.locks());
  fs::remove(path_ + "/CURRENT");
  Options options = History::options();
  for (const auto recovery : {Recovery::refuse, Recovery::point_in_time}) {
    options.recovery = recovery;
    const auto refused = Store::open(path_, options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::locked) << refused.error().message;
  }
  EXPECT_FALSE(fs::exists(path_ + "/CURRENT"));
}

TEST_F(Lock, ChildThatWasForkedMeanwhileDoesNotKeepTheStoreLocked) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    for (;;) ::pause();
  }
  EXPECT_TRUE(store_->close());
  store_.reset();
  store_ = open_or_fail(path_, History::options());
  EXPECT_NE(store_, nullptr);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

TEST_F(Lock, RefreshLeavesTheCursorsOfAReaderAlone) {
  const History history(11);
  Ledger ledger;
  for (std::uint64_t number = 0; number < 200; ++number) {
    const Operation operation = history.operation(number);
    ASSERT_TRUE(store_->append(operation.results, Durability::process));
    ledger.apply(operation);
  }
  const auto reader = Store::open_read_only(path_, History::options());
  ASSERT_TRUE(reader) << reader.error().message;
  const Window all{from_ms(0), kTimeLimit};
  const auto cursor = (*reader)->scan(ServerId{1}, all, {{.latency = true, .phases = true, .details = true}, {}});
  ASSERT_TRUE(cursor);
  ASSERT_TRUE(store_->compact());
  ASSERT_TRUE((*reader)->refresh());
  expect_same(read_all(**cursor, ServerId{1}, all), ledger.contents()[ServerId{1}]);
}

TEST(LockOfANewStore, IsOnesWhoeverMakesItAtTheSameMoment) {
  constexpr int kRounds = 20;
  constexpr std::size_t kMakers = 8;
  for (int round = 0; round < kRounds && !::testing::Test::HasFailure(); ++round) {
    TemporaryDirectory directory;
    std::latch begin(kMakers);
    std::atomic<int> opened{0};
    std::vector<std::thread> makers;
    for (std::size_t i = 0; i < kMakers; ++i) {
      makers.emplace_back([&] {
        begin.arrive_and_wait();
        const auto store = Store::open(directory / "store", History::options());
        if (store) {
          ++opened;
        } else {
          EXPECT_EQ(store.error().code, ErrorCode::locked) << store.error().message;
        }
      });
    }
    for (std::thread& maker : makers) maker.join();
    EXPECT_GE(opened, 1);
  }
}

TEST_F(Lock, StaysWhenAStoreOfAnEarlierFormatIsTakenOver) {
  store_.reset();
  make_old_store(path_);
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  EXPECT_EQ(engine::read_marker(path_), engine::kStoreFormat);
  EXPECT_FALSE(OtherWriter(path_).locks());
}

}  // namespace
}  // namespace nines::test
