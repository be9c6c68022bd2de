// The prober judges results as they come, query/ judges them when asked. Both must tell the same outages with the same
// begin, or the alert, the log line and the incident of one outage contradict each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/incident.h>
#include <nines/timeline.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <optional>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "prober/restore.h"
#include "schedule/judges.h"
#include "support/model_store.h"

namespace nines::judges_test {
namespace {

using namespace std::chrono_literals;

constexpr TimeMs kBegin = from_ms(1'750'000'000'000);
constexpr ServerId kServer{1};

struct Outage {
  TimeMs from{};
  std::optional<TimeMs> to;
  friend bool operator==(const Outage&, const Outage&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Outage& outage) {
    out << (outage.from - kBegin).count() << " to ";
    return outage.to ? out << (*outage.to - kBegin).count() : out << "now";
  }
};

/// A history of one server in one place: rows of failures, blips, retries, gaps of every length, unknown results.
struct History {
  explicit History(unsigned seed) : random_(seed) {
    rules.interval = std::chrono::seconds{10 + below(60)};
    rules.timeout = std::chrono::seconds{1 + below(20)};
    rules.confirm_failures = static_cast<std::uint16_t>(1 + below(4));
    rules.confirm_successes = static_cast<std::uint16_t>(1 + below(3));
    if (below(4) == 0) rules.stale_after = std::chrono::seconds{5 + below(200)};
    TimeMs time = kBegin;
    State mood = State::up;
    for (std::uint32_t i = 0; i < 150; ++i) {
      if (below(8) == 0) mood = any_state();
      CheckResult result;
      result.server = kServer;
      result.time = time;
      result.state = below(6) == 0 ? any_state() : mood;
      if (result.state == State::down) result.error = ErrorClass::timeout;
      result.interval_ms = below(5) == 0 ? 0U : 1'000U * (5 + below(60));
      results.push_back(result);
      time += std::chrono::milliseconds{1 + below(below(10) == 0 ? 400'000 : 40'000)};
    }
  }

  /// Other rules from some result on.
  void change_rules() {
    Rules other = rules;
    other.confirm_failures = static_cast<std::uint16_t>(1 + below(4));
    other.confirm_successes = static_cast<std::uint16_t>(1 + below(3));
    other.interval = std::chrono::seconds{10 + below(60)};
    if (below(2) == 0) other.stale_after = std::chrono::seconds{5 + below(200)};
    other.effective_from = results[30 + below(50)].time - std::chrono::milliseconds{below(2)};
    changed = other;
  }
  /// A pause, in which nothing is checked.
  void pause_it() {
    const TimeMs from = results[90 + below(30)].time + 1ms;
    pause = Window{from, from + std::chrono::seconds{1 + below(600)}};
    std::erase_if(results, [this](const CheckResult& r) { return r.time >= pause->from && r.time < pause->to; });
  }
  [[nodiscard]] const Rules& rules_at(TimeMs time) const {
    return changed && time >= changed->effective_from ? *changed : rules;
  }

  Rules rules;
  std::optional<Rules> changed;
  std::optional<Window> pause;
  std::vector<CheckResult> results;

 private:
  std::uint32_t below(std::uint32_t n) { return std::uniform_int_distribution<std::uint32_t>(0, n - 1)(random_); }
  State any_state() {
    constexpr State kStates[] = {State::up, State::up, State::degraded, State::down, State::down, State::unknown};
    return kStates[below(6)];
  }
  std::mt19937 random_;
};

/// The prober's judges beside a history: as its core does, they forget what they know of a server that is paused.
class LiveJudges {
 public:
  explicit LiveJudges(const History& history) : history_(history) {}

  const prober::Judge& apply(const CheckResult& result) {
    if (history_.pause && !resumed_ && result.time >= history_.pause->from) {
      resumed_ = true;
      judges_ = {};
    }
    judges_.apply(result, history_.rules_at(result.time));
    return judges_.state();
  }
  [[nodiscard]] bool resumed() const { return resumed_; }

 private:
  const History& history_;
  prober::Judges judges_;
  bool resumed_ = false;
};

std::vector<Outage> told_by_prober(const History& history) {
  LiveJudges judges(history);
  std::vector<Outage> outages;
  for (const CheckResult& result : history.results) {
    const bool was_resumed = judges.resumed();
    const prober::Judge& judge = judges.apply(result);
    // The book ends what lasts when a pause comes.
    if (judges.resumed() && !was_resumed && !outages.empty() && !outages.back().to) {
      outages.back().to = history.pause->from;
    }
    const bool open = !outages.empty() && !outages.back().to;
    if (judge.confirmed() == State::down && !open) outages.push_back({judge.since(), std::nullopt});
    if (judge.confirmed() != State::down && open) outages.back().to = judge.since();
  }
  return outages;
}

Server server_of(const History& history) {
  Server server;
  server.name = "site";
  server.rules = {history.rules};
  if (history.changed) server.rules.push_back(*history.changed);
  if (history.pause) server.paused = {*history.pause};
  server.created_at = kBegin;
  return server;
}

/// Fails the test where the two tell something else. Returns how many outages they tell.
std::size_t compare_outages(const History& history) {
  test::ModelStore store;
  EXPECT_EQ(store.add(server_of(history)), kServer);
  store.put(history.results);
  Query query;
  query.now = history.results.back().time + 1ms;
  query.window = {kBegin, query.now};
  const std::vector<ServerId> servers{kServer};
  const auto found = incidents(store, servers, query);
  if (!found) {
    ADD_FAILURE() << found.error().message;
    return 0;
  }
  std::vector<Outage> told = told_by_prober(history);
  std::vector<Outage> stored;
  for (const Incident& incident : found->incidents) stored.push_back({incident.from, incident.to});
  for (std::size_t i = 0; i < std::min(told.size(), stored.size()); ++i) {
    // Where unknown time came before the end, the incident ends where knowledge ran out; the alert tells when the
    // server was seen to be well.
    if (!found->incidents[i].end_seen) told[i].to = stored[i].to;
  }
  EXPECT_EQ(told, stored);
  return told.size();
}

TEST(Agreement, ProberAndQueryTellTheSameOutages) {
  std::size_t outages = 0;
  for (unsigned seed = 1; seed <= 2'000 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    outages += compare_outages(History(seed));
  }
  EXPECT_GT(outages, 2'000U) << "the histories are worth comparing";
}

TEST(Agreement, SoTheyDoWhereRulesChange) {
  std::size_t outages = 0;
  for (unsigned seed = 1; seed <= 2'000 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    history.change_rules();
    outages += compare_outages(history);
  }
  EXPECT_GT(outages, 2'000U) << "the histories are worth comparing";
}

TEST(Agreement, SoTheyDoWhereAServerIsPaused) {
  std::size_t outages = 0;
  std::size_t cut_short = 0;
  for (unsigned seed = 1; seed <= 2'000 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    History history(seed);
    history.change_rules();
    history.pause_it();
    outages += compare_outages(history);
    prober::Judges judges;
    for (const CheckResult& result : history.results) {
      if (result.time < history.pause->from) judges.apply(result, history.rules_at(result.time));
    }
    cut_short += judges.state().confirmed() == State::down || judges.state().pending();
  }
  EXPECT_GT(outages, 2'000U) << "the histories are worth comparing";
  EXPECT_GT(cut_short, 500U) << "pauses that come into an outage or a row of failures";
}

// What a server is between its outages, too: a page that says up beside an alert that says degraded helps nobody.
TEST(Agreement, ProberAndQueryShowTheSameState) {
  std::size_t failures_while_degraded = 0;
  for (unsigned seed = 1; seed <= 300; ++seed) {
    History history(seed);
    if (seed % 2 == 0) history.pause_it();
    test::ModelStore store;
    ASSERT_EQ(store.add(server_of(history)), kServer);
    LiveJudges live(history);
    for (const CheckResult& result : history.results) {
      const prober::Judge& judge = live.apply(result);
      store.put({&result, 1});
      Query query;
      query.now = result.time + 1ms;
      query.window = {kBegin, query.now};
      const auto told = timeline(store, kServer, query);
      ASSERT_TRUE(told) << told.error().message;
      const State shown = judge.shown();
      ASSERT_EQ(told->spans.back().state, shown) << "seed " << seed << ", result at " << (result.time - kBegin).count();
      failures_while_degraded += result.state == State::down && shown == State::degraded;
    }
  }
  EXPECT_GT(failures_while_degraded, 100U) << "the histories are worth comparing";
}

TEST(Agreement, RestartFindsWhatWasJudgedBefore) {
  for (unsigned seed = 1; seed <= 300; ++seed) {
    History history(seed);
    if (seed % 2 == 0) history.pause_it();
    test::ModelStore store;
    ASSERT_EQ(store.add(server_of(history)), kServer);
    LiveJudges judges(history);
    for (std::size_t i = 0; i < history.results.size(); ++i) {
      const prober::Judge& live = judges.apply(history.results[i]);
      store.put({&history.results[i], 1});
      if (i % 7 != 0) continue;
      const auto restored = prober::restore(store, kServer, LocationId{}, history.rules, history.results[i].time);
      ASSERT_TRUE(restored) << restored.error().message;
      const prober::Judge& read_back = restored->judges.state();
      ASSERT_EQ(read_back.confirmed() == State::down, live.confirmed() == State::down)
          << "seed " << seed << ", result " << i;
      ASSERT_EQ(read_back.shown(), live.shown()) << "seed " << seed << ", result " << i;
      ASSERT_EQ(read_back.pending(), live.pending()) << "seed " << seed << ", result " << i;
      if (read_back.confirmed() == State::down) {
        ASSERT_EQ(read_back.since(), live.since()) << "seed " << seed << ", result " << i;
      }
    }
  }
}

// What a clock that was ahead has left in the store is not what was found last.
TEST(Agreement, RestartLooksAtWhatHasBeen) {
  History history(1);
  history.rules = Rules{};
  test::ModelStore store;
  ASSERT_EQ(store.add(server_of(history)), kServer);
  CheckResult result;
  result.server = kServer;
  result.interval_ms = 60'000;
  for (const auto& [minutes, state] : {std::pair{360, State::up}, {0, State::down}, {1, State::down}}) {
    result.time = kBegin + std::chrono::minutes{minutes};
    result.state = state;
    result.error = state == State::down ? ErrorClass::timeout : ErrorClass::none;
    store.put({&result, 1});
  }
  const auto restored = prober::restore(store, kServer, LocationId{}, history.rules, kBegin + 2min);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->judges.state().confirmed(), State::down);
  EXPECT_EQ(restored->judges.state().since(), kBegin);
}

}  // namespace
}  // namespace nines::judges_test
