// The store against a model that is a std::map, over RocksDB and over a backend of the tests' own: random histories
// with late, repeated and out-of-order results, several servers and locations, sealing, retention, removal and
// reopening; after each step some answers are compared.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <random>

#include <nines/store.h>

#include "engine/kv/map_kv.h"
#include "engine/store/read_back.h"
#include "store/open_store.h"
#include "support/model_store.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr std::int64_t kStartMs = 1'780'000'000'000;
constexpr std::int64_t kHourMs = 3'600'000;

/// What the store keeps its bytes in: RocksDB, or maps that answer as a store across a network may.
enum class Backing { rocksdb, maps, paged_maps, faulty_maps };

class Duel {
 public:
  Duel(std::uint64_t seed, Backing backing)
      : random_(seed), backing_(backing), path_(directory_ / "store"), cluster_(seed) {
    plan_ = {.page_keys = backing == Backing::maps ? 0U : 5U};
    cluster_.plan(plan_);
    if (backing == Backing::faulty_maps) {
      plan_.refused = plan_.unknown_but_applied = plan_.unknown_and_late = plan_.unknown_and_lost = 3;
      plan_.failed_fences = 20;
    }
    options_.clock = [this] { return from_ms(now_ms_); };
    options_.trust_clock = true;  // as the model does
    options_.disk_reserve_bytes = 1;
    options_.keep_checks = std::chrono::days{chance(30) ? 20 : 0};
    auto& performance = options_.performance;
    performance.head_bytes = chance(30) ? 0 : chance(30) ? 100'000 : 64U << 20U;
    performance.head_span = hours{pick(1, 40)};
    performance.seal_rows = static_cast<std::uint32_t>(pick(1, 300));
    performance.write_buffer_bytes = 64U << 10U;
    performance.scan_threads = pick(1, 2);
    model_ = std::make_unique<ModelStore>(options_);
    reopen();
    for (int i = pick(1, 4); i > 0; --i) add_server();
  }

  void run(int steps) {
    for (int step = 0; step < steps && !::testing::Test::HasFailure(); ++step) {
      act();
      if (step % 4 == 0) compare();
    }
    compare();
    if (backing_ == Backing::rocksdb) compare_read_only();
    const auto verified = store_->verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
  }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  std::int64_t pick64(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool chance(int percent) { return pick(1, 100) <= percent; }

  void reopen() {
    if (store_ != nullptr && chance(50)) {
      ASSERT_TRUE(store_->close());
    }
    store_.reset();
    auto opened = backing_ == Backing::rocksdb ? Store::open(path_, options_) : open_on_maps();
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }

  Result<std::unique_ptr<Store>> open_on_maps() {
    const auto make_opener = [this](const Options& /*options*/) -> engine::KvOpener {
      return [this](OpenReport& /*report*/) -> Result<std::unique_ptr<engine::Kv>> { return cluster_.connect(); };
    };
    return engine::open_store(path_, engine::KvMode::write, options_, make_opener,
                              {.first_delay = milliseconds{0}, .longest_delay = milliseconds{1}});
  }

  /// What `call` returns once no fault of the backing keeps it from being done; as a client does that has no answer.
  template <class Call>
  auto insist(const Call& call) {
    cluster_.plan(plan_);
    auto done = until_done(call);
    MapCluster::Plan calm;
    calm.page_keys = plan_.page_keys;
    cluster_.plan(calm);
    return done;
  }
  template <class Call>
  static auto until_done(const Call& call) {
    auto done = call();
    for (int attempt = 0; attempt < 10'000 && !done && is_fault(done.error()); ++attempt) done = call();
    return done;
  }
  static bool is_fault(const Error& error) {
    return error.code == ErrorCode::io || error.code == ErrorCode::unavailable;
  }

  void add_server() {
    Server server;
    server.name = "server " + std::to_string(++names_);
    server.created_at = from_ms(kStartMs);
    const auto id = store_->add_server(server);
    const auto model_id = model_->add_server(server);
    ASSERT_TRUE(id) << id.error().message;
    ASSERT_EQ(*id, *model_id);
    servers_.push_back(*id);
  }

  void remove_server() {
    if (servers_.size() < 2) return;
    const auto index = static_cast<std::size_t>(pick(0, static_cast<int>(servers_.size()) - 1));
    ASSERT_TRUE(store_->remove_server(servers_[index]));
    ASSERT_TRUE(model_->remove_server(servers_[index]));
    servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  ServerId any_server() { return servers_[static_cast<std::size_t>(pick(0, static_cast<int>(servers_.size()) - 1))]; }

  CheckResult result_at(ServerId server, std::int64_t ms) {
    CheckResult result;
    result.server = server;
    result.location = LocationId{static_cast<std::uint16_t>(chance(80) ? 0 : pick(1, 3))};
    result.time = from_ms(ms);
    result.state = chance(90) ? State::up : static_cast<State>(pick(0, 3));
    result.interval_ms = chance(95) ? 60'000 : static_cast<std::uint32_t>(pick(0, 100'000));
    result.code = result.state == State::up ? 200 : static_cast<std::uint16_t>(pick(0, 599));
    if (result.state == State::down) result.error = static_cast<ErrorClass>(pick(0, 21));
    if (chance(95)) result.latency_us = static_cast<std::uint32_t>(pick(0, 5'000'000));
    if (chance(10)) result.phases = Phases{1, 2, 3, static_cast<std::uint32_t>(pick(0, 9'999)), 5};
    if (chance(5)) result.detail = "detail " + std::to_string(pick(0, 5));
    result.retry = chance(3);
    return result;
  }

  void append(std::vector<CheckResult> results) {
    const auto durability = static_cast<Durability>(pick(0, 2));
    const auto done = insist([&] { return store_->append(results, durability); });
    const auto model_done = model_->append(results, durability);
    ASSERT_EQ(done.has_value(), model_done.has_value()) << (done ? "" : done.error().message);
  }

  void append_stream() {
    const ServerId server = any_server();
    const std::int64_t step = chance(80) ? 60'000 : pick64(1, 4 * kHourMs);
    const int count = pick(1, 400);
    const bool singly = chance(50);
    std::vector<CheckResult> results;
    for (int i = 0; i < count; ++i) {
      now_ms_ += step + pick(0, 100);
      results.push_back(result_at(server, now_ms_));
      if (!singly) continue;
      append(std::move(results));
      results.clear();
    }
    if (!results.empty()) append(std::move(results));
  }

  void append_anywhere() {
    std::vector<CheckResult> results;
    for (int i = pick(1, 40); i > 0; --i) {
      const std::int64_t back = chance(50) ? pick64(0, 2 * kHourMs) : pick64(0, now_ms_ - kStartMs + kHourMs);
      results.push_back(result_at(any_server(), std::max<std::int64_t>(now_ms_ - back, 0)));
      if (chance(20)) results.push_back(result_at(results.back().server, to_ms(results.back().time)));
    }
    append(std::move(results));
  }

  void load() {
    const ServerId server = any_server();
    std::int64_t ms = chance(50) ? now_ms_ : kStartMs - pick64(0, 5 * kDayMs);
    std::vector<CheckResult> results;
    for (int i = pick(1, 6000); i > 0; --i) {
      ms += pick64(1, 90'000);
      results.push_back(result_at(server, ms));
    }
    now_ms_ = std::max(now_ms_, ms);
    const auto done = insist([&] { return store_->load(server, results); });
    ASSERT_EQ(done.has_value(), model_->load(server, results).has_value()) << (done ? "" : done.error().message);
  }

  void act() {
    const int what = pick(1, 100);
    if (what <= 50) return append_stream();
    if (what <= 75) return append_anywhere();
    if (what <= 82) return load();
    if (what <= 87) return reopen();
    if (what <= 90) {
      ASSERT_TRUE(insist([&] { return store_->seal(); }));
      return;
    }
    if (what <= 93) {
      ASSERT_TRUE(insist([&] { return store_->apply_retention(); }));
      ASSERT_TRUE(model_->apply_retention());
      return;
    }
    if (what <= 95) return add_server();
    if (what <= 97) return remove_server();
    if (what <= 98) {
      ASSERT_TRUE(insist([&] { return store_->compact(); }));
      return;
    }
    now_ms_ += pick64(0, 3 * kDayMs);
  }

  Window any_window() {
    const std::int64_t from = pick64(kStartMs - 6 * kDayMs, now_ms_);
    const std::int64_t length = chance(50) ? pick64(0, 2 * kDayMs) : pick64(0, now_ms_ - from + kDayMs);
    return {from_ms(from), from_ms(from + length)};
  }

  void compare_window(const Store& store, ServerId server, Window window) {
    const milliseconds lookback{chance(50) ? 0 : pick64(0, kDayMs)};
    const Window wider{window.from - lookback, window.to};
    SCOPED_TRACE("server " + std::to_string(static_cast<std::uint32_t>(server)) + " window " +
                 std::to_string(to_ms(window.from)) + " " + std::to_string(to_ms(window.to)) + " lookback " +
                 std::to_string(lookback.count()));
    expect_same(read_window(store, server, window, lookback), model_->results(server, wider));
  }

  void compare_days(const Store& store, ServerId server) {
    const std::int64_t first = utc_day(kStartMs) - pick(0, 6);
    const DayRange range{first, first + pick(0, 40)};
    expect_same(read_days(store, server, range), read_days(*model_, server, range));
  }

  void compare() {
    // A store that a fault has closed is open again before it is asked: until then what it sent may still arrive.
    ASSERT_TRUE(until_done([&] { return store_->flush(); }));
    for (const ServerId server : servers_) {
      compare_window(*store_, server, any_window());
      const auto last = store_->last_result(server);
      const auto model_last = model_->last_result(server);
      ASSERT_TRUE(last) << last.error().message;
      EXPECT_EQ(*last, *model_last);
    }
    compare_days(*store_, any_server());
    compare_many();
  }

  void compare_many() {
    const Window window = any_window();
    const auto visit = [&](std::size_t index, Cursor& cursor) -> Result<void> {
      const ServerId server = servers_[index];
      expect_same(read_all(cursor, server, window), model_->results(server, window));
      return {};
    };
    const auto cost = store_->scan_many(servers_, window, {{true, true, true}, {}}, visit);
    ASSERT_TRUE(cost) << cost.error().message;
    EXPECT_EQ(cost->range_scans, servers_.size());
  }

  void compare_read_only() {
    ASSERT_TRUE(store_->flush());
    const auto reader = Store::open_read_only(path_, options_);
    ASSERT_TRUE(reader) << reader.error().message;
    ASSERT_EQ((*reader)->catalog()->servers().size(), servers_.size());
    for (const ServerId server : servers_) {
      compare_window(**reader, server, any_window());
      compare_days(**reader, server);
      EXPECT_EQ((*reader)->last_result(server).value(), model_->last_result(server).value());
    }
  }

  std::mt19937_64 random_;
  const Backing backing_;
  TemporaryDirectory directory_;
  std::string path_;
  MapCluster cluster_;
  MapCluster::Plan plan_;  // while somebody insists
  Options options_;
  std::int64_t now_ms_ = kStartMs;
  int names_ = 0;
  std::vector<ServerId> servers_;
  std::unique_ptr<ModelStore> model_;
  std::unique_ptr<Store> store_;
};

/// Seeds in a quick run; NINES_TEST_SEEDS asks for more.
int seed_count() {
  const char* const asked = std::getenv("NINES_TEST_SEEDS");
  return asked != nullptr ? std::max(std::atoi(asked), 1) : 200;
}

void fight(Backing backing, int seeds) {
  for (int seed = 1; seed <= seeds && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Duel(static_cast<std::uint64_t>(seed), backing).run(12);
  }
}

TEST(StoreDifferential, AnswersAreThoseOfTheModel) {
  fight(Backing::rocksdb, seed_count());
}

TEST(StoreDifferential, AnswersOverMapsAreThoseOfTheModel) {
  fight(Backing::maps, seed_count() / 4 + 1);
}

TEST(StoreDifferential, AnswersOverPagesAreThoseOfTheModel) {
  fight(Backing::paged_maps, seed_count() / 4 + 1);
}

TEST(StoreDifferential, AnswersOverMapsThatTimeOutAreThoseOfTheModel) {
  fight(Backing::faulty_maps, seed_count() / 4 + 1);
}

}  // namespace
}  // namespace nines::test
