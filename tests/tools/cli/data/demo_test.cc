// nines demo: the store that it makes, read by the other commands and compared with the generator it shares with bench.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nines/calendar.h>
#include <nines/store.h>

#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "history/expected.h"
#include "history/history.h"
#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kUntil = "2026-07-14T17:23:45.678Z";
constexpr const char* kDayBefore = "2026-07-13T17:23:45.678Z";

history::Shape small_shape() {
  return {.name = "demo", .servers = 3, .days = 4, .seed = 7, .end = *parse_time(kUntil, {})};
}

class Demo : public ::testing::Test {
 protected:
  [[nodiscard]] Finished demo(const std::string& db, std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"demo", "--db", dir_.path(db), "--servers", "3", "--days", "4"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return nines(arguments);
  }
  [[nodiscard]] std::string exported(const std::string& db) const {
    const Finished finished = nines({"export", "--db", dir_.path(db), "--from", "2026-01-01", "--to", kUntil});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return finished.out;
  }
  TempDir dir_;
};

TEST_F(Demo, StoreHoldsTheGeneratorsHistoryAndNothingElse) {
  const Finished made = demo("a", {"--seed", "7", "--until", kUntil});
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.out, IsEmpty());
  const auto store = Store::open_read_only(dir_.path("a"));
  ASSERT_TRUE(store.has_value());
  const history::Shape shape = small_shape();
  ASSERT_EQ((*store)->catalog()->servers().size(), shape.servers);
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    const history::ServerHistory server(shape, index);
    EXPECT_EQ((*store)->catalog()->servers()[index], server.server());
    auto cursor = (*store)->scan(ServerId{index + 1}, {from_ms(0), kTimeLimit}, {});
    ASSERT_TRUE(cursor.has_value());
    std::uint64_t number = 0;
    for (auto segment = (*cursor)->next(); segment && *segment != nullptr; segment = (*cursor)->next()) {
      for (std::uint32_t i = (*segment)->first_in_window; i < (*segment)->size(); ++i, ++number) {
        ASSERT_LT(number, server.size());
        const CheckResult expected = server[number];
        ASSERT_EQ((*segment)->time_ms[i], to_ms(expected.time));
        ASSERT_EQ((*segment)->latency_us[i], expected.latency_us.value_or(kNoLatency));
      }
    }
    EXPECT_EQ(number, server.size());
  }
}

TEST_F(Demo, CommandsAnswerWhatAPlainLoopOverTheHistoryDoes) {
  ASSERT_EQ(demo("a", {"--seed", "7", "--until", kUntil}).code, 0);
  const Finished answer =
      nines({"status", "--db", dir_.path("a"), "--from", kDayBefore, "--to", kUntil, "--sort", "name", "--json"});
  ASSERT_EQ(answer.code, 0) << answer.err;
  const Json status = Json::parse(answer.out);
  const history::Shape shape = small_shape();
  const Window window{*parse_time(kDayBefore, {}), shape.now()};
  ASSERT_EQ(status["servers"].size(), shape.servers);
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    std::vector<CheckResult> results;
    history::ServerHistory(shape, index).results({shape.begin(), shape.now()}, results);
    const history::Expected expected = history::expect(results, window, {});
    const Json& figures = status["servers"][index];
    EXPECT_EQ(figures["checks"], expected.checks);
    EXPECT_EQ(figures["failed_checks"], expected.failed);
    EXPECT_EQ(figures["time_ms"]["down"], expected.time_ms[static_cast<std::size_t>(State::down)]);
    EXPECT_EQ(figures["latency_us"]["p95"], expected.latency.p95_us);
    EXPECT_EQ(figures["incidents"].size(), expected.incidents.size());
  }
}

TEST_F(Demo, OneSeedAndEndAreOneHistory) {
  ASSERT_EQ(demo("a", {"--until", kUntil}).code, 0);
  ASSERT_EQ(demo("b", {"--until", kUntil}).code, 0);
  ASSERT_EQ(demo("c", {"--until", kUntil, "--seed", "2"}).code, 0);
  EXPECT_EQ(exported("a"), exported("b"));
  EXPECT_NE(exported("a"), exported("c"));
}

TEST_F(Demo, EndsNowAndSaysWhatToTry) {
  const Finished made = demo("it's");
  ASSERT_EQ(made.code, 0) << made.err;
  EXPECT_THAT(made.err, AllOf(HasSubstr("10 servers with "), HasSubstr("export NINES_DB='"), HasSubstr("it'\\''s'"),
                              HasSubstr("nines status"), HasSubstr("nines serve")));
  const Finished info = nines({"info", "--db", dir_.path("it's"), "--json"});
  EXPECT_EQ(Json::parse(info.out)["servers_with_results"], 10);
  EXPECT_THAT(nines({"status", "--db", dir_.path("it's"), "--window", "24h"}).out, HasSubstr("site-0003"));
}

TEST_F(Demo, SomethingIsTheMatterNow) {
  ASSERT_EQ(demo("a").code, 0);
  const Json status = Json::parse(nines({"status", "--db", dir_.path("a"), "--json"}).out);
  std::map<std::string, std::string> states;
  std::map<std::string, Json> servers;
  for (const Json& server : status["servers"]) {
    states[server["server"]] = server["current"]["state"];
    servers[server["server"]] = server;
  }
  EXPECT_EQ(states["payments"], "down");
  EXPECT_EQ(states["mail"], "maintenance");
  EXPECT_EQ(states["www"], "degraded");
  EXPECT_EQ(states["api"], "up") << "two places of three see it";
  EXPECT_EQ(states["sensor"], "up");
  EXPECT_GT(servers["sensor"]["blips"], 400);
  EXPECT_GT(servers["search"]["incidents"].size(), 20U);
}

TEST_F(Demo, LivesOnAndTakesOthersResults) {
  Program live({"demo", "--db", dir_.path("a"), "--servers", "3", "--days", "1", "--interval", "1s", "--live"});
  ASSERT_TRUE(live.says("measuring"));
  const auto newest = [this] {
    return Json::parse(nines({"info", "--db", dir_.path("a"), "--json"}).out)["newest_result"].get<std::string>();
  };
  const std::string before = newest();
  EXPECT_EQ(nines({"record", "mine", "up", "--db", dir_.path("a")}).code, 0);
  EXPECT_TRUE(eventually([&] { return newest() > before; }));
  live.signal(SIGINT);
  EXPECT_EQ(live.wait().code, 0);
  EXPECT_EQ(nines({"demo", "--live", "--until", "-1d", "--db", dir_.path("b")}).code, 2);
}

TEST_F(Demo, StoreWithServersIsLeftAlone) {
  ASSERT_EQ(demo("a", {"--until", kUntil}).code, 0);
  const std::string before = exported("a");
  const Finished again = demo("a", {"--until", kUntil, "--seed", "2"});
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.err, AllOf(HasSubstr("holds servers already"), HasSubstr("--db PATH")));
  EXPECT_EQ(exported("a"), before);
}

TEST_F(Demo, SizesThatMakeNoSenseAreUsageErrors) {
  for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{{"--servers", "0"},
                                                                                     {"--days", "0"},
                                                                                     {"--interval", "7s"},
                                                                                     {"--interval", "500ms"},
                                                                                     {"--seed", "-1"},
                                                                                     {"--until", "2999-01-01"},
                                                                                     {"--until", "1970-01-03"}}) {
    std::vector<std::string> arguments = {"demo", "--db", dir_.path("none")};
    arguments.insert(arguments.end(), wrong.begin(), wrong.end());
    const Finished finished = nines(arguments);
    EXPECT_EQ(finished.code, 2) << wrong[0] << " " << wrong[1] << ": " << finished.err;
  }
  const Finished huge = nines({"demo", "--db", dir_.path("none"), "--servers", "100000", "--days", "3650"});
  EXPECT_EQ(huge.code, 2);
  EXPECT_THAT(huge.err, HasSubstr("200,000,000"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path("none")));
}

}  // namespace
}  // namespace nines::tools::testing
