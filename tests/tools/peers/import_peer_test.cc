// `nines import` of what other tools keep: small stores with their tables, made here, and what has to arrive.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <memory>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A database that is open as its tool has it.
class Database {
 public:
  explicit Database(const std::string& path) {
    sqlite3* opened = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &opened), SQLITE_OK);
    database_.reset(opened);
  }
  void run(const std::string& sql) {
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << why;
    sqlite3_free(why);
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

class ImportPeer : public ::testing::Test {
 protected:
  Finished run(std::vector<std::string> arguments, const std::string& input = {}) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("nines")});
    return nines(arguments, input);
  }
  [[nodiscard]] std::string exported() const { return run({"export"}).out; }
  [[nodiscard]] Json shown(const std::string& name) const {
    const Finished finished = run({"server", "show", name, "--json"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return Json::parse(finished.out, nullptr, false);
  }
  TempDir dir_;
};

constexpr const char* kHeader = "server,time,state,latency_us,code,location,interval_s,error,detail\n";

// As a store of 2022 has it: no timeout, no parent, no fractions of a second.
constexpr const char* kOldKuma = R"(
CREATE TABLE monitor (id INTEGER PRIMARY KEY, name VARCHAR(150), active BOOLEAN DEFAULT 1, interval INTEGER, url TEXT,
  type VARCHAR(20), hostname VARCHAR(255), port INTEGER, maxretries INTEGER DEFAULT 0, retry_interval INTEGER DEFAULT 0);
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY, important BOOLEAN DEFAULT 0, monitor_id INTEGER, status SMALLINT,
  msg TEXT, time DATETIME, ping INTEGER, duration INTEGER DEFAULT 0);
CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT, color TEXT);
CREATE TABLE monitor_tag (id INTEGER PRIMARY KEY, monitor_id INTEGER, tag_id INTEGER, value TEXT);
INSERT INTO monitor VALUES (1, 'Web', 1, 60, 'https://user:secret@example.org/?token=1', 'http', NULL, NULL, 2, 20),
  (2, 'Mail', 0, 60, 'https://', 'port', 'mx.example.org', 25, 0, 60), (3, 'Never', 1, 60, 'https://', 'redis', NULL, NULL, 0, 60);
INSERT INTO tag VALUES (1, 'team', '#fff'), (2, 'critical', '#000');
INSERT INTO monitor_tag VALUES (1, 1, 1, 'web'), (2, 1, 1, 'sre'), (3, 1, 2, '');
INSERT INTO heartbeat VALUES
  (1, 1, 1, 1, '200 - OK', '2026-07-01 00:00:00', 81, 0), (2, 0, 1, 2, 'Request failed with status code 503', '2026-07-01 00:01:00', NULL, 60),
  (3, 0, 1, 2, 'timeout of 48000ms exceeded', '2026-07-01 00:01:20.5', NULL, 20), (4, 1, 1, 0, 'connect ECONNREFUSED 192.0.2.1:443', '2026-07-01 00:01:41.25', NULL, 20),
  (5, 1, 1, 3, 'Monitor under maintenance', '2026-07-01 00:02:41', NULL, 60), (6, 0, 1, 3, 'Monitor under maintenance', '2026-07-01 00:03:41', NULL, 60),
  (7, 1, 1, 1, '200 - OK', '2026-07-01 00:04:41', 90, 60), (8, 0, 1, 9, '?', '2026-07-01 00:05:41', 90, 60), (9, 0, 1, 1, '200 - OK', 'yesterday', 90, 60),
  (10, 1, 2, 1, '', '2026-07-01 00:00:05', 6, 0), (11, 1, 99, 1, 'of a monitor that was deleted', '2026-07-01 00:00:05', 6, 0);
)";

TEST_F(ImportPeer, BeatsOfUptimeKumaBecomeResults) {
  const std::string path = dir_.path("kuma.db");
  Database(path).run(kOldKuma);
  const Finished imported = run({"import", path});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("6 results imported, 2 servers added"));
  EXPECT_THAT(imported.err, HasSubstr("left out: 2 beats whose time or status cannot be read"));
  EXPECT_THAT(imported.err, HasSubstr("left out: 1 beats of monitors that are not in the store any more"));
  EXPECT_THAT(imported.err, HasSubstr("left out: 1 monitors that were never checked"));
  EXPECT_EQ(exported(),
            std::string(kHeader) +
                "Web,2026-07-01T00:00:00.000Z,up,81000,200,0,60,,\n"
                "Web,2026-07-01T00:01:00.000Z,down,,503,0,20,http_status,Request failed with status code 503\n"
                "Web,2026-07-01T00:01:20.500Z,down,,,0,20,timeout,timeout of 48000ms exceeded\n"
                "Web,2026-07-01T00:01:41.250Z,down,,,0,60,connect_refused,connect ECONNREFUSED 192.0.2.1:443\n"
                "Web,2026-07-01T00:04:41.000Z,up,90000,200,0,60,,\n"
                "Mail,2026-07-01T00:00:05.000Z,up,6000,,0,60,,\n");
  const Json web = shown("Web");
  EXPECT_EQ(web["url"], "https://example.org/") << "no login and no token";
  EXPECT_EQ(web["tags"]["team"], "web, sre") << "a tag with two values keeps both";
  EXPECT_EQ(web["tags"]["critical"], "");
  EXPECT_EQ(web["created_at"], "2026-07-01T00:00:00.000Z");
  EXPECT_EQ(web["rules"][0]["interval_ms"], 60'000);
  EXPECT_EQ(web["rules"][0]["timeout_ms"], 48'000) << "0.8 intervals where the store does not say";
  EXPECT_EQ(web["rules"][0]["confirm_failures"], 3) << "down at the failure after two retries";
  ASSERT_EQ(web["maintenance"].size(), 1U);
  EXPECT_EQ(web["maintenance"][0]["from"], "2026-07-01T00:02:41.000Z");
  EXPECT_EQ(web["maintenance"][0]["to"], "2026-07-01T00:04:41.000Z");
  const Json mail = shown("Mail");
  EXPECT_EQ(mail["url"], "tcp://mx.example.org:25");
  ASSERT_EQ(mail["paused"].size(), 1U) << "it is switched off there";
  EXPECT_EQ(mail["paused"][0]["from"], "2026-07-01T00:01:05.000Z");
}

TEST_F(ImportPeer, TheSameStoreAgainChangesNothingAndALongerOneAddsWhatIsNew) {
  const std::string path = dir_.path("kuma.db");
  Database kuma(path);
  kuma.run(kOldKuma);
  EXPECT_EQ(run({"import", path}).code, 0);
  const std::string before = exported();
  const Json web = shown("Web");
  const Finished again = run({"import", path});
  EXPECT_THAT(again.err, HasSubstr("0 results imported, 6 were there already"));
  EXPECT_EQ(exported(), before);
  EXPECT_EQ(shown("Web"), web);
  kuma.run("INSERT INTO heartbeat VALUES (12, 0, 1, 1, '200 - OK', '2026-07-01 00:06:41', 91, 60)");
  EXPECT_THAT(run({"import", path}).err, HasSubstr("1 result imported, 6 were there already"));
  EXPECT_THAT(exported(), HasSubstr("Web,2026-07-01T00:06:41.000Z,up,91000,200,0,60,,\n"));
}

TEST_F(ImportPeer, DryRunReadsAllAndStoresNothing) {
  const std::string path = dir_.path("kuma.db");
  Database(path).run(kOldKuma);
  const Finished dry = run({"import", path, "--dry-run"});
  EXPECT_EQ(dry.code, 0) << dry.err;
  EXPECT_THAT(dry.err, HasSubstr("6 results would be imported, 2 servers added"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path("nines")));
}

TEST_F(ImportPeer, NoCreateTakesTheKnownServersOnly) {
  const std::string path = dir_.path("kuma.db");
  Database(path).run(kOldKuma);
  EXPECT_EQ(run({"server", "add", "Mail"}).code, 0);
  EXPECT_THAT(run({"import", path, "--no-create"}).err, HasSubstr("1 result imported"));
  EXPECT_EQ(exported(), std::string(kHeader) + "Mail,2026-07-01T00:00:05.000Z,up,6000,,0,60,,\n");
}

TEST_F(ImportPeer, WhatIsInTheWriteAheadLogOnlyIsReadToo) {
  const std::string path = dir_.path("kuma.db");
  Database kuma(path);
  kuma.run("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;");
  kuma.run(kOldKuma);
  ASSERT_TRUE(std::filesystem::exists(path + "-wal"));
  EXPECT_THAT(run({"import", path}).err, HasSubstr("6 results imported, 2 servers added"));
}

TEST_F(ImportPeer, NothingIsMadeBesideAStoreThatNobodyHasOpen) {
  const std::string folder = dir_.path("away");
  std::filesystem::create_directory(folder);
  const std::string path = folder + "/kuma.db";
  {
    Database kuma(path);
    kuma.run("PRAGMA journal_mode = WAL;");
    kuma.run(kOldKuma);
  }
  const std::string bytes = read_file(path);
  EXPECT_EQ(run({"import", path}).code, 0);
  EXPECT_EQ(read_file(path), bytes);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator{}), 1);
}

TEST_F(ImportPeer, ServersOfOneNameStayApart) {
  const std::string path = dir_.path("kuma.db");
  Database kuma(path);
  kuma.run(kOldKuma);
  kuma.run(R"(
ALTER TABLE monitor ADD COLUMN parent INTEGER;
INSERT INTO monitor VALUES (4, 'Staging', 1, 60, '', 'group', NULL, NULL, 0, 60, NULL), (5, 'Web', 1, 60, 'http://a.example/', 'http', NULL, NULL, 0, 60, 4),
  (6, 'Web', 1, 60, 'http://b.example/', 'http', NULL, NULL, 0, 60, NULL);
INSERT INTO heartbeat VALUES (20, 1, 5, 1, '200 - OK', '2026-07-01 00:00:01', 5, 0), (21, 1, 6, 1, '200 - OK', '2026-07-01 00:00:01', 6, 0),
  (22, 1, 4, 1, '', '2026-07-01 00:00:01', 6, 0);
)");
  EXPECT_EQ(run({"import", path}).code, 0);
  EXPECT_EQ(shown("Web")["url"], "https://example.org/");
  EXPECT_EQ(shown("Staging/Web")["url"], "http://a.example/");
  EXPECT_EQ(shown("Staging/Web")["group"], "Staging");
  EXPECT_EQ(shown("Web (6)")["url"], "http://b.example/");
  const std::string before = exported();
  EXPECT_THAT(run({"import", path}).err, HasSubstr("0 results imported"));
  EXPECT_EQ(exported(), before);
}

// As 2.x has it, cleaned: beats of ten minutes for ten days, of which the last day is there, and the important ones.
// An outage on 2 July from 10:10 to 12:00, and 3 July without a check from 06:00 to 09:00.
std::string pruned_kuma(int sums_late_s) {
  return std::string(kOldKuma) + fmt::format(R"(
DELETE FROM heartbeat; DELETE FROM monitor WHERE id > 1;
UPDATE monitor SET interval = 600, retry_interval = 600, maxretries = 0;
ALTER TABLE heartbeat ADD COLUMN end_time DATETIME;
CREATE TABLE stat_minutely (monitor_id INTEGER, timestamp INTEGER, ping FLOAT, up INTEGER, down INTEGER, extras TEXT);
CREATE TABLE stat_hourly (monitor_id INTEGER, timestamp INTEGER, ping FLOAT, up INTEGER, down INTEGER, extras TEXT);
CREATE TABLE stat_daily (monitor_id INTEGER, timestamp INTEGER, ping FLOAT, up INTEGER, down INTEGER, extras TEXT);
CREATE TEMP TABLE made AS WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1439)
  SELECT 1782864000 + 600 * i AS t, NOT (1782864000 + 600 * i >= 1782987000 AND 1782864000 + 600 * i < 1782993600) AS up FROM n
  WHERE NOT (1782864000 + 600 * i >= 1783058400 AND 1782864000 + 600 * i < 1783069200);
INSERT INTO stat_minutely SELECT 1, t + {0}, 80, up, NOT up, NULL FROM made WHERE t >= 1782864000 + 9 * 86400;
INSERT INTO stat_hourly SELECT 1, t / 3600 * 3600 + {0}, 80, sum(up), sum(NOT up), NULL FROM made GROUP BY t / 3600;
INSERT INTO heartbeat (important, monitor_id, status, msg, time, ping, end_time)
  SELECT 0, 1, up, '200 - OK', strftime('%Y-%m-%d %H:%M:%f', t, 'unixepoch'), 80, NULL FROM made WHERE t >= 1782864000 + 9 * 86400;
INSERT INTO heartbeat (important, monitor_id, status, msg, time, ping) VALUES (1, 1, 1, '200 - OK', '2026-07-01 00:00:00.000', 80),
  (1, 1, 0, 'connect ECONNREFUSED 192.0.2.1:443', '2026-07-02 10:10:00.000', NULL), (1, 1, 1, '200 - OK', '2026-07-02 12:00:00.000', 80);
)",
                                             sums_late_s);
}

TEST_F(ImportPeer, WhereBeatsWereThrownAwayTheStateIsCarriedAsFarAsTheSumsShowThatItWasChecking) {
  const std::string path = dir_.path("kuma.db");
  Database(path).run(pruned_kuma(0));
  const Finished imported = run({"import", path});
  EXPECT_THAT(imported.err, HasSubstr("147 results imported, 1 server added, 4 stretches known without results"));
  EXPECT_THAT(imported.err, Not(HasSubstr("disagree")));
  Json uptime = Json::parse(
      run({"uptime", "Web", "--from", "2026-07-01T00:00:00Z", "--to", "2026-07-11T00:00:00Z", "--json"}).out);
  EXPECT_EQ(uptime["time_ms"]["down"], 110 * 60'000);
  EXPECT_EQ(uptime["time_ms"]["unknown"], 3 * 3'600'000);
  EXPECT_EQ(uptime["checks"].get<int>() <= 147, true) << "sums are no checks";
  const Json corrections = shown("Web")["corrections"];
  ASSERT_EQ(corrections.size(), 4U);
  EXPECT_EQ(corrections[1]["from"], "2026-07-02T10:10:00.000Z");
  EXPECT_EQ(corrections[1]["to"], "2026-07-02T12:00:00.000Z");
  EXPECT_EQ(corrections[1]["state"], "down");
  EXPECT_EQ(corrections[2]["to"], "2026-07-03T06:00:00.000Z");
  EXPECT_EQ(corrections[3]["from"], "2026-07-03T09:00:00.000Z");
  run({"import", path});
  EXPECT_EQ(shown("Web")["corrections"], corrections);
}

TEST_F(ImportPeer, SumsThatAMigrationInAnotherZoneHasMovedAreSaidAndNotUsed) {
  const std::string path = dir_.path("kuma.db");
  for (const int late_s : {5 * 3600, -2 * 3600}) {
    std::filesystem::remove_all(dir_.path("nines"));
    std::filesystem::remove(path);
    Database(path).run(pruned_kuma(late_s));
    const Finished imported = run({"import", path});
    EXPECT_THAT(imported.err, HasSubstr("the sums of this store disagree with its beats")) << late_s;
    const Json corrections = shown("Web")["corrections"];
    ASSERT_EQ(corrections.size(), 1U) << "the outage, which the beats at its ends tell";
    EXPECT_EQ(corrections[0]["state"], "down");
  }
}

constexpr const char* kGatus = R"(
CREATE TABLE endpoints (endpoint_id INTEGER PRIMARY KEY, endpoint_key TEXT UNIQUE, endpoint_name TEXT, endpoint_group TEXT);
CREATE TABLE endpoint_events (endpoint_event_id INTEGER PRIMARY KEY, endpoint_id INTEGER, event_type TEXT, event_timestamp TIMESTAMP);
CREATE TABLE endpoint_results (endpoint_result_id INTEGER PRIMARY KEY, endpoint_id INTEGER, success INTEGER, errors TEXT, connected INTEGER, status INTEGER, dns_rcode TEXT,
  certificate_expiration INTEGER, domain_expiration INTEGER, hostname TEXT, ip TEXT, duration INTEGER, timestamp TIMESTAMP);
CREATE TABLE endpoint_result_conditions (endpoint_result_condition_id INTEGER PRIMARY KEY, endpoint_result_id INTEGER, condition TEXT, success INTEGER);
CREATE TABLE endpoint_uptimes (endpoint_uptime_id INTEGER PRIMARY KEY, endpoint_id INTEGER, hour_unix_timestamp INTEGER, total_executions INTEGER, successful_executions INTEGER, total_response_time INTEGER);
INSERT INTO endpoints VALUES (1, 'core_site', 'site', 'core'), (2, 'jobs_backup', 'backup', 'jobs');
INSERT INTO endpoint_results VALUES
  (1, 1, 1, '', 1, 200, '', 0, 0, 'h', '192.0.2.1', 250000000, '2026-07-05 12:00:00.75 +0000 UTC'),
  (2, 1, 0, '', 1, 200, '', 0, 0, 'h', '192.0.2.1', 705000000, '2026-07-05 12:01:01.205 +0000 UTC'),
  (3, 1, 0, '', 1, 502, '', 0, 0, 'h', '192.0.2.1', 4000000, '2026-07-05 12:02:00.504 +0000 UTC'),
  (4, 1, 0, 'Get "https://h/": context deadline exceeded|~|second', 0, 0, '', 0, 0, 'h', '', 10000000000, '2026-07-05 12:03:10.5 +0000 UTC'),
  (5, 2, 0, 'heartbeat: no update received within 30m0s', 0, 0, '', 0, 0, '', '', 0, '2026-07-05 12:00:00 +0000 UTC');
INSERT INTO endpoint_result_conditions VALUES (1, 1, '[STATUS] == 200', 1), (2, 2, '[STATUS] == 200', 1), (3, 2, '[RESPONSE_TIME] (705) < 500', 0),
  (4, 3, '[STATUS] (502) == 200', 0), (5, 4, '[STATUS] (0) == 200', 0);
INSERT INTO endpoint_events VALUES (1, 1, 'UNHEALTHY', '2026-07-05 09:20:00.123456 +0000 UTC'), (2, 1, 'HEALTHY', '2026-07-05 09:40:00.5 +0000 UTC');
INSERT INTO endpoint_uptimes VALUES
  (1, 1, 1783123200, 1440, 1440, 1), -- 4 July: a whole day
  (2, 1, 1783209600, 60, 60, 1), (3, 1, 1783213200, 60, 59, 1), (4, 1, 1783216800, 30, 30, 1), -- 00:00, 01:00, 02:00
  (5, 1, 1783242000, 60, 40, 1), (6, 1, 1783245600, 60, 60, 1), (7, 1, 1783249200, 60, 60, 1); -- 09:00, 10:00, 11:00
)";

TEST_F(ImportPeer, ResultsOfGatusBeginBeforeTheirTimeAndASlowAnswerIsDegraded) {
  const std::string path = dir_.path("gatus.db");
  Database(path).run(kGatus);
  const Finished imported = run({"import", path});
  EXPECT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.err, HasSubstr("left out: 7 counts by hour or day"));
  EXPECT_EQ(
      exported(),
      std::string(kHeader) +
          "site,2026-07-05T12:00:00.500Z,up,250000,200,0,60,,\n"
          "site,2026-07-05T12:01:00.500Z,degraded,705000,200,0,60,slow,[RESPONSE_TIME] (705) < 500\n"
          "site,2026-07-05T12:02:00.500Z,down,4000,502,0,60,http_status,[STATUS] (502) == 200\n"
          "site,2026-07-05T12:03:00.500Z,down,,,0,60,timeout,\"Get \"\"https://h/\"\": context deadline exceeded; "
          "second; [STATUS] (0) == 200\"\n"
          "backup,2026-07-05T12:00:00.000Z,down,,,0,,silence,heartbeat: no update received within 30m0s\n");
}

TEST_F(ImportPeer, OlderTimeOfGatusIsKnownFromItsEventsAndFromHoursThatWereAlike) {
  const std::string path = dir_.path("gatus.db");
  Database(path).run(kGatus);
  run({"import", path});
  std::string stretches;
  const Json known = shown("site")["corrections"];
  for (const Json& correction : known) {
    stretches += fmt::format("{} {} {}\n", correction["from"].get<std::string>().substr(5, 18),
                             correction["to"].get<std::string>().substr(5, 18), correction["state"].get<std::string>());
  }
  EXPECT_EQ(stretches,
            "07-04T00:00:00.000 07-05T01:00:00.000 up\n"    // a day, and the hour after it
            "07-05T09:20:00.123 07-05T09:40:00.500 down\n"  // not the hour of which half is missing, nor the mixed one
            "07-05T09:40:00.500 07-05T12:00:00.000 up\n");
  const std::string before = exported();
  const Json site = shown("site");
  run({"import", path});
  EXPECT_EQ(exported(), before);
  EXPECT_EQ(shown("site"), site);
}

constexpr const char* kDump =
    "{__name__=\"probe_duration_seconds\", instance=\"https://a.example/\", job=\"web\"} 0.25 1783252800123\n"
    "{__name__=\"probe_duration_seconds\", instance=\"https://a.example/\", job=\"web\"} 5 1783252815124\n"
    "{__name__=\"probe_http_status_code\", instance=\"https://a.example/\", job=\"web\"} 200 1783252800123\n"
    "{__name__=\"probe_http_status_code\", instance=\"https://a.example/\", job=\"web\"} 0 1783252815124\n"
    "{__name__=\"probe_success\", instance=\"https://a.example/\", job=\"web\"} 1 1783252800123\n"
    "{__name__=\"probe_success\", instance=\"https://a.example/\", job=\"web\"} 0 1783252815124\n"
    "{__name__=\"probe_success\", instance=\"https://a.example/\", job=\"web\"} NaN 1783252830124\n"
    "{__name__=\"up\", instance=\"exporter\", job=\"web\"} 1 1783252800123\n";

constexpr const char* kOpenMetrics =
    "# TYPE probe_success gauge\n"
    "probe_success{instance=\"https://a.example/\",job=\"web\"} 1 1783252800.123\n"
    "probe_success{instance=\"https://a.example/\",job=\"web\"} 0 1783252815.124\n"
    "# TYPE probe_duration_seconds gauge\n"
    "probe_duration_seconds{instance=\"https://a.example/\",job=\"web\"} 0.25 1783252800.123\n"
    "probe_http_status_code{instance=\"https://a.example/\",job=\"web\"} 200 1783252800.123\n"
    "no sample\n# EOF\n";

TEST_F(ImportPeer, SamplesOfOneTimeMakeAResultInEachOfPrometheussForms) {
  const std::string expected = std::string(kHeader) +
                               "https://a.example/,2026-07-05T12:00:00.123Z,up,250000,200,0,,,\n"
                               "https://a.example/,2026-07-05T12:00:15.124Z,down,,,0,,other,\n";
  for (const char* const text : {kDump, kOpenMetrics}) {
    std::filesystem::remove_all(dir_.path("nines"));
    const Finished imported = run({"import", "-"}, text);
    EXPECT_EQ(imported.code, 0) << imported.err;
    EXPECT_THAT(imported.err, HasSubstr("left out: 1 "));
    EXPECT_EQ(exported(), expected);
    const Json server = shown("https://a.example/");
    EXPECT_EQ(server["rules"][0]["interval_ms"], 15'000) << "the usual distance of two probes";
    EXPECT_EQ(server["group"], "web");
  }
}

std::string answer(const std::string& first, const std::string& second, const std::string& third,
                   const std::string& fourth) {
  return fmt::format(
      R"({{"status":"success","data":{{"resultType":"matrix","result":[{{"metric":{{"__name__":"probe_success","instance":"a"}},)"
      R"("values":[[{},"1"],[{},"0"],[{},"1"],[{},"1"]]}}]}}}})",
      first, second, third, fourth);
}

TEST_F(ImportPeer, TheAnswerToAQueryOfRawSamplesIsTakenAndAGridRefused) {
  const std::string raw =
      dir_.write("raw.json", answer("1783252800.123", "1783252815.125", "1783252830.123", "1783252845.123"));
  EXPECT_THAT(run({"import", raw}).err, HasSubstr("4 results imported, 1 server added"));
  const std::string grid = dir_.write("grid.json", answer("1783252860", "1783252875", "1783252890", "1783252905"));
  const Finished refused = run({"import", grid});
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("its samples lie on a grid"));
  EXPECT_THAT(run({"import", raw}).err, HasSubstr("0 results imported, 4 were there already"));
}

TEST_F(ImportPeer, WhatCannotBeImportedIsSaidAndNothingBreaks) {
  const auto refusal = [&](const std::string& path) {
    const Finished finished = run({"import", path});
    EXPECT_EQ(finished.code, 1) << finished.err;
    return finished.err;
  };
  const std::string whole = dir_.path("kuma.db");
  Database(whole).run(kOldKuma);
  const std::string bytes = read_file(whole);
  for (const std::size_t size : {std::size_t{20}, std::size_t{100}, std::size_t{4096}, bytes.size() - 4096}) {
    EXPECT_THAT(refusal(dir_.write("cut.db", bytes.substr(0, size))), HasSubstr("cut.db: ")) << size;
  }
  for (std::size_t at = 100; at < bytes.size(); at += 997) {
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x55);
    const int code = run({"import", dir_.write("flipped.db", flipped), "--dry-run"}).code;
    EXPECT_TRUE(code == 0 || code == 1) << at << ": " << code;
  }
  const std::string other = dir_.path("other.db");
  Database(other).run("CREATE TABLE heartbeat (a); INSERT INTO heartbeat VALUES (1);");
  EXPECT_THAT(refusal(other), HasSubstr("neither of Uptime Kuma nor of Gatus"));
  EXPECT_THAT(refusal(dir_.write("b.json", R"({"version": "1.23.17", "notificationList": []})")),
              HasSubstr("no history"));
  EXPECT_THAT(refusal(dir_.write("x", std::string("a\0b", 3))), HasSubstr("nothing that can be imported"));
  EXPECT_EQ(run({"import", "-"}, bytes).code, 0) << "standard input that is a file has a name";
}

TEST_F(ImportPeer, TextsThatTheCatalogDoesNotTakeAreMadeFit) {
  const std::string path = dir_.path("kuma.db");
  Database kuma(path);
  kuma.run(kOldKuma);
  kuma.run(
      "UPDATE monitor SET name = CAST(x'6120ff0a62' AS TEXT) WHERE id = 1; UPDATE monitor SET name = '' WHERE id = 2;");
  kuma.run("UPDATE heartbeat SET msg = replace(hex(zeroblob(4000)), '00', 'é') WHERE id = 4");
  EXPECT_EQ(run({"import", path}).code, 0);
  EXPECT_THAT(exported(), HasSubstr("a \xEF\xBF\xBD b,2026-07-01T00:00:00.000Z,up"));
  EXPECT_THAT(exported(), HasSubstr("uptime-kuma/2,2026-07-01T00:00:05.000Z,up"));
}

TEST_F(ImportPeer, TabsSeparateFieldsToo) {
  EXPECT_EQ(run({"import", "-"}, "server\ttime\tstate\tdetail\na, b\t2026-07-01T00:00:00Z\tdown\t\"x\ty\"\n").code, 0);
  EXPECT_EQ(exported(), std::string(kHeader) + "\"a, b\",2026-07-01T00:00:00.000Z,down,,,0,,,x\ty\n");
}

}  // namespace
}  // namespace nines::tools::testing
