// RocksDB's logs, in a store of format 2, of which a power cut has kept the end of a later one and not that of an
// earlier: what is read back is what was written up to some moment.
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>

#include "engine/kv/old_store.h"
#include "engine/store/faulty_disk.h"
#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "kv/rocksdb/record_log.h"

namespace nines::test {
namespace {

class WalReplay : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kOperations = 8;
  static constexpr std::uint64_t kLost = 4;

  WalReplay() {
    const std::string path = directory_ / "written";
    {
      auto store = Store::open(path, History::options());
      if (!store) throw std::runtime_error(store.error().message);
      History::add_servers(**store);
    }
    make_old_store(path);
    OldStore store(path);
    for (std::uint64_t number = 0; number < kOperations; ++number) store.append(history_.operation(number).results);
    image_ = read_image(path);
    image_.erase("LOCK");
    for (const auto& [name, bytes] : image_) {
      if (name.ends_with(".log") && !bytes.empty()) log_ = name;
    }
    write_image(image_, directory_ / "records");
    const auto counted = engine::read_record_log(directory_ / ("records/" + log_), engine::Checksums::check, [&](auto) {
      ++records_;
      return true;
    });
    EXPECT_TRUE(counted && counted->intact_bytes == counted->file_bytes);
  }

  /// Where the operation `number` begins in the log; its records are the last ones.
  [[nodiscard]] std::size_t begin_of(std::uint64_t number) const {
    const std::uint64_t before = records_ - kOperations + number;
    std::uint64_t seen = 0;
    const auto log = engine::read_record_log(directory_ / ("records/" + log_), engine::Checksums::check,
                                             [&](auto) { return ++seen < before; });
    return log->intact_bytes;
  }

  /// A store whose log ends at `end`, and whose next one has what comes from `begin` on.
  [[nodiscard]] std::string divided(std::size_t end, std::size_t begin) const {
    FaultyDisk::Image image = image_;
    const std::string whole = image.at(log_);
    image[log_] = whole.substr(0, end);
    std::string next = std::to_string(std::stoull(log_) + 1'000) + ".log";
    next.insert(0, log_.size() - next.size(), '0');
    image[next] = whole.substr(begin);
    std::string path = directory_ / "divided";
    write_image(image, path);
    return path;
  }

  /// Of how many logs the report says that their end was dropped.
  [[nodiscard]] static int dropped(const Store& store) {
    int logs = 0;
    for (const std::string& warning : store.open_report().warnings) {
      logs += static_cast<int>(warning.find("were dropped") != std::string::npos);
    }
    return logs;
  }

  [[nodiscard]] Ledger first(std::uint64_t operations) const {
    Ledger ledger;
    for (std::uint64_t number = 0; number < operations; ++number) ledger.apply(history_.operation(number));
    return ledger;
  }

  /// Opens, for reading only and then for writing, and finds the first `operations`; and again after one more.
  void expect_first(const std::string& path, std::uint64_t operations, int ends_dropped) {
    Ledger ledger = first(operations);
    const auto reader = Store::open_read_only(path, History::options());
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ(contents_of(**reader), ledger.contents());
    auto store = Store::open(path, History::options());
    ASSERT_TRUE(store) << store.error().message;
    EXPECT_EQ(contents_of(**store), ledger.contents());
    EXPECT_EQ(dropped(**store), ends_dropped);
    // What was dropped stays so, and does not end the replay of what comes now.
    const Operation more = history_.operation(kOperations);
    ASSERT_TRUE((*store)->append(more.results, Durability::process));
    ledger.apply(more);
    write_image(read_image(path), directory_ / "killed");
    for (const std::string& again : {std::string(directory_ / "killed"), path}) {
      if (again == path) store->reset();
      const auto opened = Store::open(again, History::options());
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(contents_of(**opened), ledger.contents());
      EXPECT_EQ(dropped(**opened), 0);
    }
  }

  const History history_{7};
  TemporaryDirectory directory_;
  FaultyDisk::Image image_;
  std::string log_;  // the name of the one with the operations
  std::uint64_t records_ = 0;
};

TEST_F(WalReplay, GoesOnInTheNextLog) {
  expect_first(divided(begin_of(kLost), begin_of(kLost)), kOperations, 0);
}

TEST_F(WalReplay, EndsWhereAWholeRecordIsMissingBetweenTwoLogs) {
  expect_first(divided(begin_of(kLost), begin_of(kLost + 1)), kLost, 1);
}

TEST_F(WalReplay, EndsWhereTheEarlierLogIsTorn) {
  expect_first(divided(begin_of(kLost) + 9, begin_of(kLost + 1)), kLost, 2);
}

}  // namespace
}  // namespace nines::test
