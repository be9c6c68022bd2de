// `nines run`, the main job, against a web server that is stopped and started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>

#include <nines/calendar.h>

#include "show/output.h"
#include "tools/support/command_line.h"
#include "tools/support/test_web_server.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RunCommand : public ::testing::Test {
 protected:
  // A configuration of one server, checked every 200 ms, confirmed after two failures.
  [[nodiscard]] std::string config(const std::string& more = {}) const {
    return "servers:\n  - name: site\n    url: http://127.0.0.1:" + std::to_string(target_) +
           "/x?token=s3cret\n    interval: 200ms\n    timeout: 150ms\n    confirm: {failures: 2, successes: 1}\n" +
           more + "store: {path: " + dir_.path("db") + "}\nweb: {listen: \"127.0.0.1:" + std::to_string(page_) +
           "\"}\n";
  }
  void start(const std::string& yaml) {
    program_.emplace(std::vector<std::string>{"run", "--config", dir_.write("nines.yaml", yaml)});
    ASSERT_TRUE(program_->says("page at http://127.0.0.1:")) << program_->err_so_far();
  }
  [[nodiscard]] Finished run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--db", dir_.path("db")});
    return nines(arguments);
  }
  [[nodiscard]] Json uptime() const {
    return Json::parse(get(page_, "/api/v1/servers/site/uptime?window=1h").body, nullptr, false);
  }
  [[nodiscard]] Json points() const {
    return Json::parse(run({"points", "site", "--window", "1h", "--json"}).out, nullptr, false);
  }
  [[nodiscard]] std::size_t checks() const {
    const Json json = uptime();
    return json.is_object() && json.contains("checks") ? json["checks"].get<std::size_t>() : 0;
  }

  TempDir dir_;
  int target_ = free_port();
  int page_ = free_port();
  std::optional<Program> program_;
};

constexpr const char* kBackupServer = "  - {name: backups, interval: 24h, push: {token: t}, confirm: {failures: 1}}\n";

TEST_F(RunCommand, BackupThatIsMadeReportsToItsServer) {
  std::filesystem::create_directory(dir_.path("backups"));
  start(config(kBackupServer + ("backup: {to: " + dir_.path("backups") + ", server: backups}\n")));
  EXPECT_TRUE(program_->says("backups is up")) << program_->err_so_far();
  EXPECT_THAT(get(page_, "/metrics").body, HasSubstr("\nnines_backups_total 1\n"));
}

TEST_F(RunCommand, BackupThatFailsMakesItsServerDownAndSaysWhy) {
  const std::string no_folder = dir_.write("backups", "");
  start(config(kBackupServer + ("backup: {to: " + no_folder + ", server: backups}\n")));
  EXPECT_TRUE(program_->says("backups is down")) << program_->err_so_far();
  EXPECT_TRUE(eventually([&] {
    return run({"incidents", "backups", "--json"}).out.find("the job reported a failure: ") != std::string::npos;
  }));
}

TEST_F(RunCommand, AnOutageIsOneIncidentWithItsStartEndAndError) {
  auto server = std::make_unique<TestWebServer>(target_);
  start(config());
  ASSERT_TRUE(eventually([&] { return checks() >= 3; }));
  server.reset();
  ASSERT_TRUE(program_->says("site is down since")) << program_->err_so_far();
  server = std::make_unique<TestWebServer>(target_);
  ASSERT_TRUE(program_->says("site is up since")) << program_->err_so_far();
  // A change is told at once; its result is in the store a moment later.
  const auto incidents_now = [&] { return Json::parse(run({"incidents", "site", "--json"}).out)["incidents"]; };
  ASSERT_TRUE(eventually([&] { return !incidents_now().empty() && incidents_now()[0]["ongoing"] == false; }));

  // From outside, while it is running: the incident begins with the first failed check and ends with the first good
  // one.
  const Json all = points();
  std::string first_failure;
  std::string recovery;
  std::size_t failures = 0;
  for (const Json& point : all["points"]) {
    if (point["state"] == "down") {
      if (first_failure.empty()) first_failure = point["time"];
      ++failures;
    } else if (!first_failure.empty() && recovery.empty()) {
      recovery = point["time"];
    }
  }
  const Json incidents = incidents_now();
  ASSERT_EQ(incidents.size(), 1U) << incidents.dump();
  EXPECT_EQ(incidents[0]["from"], first_failure);
  EXPECT_EQ(incidents[0]["to"], recovery);
  EXPECT_EQ(incidents[0]["failed_checks"], failures);
  EXPECT_EQ(incidents[0]["error"], "connect_refused");
  EXPECT_EQ(incidents[0]["ongoing"], false);
  EXPECT_THAT(incidents[0]["detail"].get<std::string>(), Not(HasSubstr("s3cret")));

  program_->signal(SIGTERM);
  const Finished finished = program_->wait();
  EXPECT_EQ(finished.code, 0) << finished.err;
  EXPECT_EQ(finished.out, "");
  EXPECT_THAT(finished.err, Not(HasSubstr("s3cret")));
}

TEST_F(RunCommand, AStatusThatIsNotExpectedIsTheIncidentsCode) {
  const TestWebServer server(target_, 503);
  start(config());
  ASSERT_TRUE(program_->says("site is down since"));
  EXPECT_THAT(program_->err_so_far(), HasSubstr("http_status 503"));
  ASSERT_TRUE(eventually([&] { return uptime()["incidents"].size() == 1; }));
  const Json figures = uptime();
  EXPECT_EQ(figures["incidents"][0]["code"], 503);
  EXPECT_EQ(figures["incidents"][0]["ongoing"], true);
  EXPECT_TRUE(figures["incidents"][0]["to"].is_null());
}

TEST_F(RunCommand, ACleanStopLosesNothing) {
  const TestWebServer server(target_);
  start(config());
  ASSERT_TRUE(eventually([&] { return checks() >= 5; }));
  const std::size_t before = checks();
  program_->signal(SIGINT);
  EXPECT_EQ(program_->wait().code, 0);
  EXPECT_GE(points()["points"].size(), before);
  EXPECT_EQ(run({"verify"}).code, 0);
}

TEST_F(RunCommand, AKillLosesNoResultThatWasShown) {
  const TestWebServer server(target_);
  std::size_t shown = 0;
  for (int round = 0; round < 4; ++round) {
    start(config());
    const std::size_t wanted = shown + 3;
    ASSERT_TRUE(eventually([&] { return checks() >= wanted; }));
    const Json page = Json::parse(get(page_, "/api/v1/servers/site/points?window=1h&limit=10000").body);
    shown = page["points"].size();
    program_->signal(SIGKILL);
    EXPECT_EQ(program_->wait().code, 128 + SIGKILL);
    const Json after = points();
    ASSERT_GE(after["points"].size(), shown);
    for (std::size_t i = 0; i < shown; ++i) {
      EXPECT_EQ(after["points"][i]["time"], page["points"][i]["time"]);
      EXPECT_EQ(after["points"][i]["latency_us"], page["points"][i]["latency_us"]);
    }
    // A restart may put a `not_running` result at the gap, and only there.
    shown = after["points"].size();
  }
}

TEST_F(RunCommand, ThePageShowsItAndTheMetricsCountIt) {
  const TestWebServer server(target_);
  start(config());
  ASSERT_TRUE(eventually([&] { return checks() >= 2; }));
  EXPECT_THAT(get(page_, "/").body, HasSubstr("<a href=\"/server/site?window=24h\">site</a>"));
  EXPECT_THAT(get(page_, "/server/site").body, HasSubstr("<h2 id=\"checks\">Checks</h2>"));
  EXPECT_EQ(get(page_, "/-/ready").status, 200);
  const std::string metrics = get(page_, "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("nines_checks_total{server=\"site\",result=\"up\"}"));
  EXPECT_THAT(metrics, HasSubstr("nines_check_duration_seconds_bucket{le=\"+Inf\"}"));
  EXPECT_THAT(metrics, HasSubstr("probe_success{server=\"site\"} 1"));
  EXPECT_THAT(metrics, Not(HasSubstr("s3cret")));
}

TEST_F(RunCommand, WhatIsSaidOfAnOutageIsKeptAlsoOverAReload) {
  start(config());  // nobody listens on the target's port
  ASSERT_TRUE(eventually([this] {
    const Json json = uptime();
    return json.is_object() && json.contains("incidents") && !json["incidents"].empty();
  }));
  const std::string path = "/api/v1/servers/site/annotations";
  EXPECT_EQ(post(page_, path, R"({"kind":"acknowledged","author":"ann"})").status, 200);
  EXPECT_EQ(post(page_, path, R"({"kind":"note","text":"the switch"})").status, 200);
  EXPECT_EQ(post(page_, "/-/reload", "").status, 200);
  const Json incident = uptime()["incidents"][0];
  ASSERT_EQ(incident["annotations"].size(), 2U);
  EXPECT_EQ(incident["annotations"][0]["author"], "ann");
  EXPECT_EQ(incident["acknowledged_at"], incident["annotations"][0]["made_at"]);
  for (const char* body : {"", "x", "[]", R"({"kind":"shout"})", R"({"kind":"note"})", R"({"kind":"note","text":1})",
                           R"({"kind":"note","text":"x","who":"y"})", R"({"kind":"note","text":"x","at":"soon"})"}) {
    EXPECT_EQ(post(page_, path, body).status, 400) << body;
  }
  EXPECT_EQ(post(page_, path, R"({"kind":"note","text":"x","at":"2020-01-01T00:00:00Z"})").status, 404);
  EXPECT_EQ(post(page_, "/api/v1/servers/nobody/annotations", R"({"kind":"note","text":"x"})").status, 404);
  EXPECT_EQ(post(page_, "/api/v1/servers//annotations", R"({"kind":"note","text":"x"})").status, 404);
  EXPECT_EQ(uptime()["incidents"][0]["annotations"].size(), 2U);
}

TEST_F(RunCommand, AReloadLetsTokensChangeHandsAndTellsANewTargetWhatLasts) {
  const auto jobs = [](const std::string& a, const std::string& b) {
    return "  - {name: a, interval: 60s, push: {token: " + a + "}}\n  - {name: b, interval: 60s, push: {token: " + b +
           "}}\n";
  };
  start(config(jobs("first", "second")));  // nobody listens on the target's port
  ASSERT_TRUE(program_->says("site is down since")) << program_->err_so_far();
  const std::string told = dir_.path("told");
  dir_.write("nines.yaml",
             config(jobs("second", "first") + "alerts: [{exec: [/bin/sh, -c, 'cat >> " + told + "']}]\n"));
  EXPECT_EQ(post(page_, "/-/reload", "").status, 200) << program_->err_so_far();
  EXPECT_EQ(post(page_, "/api/v1/push/first?status=up", "").status, 200);
  ASSERT_TRUE(program_->says("b is up since")) << program_->err_so_far();
  ASSERT_TRUE(eventually([&] {
    std::ifstream file(told);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    return text.find("\"event\":\"down\"") != std::string::npos &&
           text.find("\"server\":\"site\"") != std::string::npos;
  }));
}

TEST_F(RunCommand, AReloadTakesOverAndABadFileChangesNothing) {
  const TestWebServer server(target_);
  start(config());
  const std::string added = "  - name: second\n    url: http://127.0.0.1:" + std::to_string(target_) +
                            "/\n    interval: 200ms\n    timeout: 150ms\n";
  dir_.write("nines.yaml", config("    intervall: 1s\n"));
  program_->signal(SIGHUP);
  ASSERT_TRUE(program_->says("nines.yaml:7:5: a server has no key `intervall`; did you mean `interval`?"));
  const std::size_t before = checks();
  ASSERT_TRUE(eventually([&] { return checks() > before; })) << "it goes on with what it had";

  dir_.write("nines.yaml", config("    group: new\n" + added));
  program_->signal(SIGHUP);
  ASSERT_TRUE(program_->says("2 servers"));
  ASSERT_TRUE(eventually([&] {
    return get(page_, "/api/v1/servers/second/uptime?window=1h").body.find("\"state\":\"up\"") != std::string::npos;
  }));
  EXPECT_EQ(Json::parse(get(page_, "/api/v1/servers/site").body)["group"], "new");

  dir_.write("nines.yaml", config());
  EXPECT_EQ(post(page_, "/-/reload", "").status, 200);
  EXPECT_FALSE(Json::parse(get(page_, "/api/v1/servers/second").body)["paused"].empty());
  const std::string metrics = get(page_, "/metrics").body;
  for (const char* family : {"nines_checks_total", "nines_incidents_total"}) {
    EXPECT_THAT(metrics, HasSubstr(std::string(family) + "{server=\"site\"")) << "what stays is still counted";
    EXPECT_THAT(metrics, Not(HasSubstr(std::string(family) + "{server=\"second\""))) << "nobody checks it any more";
  }
  EXPECT_THAT(metrics, HasSubstr("\nprobe_success{server=\"site\"} 1"));
  EXPECT_THAT(metrics, Not(HasSubstr("\nprobe_success{server=\"second\"}"))) << "an alert rule would fire for ever";
  dir_.write("nines.yaml", "servers: 7\n");
  EXPECT_EQ(post(page_, "/-/reload", "").status, 400);
  EXPECT_EQ(get(page_, "/-/healthy").status, 200);
}

TEST_F(RunCommand, AReloadNamesEveryKeyThatWaitsForTheNextStart) {
  const TestWebServer server(target_);
  start(config());
  dir_.write("nines.yaml",
             "servers: []\nstore: {path: " + dir_.path("other") +
                 ", retention: 30d, summary-retention: 400d, max-size: 1GiB, memory: 64MiB}\nbackup: {to: " +
                 dir_.path("backups") + ", every: 6h}\nweb: {listen: \"127.0.0.1:" + std::to_string(free_port()) +
                 "\"}\nprober: {location: 3}\n");
  program_->signal(SIGHUP);
  EXPECT_TRUE(program_->says(
      "store.path, store.retention, store.summary-retention, store.max-size, store.memory, backup, web.listen, "
      "prober.location change when nines is started again"));
  EXPECT_EQ(get(page_, "/-/healthy").status, 200) << "where it was";
}

TEST_F(RunCommand, WhileItRunsOthersMayLookAndNotWrite) {
  const TestWebServer server(target_);
  start(config());
  ASSERT_TRUE(eventually([&] { return checks() >= 2; }));
  for (const std::vector<std::string>& looking : std::vector<std::vector<std::string>>{{"status"},
                                                                                       {"uptime", "site"},
                                                                                       {"incidents"},
                                                                                       {"points", "site"},
                                                                                       {"export"},
                                                                                       {"info"},
                                                                                       {"server", "list"}}) {
    const Finished finished = run(looking);
    EXPECT_EQ(finished.code, 0) << looking[0] << finished.err;
  }
  // What writes hands its work over; a second owner there cannot be.
  EXPECT_EQ(run({"record", "site", "up", "--location", "7"}).code, 0);
  const Finished second = run({"run", "--config", dir_.path("nines.yaml"), "--listen", "off"});
  EXPECT_EQ(second.code, 1);
  EXPECT_THAT(second.err, HasSubstr("is being written by another process"));
}

TEST_F(RunCommand, AJobReportsAsItDoesToOtherTools) {
  start(
      "servers:\n  - {name: job, interval: 1h, confirm: {failures: 1}, push: {token: t0ken}}\n"
      "  - {name: named, interval: 1h, push: {}}\n"
      "store: {path: " +
      dir_.path("db") + "}\nweb: {listen: \"127.0.0.1:" + std::to_string(page_) + "\"}\n");
  EXPECT_EQ(get(page_, "/api/push/t0ken?status=up&msg=OK&ping=12").status, 200) << "as Uptime Kuma's";
  EXPECT_EQ(get(page_, "/api/push/t0ken?status=down&msg=no%20space&ping=").status, 200);
  EXPECT_EQ(get(page_, "/api/push/other?status=up").status, 404);
  EXPECT_EQ(get(page_, "/api/push/t0ken?state=up&foo=1").status, 400);
  const std::string gatus = "/api/v1/endpoints/jobs_job/external";
  EXPECT_EQ(get(page_, gatus + "?success=true", {{"Authorization", "Bearer wrong"}}).status, 404);
  EXPECT_EQ(
      post(page_, gatus + "?success=false&error=full&duration=10s", "", {{"Authorization", "bearer t0ken"}}).status,
      200);
  EXPECT_EQ(post(page_, gatus, "", {{"Authorization", "Bearer t0ken"}}).status, 400) << "it does not say how it went";
  for (const char* twice : {"exit-code=0&exit-code=1", "status=up&status=down", "state=success&state=failure",
                            "ping=5&ping=5", "%73tate=ok&state=fail"}) {
    const auto refused = get(page_, std::string("/api/v1/push/t0ken?") + twice);
    EXPECT_EQ(refused.status, 400) << twice;
    EXPECT_THAT(refused.body, HasSubstr("is given twice"));
  }
  EXPECT_THAT(raw(page_, "HEAD /api/v1/push/t0ken/0 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
              HasSubstr(" 200 "));
  EXPECT_EQ(get(page_, "/api/v1/push/t0ken/fail").status, 200);
  EXPECT_EQ(get(page_, "/api/v1/push/named").status, 404) << "a page can make a browser ask for what it can guess";
  EXPECT_EQ(post(page_, "/api/v1/push/named", "").status, 200);
  const Json list = Json::parse(run({"points", "job", "--window", "1h", "--json"}).out)["points"];
  std::vector<std::string> states;
  for (const Json& point : list) states.push_back(point["state"]);
  EXPECT_THAT(states, ::testing::ElementsAre("up", "down", "down", "up", "down"));
  EXPECT_EQ(list[0]["latency_us"], 12'000);
  EXPECT_THAT(list[1]["detail"].get<std::string>(), HasSubstr("no space"));
  EXPECT_THAT(list[2]["detail"].get<std::string>(), HasSubstr("full"));
}

TEST_F(RunCommand, AJobReportsOverHttpAndBySilence) {
  start(
      "servers:\n  - {name: job, interval: 1s, confirm: {failures: 1}, push: {token: t0ken, grace: 300ms}}\n"
      "store: {path: " +
      dir_.path("db") + "}\nweb: {listen: \"127.0.0.1:" + std::to_string(page_) + "\"}\n");
  EXPECT_EQ(post(page_, "/api/v1/push/t0ken", "").status, 200);
  EXPECT_EQ(post(page_, "/api/v1/push/wrong", "").status, 404);
  EXPECT_EQ(post(page_, "/api/v1/push/job", "").status, 404) << "where there is a token the name is not enough";
  EXPECT_EQ(post(page_, "/api/v1/push/t0ken?exit-code=x", "").status, 400);
  EXPECT_EQ(get(page_, "/api/v1/push/t0ken?rc=1").status, 400) << "what is not known is refused";
  EXPECT_EQ(post(page_, "/api/v1/push/t0ken/log", std::string(70'000, 'x')).status, 200) << "a long log is cut";
  const Finished failed = nines({"push", "t0ken", "--url", "http://127.0.0.1:" + std::to_string(page_), "--exit-code",
                                 "7", "--log", "disk full"});
  EXPECT_EQ(failed.code, 0) << failed.err;
  Json list = Json::parse(run({"points", "job", "--window", "1h", "--json"}).out)["points"];
  ASSERT_GE(list.size(), 2U);
  EXPECT_EQ(list[0]["state"], "up");
  EXPECT_EQ(list[1]["state"], "down");
  EXPECT_EQ(list[1]["code"], 7);
  EXPECT_EQ(list[1]["error"], "reported");
  EXPECT_THAT(list[1]["detail"].get<std::string>(), HasSubstr("disk full"));
  EXPECT_TRUE(eventually([&] { return run({"export", "job"}).out.find(",silence,") != std::string::npos; }));
}

TEST_F(RunCommand, AnAlertIsExecutedWhenItGoesDownAndWhenItComesBack) {
  const std::string log = dir_.path("alerts.txt");
  const std::string script =
      dir_.write("page.sh", "#!/bin/sh\necho \"$NINES_EVENT $NINES_SERVER $NINES_ERROR\" >> " + log + "\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  auto server = std::make_unique<TestWebServer>(target_);
  start(config() + "alerts: [{exec: [\"" + script + "\"]}]\n");
  ASSERT_TRUE(eventually([&] { return checks() >= 2; }));
  server.reset();
  ASSERT_TRUE(eventually([&] { return read_file(log).find("down site connect_refused\n") != std::string::npos; }))
      << read_file(log);
  server = std::make_unique<TestWebServer>(target_);
  ASSERT_TRUE(eventually([&] { return read_file(log).find("resolved site") != std::string::npos; })) << read_file(log);
}

TEST_F(RunCommand, AnOutageThatMaintenanceHidCountsFromItsEndInAlertLogAndHistory) {
  const std::string log = dir_.path("alerts.txt");
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::string end = format_time(now + std::chrono::seconds{4});
  start(
      config("    maintenance: [{from: \"" + format_time(now - std::chrono::hours{1}) + "\", to: \"" + end + "\"}]\n") +
      "alerts: [{exec: [sh, -c, 'echo $NINES_EVENT $NINES_SINCE >> " + log + "']}]\n");
  EXPECT_TRUE(eventually([&] { return read_file(log) == "down " + end + "\n"; })) << read_file(log);
  EXPECT_EQ(uptime()["incidents"][0]["from"], end) << uptime().dump();
  EXPECT_EQ(uptime()["current"]["since"], end);
}

// It is over when the program goes on: who wants to hear of what lasts does not hear of it.
TEST_F(RunCommand, AStandstillMakesNoAlertOfWhatMayBeOver) {
  const std::string log = dir_.path("alerts.txt");
  const auto exec = [&](const std::string& name) {
    return "exec: [sh, -c, 'echo " + name + " $NINES_EVENT >> " + log + "']";
  };
  auto server = std::make_unique<TestWebServer>(target_);
  start(config() + "alerts: [{name: all, " + exec("all") + "}, {name: lasting, after: 3s, " + exec("lasting") + "}]\n");
  ASSERT_TRUE(eventually([&] { return checks() >= 2; }));
  server.reset();
  ASSERT_TRUE(eventually([&] { return read_file(log) == "all down\n"; })) << read_file(log);
  program_->signal(SIGSTOP);
  std::this_thread::sleep_for(std::chrono::seconds{4});
  server = std::make_unique<TestWebServer>(target_);
  program_->signal(SIGCONT);
  ASSERT_TRUE(eventually([&] { return read_file(log) == "all down\nall resolved\n"; })) << read_file(log);
  server.reset();
  EXPECT_TRUE(eventually([&] { return read_file(log).find("lasting down\n") != std::string::npos; })) << read_file(log);
}

TEST_F(RunCommand, AMessageThatIsRefusedForGoodSilencesNoOtherServer) {
  // Nothing listens on these ports; the template is not JSON for the receiver, which says so.
  const std::string log = dir_.path("alerts.txt");
  const std::string script = dir_.write("page.sh", "#!/bin/sh\necho \"$NINES_SERVER\" >> " + log + "\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  start(config("  - {name: second, url: \"tcp://127.0.0.1:1\", interval: 1s, confirm: {failures: 1}}\n") +
        "alerts: [{name: hook, webhook: \"http://127.0.0.1:" + std::to_string(page_) + "/no/such/page\"}, {exec: [\"" +
        script + "\"]}]\n");
  ASSERT_TRUE(eventually([&] { return read_file(log).find("second") != std::string::npos; }));
  ASSERT_TRUE(
      eventually([&] { return get(page_, "/metrics").body.find("nines_alerts_pending 0") != std::string::npos; }));
  const std::string metrics = get(page_, "/metrics").body;
  EXPECT_EQ(metrics.find("nines_alerts_refused_total 0"), std::string::npos) << "the page answers 404 or 405";
  EXPECT_THAT(metrics, HasSubstr("nines_alert_target_healthy{target=\"hook\"} 0"));
  EXPECT_THAT(metrics, HasSubstr("nines_alert_target_refused_total{target=\"hook\"} "));
  EXPECT_THAT(metrics, Not(HasSubstr("nines_alert_target_refused_total{target=\"hook\"} 0")));
  for (const char* count : {"delivered", "failed", "expired", "dropped"})
    EXPECT_THAT(metrics, HasSubstr(std::string("nines_alert_target_") + count + "_total{target=\"hook\"} ")) << count;
}

TEST_F(RunCommand, ATakenPortIsOneSentenceAndNothingIsProbed) {
  const TestWebServer taken(page_);
  const Finished finished = nines({"run", "--config", dir_.write("nines.yaml", config())});
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("another program uses this port"));
  EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
}

TEST_F(RunCommand, AStoreThatCannotBeIsOneSentence) {
  const std::string yaml = dir_.write("nines.yaml", config());
  for (const char* const path : {"/proc/nines.db", "/dev/null/nines.db"}) {
    const Finished finished = nines({"run", "--config", yaml, "--db", path});
    EXPECT_EQ(finished.code, 1);
    EXPECT_THAT(finished.err, HasSubstr("cannot be opened"));
    EXPECT_EQ(std::count(finished.err.begin(), finished.err.end(), '\n'), 1) << finished.err;
  }
}

TEST_F(RunCommand, ABadConfigurationIsRefusedBeforeAnythingIsTouched) {
  const Finished finished = nines({"run", "--config", dir_.write("nines.yaml", config("    interval: 0s\n"))});
  EXPECT_EQ(finished.code, 1);
  EXPECT_THAT(finished.err, HasSubstr("nines.yaml:7:5: `interval` is given twice"));
  EXPECT_FALSE(std::filesystem::exists(dir_.path("db")));
  EXPECT_EQ(nines({"run", "--config", dir_.path("none.yaml")}).code, 1);
  EXPECT_EQ(nines({"config", "check", dir_.path("nines.yaml")}).code, 1);
  EXPECT_EQ(nines({"config", "check", NINES_EXAMPLE}).code, 0);
}

TEST_F(RunCommand, ServeShowsWhatAnotherProcessWrites) {
  const TestWebServer server(target_);
  start(config());
  ASSERT_TRUE(eventually([&] { return checks() >= 1; }));
  const int port = free_port();
  Program serve({"serve", "--listen", "127.0.0.1:" + std::to_string(port), "--db", dir_.path("db")});
  ASSERT_TRUE(serve.says("page at"));
  const auto seen = [&] {
    const Json json = Json::parse(get(port, "/api/v1/servers/site/uptime?window=1h").body, nullptr, false);
    return json.is_object() ? json["checks"].get<std::size_t>() : 0;
  };
  const std::size_t before = seen();
  EXPECT_TRUE(eventually([&] { return seen() >= before + 3; })) << "it follows";
  serve.signal(SIGTERM);
  EXPECT_EQ(serve.wait().code, 0);
}

TEST_F(RunCommand, TheServiceManagerIsToldAndTheLogHasFields) {
  const std::string path = dir_.path("notify");
  const int manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(bind(manager, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  std::string told;
  const auto hears = [&](const std::string& text) {
    return eventually([&] {
      char bytes[1024];
      const ssize_t got = recv(manager, bytes, sizeof bytes, MSG_DONTWAIT);
      if (got > 0) told.append(bytes, static_cast<std::size_t>(got)).append("\n");
      return told.find(text) != std::string::npos;
    });
  };
  const Program program({"run", "--config", dir_.write("nines.yaml", config()), "--log-format", "json"}, "",
                        {"NOTIFY_SOCKET=" + path, "WATCHDOG_USEC=2000000"});
  EXPECT_TRUE(hears("READY=1\nSTATUS=checking 1 server")) << told;
  EXPECT_TRUE(hears("WATCHDOG=1")) << told;
  program.signal(SIGHUP);
  EXPECT_TRUE(hears("RELOADING=1\nMONOTONIC_USEC=")) << told;
  program.signal(SIGTERM);
  EXPECT_TRUE(hears("STOPPING=1")) << told;
  close(manager);
  const std::string log = program.err_so_far();
  // The first check may be over before the line is written that says that checking has begun.
  Json began;
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const Json entry = Json::parse(line, nullptr, false);
    ASSERT_TRUE(entry.is_object()) << line;
    if (entry["message"].get<std::string>().starts_with("checking 1 server, page at ")) began = entry;
  }
  ASSERT_TRUE(began.is_object()) << log;
  EXPECT_EQ(began["level"], "info");
}

}  // namespace
}  // namespace nines::tools::testing
