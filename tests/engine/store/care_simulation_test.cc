// Months of what `nines run` does to its store, beside a model: results of several servers and places every hour, late,
// repeated and by clocks that are off; hourly retention, daily sealing and compaction; rules that change both ways;
// servers that come, go and fall silent; clocks that jump; restarts and kills.
//
//   NINES_TEST_LONG=n    lives two years instead of three months, n - 1 times
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <nines/store.h>

#include "engine/store/faulty_disk.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "engine/store/test_store.h"
#include "support/model_store.h"

namespace nines::test {
namespace {

using std::chrono::days;

constexpr std::int64_t kStartMs = 20'600 * kDayMs;
constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;

/// A server, as whoever writes its results knows it.
struct Watched {
  ServerId id{};
  std::int64_t interval_ms = 0;
  int locations = 1;
  std::int64_t skew_ms = 0;  ///< how far the clock of its second location is off
  std::int64_t silent_until_ms = 0;
};

/// A result that reaches the store after its time.
struct Delayed {
  std::int64_t arrival_ms = 0;
  CheckResult result;
};

/// What may come up beside the daily round.
struct Worries {
  bool rules_change = false;
  bool clocks_jump = false;
};

class Life {
 public:
  Life(std::uint64_t seed, Worries worries)
      : random_(seed),
        worries_(worries),
        path_(directory_ / "store"),
        disk_(std::make_shared<FaultyDisk>()),
        env_(FaultyDisk::make_env(disk_)) {
    options_.clock = [this] { return from_ms(now_ms_ + wrong_by_ms_); };
    options_.disk_reserve_bytes = 1;
    options_.keep_checks = days{40};
    options_.keep_summaries = days{120};
    auto& performance = options_.performance;
    performance.head_bytes = 1U << 20U;
    performance.write_buffer_bytes = 256U << 10U;
    performance.block_cache_bytes = 1U << 20U;
    performance.seal_rows = 64;
    Options of_model = options_;
    of_model.clock = [this] { return from_ms(now_ms_); };
    model_ = std::make_unique<ModelStore>(of_model);
    open();
    for (int i = 0; i < 6; ++i) add_server();
  }

  /// Lives so many days. Stops at the first failure of the running test.
  void live(int count) {
    for (int day = 0; day < count; ++day) {
      SCOPED_TRACE("day " + std::to_string(day));
      for (int hour = 0; hour < 24; ++hour) {
        SCOPED_TRACE("hour " + std::to_string(hour));
        live_an_hour();
        if (::testing::Test::HasFailure()) return;
      }
      set_the_clock_right();
      night(day);
      if (::testing::Test::HasFailure()) return;
    }
    compare_everything();
  }

  /// What has come up, so that a life that meets nothing is seen.
  struct Events {
    int restarts = 0;
    int kills = 0;
    int jumps = 0;
    int rules = 0;
    int servers_gone = 0;
    int late = 0;
  };
  [[nodiscard]] const Events& events() const { return events_; }

 private:
  int pick(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  std::int64_t pick64(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  bool chance(int percent) { return pick(1, 100) <= percent; }
  bool clock_is_right() const { return wrong_by_ms_ == 0; }

  // --- What changes. ---

  void open() {
    auto opened = open_on(env_.get(), path_, options_);
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }

  void restart() {
    ++events_.restarts;
    ASSERT_TRUE(store_->close());
    store_.reset();
    if (chance(50)) {
      options_.keep_checks = days{chance(20) ? 0 : pick(10, 60)};
      options_.keep_summaries = days{chance(20) ? 0 : pick(10, 200)};
      model_->set_retention(options_.keep_checks, options_.keep_summaries);
    }
    open();
  }

  /// The process ends here: what has not reached the disk never does.
  void kill() {
    ++events_.kills;
    // Everything acknowledged before at `buffered` is safe with the next result at `process`.
    settle();
    disk_->plan({.first = 0, .count = std::numeric_limits<std::uint64_t>::max()});
    store_.reset();
    disk_->heal();
    open();
  }

  void settle() {
    const Watched& watched = servers_.front();
    const CheckResult result = measure(watched, 0, now_ms_);
    ASSERT_TRUE(store_->append(result, Durability::process));
    model_->put(std::span(&result, 1));
  }

  void jump() {
    ++events_.jumps;
    constexpr std::array<std::int64_t, 6> kJumps = {-kHourMs, kHourMs,      -30 * kDayMs,
                                                    kDayMs,   365 * kDayMs, -400 * kDayMs};
    wrong_by_ms_ = kJumps[static_cast<std::size_t>(pick(0, kJumps.size() - 1))];
    writes_while_wrong_ = chance(50);
  }

  void set_the_clock_right() { wrong_by_ms_ = 0; }

  void add_server() {
    Watched watched;
    watched.interval_ms = pick(4, 40) * kMinuteMs;
    watched.locations = chance(40) ? 2 : 1;
    watched.skew_ms = chance(50) ? pick64(-20, 20) * kMinuteMs : 0;
    Server server;
    server.name = "server " + std::to_string(++names_);
    server.created_at = from_ms(now_ms_);
    const auto id = store_->add_server(server);
    ASSERT_TRUE(id) << id.error().message;
    ASSERT_EQ(*id, model_->add(server));
    watched.id = *id;
    servers_.push_back(watched);
  }

  void remove_server() {
    if (servers_.size() < 4) return;
    ++events_.servers_gone;
    const auto index = static_cast<std::size_t>(pick(1, static_cast<int>(servers_.size()) - 1));
    const ServerId id = servers_[index].id;
    ASSERT_TRUE(store_->remove_server(id));
    ASSERT_TRUE(model_->remove_server(id));
    std::erase_if(delayed_, [id](const Delayed& delayed) { return delayed.result.server == id; });
    servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(index));
  }

  void change_rule() {
    ++events_.rules;
    Server server = *store_->catalog()->find(any_server().id);
    server.retention.checks = days{chance(30) ? -1 : pick(0, 50)};
    server.retention.summaries = days{chance(30) ? -1 : pick(0, 150)};
    ASSERT_TRUE(store_->update_server(server));
    ASSERT_TRUE(model_->update_server(server));
  }

  Watched& any_server() { return servers_[static_cast<std::size_t>(pick(0, static_cast<int>(servers_.size()) - 1))]; }

  // --- What is written. ---

  CheckResult measure(const Watched& watched, int location, std::int64_t ms) {
    CheckResult result;
    result.server = watched.id;
    result.location = LocationId{static_cast<std::uint16_t>(location)};
    result.time = from_ms(ms);
    result.interval_ms = static_cast<std::uint32_t>(watched.interval_ms);
    result.state = chance(97) ? State::up : State::down;
    result.code = result.state == State::up ? 200 : 503;
    result.latency_us = static_cast<std::uint32_t>(pick(1'000, 300'000));
    if (result.state == State::down) result.detail = "number " + std::to_string(pick(0, 9));
    return result;
  }

  void measure_an_hour(std::vector<Delayed>& due) {
    for (const Watched& watched : servers_) {
      if (watched.silent_until_ms > now_ms_) continue;
      const std::int64_t first_ms = (now_ms_ / watched.interval_ms + 1) * watched.interval_ms;
      for (std::int64_t ms = first_ms; ms <= now_ms_ + kHourMs; ms += watched.interval_ms) {
        for (int location = 0; location < watched.locations; ++location) {
          const std::int64_t stamp_ms = ms + wrong_by_ms_ + (location == 1 ? watched.skew_ms : 0) + pick(0, 999);
          if (stamp_ms < 0) continue;
          Delayed one{ms, measure(watched, location, stamp_ms)};
          if (chance(3)) {
            one.arrival_ms += chance(70) ? pick64(0, 2 * kHourMs) : pick64(0, 20 * kDayMs);
            ++events_.late;
          }
          due.push_back(one);
          if (chance(2)) due.push_back(one);
        }
      }
    }
  }

  void live_an_hour() {
    std::vector<Delayed> due;
    if (clock_is_right() || writes_while_wrong_) measure_an_hour(due);
    const std::int64_t end_ms = now_ms_ + kHourMs;
    due.insert(due.end(), delayed_.begin(), delayed_.end());
    delayed_.clear();
    const auto still_away = std::partition(due.begin(), due.end(), [&](const Delayed& one) {
      return one.arrival_ms <= end_ms && (clock_is_right() || writes_while_wrong_);
    });
    delayed_.assign(still_away, due.end());
    due.erase(still_away, due.end());
    std::stable_sort(due.begin(), due.end(),
                     [](const Delayed& a, const Delayed& b) { return a.arrival_ms < b.arrival_ms; });
    for (std::size_t begin = 0; begin < due.size();) {
      const std::size_t end = std::min(begin + static_cast<std::size_t>(pick(1, 30)), due.size());
      std::vector<CheckResult> batch;
      for (std::size_t i = begin; i < end; ++i) batch.push_back(due[i].result);
      now_ms_ = std::clamp(due[end - 1].arrival_ms, now_ms_, end_ms);
      append(batch);
      begin = end;
    }
    now_ms_ = end_ms;
    care();
    happen();
    compare_some();
  }

  void append(const std::vector<CheckResult>& batch) {
    const auto done = store_->append(batch, chance(50) ? Durability::process : Durability::buffered);
    if (clock_is_right()) {
      const auto expected = model_->append(batch, Durability::process);
      ASSERT_EQ(done.has_value(), expected.has_value())
          << (done ? "the model refuses: " + expected.error().message : done.error().message);
    } else if (done) {
      // By which clock a store judges then is its own affair.
      model_->put(batch);
    }
    if (done) return;
    ASSERT_EQ(done.error().code, ErrorCode::out_of_range) << done.error().message;
    // As a host does: the rest is not to suffer.
    if (batch.size() == 1) return;
    for (const CheckResult& one : batch) append({one});
  }

  /// History from elsewhere: three days or so of one server, within what is kept.
  void import() {
    const Watched& watched = any_server();
    std::vector<CheckResult> history;
    const std::int64_t begin_ms = now_ms_ - pick64(1, 9) * kDayMs;
    for (std::int64_t ms = begin_ms; ms < std::min(begin_ms + 3 * kDayMs, now_ms_); ms += watched.interval_ms) {
      history.push_back(measure(watched, 0, ms));
    }
    const auto done = store_->load(watched.id, history);
    ASSERT_EQ(done.has_value(), model_->load(watched.id, history).has_value()) << (done ? "" : done.error().message);
    // What a load promises, it promises from the next flush on.
    ASSERT_TRUE(store_->flush());
  }

  // --- The care of it. ---

  void care() {
    const auto done = store_->apply_retention();
    ASSERT_TRUE(done) << done.error().message;
    // By the true time, whatever the clock says.
    ASSERT_TRUE(model_->apply_retention());
  }

  void happen() {
    if (!clock_is_right()) {
      if (chance(30)) set_the_clock_right();
      return;
    }
    const int what = pick(1, 1'000);
    if (what <= 6) return restart();
    if (what <= 12) return kill();
    if (what <= 18 && worries_.clocks_jump) return jump();
    if (what <= 26 && worries_.rules_change) return change_rule();
    if (what <= 30) return add_server();
    if (what <= 34) return remove_server();
    if (what <= 40) any_server().silent_until_ms = now_ms_ + pick64(1, 60) * kDayMs;
    if (what <= 45) return import();
    if (what <= 60) {
      ASSERT_TRUE(store_->seal());
    }
    if (what <= 100) {
      ASSERT_TRUE(store_->flush());
    }
  }

  void night(int day) {
    // Somebody measures at all times, so that the store sees that time goes on.
    settle();
    care();
    if (day % 3 == 0) {
      const auto done = store_->compact();
      ASSERT_TRUE(done) << done.error().message;
    }
    for (const Watched& watched : servers_) {
      const auto last = store_->last_result(watched.id);
      ASSERT_TRUE(last) << last.error().message;
      EXPECT_EQ(*last, *model_->last_result(watched.id));
    }
    const ServerId server = any_server().id;
    const std::int64_t today = utc_day(now_ms_);
    const DayRange range{today - pick(0, 150), today + pick(0, 2)};
    expect_same(read_days(*store_, server, range), read_days(*model_, server, range));
    if (day % 30 == 29) compare_everything();
  }

  // --- What is compared. ---

  /// The first moment that retention by the true time keeps of a server.
  std::int64_t kept_from_ms(ServerId id) const {
    const auto of_server = model_->catalog()->find(id)->retention.checks;
    const auto keep = of_server.count() != 0 ? of_server : options_.keep_checks;
    return keep.count() <= 0 ? 0 : std::max<std::int64_t>(utc_day(now_ms_) - keep.count(), 0) * kDayMs;
  }

  /// While the clock is wrong, what the true one keeps has to be there; older results may be.
  void compare_some() {
    const ServerId server = any_server().id;
    SCOPED_TRACE("server " + std::to_string(static_cast<std::uint32_t>(server)) + ", a clock wrong by " +
                 std::to_string(wrong_by_ms_) + " ms");
    Window window{from_ms(std::max<std::int64_t>(now_ms_ - pick64(0, 60 * kDayMs), 0)), kTimeLimit};
    if (chance(50)) window.to = window.from + std::chrono::milliseconds{pick64(0, 3 * kDayMs)};
    window.from = std::max(window.from, from_ms(kept_from_ms(server)));
    if (window.empty()) return;
    expect_same(read_window(*store_, server, window), model_->results(server, window));
  }

  void compare_everything() {
    expect_same_as_model(*store_);
    const auto verified = store_->verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_TRUE(verified->damage.empty()) << verified->damage.front().what;
    ASSERT_TRUE(store_->flush());
    const auto reader = Store::open_read_only(path_, options_);
    ASSERT_TRUE(reader) << reader.error().message;
    expect_same_as_model(**reader);
  }

  void expect_same_as_model(const Store& store) {
    ASSERT_EQ(store.catalog()->servers().size(), servers_.size());
    const auto catalog = store.catalog();
    for (const Server& server : catalog->servers()) {
      SCOPED_TRACE(server.name);
      EXPECT_EQ(server, *model_->catalog()->find(server.id));
      const Window all{from_ms(0), kTimeLimit};
      expect_same(read_window(store, server.id, all), model_->results(server.id, all));
      const DayRange range{0, utc_day(now_ms_) + 500};
      expect_same(read_days(store, server.id, range), read_days(*model_, server.id, range));
    }
  }

  std::mt19937_64 random_;
  const Worries worries_;
  TemporaryDirectory directory_;
  const std::string path_;
  std::shared_ptr<FaultyDisk> disk_;
  std::unique_ptr<rocksdb::Env> env_;
  Options options_;
  std::int64_t now_ms_ = kStartMs;   // the true time
  std::int64_t wrong_by_ms_ = 0;     // of the store's clock, and of those who measure
  bool writes_while_wrong_ = false;  // whether anybody measures while it is
  int names_ = 0;
  std::vector<Watched> servers_;
  std::vector<Delayed> delayed_;
  Events events_;
  std::unique_ptr<ModelStore> model_;
  std::unique_ptr<Store> store_;  // last: it is gone before its disk
};

void live_through(Worries worries) {
  const bool whole = long_share() > 1;
  Life::Events events;
  for (int seed = 1; seed <= std::max(long_share() - 1, 1) && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Life life(static_cast<std::uint64_t>(seed), worries);
    life.live(whole ? 730 : 90);
    events = life.events();
  }
  EXPECT_GT(events.restarts, 0);
  EXPECT_GT(events.kills, 0);
  EXPECT_EQ(events.jumps > 0, worries.clocks_jump);
  EXPECT_EQ(events.rules > 0, worries.rules_change);
  EXPECT_GT(events.servers_gone, 0);
  EXPECT_GT(events.late, 0);
}

TEST(CareSimulation, MonthsOfCareAnswerAsTheModel) {
  live_through({});
}

TEST(CareSimulation, MonthsInWhichRulesChangeAnswerAsTheModel) {
  live_through({.rules_change = true});
}

TEST(CareSimulation, MonthsInWhichClocksJumpAnswerAsTheModel) {
  live_through({.rules_change = true, .clocks_jump = true});
}

}  // namespace
}  // namespace nines::test
