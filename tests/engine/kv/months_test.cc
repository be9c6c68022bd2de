// Chunks in a column family a month: ranges over its edges, months that come and go, and stores of format 1, which have
// one family for all of them.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "codec/key.h"
#include "engine/kv/kv_contract.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "kv/rocksdb/families.h"
#include "kv/rocksdb/marker.h"

namespace nines::test {
namespace {

using engine::Batch;
using engine::Space;

constexpr std::int64_t kJune = 1'780'272'000'000;  // 2026-06-01T00:00Z
constexpr std::int64_t kJuly = kJune + 30 * kDayMs;
constexpr std::int64_t kAugust = kJuly + 31 * kDayMs;
constexpr Window kAll{from_ms(0), kTimeLimit};

std::string key_at(std::uint32_t server, std::int64_t ms) {
  return std::string(engine::chunk_key(ServerId{server}, from_ms(ms)).view());
}

std::string format_of(const std::string& path) {
  std::string line;
  std::ifstream file(path + "/NINES");
  std::getline(file, line);
  return line;
}

std::vector<std::string> families_of(const std::string& path) {
  std::vector<std::string> names;
  EXPECT_TRUE(rocksdb::DB::ListColumnFamilies({}, path, &names).ok());
  std::sort(names.begin(), names.end());
  return names;
}

/// The database of a closed store, as it is.
class RawStore {
 public:
  explicit RawStore(const std::string& path) {
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& name : families_of(path)) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* raw = nullptr;
    const auto status = rocksdb::DB::Open({}, path, families, &handles, &raw);
    EXPECT_TRUE(status.ok()) << status.ToString();
    db.reset(raw);
    for (auto* handle : handles) of[handle->GetName()] = handle;
  }
  ~RawStore() {
    for (const auto& [name, handle] : of) static_cast<void>(db->DestroyColumnFamilyHandle(handle));
  }
  RawStore(const RawStore&) = delete;
  RawStore& operator=(const RawStore&) = delete;

  void make(const std::string& name) { EXPECT_TRUE(db->CreateColumnFamily({}, name, &of[name]).ok()); }
  void drop(const std::string& name) {
    EXPECT_TRUE(db->DropColumnFamily(of[name]).ok());
    EXPECT_TRUE(db->DestroyColumnFamilyHandle(of[name]).ok());
    of.erase(name);
  }

  std::unique_ptr<rocksdb::DB> db;
  std::map<std::string, rocksdb::ColumnFamilyHandle*> of;
};

/// Makes of a closed store what a version that wrote format 1 would have made.
void make_format_1(const std::string& path) {
  {
    RawStore raw(path);
    ASSERT_TRUE(raw.db->Delete({}, raw.of["default"], "log").ok());
    raw.make("checks");
    for (const std::string& name : families_of(path)) {
      if (!engine::month_of_name(name)) continue;
      const std::unique_ptr<rocksdb::Iterator> chunks(raw.db->NewIterator({}, raw.of[name]));
      for (chunks->SeekToFirst(); chunks->Valid(); chunks->Next()) {
        ASSERT_TRUE(raw.db->Put({}, raw.of["checks"], chunks->key(), chunks->value()).ok());
      }
    }
    for (const std::string& name : families_of(path)) {
      if (engine::month_of_name(name)) raw.drop(name);
    }
  }
  ASSERT_TRUE(engine::write_marker(path, 1));
}

TEST(Month, IsThatOfTheTimeInTheKey) {
  const auto name_at = [](std::int64_t ms) { return engine::name_of_month(engine::month_of(key_at(7, ms))); };
  EXPECT_EQ(name_at(0), "checks-1970-01");
  EXPECT_EQ(name_at(kJuly - 1), "checks-2026-06");
  EXPECT_EQ(name_at(kJuly), "checks-2026-07");
  EXPECT_EQ(name_at(1'709'164'800'000), "checks-2024-02");  // the 29th
  EXPECT_EQ(name_at(to_ms(kTimeLimit) - 1), "checks-9999-12");
  for (const char* const name : {"checks-1970-01", "checks-2026-07", "checks-9999-12"}) {
    const auto month = engine::month_of_name(name);
    ASSERT_TRUE(month) << name;
    EXPECT_EQ(engine::name_of_month(*month), name);
  }
  for (const char* const name : {"checks", "checks-", "checks-2026-13", "checks-2026-00", "checks-2026-7", "days",
                                 "checks-2026-071", "checks-1969-12", "checks-2026+07", "checks-20a6-07"}) {
    EXPECT_FALSE(engine::month_of_name(name)) << name;
  }
}

TEST(Month, OfAnyBytesNeverFallsFromOneKeyToTheNext) {
  engine::Month before = 0;
  for (const std::string& rest :
       {std::string(), std::string(1, '\0'), std::string("\0\0\1", 3), std::string("\0\0\1\x9f", 4), std::string("a"),
        std::string("b"), std::string(20, '\xff')}) {
    const engine::Month month = engine::month_of(kv_key(3, rest));
    EXPECT_GE(month, before);
    before = month;
  }
}

class Months : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open(engine::KvMode mode = engine::KvMode::write) {
    kv_.reset();
    OpenReport report;
    auto opened = engine::open_local(path_, mode, Options(), report);
    ASSERT_TRUE(opened) << opened.error().message;
    kv_ = std::move(*opened);
  }
  /// With everything in tables, for who looks at them without the log.
  void close() {
    ASSERT_TRUE(kv_->local()->flush_tables());
    kv_.reset();
  }
  void write(const Batch& batch) {
    const Batch* const only = &batch;
    engine::Outcome outcome;
    kv_->write(std::span(&only, 1), Durability::process, std::span(&outcome, 1));
    ASSERT_TRUE(outcome.ok()) << outcome.error.message;
  }
  void put(std::uint32_t server, std::int64_t ms, const std::string& value) {
    Batch batch{ServerId{server}};
    batch.put(Space::checks, key_at(server, ms), value);
    write(batch);
  }
  void erase(std::uint32_t server, std::int64_t from_ms, std::int64_t end_ms) {
    Batch batch{ServerId{server}};
    batch.erase_range(Space::checks, key_at(server, from_ms), key_at(server, end_ms));
    write(batch);
  }
  std::unique_ptr<engine::View> view(std::uint32_t server) {
    auto made = kv_->view(ServerId{server}, {Space::checks});
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  static std::string values_of(engine::Range& range) {
    std::string values;
    for (; range.valid(); range.next()) values.append(range.value()).push_back(' ');
    EXPECT_TRUE(range.status());
    return values;
  }
  std::string values(std::uint32_t server, std::int64_t from_ms, std::int64_t end_ms, std::uint32_t limit = 0) {
    const auto made = view(server);
    return values_of(made->range(Space::checks, key_at(server, from_ms), key_at(server, end_ms), {.limit = limit}));
  }
  std::string last(std::uint32_t server, std::int64_t end_ms) {
    const auto made = view(server);
    return values_of(made->last(Space::checks, kv_key(server, ""), key_at(server, end_ms)));
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  std::unique_ptr<engine::Kv> kv_;
};

TEST_F(Months, RangeGoesOnFromMonthToMonth) {
  put(1, kAugust, "august");
  put(1, kJune + 5 * kDayMs, "june");
  put(1, kJuly - 1, "end-of-june");
  put(1, kJuly, "july");
  put(2, kJuly, "other");
  EXPECT_EQ(values(1, kJune, kAugust + kDayMs), "june end-of-june july august ");
  EXPECT_EQ(values(1, kJune, kAugust), "june end-of-june july ");
  EXPECT_EQ(values(1, kJuly - 1, kJuly), "end-of-june ");
  EXPECT_EQ(values(1, kJuly, kJuly + 1), "july ");
  EXPECT_EQ(values(1, kJune, kAugust + 1, 3), "june end-of-june july ");
  EXPECT_EQ(values(1, kJuly + 1, kAugust), "");
  EXPECT_EQ(values(1, 0, to_ms(kTimeLimit) - 1), "june end-of-june july august ");
  const auto made = view(1);
  EXPECT_EQ(values_of(made->range(Space::checks, kv_key(1, ""), kv_key(2, ""))), "june end-of-june july august ");
  made->move_to(ServerId{2});
  EXPECT_EQ(values_of(made->range(Space::checks, kv_key(2, ""), kv_key(3, ""))), "other ");
}

TEST_F(Months, RangeOverAllServersIsInTheOrderOfKeys) {
  put(1, kJuly, "1-july");
  put(2, kJune, "2-june");
  put(1, kJune, "1-june");
  put(2, kAugust, "2-august");
  put(9, kJune, "9-june");
  const auto all = kv_->view_all(Space::checks);
  ASSERT_TRUE(all);
  EXPECT_EQ(values_of((*all)->range(Space::checks, {}, {})), "1-june 1-july 2-june 2-august 9-june ");
  EXPECT_EQ(values_of((*all)->range(Space::checks, kv_key(2, ""), {})), "2-june 2-august 9-june ");
  EXPECT_EQ(values_of((*all)->range(Space::checks, kv_key(1, ""), kv_key(9, ""))), "1-june 1-july 2-june 2-august ");
  EXPECT_EQ(values_of((*all)->range(Space::checks, kv_key(2, ""), kv_key(9, ""), {.limit = 1})), "2-june ");
}

TEST_F(Months, LastIsFoundBehindMonthsWithNothingLeft) {
  put(1, kJune + kDayMs, "june");
  put(1, kJuly + kDayMs, "july");
  put(1, kAugust, "august");
  put(2, kAugust, "other");
  EXPECT_EQ(last(1, kAugust + 1), "august ");
  EXPECT_EQ(last(1, kAugust), "july ");
  EXPECT_EQ(last(1, kJuly), "june ");
  EXPECT_EQ(last(1, kJune), "");
  erase(1, kJuly, kAugust + 1);
  EXPECT_EQ(last(1, kAugust + 1), "june ");
}

TEST_F(Months, ErasureGoesOverTheEdge) {
  for (int day = -2; day <= 2; ++day) put(1, kJuly + day * kDayMs, std::to_string(day));
  put(2, kJuly, "other");
  erase(1, kJuly - kDayMs, kJuly + kDayMs);
  EXPECT_EQ(values(1, kJune, kAugust), "-2 1 2 ");
  EXPECT_EQ(values(2, kJune, kAugust), "other ");
}

TEST_F(Months, ViewShowsNothingOfAMonthThatCameLater) {
  put(1, kJune, "june");
  const auto before = view(1);
  put(1, kJuly, "july");
  EXPECT_EQ(values_of(before->range(Space::checks, kv_key(1, ""), kv_key(2, ""))), "june ");
  EXPECT_EQ(values(1, kJune, kAugust), "june july ");
}

TEST_F(Months, RangeOfLateTimesReadsNoTableOfEarlierOnes) {
  for (std::uint32_t server = 1; server <= 9; ++server) {
    put(server, kJune, "1st");
    put(server, kJune + 2 * kDayMs, "3rd");
  }
  ASSERT_TRUE(kv_->local()->flush_tables());
  for (std::uint32_t server = 1; server <= 9; server += 2) put(server, kJune + 20 * kDayMs, "21st");
  erase(3, kJune + 2 * kDayMs, kJune + 3 * kDayMs);
  ASSERT_TRUE(kv_->local()->flush_tables());
  const auto made = view(2);
  const auto reads = [&] { return made->read_counts().reads + made->read_counts().hits; };
  const auto read = [&](std::uint32_t server, std::int64_t from_ms) {
    made->move_to(ServerId{server});
    return values_of(made->range(Space::checks, key_at(server, from_ms), key_at(server, kJuly)));
  };
  const std::uint64_t before = reads();
  EXPECT_EQ(read(1, kJune + 3 * kDayMs), "21st ");
  const std::uint64_t of_one = reads() - before;
  EXPECT_EQ(of_one, 1U) << "the earlier table was read too";
  EXPECT_EQ(read(2, kJune + 3 * kDayMs), "");
  // The same view sees the rest when it is asked for earlier times, and goes on with later ones.
  EXPECT_EQ(read(2, kJune), "1st 3rd ");
  EXPECT_EQ(read(1, kJune + 2 * kDayMs), "3rd 21st ");
  EXPECT_EQ(read(3, kJune + 2 * kDayMs), "21st ") << "what was erased is not there again";
  EXPECT_EQ(read(3, kJune), "1st 21st ");
  EXPECT_EQ(read(9, kJune + 20 * kDayMs), "21st ");
  EXPECT_EQ(last(2, kJuly), "3rd ");
}

TEST_F(Months, AreThereAgainAfterOpening) {
  put(1, kJune, "june");
  put(1, kAugust, "august");
  open();
  EXPECT_EQ(values(1, kJune, kAugust + 1), "june august ");
  open(engine::KvMode::read_only);
  EXPECT_EQ(values(1, kJune, kAugust + 1), "june august ");
}

TEST_F(Months, OneThatACrashLeftEmptyTakesChunks) {
  put(1, kJune, "june");
  kv_.reset();
  RawStore(path_).make("checks-2026-07");
  open();
  EXPECT_EQ(last(1, kAugust), "june ");
  put(1, kJuly, "july");
  EXPECT_EQ(values(1, kJune, kAugust), "june july ");
}

TEST_F(Months, ReaderSeesANewOneOnceItOpensAgain) {
  put(1, kJune, "june");
  OpenReport report;
  const auto open_reader = [&] {
    auto opened = engine::open_local(path_, engine::KvMode::read_only, Options(), report);
    EXPECT_TRUE(opened);
    return std::move(*opened);
  };
  const auto read = [](engine::Kv& kv) {
    const auto made = kv.view(ServerId{1}, {Space::checks});
    return values_of((*made)->range(Space::checks, kv_key(1, ""), kv_key(2, "")));
  };
  const auto early = open_reader();
  put(1, kJuly, "july");
  EXPECT_EQ(read(*early), "june ");
  EXPECT_EQ(read(*open_reader()), "june july ");
}

TEST_F(Months, OfManyYearsAreOpenAtOnce) {
  Batch batch{ServerId{1}};
  std::string expected;
  for (int year = 0; year < 20; ++year) {
    for (int month = 0; month < 12; ++month) {
      const std::int64_t ms = (year * 12 + month) * 2'629'800'000LL + 10 * kDayMs;
      batch.put(Space::checks, key_at(1, ms), "x");
      expected += "x ";
    }
  }
  write(batch);
  open();
  EXPECT_EQ(values(1, 0, kJune), expected);
  EXPECT_EQ(families_of(path_).size(), 4U + 240U);
}

TEST_F(Months, StoreOfFormat1KeepsItsChunksAndPutsNewMonthsBeside) {
  put(1, kJune, "june");
  put(2, kJuly + kDayMs, "july-of-2");
  close();
  make_format_1(path_);
  open(engine::KvMode::read_only);
  EXPECT_EQ(values(1, kJune, kAugust), "june ");
  kv_.reset();
  EXPECT_EQ(format_of(path_), "nines 1") << "who only reads changes nothing";
  open();
  EXPECT_EQ(format_of(path_), "nines 3");
  put(1, kJuly, "july");
  put(1, kAugust, "august");
  put(1, kJune - kDayMs, "may");
  for (const bool again : {false, true}) {
    if (again) open();
    EXPECT_EQ(values(1, kJune - kDayMs, kAugust + 1), "may june july august ");
    EXPECT_EQ(values(2, kJune, kAugust), "july-of-2 ");
    EXPECT_EQ(last(1, kAugust + 1), "august ");
  }
  kv_.reset();
  EXPECT_EQ(families_of(path_),
            (std::vector<std::string>{"checks", "checks-2026-08", "days", "default", "recent", "servers"}));
  open(engine::KvMode::read_only);
  EXPECT_EQ(values(1, kJune - kDayMs, kAugust + 1), "may june july august ");
}

TEST_F(Months, UpgradeThatWasCutShortIsDoneAgain) {
  put(1, kJune, "june");
  close();
  make_format_1(path_);
  open();  // notes that the months begin with July
  kv_.reset();
  {
    // The crash has left the note and not the mark, and an older version has gone on.
    RawStore raw(path_);
    ASSERT_TRUE(raw.db->Put({}, raw.of["checks"], key_at(1, kAugust), "august").ok());
  }
  ASSERT_TRUE(engine::write_marker(path_, 1));
  open();
  put(1, kAugust + kDayMs, "august-2");
  EXPECT_EQ(values(1, kJune, kAugust + 2 * kDayMs), "june august august-2 ");
  kv_.reset();
  EXPECT_EQ(families_of(path_), (std::vector<std::string>{"checks", "days", "default", "recent", "servers"}));
}

TEST_F(Months, StoreOfFormat1WithoutAChunkBeginsWithMonths) {
  close();
  make_format_1(path_);
  open();
  put(1, kJune, "june");
  EXPECT_EQ(values(1, 0, kAugust), "june ");
  kv_.reset();
  EXPECT_EQ(families_of(path_),
            (std::vector<std::string>{"checks", "checks-2026-06", "days", "default", "recent", "servers"}));
}

TEST_F(Months, BackupHasThemAll) {
  put(1, kJune, "june");
  put(1, kJuly, "july");
  ASSERT_TRUE(kv_->local()->backup(directory_ / "copy", {.previous = {}, .made = from_ms(0), .progress = {}}));
  put(1, kAugust, "august");
  OpenReport report;
  auto copy = engine::open_local(directory_ / "copy", engine::KvMode::write, Options(), report);
  ASSERT_TRUE(copy) << copy.error().message;
  kv_ = std::move(*copy);
  EXPECT_EQ(values(1, kJune, kAugust + 1), "june july ");
}

TEST_F(Months, BackupOfAStoreOfFormat1IsOne) {
  put(1, kJune, "june");
  close();
  make_format_1(path_);
  open(engine::KvMode::read_only);
  ASSERT_TRUE(kv_->local()->backup(directory_ / "copy", {.previous = {}, .made = from_ms(0), .progress = {}}));
  EXPECT_EQ(format_of(directory_ / "copy"), "nines 1");
}

class MonthsOfAStore : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return from_ms(kAugust + 2 * kDayMs); };
    options_.disk_reserve_bytes = 1;
    options_.performance.head_bytes = 0;
    open();
    Server server;
    server.name = "server";
    ASSERT_TRUE(store_->add_server(server));
  }
  void open() {
    store_.reset();
    store_ = open_or_fail(path_, options_);
    ASSERT_NE(store_, nullptr);
  }
  static CheckResult result_at(std::int64_t ms, std::uint32_t latency_us = 100) {
    CheckResult result;
    result.server = ServerId{1};
    result.time = from_ms(ms);
    result.state = State::up;
    result.latency_us = latency_us;
    result.interval_ms = 3'600'000;
    return result;
  }
  /// A result an hour in [begin, end), loaded and expected.
  void load(std::int64_t begin_ms, std::int64_t end_ms) {
    std::vector<CheckResult> results;
    for (std::int64_t ms = begin_ms; ms < end_ms; ms += 3'600'000) results.push_back(result_at(ms));
    ASSERT_TRUE(store_->load(ServerId{1}, results));
    for (const CheckResult& result : results) expected_[to_ms(result.time)] = result;
  }
  void append(const CheckResult& result) {
    ASSERT_TRUE(store_->append(result, Durability::process));
    expected_[to_ms(result.time)] = result;
  }
  void expect_all(Window window = kAll) {
    std::vector<CheckResult> expected;
    for (const auto& [ms, result] : expected_) {
      if (result.time >= window.from && result.time < window.to) expected.push_back(result);
    }
    expect_same(read_window(*store_, ServerId{1}, window), expected);
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::unique_ptr<Store> store_;
  std::map<std::int64_t, CheckResult> expected_;
};

TEST_F(MonthsOfAStore, WindowOverThreeOfThemAnswersAsOne) {
  load(kJuly - 3 * kDayMs, kAugust + 2 * kDayMs);
  expect_all();
  expect_all({from_ms(kJuly - 1), from_ms(kAugust + 1)});
  expect_all({from_ms(kJuly), from_ms(kAugust)});
  open();
  expect_all();
  const auto last = store_->last_result(ServerId{1});
  ASSERT_TRUE(last && *last);
  EXPECT_EQ(to_ms((*last)->time), kAugust + 2 * kDayMs - 3'600'000);
}

TEST_F(MonthsOfAStore, LateResultsFindTheirOldMonth) {
  load(kJuly - 2 * kDayMs, kAugust + kDayMs);
  append(result_at(kJuly - 1, 7));
  append(result_at(kJuly, 8));  // replaces one
  append(result_at(kJune, 9));  // in a month that has none
  append(result_at(kJuly + 1'800'000, 1));
  expect_all();
  open();
  expect_all();
  const auto verified = store_->verify();
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->damages, 0U);
}

TEST_F(MonthsOfAStore, ErasureOverTheEdgeLeavesWhatIsBeside) {
  load(kJuly - 2 * kDayMs, kJuly + 2 * kDayMs);
  const Window gone{from_ms(kJuly - 7'200'000), from_ms(kJuly + 7'200'000)};
  const auto erased = store_->erase(ServerId{1}, gone, std::nullopt);
  ASSERT_TRUE(erased);
  EXPECT_EQ(*erased, 4U);
  std::erase_if(expected_,
                [&](const auto& entry) { return entry.second.time >= gone.from && entry.second.time < gone.to; });
  expect_all();
}

TEST_F(MonthsOfAStore, NewestResultIsFoundBeforeAnErasedMonth) {
  load(kJuly - 2 * kDayMs, kAugust + kDayMs);
  ASSERT_TRUE(store_->erase(ServerId{1}, {from_ms(kJuly), kTimeLimit}, std::nullopt));
  open();
  const auto last = store_->last_result(ServerId{1});
  ASSERT_TRUE(last && *last);
  EXPECT_EQ(to_ms((*last)->time), kJuly - 3'600'000);
  std::erase_if(expected_, [](const auto& entry) { return entry.first >= kJuly; });
  append(result_at(kAugust + 1));
  expect_all();
}

TEST_F(MonthsOfAStore, StoreOfFormat1AnswersOnBothSidesOfItsEnd) {
  load(kJuly - 2 * kDayMs, kJuly + 2 * kDayMs);
  ASSERT_TRUE(store_->close());
  store_.reset();
  make_format_1(path_);
  {
    const auto reader = Store::open_read_only(path_, options_);
    ASSERT_TRUE(reader) << reader.error().message;
    EXPECT_EQ(read_window(**reader, ServerId{1}, kAll).size(), expected_.size());
  }
  open();
  load(kAugust - kDayMs, kAugust + kDayMs);  // July lies in the old family and August does not
  append(result_at(kJune + 1));
  expect_all();
  open();
  expect_all();
  expect_all({from_ms(kJuly - kDayMs), from_ms(kAugust + 3'600'000)});
  ASSERT_TRUE(store_->compact());
  expect_all();
}

/// Retention that keeps nothing of June, and of July its last day.
class MonthsAndRetention : public MonthsOfAStore {
 protected:
  void keep_from_the_last_of_july() {
    options_.trust_clock = true;
    options_.keep_checks = options_.keep_summaries = std::chrono::days{3};
    open();
  }
  void forget_before(std::int64_t ms) {
    std::erase_if(expected_, [ms](const auto& entry) { return entry.first < ms; });
  }
  std::vector<std::string> months() {
    std::vector<std::string> names;
    for (const std::string& name : families_of(path_)) {
      if (engine::month_of_name(name)) names.push_back(name);
    }
    return names;
  }
};

TEST_F(MonthsAndRetention, MonthThatNobodyKeepsGoesAsAWhole) {
  load(kJuly - 3 * kDayMs, kAugust + 2 * kDayMs);
  ASSERT_TRUE(store_->compact());
  EXPECT_EQ(months(), (std::vector<std::string>{"checks-2026-06", "checks-2026-07", "checks-2026-08"}));
  keep_from_the_last_of_july();
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_EQ(months(), (std::vector<std::string>{"checks-2026-07", "checks-2026-08"}));
  forget_before(kAugust - kDayMs);
  expect_all();
  open();
  expect_all();
}

TEST_F(MonthsAndRetention, ServerThatKeepsAllHoldsItsMonths) {
  load(kJuly - 3 * kDayMs, kAugust + 2 * kDayMs);
  Server server;
  server.name = "archive";
  server.retention.checks = std::chrono::days{-1};
  ASSERT_TRUE(store_->add_server(server));
  keep_from_the_last_of_july();
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_EQ(months(), (std::vector<std::string>{"checks-2026-06", "checks-2026-07", "checks-2026-08"}));
  forget_before(kAugust - kDayMs);
  expect_all();
}

TEST_F(MonthsAndRetention, CursorReadsOnInAMonthThatWasDropped) {
  load(kJuly - 3 * kDayMs, kAugust + 2 * kDayMs);
  keep_from_the_last_of_july();
  auto cursor = store_->scan(ServerId{1}, kAll, {});
  ASSERT_TRUE(cursor);
  const auto first = (*cursor)->next();
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_NE(*first, nullptr);
  std::size_t found = (*first)->size();
  ASSERT_TRUE(store_->apply_retention());
  EXPECT_EQ(months().size(), 2U);
  for (;;) {
    const auto segment = (*cursor)->next();
    ASSERT_TRUE(segment) << segment.error().message;
    if (*segment == nullptr) break;
    found += (*segment)->size();
  }
  EXPECT_EQ(found, expected_.size()) << "as it was when the cursor began";
  forget_before(kAugust - kDayMs);
  expect_all();
}

TEST_F(MonthsAndRetention, DamagedMonthGoesWhenItsTimeHasCome) {
  load(kJuly - 3 * kDayMs, kAugust + 2 * kDayMs);
  ASSERT_TRUE(store_->compact());
  ASSERT_TRUE(store_->close());
  store_.reset();
  std::filesystem::path june;
  {
    RawStore raw(path_);
    rocksdb::ColumnFamilyMetaData files;
    raw.db->GetColumnFamilyMetaData(raw.of["checks-2026-06"], &files);
    for (const auto& level : files.levels) {
      for (const auto& file : level.files) june = file.db_path + file.name;
    }
  }
  ASSERT_FALSE(june.empty());
  {
    std::fstream file(june, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file << "damage";
  }
  keep_from_the_last_of_july();
  const auto verified = store_->verify();
  ASSERT_TRUE(verified);
  ASSERT_GT(verified->damages, 0U);
  // That something could not be erased is said once; the damage has gone with its month.
  EXPECT_FALSE(store_->apply_retention());
  EXPECT_EQ(months(), (std::vector<std::string>{"checks-2026-07", "checks-2026-08"}));
  EXPECT_TRUE(store_->apply_retention());
  forget_before(kAugust - kDayMs);
  expect_all();
  EXPECT_EQ(store_->stats().reopened, 0U);
}

TEST_F(MonthsAndRetention, OldFamilyOfFormat1GoesLikeAMonth) {
  load(kJuly - 3 * kDayMs, kJuly - kDayMs);
  ASSERT_TRUE(store_->close());
  store_.reset();
  make_format_1(path_);
  open();
  load(kJuly + kDayMs, kAugust + 2 * kDayMs);
  keep_from_the_last_of_july();
  ASSERT_TRUE(store_->apply_retention());
  const auto left = families_of(path_);
  EXPECT_EQ(std::count(left.begin(), left.end(), "checks"), 0);
  forget_before(kAugust - kDayMs);
  expect_all();
  // Without a limit the months that it held take results again.
  options_.keep_checks = options_.keep_summaries = std::chrono::days{0};
  open();
  append(result_at(kJune + 5));
  expect_all();
  open();
  expect_all();
}

}  // namespace
}  // namespace nines::test
