// The command line as a script sees it: exit codes, what goes to which stream, and figures computed by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/check_spec.h>

#include <filesystem>

#include "cli/watching/check_option.h"
#include "show/output.h"
#include "tools/support/command_line.h"
#include "tools/support/test_web_server.h"

namespace nines::tools::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class CommandLines : public ::testing::Test {
 protected:
  Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments, input);
  }
  // One hour of a check a minute from 00:00, two of them failed: 00:20 and 00:21, so the outage is 00:20 to 00:22; a
  // single failure at 00:40 is not confirmed. Latencies are 1000, 2000 ... in microseconds, in the order of time.
  void import_hour() const {
    std::string csv = "server,time,state,latency_us,code,error,detail\n";
    for (int minute = 0; minute < 60; ++minute) {
      char line[160];
      const bool down = minute == 20 || minute == 21 || minute == 40;
      std::snprintf(line, sizeof line, "site,2026-07-01T00:%02d:00Z,%s,%d,%d,%s,%s\n", minute, down ? "down" : "up",
                    1000 * (minute + 1), down ? 503 : 200, down ? "http_status" : "",
                    down ? "Service Unavailable" : "");
      csv += line;
    }
    ASSERT_EQ(run({"import", "-", "--interval", "60s"}, csv).code, 0);
  }
  [[nodiscard]] Json json(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const Finished finished = run(std::move(arguments));
    EXPECT_EQ(finished.code, 0) << finished.err;
    Json parsed = Json::parse(finished.out, nullptr, false);
    EXPECT_FALSE(parsed.is_discarded()) << finished.out;
    return parsed;
  }
  TempDir dir_;
};

constexpr const char* kFrom = "2026-07-01T00:00:00Z";
constexpr const char* kTo = "2026-07-01T01:00:00Z";

TEST_F(CommandLines, UptimeIsTheObjectThatScriptsRelyOn) {
  import_hour();
  const Json figures = json({"uptime", "site", "--from", kFrom, "--to", kTo});
  EXPECT_EQ(figures["server"], "site");
  EXPECT_EQ(figures["from"], "2026-07-01T00:00:00.000Z");
  EXPECT_EQ(figures["to"], "2026-07-01T01:00:00.000Z");
  EXPECT_DOUBLE_EQ(figures["uptime_ratio"], 58.0 / 60.0);
  EXPECT_EQ(figures["coverage_ratio"], 1.0);
  EXPECT_DOUBLE_EQ(figures["check_success_ratio"], 57.0 / 60.0);
  EXPECT_EQ(figures["checks"], 60);
  EXPECT_EQ(figures["failed_checks"], 3);
  EXPECT_EQ(figures["blips"], 1);
  EXPECT_EQ(figures["time_ms"],
            Json::parse(R"({"up":3480000,"degraded":0,"down":120000,"maintenance":0,"paused":0,"unknown":0})"));
  // 57 latencies remain of 1..60 ms without 21, 22 and 41. Nearest rank: the 29th is 31, the 52nd 55, the 55th 58.
  EXPECT_EQ(
      figures["latency_us"],
      Json::parse(
          R"({"mean":30632,"min":1000,"max":60000,"p50":31000,"p90":55000,"p95":58000,"p99":60000,"exact":true})"));
  EXPECT_EQ(figures["incidents"], Json::parse(R"([{"from":"2026-07-01T00:20:00.000Z","to":"2026-07-01T00:22:00.000Z",
    "end_seen":true,"detected_at":"2026-07-01T00:21:00.000Z","duration_ms":120000,"window_ms":120000,"window_down_ms":120000,"down_ms":120000,"failed_checks":2,"code":503,
    "error":"http_status","detail":"Service Unavailable","ongoing":false,"down_at_window_end":false,
    "acknowledged_at":null,"annotations":[]}])"));
  EXPECT_EQ(figures["mttr_ms"], 120'000);
  EXPECT_EQ(figures["mtbf_ms"], 3'480'000);
  EXPECT_EQ(figures["longest_outage_ms"], 120'000);
  EXPECT_EQ(figures["last"]["state"], "up");
  EXPECT_EQ(figures["last"]["time"], "2026-07-01T00:59:00.000Z");
  EXPECT_EQ(figures["last"]["code"], 200);
}

TEST_F(CommandLines, RulesCanBeOverriddenForOneQuestion) {
  import_hour();
  const Json figures = json({"uptime", "site", "--from", kFrom, "--to", kTo, "--confirm-failures", "1"});
  EXPECT_DOUBLE_EQ(figures["uptime_ratio"], 57.0 / 60.0);
  EXPECT_EQ(figures["incidents"].size(), 2U);
  EXPECT_EQ(run({"uptime", "site", "--confirm-failures", "0"}).code, 2);
  EXPECT_EQ(run({"uptime", "site", "--unknown", "maybe"}).code, 2);
}

TEST_F(CommandLines, AFigureThatDoesNotExistIsNull) {
  import_hour();
  const Json figures = json({"uptime", "site", "--from", "2026-07-02T00:00:00Z", "--to", "2026-07-03T00:00:00Z"});
  for (const char* const key :
       {"uptime_ratio", "check_success_ratio", "latency_us", "mttr_ms", "mtbf_ms", "longest_outage_ms"}) {
    EXPECT_TRUE(figures[key].is_null()) << key;
  }
  EXPECT_EQ(figures["checks"], 0);
  EXPECT_EQ(figures["coverage_ratio"], 0.0);
  const std::string text =
      run({"uptime", "site", "--from", "2026-07-02T00:00:00Z", "--to", "2026-07-03T00:00:00Z"}).out;
  EXPECT_THAT(text, HasSubstr("uptime    -"));
}

TEST_F(CommandLines, StatusHoldsOneSuchObjectAServer) {
  import_hour();
  const Json status = json({"status", "--from", kFrom, "--to", kTo});
  EXPECT_EQ(status["window"]["from"], "2026-07-01T00:00:00.000Z");
  ASSERT_EQ(status["servers"].size(), 1U);
  EXPECT_EQ(status["servers"][0], json({"uptime", "site", "--from", kFrom, "--to", kTo}));
}

TEST_F(CommandLines, TheTableHasAHeartbeatAndNoColourInAPipe) {
  import_hour();
  const std::string table = run({"status", "--from", kFrom, "--to", kTo}).out;
  EXPECT_THAT(table, HasSubstr("NAME  STATE"));
  EXPECT_THAT(table, HasSubstr("96.666 %"));  // 58/60, rounded down
  EXPECT_THAT(table, HasSubstr("████████▂███████████████"));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  std::vector<std::string> coloured = {"status", "--from", kFrom, "--to", kTo, "--db", dir_.path("db")};
  EXPECT_THAT(nines(coloured, {}, {"FORCE_COLOR=1"}).out, HasSubstr("\x1b[31m"));
  EXPECT_THAT(nines(coloured, {}, {"FORCE_COLOR=1", "NO_COLOR=1"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(CommandLines, IncidentsBarsLatencyAndPointsAgree) {
  import_hour();
  const Json incidents = json({"incidents", "site", "--from", kFrom, "--to", kTo});
  ASSERT_EQ(incidents["incidents"].size(), 1U);
  EXPECT_EQ(incidents["incidents"][0]["server"], "site");
  const Json bars = json({"bars", "site", "--from", kFrom, "--to", kTo, "--count", "3"});
  ASSERT_EQ(bars["bars"].size(), 3U);
  EXPECT_EQ(bars["bars"][0]["time_ms"]["up"], 1'200'000);
  EXPECT_EQ(bars["bars"][1]["time_ms"]["down"], 120'000);
  EXPECT_EQ(bars["bars"][1]["failed_checks"], 2);
  EXPECT_EQ(bars["bars"][2]["failed_checks"], 1);
  const Json latency = json({"latency", "site", "--from", kFrom, "--to", kTo});
  EXPECT_EQ(latency["latency"][0]["p50_us"], 31'000);
  EXPECT_EQ(latency["latency"][0]["checks"], 57);
  const Json points = json({"points", "site", "--from", kFrom, "--to", kTo});
  ASSERT_EQ(points["points"].size(), 60U);
  EXPECT_EQ(points["points"][20]["detail"], "Service Unavailable");
  EXPECT_EQ(points["points"][20]["latency_us"], 21'000);
}

TEST_F(CommandLines, SloSaysWhatIsLeftOfTheBudget) {
  import_hour();
  const Json slo = json({"slo", "site", "--objective", "95%", "--from", kFrom, "--to", kTo});
  EXPECT_EQ(slo["budget_ms"], 180'000);  // 5 % of an hour
  EXPECT_EQ(slo["spent_ms"], 120'000);
  EXPECT_EQ(slo["remaining_ms"], 60'000);
  EXPECT_EQ(slo["met"], true);
  const Finished without = run({"slo", "site"});
  EXPECT_EQ(without.code, 2);
  EXPECT_THAT(without.err, HasSubstr("no objective of its own"));
}

TEST_F(CommandLines, AReportIsAPageTooAndEscapesNames) {
  ASSERT_EQ(run({"import", "-"}, "server,time,state\n<b>&x,2026-07-01T00:00:00Z,up\n").code, 0);
  const std::string page = run({"report", "--window", "2026-07", "--html"}).out;
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;&amp;x"));
  EXPECT_THAT(page, Not(HasSubstr("<b>&x")));
  EXPECT_EQ(json({"report", "--window", "2026-07"})["servers"][0]["server"], "<b>&x");
}

TEST_F(CommandLines, NagiosGetsOneLineAndItsOwnExitCodes) {
  import_hour();
  const Finished gone = run({"status", "--nagios", "--from", kFrom, "--to", kTo});
  EXPECT_EQ(gone.code, 0);
  EXPECT_EQ(gone.out, "NINES OK - 1 server | 'site uptime'=96.666%;;;0;100 'site p95'=58000us;;;0;\n");
  EXPECT_EQ(run({"status", "--nagios"}).code, 3) << "nothing is known about the last day";
  EXPECT_EQ(nines({"status", "--nagios", "--db", dir_.path("none")}).code, 3);
  ASSERT_EQ(run({"record", "now", "down"}).code, 0);
  ASSERT_EQ(run({"record", "now", "down", "--time", "-1m"}).code, 0);
  const Finished down = run({"status", "now", "--nagios"});
  EXPECT_EQ(down.code, 2) << down.out;
  EXPECT_THAT(down.out, HasSubstr("NINES CRITICAL - now down"));
}

TEST_F(CommandLines, AFlagThatTurnsSomethingOffDoesNotHaveTheNameOfWhatItTurnsOff) {
  for (const CheckSpecKey& key : check_spec_keys()) {
    if (key.type != CheckSpecKey::Type::boolean || key.usual != "true") continue;
    EXPECT_NE(check_option(key), key.name);
  }
  const Finished finished = nines({"check", "http://127.0.0.1:1/", "--no-body", "--body-contains", "ok"});
  EXPECT_EQ(finished.code, 2);
  EXPECT_THAT(finished.err, HasSubstr("cannot be combined with read-body: false"));
}

TEST_F(CommandLines, MistakesInUsageAreTwoAndSuggestWhatWasMeant) {
  EXPECT_EQ(nines({}).code, 2);
  const Finished command = nines({"serevr", "list"});
  EXPECT_EQ(command.code, 2);
  EXPECT_EQ(command.out, "");
  EXPECT_EQ(command.err, "nines: there is no command `serevr`; did you mean `server`?\n");
  EXPECT_THAT(nines({"server", "lst"}).err, HasSubstr("did you mean `list`?"));
  EXPECT_THAT(nines({"status", "--windwo", "7d"}).err, HasSubstr("did you mean `--window`?"));
  EXPECT_THAT(nines({"uptime"}).err, HasSubstr("an argument is missing: nines uptime NAME"));
  EXPECT_EQ(nines({"uptime", "a", "b"}).code, 2);
  EXPECT_EQ(nines({"status", "--window"}).code, 2);
  EXPECT_EQ(nines({"status", "-o", "xml"}).code, 2);
  EXPECT_EQ(nines({"status", "--window", "7d", "--from", "-1d", "--to", "now"}).code, 2);
  EXPECT_EQ(nines({"status", "--tz", "Mars"}).code, 2);
  EXPECT_EQ(nines({"run"}).code, 2);
}

TEST_F(CommandLines, EveryCommandHelpsWithAnExample) {
  const Finished overview = nines({"--help"});
  EXPECT_EQ(overview.code, 0);
  for (const char* const command :
       {"run",  "check",  "status", "uptime",  "incidents", "latency", "bars",   "slo",    "report",
        "top",  "points", "scan",   "explain", "record",    "push",    "import", "export", "serve",
        "demo", "badge",  "info",   "verify",  "compact",   "prune",   "backup", "restore"}) {
    EXPECT_THAT(overview.out, HasSubstr(std::string("\n  ") + command + " ")) << command;
    const Finished help = nines({command, "--help"});
    EXPECT_EQ(help.code, 0) << command;
    EXPECT_THAT(help.out, AllOf(HasSubstr("\nExample:\n  "), HasSubstr(std::string("nines ") + command))) << command;
  }
  EXPECT_THAT(nines({"--version"}).out, ::testing::MatchesRegex("nines [0-9.]+\n"));
}

TEST_F(CommandLines, AMissingStoreIsOneSentenceThatSaysWhatToDo) {
  const Finished finished = run({"status"});
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("there is no store at `"));
  EXPECT_THAT(finished.err, HasSubstr("--db PATH"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path("db"))) << "looking makes no store";
}

TEST_F(CommandLines, AFolderOfSomethingElseIsNotAStore) {
  std::filesystem::create_directory(dir_.path("db"));
  dir_.write("db/letter.txt", "hello");
  for (const char* const command : {"status", "compact"}) {
    const Finished finished = run({command});
    EXPECT_EQ(finished.code, 1) << command;
    EXPECT_THAT(finished.err, HasSubstr("cannot be opened")) << command;
  }
  EXPECT_EQ(read_file(dir_.path("db/letter.txt")), "hello");
}

TEST_F(CommandLines, AnUnwritablePathIsOneSentence) {
  for (const char* const path : {"/proc/nines.db", "/dev/null/nines.db"}) {
    const Finished finished = nines({"server", "add", "a", "--db", path});
    EXPECT_EQ(finished.code, 1);
    EXPECT_THAT(finished.err, HasSubstr("cannot be opened"));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  }
}

TEST_F(CommandLines, TheStoreIsFoundByTheEnvironmentToo) {
  import_hour();
  EXPECT_EQ(nines({"server", "list"}, {}, {"NINES_DB=" + dir_.path("db")}).code, 0);
}

TEST_F(CommandLines, AFullStandardOutputIsAFailure) {
  import_hour();
  const std::string command =
      std::string(NINES_BINARY) + " export --db " + dir_.path("db") + " > /dev/full 2>/dev/null";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 1);
}

TEST_F(CommandLines, NamesCannotSteerTheTerminal) {
  ASSERT_EQ(run({"record", "x\xe2\x80\xaey", "down", "--detail", "a\x1b[2Jb"}).code, 0);
  const std::string table = run({"points", "x\xe2\x80\xaey", "--from", "-1h"}).out;
  EXPECT_THAT(table, HasSubstr("a\\x1b[2Jb"));
  EXPECT_THAT(table, Not(HasSubstr("\x1b")));
  EXPECT_THAT(run({"server", "list"}).out, HasSubstr("x\\u202ey"));
}

TEST_F(CommandLines, ServersAreAddedEditedShownAndRemoved) {
  EXPECT_EQ(run({"server", "add", "a", "https://a.example/", "--interval", "5m", "--group", "g", "--tag", "team=web",
                 "--objective", "99.5%"})
                .code,
            0);
  const Finished twice = run({"server", "add", "a"});
  EXPECT_EQ(twice.code, 1);
  EXPECT_THAT(twice.err, HasSubstr("a"));
  Json server = json({"server", "show", "a"});
  EXPECT_EQ(server["url"], "https://a.example/");
  EXPECT_EQ(server["group"], "g");
  EXPECT_EQ(server["tags"], Json::parse(R"({"team":"web"})"));
  EXPECT_EQ(server["rules"][0]["interval_ms"], 300'000);
  EXPECT_EQ(server["objective"], 0.995);
  EXPECT_EQ(run({"server", "edit", "a", "--interval", "1m", "--pause", "--tag", "team="}).code, 0);
  server = json({"server", "show", "a"});
  EXPECT_EQ(server["rules"].size(), 2U) << "the old rule holds for the past";
  EXPECT_EQ(server["rules"][1]["interval_ms"], 60'000);
  EXPECT_TRUE(server["paused"][0]["to"].is_null());
  EXPECT_TRUE(server["tags"].empty());
  EXPECT_EQ(run({"server", "edit", "a"}).code, 2) << "nothing to change";
  EXPECT_EQ(run({"server", "remove", "a"}).code, 2) << "no terminal to ask on, and no -y";
  EXPECT_EQ(run({"server", "remove", "a", "-y"}).code, 0);
  EXPECT_TRUE(json({"server", "list"})["servers"].empty());
  const Finished gone = run({"server", "show", "a"});
  EXPECT_EQ(gone.code, 1);
}

TEST_F(CommandLines, ARecordIsStoredAsItWasGiven) {
  EXPECT_EQ(run({"record", "job", "down", "--time", "2026-07-01T00:00:00.250Z", "--latency", "81.5ms", "--code", "7",
                 "--interval", "24h", "--error", "reported", "--detail", "disk full", "--location", "3"})
                .code,
            0);
  EXPECT_THAT(run({"export"}).out, HasSubstr("job,2026-07-01T00:00:00.250Z,down,81500,7,3,86400,reported,disk full"));
  EXPECT_EQ(run({"record", "job", "sideways"}).code, 2);
  EXPECT_EQ(run({"record", "job", "up", "--error", "gremlins"}).code, 2);
  EXPECT_EQ(run({"record", "other", "up", "--no-create"}).code, 1);
}

TEST_F(CommandLines, CareKeepsEveryResult) {
  import_hour();
  const std::string before = run({"export"}).out;
  EXPECT_EQ(run({"verify"}).code, 0);
  EXPECT_EQ(run({"compact"}).code, 0);
  EXPECT_EQ(run({"backup", dir_.path("copy")}).code, 0);
  EXPECT_EQ(run({"restore", dir_.path("copy")}).code, 1) << "never over a store that is there";
  std::filesystem::remove_all(dir_.path("db"));
  EXPECT_EQ(run({"restore", dir_.path("copy")}).code, 0);
  EXPECT_EQ(run({"export"}).out, before);
  EXPECT_EQ(json({"info"})["servers"], 1);
}

TEST_F(CommandLines, PruningKeepsWhatItIsToldTo) {
  import_hour();
  ASSERT_EQ(run({"record", "site", "up"}).code, 0);
  EXPECT_EQ(run({"prune", "--keep", "2d"}).code, 0);
  const Json points = json({"points", "site", "--from", "2026-01-01", "--to", "now"});
  EXPECT_EQ(points["points"].size(), 1U);
  EXPECT_EQ(run({"prune", "--keep", "1h"}).code, 2);
}

TEST_F(CommandLines, ExplainCountsTheScansOfEachServer) {
  import_hour();
  ASSERT_EQ(run({"record", "other", "up", "--time", "2026-07-01T00:30:00Z"}).code, 0);
  // One of the window for each server. What held at its start, and where a server's life begins, takes a few more until
  // the store keeps both in a record.
  const Json cost = json({"explain", "status", "--from", kFrom, "--to", kTo})["cost"];
  EXPECT_GE(cost["range_scans"], 2);
  EXPECT_LE(cost["range_scans"], 8);
}

TEST_F(CommandLines, ABadgeRoundsDown) {
  import_hour();
  const std::string badge = run({"badge", "site", "--from", kFrom, "--to", kTo, "--label", "a<b"}).out;
  EXPECT_THAT(badge, HasSubstr("96.66%"));
  EXPECT_THAT(badge, HasSubstr("a&lt;b"));
}

TEST_F(CommandLines, PerformanceDataHaveDigitsAndAPointOnly) {
  const int port = free_port();
  const TestWebServer server(port);
  // A connection over loopback takes less than a tenth of a millisecond, now and then.
  for (int i = 0; i < 5; ++i) {
    const Finished checked = nines({"check", "tcp://127.0.0.1:" + std::to_string(port), "--nagios"});
    EXPECT_EQ(checked.code, 0);
    EXPECT_THAT(checked.out, MatchesRegex(".* \\| time=[0-9]+[.][0-9][0-9][0-9][0-9][0-9][0-9]s;;;0;\n"));
  }
}

TEST_F(CommandLines, ACheckReportsBadUrlsAsUsage) {
  EXPECT_EQ(nines({"check", "nonsense"}).code, 2);
  EXPECT_EQ(nines({"check", "http://127.0.0.1/", "--status", "abc"}).code, 2);
  EXPECT_EQ(nines({"check", "nonsense", "--nagios"}).code, 3);
  const int port = free_port();
  const Finished refused = nines({"check", "http://127.0.0.1:" + std::to_string(port) + "/", "--json"});
  EXPECT_EQ(refused.code, 1);
  const Json outcome = Json::parse(refused.out, nullptr, false);
  EXPECT_EQ(outcome["state"], "down");
  EXPECT_EQ(outcome["error"], "connect_refused");
}

}  // namespace
}  // namespace nines::tools::testing
