// Backup, verification, a clean close, and the settings of RocksDB that what is promised rests on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "codec/catalog_codec.h"
#include "codec/key.h"
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
  const auto catalog = other->catalog();
  for (const Server& server : catalog->servers()) {
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
  EXPECT_TRUE(report->damage.empty()) << report->damage.front().what;
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
  EXPECT_THAT(report->damage.front().what, HasSubstr(".sst"));
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

TEST_F(Care, StoreThatIsOnlyOpenedDoesNotFillWithLogs) {
  const auto before = ledger_.contents();
  for (int time = 0; time < 10; ++time) {
    store_.reset();
    store_ = open_or_fail(path_, History::options());
    ASSERT_NE(store_, nullptr);
    ASSERT_TRUE(store_->flush());
  }
  const auto is_log = [](const auto& entry) { return entry.path().extension() == ".log"; };
  EXPECT_LE(std::ranges::count_if(std::filesystem::directory_iterator(path_), is_log), 2);
  EXPECT_EQ(contents_of(*store_), before);
  write(200, 210);
  const auto after = ledger_.contents();
  store_.reset();
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  EXPECT_EQ(contents_of(*store_), after);
}

/// Of the files of one of the store's column families, while it is closed.
struct Keys {
  std::uint64_t all = 0;
  std::uint64_t erased = 0;
};

Keys keys_of(const std::string& path, const std::string& name) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  families.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  EXPECT_TRUE(rocksdb::DB::OpenForReadOnly({}, path, families, &handles, &raw).ok());
  const std::unique_ptr<rocksdb::DB> db(raw);
  rocksdb::ColumnFamilyMetaData files;
  db->GetColumnFamilyMetaData(handles.front(), &files);
  Keys keys;
  for (const auto& level : files.levels) {
    for (const auto& file : level.files) {
      keys.all += file.num_entries;
      keys.erased += file.num_deletions;
    }
  }
  for (auto* handle : handles) EXPECT_TRUE(db->DestroyColumnFamilyHandle(handle).ok());
  return keys;
}

TEST_F(Care, ClosingDropsTheRowsThatWereSealed) {
  store_.reset();
  Options options = History::options();
  options.performance.write_buffer_bytes = Options().performance.write_buffer_bytes;  // nothing is flushed before
  store_ = open_or_fail(path_, options);
  ASSERT_NE(store_, nullptr);
  std::vector<CheckResult> results(20'000);
  for (std::size_t i = 0; i < results.size(); ++i) {
    results[i].server = ServerId{1};
    results[i].time = from_ms(1'800'000'000'000 + static_cast<std::int64_t>(i) * 60'000);
    results[i].state = State::up;
  }
  for (std::size_t i = 0; i < results.size(); i += 100) {
    ASSERT_TRUE(store_->append(std::span(results).subspan(i, 100), Durability::buffered));
  }
  ledger_.apply({results, Durability::buffered});
  ASSERT_TRUE(store_->close());
  store_.reset();
  const Keys rows = keys_of(path_, "recent");
  EXPECT_EQ(rows.erased, 0U);
  EXPECT_LT(rows.all, 2'000U);
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  EXPECT_EQ(contents_of(*store_), ledger_.contents());
}

TEST_F(Care, ClosingEndsTheCursorsThatAreOpen) {
  ASSERT_TRUE(store_->compact());
  store_.reset();
  Options options = History::options();
  options.performance.head_bytes = 0;
  store_ = open_or_fail(path_, options);
  ASSERT_NE(store_, nullptr);
  auto cursor = store_->scan(ServerId{1}, {from_ms(0), kTimeLimit}, {});
  ASSERT_TRUE(cursor);
  auto days = store_->days(ServerId{1}, {0, 30'000}, true);
  ASSERT_TRUE(days);
  ASSERT_TRUE((*days)->next());
  EXPECT_TRUE(store_->close());
  const auto segment = (*cursor)->next();  // the first, for which the disk has to be read
  ASSERT_FALSE(segment);
  EXPECT_EQ(segment.error().code, ErrorCode::closed);
  const auto day = (*days)->next();
  ASSERT_FALSE(day);
  EXPECT_EQ(day.error().code, ErrorCode::closed);
}

/// The keys of `server` in all spaces of a store that is closed.
std::size_t keys_of_server(const std::string& path, ServerId server) {
  OpenReport report;
  const auto kv = engine::open_local(path, engine::KvMode::read_only, {}, report);
  if (!kv) ADD_FAILURE() << kv.error().message;
  std::size_t keys = 0;
  for (const auto space : {engine::Space::servers, engine::Space::recent, engine::Space::checks, engine::Space::days}) {
    const auto view = (*kv)->view(server, {space});
    engine::Range& range =
        (*view)->range(space, engine::server_key(server).view(), engine::prefix_end(server).view(), {.values = false});
    for (; range.valid(); range.next()) ++keys;
    EXPECT_TRUE(range.status());
  }
  return keys;
}

TEST_F(Care, RemovalThatACrashCutShortIsFinishedByTheNextOpen) {
  const auto servers = store_->catalog();
  const Server gone = servers->servers()[0];
  const Server kept = servers->servers()[1];
  ASSERT_TRUE(store_->compact());  // so that there are chunks and summaries
  store_.reset();
  const std::size_t others = keys_of_server(path_, kept.id);
  ASSERT_GT(keys_of_server(path_, gone.id), 2U);
  {
    OpenReport report;
    const auto kv = engine::open_local(path_, engine::KvMode::write, {}, report);
    ASSERT_TRUE(kv);
    engine::Batch batch(gone.id);
    batch.put(engine::Space::servers, engine::server_key(gone.id).view(),
              engine::encode_server(gone, {.removed = true, .longest_interval_ms = {}}));
    const engine::Batch* const only = &batch;
    engine::Outcome outcome;
    (*kv)->write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
    ASSERT_TRUE(outcome.ok()) << outcome.error.message;
  }
  store_ = open_or_fail(path_, History::options());
  ASSERT_NE(store_, nullptr);
  EXPECT_EQ(store_->catalog()->find(gone.id), nullptr);
  EXPECT_EQ(store_->catalog()->find(gone.name), nullptr);
  const auto added = store_->add_server(gone);
  ASSERT_TRUE(added) << added.error().message;
  EXPECT_GT(*added, servers->servers().back().id) << "a number is not used twice";
  store_.reset();
  EXPECT_EQ(keys_of_server(path_, gone.id), 0U);
  EXPECT_EQ(keys_of_server(path_, kept.id), others);
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
  EXPECT_THAT(options, HasSubstr("atomic_flush=true"));
  EXPECT_THAT(options, HasSubstr("avoid_flush_during_shutdown=true"));
  EXPECT_THAT(options, HasSubstr("max_bgerror_resume_count=0"));
  std::size_t families = 0;
  for (auto at = options.find("checksum=kXXH3"); at != std::string::npos; at = options.find("checksum=kXXH3", at + 1)) {
    ++families;
  }
  EXPECT_GE(families, engine::kSpaceCount + 1) << "each column family, a month of checks at least, and RocksDB's own";
}

}  // namespace
}  // namespace nines::test
