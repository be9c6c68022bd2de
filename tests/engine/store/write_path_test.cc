// The write path, explored: every short history of two writers, with a reader looking before and after each write of
// the backend, and with a crash, a refusal or an unknown outcome at each of them.
//
// The store's own code runs, over maps whose every write the test decides about. Beside it the test keeps all states
// that the history may be in: what was acknowledged is in each of them, what is under way or has failed may be in some.
// A reader must see one of them as a whole, with the summaries of just that one, and what it has seen stays. So no
// result is seen twice, none that was acknowledged is missing, none comes back, and no summary is stale.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nines/store.h>

#include "engine/kv/map_kv.h"
#include "engine/store/quick_share.h"
#include "engine/store/read_back.h"
#include "store/open_store.h"
#include "support/model_store.h"

namespace nines::test {
namespace {

using std::chrono::milliseconds;
using Fate = MapCluster::Fate;

constexpr std::int64_t kStartMs = 1'780'012'800'000;  // a midnight
constexpr std::int64_t kStepMs = 600'000;
constexpr int kKeepDays = 1;

/// What a writer can do.
enum class Act : std::uint8_t { next, late, both, repeat, next_day, seal, compact, retain, erase };
constexpr Act kActs[] = {Act::next, Act::late,    Act::both,   Act::repeat, Act::next_day,
                         Act::seal, Act::compact, Act::retain, Act::erase};
constexpr const char* kActNames[] = {"next", "late",    "both",   "repeat", "next day",
                                     "seal", "compact", "retain", "erase"};

using Results = std::map<std::int64_t, CheckResult>;

/// What a server's history may be: its results by time, and the summaries of days whose results are gone.
struct Truth {
  Results results;
  std::map<std::int64_t, DaySummary> outlived;
  friend bool operator==(const Truth&, const Truth&) = default;

  [[nodiscard]] DaySummary summary(std::int64_t day) const {
    std::vector<const CheckResult*> of_day;
    for (const auto& [ms, result] : results) {
      if (utc_day(ms) == day) of_day.push_back(&result);
    }
    return summarise(day, of_day, true);
  }
  [[nodiscard]] std::vector<DaySummary> summaries() const {
    std::map<std::int64_t, DaySummary> days = outlived;
    for (const auto& [ms, result] : results) days.try_emplace(utc_day(ms), summary(utc_day(ms)));
    std::vector<DaySummary> list;
    for (auto& [day, summary] : days) list.push_back(std::move(summary));
    return list;
  }
  void drop_before(std::int64_t end_day) {
    while (!results.empty() && utc_day(results.begin()->first) < end_day) {
      const std::int64_t day = utc_day(results.begin()->first);
      outlived.insert_or_assign(day, summary(day));
      std::erase_if(results, [day](const auto& entry) { return utc_day(entry.first) == day; });
    }
  }
};

/// A call of a writer: what it does to a store, and what it means.
struct Change {
  std::string name;
  std::function<Result<void>(Store&)> run;
  std::function<void(Truth&)> apply;
};

/// All that the history may be, while changes are under way.
class Possible {
 public:
  /// Requires: fewer than 30 changes in all.
  [[nodiscard]] int begin(const Change& change) {
    changes_.push_back(change.apply);
    open_ |= 1U << (changes_.size() - 1);
    tell_watches();
    return static_cast<int>(changes_.size() - 1);
  }
  /// The change has been made, has not been made, or may have been (and still may be, until settle()).
  void end(int change, std::optional<bool> made) {
    const std::uint32_t bit = 1U << change;
    if (!made) return;
    states_ = reachable();
    std::erase_if(states_, [&](const State& state) { return ((state.made & bit) != 0) != *made; });
    open_ &= ~bit;
    tell_watches();
  }
  /// Nothing that is under way will be made any more.
  void settle() {
    states_ = reachable();
    open_ = 0;
    tell_watches();
  }
  /// Takes what a reader has seen, while nothing began or ended, for what is so. False when it cannot be.
  [[nodiscard]] bool see(const Truth& seen) {
    return keep([&](const Truth& truth) { return truth == seen; });
  }
  [[nodiscard]] bool see(const Results& seen) {
    return keep([&](const Truth& truth) { return truth.results == seen; });
  }
  /// All that the results may have been from now on, until the watch is let go of.
  using Watch = std::shared_ptr<std::vector<Results>>;
  [[nodiscard]] Watch watch() {
    auto watch = std::make_shared<std::vector<Results>>();
    watches_.push_back(watch);
    tell_watches();
    return watch;
  }
  /// Grows when a change begins or ends, and when a reader has seen which state it is.
  [[nodiscard]] std::uint64_t version() const { return version_; }

 private:
  struct State {
    Truth truth;
    std::uint32_t made = 0;  // a bit a change
    friend bool operator==(const State&, const State&) = default;
  };

  void tell_watches() {
    ++version_;
    std::erase_if(watches_, [](const auto& watch) { return watch.expired(); });
    if (watches_.empty()) return;
    const std::vector<State> states = reachable();
    for (const auto& weak : watches_) {
      const Watch watch = weak.lock();
      if (watch == nullptr) continue;  // let go of meanwhile: its owner needs no lock for that
      for (const State& state : states) watch->push_back(state.truth.results);
    }
  }

  template <class IsSo>
  bool keep(const IsSo& is_so) {
    std::vector<State> states = reachable();
    std::erase_if(states, [&](const State& state) { return !is_so(state.truth); });
    if (states.empty()) return false;
    if (!(states == states_)) ++version_;  // another, slower reader may still come with what was before
    states_ = std::move(states);
    return true;
  }

  // The states, and those that changes under way make of them, in every order.
  [[nodiscard]] std::vector<State> reachable() const {
    std::vector<State> all = states_;
    for (std::size_t i = 0; i < all.size(); ++i) {
      for (std::size_t change = 0; change < changes_.size(); ++change) {
        const std::uint32_t bit = 1U << change;
        if ((open_ & bit) == 0 || (all[i].made & bit) != 0) continue;
        State next = all[i];
        next.made |= bit;
        changes_[change](next.truth);
        if (std::find(all.begin(), all.end(), next) == all.end()) all.push_back(std::move(next));
      }
    }
    return all;
  }

  std::vector<std::function<void(Truth&)>> changes_;
  std::vector<State> states_{State{}};
  std::uint32_t open_ = 0;  // a bit a change that is under way
  std::uint64_t version_ = 0;
  std::vector<std::weak_ptr<std::vector<Results>>> watches_;
};

/// What goes wrong at one of the backend's writes.
struct Misfortune {
  enum class Kind : std::uint8_t { none, refused, made_unheard, late, lost, crash_before, crash_after };
  Kind kind = Kind::none;
  bool fence_fails = false;  ///< of an unknown outcome
  int at = 0;                ///< the write, counted from 0
};

class World {
 public:
  World() {
    options_.clock = [this] { return from_ms(now_ms_); };
    options_.trust_clock = true;
    options_.disk_reserve_bytes = 0;
    options_.keep_checks = std::chrono::days{kKeepDays};
    options_.performance.seal_rows = 2;
    plan_.fate = [this] { return decide(); };
    plan_.fence_fails = [this] { return crashed_ || std::exchange(fence_fails_, false); };
    plan_.between_batches = [this] { look_between(); };
    plan_.late_from = plan_.late_to = 2;
    cluster_.plan(plan_);
    open();
    Server server;
    server.name = "site";
    server.created_at = from_ms(kStartMs);
    server_ = store_->add_server(server).value();
    is_watched_ = true;
    must(make(Act::next));
  }

  /// An act that nothing disturbs.
  void must(const Change& change) {
    EXPECT_TRUE(run(change)) << change.name;
    readers_.clear();  // when they have read
  }

  /// Both, the second beginning while the first one's first write is under way; returns how many writes that took.
  int run_disturbed(const Change& first, const std::optional<Change>& second, Misfortune misfortune) {
    misfortune_ = misfortune;
    writes_ = 0;
    std::thread other;
    meanwhile_ = [&] {
      if (!second) return;
      other = std::thread([&] {
        static_cast<void>(run(*second));
        read_beside();  // what it was told, and another may not have been
      });
      std::this_thread::sleep_for(head_start_);
    };
    static_cast<void>(run(first));
    if (other.joinable()) other.join();
    readers_.clear();  // when they have read
    meanwhile_ = nullptr;
    const int writes = writes_;
    misfortune_ = {};
    if (crashed_) restart();
    recover();
    return writes;
  }

  /// The store goes on, and so does another process that finds what this one has left.
  void go_on() {
    look();
    must(make(Act::next));
    must(make(Act::seal));
    finish_early_reader();
    store_.reset();
    open();
    possible_.settle();
    look();
    const auto verified = store_->verify();
    ASSERT_TRUE(verified) << verified.error().message;
    EXPECT_EQ(verified->damages, 0U) << verified->damage.front().what;
  }

  /// Lets the time of `act` come; before make(), and before anything that is done beside it.
  void advance(Act act) {
    if (act == Act::next_day) now_ms_ += kDayMs;
  }
  Change make(Act act) {
    const std::string name = kActNames[static_cast<std::size_t>(act)];
    const auto append = [this, &name](const std::vector<CheckResult>& results) {
      const std::int64_t first_kept = utc_day(now_ms_) - kKeepDays;
      return Change{name, [results](Store& store) { return store.append(results, Durability::process); },
                    [results, first_kept](Truth& truth) {
                      if (utc_day(to_ms(results.front().time)) < first_kept) return;
                      for (const CheckResult& result : results) truth.results[to_ms(result.time)] = result;
                    }};
    };
    switch (act) {
      case Act::next:
        return append({result_at(next_ms())});
      case Act::late:
        return append({result_at(late_ms())});
      case Act::both:
        return append({result_at(late_ms()), result_at(next_ms())});
      case Act::repeat:
        return append({result_at(newest_ms_)});
      case Act::next_day:
        return append({result_at(next_ms())});
      case Act::seal:
        return {name, [](Store& store) { return store.seal(); }, [](Truth&) {}};
      case Act::compact:
        return {name, [](Store& store) { return store.compact(); }, [](Truth&) {}};
      case Act::retain:
        return {name, [](Store& store) { return store.apply_retention(); },
                [day = utc_day(now_ms_) - kKeepDays](Truth& truth) { truth.drop_before(day); }};
      case Act::erase:
        break;
    }
    const Window window{from_ms(newest_ms_), from_ms(newest_ms_ + 1)};
    return {name,
            [id = server_, window](Store& store) -> Result<void> {
              const auto erased = store.erase(id, window);
              return erased ? Result<void>{} : tl::unexpected(erased.error());
            },
            [ms = newest_ms_](Truth& truth) { truth.results.erase(ms); }};
  }

  [[nodiscard]] std::uint64_t looks() const { return looks_; }
  /// What the second of two writers has to come as far as it can.
  void give_second_writer(std::chrono::microseconds head_start) { head_start_ = head_start; }

 private:
  CheckResult result_at(std::int64_t ms) {
    CheckResult result;
    result.server = server_;
    result.time = from_ms(ms);
    result.state = State::up;
    result.interval_ms = 60'000;
    result.code = static_cast<std::uint16_t>(200 + ++made_);  // so that no two are the same
    result.latency_us = 1'000;
    return result;
  }
  // The clock goes with the results, ten minutes a step.
  std::int64_t next_ms() { return newest_ms_ = now_ms_ += kStepMs; }
  // Between the first results, wherever those are by now.
  std::int64_t late_ms() { return kStartMs + kStepMs + 1'000 * ++lates_; }

  void open() {
    const auto make_opener = [this](const Options& /*options*/) -> engine::KvOpener {
      return [this](OpenReport& /*report*/) -> Result<std::unique_ptr<engine::Kv>> {
        if (crashed_) return fail(ErrorCode::unavailable, "the process is gone");
        return cluster_.connect();
      };
    };
    auto opened = engine::open_store(directory_ / "store", engine::KvMode::write, options_, make_opener,
                                     {.first_delay = milliseconds{0}, .longest_delay = milliseconds{1}});
    ASSERT_TRUE(opened) << opened.error().message;
    store_ = std::move(*opened);
  }

  Result<void> run(const Change& change) {
    int number = 0;
    {
      const std::lock_guard lock(mutex_);
      number = possible_.begin(change);
    }
    const Result<void> done = change.run(*store_);
    const std::lock_guard lock(mutex_);
    if (done) {
      possible_.end(number, true);
    } else {
      const bool refused = done.error().code == ErrorCode::out_of_range;
      possible_.end(number, refused ? std::optional(false) : std::nullopt);
    }
    return done;
  }

  Fate decide() {
    using Kind = Misfortune::Kind;
    if (crashed_) return Fate::refused;
    if (!is_watched_ || misfortune_.kind == Kind::none) {
      ++writes_;
      return Fate::applied;
    }
    if (writes_++ != misfortune_.at) return Fate::applied;
    fence_fails_ = misfortune_.fence_fails;
    switch (misfortune_.kind) {
      case Kind::refused:
        return Fate::refused;
      case Kind::made_unheard:
        return Fate::unknown_but_applied;
      case Kind::late:
        return Fate::unknown_and_late;
      case Kind::lost:
        return Fate::unknown_and_lost;
      case Kind::crash_before:
        crashed_ = true;
        return Fate::refused;
      case Kind::crash_after:
        crashed_ = true;
        return Fate::unknown_but_applied;
      case Kind::none:
        break;
    }
    return Fate::applied;
  }

  // Called between the backend's writes by whoever writes. A reader waits for what is on its way into the past, so it
  // has a thread of its own; what is stored of summaries verify() looks at.
  void look_between() {
    if (!is_watched_ || crashed_) return;
    if (const auto start = std::exchange(meanwhile_, nullptr)) start();
    if (const auto verified = store_->verify(); verified) {
      EXPECT_EQ(verified->damages, 0U) << verified->damage.front().what;
    }
    const std::lock_guard lock(readers_mutex_);
    readers_.emplace_back(std::async(std::launch::async, [this] { read_beside(); }));
    readers_.back().wait_for(std::chrono::microseconds{100});
  }

  void read_beside() {
    Possible::Watch watch;
    std::uint64_t version = 0;
    {
      const std::lock_guard lock(mutex_);
      ++looks_;
      watch = possible_.watch();
      version = possible_.version();
    }
    Results results;
    auto cursor = store_->scan(server_, kAll, {});
    if (!cursor || !take_all(**cursor, results)) return;  // not while it is opened anew
    auto early = store_->scan(server_, kAll, {});
    const std::lock_guard lock(mutex_);
    const bool can_be = possible_.version() == version
                            ? possible_.see(results)
                            : std::find(watch->begin(), watch->end(), results) != watch->end();
    if (!can_be) ADD_FAILURE() << told(results) << " were seen, which cannot be";
    finish_early_reader();
    // Another one has begun to read, and goes on once something else has been written.
    if (early) early_ = {std::move(*early), std::move(watch)};
  }

  // When nothing is under way: results and summaries.
  void look() {
    const auto now = read();
    readers_.clear();
    ASSERT_TRUE(now) << now.error().message;
    const std::lock_guard lock(mutex_);
    ++looks_;
    finish_early_reader();
    if (!possible_.see(*now)) {
      ADD_FAILURE() << told(now->results) << " were seen and " << now->outlived.size()
                    << " days of others, which cannot be";
    }
  }

  static std::string told(const Results& results) {
    std::string text = "results";
    for (const auto& [ms, result] : results) {
      text += " " + std::to_string((ms - kStartMs) / 1'000) + "=" + std::to_string(result.code);
    }
    return text;
  }

  void finish_early_reader() {
    if (early_.cursor == nullptr) return;
    Results results;
    const Result<void> whole = take_all(*early_.cursor, results);
    if (whole) {
      const bool can_be = std::find(early_.watch->begin(), early_.watch->end(), results) != early_.watch->end();
      if (!can_be) ADD_FAILURE() << told(results) << " were seen by one who began before, which cannot be";
    } else {
      EXPECT_EQ(whole.error().code, ErrorCode::unavailable) << whole.error().message;
    }
    early_ = {};
  }

  Result<Truth> read() {
    Truth truth;
    auto cursor = store_->scan(server_, kAll, {});
    if (!cursor) return tl::unexpected(cursor.error());
    if (auto taken = take_all(**cursor, truth.results); !taken) return tl::unexpected(taken.error());
    std::map<std::int64_t, DaySummary> found;
    auto days = store_->days(server_, {utc_day(kStartMs) - 1, utc_day(now_ms_) + 2}, true);
    if (!days) return tl::unexpected(days.error());
    while (true) {
      const auto day = (*days)->next();
      if (!day) return tl::unexpected(day.error());
      if (*day == nullptr) break;
      if (!(*day)->series.empty()) found.emplace((*day)->day, **day);
    }
    for (auto& [day, summary] : found) {
      const DaySummary own = truth.summary(day);
      if (own.series.empty()) {
        truth.outlived.emplace(day, std::move(summary));
      } else {
        EXPECT_TRUE(summary == own) << "the summary of day " << day - utc_day(kStartMs) << " is stale";
      }
    }
    return truth;
  }

  Result<void> take_all(Cursor& cursor, Results& results) const {
    std::int64_t last_ms = -1;
    while (true) {
      const auto segment = cursor.next();
      if (!segment) return tl::unexpected(segment.error());
      if (*segment == nullptr) return {};
      for (std::uint32_t i = 0; i < (*segment)->size(); ++i) {
        const CheckResult result = (*segment)->at(i, server_);
        EXPECT_GT(to_ms(result.time), last_ms) << "twice, or out of order";
        last_ms = to_ms(result.time);
        results[last_ms] = result;
      }
    }
  }

  // A new process finds what the crashed one has left.
  void restart() {
    {
      const std::lock_guard lock(mutex_);
      early_ = {};
    }
    store_.reset();
    crashed_ = false;
    open();
  }

  // Until nothing that was sent can arrive any more.
  void recover() {
    Result<void> flushed = store_->flush();
    for (int attempt = 0; attempt < 1'000 && !flushed; ++attempt) flushed = store_->flush();
    ASSERT_TRUE(flushed) << flushed.error().message;
    const std::lock_guard lock(mutex_);
    possible_.settle();
  }

  static constexpr Window kAll{from_ms(0), kTimeLimit};

  struct EarlyReader {
    std::unique_ptr<Cursor> cursor;
    Possible::Watch watch;  // since before it began
  };

  MapCluster cluster_{1};
  MapCluster::Plan plan_;
  TemporaryDirectory directory_;
  Options options_;
  std::unique_ptr<Store> store_;
  ServerId server_{};
  std::atomic<std::int64_t> now_ms_{kStartMs};
  std::int64_t newest_ms_ = 0;
  int made_ = 0;
  int lates_ = 0;

  std::atomic<bool> is_watched_{false};
  std::atomic<bool> crashed_{false};
  bool fence_fails_ = false;  // with misfortune_ and writes_: of whoever writes
  Misfortune misfortune_;
  int writes_ = 0;
  std::function<void()> meanwhile_;
  std::chrono::microseconds head_start_{100};

  std::mutex readers_mutex_;
  std::vector<std::future<void>> readers_;
  std::mutex mutex_;  // of what follows
  Possible possible_;
  EarlyReader early_;
  std::uint64_t looks_ = 0;
};

using Kind = Misfortune::Kind;

std::vector<Misfortune> misfortunes(int writes) {
  std::vector<Misfortune> all{{}};
  for (int at = 0; at < writes; ++at) {
    for (const Kind kind :
         {Kind::refused, Kind::made_unheard, Kind::late, Kind::lost, Kind::crash_before, Kind::crash_after}) {
      all.push_back({kind, false, at});
      const bool unknown = kind == Kind::made_unheard || kind == Kind::late || kind == Kind::lost;
      if (unknown) all.push_back({kind, true, at});
    }
  }
  return all;
}

struct Explored {
  std::uint64_t histories = 0;
  std::uint64_t looks = 0;
};

/// Does `before` one by one, then `first`, and `second` beside it: once in peace and once with each misfortune.
void explore(const std::vector<Act>& before, Act first, std::optional<Act> second, Explored& explored) {
  std::string story;
  for (const Act act : before) story += std::string(kActNames[static_cast<std::size_t>(act)]) + ", ";
  story += kActNames[static_cast<std::size_t>(first)];
  if (second) story += std::string(" beside ") + kActNames[static_cast<std::size_t>(*second)];
  const auto live = [&](Misfortune misfortune) {
    SCOPED_TRACE(story + "; misfortune " + std::to_string(static_cast<int>(misfortune.kind)) + " at write " +
                 std::to_string(misfortune.at) + (misfortune.fence_fails ? ", the fence fails" : ""));
    World world;
    for (const Act act : before) {
      world.advance(act);
      world.must(world.make(act));
    }
    world.advance(first);
    if (second) world.advance(*second);
    const Change change = world.make(first);
    const auto other = second ? std::optional(world.make(*second)) : std::nullopt;
    const int writes = world.run_disturbed(change, other, misfortune);
    world.go_on();
    ++explored.histories;
    explored.looks += world.looks();
    return writes;
  };
  const int writes = live({});
  for (const Misfortune& misfortune : misfortunes(writes)) {
    if (misfortune.kind != Kind::none) live(misfortune);
    if (::testing::Test::HasFailure()) return;
  }
}

/// Calls `visit` with each history of `length` acts.
void for_each_history(int length, const std::function<void(const std::vector<Act>&)>& visit) {
  std::vector<Act> acts;
  const std::function<void()> extend = [&] {
    if (static_cast<int>(acts.size()) == length) return visit(acts);
    for (const Act act : kActs) {
      acts.push_back(act);
      if (!::testing::Test::HasFailure()) extend();
      acts.pop_back();
    }
  };
  extend();
}

TEST(WritePath, OneWriterIsWholeWhateverHappensAtEachStep) {
  Explored explored;
  const int longest = 1 + std::min(long_share(), 3);
  for (int length = 0; length <= longest; ++length) {
    for_each_history(length, [&](const std::vector<Act>& before) {
      for (const Act act : kActs) explore(before, act, std::nullopt, explored);
    });
  }
  std::cout << explored.histories << " histories, looked at " << explored.looks << " times\n";
  EXPECT_GT(explored.histories, 5'000U);
  EXPECT_GT(explored.looks, 10 * explored.histories);
}

// The first erase has been made, and nobody hears of it; the second finds nothing left to do, but memory still has it
// all until the store is opened anew. To say that it is done then would let the next reader see what is gone.
TEST(WritePath, NothingToDoIsNoAnswerBehindAnUnknownOutcome) {
  for (const Act second : {Act::erase, Act::repeat, Act::late}) {
    World world;
    world.give_second_writer(std::chrono::milliseconds{50});
    world.must(world.make(Act::seal));
    const Change erase = world.make(Act::erase);
    const Change other = world.make(second);
    world.run_disturbed(erase, other, {Misfortune::Kind::made_unheard, true, 0});
    world.go_on();
  }
}

TEST(WritePath, TwoWritersAreWholeWhateverHappensAtEachStep) {
  Explored explored;
  const int longest = std::min(long_share(), 3);
  for (int length = 0; length <= longest; ++length) {
    for_each_history(length, [&](const std::vector<Act>& before) {
      for (const Act first : kActs) {
        for (const Act second : kActs) explore(before, first, second, explored);
      }
    });
  }
  std::cout << explored.histories << " histories, looked at " << explored.looks << " times\n";
  EXPECT_GT(explored.histories, 5'000U);
  EXPECT_GT(explored.looks, 10 * explored.histories);
}

}  // namespace
}  // namespace nines::test
