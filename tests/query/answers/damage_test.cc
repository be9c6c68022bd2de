// Damaged results are unknown time, and said; what is intact beside them is answered as ever.
#include <nines/dashboard.h>
#include <nines/incident.h>
#include <nines/report.h>
#include <nines/slo.h>

#include <filesystem>
#include <fstream>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DamagedHistory : public History {
 protected:
  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(DamagedHistory, DamagedTimeIsUnknownWhateverHeldBeforeIt) {
  checks(start_, "uuuuuuuuuu");
  store_.damage(server_.id, {start_ + minutes{3}, start_ + minutes{5}});
  EXPECT_EQ(line(start_, start_ + minutes{10}), "u180 ?120 u300");
  const Figures f = figures(start_, start_ + minutes{10});
  EXPECT_EQ(f.counts.successful, 8U);
  ASSERT_THAT(f.holes, SizeIs(1));
  EXPECT_EQ(f.holes[0].window, (Window{start_ + minutes{3}, start_ + minutes{5}}));
  EXPECT_EQ(f.holes[0].error.code, ErrorCode::corruption);
}

TEST_F(DamagedHistory, HoleIsToldWithinTheWindowOnly) {
  checks(start_, "uuuuuuuuuu");
  store_.damage(server_.id, {start_ + minutes{3}, start_ + minutes{5}});
  const Figures f = figures(start_ + minutes{4}, start_ + minutes{10});
  ASSERT_THAT(f.holes, SizeIs(1));
  EXPECT_EQ(f.holes[0].window, (Window{start_ + minutes{4}, start_ + minutes{5}}));
  EXPECT_THAT(figures(start_ + minutes{5}, start_ + minutes{10}).holes, IsEmpty());
}

TEST_F(DamagedHistory, OutageEndsWhereNothingIsKnown) {
  checks(start_, "uudddddduu");
  store_.damage(server_.id, {start_ + minutes{4}, start_ + minutes{6}});
  EXPECT_EQ(line(start_, start_ + minutes{10}), "u120 d120 ?120 d120 u120");
  const Figures f = figures(start_, start_ + minutes{10});
  ASSERT_THAT(f.incidents, SizeIs(1)) << "unknown time that short divides no outage";
  EXPECT_EQ(f.incidents[0].from, start_ + minutes{2});
}

TEST_F(DamagedHistory, DamagedSummaryIsMadeUpForByItsResults) {
  const TimeMs day = at("2026-07-01");
  for (int i = 0; i < 10; ++i) checks(day + hours{24 * i}, std::string(1440, i == 4 ? 'd' : 'u'));
  const Query all = query(day, day + hours{240});
  const auto whole = uptime(store_, server_.id, all);
  ASSERT_TRUE(whole);
  // Of the fifth day an hour is damaged: its summary with it, and the rest of its results is there.
  store_.damage(server_.id, {day + hours{4 * 24 + 10}, day + hours{4 * 24 + 11}});
  const auto hurt = uptime(store_, server_.id, all);
  ASSERT_TRUE(hurt) << hurt.error().message;
  EXPECT_EQ(whole->figures.time[State::down] - hurt->figures.time[State::down], 60 * kMinute);
  EXPECT_EQ(hurt->figures.time[State::unknown] - whole->figures.time[State::unknown], 60 * kMinute);
  EXPECT_EQ(hurt->figures.counts.failed, whole->figures.counts.failed - 60);
  ASSERT_THAT(hurt->figures.holes, SizeIs(1));
}

TEST_F(DamagedHistory, HistoryThatBeginsDamagedBeginsWithTheServer) {
  checks(start_, "uuuuuuuuuu");
  store_.damage(server_.id, {at("1970-01-01"), start_ + minutes{5}});
  EXPECT_EQ(line(start_, start_ + minutes{10}), "?300 u300");
  EXPECT_EQ(figures(at("2025-12-31"), start_ + minutes{10}).window.from, server_.created_at);
}

// Three servers on a real store, of which one lies in a block that is damaged on disk.
class DamagedBlocks : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("nines_query_damage_") + ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(path_);
    options_.clock = [] { return at("2026-08-01"); };
    options_.performance.head_bytes = 0;
    store_ = open();
    for (int number = 0; number < kServers; ++number) {
      Server server;
      server.name = "server" + std::to_string(10 + number);
      server.created_at = at("2026-07-01");
      const auto id = store_->add_server(server);
      ASSERT_TRUE(id) << id.error().message;
      std::vector<CheckResult> results;
      for (int i = 0; i < 3 * 1440; ++i) {
        CheckResult result;
        result.server = *id;
        result.time = at("2026-07-14") + minutes{i};
        result.state = State::up;
        result.latency_us = 1000U + static_cast<std::uint32_t>(i * 7919 % 90'000);
        result.interval_ms = 60'000;
        results.push_back(result);
      }
      ASSERT_TRUE(store_->load(*id, results));
    }
    ASSERT_TRUE(store_->compact());
    ASSERT_TRUE(store_->close());
    store_.reset();
    damage_largest_table();
    store_ = open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(path_);
  }

  std::unique_ptr<Store> open() {
    auto opened = Store::open(path_.string(), options_);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  void damage_largest_table() const {
    std::filesystem::path largest;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (entry.path().extension() != ".sst") continue;
      if (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)) largest = entry.path();
    }
    std::fstream file(largest, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2));
    file << "damage";
  }

  static constexpr int kServers = 20;
  std::filesystem::path path_;
  Options options_;
  std::unique_ptr<Store> store_;
};

TEST_F(DamagedBlocks, HideNoOtherServerFromTheDashboardAndTheReport) {
  const Query query{{at("2026-07-14"), at("2026-07-17")}, at("2026-07-17"), {}, Summaries::never};
  DashboardOptions options;
  options.bars = BarOptions{3, {}, {}};
  const auto board = dashboard(*store_, query, options);
  ASSERT_TRUE(board) << board.error().message;
  ASSERT_THAT(board->rows, SizeIs(kServers));
  int hurt = 0;
  for (const DashboardRow& row : board->rows) {
    if (row.figures.holes.empty()) {
      EXPECT_EQ(row.figures.uptime_ratio, 1.0) << row.name;
      EXPECT_EQ(row.figures.counts.successful, 3U * 1440) << row.name;
      continue;
    }
    ++hurt;
    EXPECT_GT(row.figures.time[State::unknown], 0) << row.name;
    EXPECT_EQ(row.figures.time[State::down], 0) << row.name;
  }
  EXPECT_GE(hurt, 1);
  EXPECT_LE(hurt, 4) << "a block holds chunks of a few servers";
  EXPECT_TRUE(report(*store_, query, {}));
  EXPECT_TRUE(incidents(*store_, {}, query));
}

TEST_F(DamagedBlocks, TakeNewResultsOfEveryServerAndLetEachBeRemoved) {
  const auto catalog = store_->catalog();
  for (const Server& server : catalog->servers()) {
    CheckResult result;
    result.server = server.id;
    result.time = at("2026-07-20");
    result.state = State::up;
    result.interval_ms = 60'000;
    EXPECT_TRUE(store_->append(result, Durability::process)) << server.name;
    const auto last = store_->last_result(server.id);
    ASSERT_TRUE(last) << server.name << ": " << last.error().message;
    ASSERT_TRUE(*last) << server.name;
    EXPECT_EQ((*last)->time, result.time);
  }
  EXPECT_EQ(store_->stats().reopened, 0U);
  for (const Server& server : catalog->servers()) {
    const auto removed = store_->remove_server(server.id);
    EXPECT_TRUE(removed) << server.name << ": " << removed.error().message;
  }
  EXPECT_THAT(store_->catalog()->servers(), IsEmpty());
  ASSERT_TRUE(store_->close());
  store_ = open();
  EXPECT_THAT(store_->catalog()->servers(), IsEmpty());
}

}  // namespace
}  // namespace nines::test
