// kill -9 at a random moment, over and over on the same store. What the writer was told is safe from a crash of its
// process is there afterwards, as a beginning of what it wrote, without a hole.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <random>
#include <thread>

#include <nines/backup.h>

#include "engine/store/child_process.h"
#include "engine/store/crash_message.h"
#include "engine/store/history.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"

namespace nines::test {
namespace {

using std::chrono::microseconds;

/// A running nines_crash_writer.
class CrashWriter : public ChildProcess {
 public:
  CrashWriter(const std::string& path, std::uint64_t seed, std::uint64_t begin)
      : ChildProcess({NINES_CRASH_WRITER, path, std::to_string(seed), std::to_string(begin)}) {}

  /// The next message; blocks. False at the end, when the writer is gone.
  [[nodiscard]] bool next(CrashMessage& message) const { return read(&message, sizeof message); }
};

class Kill : public ::testing::Test {
 protected:
  static constexpr int kQuickRounds = 100;
  static constexpr std::uint64_t kSeed = 11;

  void SetUp() override {
    auto store = Store::open(path_, History::options());
    ASSERT_TRUE(store) << store.error().message;
    History::add_servers(**store);
    ASSERT_TRUE((*store)->close());
  }

  /// Lets a writer go on from operation `begin_`, kills it, and looks at what is there.
  void round() {
    CrashWriter writer(path_, kSeed, begin_);
    CrashMessage message;
    const bool while_opening = random_() % 8 == 0;
    if (!while_opening) {
      ASSERT_TRUE(writer.next(message)) << "the writer could not open the store";
    }
    std::this_thread::sleep_for(microseconds{random_() % 12'000});
    ASSERT_TRUE(writer.kill()) << "the writer ended by itself";
    std::uint64_t issued = 0;
    std::uint64_t acknowledged = 0;
    while (writer.next(message)) {
      if (message.kind == CrashMessage::Kind::begun) issued = message.number + 1 - begin_;
      if (message.kind == CrashMessage::Kind::acknowledged) acknowledged = message.number + 1 - begin_;
    }
    operations_ += issued;
    check(acknowledged, issued);
    begin_ += issued;
  }

  void check(std::uint64_t acknowledged, std::uint64_t issued) {
    auto store = Store::open(path_, History::options());
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_TRUE(ledger_.match_prefix(contents_of(**store), History(kSeed), begin_, acknowledged, issued))
        << "the store does not hold " << acknowledged << " to " << issued << " operations from " << begin_ << " on";
    recovered_ += static_cast<int>((*store)->open_report().recovered);
  }

  /// Each is what was backed up, and the store as it was at some moment; later ones are of later moments.
  void check_backups(const std::string& folder) const {
    const auto generations = backup_generations(folder);
    ASSERT_TRUE(generations) << generations.error().message;
    std::uint64_t before = 0;
    for (const Generation& generation : *generations) {
      SCOPED_TRACE(generation.path);
      const auto checked = check_backup(generation.path);
      ASSERT_TRUE(checked) << checked.error().message;
      const auto store = Store::open_read_only(generation.path, History::options());
      ASSERT_TRUE(store) << store.error().message;
      const std::uint64_t held = operations_of(**store);
      EXPECT_LE(held, begin_);
      EXPECT_GE(held, before);
      before = held;
    }
  }

  /// Of how many operations `store` is the outcome; fails where it is that of none. Each result names the one that
  /// wrote it, and no earlier one can have replaced it.
  static std::uint64_t operations_of(const Store& store) {
    const Contents found = contents_of(store);
    std::uint64_t operations = 0;
    for (const auto& [server, results] : found) {
      for (const CheckResult& result : results) {
        operations = std::max<std::uint64_t>(operations, *result.latency_us / 100 + 1);
      }
    }
    EXPECT_TRUE(Ledger().match_prefix(found, History(kSeed), 0, operations, operations))
        << "not what the first " << operations << " operations leave";
    return operations;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  std::mt19937_64 random_{kSeed};
  Ledger ledger_;
  std::uint64_t begin_ = 0;
  std::uint64_t operations_ = 0;
  int recovered_ = 0;
};

TEST_F(Kill, LosesNothingThatWasSafeFromIt) {
  for (int i = 0; i < kQuickRounds * long_share() && !HasFailure(); ++i) {
    SCOPED_TRACE("round " + std::to_string(i));
    round();
  }
  EXPECT_GT(operations_, 0U);
  EXPECT_GT(recovered_, 0) << "no open report says that the last writer did not close the store";
  auto store = Store::open(path_, History::options());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_FALSE((*store)->open_report().recovered) << (*store)->open_report().warnings.front();
  expect_true_summaries(**store);
}

// Two processes back the store up into one folder, beside a third that writes it, and all are killed at random moments.
TEST_F(Kill, LeavesNoBackupThatIsNotWhole) {
  constexpr int kRounds = 25;
  constexpr std::size_t kKept = 3;
  const std::string folder = directory_ / "backups";
  std::uint64_t made = 0;
  int interrupted = 0;
  for (int i = 0; i < kRounds * long_share() && !HasFailure(); ++i) {
    SCOPED_TRACE("round " + std::to_string(i));
    CrashWriter writer(path_, kSeed, begin_);
    CrashMessage message;
    ASSERT_TRUE(writer.next(message)) << "the writer could not open the store";
    std::vector<std::unique_ptr<ChildProcess>> makers;
    const std::vector<std::string> maker_words{NINES_BACKUP_MAKER, path_, folder};
    makers.push_back(std::make_unique<ChildProcess>(maker_words));
    char byte = 0;
    ASSERT_TRUE(makers.front()->read(&byte, 1)) << "no backup could be made";
    ++made;
    makers.push_back(std::make_unique<ChildProcess>(maker_words));
    std::this_thread::sleep_for(microseconds{random_() % 100'000});
    for (const auto& maker : makers) EXPECT_TRUE(maker->kill()) << "a maker of backups ended by itself";
    ASSERT_TRUE(writer.kill()) << "the writer ended by itself";
    for (const auto& maker : makers) {
      while (maker->read(&byte, 1)) ++made;
    }
    while (writer.next(message)) {
      if (message.kind == CrashMessage::Kind::begun) operations_ = message.number + 1;
    }
    begin_ = operations_;
    check_backups(folder);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      interrupted += static_cast<int>(entry.path().extension() == ".tmp");
    }
    // The writer's kill has lost what it had not handed over; the history goes on from what is there.
    auto store = Store::open(path_, History::options());
    ASSERT_TRUE(store) << store.error().message;
    begin_ = operations_of(**store);
  }
  EXPECT_GT(made, 0U);
  EXPECT_GT(interrupted, 0) << "no kill came while a backup was made";
  const auto store = Store::open(path_, History::options());
  ASSERT_TRUE(store);
  const auto now = std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
  ASSERT_TRUE(add_generation(**store, folder, kKept, now));
  const auto generations = backup_generations(folder);
  ASSERT_TRUE(generations);
  EXPECT_LE(generations->size(), kKept);
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++entries;
  EXPECT_EQ(entries, generations->size()) << "something unfinished is left";
}

}  // namespace
}  // namespace nines::test
