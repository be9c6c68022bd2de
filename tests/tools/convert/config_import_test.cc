// `nines config import`: other tools' configurations, and that what comes out of them is good.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ConfigImport : public ::testing::Test {
 protected:
  /// What is made of `files`, which `config check` must take.
  std::string made(std::vector<std::string> files) {
    std::vector<std::string> arguments{"config", "import"};
    arguments.insert(arguments.end(), files.begin(), files.end());
    const Finished finished = nines(arguments);
    EXPECT_EQ(finished.code, 0) << finished.err;
    const Finished checked = nines({"config", "check", dir_.write("made.yaml", finished.out)});
    EXPECT_EQ(checked.code, 0) << checked.err << finished.out;
    return finished.out;
  }
  TempDir dir_;
};

TEST_F(ConfigImport, EndpointsOfGatusBecomeServers) {
  const std::string yaml = made({dir_.write("gatus.yaml", R"yaml(
alerting: {discord: {webhook-url: "${HOOK}", default-alert: {failure-threshold: 4}}}
x: &usual {interval: 30s, client: {timeout: 5s, insecure: true}}
endpoints:
  - <<: *usual
    name: site
    group: core
    url: https://example.org/
    headers: {Authorization: "Bearer ${TOKEN}"}
    alerts: [{type: discord}]
    conditions: ["[STATUS] >= 200", "[STATUS] < 400", "[RESPONSE_TIME] < 500", "[CERTIFICATE_EXPIRATION] > 240h", "[BODY] == pat(*Hi*)", "len([BODY].items) > 0"]
  - {name: site, group: staging, url: "http://example.org/", interval: 5s, conditions: ["[IP] == 192.0.2.1"]}
  - {name: dns, url: "192.0.2.53", dns: {query-name: example.org, query-type: A}, conditions: ["[DNS_RCODE] == NXDOMAIN"]}
  - {name: hidden, url: "192.0.2.53", dns: {query-name: example.org, query-type: A}, conditions: ["len([BODY]) == 0"]}
  - {name: closed, url: "tcp://192.0.2.1:23", conditions: ["[CONNECTED] == false"]}
  - {name: rpc, url: "grpc://192.0.2.1:50051", conditions: ["[CONNECTED] == true"]}
  - {name: off, enabled: false, url: "https://example.org/", conditions: ["[STATUS] == 200"]}
external-endpoints:
  - {name: job, token: secret, heartbeat: {interval: 30m}}
)yaml")});
  EXPECT_THAT(yaml, HasSubstr("  - name: \"site\"\n"
                              "    group: \"core\"\n"
                              "    url: \"https://example.org/\"\n"
                              "    interval: 30s\n"
                              "    timeout: 5s\n"
                              "    confirm: {failures: 4, successes: 2}\n"
                              "    headers: {\"Authorization\": \"Bearer ${TOKEN:-}\"}\n"
                              "    verify-tls: false\n"
                              "    alerts: [\"discord\"]\n"
                              "    expect:\n"
                              "      status: [\"200-399\"]\n"
                              "      body-contains: [\"Hi\"]\n"
                              "      latency-below: 500ms\n"
                              "      certificate-days: 10\n"
                              "      strict: true\n"
                              "      json: [\"len($.items) > 0\"]\n"));
  EXPECT_THAT(yaml, HasSubstr("  # no equal: the condition [IP] == 192.0.2.1\n  - name: \"staging/site\"\n"));
  EXPECT_THAT(yaml, HasSubstr("status: [\"100-999\"]")) << "no status is asked for there";
  EXPECT_THAT(yaml, HasSubstr("timeout: 4s500ms")) << "below the interval";
  EXPECT_THAT(yaml, HasSubstr("url: \"dns://192.0.2.53/example.org?type=A\""));
  EXPECT_THAT(yaml, HasSubstr("dns-rcode: \"NXDOMAIN\""));
  EXPECT_THAT(yaml, HasSubstr("  #   - name: \"hidden\"")) << "without its condition it would ask for the contrary";
  EXPECT_THAT(yaml, HasSubstr("upside-down: true"));
  EXPECT_THAT(yaml, HasSubstr("  # no equal: a check over grpc\n"));
  EXPECT_THAT(yaml, HasSubstr("enabled: false"));
  EXPECT_THAT(yaml, HasSubstr("push: {token: \"secret\"}\n    interval: 30m\n"));
  EXPECT_THAT(yaml, HasSubstr("alerts:\n  - {name: \"discord\", discord: {url: {environment: \"HOOK\"}}, "
                              "send-resolved: false}\n"));
}

TEST_F(ConfigImport, EndpointsThatHearOfNoEndHaveAnAlertOfTheirOwn) {
  const std::string yaml = made({dir_.write("gatus.yaml", R"yaml(
alerting: {discord: {webhook-url: "https://discord.example/x", default-alert: {send-on-resolved: true}}}
endpoints:
  - {name: as-usual, url: "https://a/", alerts: [{type: discord, send-on-resolved: true}], conditions: ["[STATUS] == 200"]}
  - {name: silent, url: "https://b/", alerts: [{type: discord, send-on-resolved: false}], conditions: ["[STATUS] == 200"]}
)yaml")});
  EXPECT_THAT(yaml, HasSubstr("    alerts: [\"discord\"]\n"));
  EXPECT_THAT(yaml, HasSubstr("    alerts: [\"discord without end\"]\n"));
  EXPECT_THAT(yaml, HasSubstr("  - {name: \"discord without end\", discord: {url: \"https://discord.example/x\"}, "
                              "send-resolved: false}\n"));
  EXPECT_THAT(yaml, Not(HasSubstr("discord with end")));
}

TEST_F(ConfigImport, TheWayOutThatIsWatchedIsAReference) {
  const std::string yaml = made({dir_.write("gatus.yaml", R"yaml(
connectivity: {checker: {target: "192.0.2.53:53", interval: 60s}}
endpoints:
  - {name: a, url: "https://a.example/", client: {dns-resolver: "udp://192.0.2.53:53"}, conditions: ["[STATUS] == 200"]}
)yaml")});
  EXPECT_THAT(yaml, HasSubstr("  # no equal: client.dns-resolver\n  - name: \"a\"\n"));
  EXPECT_THAT(yaml, HasSubstr("prober: {references: [\"tcp://192.0.2.53:53\"]}\n"));
}

TEST_F(ConfigImport, HeadersThatMustMatchAreConditions) {
  const std::string modules = dir_.write("blackbox.yml", R"(
modules:
  web: {prober: http, http: {fail_if_header_not_matches: [{header: X, regexp: "a.*"}, {header: Y, regexp: b, allow_missing: true}]}}
)");
  const std::string targets = dir_.write("prometheus.yml", R"(
scrape_configs:
  - {job_name: web, params: {module: [web]}, static_configs: [{targets: ["https://a.example/"]}]}
)");
  const std::string yaml = made({modules, targets});
  EXPECT_THAT(yaml, HasSubstr("      headers: [\"X matches a.*\"]\n"));
  EXPECT_THAT(yaml, HasSubstr("# no equal: fail_if_header_not_matches of Y, which may be missing"));
}

TEST_F(ConfigImport, ModulesAreTakenWithTheTargetsThatAreProbedByThem) {
  const std::string modules = dir_.write("blackbox.yml", R"(
modules:
  web: {prober: http, timeout: 5s, http: {method: POST, valid_status_codes: [200, 301], no_follow_redirects: true, fail_if_body_not_matches_regexp: ["a.c"], tls_config: {insecure_skip_verify: true}}}
  banner: {prober: tcp, tcp: {query_response: [{expect: "^220 "}, {send: QUIT}]}}
  ping: {prober: icmp, icmp: {preferred_ip_protocol: ip4, ip_protocol_fallback: false, ttl: 5}}
)");
  const std::string targets = dir_.write("prometheus.yml", R"(
global: {scrape_interval: 15s}
scrape_configs:
  - {job_name: node, static_configs: [{targets: ["localhost:9100"]}]}
  - {job_name: web, params: {module: [web]}, static_configs: [{targets: ["https://a.example/", "b.example"], labels: {team: x}}]}
  - {job_name: mail, scrape_interval: 1m, params: {module: [banner]}, static_configs: [{targets: ["mx.example:25"]}]}
  - {job_name: ping, params: {module: [ping]}, static_configs: [{targets: [192.0.2.1]}]}
  - {job_name: lost, params: {module: [gone]}, static_configs: [{targets: [x]}]}
)");
  const std::string yaml = made({modules, targets});
  EXPECT_THAT(yaml, HasSubstr("  - name: \"https://a.example/\"\n"
                              "    group: \"web\"\n"
                              "    url: \"https://a.example/\"\n"
                              "    method: \"POST\"\n"
                              "    follow-redirects: false\n"
                              "    verify-tls: false\n"
                              "    interval: 15s\n"
                              "    timeout: 5s\n"
                              "    tags: {\"team\": \"x\"}\n"
                              "    expect:\n"
                              "      status: [200, 301]\n"
                              "      body-matches: [\"a.c\"]\n"));
  EXPECT_THAT(yaml, HasSubstr("url: \"http://b.example\""));
  EXPECT_THAT(yaml, HasSubstr(R"(dialog: ["expect ^220 ", "send QUIT\r\n"])"));
  EXPECT_THAT(yaml, HasSubstr("family: 4"));
  EXPECT_THAT(yaml, HasSubstr("ttl: 5"));
  EXPECT_THAT(yaml, HasSubstr("# left out: the job lost, whose module gone is not there"));
  EXPECT_THAT(yaml, Not(HasSubstr("9100")));
  EXPECT_EQ(nines({"config", "import", modules}).code, 2) << "modules alone have no targets";
}

constexpr const char* kKuma = R"(
CREATE TABLE heartbeat (id INTEGER PRIMARY KEY, monitor_id INTEGER, status INTEGER, time TEXT, msg TEXT, ping INTEGER);
CREATE TABLE setting (key TEXT, value TEXT);
INSERT INTO setting VALUES ('serverTimezone', '"Europe/Paris"');
CREATE TABLE monitor (id INTEGER PRIMARY KEY, name TEXT, type TEXT, parent INTEGER, active BOOLEAN, url TEXT, method TEXT, headers TEXT, body TEXT, hostname TEXT, port INTEGER, interval INTEGER,
  timeout DOUBLE, maxretries INTEGER, maxredirects INTEGER, accepted_statuscodes_json TEXT, ignore_tls BOOLEAN, upside_down BOOLEAN, keyword TEXT, invert_keyword BOOLEAN, push_token TEXT,
  dns_resolve_type TEXT, dns_resolve_server TEXT, expiry_notification BOOLEAN);
INSERT INTO monitor VALUES
 (1, 'Production', 'group', NULL, 1, NULL, 'GET', NULL, NULL, NULL, NULL, 60, 48, 0, 10, '["200-299"]', 0, 0, NULL, 0, NULL, 'A', '1.1.1.1', 0),
 (2, 'Web', 'keyword', 1, 1, 'https://example.org/?a=$x', 'POST', '{"X-A": "1"}', '{"a":1}', NULL, NULL, 60, 48, 2, 0, '["200-299","404"]', 1, 0, '200', 1, NULL, 'A', '1.1.1.1', 1),
 (3, 'Telnet', 'port', NULL, 1, 'https://', 'GET', NULL, NULL, '192.0.2.1', 23, 20, 20, 0, 10, '["200-299"]', 0, 1, NULL, 0, NULL, 'A', '1.1.1.1', 0),
 (4, 'Job', 'push', NULL, 1, 'https://', 'GET', NULL, NULL, NULL, NULL, 300, 0, 0, 10, '["200-299"]', 0, 0, NULL, 0, '12345', 'A', '1.1.1.1', 0),
 (5, 'Cache', 'redis', NULL, 1, 'https://', 'GET', NULL, NULL, NULL, NULL, 60, 48, 0, 10, '["200-299"]', 0, 0, NULL, 0, NULL, 'A', '1.1.1.1', 0),
 (6, 'Name', 'dns', NULL, 1, 'https://', 'GET', NULL, NULL, 'example.org', 5353, 60, 48, 0, 10, '["200-299"]', 0, 0, NULL, 0, NULL, 'MX', '192.0.2.53', 0);
CREATE TABLE maintenance (id INTEGER PRIMARY KEY, title TEXT, active BOOLEAN, strategy TEXT, start_date TEXT, end_date TEXT, start_time TEXT, end_time TEXT, weekdays TEXT, days_of_month TEXT, interval_day INTEGER, timezone TEXT);
CREATE TABLE monitor_maintenance (id INTEGER PRIMARY KEY, monitor_id INTEGER, maintenance_id INTEGER);
INSERT INTO maintenance VALUES (1, 'Night', 1, 'recurring-weekday', NULL, NULL, '23:30', '00:30', '[0,3]', '[]', 1, 'SAME_AS_SERVER'), (2, 'Cron', 1, 'cron', NULL, NULL, NULL, NULL, '[]', '[]', 1, 'UTC');
INSERT INTO monitor_maintenance VALUES (1, 1, 1), (2, 3, 2);
)";

TEST_F(ConfigImport, MonitorsOfUptimeKumaBecomeServersWithTheMaintenanceOfTheirGroup) {
  const std::string path = dir_.path("kuma.db");
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, kKuma, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(database);
  sqlite3_close(database);
  const std::string yaml = made({path});
  EXPECT_THAT(yaml, HasSubstr("  - name: \"Web\"\n"
                              "    group: \"Production\"\n"
                              "    url: \"https://example.org/?a=$x\"\n"
                              "    method: \"POST\"\n"
                              "    body: \"{\\\"a\\\":1}\"\n"
                              "    headers: {\"X-A\": \"1\", \"Content-Type\": \"application/json\"}\n"
                              "    follow-redirects: false\n"
                              "    verify-tls: false\n"
                              "    interval: 60s\n"
                              "    timeout: 48000ms\n"
                              "    confirm: {failures: 3, successes: 1}\n"
                              "    maintenance: [{every: [sunday, wednesday], from: \"23:30\", for: 1h, timezone: "
                              "\"Europe/Paris\", note: \"Night\"}]\n"
                              "    expect:\n"
                              "      status: [\"200-299\", \"404\"]\n"
                              "      certificate-days: 14\n"
                              "      body-not-contains: [\"200\"]\n"));
  EXPECT_THAT(yaml, HasSubstr("url: \"tcp://192.0.2.1:23\"\n    interval: 20s\n    timeout: 18000ms\n"));
  EXPECT_THAT(yaml, HasSubstr("upside-down: true"));
  EXPECT_THAT(yaml, HasSubstr("# no equal: the maintenance Cron: a cron expression\n"));
  EXPECT_THAT(yaml, HasSubstr("push: {token: \"12345\"}"));
  EXPECT_THAT(yaml, HasSubstr("  # no equal: a check of the kind redis\n  #   - name: \"Cache\"\n"));
  EXPECT_THAT(yaml, HasSubstr("url: \"dns://192.0.2.53:5353/example.org?type=MX\""));
}

TEST_F(ConfigImport, ABackupHasTheSameMonitors) {
  const std::string yaml = made({dir_.write("backup.json", R"({"version": "1.23.17",
"notificationList": [{"name": "Phone", "config": "{\"type\":\"ntfy\"}"}],
"monitorList": [{"id": 1, "name": "G", "type": "group", "parent": null}, {"id": 2, "name": "a \"b\" # c", "type": "http", "parent": 1, "url": "https://example.org/",
 "method": "GET", "interval": 60, "timeout": 48, "maxretries": 0, "maxredirects": 10, "accepted_statuscodes": ["200-299"], "ignoreTls": false, "active": true,
 "tags": [{"name": "env", "value": "prod"}, {"name": "env", "value": "eu"}]}, 7, {"type": null}]})")});
  EXPECT_THAT(yaml, HasSubstr("  - name: \"a \\\"b\\\" # c\"\n    group: \"G\"\n    url: \"https://example.org/\"\n"));
  EXPECT_THAT(yaml, HasSubstr("tags: {\"env\": \"prod, eu\"}"));
  EXPECT_THAT(yaml, HasSubstr("# left out: alert \"Phone\": ntfy: needs `topic`")) << "a channel without its settings";
}

TEST_F(ConfigImport, WhatIsNoConfigurationIsRefused) {
  for (const char* const text : {"", "servers: []", "endpoints: [", "{\"version\": 1}", "- a", "a: 1"}) {
    const Finished finished = nines({"config", "import", dir_.write("x", text)});
    EXPECT_EQ(finished.code, 1) << text << finished.out;
    EXPECT_EQ(finished.out, "");
  }
  EXPECT_EQ(nines({"config", "import", dir_.path("none")}).code, 1);
  const Finished odd = nines({"config", "import",
                              dir_.write("odd.yaml",
                                         "endpoints: [1, [2], {name: {a: b}}, {name: \"a\\nb\", url: \"x y\", "
                                         "conditions: {a: 1}}]")});
  EXPECT_EQ(odd.code, 1) << "nothing of it is checked";
  EXPECT_EQ(nines({"config", "check", dir_.write("odd.out", odd.out)}).code, 0) << odd.out;
  EXPECT_THAT(odd.out, HasSubstr("servers: []"));
}

TEST_F(ConfigImport, AVariableThatIsNotSetHasTheTextBesideIt) {
  const std::string file =
      dir_.write("n.yaml", "servers:\n  - {name: \"${WHO:-a}${WHAT:-}\", url: \"https://${HOST:-example.org}/\"}\n");
  EXPECT_EQ(nines({"config", "check", file}).code, 0);
  EXPECT_EQ(nines({"config", "check", file}, "", {"WHO=b", "HOST=example.com"}).code, 0);
  EXPECT_EQ(nines({"config", "check", file}, "", {"HOST=a b"}).code, 1) << "a variable that is set is taken";
  EXPECT_EQ(
      nines({"config", "check", dir_.write("m.yaml", "servers:\n  - {name: \"${WHO:-a\", url: \"https://a/\"}\n")})
          .code,
      1);
}

}  // namespace
}  // namespace nines::tools::testing
