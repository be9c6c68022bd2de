// Backups: whole or not there, apart from the store, and made beside whoever writes to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>
#include <utility>

#include <nines/backup.h>

#include "engine/store/faulty_disk.h"
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

TEST_F(Backup, WhatOneHasLeftThatWasKilledBeforeItsSignMakesWay) {
  fs::create_directories(copy_ + ".tmp");
  const auto copied = store_->backup(copy_);
  ASSERT_TRUE(copied) << copied.error().message;
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
  std::jthread writer([&] {
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

/// The bytes that the files of `directory` share with others.
std::uint64_t shared_bytes(const fs::path& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.hard_link_count() > 1) bytes += entry.file_size();
  }
  return bytes;
}

TEST_F(Backup, CopiesOnlyWhatThePreviousOneLacks) {
  const auto first = store_->backup(copy_);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_GE(first->bytes, first->copied_bytes);
  write(250, 260);
  const std::string second = directory_ / "second";
  BackupOptions options;
  options.previous = copy_;
  const auto report = store_->backup(second, options);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->path, second);
  EXPECT_GT(shared_bytes(second), 0U);
  EXPECT_LE(report->copied_bytes + shared_bytes(second), first->copied_bytes + report->copied_bytes);
  EXPECT_LT(report->copied_bytes, first->copied_bytes);
  EXPECT_TRUE(check_backup(copy_));
  EXPECT_TRUE(check_backup(second));
  EXPECT_EQ(contents_of(*open_or_fail(second, History::options())), ledger_.contents());
  // The second was opened for writing; the first is still what it was.
  EXPECT_TRUE(check_backup(copy_));
}

TEST_F(Backup, SharesNothingWithOneOfAnotherStore) {
  ASSERT_TRUE(store_->backup(copy_));
  // The same numbers of files, and other results in them.
  auto other = open_or_fail(directory_ / "other", History::options());
  ASSERT_NE(other, nullptr);
  History::add_servers(*other);
  const History theirs(18);
  Ledger ledger;
  for (std::uint64_t number = 0; number < 200; ++number) {
    ASSERT_TRUE(other->append(theirs.operation(number).results, Durability::process));
    ledger.apply(theirs.operation(number));
  }
  ASSERT_TRUE(other->compact());
  BackupOptions options;
  options.previous = copy_;
  const std::string second = directory_ / "second";
  ASSERT_TRUE(other->backup(second, options));
  EXPECT_EQ(shared_bytes(second), 0U);
  EXPECT_EQ(contents_of(*open_or_fail(second, History::options())), ledger.contents());
}

TEST_F(Backup, OneThatWasEndedIsGoneOnWith) {
  BackupOptions options;
  int pieces = 0;
  options.progress = [&](const BackupProgress& progress) {
    EXPECT_LE(progress.bytes, progress.total);
    return ++pieces < 3;
  };
  const auto ended = store_->backup(copy_, options);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::unavailable) << ended.error().message;
  EXPECT_FALSE(fs::exists(copy_));
  ASSERT_TRUE(fs::exists(copy_ + ".tmp"));
  const auto report = store_->backup(copy_);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(fs::exists(copy_ + ".tmp"));
  EXPECT_TRUE(check_backup(copy_));
  EXPECT_EQ(contents_of(*open_or_fail(copy_, History::options())), ledger_.contents());
}

TEST_F(Backup, WhatAnInterruptedOneHasWrittenWronglyIsCopiedAgain) {
  ASSERT_TRUE(store_->backup(copy_));
  fs::create_directories(copy_ + ".again.tmp/store");
  std::ofstream(copy_ + ".again.tmp/NINES-UNFINISHED-BACKUP").close();
  for (const auto& entry : fs::directory_iterator(copy_)) {
    const fs::path left = fs::path(copy_ + ".again.tmp/store") / entry.path().filename();
    fs::copy_file(entry.path(), left);
    fs::resize_file(left, entry.file_size() / 2);
  }
  ASSERT_TRUE(store_->backup(copy_ + ".again"));
  EXPECT_EQ(contents_of(*open_or_fail(copy_ + ".again", History::options())), ledger_.contents());
}

TEST_F(Backup, IsNoneAnyMoreOnceItWasOpenedForWriting) {
  ASSERT_TRUE(store_->backup(copy_));
  ASSERT_TRUE(Store::open_read_only(copy_, History::options()));
  EXPECT_TRUE(check_backup(copy_));
  ASSERT_NE(open_or_fail(copy_, History::options()), nullptr);
  const auto checked = check_backup(copy_);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
}

TEST_F(Backup, AnyChangedByteIsFoundAndNotRestored) {
  ASSERT_TRUE(store_->backup(copy_));
  std::mt19937_64 random(29);
  for (const auto& entry : fs::directory_iterator(copy_)) {
    SCOPED_TRACE(entry.path());
    const auto bytes = entry.file_size();
    if (bytes == 0) continue;
    const auto at = static_cast<std::streamoff>(random() % bytes);
    const auto flip = [&] {
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(at);
      const auto byte = static_cast<char>(file.get());
      file.seekp(at);
      file.put(static_cast<char>(byte ^ 0x10));
    };
    flip();
    const auto checked = check_backup(copy_);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().code, ErrorCode::corruption);
    EXPECT_THAT(checked.error().message, HasSubstr(entry.path().filename().string()));
    EXPECT_FALSE(restore_backup(copy_, directory_ / "restored"));
    EXPECT_FALSE(fs::exists(directory_ / "restored"));
    flip();
  }
  EXPECT_TRUE(check_backup(copy_));
}

TEST_F(Backup, IsRestoredFromWhereNobodyCanWrite) {
  ASSERT_TRUE(store_->backup(copy_));
  const auto before = read_image(copy_);
  for (const auto& entry : fs::directory_iterator(copy_)) fs::permissions(entry, fs::perms::owner_read);
  fs::permissions(copy_, fs::perms::owner_read | fs::perms::owner_exec);
  const auto restored = restore_backup(copy_, directory_ / "restored");
  fs::permissions(copy_, fs::perms::owner_all);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(read_image(copy_), before);
  const auto store = open_or_fail(directory_ / "restored", History::options());
  EXPECT_EQ(contents_of(*store), ledger_.contents());
  EXPECT_TRUE(store->append(history_.operation(250).results, Durability::disk));
}

TEST_F(Backup, FolderKeepsTheNewestGenerations) {
  const std::string folder = directory_ / "backups";
  const TimeMs begin = from_ms(1'795'000'000'000);
  std::vector<Contents> held;
  for (int number = 0; number < 5; ++number) {
    write(250 + static_cast<std::uint64_t>(number), 251 + static_cast<std::uint64_t>(number));
    const auto made = add_generation(*store_, folder, 3, begin + std::chrono::hours{24 * number});
    ASSERT_TRUE(made) << made.error().message;
    held.push_back(ledger_.contents());
    if (number == 0) fs::create_directories(folder + "/somebody else's");
  }
  const auto generations = backup_generations(folder);
  ASSERT_TRUE(generations);
  ASSERT_EQ(generations->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(check_backup((*generations)[i].path));
    EXPECT_EQ(contents_of(*open_or_fail((*generations)[i].path, History::options())), held[i + 2]) << i;
  }
  EXPECT_EQ(fs::path(generations->front().path).filename(), "2026-11-20T11-06-40.000Z");
  EXPECT_EQ(generations->front().made, begin + std::chrono::hours{48});
  EXPECT_TRUE(fs::exists(folder + "/somebody else's"));
}

TEST_F(Backup, ClockThatGoesBackMakesNoNewOneTheOldest) {
  const std::string folder = directory_ / "backups";
  const TimeMs ahead = from_ms(1'895'000'000'000);
  ASSERT_TRUE(add_generation(*store_, folder, 2, ahead));
  ASSERT_TRUE(add_generation(*store_, folder, 2, from_ms(1'795'000'000'000)));
  write(250, 251);
  ASSERT_TRUE(add_generation(*store_, folder, 2, from_ms(1'795'000'100'000)));
  const auto generations = backup_generations(folder);
  ASSERT_TRUE(generations);
  ASSERT_EQ(generations->size(), 2U);
  EXPECT_EQ(contents_of(*open_or_fail(generations->back().path, History::options())), ledger_.contents());
}

TEST_F(Backup, InterruptedGenerationIsGoneOnWithUnderTheNextName) {
  const std::string folder = directory_ / "backups";
  int pieces = 0;
  EXPECT_FALSE(add_generation(*store_, folder, 2, from_ms(1'795'000'000'000),
                              [&](const BackupProgress&) { return ++pieces < 3; }));
  EXPECT_EQ(backup_generations(folder)->size(), 0U);
  ASSERT_TRUE(add_generation(*store_, folder, 2, from_ms(1'795'000'100'000)));
  std::size_t entries = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++entries;
  EXPECT_EQ(entries, 1U);
  EXPECT_TRUE(check_backup(backup_generations(folder)->front().path));
}

TEST_F(Backup, RestoreTakesNothingFromOneThatWasInterrupted) {
  const std::string older = directory_ / "older";
  ASSERT_TRUE(store_->backup(older));
  const Contents held = ledger_.contents();
  write(250, 300);
  ASSERT_TRUE(store_->backup(copy_));
  // A kill while the newer one was copied has left its files, the log among them.
  const std::string target = directory_ / "restored";
  write_image(read_image(copy_), target + ".tmp/store");
  std::ofstream(target + ".tmp/NINES-UNFINISHED-BACKUP").close();
  fs::remove(target + ".tmp/store/CURRENT");
  ASSERT_TRUE(restore_backup(older, target));
  auto wanted = read_image(older);
  wanted.erase("NINES-BACKUP");
  EXPECT_EQ(read_image(target), wanted);
  EXPECT_EQ(contents_of(*open_or_fail(target, History::options())), held);
}

TEST_F(Backup, DamagedOneLeavesNothingWhereItWasToBeRestored) {
  ASSERT_TRUE(store_->backup(copy_));
  std::ofstream(copy_ + "/NINES", std::ios::app) << " ";
  EXPECT_FALSE(restore_backup(copy_, directory_ / "restored"));
  EXPECT_FALSE(fs::exists(directory_ / "restored"));
  EXPECT_FALSE(fs::exists(directory_ / "restored.tmp"));
}

TEST_F(Backup, TwoToTheSamePlaceExcludeEachOther) {
  const std::string folder = directory_ / "backups";
  int refused = 0;
  bool asked = false;
  const auto reader = Store::open_read_only(path_, History::options());
  ASSERT_TRUE(reader);
  const auto ask = [&](const BackupProgress&) {
    if (std::exchange(asked, true)) return true;
    const auto generation = add_generation(**reader, folder, 1, from_ms(1'796'000'000'000));
    refused += static_cast<int>(!generation && generation.error().code == ErrorCode::locked);
    const auto plain = (*reader)->backup(copy_);
    refused += static_cast<int>(!plain && plain.error().code == ErrorCode::locked);
    return true;
  };
  ASSERT_TRUE(add_generation(*store_, folder, 1, from_ms(1'795'000'000'000), ask));
  EXPECT_EQ(refused, 1) << "the folder, and not the other place";
  ASSERT_TRUE(fs::exists(copy_));
  fs::remove_all(copy_);
  asked = false;
  BackupOptions options;
  options.progress = ask;
  ASSERT_TRUE(store_->backup(copy_, options));
  EXPECT_EQ(refused, 2) << "the place, and not the folder";
  EXPECT_TRUE(check_backup(copy_));
}

TEST_F(Backup, TableThatTheWriterHasBegunIsNoPartOfIt) {
  std::ofstream(path_ + "/999998.sst").close();
  std::ofstream(path_ + "/999999.sst") << "the beginning of a table";
  const auto reader = Store::open_read_only(path_, History::options());
  ASSERT_TRUE(reader);
  const auto made = (*reader)->backup(copy_);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_FALSE(fs::exists(copy_ + "/999998.sst"));
  EXPECT_FALSE(fs::exists(copy_ + "/999999.sst"));
  EXPECT_TRUE(check_backup(copy_));
  EXPECT_EQ(contents_of(*open_or_fail(copy_, History::options())), ledger_.contents());
}

TEST_F(Backup, OneThatFillsItsDiskGivesTheRoomBack) {
  const std::string small = directory_ / "small";
  ASSERT_TRUE(fs::create_directory(small));
  if (::mount("nines-test", small.c_str(), "tmpfs", 0, "size=64k") != 0) GTEST_SKIP() << "cannot mount a tmpfs here";
  const std::uint64_t room = fs::space(small).available;
  const auto full = add_generation(*store_, small, 2, from_ms(1'795'000'000'000));
  const std::uint64_t left = fs::space(small).available;
  ::umount2(small.c_str(), MNT_DETACH);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::out_of_space) << full.error().message;
  EXPECT_EQ(left, room);
  EXPECT_TRUE(store_->append(history_.operation(250).results, Durability::disk));
}

TEST_F(Backup, OfAnEmptyStoreIsOne) {
  const auto empty = open_or_fail(directory_ / "empty", History::options());
  ASSERT_NE(empty, nullptr);
  ASSERT_TRUE(empty->backup(copy_));
  ASSERT_TRUE(restore_backup(copy_, directory_ / "restored"));
  const auto store = open_or_fail(directory_ / "restored", History::options());
  ASSERT_NE(store, nullptr);
  EXPECT_TRUE(store->catalog()->servers().empty());
}

}  // namespace
}  // namespace nines::test
