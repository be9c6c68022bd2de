// The configuration file: what it may say, and how each mistake is refused, with its place.
#include "config/config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/check_spec.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tools/support/command_line.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Config good(const std::string& yaml) {
  auto config = parse_config(yaml, "f.yaml");
  EXPECT_TRUE(config) << config.error();
  return config ? *config : Config{};
}
std::string bad(const std::string& yaml) {
  const auto config = parse_config(yaml, "f.yaml");
  EXPECT_FALSE(config) << yaml;
  return config ? "" : config.error();
}
// One server with `more` lines below its name and url.
std::string one_server(const std::string& more) {
  return "servers:\n  - name: site\n    url: http://localhost/\n" + more;
}

TEST(Config, AlertsMayBeChannels) {
  const Config config = good(
      "alerts:\n"
      "  - discord: https://discord.example/api/webhooks/1/x\n"
      "  - {name: hidden, slack: {environment: SLACK_URL}}\n"
      "  - {name: phone, telegram: {token: {file: /run/token}, chat: -100123, thread: 7}, after: 5m, groups: [core], "
      "quiet: [{every: day, from: \"22:00\", for: 8h, timezone: Europe/Paris}]}\n"
      "  - {name: mail, email: {url: \"smtp://mail.example:587\", from: a@b.example, to: [c@d.example, "
      "e@f.example]}}\n" +
      one_server("    group: core\n"));
  ASSERT_EQ(config.alerts.size(), 4U);
  EXPECT_EQ(config.alerts[0].name, "discord");
  EXPECT_EQ(config.alerts[0].channel, "discord");
  ASSERT_EQ(config.alerts[0].settings.size(), 1U);
  EXPECT_EQ(config.alerts[0].settings[0].first, "url");
  EXPECT_EQ(config.alerts[0].settings[0].second.text, "https://discord.example/api/webhooks/1/x");
  EXPECT_EQ(config.alerts[1].settings[0].second.environment, "SLACK_URL");
  const AlertTarget& phone = config.alerts[2];
  ASSERT_EQ(phone.settings.size(), 3U);
  EXPECT_EQ(phone.settings[0].second.file, "/run/token");
  EXPECT_EQ(phone.settings[1].second.text, "-100123");
  EXPECT_EQ(phone.after, std::chrono::minutes{5});
  EXPECT_EQ(phone.groups, std::vector<std::string>{"core"});
  ASSERT_EQ(phone.quiet.size(), 1U);
  EXPECT_EQ(phone.quiet[0].start, std::chrono::hours{22});
  EXPECT_EQ(phone.quiet[0].timezone, "Europe/Paris");
  EXPECT_EQ(config.alerts[3].settings[2].second.text, "c@d.example,e@f.example");
}

TEST(Config, MistakesInChannelsAreNamed) {
  const auto alert = [](const std::string& text) { return bad("alerts: [" + text + "]\n" + one_server("")); };
  EXPECT_THAT(alert("{telegram: {chat: 1}}"), HasSubstr("needs `token`"));
  EXPECT_THAT(alert("{telegram: {tokn: t, chat: 1}}"), HasSubstr("did you mean `token`?"));
  EXPECT_THAT(alert("{discrod: x}"), HasSubstr("did you mean `discord`?"));
  EXPECT_THAT(alert("{discord: no-url}"), HasSubstr("needs an http or https URL"));
  EXPECT_THAT(alert("{discord: 'https://a/', slack: 'https://b/'}"), HasSubstr("an alert has one channel"));
  EXPECT_THAT(alert("{discord: 'https://a/', webhook: 'https://b/'}"),
              HasSubstr("either exec or webhook, or one channel"));
  EXPECT_THAT(alert("{discord: 'https://a/', groups: [cor]}"), HasSubstr("no server is in the group `cor`"));
  EXPECT_THAT(alert("{discord: 'https://a/', groups: [cor]}"), HasSubstr("f.yaml:1:")) << "with its place";
  EXPECT_THAT(alert("{discord: 'https://a/', quiet: [{every: day}]}"), HasSubstr("needs `from`"));
  EXPECT_THAT(alert("{discord: 'https://a/', after: 40d}"), HasSubstr("it must be from"));
}

TEST(Config, AlertsThatCouldNeverBeToldAreRefused) {
  const auto alert = [](const std::string& text, const std::string& server) {
    return bad("alerts: [" + text + "]\n" + one_server(server));
  };
  const std::string second = "  - {name: other, url: 'http://b/', group: b}\n";
  EXPECT_THAT(alert("{discord: 'https://a/', groups: [a]}", "    group: a\n    alerts: []\n" + second),
              HasSubstr("f.yaml:1:10: alert `discord`: every server has a list `alerts` that does not name it"))
      << "the group's only server has an empty list";
  EXPECT_THAT(alert("{discord: 'https://a/', groups: [b]}", "    group: a\n    alerts: [discord]\n" + second),
              HasSubstr("f.yaml:3:1: server `site`: its alert `discord` hears of the groups b only"));
  EXPECT_THAT(alert("{discord: 'https://a/', on: budget}", ""),
              HasSubstr("it is on budget, and no server that it hears of has an objective"));
  EXPECT_THAT(
      alert("{discord: 'https://a/', quiet: [{every: day, from: '06:00', for: 24h, timezone: Asia/Tokyo}]}", ""),
      HasSubstr("quiet leaves no time in which it would be told"));
  EXPECT_THAT(alert("{discord: 'https://a/', quiet: [{every: weekdays, from: '00:00', for: 1d}, "
                    "{every: saturday, from: '00:00', for: 2d}]}",
                    ""),
              HasSubstr("quiet leaves no time"));
  good("alerts: [{discord: 'https://a/', on: budget}]\n" + one_server("    objective: 99%\n"));
  good("alerts: [{discord: 'https://a/', on: [down, budget]}]\n" + one_server(""));
  const std::string nothing = alert("{discord: 'https://a/', on: []}", "");
  EXPECT_THAT(nothing, HasSubstr("on: needs one of"));
  EXPECT_THAT(nothing, Not(HasSubstr("it is on")));
  good("alerts: [{discord: 'https://a/', quiet: [{every: day, from: '06:01', for: 1439m}]}]\n" + one_server(""));
  good("alerts: [{discord: 'https://a/'}]\n" + one_server("    alerts: []\n" + second));
}

TEST(Config, TopicsThatCannotComeUpAreRefused) {
  const auto heard = [](const std::string& topics, const std::string& servers) {
    return parse_config("alerts: [{name: a, discord: 'https://a/', on: " + topics + "}]\nservers: [" + servers + "]\n",
                        "f.yaml");
  };
  const std::string tcp = "{name: t, url: 'tcp://a:1'}";
  const std::string job = "{name: j, push: {max-runtime: 1h}, interval: 1d}";
  EXPECT_EQ(heard("certificate", tcp).error(),
            "f.yaml:1:10: alert `a`: it is on certificate, and no server that it hears of has a certificate that is "
            "judged");
  EXPECT_FALSE(heard("certificate", "{name: h, url: 'http://a/', follow-redirects: false}, " + job));
  EXPECT_FALSE(heard("certificate", "{name: h, url: 'https://a/', verify-tls: false}"));
  EXPECT_FALSE(heard("certificate", "{name: h, url: 'https://a/', upside-down: true}"));
  EXPECT_FALSE(heard("certificate", "{name: h, url: 'https://a/', alerts: []}, " + tcp));
  for (const char* const server :
       {"{name: s, url: 'https://a/'}", "{name: s, url: 'http://a/'}", "{name: s, url: 'smtp://a', starttls: true}",
        "{name: s, url: 'tls://a'}", "{name: s, url: 'tcp://a:25', dialog: [starttls]}",
        "{name: s, url: 'https://a/', verify-tls: false, expect: {certificate-days: 3}}"}) {
    EXPECT_TRUE(heard("certificate", server)) << server;
  }
  EXPECT_THAT(heard("degraded", tcp + ", " + job).error(),
              HasSubstr("it is on degraded, and no server that it hears of can be degraded, by latency-below or by "
                        "certificate-days without strict"));
  EXPECT_FALSE(heard("degraded", "{name: s, url: 'https://a/', expect: {certificate-days: 3, strict: true}}"));
  EXPECT_FALSE(heard("degraded", "{name: s, url: 'tcp://a:1', expect: {latency-below: 1s}, upside-down: true}"));
  EXPECT_TRUE(heard("degraded", "{name: s, url: 'tcp://a:1', expect: {latency-below: 1s}}"));
  EXPECT_TRUE(heard("degraded", "{name: s, url: 'https://a/', expect: {certificate-days: 3}}"));
  EXPECT_TRUE(heard("degraded", "{name: j, push: {latency-below: 1h}, interval: 1d}"));
  EXPECT_THAT(heard("[certificate, budget]", tcp).error(), HasSubstr("is judged; it is on budget"));
  EXPECT_TRUE(heard("[certificate, degraded, down]", tcp));
}

TEST(Config, MaintenanceThatNeverEndsIsRefused) {
  for (const char* const entries :
       {"{every: day, from: '00:00', for: 24h}", "{every: day, from: '03:00', for: 48h}",
        "{every: sunday, from: '00:00', for: 7d, timezone: Europe/Paris}",
        "{every: weekdays, from: '00:00', for: 1d}, {every: weekend, from: '00:00', for: 1d}"}) {
    EXPECT_THAT(bad(one_server("    maintenance: [" + std::string(entries) + "]\n")),
                HasSubstr("f.yaml:4:18: maintenance leaves no time"))
        << entries;
  }
  good(one_server("    maintenance: [{every: day, from: '00:00', for: 1439m}]\n"));
  good(one_server("    maintenance: []\n"));
}

TEST(Config, OneMaintenanceIsAtTheTimeOfItsZone) {
  const auto window = [](const std::string& zone) {
    return good(one_server("    maintenance: [{from: 2026-07-14T02:00:00, for: 1h, timezone: " + zone + "}]\n"))
        .servers.at(0)
        .server.maintenance.at(0)
        .once;
  };
  constexpr TimeMs kTwoUtc = from_ms(1'783'994'400'000);  // 2026-07-14T02:00Z
  constexpr std::chrono::hours kHour{1};
  EXPECT_EQ(window("UTC"), (Window{kTwoUtc, kTwoUtc + kHour}));
  EXPECT_EQ(window("Europe/Paris"), (Window{kTwoUtc - 2 * kHour, kTwoUtc - kHour}));
  EXPECT_EQ(window("Asia/Tokyo"), (Window{kTwoUtc - 9 * kHour, kTwoUtc - 8 * kHour}));
}

TEST(Config, MaintenanceAtATimeThatAClockChangeSkipsIsRefused) {
  const auto maintenance = [](const std::string& times) {
    return one_server("    maintenance: [{" + times + ", timezone: Europe/Berlin}]\n");
  };
  EXPECT_THAT(bad(maintenance("from: 2026-03-29T02:30:00, for: 1h")),
              HasSubstr("f.yaml:4:26: from `2026-03-29T02:30:00` does not exist in Europe/Berlin"));
  EXPECT_THAT(bad(maintenance("from: 2026-03-29T01:30:00, to: 2026-03-29T02:00:00")), HasSubstr("to `2026-03-29T02"));
  good(maintenance("from: 2026-03-29T01:59:59, to: 2026-03-29T03:00:00"));
  good(maintenance("from: 2026-10-25T02:30:00, for: 1h"));
}

TEST(Config, WhatCannotBeAtOnceIsRefused) {
  EXPECT_THAT(bad(one_server("    interval: 60s\n    stale-after: 10s\n")),
              HasSubstr("f.yaml:5:18: stale-after is shorter than the interval"));
  good(one_server("    interval: 60s\n    stale-after: 60s\n"));
  good("servers: [{name: job, push: {cron: '0 3 * * *'}, interval: 1h, stale-after: 10s}]\n");
  EXPECT_THAT(bad("servers: [{name: a, url: 'https://a/', keep-alive: true, expect: {certificate-days: 7}}]\n"),
              HasSubstr("a kept connection shows no certificate"));
  EXPECT_THAT(bad(one_server("    expect: {body-contains: [ok, up], body-not-contains: [up]}\n")),
              HasSubstr("is in body-contains too"));
  EXPECT_THAT(bad(one_server("    body-limit: 4\n    expect: {body-contains: [longer]}\n")),
              HasSubstr("longer than body-limit"));
  EXPECT_THAT(bad(one_server("    expect: {status: [204], body-contains: [ok]}\n")), HasSubstr("has no body"));
  good(one_server("    expect: {status: [204, 200], body-contains: [ok]}\n"));
}

TEST(Config, MappingsAreMerged) {
  const Config config = good(
      "x-usual: &usual {interval: 30s, timeout: 5s, expect: {status: [204]}, headers: {A: \"1\"}}\n"
      "x-slow: &slow {timeout: 20s, confirm: {failures: 3}}\n"
      "servers:\n"
      "  - {<<: *usual, name: a, url: \"http://localhost/\", timeout: 7s}\n"
      "  - {<<: [*slow, *usual], name: b, url: \"http://localhost/\"}\n"
      "  - {<<: *usual, name: c, url: \"http://localhost/\", headers: {<<: {B: \"2\"}, C: \"3\"}}\n");
  ASSERT_EQ(config.servers.size(), 3U);
  EXPECT_EQ(config.servers[0].server.rules[0].interval, milliseconds{30'000});
  EXPECT_EQ(config.servers[0].check.timeouts.total, milliseconds{7'000}) << "its own counts";
  ASSERT_EQ(config.servers[0].check.status.size(), 1U);
  EXPECT_EQ(config.servers[0].check.status[0].first, 204);
  EXPECT_EQ(config.servers[1].check.timeouts.total, milliseconds{20'000}) << "the first of the list counts";
  EXPECT_EQ(config.servers[1].server.rules[0].confirm_failures, 3);
  EXPECT_EQ(config.servers[1].server.rules[0].interval, milliseconds{30'000});
  EXPECT_EQ(config.servers[2].check.headers.size(), 2U);
}

TEST(Config, MergesThatCannotBeAreRefused) {
  EXPECT_THAT(bad("servers: [{<<: 3, name: a, url: \"http://a/\"}]\n"), HasSubstr("`<<` takes a mapping"));
  EXPECT_THAT(bad("servers: [{<<: {nam: a}, name: a, url: \"http://a/\"}]\n"), HasSubstr("did you mean `name`?"));
  EXPECT_THAT(bad("servers: [&s {<<: *s, name: a, url: \"http://a/\"}]\n"), HasSubstr("merged a few times at most"));
  std::string bomb = "x-0: &a0 {interval: 30s}\n";
  for (int i = 1; i <= 9; ++i) {
    bomb += "x-" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: [";
    for (int j = 0; j < 9; ++j) bomb += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]}\n";
  }
  EXPECT_THAT(bad(bomb + "servers: [{<<: *a9, name: a, url: \"http://a/\"}]\n"), HasSubstr("merged a few times"));
  EXPECT_THAT(bad("y-usual: {}\n" + one_server("")), HasSubstr("no key `y-usual`"));
  EXPECT_THAT(bad(one_server("    x-note: mine\n")), HasSubstr("no key `x-note`")) << "at the top only";
}

TEST(Config, ServerThatIsSwitchedOffIsReadAndLeftOut) {
  EXPECT_TRUE(good(one_server("    enabled: false\n")).servers.empty());
  EXPECT_EQ(good(one_server("    enabled: true\n")).servers.size(), 1U);
  EXPECT_THAT(bad(one_server("    enabled: false\n    interval: 1x\n")), HasSubstr("interval"));
  EXPECT_THAT(bad(one_server("    enabled: false\n") + "  - {name: site, url: \"http://b/\"}\n"),
              HasSubstr("is taken"));
  const std::string off = one_server("    group: core\n    enabled: false\n");
  EXPECT_TRUE(good("alerts: [{discord: 'https://a/', groups: [core]}]\n" + off).servers.empty())
      << "a group stays one while its last server is off";
  const std::string job = "servers: [{name: job, interval: 1d, push: {token: t}, enabled: false}]\n";
  EXPECT_TRUE(good("backup: {to: /tmp/x, server: job}\n" + job).servers.empty());
}

TEST(Config, ObjectiveMayBeAllThatIsPromised) {
  const Config config =
      good(one_server("    objective: {uptime: 99.9%, period: 30d, hours: \"mon-fri 08:00-18:00\", timezone: "
                      "Europe/Paris, latency: 300ms, "
                      "within: 95%}\n"));
  const Server& server = config.servers.at(0).server;
  EXPECT_EQ(server.objective, 0.999);
  EXPECT_EQ(server.level,
            (ServiceLevel{"30d", "mon-fri 08:00-18:00", "Europe/Paris", std::chrono::milliseconds{300}, 0.95}));
  EXPECT_FALSE(good(one_server("    objective: {period: week}\n")).servers.at(0).server.objective.has_value());
  EXPECT_NE(bad(one_server("    objective: {period: moon}\n")).find("4:25"), std::string::npos);
  EXPECT_NE(bad(one_server("    objective: {hours: always}\n")).find("4:24"), std::string::npos);
  EXPECT_NE(bad(one_server("    objective: {timezone: Mars}\n")).find("no time zone `Mars`"), std::string::npos);
  EXPECT_NE(bad(one_server("    objective: {within: 95%}\n")).find("goes with `latency`"), std::string::npos);
  EXPECT_NE(bad(one_server("    objective: {uptime: 2}\n")).find("between 0 and 1"), std::string::npos);
}

TEST(Config, TheUsualFileIsUnderstood) {
  const Config config = good(R"yaml(
servers:
  - name: site
    group: core
    url: https://example.org
    interval: 60s
    timeout: 5s
    method: GET
    headers: {Accept: text/html, X-Number: 10}
    expect: {status: [200-299, 304], body-contains: "Welcome", certificate-days: 14, latency-below: 800ms}
    confirm: {failures: 3, successes: 2}
    tags: {team: web}
    objective: 99.9%
    retention: {checks: 30d, summaries: 400d}
    maintenance: [{every: sunday, from: "02:00", for: 1h, timezone: Europe/Paris}]
store: {path: ./a.db, retention: 400d, max-size: 3GiB, memory: 64MiB}
web: {listen: "[::1]:9000"}
alerts: [{exec: ["/bin/sh", now]}, {webhook: https://hooks.example/x, name: hook, remind-every: 1h}]
prober: {location: 3, max-in-flight: 50, references: [https://example.net]}
)yaml");
  ASSERT_EQ(config.servers.size(), 1U);
  const ServerConfig& entry = config.servers[0];
  EXPECT_EQ(entry.server.name, "site");
  EXPECT_EQ(entry.server.group, "core");
  EXPECT_EQ(entry.server.url, "https://example.org");
  EXPECT_EQ(entry.server.tags, (std::map<std::string, std::string>{{"team", "web"}}));
  EXPECT_EQ(entry.server.objective, 0.999);
  EXPECT_EQ(entry.server.retention, (Retention{std::chrono::days{30}, std::chrono::days{400}}));
  const Rules& rules = entry.server.current_rules();
  EXPECT_EQ(rules.interval, milliseconds{60'000});
  EXPECT_EQ(rules.timeout, milliseconds{5'000});
  EXPECT_EQ(rules.confirm_failures, 3);
  EXPECT_EQ(rules.confirm_successes, 2);
  ASSERT_EQ(entry.server.maintenance.size(), 1U);
  const Maintenance& maintenance = entry.server.maintenance[0];
  EXPECT_EQ(maintenance.repeat, Maintenance::Repeat::weekly);
  EXPECT_EQ(maintenance.weekdays, 1);
  EXPECT_EQ(maintenance.start, std::chrono::minutes{120});
  EXPECT_EQ(maintenance.length, std::chrono::minutes{60});
  EXPECT_EQ(maintenance.timezone, "Europe/Paris");
  EXPECT_EQ(entry.check.status, (std::vector<StatusRange>{{200, 299}, {304, 304}}));
  EXPECT_EQ(entry.check.headers,
            (std::vector<std::pair<std::string, std::string>>{{"Accept", "text/html"}, {"X-Number", "10"}}));
  EXPECT_EQ(entry.check.body_contains, std::vector<std::string>{"Welcome"});
  EXPECT_EQ(entry.check.certificate_days, 14);
  EXPECT_EQ(entry.check.latency_below, milliseconds{800});
  EXPECT_EQ(entry.check.timeouts.total, milliseconds{5'000});
  EXPECT_EQ(config.store.path, "./a.db");
  EXPECT_EQ(config.store.retention, std::chrono::days{400});
  EXPECT_EQ(config.store.max_size_bytes, std::uint64_t{3} << 30U);
  EXPECT_EQ(config.store.memory_bytes, 64U << 20U);
  EXPECT_EQ(config.listen->host, "::1");
  EXPECT_EQ(config.listen->port, 9000);
  ASSERT_EQ(config.alerts.size(), 2U);
  EXPECT_EQ(config.alerts[0].exec, (std::vector<std::string>{"/bin/sh", "now"}));
  EXPECT_EQ(config.alerts[0].name, "/bin/sh now");
  EXPECT_EQ(config.alerts[1].webhook->text, "https://hooks.example/x");
  EXPECT_EQ(config.alerts[1].remind_every, milliseconds{3'600'000});
  EXPECT_EQ(config.prober.location, LocationId{3});
  EXPECT_EQ(config.prober.max_in_flight, 50U);
  EXPECT_EQ(config.prober.references.size(), 1U);
}

TEST(Config, MarksAroundTheOneDocumentAreFine) {
  for (const char* const text : {"---\nservers: []\n", "servers: []\n---\n", "servers: []\n...\n",
                                 "%YAML 1.2\n---\nservers: []\n...\n---\n# nothing\n"}) {
    EXPECT_TRUE(parse_config(text, "f.yaml")) << text;
  }
}

TEST(Config, TheExampleIsGood) {
  const auto config = load_config(NINES_EXAMPLE);
  ASSERT_TRUE(config) << config.error();
  EXPECT_EQ(config->servers[0].server.url, "http://127.0.0.1:8080/-/healthy");
}

TEST(Config, DefaultsAreLoopbackAMinuteAndTenSeconds) {
  const Config config = good(one_server(""));
  EXPECT_EQ(config.listen->host, "127.0.0.1");
  EXPECT_EQ(config.servers[0].server.current_rules().interval, milliseconds{60'000});
  EXPECT_EQ(config.servers[0].check.timeouts.total, milliseconds{10'000});
}

TEST(Config, AShortIntervalShortensTheUsualTimeout) {
  EXPECT_EQ(good(one_server("    interval: 5s\n")).servers[0].check.timeouts.total, milliseconds{4'000});
}

TEST(Config, VariablesComeFromTheEnvironmentAndTwoDollarsAreOne) {
  setenv("NINES_TEST_TOKEN", "s3cret", 1);
  const Config config =
      good(one_server("    bearer-token: ${NINES_TEST_TOKEN}\n    expect: {body-contains: \"5 $ or $$5, $${x}\"}\n"));
  EXPECT_EQ(config.servers[0].check.bearer_token, "s3cret");
  EXPECT_EQ(config.servers[0].check.body_contains[0], "5 $ or $5, ${x}");
}

TEST(Config, TextStaysTextWhateverItLooksLike) {
  const Config config =
      good(one_server("    method: POST\n    body: 1.10\n    expect: {body-contains: [true, 007]}\n"));
  EXPECT_EQ(config.servers[0].check.body, "1.10");
  EXPECT_EQ(config.servers[0].check.body_contains, (std::vector<std::string>{"true", "007"}));
}

TEST(Config, APushServerNeedsNoUrl) {
  const Config config = good("servers:\n  - {name: backup, interval: 24h, push: {token: t, grace: 1h}}\n");
  EXPECT_EQ(config.servers[0].push->token, "t");
  EXPECT_EQ(check_kind(config.servers[0].server.url), CheckKind::push);
  ASSERT_EQ(config.servers[0].server.rules.size(), 1U);
  EXPECT_EQ(config.servers[0].server.rules[0].confirm_failures, 1U) << "silence past the deadline is down at once";
}

TEST(Config, WhatIsReportedToIsOneServers) {
  for (const char* const second :
       {"{name: b, interval: 24h, push: {token: t}}", "{name: t, interval: 24h, push: {}}"}) {
    const auto refused = parse_config(
        "servers:\n  - {name: a, interval: 24h, push: {token: t}}\n  - " + std::string(second) + "\n", "f.yaml");
    ASSERT_FALSE(refused) << second;
    EXPECT_NE(refused.error().find("reports to `t` are for the server of line 2"), std::string::npos)
        << refused.error();
  }
}

TEST(Config, BackupNamesAServerThatIsReportedTo) {
  const std::string servers =
      "servers:\n  - {name: backups, interval: 24h, push: {}}\n  - {name: site, url: http://a}\n";
  EXPECT_EQ(good(servers + "backup: {to: /b, server: backups}\n").backup->server, "backups");
  for (const char* const none : {"site", "sites"}) {
    const auto refused = parse_config(servers + "backup: {to: /b, server: " + none + "}\n", "f.yaml");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().find("there is no server `" + std::string(none) + "` with `push`"), std::string::npos)
        << refused.error();
  }
}

TEST(Config, APushServerKeepsTheConfirmationThatItIsGiven) {
  const Config config =
      good("servers:\n  - {name: backup, interval: 24h, push: {token: t, grace: 1h}, confirm: {failures: 3}}\n");
  ASSERT_EQ(config.servers[0].server.rules.size(), 1U);
  EXPECT_EQ(config.servers[0].server.rules[0].confirm_failures, 3U);
}

TEST(Config, ThePageCanBeSwitchedOff) {
  EXPECT_FALSE(good(one_server("web: {listen: off}\n")).listen);
}

struct Refusal {
  const char* name;
  std::string yaml;
  const char* place;  ///< line:column
  const char* why;
};

class Refusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(Refusals, IsNamedWithItsPlace) {
  const Refusal& refusal = GetParam();
  const std::string message = bad(refusal.yaml);
  EXPECT_THAT(message, StartsWith(std::string("f.yaml:") + refusal.place + ": "));
  EXPECT_THAT(message, HasSubstr(refusal.why));
  EXPECT_THAT(message, Not(HasSubstr("\n"))) << "one mistake, one sentence";
}

INSTANTIATE_TEST_SUITE_P(
    Config, Refusals,
    ::testing::Values(
        Refusal{"UnknownTopKey", one_server("stor: {}\n"), "4:1", "did you mean `store`?"},
        Refusal{"UnknownServerKey", one_server("    intervall: 60s\n"), "4:5", "did you mean `interval`?"},
        Refusal{"UnknownExpectKey", one_server("    expect: {body-contain: x}\n"), "4:14",
                "did you mean `body-contains`?"},
        Refusal{"KeyTwice", one_server("    url: http://b/\n"), "4:5", "given twice"},
        Refusal{"NoScheme", "servers:\n  - name: a\n    url: example.org\n", "3:10", "scheme"},
        Refusal{"UnknownScheme", "servers:\n  - name: a\n    url: gopher://x\n", "3:10", "scheme"},
        Refusal{"NoUrl", "servers:\n  - name: a\n", "2:5", "needs a `url`"},
        Refusal{"NoName", "servers:\n  - url: http://a/\n", "2:5", "needs a `name`"},
        Refusal{"ControlCharacterInName", "servers:\n  - name: \"a\\x07\"\n    url: http://a/\n", "2:11", "control"},
        Refusal{"IntervalZero", one_server("    interval: 0\n"), "4:15", "interval"},
        Refusal{"IntervalZeroSeconds", one_server("    interval: 0s\n"), "4:15", "it must be from 100ms to 31d"},
        Refusal{"IntervalNotADuration", one_server("    interval: often\n"), "4:15", "not a duration"},
        Refusal{"TimeoutOverInterval", one_server("    interval: 10s\n    timeout: 10s\n"), "5:14", "timeout"},
        Refusal{"TimeoutNotADuration", one_server("    timeout: soon\n"), "4:14", "duration"},
        Refusal{"DuplicateName", one_server("  - {name: site, url: http://b/}\n"), "4:5",
                "taken by the server of line 2"},
        Refusal{"BadStatus", one_server("    expect: {status: [abc]}\n"), "4:22", "status"},
        Refusal{"BadRegularExpression", one_server("    expect: {body-matches: \"(\"}\n"), "4:28", "body-matches"},
        Refusal{"BadConfirm", one_server("    confirm: {failures: 0}\n"), "4:25", "from 1 to 1000"},
        Refusal{"BadObjective", one_server("    objective: 100%\n"), "4:16", "between 0 and 1"},
        Refusal{"BadZone", one_server("    maintenance: [{every: day, from: \"02:00\", timezone: Mars/Olympus}]\n"),
                "4:57", "no time zone"},
        Refusal{"BadWeekday", one_server("    maintenance: [{every: sonday, from: \"02:00\"}]\n"), "4:27",
                "did you mean `sunday`?"},
        Refusal{"BadTimeOfDay", one_server("    maintenance: [{every: day, from: \"25:00\"}]\n"), "4:38",
                "time of day"},
        Refusal{"ZoneOfOneMaintenance",
                one_server("    maintenance: [{from: \"2026-07-14T02:00:00\", for: 1h, timezone: Not/AZone}]\n"),
                "4:68", "Not/AZone"},
        Refusal{"ZoneBesideOffset",
                one_server("    maintenance: [{from: 2026-07-14T02:00:00Z, for: 1h, timezone: Europe/Paris}]\n"),
                "4:26", "contradicts `timezone`"},
        Refusal{"ForBesideTo",
                one_server("    maintenance: [{from: 2026-07-14T02:00:00Z, to: 2026-07-14T03:00:00Z, for: 1h}]\n"),
                "4:79", "contradict"},
        Refusal{"DayBesideSunday", one_server("    maintenance: [{every: sunday, from: \"02:00\", day: 15}]\n"), "4:55",
                "every: month"},
        Refusal{"DayOfOneMaintenance",
                one_server("    maintenance: [{from: 2026-07-14T02:00:00Z, for: 1h, day: 15}]\n"), "4:62",
                "every: month"},
        Refusal{"DayAmongWeekdays", one_server("    maintenance: [{every: [day, sunday], from: \"02:00\"}]\n"), "4:27",
                "stands alone"},
        Refusal{"HalfMinutesOfMaintenance", one_server("    maintenance: [{every: day, from: \"02:00\", for: 90s}]\n"),
                "4:52", "whole minutes"},
        Refusal{"AlertOnNothing", "alerts: [{exec: [\"true\"], on: [dwon]}]\nservers: []\n", "1:31",
                "did you mean `down`"},
        Refusal{"AlertProgramMissing", "alerts: [{exec: [\"/no/such/program\"]}]\nservers: []\n", "1:10",
                "/no/such/program"},
        Refusal{"AlertTemplateNotJson",
                "alerts: [{webhook: https://h.example/, name: h, body-template: '{\"c\":1{{code}}}'}]\nservers: []\n",
                "1:10", "not JSON"},
        Refusal{"CronBesideOnCalendar", "servers: [{name: a, push: {cron: \"0 3 * * *\", on-calendar: \"03:00\"}}]\n",
                "1:27", "contradicts cron"},
        Refusal{"MaintenanceWithoutEnd", one_server("    maintenance: [{from: 2026-07-14T02:00:00Z}]\n"), "4:19",
                "`to` or `for`"},
        Refusal{"HeaderWithLineBreak", one_server("    headers: {A: \"b\\r\\nC: d\"}\n"), "4:14", "headers"},
        Refusal{"UnsetVariable", one_server("    bearer-token: ${NINES_NOT_SET}\n"), "4:19",
                "NINES_NOT_SET is not set"},
        Refusal{"OpenVariable", one_server("    bearer-token: \"${NINES\"\n"), "4:19", "needs a variable's name"},
        Refusal{"BadListen", one_server("web: {listen: \"8080\"}\n"), "4:15", "127.0.0.1:8080"},
        Refusal{"BadPort", one_server("web: {listen: \"127.0.0.1:70000\"}\n"), "4:15", "127.0.0.1:8080"},
        Refusal{"SizeWithoutUnit", one_server("store: {max-size: 1000}\n"), "4:19", "64MiB"},
        Refusal{"SizeInParts", one_server("store: {max-size: 1.5GiB}\n"), "4:19", "64MiB"},
        Refusal{"IntervalFinerThanAMillisecond", one_server("    interval: 1.0005s\n"), "4:15", "whole milliseconds"},
        Refusal{"AlertTimeoutFinerThanAMillisecond", one_server("alerts: [{name: a, exec: [sh], timeout: 0.5ms}]\n"),
                "4:41", "whole milliseconds"},
        Refusal{"NoAuthorities", one_server("    ca-file: /nowhere/ca.pem\n"), "4:14",
                "ca-file: there is no file /nowhere/ca.pem that can be read"},
        Refusal{"NoRevocations", one_server("    crl-file: /nowhere/crl.pem\n"), "4:15", "crl-file: there is no file"},
        Refusal{"NoClientCertificate", one_server("    client-certificate: /nowhere/c.pem\n"), "4:25",
                "client-certificate: there is no file"},
        Refusal{"AuthoritiesInAFolder", one_server("    ca-file: /etc\n"), "4:14", "there is no file /etc"},
        Refusal{"AuthoritiesThatAreNone", one_server("    ca-file: /etc/passwd\n"), "4:14", "not in the PEM format"},
        Refusal{"SizeOfNothing", one_server("store: {memory: 0MiB}\n"), "4:17", "64MiB"},
        Refusal{"RetentionUnderADay", one_server("store: {retention: 1h}\n"), "4:20", "from 1d"},
        Refusal{"UnknownAlertOfServer", one_server("    alerts: [nobody]\n"), "2:5", "no alert named `nobody`"},
        Refusal{"BadCron", "servers:\n  - {name: a, push: {cron: \"61 * * * *\"}}\n", "2:21", "cron"},
        Refusal{"PushWithProbedUrl", one_server("    push: {token: t}\n"), "4:11", "push:"},
        Refusal{"ServersNotAList", "servers: {name: a}\n", "1:10", "must be a list"},
        Refusal{"NoServers", "store: {path: x}\n", "1:1", "no `servers`"},
        Refusal{"NotYaml", "servers: [\n", "2:1", "not YAML"},
        Refusal{"SecondDocument", "servers: []\n---\nservers: []\n", "3:1", "a second document"},
        Refusal{"NotYamlInASecondDocument", "servers: []\n---\nservers: [\n", "4:1", "not YAML"},
        Refusal{"ValueWhereAMappingBelongs", one_server("    expect: 200\n"), "4:13", "mapping"}),
    [](const auto& each) { return each.param.name; });

TEST(Config, WhatIsForChecksIsRefusedOfAJobThatReportsIn) {
  const std::array<std::string, 2> jobs{"push: {}", "url: \"push:\""};
  for (const std::string& job : jobs) {
    for (const CheckSpecKey& key : check_spec_keys()) {
      if (key.name == "url") continue;
      const bool list = key.type == CheckSpecKey::Type::list;
      const std::string setting = fmt::format("{}: {}", key.name, list ? "[1]" : "1");
      const std::string place(key.section.empty() ? key.name : key.section);
      const std::string message = bad(fmt::format("servers:\n  - name: a\n    interval: 1m\n    {}\n    {}\n", job,
                                                  key.section.empty() ? setting : place + ": {" + setting + "}"));
      EXPECT_THAT(message, StartsWith("f.yaml:5:")) << setting;
      EXPECT_THAT(message, HasSubstr(place + " is for checks")) << setting;
      EXPECT_THAT(message, Not(HasSubstr("\n"))) << "one mistake, one sentence";
    }
  }
}

TEST(Config, FilesOfTlsHoldWhatTheyAreFor) {
  const std::string pem = ::testing::TempDir() + "what_tls_files_hold.pem";
  const auto holding = [&](const std::string& labels) {
    std::ofstream(pem) << "a note\n" << labels;
    return "    client-certificate: " + pem + "\n";
  };
  const std::string site = "servers:\n  - name: site\n    url: https://localhost/\n";
  const std::string certificate = "-----BEGIN CERTIFICATE-----\n";
  good(site + holding(certificate + "-----BEGIN EC PRIVATE KEY-----\n"));
  EXPECT_THAT(bad(site + holding(certificate) + "    client-key: /nowhere/k.pem\n"),
              HasSubstr("client-key: there is no file /nowhere/k.pem"));
  EXPECT_THAT(bad(site + holding(certificate)), HasSubstr("holds no private key, and there is no client-key"));
  EXPECT_THAT(bad(site + holding("-----BEGIN PRIVATE KEY-----\n")), HasSubstr("holds no certificate"));
  for (const char* const locked :
       {"-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n"}) {
    EXPECT_THAT(bad(site + holding(certificate + locked)), HasSubstr("needs a password")) << locked;
  }
  holding(certificate);
  EXPECT_THAT(bad(site + "    crl-file: " + pem + "\n"), HasSubstr("holds no list of revoked certificates"));
  EXPECT_THAT(bad(site + "    ca-file: " + pem + "\n    verify-tls: false\n"), HasSubstr("needs verify-tls"));
  good(site + "    ca-file: " + pem + "\n");
  holding("-----BEGIN PRIVATE KEY-----\n");
  EXPECT_THAT(bad(site + "    ca-file: " + pem + "\n"), HasSubstr("holds no certificate"));
  std::remove(pem.c_str());
}

TEST(Config, AllMistakesAreReportedInTheOrderOfTheFile) {
  const std::string message = bad(one_server("    interval: 0s\n  - name: b\n    url: nonsense\nweb: {listen: x}\n"));
  const auto first = message.find("f.yaml:4:15:");
  const auto second = message.find("f.yaml:6:10:");
  const auto third = message.find("f.yaml:7:15:");
  EXPECT_NE(first, std::string::npos) << message;
  EXPECT_LT(first, second) << message;
  EXPECT_LT(second, third) << message;
}

TEST(Config, SecretsAreNotInMessages) {
  setenv("NINES_TEST_TOKEN", "s3cret", 1);
  EXPECT_THAT(bad(one_server("    bearer-token: ${NINES_TEST_TOKEN}\n    username: u\n")), Not(HasSubstr("s3cret")));
}

TEST(Config, AliasesCannotGrowWithoutBound) {
  std::string yaml =
      "servers:\n  - name: a\n    url: http://a/\n    resolve:\n      - &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i <= 6; ++i) {
    yaml += "      - &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) yaml += (j > 0 ? ", *a" : "*a") + std::to_string(i - 1);
    yaml += "]\n";
  }
  EXPECT_THAT(bad(yaml), HasSubstr("too large"));
}

TEST(Config, DeepNestingIsRefusedNotCrashedOn) {
  EXPECT_THAT(bad("servers: " + std::string(20'000, '[')), HasSubstr("f.yaml"));
  std::string dashes;
  for (int i = 0; i < 20'000; ++i) dashes += "- ";
  EXPECT_THAT(bad(dashes + "x"), HasSubstr("f.yaml"));
}

TEST(Config, EmptyListsOfDaysAndNoGraceAreMistakes) {
  const auto mistake = [](const std::string& keys) {
    const auto config = parse_config("servers:\n  - {name: site, " + keys + "}\n", "c.yaml");
    return config ? std::string() : config.error();
  };
  EXPECT_THAT(mistake("url: \"http://a/\", maintenance: [{every: [], from: \"22:00\", for: 8h}]"),
              ::testing::HasSubstr("every needs day"));
  EXPECT_THAT(mistake("push: {token: t, grace: 0s}"), ::testing::HasSubstr("grace"));
  EXPECT_EQ(mistake("push: {token: t, grace: 1s}"), "");
  EXPECT_THAT(mistake("url: \"tcp://[fe80::1%25eth0]:22\""), ::testing::HasSubstr("zone (%eth0)"));
}

TEST(Config, AQuorumOfMoreThanThisPlaceIsNoted) {
  const auto notes = [](const std::string& keys) {
    const auto config = parse_config("servers:\n  - {name: site, url: \"http://a/\"" + keys + "}\n", "c.yaml");
    EXPECT_TRUE(config) << config.error();
    return config ? notes_on(*config) : std::vector<std::string>{};
  };
  EXPECT_THAT(notes(""), ::testing::IsEmpty());
  EXPECT_THAT(notes(", quorum: 1"), ::testing::IsEmpty());
  EXPECT_THAT(
      notes(", quorum: 2"),
      ::testing::ElementsAre(::testing::HasSubstr("`site` has quorum 2, and this configuration checks from one")));
}

TEST(Config, WhatTheNextStartWouldRefuseIsAMistake) {
  for (const auto& [text, why] : {std::pair{"dns-servers: [foo.test]", "\"foo.test\" is not an address"},
                                  {"dns-servers: [\"\"]", "is not an address"},
                                  {"dns-servers: [\"1.1.1.1:99999\"]", "is not an address"},
                                  {"references: [\"push:x\"]", "references[0]: url: a push server"},
                                  {"references: [nonsense]", "references[0]: "},
                                  {"user-agent: \"a\\r\\nX: y\"", "user-agent: has a line break"}}) {
    EXPECT_THAT(bad(one_server("prober: {" + std::string(text) + "}\n")), HasSubstr(why)) << text;
  }
  good(one_server("prober: {dns-servers: [1.1.1.1, \"[::1]:53\"], references: [\"tcp://192.0.2.1:443\"]}\n"));
}

TEST(Config, HostsOutsideOfAsciiAreWhatBrowsersSend) {
  const Config config = good(
      one_server("web: {hosts: [\"M\u00fcnchen.test\", plain.test], cors: [\"https://m\u00fcnchen.test:8443\"]}\n"));
  EXPECT_EQ(config.access.hosts, (std::vector<std::string>{"xn--mnchen-3ya.test", "plain.test"}));
  EXPECT_EQ(config.access.cors, std::vector<std::string>{"https://xn--mnchen-3ya.test:8443"});
  EXPECT_THAT(bad(one_server("web: {cors: [\"https://EXAMPLE.org\"]}\n")), HasSubstr("in lower case"));
}

TEST(Config, FilesOfThePagesTlsAreLookedAt) {
  const std::string file = ::testing::TempDir() + "page_tls_files.pem";
  std::ofstream(file) << "nonsense";
  EXPECT_THAT(bad(one_server("web: {tls: {certificate: " + file + ", key: " + file + "}}\n")),
              HasSubstr("the certificate `" + file + "` cannot be used"));
  EXPECT_THAT(bad(one_server("web: {tls: {certificate: " + file + "}}\n")), HasSubstr("web.tls needs `key`"));
  EXPECT_THAT(bad(one_server("web: {tls: {cert: " + file + "}}\n")), HasSubstr("`cert`"));
  std::remove(file.c_str());
}

TEST(Config, AMissingFileAndAFolderAreNamed) {
  const testing::TempDir dir;
  EXPECT_EQ(load_config("/nonexistent/f.yaml").error(), "/nonexistent/f.yaml: No such file or directory");
  EXPECT_THAT(load_config(dir.path()).error(), HasSubstr("is a directory"));
}

}  // namespace
}  // namespace nines::tools
