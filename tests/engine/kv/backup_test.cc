// Backups: whole or not there, apart from the store, and made beside whoever writes to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Backup : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_or_fail(path_, History::options());
    ASSERT_NE(store_, nullptr);
    History::add_servers(*store_);
    write(0, 200);
    ASSERT_TRUE(store_->compact());
    write(200, 250);
  }

  void write(std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t number = begin; number < end; ++number) {
      const Operation operation = history_.operation(number);
      ASSERT_TRUE(store_->append(operation.results, Durability::process));
      ledger_.apply(operation);
    }
  }

  const History history_{17};
  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  const std::string copy_ = directory_ / "copy";
  Ledger ledger_;
  std::unique_ptr<Store> store_;
};

TEST_F(Backup, SharesNoFileWithTheStore) {
  ASSERT_TRUE(store_->backup(copy_));
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(copy_)) {
    EXPECT_EQ(entry.hard_link_count(), 1U) << entry.path();
    ++files;
  }
  EXPECT_GT(files, 4U);
  EXPECT_FALSE(fs::exists(copy_ + ".tmp"));
}

TEST_F(Backup, PlaceInsideTheStoreIsRefused) {
  fs::create_directory_symlink(path_, directory_ / "link");
  for (const std::string& place : {path_ + "/backup", path_ + "/../store/backup", (directory_ / "link") + "/backup"}) {
    const auto refused = store_->backup(place);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_THAT(refused.error().message, HasSubstr("in the store"));
    EXPECT_FALSE(fs::exists(place));
  }
}

TEST_F(Backup, WhatAnInterruptedOneHasLeftMakesWay) {
  fs::create_directories(copy_ + ".tmp/store");
  std::ofstream(copy_ + ".tmp/NINES-UNFINISHED-BACKUP") << "";
  std::ofstream(copy_ + ".tmp/store/000001.sst") << "half of it";
  ASSERT_TRUE(store_->backup(copy_));
  const auto other = open_or_fail(copy_, History::options());
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(contents_of(*other), ledger_.contents());
  EXPECT_FALSE(fs::exists(copy_ + ".tmp"));
}

TEST_F(Backup, SomebodyElsesFolderDoesNotMakeWay) {
  fs::create_directories(copy_ + ".tmp");
  std::ofstream(copy_ + ".tmp/precious") << "data";
  const auto refused = store_->backup(copy_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << refused.error().message;
  EXPECT_TRUE(fs::exists(copy_ + ".tmp/precious"));
  EXPECT_FALSE(fs::exists(copy_));
}

TEST_F(Backup, OfDamagedFilesFailsAndLeavesNothing) {
  ASSERT_TRUE(store_->close());
  store_.reset();
  fs::path largest;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().extension() != ".sst") continue;
    if (largest.empty() || entry.file_size() > fs::file_size(largest)) largest = entry.path();
  }
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(1'000);
    const auto byte = static_cast<char>(file.get());
    file.seekp(1'000);
    file.put(static_cast<char>(byte ^ 0x10));
  }
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  const auto failed = store_->backup(copy_);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::corruption) << failed.error().message;
  EXPECT_FALSE(fs::exists(copy_));
  EXPECT_FALSE(fs::exists(copy_ + ".tmp"));
}

TEST_F(Backup, IsMadeByAReaderBesideTheWriter) {
  const auto reader = Store::open_read_only(path_, History::options());
  ASSERT_TRUE(reader) << reader.error().message;
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> acknowledged{250};
  std::thread writer([&] {
    for (std::uint64_t number = 250; !stop && number < 1'000; ++number) {
      if (!store_->append(history_.operation(number).results, Durability::process)) return;
      acknowledged = number + 1;
    }
  });
  for (int round = 0; round < 3; ++round) {
    const std::string copy = copy_ + std::to_string(round);
    const std::uint64_t before = acknowledged;
    const auto copied = (*reader)->backup(copy);
    const std::uint64_t after = acknowledged + 1;
    ASSERT_TRUE(copied) << copied.error().message;
    const auto other = open_or_fail(copy, History::options());
    ASSERT_NE(other, nullptr);
    Ledger ledger = ledger_;
    EXPECT_TRUE(ledger.match_prefix(contents_of(*other), history_, 250, before - 250, after - 250))
        << before << " " << after;
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace nines::test
