// verify() checks the store and not its bytes alone, and readers never hand out what contradicts itself: stores that no
// engine has written, and stores with blocks that cannot be read.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>

#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "codec/summary_codec.h"
#include "engine/store/faulty_disk.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "series/columns.h"
#include "series/summarise.h"

namespace nines::test {
namespace {

using engine::Batch;
using engine::Space;
using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr std::int64_t kDay = 20'600;
constexpr std::int64_t kStartMs = kDay * kDayMs;
constexpr ServerId kServer{1};
constexpr Window kAll{from_ms(0), kTimeLimit};

/// Values of the right version that do not decode.
constexpr std::string_view kNoChunk = "\x01 and no chunk";
constexpr std::string_view kNoRow = "\x01\xff no row";

CheckResult result_at(ServerId server, std::int64_t ms) {
  CheckResult result;
  result.server = server;
  result.time = from_ms(ms);
  result.state = State::up;
  result.latency_us = static_cast<std::uint32_t>(ms / 1'000 % 100'000);
  result.interval_ms = 60'000;
  return result;
}

/// A hundred results a minute apart, `offset_ms` after kStartMs.
std::vector<CheckResult> hundred(ServerId server = kServer, std::int64_t offset_ms = 0) {
  std::vector<CheckResult> results;
  for (int i = 0; i < 100; ++i) results.push_back(result_at(server, kStartMs + offset_ms + i * 60'000LL));
  return results;
}

void put_chunk(Batch& batch, std::span<const CheckResult> results, std::int64_t key_ms) {
  batch.put(Space::checks, engine::chunk_key(batch.server(), from_ms(key_ms)).view(),
            engine::encode_chunk(engine::to_columns(results)));
}

class CraftedStore : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = [] { return from_ms(kStartMs + 10 * kDayMs); };
    options_.disk_reserve_bytes = 1;
    auto store = open_or_fail(path_, options_);
    ASSERT_NE(store, nullptr);
    Server server;
    server.name = "site";
    server.created_at = from_ms(kStartMs);
    ASSERT_EQ(store->add_server(server).value(), kServer);
  }

  /// Writes what `fill` says into the store's files, past the engine.
  void craft(const std::function<void(Batch&)>& fill, ServerId server = kServer) {
    OpenReport report;
    auto kv = engine::open_local(path_, engine::KvMode::write, options_, report);
    ASSERT_TRUE(kv) << kv.error().message;
    Batch batch(server);
    fill(batch);
    const Batch* const batches[] = {&batch};
    engine::Outcome outcome;
    (*kv)->write(batches, Durability::disk, std::span(&outcome, 1));
    ASSERT_TRUE(outcome.ok()) << outcome.error.message;
  }

  /// What verify() finds, opened either way. Fails the test unless both find as much.
  VerifyReport verify() {
    auto reader = Store::open_read_only(path_, options_);
    EXPECT_TRUE(reader) << reader.error().message;
    auto read_only = (*reader)->verify();
    reader->reset();
    auto store = open_or_fail(path_, options_);
    auto report = store->verify();
    EXPECT_TRUE(report && read_only);
    EXPECT_EQ(report->damages, read_only->damages);
    EXPECT_EQ(report->damages, report->damage.size());
    return *report;
  }

  /// Fails the test when a scan's times do not ascend; damage that it says is fine.
  void expect_ascending() {
    for (const bool read_only : {false, true}) {
      auto store = read_only ? Store::open_read_only(path_, options_) : Store::open(path_, options_);
      ASSERT_TRUE(store) << store.error().message;
      auto cursor = (*store)->scan(kServer, kAll, {});
      if (!cursor) continue;
      std::int64_t last_ms = -1;
      for (int calls = 0; calls < 1'000; ++calls) {
        const auto segment = (*cursor)->next();
        if (!segment) continue;
        if (*segment == nullptr) break;
        for (const std::int64_t ms : (*segment)->time_ms) {
          ASSERT_GT(ms, last_ms);
          last_ms = ms;
        }
      }
    }
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
};

TEST_F(CraftedStore, SoundOneHasNoDamage) {
  const auto results = hundred();
  craft([&](Batch& batch) {
    put_chunk(batch, std::span(results).first(60), kStartMs);
    for (std::size_t i = 60; i < 100; ++i) {
      batch.put(Space::recent, engine::recent_key(kServer, results[i].time, {}).view(), engine::encode_row(results[i]));
    }
    DaySummary summary;
    engine::reset_summary(summary, kDay);
    for (const auto& series : engine::to_columns(results)) engine::add_to_summary(summary, series);
    batch.put(Space::days, engine::day_key(kServer, engine::day_at(kDay)).view(), engine::encode_summary(summary));
    // A summary whose results retention has dropped.
    engine::reset_summary(summary, kDay - 1);
    batch.put(Space::days, engine::day_key(kServer, engine::day_at(kDay - 1)).view(), engine::encode_summary(summary));
  });
  const VerifyReport report = verify();
  EXPECT_EQ(report.damages, 0U) << report.damage.front().what;
  EXPECT_EQ(report.results, 100U);
  EXPECT_EQ(report.chunks, 1U);
  EXPECT_EQ(report.rows, 40U);
  EXPECT_EQ(report.summaries, 2U);
  EXPECT_EQ(report.servers, 1U);
}

TEST_F(CraftedStore, RowsThatAreNotLaterThanTheChunksAreFound) {
  const auto results = hundred();
  craft([&](Batch& batch) {
    put_chunk(batch, results, kStartMs);
    for (int i = 0; i < 50; ++i) {
      const CheckResult row = result_at(kServer, kStartMs + i * 60'000 + 30'000);
      batch.put(Space::recent, engine::recent_key(kServer, row.time, {}).view(), engine::encode_row(row));
    }
  });
  const VerifyReport report = verify();
  ASSERT_EQ(report.damages, 1U);
  EXPECT_EQ(report.damage[0].server, kServer);
  EXPECT_TRUE(report.damage[0].window.contains(from_ms(kStartMs)));
  EXPECT_THAT(report.damage[0].what, HasSubstr("not later than all chunks"));
}

TEST_F(CraftedStore, ChunksThatOverlapAreFoundAndNotHandedOut) {
  const auto results = hundred();
  const auto between = hundred(kServer, 30'000);
  craft([&](Batch& batch) {
    put_chunk(batch, results, kStartMs);
    put_chunk(batch, between, kStartMs + 30'000);
  });
  const VerifyReport report = verify();
  ASSERT_EQ(report.damages, 1U);
  EXPECT_EQ(report.damage[0].server, kServer);
  EXPECT_EQ(report.damage[0].window.from, from_ms(kStartMs + 30'000));
  options_.performance.head_bytes = 0;
  expect_ascending();
}

TEST_F(CraftedStore, ChunkUnderTheKeyOfAnotherTimeIsFoundAndNotHandedOut) {
  const auto results = hundred();
  craft([&](Batch& batch) { put_chunk(batch, results, kStartMs + 3 * kDayMs); });
  const VerifyReport report = verify();
  ASSERT_EQ(report.damages, 1U);
  EXPECT_EQ(report.damage[0].server, kServer);
  options_.performance.head_bytes = 0;
  expect_ascending();
}

TEST_F(CraftedStore, SummaryThatIsNotItsDaysIsFound) {
  const auto results = hundred();
  craft([&](Batch& batch) {
    put_chunk(batch, results, kStartMs);
    DaySummary summary;
    engine::reset_summary(summary, kDay);
    for (const auto& series : engine::to_columns(std::span(results).first(10))) {
      engine::add_to_summary(summary, series);
    }
    batch.put(Space::days, engine::day_key(kServer, engine::day_at(kDay)).view(), engine::encode_summary(summary));
  });
  const VerifyReport report = verify();
  ASSERT_EQ(report.damages, 1U);
  EXPECT_EQ(report.damage[0].server, kServer);
  EXPECT_EQ(report.damage[0].window, (Window{from_ms(kStartMs), from_ms(kStartMs + kDayMs)}));
  EXPECT_THAT(report.damage[0].what, HasSubstr("summary"));
}

TEST_F(CraftedStore, KeysOfServersThatTheCatalogDoesNotHaveAreFound) {
  const auto strange = hundred(ServerId{77});
  craft(
      [&](Batch& batch) {
        for (const CheckResult& row : strange) {
          batch.put(Space::recent, engine::recent_key(ServerId{77}, row.time, {}).view(), engine::encode_row(row));
        }
      },
      ServerId{77});
  craft([&](Batch& batch) { put_chunk(batch, hundred(ServerId{78}), kStartMs); }, ServerId{78});
  craft([&](Batch& batch) { put_chunk(batch, hundred(ServerId{0xffff'ffff}), kStartMs); }, ServerId{0xffff'ffff});
  const VerifyReport report = verify();
  std::vector<ServerId> owners;
  for (const Damage& damage : report.damage) owners.push_back(damage.server);
  EXPECT_EQ(owners, (std::vector<ServerId>{ServerId{77}, ServerId{78}, ServerId{0xffff'ffff}}));
}

TEST_F(CraftedStore, RowThatDoesNotDecodeHurtsItsServerAlone) {
  constexpr int kOthers = 20;
  std::vector<ServerId> servers{kServer};
  {
    auto store = open_or_fail(path_, options_);
    for (int number = 0; number < kOthers; ++number) {
      Server server;
      server.name = "other-" + std::to_string(number);
      server.created_at = from_ms(kStartMs);
      servers.push_back(store->add_server(server).value());
      for (const CheckResult& result : hundred(servers.back(), 0))
        ASSERT_TRUE(store->append(result, Durability::process));
    }
    for (const CheckResult& result : hundred(kServer, 0)) ASSERT_TRUE(store->append(result, Durability::process));
  }
  craft([&](Batch& batch) {
    batch.put(Space::recent, engine::recent_key(kServer, from_ms(kStartMs + kDayMs), {}).view(),
              std::string("\x01\xff", 2));
  });
  options_.performance.scan_threads = 8;
  auto store = open_or_fail(path_, options_);
  ASSERT_NE(store, nullptr);
  const auto scan_all = [&] {
    std::atomic<std::size_t> results{0};
    std::atomic<int> hurt{0};
    const auto scanned = store->scan_many(servers, kAll, {}, [&](std::size_t index, Cursor& cursor) -> Result<void> {
      const auto done = cursor.for_each([&](const Segment& segment) { results += segment.size(); });
      EXPECT_EQ(done.has_value(), servers[index] != kServer);
      if (!done) {
        EXPECT_EQ(done.error().code, ErrorCode::corruption) << done.error().message;
        ++hurt;
      }
      return {};
    });
    EXPECT_TRUE(scanned);
    EXPECT_EQ(hurt, 1);
    return results.load();
  };
  EXPECT_EQ(scan_all(), 100U * kOthers);
  EXPECT_EQ(scan_all(), 100U * kOthers);  // the error is not used up
  for (const ServerId server : servers) {
    CheckResult result = hundred(server, 2 * kDayMs).front();
    EXPECT_EQ(store->append(result, Durability::process).has_value(), server != kServer);
  }
  EXPECT_EQ(scan_all(), 101U * kOthers);
}

TEST_F(CraftedStore, ValuesThatDoNotDecodeAreNamedAndReadAround) {
  craft([&](Batch& batch) {
    for (std::int64_t day = 0; day < 5; ++day) {
      put_chunk(batch, hundred(kServer, day * kDayMs), kStartMs + day * kDayMs);
    }
    batch.put(Space::checks, engine::chunk_key(kServer, from_ms(kStartMs + kDayMs)).view(), kNoChunk);
  });
  const VerifyReport report = verify();
  ASSERT_EQ(report.damages, 1U);
  EXPECT_EQ(report.damage[0].server, kServer);
  EXPECT_TRUE(report.damage[0].window.contains(from_ms(kStartMs + kDayMs)));
  EXPECT_EQ(report.results, 400U);

  options_.performance.head_bytes = 0;
  auto store = open_or_fail(path_, options_);
  ASSERT_NE(store, nullptr);
  auto cursor = store->scan(kServer, kAll, {});
  ASSERT_TRUE(cursor) << cursor.error().message;
  std::size_t results = 0;
  int errors = 0;
  for (int calls = 0; calls < 100; ++calls) {
    const auto segment = (*cursor)->next();
    if (!segment) {
      EXPECT_EQ(segment.error().code, ErrorCode::corruption);
      ++errors;
      continue;
    }
    if (*segment == nullptr) break;
    results += (*segment)->size();
  }
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(results, 400U);
  ASSERT_EQ((*cursor)->holes().size(), 1U);
  EXPECT_EQ((*cursor)->holes()[0].window, (Window{from_ms(kStartMs + kDayMs), from_ms(kStartMs + 2 * kDayMs)}));
  // Days: the damaged one is an error, the others come.
  auto days = store->days(kServer, {kDay - 2, kDay + 10}, true);
  ASSERT_TRUE(days);
  std::vector<std::int64_t> found;
  errors = 0;
  for (;;) {
    const auto day = (*days)->next();
    if (!day) {
      EXPECT_EQ(day.error().code, ErrorCode::corruption);
      ASSERT_LT(++errors, 10);
      continue;
    }
    if (*day == nullptr) break;
    found.push_back((*day)->day);
  }
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(found, (std::vector<std::int64_t>{kDay, kDay + 2, kDay + 3, kDay + 4}));
  ASSERT_EQ((*days)->holes().size(), 1U);
  EXPECT_EQ((*days)->holes()[0].window, (Window{from_ms(kStartMs + kDayMs), from_ms(kStartMs + 2 * kDayMs)}));
}

TEST_F(CraftedStore, ManyDamagesAreCountedAndTheFirstListed) {
  craft([&](Batch& batch) {
    for (int i = 0; i < 3'000; ++i) {
      batch.put(Space::recent, engine::recent_key(kServer, from_ms(kStartMs + i), {}).view(), kNoRow);
    }
  });
  auto reader = Store::open_read_only(path_, options_);
  ASSERT_TRUE(reader) << reader.error().message;
  const auto report = (*reader)->verify();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->damages, 3'000U);
  EXPECT_EQ(report->damage.size(), VerifyReport::kMaxDamage);
}

/// A store whose largest table file has a few damaged bytes in its middle.
class HurtStore : public ::testing::Test {
 protected:
  static constexpr std::uint32_t kServers = 40;
  static constexpr int kDays = 30;
  static constexpr int kADay = 288;

  void SetUp() override {
    options_.clock = [] { return from_ms(kStartMs + kDays * kDayMs); };
    options_.disk_reserve_bytes = 1;
    options_.performance.head_bytes = 0;
    auto store = open_or_fail(path_, options_);
    ASSERT_NE(store, nullptr);
    for (std::uint32_t i = 1; i <= kServers; ++i) {
      Server server;
      server.name = "server " + std::to_string(i);
      ids_.push_back(store->add_server(server).value());
      std::vector<CheckResult> history;
      for (int k = 0; k < kDays * kADay; ++k) history.push_back(result_at(ids_.back(), kStartMs + k * 300'000LL));
      ASSERT_TRUE(store->load(ids_.back(), history));
    }
    ASSERT_TRUE(store->compact());
    ASSERT_TRUE(store->close());
    store.reset();
    // Of the table files one has the chunks.
    const FaultyDisk::Image image = read_image(path_);
    for (const auto& [name, bytes] : image) {
      if (!name.ends_with(".sst")) continue;
      store_.reset();
      std::filesystem::remove_all(path_);
      FaultyDisk::Image damaged = image;
      for (std::size_t i = 0; i < 2; ++i) {
        char& byte = damaged[name][bytes.size() / 2 + i];
        byte = static_cast<char>(byte ^ 0x55);
      }
      write_image(damaged, path_);
      auto opened = Store::open(path_, options_);
      if (!opened) continue;
      store_ = std::move(*opened);
      if (!hurt_servers().empty()) return;
    }
    FAIL() << "no damage was met";
  }

  /// The servers of which something cannot be read.
  std::vector<ServerId> hurt_servers() {
    std::vector<ServerId> hurt;
    EXPECT_TRUE(store_->scan_many(ids_, kAll, {}, [&](std::size_t index, Cursor& cursor) -> Result<void> {
      if (!cursor.for_each([](const Segment&) {})) hurt.push_back(ids_[index]);
      return {};
    }));
    return hurt;
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "store";
  Options options_;
  std::vector<ServerId> ids_;
  std::unique_ptr<Store> store_;
};

TEST_F(HurtStore, IsReadAroundAndSaidByEachServersOwnVisit) {
  constexpr std::size_t kWhole = std::size_t{kDays} * kADay;
  std::size_t hurt = 0;
  std::size_t read = 0;
  const auto done = store_->scan_many(ids_, kAll, {}, [&](std::size_t index, Cursor& cursor) -> Result<void> {
    std::vector<std::int64_t> times;
    for (int calls = 0; calls < 10'000; ++calls) {
      const auto segment = cursor.next();
      if (!segment) {
        EXPECT_EQ(segment.error().code, ErrorCode::corruption) << segment.error().message;
        continue;
      }
      if (*segment == nullptr) break;
      times.insert(times.end(), (*segment)->time_ms.begin(), (*segment)->time_ms.end());
    }
    read += times.size();
    if (times.size() == kWhole) {
      EXPECT_TRUE(cursor.holes().empty()) << index;
      return {};
    }
    ++hurt;
    // What is missing lies in the holes, all of it.
    std::size_t next = 0;
    for (int k = 0; k < kDays * kADay; ++k) {
      const std::int64_t ms = kStartMs + k * 300'000LL;
      if (next < times.size() && times[next] == ms) {
        ++next;
        continue;
      }
      EXPECT_TRUE(std::any_of(cursor.holes().begin(), cursor.holes().end(),
                              [&](const Hole& hole) { return hole.window.contains(from_ms(ms)); }))
          << "server " << index << " at " << ms;
    }
    EXPECT_EQ(next, times.size());
    return {};
  });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GE(hurt, 1U);
  EXPECT_LE(hurt, 3U);
  EXPECT_GT(read, kServers * kWhole * 9 / 10);
}

TEST_F(HurtStore, VerifyGoesOnBehindItAndNamesWhoseItIs) {
  const auto report = store_->verify();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GT(report->results, std::uint64_t{kServers} * kDays * kADay * 9 / 10);
  EXPECT_TRUE(std::any_of(report->damage.begin(), report->damage.end(), [](const Damage& damage) {
    return damage.server != ServerId{} && !damage.window.empty() && damage.window.from >= from_ms(kStartMs - kDayMs);
  }));
  EXPECT_LE(report->damages, 10U);
}

TEST_F(HurtStore, VerifyFindsTheSameByOneThreadAndByEight) {
  const auto told = [&](int threads) {
    store_.reset();
    options_.performance.scan_threads = threads;
    store_ = open_or_fail(path_, options_);
    VerifyReport report;
    if (store_ != nullptr) {
      auto verified = store_->verify();
      EXPECT_TRUE(verified) << verified.error().message;
      if (verified) report = std::move(*verified);
    }
    std::string text = std::to_string(report.servers) + " " + std::to_string(report.chunks) + " " +
                       std::to_string(report.rows) + " " + std::to_string(report.summaries) + " " +
                       std::to_string(report.results) + " " + std::to_string(report.damages) + "\n";
    for (const Damage& damage : report.damage) {
      text += std::to_string(static_cast<std::uint32_t>(damage.server)) + " " +
              std::to_string(to_ms(damage.window.from)) + " " + std::to_string(to_ms(damage.window.to)) + " " +
              damage.what + "\n";
    }
    return text;
  };
  const std::string by_one = told(1);
  EXPECT_GT(std::count(by_one.begin(), by_one.end(), '\n'), 1) << "no damage was told";
  EXPECT_EQ(told(2), by_one);
  EXPECT_EQ(told(8), by_one);
}

TEST_F(HurtStore, EveryServerTakesResultsWhichAreReadBehindIt) {
  // One append for all of them, hurt ones included: rows need no chunk.
  for (int k = 0; k < 10; ++k) {
    std::vector<CheckResult> results;
    for (const ServerId id : ids_) results.push_back(result_at(id, kStartMs + kDays * kDayMs + (k + 1) * 60'000));
    const auto appended = store_->append(results, Durability::process);
    ASSERT_TRUE(appended) << appended.error().message;
  }
  const auto expect_todays = [&](ServerId id) {
    auto cursor = store_->scan(id, {from_ms(kStartMs + kDays * kDayMs), kTimeLimit}, {});
    ASSERT_TRUE(cursor) << cursor.error().message;
    std::size_t results = 0;
    for (int calls = 0; calls < 100; ++calls) {
      const auto segment = (*cursor)->next();
      if (!segment) {
        EXPECT_EQ(segment.error().code, ErrorCode::corruption);
        continue;
      }
      if (*segment == nullptr) break;
      results += (*segment)->size();
    }
    EXPECT_EQ(results, 10U);
  };
  for (const ServerId id : ids_) expect_todays(id);
  // Where the day's chunks cannot be read, rows stay rows.
  if (const auto sealed = store_->seal(); !sealed) {
    EXPECT_EQ(sealed.error().code, ErrorCode::corruption);
  }
  for (const ServerId id : ids_) expect_todays(id);
  store_.reset();
  store_ = open_or_fail(path_, options_);
  ASSERT_NE(store_, nullptr);
  for (const ServerId id : ids_) expect_todays(id);
}

TEST_F(CraftedStore, ServerWhoseNewestChunkDoesNotDecodeTakesResults) {
  craft([&](Batch& batch) {
    put_chunk(batch, hundred(), kStartMs);
    batch.put(Space::checks, engine::chunk_key(kServer, from_ms(kStartMs + 10 * kDayMs)).view(), kNoChunk);
  });
  // The day of the damage itself: rows, a late result, sealing, and all of it again after reopening.
  const std::int64_t now_ms = kStartMs + 10 * kDayMs;
  std::vector<CheckResult> stored;
  for (int round = 0; round < 2; ++round) {
    auto store = open_or_fail(path_, options_);
    ASSERT_NE(store, nullptr);
    for (int i = 0; i < 5; ++i) {
      stored.push_back(result_at(kServer, now_ms + (round * 10 + i + 1) * 60'000));
      const auto appended = store->append(stored.back(), Durability::process);
      ASSERT_TRUE(appended) << appended.error().message;
    }
    ASSERT_TRUE(store->seal());
    stored.push_back(result_at(kServer, now_ms + (round * 10) * 60'000 + 90'000));
    const auto late = store->append(stored.back(), Durability::process);
    ASSERT_TRUE(late) << late.error().message;
    std::sort(stored.begin(), stored.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
    auto cursor = store->scan(kServer, {from_ms(now_ms), kTimeLimit}, {});
    ASSERT_TRUE(cursor);
    std::vector<std::int64_t> times;
    for (int calls = 0; calls < 100; ++calls) {
      const auto segment = (*cursor)->next();
      if (!segment) continue;
      if (*segment == nullptr) break;
      times.insert(times.end(), (*segment)->time_ms.begin(), (*segment)->time_ms.end());
    }
    std::vector<std::int64_t> expected;
    for (const CheckResult& result : stored) expected.push_back(to_ms(result.time));
    EXPECT_EQ(times, expected);
  }
}

TEST_F(HurtStore, TooFewDescriptorsAreNoDamage) {
  store_.reset();
  store_ = open_or_fail(path_, options_);
  ASSERT_NE(store_, nullptr);
  rlimit was{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &was), 0);
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next);
  rlimit few = was;
  few.rlim_cur = static_cast<rlim_t>(next);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto short_of = store_->verify();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &was), 0);
  ASSERT_FALSE(short_of);
  EXPECT_EQ(short_of.error().code, ErrorCode::io) << short_of.error().message;
  const auto report = store_->verify();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GT(report->damages, 0U);
}

TEST_F(HurtStore, NewestResultsComeBackwards) {
  const ServerId id = ids_.front();
  const std::int64_t last_ms = kStartMs + (kDays * kADay - 1) * 300'000LL;
  const auto newest = store_->newest(id, kTimeLimit, 5);
  ASSERT_TRUE(newest) << newest.error().message;
  ASSERT_EQ(newest->size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(to_ms((*newest)[i].time), last_ms - static_cast<std::int64_t>(i) * 300'000);
  }
  // The newest before a moment; the last before the first; none before all.
  const auto before = store_->newest(id, from_ms(last_ms), 1);
  ASSERT_TRUE(before);
  ASSERT_EQ(before->size(), 1U);
  EXPECT_EQ(before->front(), result_at(id, last_ms - 300'000));
  EXPECT_EQ(store_->newest(id, from_ms(kStartMs + 1), 10)->size(), 1U);
  EXPECT_TRUE(store_->newest(id, from_ms(kStartMs), 10)->empty());
  // All of them, page by page.
  std::size_t read = 0;
  TimeMs end = kTimeLimit;
  for (;;) {
    const auto page = store_->newest(id, end, 1'000);
    ASSERT_TRUE(page) << page.error().message;
    if (page->empty()) break;
    read += page->size();
    end = page->back().time;
  }
  EXPECT_EQ(read, std::size_t{kDays} * kADay);
  EXPECT_EQ(store_->newest(id, kTimeLimit, 0).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->newest(id, kTimeLimit, Store::kMaxNewest + 1).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(store_->newest(ServerId{999}, kTimeLimit, 1).error().code, ErrorCode::not_found);
}

TEST(Newest, ResultsOfOneMomentStayTogetherAndALongGapIsCrossed) {
  TemporaryDirectory directory;
  Options options;
  options.disk_reserve_bytes = 1;
  auto store = open_or_fail(directory / "store", options);
  ASSERT_NE(store, nullptr);
  Server server;
  server.name = "three places";
  const ServerId id = store->add_server(server).value();
  std::vector<CheckResult> results;
  for (const std::int64_t ms : {kDayMs, kStartMs, kStartMs + 60'000}) {
    for (const std::uint16_t location : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{2}}) {
      results.push_back(result_at(id, ms));
      results.back().location = LocationId{location};
    }
  }
  ASSERT_TRUE(store->append(results, Durability::process));
  const auto four = store->newest(id, kTimeLimit, 4);
  ASSERT_TRUE(four);
  ASSERT_EQ(four->size(), 6U);
  EXPECT_EQ(four->front(), results[8]);
  EXPECT_EQ(four->back(), results[3]);
  const auto oldest = store->newest(id, from_ms(kStartMs), 1);
  ASSERT_TRUE(oldest);
  EXPECT_EQ(oldest->size(), 3U);
}

TEST(FirstResult, IsKnownForAsLongAsASummaryIsKept) {
  TemporaryDirectory directory;
  Options options;
  options.disk_reserve_bytes = 1;
  options.clock = [] { return from_ms(kStartMs + 100 * kDayMs); };
  options.keep_checks = std::chrono::days{150};
  auto store = open_or_fail(directory / "store", options);
  ASSERT_NE(store, nullptr);
  Server server;
  server.name = "site";
  const ServerId id = store->add_server(server).value();
  EXPECT_EQ(store->first_result(id).value(), std::nullopt);
  EXPECT_EQ(store->first_result(ServerId{9}).error().code, ErrorCode::not_found);
  auto results = hundred(id, 60'000);
  for (CheckResult& result : results) result.location = LocationId{2};
  results.push_back(result_at(id, kStartMs + 30'000));
  ASSERT_TRUE(store->append(results, Durability::process));
  EXPECT_EQ(store->first_result(id).value(), from_ms(kStartMs + 30'000));
  ASSERT_TRUE(store->append(result_at(id, kStartMs + 99 * kDayMs), Durability::process));
  ASSERT_TRUE(store->compact());
  EXPECT_EQ(store->first_result(id).value(), from_ms(kStartMs + 30'000));
  store.reset();
  options.keep_checks = std::chrono::days{5};
  options.trust_clock = true;  // one result of that day alone would not make it believable
  store = open_or_fail(directory / "store", options);
  ASSERT_NE(store, nullptr);
  ASSERT_TRUE(store->apply_retention());
  EXPECT_TRUE(read_window(*store, id, {from_ms(0), from_ms(kStartMs + 90 * kDayMs)}).empty());
  EXPECT_EQ(store->first_result(id).value(), from_ms(kStartMs + 30'000));
}

TEST(ForEach, StopsAtTheFirstErrorAndReturnsIt) {
  TemporaryDirectory directory;
  Options options;
  options.disk_reserve_bytes = 1;
  auto store = open_or_fail(directory / "store", options);
  ASSERT_NE(store, nullptr);
  Server server;
  server.name = "site";
  const ServerId id = store->add_server(server).value();
  ASSERT_TRUE(store->append(hundred(id), Durability::process));
  ASSERT_TRUE(store->append(hundred(id, kDayMs), Durability::process));
  std::size_t results = 0;
  ASSERT_TRUE(store->scan(id, kAll, {}).value()->for_each([&](const Segment& segment) { results += segment.size(); }));
  EXPECT_EQ(results, 200U);
  int visits = 0;
  const auto stopped = store->scan(id, kAll, {}).value()->for_each([&](const Segment&) -> Result<void> {
    ++visits;
    return fail(ErrorCode::io, "enough");
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().message, "enough");
  EXPECT_EQ(visits, 1);
  int days = 0;
  ASSERT_TRUE(store->days(id, {0, 100'000}, false).value()->for_each([&](const DaySummary&) { ++days; }));
  EXPECT_EQ(days, 2);
}

}  // namespace
}  // namespace nines::test
