// What lies in a store, as `scan`, `explain` and `tail` show it. The keys and sizes are those of engine/FORMAT.md, by
// hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class Looking : public ::testing::Test {
 protected:
  // An hour of a check a minute from 2026-07-01T00:00Z. 00:20, 00:21 and 00:40 failed, each with a text of 19 bytes.
  void SetUp() override {
    std::string csv = "server,time,state,latency_us,code,detail\n";
    for (int minute = 0; minute < 60; ++minute) {
      const bool down = minute == 20 || minute == 21 || minute == 40;
      char line[120];
      std::snprintf(line, sizeof line, "site,2026-07-01T00:%02d:00Z,%s,%s,%d,%s\n", minute, down ? "down" : "up",
                    down ? "" : "80000", down ? 503 : 200, down ? "Service Unavailable" : "");
      csv += line;
    }
    // And one of the next day: the newest day of a server has no summary yet.
    csv += "site,2026-07-02T00:00:00Z,up,80000,200,\n";
    ASSERT_EQ(run({"import", "-", "--interval", "60s"}, csv).code, 0);
    ASSERT_EQ(run({"compact", "-q"}).code, 0);
  }
  Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, input);
  }
  [[nodiscard]] Json json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const Finished finished = run(std::move(arguments));
    EXPECT_EQ(finished.code, 0) << finished.err;
    return Json::parse(finished.out, nullptr, false);
  }
  TempDir dir_;
};

TEST_F(Looking, ScanShowsAChunkByItsKeyAndWhatIsInIt) {
  const Json keys = json({"scan", "site", "--window", "2026-07-01", "--space", "checks"})["keys"];
  ASSERT_EQ(keys.size(), 1U);
  const Json& chunk = keys[0];
  EXPECT_EQ(chunk["space"], "checks");
  EXPECT_EQ(chunk["key"], "00000001 0000019f1af9b400") << "server 1, 2026-07-01T00:00:00.000Z";
  EXPECT_EQ(chunk["first"], "2026-07-01T00:00:00.000Z");
  EXPECT_EQ(chunk["last"], "2026-07-01T00:59:00.000Z");
  EXPECT_EQ(chunk["results"], 60);
  EXPECT_EQ(chunk["series"], 1);
  EXPECT_EQ(chunk["runs"], 5) << "up, down twice, up, down, up";
  EXPECT_EQ(chunk["latencies"], 57);
  EXPECT_EQ(chunk["phases"], 0);
  EXPECT_EQ(chunk["details"], 3);
  EXPECT_EQ(chunk["detail_bytes"], 57);
  EXPECT_GT(chunk["bytes"], 19) << "the text once, at least";
}

TEST_F(Looking, ScanShowsTheSummaryOfADay) {
  const Json keys = json({"scan", "site", "--window", "2026-07-01", "--space", "days"})["keys"];
  ASSERT_EQ(keys.size(), 1U);
  EXPECT_EQ(keys[0]["key"], "00000001 0000509b") << "day 20635";
  EXPECT_EQ(keys[0]["results"], 60);
  EXPECT_EQ(keys[0]["runs"], 5);
}

TEST_F(Looking, ScanShowsASingleResultWithTheBytesOfItsValue) {
  ASSERT_EQ(run({"record", "site", "up", "--time", "2026-07-02T02:00:00Z", "--latency", "80ms", "--code", "200",
                 "--interval", "60s"})
                .code,
            0);
  const Json keys = json({"scan", "site", "--window", "2026-07-02"})["keys"];
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_EQ(keys[0]["space"], "checks");
  EXPECT_EQ(keys[1]["space"], "recent");
  EXPECT_EQ(keys[1]["key"], "00000001 0000019f208ded00 0000") << "server, time, location";
  EXPECT_EQ(keys[1]["bytes"], 8) << "version, flags, code 2, interval, latency 3";
  EXPECT_EQ(keys[1]["location"], 0);
  const std::string table = run({"scan", "site", "--window", "2026-07-02"}).out;
  EXPECT_THAT(table, HasSubstr("recent: 1 key, 1 results, 8 B"));
}

TEST_F(Looking, ScanOfAPartOfADayShowsTheKeysThatReachIntoIt) {
  const Json inside = json({"scan", "site", "--from", "2026-07-01T00:30:00Z", "--to", "2026-07-01T00:31:00Z"});
  ASSERT_EQ(inside["keys"].size(), 2U);
  EXPECT_EQ(inside["keys"][0]["results"], 60) << "a chunk is one value";
  EXPECT_EQ(json({"scan", "site", "--from", "2026-07-01T02:00:00Z", "--to", "2026-07-01T03:00:00Z", "--space",
                  "checks"})["keys"]
                .size(),
            0U);
}

TEST_F(Looking, ScanRefusesWhatMeansNothing) {
  EXPECT_EQ(run({"scan", "site", "--space", "servers"}).code, 2);
  EXPECT_EQ(run({"scan", "site", "--runs", "--limit", "3"}).code, 2);
  EXPECT_EQ(run({"scan", "nobody"}).code, 1);
  const Json runs = json({"scan", "site", "--window", "2026-07-01", "--runs"})["runs"];
  ASSERT_EQ(runs.size(), 5U);
  EXPECT_EQ(runs[1]["state"], "down");
  EXPECT_EQ(runs[1]["checks"], 2);
}

TEST_F(Looking, ExplainEstimatesByTheCatalogAloneAndReadsNothing) {
  const std::vector<std::string> hour{"--from", "2026-07-01T00:00:00Z", "--to", "2026-07-01T01:00:00Z"};
  std::vector<std::string> words{"explain", "status", "--estimate"};
  words.insert(words.end(), hour.begin(), hour.end());
  const Json estimated = json(words);
  EXPECT_EQ(estimated["estimate"]["range_scans"], 1);
  EXPECT_EQ(estimated["estimate"]["results"], 60);
  EXPECT_EQ(estimated["estimate"]["summaries"], 0);
  EXPECT_FALSE(estimated.contains("cost"));
}

TEST_F(Looking, ExplainCoversEveryQuestionAndNamesTheServers) {
  const std::string topics = run({"explain", "nonsense"}).err;
  for (const std::string topic : {"status", "uptime", "incidents", "latency", "bars", "slo", "report", "why", "compare",
                                  "baseline", "service", "points", "export", "scan", "badge", "top"}) {
    EXPECT_THAT(topics, HasSubstr(topic));
    const Json answer = json({"explain", topic, topic == "service" ? "all(site)" : "site", "--from",
                              "2026-07-01T00:00:00Z", "--to", "2026-07-01T01:00:00Z"});
    EXPECT_EQ(answer["question"], topic);
    EXPECT_GE(answer["cost"]["range_scans"], 1) << topic;
    const int results = topic == "baseline" ? 0 : 60;  // which looks at the last hour
    EXPECT_GE(answer["cost"]["results"], results) << topic;
    ASSERT_EQ(answer["servers"].size(), 1U) << topic;
    EXPECT_EQ(answer["servers"][0]["server"], "site") << topic;
    for (const Json& step : answer["plan"]) EXPECT_EQ(step["server"], "site") << topic;
  }
  EXPECT_FALSE(
      json({"explain", "uptime", "site", "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-01T01:00:00Z"})["plan"]
          .empty());
  const Json tail = json({"explain", "tail"});
  EXPECT_EQ(tail["estimate"]["results"], 1440) << "the newest chunk, of a day at a check a minute";
  EXPECT_GE(tail["cost"]["results"], 10);
  EXPECT_GE(tail["cost"]["range_scans"], 1);
  EXPECT_EQ(tail["servers"][0]["server"], "site");
  EXPECT_EQ(run({"explain", "tail", "--window", "1h"}).code, 2) << "which tail does not take either";
  EXPECT_THAT(run({"explain", "uptmie", "site"}).err, HasSubstr("did you mean `uptime`?"));
  EXPECT_EQ(run({"explain", "uptime"}).code, 2) << "which server?";
  EXPECT_EQ(run({"explain", "status", "nobody"}).code, 1);
  EXPECT_EQ(run({"explain", "status", "-o", "csv"}).code, 2);
}

TEST_F(Looking, ALengthBeginsOrEndsAtTheMomentBesideIt) {
  const auto window = [this](std::vector<std::string> words) {
    words.insert(words.begin(), {"uptime", "site"});
    const Json answer = json(words);
    return answer["from"].get<std::string>() + " " + answer["to"].get<std::string>();
  };
  EXPECT_EQ(window({"--window", "30m", "--from", "2026-07-01T00:10Z"}),
            "2026-07-01T00:10:00.000Z 2026-07-01T00:40:00.000Z");
  EXPECT_EQ(window({"--window", "30m", "--to", "2026-07-01T00:40Z"}),
            "2026-07-01T00:10:00.000Z 2026-07-01T00:40:00.000Z");
  EXPECT_EQ(window({"--to", "2026-07-02"}), "2026-07-01T00:00:00.000Z 2026-07-02T00:00:00.000Z") << "the usual 24h";
  EXPECT_EQ(run({"uptime", "site", "--window", "2026-07", "--to", "2026-07-02"}).code, 2) << "no length";
  EXPECT_EQ(run({"uptime", "site", "--window", "1h", "--from", "-2h", "--to", "now"}).code, 2);
  EXPECT_EQ(run({"report", "--to", "2026-07-02"}).code, 2) << "last month does not end there";
}

TEST_F(Looking, ExplainsTableBeginsWithTheTotals) {
  const std::string text = run({"explain", "uptime", "site", "--window", "2026-07-01"}).out;
  EXPECT_THAT(text, HasSubstr("COST"));
  EXPECT_LT(text.find("range_scans"), text.find("SERVER"));
  EXPECT_THAT(text, HasSubstr("EXPECTED"));
}

TEST_F(Looking, ExactReadsResultsWhereSummariesWouldDo) {
  const auto is_exact = [this](std::vector<std::string> extra) {
    std::vector<std::string> words{"latency", "site", "--from", "2026-07-01", "--to", "2026-07-20"};
    words.insert(words.end(), extra.begin(), extra.end());
    return json(words)["latency"][0]["exact"].get<bool>();
  };
  EXPECT_FALSE(is_exact({}));
  EXPECT_TRUE(is_exact({"--exact"}));
}

TEST_F(Looking, TailShowsTheNewestInTheOrderOfTime) {
  const std::string csv = run({"tail", "-n", "2", "-o", "csv"}).out;
  EXPECT_EQ(csv,
            "server,time,state,latency_us,code,location,interval_s,error,detail\n"
            "site,2026-07-01T00:59:00.000Z,up,80000,200,0,60,,\n"
            "site,2026-07-02T00:00:00.000Z,up,80000,200,0,60,,\n");
  EXPECT_EQ(json({"tail", "-n", "3"})["results"].size(), 3U);
  EXPECT_THAT(run({"tail", "site", "-n", "1"}).out, AllOf(HasSubstr("site"), HasSubstr("80.0 ms"), EndsWith("\n")));
  EXPECT_EQ(run({"tail", "nobody"}).code, 1);
  EXPECT_EQ(run({"tail", "-f", "--json"}).code, 2) << "it has no end";
  EXPECT_EQ(run({"tail", "--every", "1s"}).code, 2);
}

TEST_F(Looking, TailFollowsWhatOtherCommandsStore) {
  Program follower({"tail", "-f", "-n", "0", "-o", "ndjson", "--every", "100ms", "--db", dir_.path("db")});
  ASSERT_EQ(run({"record", "site", "up", "--latency", "5ms"}).code, 0);
  ASSERT_EQ(run({"record", "fresh", "down", "--detail", "disk full"}).code, 0);
  EXPECT_TRUE(eventually([&] {
    // It may have begun only after the first: then that was not new to it.
    EXPECT_EQ(run({"record", "site", "up", "--latency", "6ms"}).code, 0);
    const std::string out = follower.out_so_far();
    return out.find("\"latency_us\":6000") != std::string::npos;
  })) << follower.out_so_far();
  EXPECT_THAT(follower.out_so_far(), Not(HasSubstr("2026-07-01"))) << "history is not news";
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(run({"record", "late", "down", "--detail", "disk full"}).code, 0);
    return follower.out_so_far().find("\"server\":\"late\"") != std::string::npos;
  })) << "a server that was added meanwhile";
}

TEST_F(Looking, TailFollowsARunningNines) {
  const std::string config =
      dir_.write("nines.yaml", "servers:\n  - {name: job, url: \"push:\", push: {}, interval: 1h}\nstore: {path: " +
                                   dir_.path("db") + "}\nweb: {listen: off}\n");
  Program owner({"run", "--config", config});
  ASSERT_TRUE(owner.says("checking"));
  Program follower({"tail", "job", "-f", "-n", "0", "--every", "100ms", "--db", dir_.path("db")});
  EXPECT_TRUE(eventually([&] {
    EXPECT_EQ(run({"push", "job", "--exit-code", "1", "--log", "disk full"}).code, 0);
    return follower.out_so_far().find("disk full") != std::string::npos;
  })) << follower.out_so_far();
  follower.signal(SIGINT);
  EXPECT_EQ(follower.wait().code, 128 + SIGINT);
}

}  // namespace
}  // namespace nines::tools::testing
