// `nines compare`: another tool's figures beside ours, over small stores whose figures are worked out by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

class Compare : public ::testing::Test {
 protected:
  [[nodiscard]] std::string database(const std::string& sql) const {
    const std::string path = dir_.path("theirs.db");
    sqlite3* opened = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &opened), SQLITE_OK);
    char* why = nullptr;
    EXPECT_EQ(sqlite3_exec(opened, sql.c_str(), nullptr, nullptr, &why), SQLITE_OK) << why;
    sqlite3_free(why);
    sqlite3_close(opened);
    return path;
  }
  Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("nines")});
    return nines(arguments);
  }
  Json compared(const std::string& path) const {
    EXPECT_EQ(run({"import", path}).code, 0);
    const Finished finished = run({"compare", "--with", path, "--json"});
    EXPECT_EQ(finished.code, 0) << finished.err;
    return Json::parse(finished.out, nullptr, false);
  }
  TempDir dir_;
};

// Ten beats a minute apart: one under maintenance, one pending that a retry undid, a confirmed outage of two.
constexpr const char* kKuma1 = R"(
CREATE TABLE monitor (id INTEGER PRIMARY KEY, name TEXT, active BOOLEAN DEFAULT 1, interval INTEGER, url TEXT, type TEXT,
  hostname TEXT, port INTEGER, maxretries INTEGER DEFAULT 1, retry_interval INTEGER DEFAULT 60);
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY, important BOOLEAN DEFAULT 0, monitor_id INTEGER, status SMALLINT,
  msg TEXT, time DATETIME, ping INTEGER, duration INTEGER DEFAULT 0);
CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT, color TEXT);
CREATE TABLE monitor_tag (id INTEGER PRIMARY KEY, monitor_id INTEGER, tag_id INTEGER, value TEXT);
INSERT INTO monitor VALUES (1, 'Web', 1, 60, 'https://example.org/', 'http', NULL, NULL, 1, 60);
INSERT INTO heartbeat VALUES
  (1, 1, 1, 1, '200 - OK', '2026-07-01 00:00:00.000', 80, 60), (2, 0, 1, 1, '200 - OK', '2026-07-01 00:01:00.000', 80, 60),
  (3, 1, 1, 3, 'Monitor under maintenance', '2026-07-01 00:02:00.000', NULL, 60), (4, 1, 1, 1, '200 - OK', '2026-07-01 00:03:00.000', 80, 60),
  (5, 0, 1, 2, 'timeout', '2026-07-01 00:04:00.000', NULL, 60), (6, 0, 1, 1, '200 - OK', '2026-07-01 00:05:00.000', 80, 60),
  (7, 0, 1, 2, 'timeout', '2026-07-01 00:06:00.000', NULL, 60), (8, 1, 1, 0, 'timeout', '2026-07-01 00:07:00.000', NULL, 60),
  (9, 1, 1, 1, '200 - OK', '2026-07-01 00:08:00.000', 80, 60), (10, 0, 1, 1, '200 - OK', '2026-07-01 00:09:00.000', 80, 60);
)";

TEST_F(Compare, RulesOfUptimeKuma1AddUpToTheDifference) {
  const Json answer = compared(database(kKuma1));
  EXPECT_EQ(answer["tool"], "Uptime Kuma");
  ASSERT_EQ(answer["servers"].size(), 1U);
  const Json& web = answer["servers"][0];
  EXPECT_EQ(web["server"], "Web");
  // Theirs: seven up or under maintenance of ten. Ours: 0-2, 3-6 and 8-9 minutes up, 6-8 down, in all nine minutes of
  // which one is maintenance.
  EXPECT_DOUBLE_EQ(web["their_uptime_ratio"], 0.7);
  EXPECT_NEAR(web["uptime_ratio"].get<double>(), 6.0 / 8.0, 0.0001);
  EXPECT_NEAR(web["difference"].get<double>(), 0.05, 0.0001);
  const std::string why = web["why"];
  EXPECT_THAT(why, HasSubstr("maintenance counts as up there (-3.333 %)")) << "six of nine, not seven of ten";
  EXPECT_THAT(why, HasSubstr("a failure that a retry undid counts there (+11.111 %)")) << "seven of nine";
  EXPECT_THAT(why, HasSubstr("a check stands for the time before it there; here a result holds until the next"));
}

TEST_F(Compare, ServersThatWereNotImportedAreCounted) {
  const std::string path = database(kKuma1);
  EXPECT_EQ(run({"server", "add", "other"}).code, 0);
  const Finished finished = run({"compare", "--with", path});
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_THAT(finished.err, HasSubstr("1 of its servers are not here; `nines import` brings them"));
}

// A configuration made of it names the group by its path, and of two monitors of one name only the group tells which.
TEST_F(Compare, AServerInAGroupOfAGroupIsFoundByThePathOfItsGroups) {
  const std::string path = database(std::string(kKuma1) + R"(
ALTER TABLE monitor ADD COLUMN parent INTEGER;
INSERT INTO monitor (id, name, type, parent) VALUES (2, 'Production', 'group', NULL), (3, 'Front', 'group', 2);
UPDATE monitor SET parent = 3 WHERE id = 1;
)");
  EXPECT_EQ(run({"server", "add", "Web", "--group", "Production/Front"}).code, 0);
  const Finished finished = run({"compare", "--with", path, "--json"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const Json servers = Json::parse(finished.out, nullptr, false)["servers"];
  ASSERT_EQ(servers.size(), 1U) << finished.err;
  EXPECT_EQ(servers[0]["server"], "Web");
  EXPECT_DOUBLE_EQ(servers[0]["their_uptime_ratio"], 0.7);
}

// Of the ten beats, a minute apart, those of minutes 3 to 7: two up, one pending and undone, two of an outage.
TEST_F(Compare, BeatsOutsideOfTheWindowDoNotCount) {
  const std::string path = database(kKuma1);
  EXPECT_EQ(run({"import", path}).code, 0);
  for (const auto* const to : {"2026-07-01T00:07:00.001Z", "2026-07-01T00:08:00Z"}) {
    const Finished finished = run({"compare", "--with", path, "--from", "2026-07-01T00:03:00Z", "--to", to, "--json"});
    ASSERT_EQ(finished.code, 0) << finished.err;
    // The first of them stands for no time of the window.
    EXPECT_DOUBLE_EQ(Json::parse(finished.out, nullptr, false)["servers"][0]["their_uptime_ratio"], 0.25) << to;
  }
}

TEST_F(Compare, WindowWithNothingInItHasNoFigures) {
  const std::string path = database(kKuma1);
  EXPECT_EQ(run({"import", path}).code, 0);
  const Finished finished = run({"compare", "--with", path, "--from", "2026-06-01", "--to", "2026-06-02", "--json"});
  ASSERT_EQ(finished.code, 0) << finished.err;
  const Json web = Json::parse(finished.out)["servers"][0];
  EXPECT_TRUE(web["their_uptime_ratio"].is_null());
  EXPECT_TRUE(web["difference"].is_null());
  EXPECT_EQ(web["why"], "nothing is counted there in this window");
}

TEST_F(Compare, WhatIsNoStoreOfEitherIsRefused) {
  EXPECT_EQ(run({"compare"}).code, 2);
  EXPECT_EQ(run({"compare", "--with", dir_.path("none")}).code, 1);
  EXPECT_EQ(run({"compare", "--with", dir_.write("text", "a,b\n")}).code, 1);
  const Finished other = run({"compare", "--with", database("CREATE TABLE a (b);")});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.err, HasSubstr("neither a store of Uptime Kuma nor of Gatus"));
}

constexpr const char* kGatus = R"(
CREATE TABLE endpoints (endpoint_id INTEGER PRIMARY KEY, endpoint_key TEXT, endpoint_name TEXT, endpoint_group TEXT);
CREATE TABLE endpoint_events (endpoint_event_id INTEGER PRIMARY KEY, endpoint_id INTEGER, event_type TEXT, event_timestamp TIMESTAMP);
CREATE TABLE endpoint_results (endpoint_result_id INTEGER PRIMARY KEY, endpoint_id INTEGER, success BOOLEAN, errors TEXT, connected BOOLEAN,
  status INTEGER, dns_rcode TEXT, certificate_expiration INTEGER, domain_expiration INTEGER, hostname TEXT, ip TEXT, duration INTEGER, timestamp TIMESTAMP);
CREATE TABLE endpoint_result_conditions (endpoint_result_condition_id INTEGER PRIMARY KEY, endpoint_result_id INTEGER, condition TEXT, success BOOLEAN);
CREATE TABLE endpoint_uptimes (endpoint_uptime_id INTEGER PRIMARY KEY, endpoint_id INTEGER, hour_unix_timestamp INTEGER, total_executions INTEGER,
  successful_executions INTEGER, total_response_time INTEGER);
INSERT INTO endpoints VALUES (1, 'core_web', 'web', 'core');
INSERT INTO endpoint_results VALUES
  (1, 1, 1, '', 1, 200, '', 0, 0, 'h', '192.0.2.1', 50000000, '2026-07-01 00:01:00.05 +0000 UTC'),
  (2, 1, 0, '', 1, 200, '', 0, 0, 'h', '192.0.2.1', 900000000, '2026-07-01 00:02:00.9 +0000 UTC'),
  (3, 1, 1, '', 1, 200, '', 0, 0, 'h', '192.0.2.1', 50000000, '2026-07-01 00:03:00.05 +0000 UTC'),
  (4, 1, 1, '', 1, 200, '', 0, 0, 'h', '192.0.2.1', 50000000, '2026-07-01 00:04:00.05 +0000 UTC');
INSERT INTO endpoint_result_conditions VALUES (1, 2, '[STATUS] == 200', 1), (2, 2, '[RESPONSE_TIME] (900) < 500', 0);
INSERT INTO endpoint_uptimes VALUES (1, 1, strftime('%s', '2026-07-01 00:00:00'), 4, 3, 1050);
)";

TEST_F(Compare, WhatIsSlowIsDownForGatus) {
  const Json answer = compared(database(kGatus));
  EXPECT_EQ(answer["tool"], "Gatus");
  const Json& web = answer["servers"][0];
  EXPECT_DOUBLE_EQ(web["their_uptime_ratio"], 0.75);
  EXPECT_DOUBLE_EQ(web["uptime_ratio"], 1.0) << "degraded is up";
  EXPECT_EQ(web["why"], "what is slow or expires soon is down there (+25.000 %)");
}

}  // namespace
}  // namespace nines::tools::testing
