// The whole prober: real checks on loopback, a real store, real threads.
#include <nines/prober.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "prober/support/faulty_store.h"
#include "prober/support/loopback_server.h"
#include "prober/support/prober_fixture.h"
#include "prober/support/shortage.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A site that can be switched off: its connections are reset then.
class Site {
 public:
  [[nodiscard]] std::string url() const { return server_.url("http"); }
  void switch_to(bool up) { up_ = up; }

 private:
  std::atomic<bool> up_{true};
  LoopbackServer server_{[this](Connection& connection) {
    connection.read_request();
    if (!up_) return connection.reset();
    connection.send(http_answer(200, "well"));
  }};
};

TEST_F(Probers, ServerThatStopsAndStartsAgainGivesOneOutage) {
  Site site;
  const ServerId id = add_server("site", site.url());
  start({probed(id, "site", site.url())});
  ASSERT_TRUE(wait_until([&] { return told_results().size() == 1; })) << "the first check comes by itself";
  site.switch_to(false);
  const CheckResult failure = check(id);
  EXPECT_EQ(failure.error, ErrorClass::reset);
  check(id);
  site.switch_to(true);
  check(id);
  ASSERT_TRUE(wait_until([&] { return told_changes().size() == 3; }));
  EXPECT_TRUE(prober->stop());

  const auto changes = told_changes();
  EXPECT_EQ(changes[0].to, State::up);
  EXPECT_EQ(changes[1].to, State::down);
  EXPECT_EQ(changes[1].since, failure.time);
  EXPECT_EQ(changes[2].to, State::up);
  EXPECT_EQ(stored(id), [&] {
    auto told = told_results();
    for (CheckResult& result : told) result.phases.reset();
    return told;
  }());
}

TEST_F(Probers, StateSurvivesARestartAndIsNotToldAgain) {
  Site site;
  const ServerId id = add_server("site", site.url());
  site.switch_to(false);
  start({probed(id, "site", site.url())});
  ASSERT_TRUE(wait_until([&] { return !told_results().empty(); }));
  check(id);
  ASSERT_TRUE(wait_until([&] { return told_changes().size() == 1; }));
  prober.reset();
  store.reset();

  open_store();
  start({probed(id, "site", site.url())});
  ASSERT_TRUE(wait_until([&] { return prober->state(id) == State::down; }));
  check(id);
  prober.reset();
  EXPECT_THAT(told_changes(), SizeIs(1));
  EXPECT_THAT(stored(id), SizeIs(3)) << "no first check, no mark: the last result was fresh";
}

// The outage before a pause ended with it, whatever the last result still says.
TEST_F(Probers, OutageBeforeAPauseIsNotToldWhenTheServerComesBack) {
  const TimeMs now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  for (const bool paused : {false, true}) {
    Server server;
    server.name = paused ? "paused" : "not paused";
    server.url = "http://127.0.0.1/";
    server.created_at = now - 1h;
    if (paused) server.paused.push_back({now - 20min, now - 1min});
    const ServerId id = store->add_server(server).value();
    for (const auto ago : {30min, 29min, 28min}) {
      CheckResult failure;
      failure.server = id;
      failure.time = now - ago;
      failure.state = State::down;
      failure.error = ErrorClass::timeout;
      failure.interval_ms = 3'600'000;
      ASSERT_TRUE(store->append(failure, Durability::disk));
    }
  }
  AlertTarget target;
  target.name = "file";
  target.exec = {"/bin/sh", "-c", "echo $NINES_EVENT $NINES_SERVER >> '" + folder.file("told") + "'"};
  options.alerts.targets = {target};
  options.alerts.journal = folder.file("alerts");
  std::vector<ProbedServer> servers;
  const auto catalog = store->catalog();
  for (const Server& server : catalog->servers()) {
    servers.push_back(probed(server.id, server.name, server.url));
  }
  start(servers);
  EXPECT_TRUE(wait_until([&] { return prober->stats().alerts.delivered == 1; }));
  EXPECT_EQ(prober->stats().alerts.open_incidents, 1U);
  prober.reset();
  std::ifstream told(folder.file("told"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(told), {}), "down not paused\n");
}

TEST_F(Probers, StopLosesNothing) {
  LoopbackServer slow([](Connection& connection) {
    connection.read_request();
    connection.pause_ms(150);
    connection.send(http_answer(200, ""));
  });
  std::vector<ProbedServer> servers;
  for (int i = 0; i < 60; ++i) {
    const std::string name = "server-" + std::to_string(i);
    servers.push_back(probed(add_server(name, slow.url("http")), name, slow.url("http")));
  }
  options.start_rate = 10'000;
  options.batch_delay = 500ms;
  options.stop_grace = 15s;
  start(servers);
  ASSERT_TRUE(wait_until([&] { return slow.connections() >= 60; }));
  EXPECT_TRUE(prober->stop());
  EXPECT_EQ(prober->stats().stored, 60U);
  EXPECT_EQ(prober->stats().queue_depth, 0U);
  for (const ProbedServer& server : servers) EXPECT_THAT(stored(server.id), SizeIs(1));
}

TEST_F(Probers, CheckThatOutlastsTheStopLeavesNoResult) {
  LoopbackServer silent([](Connection& connection) { connection.wait_for_close(); });
  const ServerId id = add_server("silent", silent.url("http"));
  options.stop_grace = 10ms;
  start({probed(id, "silent", silent.url("http"))});
  ASSERT_TRUE(wait_until([&] { return silent.connections() == 1; }));
  EXPECT_TRUE(prober->stop());
  EXPECT_THAT(stored(id), IsEmpty());
  EXPECT_FALSE(prober->check_now(id));
  EXPECT_FALSE(prober->start());
  EXPECT_FALSE(prober->set_server(probed(id, "silent", silent.url("http"))));
}

TEST_F(Probers, ServersComeAndGoWhileItRuns) {
  Site site;
  start({});
  const ServerId id = add_server("late", site.url());
  ASSERT_TRUE(prober->set_server(probed(id, "late", site.url())));
  ASSERT_TRUE(wait_until([&] { return !told_results().empty(); }));
  EXPECT_EQ(prober->state(id), State::up);
  ProbedServer changed = probed(id, "late", site.url());
  changed.check.body_contains = {"not there"};
  ASSERT_TRUE(prober->set_server(changed));
  EXPECT_EQ(check(id).error, ErrorClass::condition);
  EXPECT_TRUE(prober->remove_server(id));
  EXPECT_FALSE(prober->remove_server(id));
  EXPECT_EQ(prober->state(id), std::nullopt);
}

TEST_F(Probers, BadDescriptionsAreRefusedAndChangeNothing) {
  Site site;
  const ServerId id = add_server("site", site.url());
  ProbedServer server = probed(id, "site", site.url());
  start({server});
  const auto refused = [&](const std::function<void(ProbedServer&)>& spoil) {
    ProbedServer spoilt = server;
    spoil(spoilt);
    const auto result = prober->set_server(spoilt);
    return result ? std::string("accepted") : result.error().message;
  };
  EXPECT_THAT(refused([](auto& bad) { bad.rules.interval = 1ms; }), HasSubstr("interval"));
  EXPECT_THAT(refused([](auto& bad) { bad.rules.confirm_failures = 0; }), HasSubstr("confirm"));
  EXPECT_THAT(refused([](auto& bad) { bad.check.url = "nonsense"; }), HasSubstr("url"));
  EXPECT_THAT(refused([](auto& bad) { bad.check.body_matches = {"("}; }), HasSubstr("body-matches"));
  EXPECT_THAT(refused([](auto& bad) { bad.push = PushSpec{}; }), HasSubstr("push"));
  EXPECT_THAT(refused([](auto& bad) { bad.id = ServerId{99}; }), HasSubstr("99")) << "not in the store";
  EXPECT_EQ(check(id).state, State::up);
  EXPECT_EQ(Prober::create(*store,
                           [] {
                             ProberOptions bad;
                             bad.max_in_flight = 0;
                             return bad;
                           }())
                .error()
                .code,
            ErrorCode::invalid_argument);
}

TEST_F(Probers, LimitsChangeWhileItRunsAndWhatCannotIsNamed) {
  Site site;
  const ServerId id = add_server("site", site.url());
  start({probed(id, "site", site.url())});
  ProberOptions wanted = options;
  wanted.max_in_flight = 1;
  wanted.start_rate = 5;
  EXPECT_THAT(*prober->reconfigure(wanted), IsEmpty());
  wanted.runner.user_agent = "other/1";
  wanted.references.emplace_back().url = site.url();
  EXPECT_THAT(*prober->reconfigure(wanted), testing::ElementsAre("user-agent", "references"));
  wanted.max_in_flight = 0;
  EXPECT_EQ(prober->reconfigure(wanted).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(check(id).state, State::up) << "it goes on";
}

TEST_F(Probers, AlertOfAnOutageDoesNotWaitForAStoreThatStalls) {
  Site site;
  const ServerId id = add_server("site", site.url());
  FaultyStore stalling(*store);
  std::mutex mutex;
  std::condition_variable go_on;
  bool stalled = true;
  stalling.before_append([&](std::span<const CheckResult>) -> Result<void> {
    std::unique_lock lock(mutex);
    go_on.wait(lock, [&] { return !stalled; });
    return {};
  });
  AlertTarget target;
  target.name = "shell";
  target.exec = {"sh", "-c", "echo $NINES_EVENT > '" + folder.file("told") + "'"};
  options.alerts.targets = {target};
  options.alerts.journal = folder.file("alerts");
  site.switch_to(false);
  start({probed(id, "site", site.url())}, &stalling);
  const auto checks = [&] { return prober->stats().checks; };
  ASSERT_TRUE(wait_until([&] { return checks() >= 1; }));
  ASSERT_TRUE(prober->check_now(id));
  EXPECT_TRUE(wait_until([&] { return prober->stats().alerts.delivered == 1; })) << "the store has not moved yet";
  EXPECT_EQ(prober->stats().stored, 0U);
  {
    const std::lock_guard lock(mutex);
    stalled = false;
    go_on.notify_all();
  }
  ASSERT_TRUE(wait_until([&] { return prober->stats().stored >= 2; }));
  EXPECT_TRUE(prober->stop());
  EXPECT_GE(stored(id).size(), 2U) << "and nothing is lost";
}

TEST_F(Probers, StartWithoutThreadsIsRefused) {
  Site site;
  const ServerId id = add_server("site", site.url());
  auto made = Prober::create(*store, options);
  ASSERT_TRUE(made);
  ASSERT_TRUE((*made)->set_server(probed(id, "site", site.url())));
  {
    const NoThreads shortage;
    const auto started = (*made)->start();
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().code, ErrorCode::unavailable);
  }
  EXPECT_TRUE((*made)->stop());
  EXPECT_THAT(stored(id), IsEmpty());
}

TEST_F(Probers, JobReportsUnderItsNameOrToken) {
  const ServerId id = add_server("backup", "push:");
  ProbedServer server = probed(id, "backup", "push:");
  server.push.emplace();
  server.push->token = "t0ken";
  server.push->grace = 60s;
  start({server});
  std::promise<Result<void>> acknowledged;
  ASSERT_TRUE(prober->report("t0ken", {}, [&](const Result<void>& stored) { acknowledged.set_value(stored); }));
  EXPECT_TRUE(acknowledged.get_future().get());
  ASSERT_THAT(stored(id), SizeIs(1)) << "acknowledged means stored";
  PushReport failure;
  failure.exit_code = 2;
  failure.log_line = "no space";
  ASSERT_TRUE(prober->report("backup", failure));
  ASSERT_TRUE(wait_until([&] { return told_results().size() == 2; }));
  EXPECT_EQ(told_results()[1].detail, "the job reported a failure, exit code 2: no space");
  EXPECT_EQ(prober->report("stranger", {}).error().code, ErrorCode::not_found);
  EXPECT_FALSE(prober->check_now(id));
  const ServerId other = add_server("other", "push:");
  ProbedServer thief = probed(other, "other", "push:");
  thief.push = server.push;
  EXPECT_EQ(prober->set_server(thief).error().code, ErrorCode::already_exists);
  EXPECT_TRUE(prober->stop());
  EXPECT_EQ(prober->report("backup", {}).error().code, ErrorCode::unavailable);
}

// --- A store that misbehaves. ---

TEST_F(Probers, StoreThatFailsForAWhileLosesNothing) {
  Site site;
  const ServerId id = add_server("site", site.url());
  FaultyStore faulty(*store);
  std::atomic<int> failures{0};
  faulty.before_append([&](auto) -> Result<void> {
    if (++failures <= 3) return fail(ErrorCode::out_of_space, "the disk is full");
    return {};
  });
  std::mutex mutex;
  std::vector<std::string> logged;
  options.log = [&](LogLevel, std::string_view text) {
    const std::lock_guard lock(mutex);
    logged.emplace_back(text);
  };
  start({probed(id, "site", site.url())}, &faulty);
  ASSERT_TRUE(wait_until([&] { return told_results().size() == 1; }));
  EXPECT_TRUE(prober->stop());
  EXPECT_THAT(stored(id), SizeIs(1));
  EXPECT_EQ(prober->stats().store_failures, 3U);
  const std::lock_guard lock(mutex);
  ASSERT_THAT(logged, SizeIs(1)) << "one fault, one line";
  EXPECT_THAT(logged[0], HasSubstr("the disk is full"));
}

TEST_F(Probers, FullQueueBecomesAnUnknownWithItsCount) {
  const ServerId id = add_server("job", "push:");
  FaultyStore faulty(*store);
  std::atomic<bool> stuck{true};
  std::atomic<int> appends{0};
  faulty.before_append([&](auto) -> Result<void> {
    ++appends;
    if (stuck) return fail(ErrorCode::unavailable, "not now");
    return {};
  });
  options.queue_results = 10;
  start({probed(id, "job", "push:")}, &faulty);
  ASSERT_TRUE(prober->report("job", {}));
  ASSERT_TRUE(wait_until([&] { return appends > 0; })) << "the writer holds the first";
  std::atomic<int> refused{0};
  for (int i = 0; i < 24; ++i) {
    ASSERT_TRUE(prober->report("job", {}, [&](const Result<void>& outcome) { refused += outcome ? 0 : 1; }));
  }
  ASSERT_TRUE(wait_until([&] { return prober->stats().dropped == 15; }));
  EXPECT_EQ(refused, 15) << "who lost a report knows";
  EXPECT_EQ(prober->stats().queue_depth, 10U);
  stuck = false;
  EXPECT_TRUE(prober->stop());
  const auto results = stored(id);
  ASSERT_THAT(results, SizeIs(11));
  EXPECT_EQ(results[10].state, State::unknown);
  EXPECT_EQ(results[10].error, ErrorClass::dropped);
  EXPECT_THAT(results[10].detail, HasSubstr("15 results lost"));
}

TEST_F(Probers, ResultOfAServerThatIsGoneDoesNotHoldUpTheRest) {
  const ServerId one = add_server("one", "push:one");
  const ServerId two = add_server("two", "push:two");
  options.batch_delay = 300ms;
  start({probed(one, "one", "push:one"), probed(two, "two", "push:two")});
  ASSERT_TRUE(store->remove_server(one));
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(prober->report("one", {}));
    ASSERT_TRUE(prober->report("two", {}));
  }
  EXPECT_TRUE(prober->stop());
  EXPECT_THAT(stored(two), SizeIs(5));
  EXPECT_EQ(prober->stats().refused, 5U);
}

TEST_F(Probers, StopTellsWhatTheStoreNeverTook) {
  const ServerId id = add_server("job", "push:");
  FaultyStore faulty(*store);
  faulty.before_append([](auto) { return fail(ErrorCode::io, "the disk is gone"); });
  options.drain_limit = 100ms;
  start({probed(id, "job", "push:")}, &faulty);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(prober->report("job", {}));
  const auto stopped = prober->stop();
  ASSERT_FALSE(stopped);
  EXPECT_THAT(stopped.error().message, HasSubstr("3 results"));
}

}  // namespace
}  // namespace nines::prober_test
