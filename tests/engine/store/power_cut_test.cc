// A power cut at every k-th operation on the disk. Whatever it leaves of what was not synced, the store opens, or says
// what is damaged and opens at a point in time; it holds all that was acknowledged at `disk`, nothing that was not
// written, and no hole.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <set>

#include "engine/store/faulty_disk.h"
#include "engine/store/history.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using Loss = FaultyDisk::Loss;

/// What a cut left, and what had been promised by then.
struct Cut {
  std::uint64_t disk_operation = 0;
  Loss loss = Loss::all;
  FaultyDisk::Image image;
  std::uint64_t acknowledged = 0;  // operations of the history that were safe on disk before
  std::uint64_t issued = 0;        // and those that had begun after
};

class PowerCut : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kOperations = 400;
  static constexpr int kQuickCuts = 200;

  void run(std::uint64_t seed, std::uint64_t every) {
    const History history(seed);
    TemporaryDirectory directory;
    const std::string path = directory / "store";
    const auto disk = std::make_shared<FaultyDisk>();
    const auto env = FaultyDisk::make_env(disk);
    std::mt19937_64 random(seed);
    disk->watch([&](std::uint64_t operation) {
      if (operation % every != seed % every) return;
      Cut cut;
      cut.acknowledged = acknowledged_;
      cut.disk_operation = operation;
      cut.loss = static_cast<Loss>(operation / every % 3);
      cut.image = disk->image(path, cut.loss, random);
      cut.issued = issued_;
      const std::lock_guard lock(mutex_);
      cuts_.push_back(std::move(cut));
    });
    acknowledged_ = 0;
    issued_ = 0;
    auto store = open_on(env.get(), path, History::options());
    ASSERT_TRUE(store) << store.error().message;
    marker_ = read_image(path).at("NINES");
    History::add_servers(**store);
    for (std::uint64_t number = 0; number < kOperations && !HasFailure(); ++number) {
      const Operation operation = history.operation(number);
      issued_ = number + 1;
      const auto done = (*store)->append(operation.results, operation.durability);
      ASSERT_TRUE(done) << done.error().message;
      if (operation.durability == Durability::disk) acknowledged_ = number + 1;
      if (number % 150 == 149) {
        ASSERT_TRUE((*store)->compact());
      }
      check_cuts(history);
    }
    ASSERT_TRUE((*store)->close());
    acknowledged_ = kOperations;
    store->reset();
    check_cuts(history);
  }

  [[nodiscard]] int cuts() const { return checked_; }
  [[nodiscard]] std::size_t kinds_of_loss() const { return losses_.size(); }
  [[nodiscard]] int dropped() const { return dropped_; }

 private:
  void check_cuts(const History& history) {
    for (;;) {
      Cut cut;
      {
        const std::lock_guard lock(mutex_);
        if (cuts_.empty()) return;
        cut = std::move(cuts_.front());
        cuts_.pop_front();
      }
      SCOPED_TRACE("cut at disk operation " + std::to_string(cut.disk_operation) + ", loss " +
                   std::to_string(static_cast<int>(cut.loss)));
      check(cut, history);
      losses_.insert(cut.loss);
      ++checked_;
      if (HasFailure()) return;
    }
  }

  void check(const Cut& cut, const History& history) {
    TemporaryDirectory directory;
    const std::string path = directory / "store";
    auto image = cut.image;
    image["NINES"] = marker_;
    write_image(image, path);
    Options options = History::options();
    auto store = Store::open(path, options);
    if (!store) {
      // Only bytes that nobody wrote may look like damage.
      EXPECT_EQ(cut.loss, Loss::garbage);
      ASSERT_EQ(store.error().code, ErrorCode::corruption) << store.error().message;
      options.recovery = Recovery::point_in_time;
      store = Store::open(path, options);
      ASSERT_TRUE(store) << store.error().message;
      EXPECT_GE((*store)->open_report().warnings.size(), 2U) << "says nothing of what was dropped";
    }
    for (const std::string& warning : (*store)->open_report().warnings) {
      dropped_ += static_cast<int>(warning.find("were dropped") != std::string::npos);
    }
    Ledger ledger;
    EXPECT_TRUE(ledger.match_prefix(contents_of(**store), history, 0, cut.acknowledged, cut.issued))
        << "the store does not hold the first n operations for any n from " << cut.acknowledged << " to " << cut.issued;
    expect_true_summaries(**store);
    const auto verified = (*store)->verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
  }

  std::atomic<std::uint64_t> acknowledged_{0};
  std::atomic<std::uint64_t> issued_{0};
  std::mutex mutex_;
  std::deque<Cut> cuts_;
  std::string marker_;
  int checked_ = 0;
  std::set<Loss> losses_;
  int dropped_ = 0;
};

TEST_F(PowerCut, LeavesAllThatWasAcknowledgedAtDiskAndNoHole) {
  const int wanted = kQuickCuts * long_share();
  for (std::uint64_t seed = 1; cuts() < wanted && !HasFailure(); ++seed) run(seed, 5 + seed % 7);
  // The three kinds of loss all came up, and the open reports told of them.
  EXPECT_EQ(kinds_of_loss(), 3U);
  EXPECT_GT(dropped(), 0);
}

}  // namespace
}  // namespace nines::test
