// Backup, verification, a clean close, and the settings of RocksDB that what is promised rests on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/store/history.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"

namespace nines::test {
namespace {

using ::testing::HasSubstr;

class Care : public ::testing::Test {
 protected:
  void SetUp() override {
    store_ = open_or_fail(path_, History::options());
    ASSERT_NE(store_, nullptr);
    History::add_servers(*store_);
    write(0, 200);
  }

  void write(std::uint64_t begin, std::uint64_t end) {
    const History history(5);
    for (std::uint64_t number = begin; number < end; ++number) {
      const Operation operation = history.operation(number);
      ASSERT_TRUE(store_->append(operation.results, operation.durability));
      ledger_.apply(operation);
    }
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Ledger ledger_;
  std::unique_ptr<Store> store_;
};

TEST_F(Care, BackupIsTheStoreAsItWas) {
  const std::string copy = directory_ / "copy";
  const auto before = ledger_.contents();
  ASSERT_TRUE(store_->backup(copy));
  write(200, 300);
  const auto other = open_or_fail(copy, History::options());
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(contents_of(*other), before);
  expect_true_summaries(*other);
  ASSERT_EQ(other->catalog()->servers().size(), History::kServers);
  for (const Server& server : other->catalog()->servers()) {
    EXPECT_EQ(server, *store_->catalog()->find(server.id));
  }
  // The two go on apart.
  ASSERT_TRUE(other->compact());
  ASSERT_TRUE(store_->compact());
  EXPECT_EQ(contents_of(*other), before);
  EXPECT_EQ(contents_of(*store_), ledger_.contents());
}

TEST_F(Care, BackupOfAStoreWithEverythingInTablesOpens) {
  ASSERT_TRUE(store_->compact());
  ASSERT_TRUE(store_->close());
  store_.reset();
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  const std::string copy = directory_ / "copy";
  ASSERT_TRUE(store_->backup(copy));
  for (int time = 0; time < 2; ++time) {
    const auto other = open_or_fail(copy, History::options());
    ASSERT_NE(other, nullptr);
    EXPECT_EQ(contents_of(*other), ledger_.contents());
    EXPECT_TRUE(other->open_report().warnings.empty()) << other->open_report().warnings.front();
  }
}

TEST_F(Care, BackupDoesNotWriteOverAnything) {
  const std::string taken = directory_ / "taken";
  std::filesystem::create_directory(taken);
  std::ofstream(taken + "/precious") << "data";
  const auto refused = store_->backup(taken);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument) << refused.error().message;
  EXPECT_THAT(refused.error().message, HasSubstr(taken));
  EXPECT_TRUE(std::filesystem::exists(taken + "/precious"));
  write(200, 210);
  EXPECT_EQ(contents_of(*store_), ledger_.contents());
}

TEST_F(Care, VerifyCountsEverythingAndFindsNoDamage) {
  ASSERT_TRUE(store_->compact());
  write(200, 220);
  const auto report = store_->verify();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->damage.empty());
  EXPECT_EQ(report->servers, History::kServers);
  std::uint64_t results = 0;
  for (const auto& [server, of_server] : ledger_.contents()) results += of_server.size();
  EXPECT_EQ(report->results, results);
  EXPECT_GT(report->chunks, 0U);
  EXPECT_GT(report->rows, 0U);
  EXPECT_GT(report->summaries, 0U);
}

TEST_F(Care, VerifyWorksBesideTheWriter) {
  ASSERT_TRUE(store_->compact());
  write(200, 220);
  ASSERT_TRUE(store_->flush());
  const auto reader = Store::open_read_only(path_, History::options());
  ASSERT_TRUE(reader) << reader.error().message;
  const auto report = (*reader)->verify();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->damage.empty()) << report->damage.front();
  std::uint64_t results = 0;
  for (const auto& [server, of_server] : ledger_.contents()) results += of_server.size();
  EXPECT_EQ(report->results, results);
}

TEST_F(Care, VerifyFindsAByteThatChangesUnderAnOpenStore) {
  ASSERT_TRUE(store_->compact());
  std::string largest;
  std::uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    if (entry.path().extension() != ".sst" || entry.file_size() <= size) continue;
    largest = entry.path().string();
    size = entry.file_size();
  }
  ASSERT_FALSE(largest.empty());
  {
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(1'000);
    const auto byte = static_cast<char>(file.get());
    file.seekp(1'000);
    file.put(static_cast<char>(byte ^ 0x10));
  }
  const auto report = store_->verify();
  ASSERT_TRUE(report) << report.error().message;
  ASSERT_FALSE(report->damage.empty());
  EXPECT_THAT(report->damage.front(), HasSubstr(".sst"));
}

TEST_F(Care, CleanlyClosedStoreHasNothingToRecover) {
  ASSERT_TRUE(store_->close());
  store_.reset();
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  const OpenReport& report = store_->open_report();
  EXPECT_FALSE(report.created);
  EXPECT_FALSE(report.recovered);
  EXPECT_EQ(report.replayed_bytes, 0U);
  EXPECT_TRUE(report.warnings.empty()) << report.warnings.front();
  EXPECT_EQ(contents_of(*store_), ledger_.contents());
}

TEST_F(Care, CursorHoldsOffClosingUntilItIsGone) {
  auto cursor = store_->scan(ServerId{1}, {from_ms(0), kTimeLimit}, {});
  ASSERT_TRUE(cursor);
  ASSERT_TRUE((*cursor)->next());
  cursor->reset();
  EXPECT_TRUE(store_->close());
}

TEST_F(Care, SettingsThatThePromisesRestOnAreInForce) {
  std::string newest;
  for (const auto& entry : std::filesystem::directory_iterator(path_)) {
    const std::string name = entry.path().filename();
    if (name.starts_with("OPTIONS-")) newest = std::max(newest, name);
  }
  ASSERT_FALSE(newest.empty());
  std::ostringstream text;
  text << std::ifstream(path_ + "/" + newest).rdbuf();
  const std::string options = text.str();
  EXPECT_THAT(options, HasSubstr("paranoid_checks=true"));
  EXPECT_THAT(options, HasSubstr("wal_recovery_mode=kTolerateCorruptedTailRecords"));
  EXPECT_THAT(options, HasSubstr("track_and_verify_wals_in_manifest=true"));
  EXPECT_THAT(options, HasSubstr("recycle_log_file_num=0"));
  EXPECT_THAT(options, HasSubstr("avoid_flush_during_shutdown=false"));
  EXPECT_THAT(options, HasSubstr("max_bgerror_resume_count=0"));
  EXPECT_THAT(options, HasSubstr("manual_wal_flush=true"));
  std::size_t families = 0;
  for (auto at = options.find("checksum=kXXH3"); at != std::string::npos; at = options.find("checksum=kXXH3", at + 1)) {
    ++families;
  }
  EXPECT_EQ(families, engine::kSpaceCount + 1) << "each column family, and RocksDB's own";
}

}  // namespace
}  // namespace nines::test
