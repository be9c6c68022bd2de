// The log: what is appended is read back, whatever a crash leaves of it, and damage is called that.
#include "kv/local/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "codec/key.h"
#include "codec/row.h"
#include "engine/store/faulty_disk.h"
#include "engine/store/read_back.h"
#include "kv/local/row_table.h"

namespace nines::engine {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kStartMs = 1'782'864'000'000;

CheckResult result_at(std::uint32_t server, std::int64_t ms, std::uint32_t latency_us = 80'000) {
  CheckResult result;
  result.server = ServerId{server};
  result.time = from_ms(ms);
  result.state = State::up;
  result.code = 200;
  result.interval_ms = 60'000;
  result.latency_us = latency_us;
  return result;
}

void put(Batch& batch, const CheckResult& result) {
  batch.put(Space::recent, recent_key(result.server, result.time, result.location).view(), encode_row(result));
}

/// What a log is found to hold.
class Found final : public LogVisitor {
 public:
  void begin_record(std::uint64_t position) override { position_ = position; }
  void result(const PackedResult& result) override {
    rows.put(result);
    holders.put(result.server, segment_of(position_), result.time_ms);
  }
  void change(ServerId server, const Batch::Change& change) override {
    if (change.space == Space::recent) {
      rows.apply(server, change);
    } else {
      changes.emplace_back(change.key, change.value);
    }
  }
  [[nodiscard]] Result<void> end_record() override {
    ++records;
    return {};
  }

  [[nodiscard]] std::vector<CheckResult> results(std::uint32_t server) const {
    std::vector<CheckResult> results;
    rows.read(ServerId{server}, results);
    return results;
  }

  RowTable rows;
  std::vector<std::pair<std::string, std::string>> changes;
  std::size_t records = 0;
  RowHolders holders;

 private:
  std::uint64_t position_ = 0;
};

class LogFile : public ::testing::Test {
 protected:
  LogEnd read(Found& found) {
    auto end = read_log(*files_, path_, found);
    EXPECT_TRUE(end) << end.error().message;
    return end ? std::move(*end) : LogEnd{};
  }
  std::unique_ptr<Log> open(std::uint64_t segment_bytes = Log::kSegmentBytes) {
    Found found;
    LogEnd end = read(found);
    auto log = Log::open(
        files_, path_, std::move(end), 0, std::move(found.holders), [this] { return flushed_; }, segment_bytes);
    EXPECT_TRUE(log) << log.error().message;
    return log ? std::move(*log) : nullptr;
  }
  static std::uint64_t append(Log& log, const Batch& batch, Durability durability = Durability::process) {
    const Batch* const only = &batch;
    const auto position = log.append(std::span(&only, 1), durability);
    EXPECT_TRUE(position) << position.error().message;
    return position.value_or(0);
  }
  static std::uint64_t append(Log& log, const CheckResult& result, Durability durability = Durability::process) {
    Batch batch(result.server);
    put(batch, result);
    return append(log, batch, durability);
  }
  [[nodiscard]] std::string name(std::uint64_t number) const { return path_ + "/" + segment_name(number); }
  [[nodiscard]] static std::string bytes_of(const std::string& name) {
    std::ifstream file(name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void write(const std::string& name, std::string_view bytes) {
    std::ofstream(name, std::ios::binary | std::ios::trunc)
        .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  test::TemporaryDirectory directory_;
  const std::string path_ = directory_.path();
  std::shared_ptr<rocksdb::FileSystem> files_ = rocksdb::FileSystem::Default();
  std::uint64_t flushed_ = ~std::uint64_t{0};
};

TEST_F(LogFile, HoldsWhatWasAppendedInItsOrder) {
  {
    const auto log = open();
    Batch batch(ServerId{7});
    put(batch, result_at(7, kStartMs, 1));
    put(batch, result_at(7, kStartMs + 60'000, 2));
    batch.put(Space::servers, server_key(ServerId{7}).view(), "seven");
    append(*log, batch);
    Batch later(ServerId{7});
    put(later, result_at(7, kStartMs + 60'000, 3));  // sent again
    put(later, result_at(7, kStartMs + 30'000, 4));  // late
    later.erase(Space::recent, recent_key(ServerId{7}, from_ms(kStartMs), {}).view());
    append(*log, later, Durability::disk);
  }
  Found found;
  const LogEnd end = read(found);
  EXPECT_FALSE(end.damage) << *end.damage;
  EXPECT_FALSE(end.closed);
  EXPECT_EQ(found.results(7),
            (std::vector<CheckResult>{result_at(7, kStartMs + 30'000, 4), result_at(7, kStartMs + 60'000, 3)}));
  ASSERT_EQ(found.changes.size(), 1U);
  EXPECT_EQ(found.changes[0].second, "seven");
}

TEST_F(LogFile, BufferedIsNotThereUntilItIsFlushed) {
  const auto log = open();
  append(*log, result_at(1, kStartMs), Durability::buffered);
  Found before;
  read(before);
  EXPECT_TRUE(before.results(1).empty());
  ASSERT_TRUE(log->flush(false));
  Found after;
  read(after);
  EXPECT_EQ(after.results(1).size(), 1U);
}

TEST_F(LogFile, ResultTakesAFewBytes) {
  const auto log = open();
  append(*log, result_at(1'000, kStartMs));
  std::uint64_t before = log->position();
  for (std::uint32_t i = 1; i <= 100; ++i) append(*log, result_at(1'000 + i, kStartMs + i * 10, 80'000 + i));
  EXPECT_LE(log->position() - before, 1'600U);
  before = log->position();
  std::vector<Batch> batches;
  std::vector<const Batch*> all;
  for (std::uint32_t server = 1; server <= 1'000; ++server) {
    batches.emplace_back(ServerId{server});
    put(batches.back(), result_at(server, kStartMs + server * 37 % 60'000, 80'000 + server * 13));
  }
  for (const Batch& batch : batches) all.push_back(&batch);
  ASSERT_TRUE(log->append(all, Durability::process));
  EXPECT_LE(log->position() - before, 8'100U);
}

/// A log of one segment with `count` results, and where each record ends in it.
class WrittenLog : public LogFile {
 protected:
  static constexpr std::uint32_t kCount = 30;

  void SetUp() override {
    const auto log = open();
    for (std::uint32_t i = 0; i < kCount; ++i) {
      CheckResult result = result_at(i % 3 + 1, kStartMs + i * 1'000, i);
      if (i % 7 == 3) result.detail = "detail " + std::to_string(i);
      if (i % 5 == 1) result.phases = Phases{1, 2, 3, i, 5};
      results_.push_back(result);
      ends_.push_back(append(*log, result) & 0xffff'ffffU);
    }
    bytes_ = bytes_of(name(1));
  }

  /// Fails the test unless it holds the first `count` results.
  void expect_first(const Found& found, std::size_t count) {
    for (std::uint32_t server = 1; server <= 3; ++server) {
      std::vector<CheckResult> expected;
      for (std::size_t i = 0; i < count; ++i) {
        if (results_[i].server == ServerId{server}) expected.push_back(results_[i]);
      }
      EXPECT_EQ(found.results(server), expected);
    }
  }

  std::vector<CheckResult> results_;
  std::vector<std::uint64_t> ends_;
  std::string bytes_;
};

TEST_F(WrittenLog, CutAnywhereKeepsTheWholeRecordsBeforeIt) {
  for (std::size_t size = SegmentHeader::kBytes; size <= bytes_.size(); ++size) {
    SCOPED_TRACE(size);
    write(name(1), bytes_.substr(0, size));
    Found found;
    const LogEnd end = read(found);
    EXPECT_FALSE(end.damage) << *end.damage;
    const auto whole = static_cast<std::size_t>(
        std::count_if(ends_.begin(), ends_.end(), [&](std::uint64_t at) { return at <= size; }));
    expect_first(found, whole);
    EXPECT_EQ(end.dropped_bytes, size - (whole == 0 ? SegmentHeader::kBytes : ends_[whole - 1]));
    if (HasFailure()) return;
  }
  for (const std::size_t size : {0, 1, 31}) {
    write(name(1), bytes_.substr(0, size));
    Found found;
    EXPECT_TRUE(read(found).damage) << size;
  }
}

TEST_F(WrittenLog, FlippedBitIsDamageUnlessItIsOfTheLastRecord) {
  for (std::size_t at = 0; at < bytes_.size() * 8; ++at) {
    SCOPED_TRACE(at);
    std::string bytes = bytes_;
    bytes[at / 8] = static_cast<char>(static_cast<unsigned char>(bytes[at / 8]) ^ (1U << at % 8));
    write(name(1), bytes);
    Found found;
    const LogEnd end = read(found);
    if (at / 8 < ends_[kCount - 2]) {
      EXPECT_TRUE(end.damage);
    } else {
      EXPECT_FALSE(end.damage);
      EXPECT_GT(end.dropped_bytes, 0U);
    }
    const auto before =
        at / 8 < SegmentHeader::kBytes
            ? 0
            : std::count_if(ends_.begin(), ends_.end(), [&](std::uint64_t end_at) { return end_at <= at / 8; });
    if (found.records > 0) expect_first(found, static_cast<std::size_t>(before));
    if (HasFailure()) return;
  }
}

TEST_F(WrittenLog, GoesOnBehindATornEnd) {
  write(name(1), bytes_.substr(0, bytes_.size() - 3));
  {
    const auto log = open();
    append(*log, result_at(9, kStartMs));
  }
  Found found;
  const LogEnd end = read(found);
  EXPECT_FALSE(end.damage) << *end.damage;
  EXPECT_EQ(end.dropped_bytes, 0U);
  expect_first(found, kCount - 1);
  EXPECT_EQ(found.results(9).size(), 1U);
}

TEST_F(WrittenLog, ZerosAndJunkBehindTheEndAreDropped) {
  for (const std::string& tail :
       {std::string(100'000, '\0'), std::string("\x05garbage that is no record"), std::string(1'000'000, '\x04')}) {
    write(name(1), bytes_ + tail);
    Found found;
    const LogEnd end = read(found);
    EXPECT_FALSE(end.damage) << *end.damage;
    EXPECT_EQ(end.dropped_bytes, tail.size());
    expect_first(found, kCount);
  }
}

TEST_F(WrittenLog, RecordElsewhereIsNone) {
  // The second record, once more behind the last: as a block that was written to another place, or in a text.
  write(name(1), bytes_ + bytes_.substr(ends_[0], ends_[1] - ends_[0]));
  Found found;
  const LogEnd end = read(found);
  EXPECT_FALSE(end.damage);
  EXPECT_EQ(end.dropped_bytes, ends_[1] - ends_[0]);
  EXPECT_EQ(found.records, kCount);
}

TEST_F(WrittenLog, WordThatTheStoreWasClosedIsReadAndGoneOnBehind) {
  {
    const auto log = open();
    ASSERT_TRUE(log->close());
    const Batch batch(ServerId{1});
    const Batch* const only = &batch;
    EXPECT_FALSE(log->append(std::span(&only, 1), Durability::process));
  }
  Found closed;
  EXPECT_TRUE(read(closed).closed);
  expect_first(closed, kCount);
  {
    const auto log = open();
    append(*log, result_at(9, kStartMs));
  }
  Found found;
  const LogEnd end = read(found);
  EXPECT_FALSE(end.closed);
  EXPECT_FALSE(end.damage) << *end.damage;
  EXPECT_EQ(found.records, kCount + 1);
}

/// A log of several segments.
class LongLog : public LogFile {
 protected:
  static constexpr std::uint64_t kSmall = 400;

  void SetUp() override {
    log_ = open(kSmall);
    for (std::uint32_t i = 0; i < 200; ++i) append(*log_, result_at(i % 5 + 1, kStartMs + i * 1'000, i));
  }
  [[nodiscard]] std::vector<std::uint64_t> segments() const { return list_log(*files_, path_)->segments; }
  [[nodiscard]] std::size_t count() {
    Found found;
    EXPECT_FALSE(read(found).damage);
    std::size_t results = 0;
    for (std::uint32_t server = 1; server <= 5; ++server) results += found.results(server).size();
    return results;
  }
  void erase_all(std::uint32_t server) {
    Batch batch(ServerId{server});
    batch.erase_range(Space::recent, server_key(ServerId{server}).view(), prefix_end(ServerId{server}).view());
    append(*log_, batch);
  }

  std::unique_ptr<Log> log_;
};

TEST_F(LongLog, IsReadThroughAllItsSegments) {
  ASSERT_GT(segments().size(), 4U);
  EXPECT_EQ(count(), 200U);
}

TEST_F(LongLog, LostSegmentIsDamageAndNamed) {
  log_.reset();
  const auto numbers = segments();
  for (const std::uint64_t number : numbers) {
    SCOPED_TRACE(number);
    const std::string bytes = bytes_of(name(number));
    std::filesystem::remove(name(number));
    Found found;
    const LogEnd end = read(found);
    ASSERT_TRUE(end.damage);
    EXPECT_THAT(*end.damage, HasSubstr(segment_name(number) + " is gone"));
    write(name(number), bytes);
  }
  EXPECT_EQ(count(), 200U);
}

TEST_F(LongLog, OlderSegmentMayEndNowhereButAtItsEnd) {
  log_.reset();
  const std::string bytes = bytes_of(name(2));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    write(name(2), bytes.substr(0, size));
    Found found;
    EXPECT_TRUE(read(found).damage);
  }
}

TEST_F(LongLog, SegmentThatWasBegunAndNotAnnouncedHoldsNothing) {
  log_.reset();
  const std::uint64_t next = segments().back() + 1;
  write(name(next), encode_segment_header({next, 1}));
  write(path_ + "/000999.rows.new", "unfinished");
  EXPECT_EQ(count(), 200U);
  log_ = open(kSmall);
  append(*log_, result_at(1, kStartMs + 999'000));
  EXPECT_EQ(count(), 201U);
  EXPECT_FALSE(std::filesystem::exists(path_ + "/000999.rows.new"));
}

TEST_F(LongLog, SegmentsGoWhenTheirRowsAreErasedAndTheTablesAreWritten) {
  flushed_ = 0;
  Batch change(ServerId{1});
  change.put(Space::servers, server_key(ServerId{1}).view(), "one");
  append(*log_, change);
  const std::size_t before = segments().size();
  for (std::uint32_t server = 1; server <= 4; ++server) erase_all(server);
  ASSERT_TRUE(log_->roll());
  EXPECT_GT(segments().size(), before) << "server 5 has rows in all of them";
  EXPECT_EQ(log_->holders(), (std::vector<ServerId>{ServerId{5}}));
  erase_all(5);
  ASSERT_TRUE(log_->roll());
  EXPECT_GE(segments().size(), 2U) << "the change is in no table yet";
  EXPECT_TRUE(log_->waits_for_tables());
  flushed_ = log_->position();
  ASSERT_TRUE(log_->roll());
  EXPECT_EQ(segments().size(), 1U);
  EXPECT_EQ(count(), 0U);
}

TEST_F(LongLog, NoSegmentGoesWhileItIsHeld) {
  for (std::uint32_t server = 1; server <= 5; ++server) erase_all(server);
  const std::size_t before = segments().size();
  {
    const Log::Hold hold(*log_);
    ASSERT_TRUE(log_->roll());
    EXPECT_EQ(segments().size(), before + 1);
  }
  ASSERT_TRUE(log_->roll());
  EXPECT_EQ(segments().size(), 1U);
}

TEST_F(LongLog, SnapshotHasWhatIsNotWrittenYet) {
  append(*log_, result_at(9, kStartMs), Durability::buffered);
  auto snapshot = log_->snapshot();
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  append(*log_, result_at(9, kStartMs + 1'000));
  Found found;
  for (auto& part : snapshot->parts) {
    auto bytes = read_whole(*part.file, part.bytes);
    ASSERT_TRUE(bytes);
    PackState state;
    ASSERT_TRUE(read_segment(*bytes + part.more, part.number, state, found, ~std::uint64_t{0}));
  }
  EXPECT_EQ(found.results(9).size(), 1U);
}

TEST_F(LongLog, CutLogGoesOnAboveAllNumbersThatHaveBeen) {
  log_.reset();
  const std::uint64_t newest = segments().back();
  std::string bytes = bytes_of(name(2));
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write(name(2), bytes);
  Found damaged;
  LogEnd end = read(damaged);
  ASSERT_TRUE(end.damage);
  Found kept;
  auto cut = read_log(*files_, path_, kept, end.cut);
  ASSERT_TRUE(cut);
  cut->damage = "cut";
  cut->highest = newest;
  auto log = Log::open(files_, path_, std::move(*cut), log_position(newest, 100), {}, [this] { return flushed_; });
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_GT(append(**log, result_at(9, kStartMs)), log_position(newest, 100));
  Found found;
  const LogEnd now = read(found);
  EXPECT_FALSE(now.damage) << *now.damage;
  EXPECT_EQ(found.records, kept.records + 1);
  EXPECT_EQ(segments().back(), newest + 1);
}

/// Fails each step of appending and switching segments in turn.
TEST(LogOnAFailingDisk, LosesNothingThatWasAcknowledgedWhicheverStepFails) {
  for (const auto fault : {test::FaultyDisk::Fault::io, test::FaultyDisk::Fault::no_space}) {
    for (std::uint64_t first = 0;; ++first) {
      SCOPED_TRACE(first);
      const test::TemporaryDirectory directory;
      const std::string path = directory.path();
      const auto disk = std::make_shared<test::FaultyDisk>();
      auto log = Log::open(
          disk, path, {}, 0, {}, [] { return std::uint64_t{0}; }, 200);
      ASSERT_TRUE(log) << log.error().message;
      disk->plan({.first = first, .count = 1, .fault = fault});
      std::vector<CheckResult> acknowledged;
      std::vector<CheckResult> issued;
      for (std::uint32_t i = 0; i < 60; ++i) {
        issued.push_back(result_at(1, kStartMs + i * 1'000, i));
        Batch batch(ServerId{1});
        put(batch, issued.back());
        const Batch* const only = &batch;
        if (!(*log)->append(std::span(&only, 1), i % 4 == 0 ? Durability::disk : Durability::process)) break;
        acknowledged.push_back(issued.back());
      }
      const bool failed = disk->failures() > 0;
      disk->heal();
      log->reset();
      for (int time = 0; time < 2; ++time) {
        Found found;
        auto end = read_log(*disk, path, found);
        ASSERT_TRUE(end) << end.error().message;
        ASSERT_FALSE(end->damage) << *end->damage;
        const auto results = found.results(1);
        EXPECT_TRUE(results == acknowledged || results == issued)
            << results.size() << " of " << acknowledged.size() << " or " << issued.size() << ", time " << time;
        // Once more, opened and appended to.
        auto again = Log::open(
            disk, path, std::move(*end), 0, std::move(found.holders), [] { return std::uint64_t{0}; }, 200);
        ASSERT_TRUE(again) << again.error().message;
        acknowledged = issued = results;
        issued.push_back(result_at(1, kStartMs + 100'000 + time));
        acknowledged = issued;
        Batch batch(ServerId{1});
        put(batch, issued.back());
        const Batch* const only = &batch;
        ASSERT_TRUE((*again)->append(std::span(&only, 1), Durability::process));
      }
      if (HasFailure()) return;
      if (!failed) break;
    }
  }
}

/// Puts rows into a table one by one, or staged and each server's at once.
class RowPutter {
 public:
  RowPutter(RowTable& table, bool staging) : table_(table), staging_(staging) {}

  void put(const PackedResult& result) {
    if (staging_ && table_.all_decode()) {
      const auto row = table_.stage(result);
      ASSERT_TRUE(row);
      staged_[result.server].push_back(*row);
      return;
    }
    flush();
    table_.put(result);
  }
  void apply(ServerId server, const Batch::Change& change) {
    if (staging_ && table_.all_decode() && change.kind == Batch::Kind::erase_range) {
      if (const auto end_ms = erased_before(server, change.key, change.value)) {
        staged_[server].push_back({*end_ms, server, StagedRow::kErase, 0, 0});
        return;
      }
    }
    flush();
    table_.apply(server, change);
  }
  void flush() {
    for (const auto& [server, rows] : staged_) {
      std::vector<const StagedRow*> pointers;
      for (const StagedRow& row : rows) pointers.push_back(&row);
      std::int64_t newest_ms = -1;
      for (auto row = rows.begin(); row != rows.end(); ++row) {
        const auto erases = [&](const StagedRow& later) {
          return later.judgement == StagedRow::kErase && later.time_ms > row->time_ms;
        };
        if (row->judgement != StagedRow::kErase && std::none_of(row, rows.end(), erases)) {
          newest_ms = std::max(newest_ms, row->time_ms);
        }
      }
      EXPECT_EQ(table_.append(server, pointers), newest_ms);
    }
    staged_.clear();
    table_.drop_staged();
  }

 private:
  RowTable& table_;
  const bool staging_;
  std::map<ServerId, std::vector<StagedRow>> staged_;
};

TEST(RowTable, HoldsWhatAMapHolds) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    const auto pick = [&](std::uint64_t below) { return random() % below; };
    RowTable table;
    RowPutter rows(table, seed % 2 == 0);
    std::map<std::string, std::string> model;
    for (int step = 0; step < 800; ++step) {
      const ServerId server{static_cast<std::uint32_t>(1 + pick(3) * 300)};
      CheckResult result =
          result_at(static_cast<std::uint32_t>(server), kStartMs + static_cast<std::int64_t>(pick(200)) * 1'000,
                    static_cast<std::uint32_t>(pick(1'000'000)));
      result.location = LocationId{static_cast<std::uint16_t>(pick(3))};
      result.interval_ms = static_cast<std::uint32_t>(pick(100)) * 500;
      if (pick(5) == 0) result.detail = "detail";
      if (pick(5) == 0) result.latency_us.reset();
      if (pick(5) == 0) result.phases = Phases{1, 2, 3, 4, static_cast<std::uint32_t>(step)};
      const std::string key(recent_key(server, result.time, result.location).view());
      switch (pick(20)) {
        case 0:
          rows.apply(server, {Batch::Kind::erase, Space::recent, key, {}});
          model.erase(key);
          break;
        case 1: {
          const std::string from(pick(2) == 0 ? server_key(server).view()
                                              : recent_key(server, from_ms(kStartMs + 50'000), {}).view());
          const Key prefix = prefix_end(server);
          const Key time_key = recent_key(server, result.time, {});
          const std::array<std::string_view, 3> ends{prefix.view(), time_key.view(), key};
          const std::string to(ends.at(pick(3)));
          if (from >= to) break;
          rows.apply(server, {Batch::Kind::erase_range, Space::recent, from, to});
          model.erase(model.lower_bound(from), model.lower_bound(to));
          break;
        }
        case 2:
          if (seed % 4 == 0) break;  // or little would be staged
          rows.apply(server, {Batch::Kind::put, Space::recent, key, "no row"});
          model[key] = "no row";
          break;
        default:
          rows.put(to_packed(result));
          model[key] = encode_row(result);
      }
    }
    rows.flush();
    RowTable::Entries entries;
    for (auto server = table.next_server(ServerId{}); server;
         server = table.next_server(ServerId{static_cast<std::uint32_t>(*server) + 1})) {
      const auto some = table.entries(*server);
      entries.insert(entries.end(), some.begin(), some.end());
    }
    EXPECT_EQ(entries, RowTable::Entries(model.begin(), model.end()));
  }
}

TEST(LogRecord, AnyResultsComeBackAsTheyWere) {
  std::mt19937_64 random(5);
  const auto pick = [&](std::uint64_t below) { return random() % below; };
  PackState packing;
  PackState unpacking;
  for (int record = 0; record < 300; ++record) {
    std::vector<Batch> batches;
    std::map<ServerId, std::vector<CheckResult>> expected;
    for (std::uint64_t count = 1 + pick(4); count > 0; --count) {
      const ServerId server{static_cast<std::uint32_t>(1 + pick(kMaxServerNumber))};
      if (expected.contains(server)) continue;
      batches.emplace_back(server);
      for (std::int64_t i = 0; i < static_cast<std::int64_t>(1 + pick(5)); ++i) {
        CheckResult result;
        result.server = server;
        result.time = from_ms(i + static_cast<std::int64_t>(pick(253'402'300'799'000)));
        result.location = LocationId{static_cast<std::uint16_t>(pick(1'024))};
        result.state = static_cast<State>(pick(4));
        result.error = static_cast<ErrorClass>(pick(256));
        result.retry = pick(2) == 0;
        result.code = static_cast<std::uint16_t>(pick(65'536));
        result.interval_ms = static_cast<std::uint32_t>(random());
        if (pick(2) == 0) result.latency_us = static_cast<std::uint32_t>(pick(kMaxLatencyUs + std::uint64_t{1}));
        if (pick(3) == 0) result.phases = Phases{1, 0, static_cast<std::uint32_t>(random()), 7, 9};
        if (pick(3) == 0) result.detail = std::string(pick(kMaxDetailBytes + 1), 'x');
        put(batches.back(), result);
        expected[server].push_back(result);
      }
    }
    std::vector<const Batch*> all;
    for (const Batch& batch : batches) all.push_back(&batch);
    struct Collect final : RecordVisitor {
      void result(const PackedResult& packed) override {
        CheckResult result;
        from_packed(packed, result);
        results[packed.server].push_back(result);
      }
      void change(ServerId, const Batch::Change&) override { ++others; }
      void continued(std::uint64_t) override { ++others; }
      void closed() override { ++others; }
      std::map<ServerId, std::vector<CheckResult>> results;
      int others = 0;
    } packed, unpacked;
    std::string bytes;
    pack_batches(all, packing, bytes, packed);
    ASSERT_TRUE(unpack_record(bytes, unpacking, unpacked));
    EXPECT_EQ(packed.results, expected);
    EXPECT_EQ(unpacked.results, expected);
    EXPECT_EQ(packed.others + unpacked.others, 0);
    // Cut anywhere it is no record, and does no harm.
    PackState copy = unpacking;
    Collect ignored;
    static_cast<void>(unpack_record(std::string_view(bytes).substr(0, pick(bytes.size())), copy, ignored));
  }
}

}  // namespace
}  // namespace nines::engine
