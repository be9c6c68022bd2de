// The page and the API over a real socket and a real store.
#include "web/routes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "http/http_server.h"
#include "tools/support/command_line.h"
#include "tools/support/small_site.h"
#include "tools/support/test_web_server.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kHostile = "<script>alert(1)</script>";
constexpr const char* kWindow = "from=2026-07-01T00:00:00Z&to=2026-07-01T01:00:00Z";

// A store with a server of 60 results, a minute apart from 2026-07-01 00:00 on, of which 00:20 and 00:21 failed; and
// one whose name, URL and details are hostile.
class Sites : public ::testing::Test {
 protected:
  Sites() {
    auto store = Store::open(dir_.path("db"));
    EXPECT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    const TimeMs start = from_ms(1'782'864'000'000);
    const ServerId id = add("site", "https://user:pw@example.org/a?token=s3cret", start);
    for (int minute = 0; minute < 60; ++minute) {
      const bool down = minute == 20 || minute == 21;
      CheckResult result = checked(id, start + std::chrono::minutes{minute}, down ? State::down : State::up);
      result.latency_us = 1000;
      result.code = down ? 500 : 200;
      if (down) result.error = ErrorClass::http_status;
      EXPECT_TRUE(store_->append(result, Durability::buffered));
    }
    const ServerId other = add(std::string(kHostile) + "/x", std::string("https://h/") + kHostile, start);
    CheckResult result = checked(other, start, State::down);
    result.detail = kHostile;
    EXPECT_TRUE(store_->append(result, Durability::buffered));

    Site::Hooks hooks;
    hooks.reload = [this]() -> Result<void> {
      ++reloads_;
      return {};
    };
    site_ = std::make_unique<Site>(*store_, std::move(hooks), false);
    auto http = HttpServer::start(
        {.host = "127.0.0.1", .port = 0}, [this](const WebRequest& request) { return site_->answer(request); },
        site_->http_options());
    EXPECT_TRUE(http) << http.error().message;
    http_ = std::move(*http);
  }
  static CheckResult checked(ServerId server, TimeMs time, State state) {
    CheckResult result;
    result.server = server;
    result.time = time;
    result.state = state;
    return result;
  }
  [[nodiscard]] ServerId add(const std::string& name, const std::string& url, TimeMs created) const {
    Server server;
    server.name = name;
    server.url = url;
    server.created_at = created;
    return store_->add_server(server).value_or(ServerId{});
  }
  [[nodiscard]] int port() const { return http_->port(); }
  [[nodiscard]] Json api(const std::string& path) const {
    const Page page = get(port(), "/api/v1/" + path);
    EXPECT_EQ(page.status, 200) << path << ": " << page.body;
    return Json::parse(page.body, nullptr, false);
  }

  TempDir dir_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<HttpServer> http_;
  std::atomic<int> reloads_{0};
};

TEST_F(Sites, TheApiAnswersAsTheCommandsDo) {
  const Json status = api(std::string("status?search=SITE&") + kWindow);
  ASSERT_EQ(status["servers"].size(), 1U);
  EXPECT_EQ(status["servers"][0], api(std::string("servers/site/uptime?") + kWindow));
  EXPECT_DOUBLE_EQ(status["servers"][0]["uptime_ratio"], 58.0 / 60.0);
  EXPECT_TRUE(status["next_cursor"].is_null());
  EXPECT_EQ(api(std::string("servers/site/incidents?") + kWindow)["incidents"][0]["duration_ms"], 120'000);
  EXPECT_EQ(api(std::string("servers/site/bars?count=3&") + kWindow)["bars"][1]["failed_checks"], 2);
  EXPECT_EQ(api(std::string("servers/site/latency?points=10&") + kWindow)["latency_us"]["p50"], 1000);
  EXPECT_EQ(api(std::string("servers/site/slo?objective=0.9&") + kWindow)["met"], true);
}

TEST_F(Sites, PagesOfPointsAddUpToAllOfThem) {
  std::vector<std::string> times;
  std::string cursor;
  int pages = 0;
  do {
    const Json page =
        api(std::string("servers/site/points?limit=7&") + kWindow + (cursor.empty() ? "" : "&cursor=" + cursor));
    for (const Json& point : page["points"]) times.push_back(point["time"]);
    cursor = page["next_cursor"].is_null() ? "" : page["next_cursor"].get<std::string>();
    ++pages;
  } while (!cursor.empty() && pages < 100);
  EXPECT_EQ(pages, 9);  // 60 in sevens
  EXPECT_EQ(times.size(), 60U);
  EXPECT_TRUE(std::is_sorted(times.begin(), times.end()));
  EXPECT_EQ(std::set<std::string>(times.begin(), times.end()).size(), 60U);
}

TEST_F(Sites, PagesOfServersAddUpToAllOfThem) {
  const Json first = api("servers?limit=1");
  ASSERT_EQ(first["servers"].size(), 1U);
  const Json second = api("servers?limit=1&cursor=" + first["next_cursor"].get<std::string>());
  EXPECT_TRUE(second["next_cursor"].is_null());
  EXPECT_NE(first["servers"][0]["server"], second["servers"][0]["server"]);
}

TEST_F(Sites, HostileNamesAreEscapedEverywhere) {
  const std::string name = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%2Fx";
  for (const std::string& path :
       {fmt::format("/?{}", kWindow), fmt::format("/server/{}?{}", name, kWindow), fmt::format("/?search={}", name),
        fmt::format("/?window={}", name), fmt::format("/badge/{0}/uptime.svg?label={0}", name)}) {
    const Page page = get(port(), path);
    EXPECT_NE(page.status, 0) << path;
    EXPECT_THAT(page.body, Not(HasSubstr("<script>alert"))) << path;
  }
  EXPECT_THAT(get(port(), "/server/" + name).body, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;/x"));
  EXPECT_EQ(api("servers/" + name + "/uptime")["server"], std::string(kHostile) + "/x");
}

TEST_F(Sites, SecretsInUrlsAreNotShown) {
  for (const std::string path : {"/server/site", "/api/v1/servers", "/api/v1/servers/site"}) {
    const Page page = get(port(), path);
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("example.org"));
    EXPECT_THAT(page.body, Not(HasSubstr("s3cret"))) << path;
    EXPECT_THAT(page.body, Not(HasSubstr("pw@"))) << path;
  }
}

TEST_F(Sites, BadParametersAreA400WithASentence) {
  for (const std::string path :
       {"status?window=nonsense", "status?wndow=7d", "status?limit=0", "status?limit=100000", "status?cursor=-1",
        "status?tz=Mars", "status?state=sideways", "status?sort=x", "status?bars=1000000",
        "status?limit=1000&bars=2000", "servers/site/points?cursor=x", "servers/site/points?limit=1e9",
        "servers/site/bars?count=0", "servers/site/latency?points=99999999", "servers/site/uptime?confirm-failures=0",
        "servers/site/slo?objective=2", "servers/site/slo", "servers/site/uptime?from=2026-07-02&to=2026-07-01"}) {
    const Page page = get(port(), "/api/v1/" + path);
    EXPECT_EQ(page.status, 400) << path << page.body;
    const Json error = Json::parse(page.body, nullptr, false);
    EXPECT_FALSE(error["error"]["message"].get<std::string>().empty()) << path;
  }
  for (const std::string path : {"/?window=nonsense", "/?wndow=7d", "/?state=sideways", "/?sort=x", "/rows?since=x",
                                 "/server/site?limit=5", "/server/site?before=x"}) {
    EXPECT_EQ(get(port(), path).status, 400) << path;
  }
}

TEST_F(Sites, WhatIsNotThereIsA404) {
  for (const std::string path : {"/nothing", "/server/none", "/api/v1/none", "/api/v1/servers/none",
                                 "/api/v1/servers/site/none", "/badge/none/uptime.svg", "/badge/uptime.svg"}) {
    EXPECT_EQ(get(port(), path).status, 404) << path;
  }
  EXPECT_EQ(post(port(), "/api/v1/push/x", "").status, 404) << "there is no prober here";
}

TEST_F(Sites, AnUnchangedAnswerIsA304) {
  const std::string path = std::string("/api/v1/servers/site/uptime?") + kWindow;
  const Page first = get(port(), path);
  ASSERT_EQ(first.status, 200);
  const std::string etag = first.headers.at("etag");
  const Page second = get(port(), path, {{"If-None-Match", etag}});
  EXPECT_EQ(second.status, 304);
  EXPECT_EQ(second.body, "");
  EXPECT_EQ(get(port(), path, {{"If-None-Match", "W/\"0\""}}).status, 200);
}

TEST_F(Sites, AnswersAreCompressedWhenAskedFor) {
  const Page page = get(port(), "/", {{"Accept-Encoding", "gzip"}});
  EXPECT_EQ(page.headers.at("content-encoding"), "gzip");
  EXPECT_THAT(page.body, HasSubstr("<title>"));
  EXPECT_EQ(get(port(), "/", {{"Accept-Encoding", "br, gzip"}}).headers.at("content-encoding"), "br");
}

TEST_F(Sites, BadgesAreSvgAndJson) {
  const Page svg = get(port(), std::string("/badge/site/uptime.svg?") + kWindow);
  EXPECT_EQ(svg.headers.at("content-type"), "image/svg+xml");
  EXPECT_THAT(svg.body, HasSubstr("96.66%"));
  const Json json = Json::parse(get(port(), std::string("/badge/site/uptime.json?") + kWindow).body);
  EXPECT_EQ(json["schemaVersion"], 1);
  EXPECT_EQ(json["message"], "96.66%");
  EXPECT_THAT(get(port(), "/badge/site/uptime.svg?window=1h").body, HasSubstr("no data"));
}

TEST_F(Sites, MetricsLeaveOutWhatIsNotKnown) {
  const Page page = get(port(), "/metrics");
  EXPECT_THAT(page.headers.at("content-type"), StartsWith("text/plain; version=0.0.4"));
  EXPECT_THAT(page.body, Not(HasSubstr("\nprobe_success{server=\"site\"}"))) << "its last result holds no more";
  EXPECT_THAT(page.body, Not(HasSubstr("\nprobe_duration_seconds{server=\"site\"}")));
  EXPECT_THAT(page.body, Not(HasSubstr("\nprobe_http_status_code{server=\"site\"}")));
  EXPECT_THAT(page.body, HasSubstr("\nnines_last_check_timestamp_seconds{server=\"site\"} 1782867540\n"));
  EXPECT_THAT(page.body, HasSubstr("\nnines_server_info{server=\"site\",group=\"\"} 1\n"));
  EXPECT_THAT(page.body, HasSubstr("\nnines_build_info{version=\""));
  EXPECT_THAT(page.body, HasSubstr("# TYPE nines_uptime_ratio gauge"));
  EXPECT_THAT(page.body, Not(HasSubstr("nines_uptime_ratio{server=\"site\",window=\"24h\"}")))
      << "no data in the last day: no value";
  EXPECT_THAT(page.body, HasSubstr("nines_state{server=\"site\",state=\"unknown\"} 1"));
  EXPECT_THAT(page.body, HasSubstr("\nnines_store_servers 2\n"));
}

TEST_F(Sites, MetricsSayWhatTheNewestCheckFoundWhileItHolds) {
  const ServerId id = add("fresh", "https://example.org", from_ms(1'782'864'000'000));
  CheckResult result =
      checked(id, std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()), State::up);
  result.latency_us = 1000;
  result.code = 200;
  ASSERT_TRUE(store_->append(result, Durability::buffered));
  const std::string body = get(port(), "/metrics").body;
  EXPECT_THAT(body, HasSubstr("\nprobe_success{server=\"fresh\"} 1\n"));
  EXPECT_THAT(body, HasSubstr("\nprobe_duration_seconds{server=\"fresh\"} 0.001\n"));
  EXPECT_THAT(body, HasSubstr("\nprobe_http_status_code{server=\"fresh\"} 200\n"));
}

TEST_F(Sites, TheBudgetThatIsLeftIsWhatTheObjectiveSays) {
  const TimeMs now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  Server server;
  server.name = "goal";
  server.objective = 0.9;
  server.created_at = now - std::chrono::hours{1};
  const ServerId id = store_->add_server(server).value_or(ServerId{});
  for (int minute = 0; minute < 60; ++minute)
    ASSERT_TRUE(store_->append(checked(id, server.created_at + std::chrono::minutes{minute},
                                       minute < 3   ? State::up
                                       : minute < 6 ? State::down
                                                    : State::up),
                               Durability::buffered));
  const std::string body = get(port(), "/metrics").body;
  const std::string name = "\nnines_error_budget_remaining_ratio{server=\"goal\"} ";
  const std::size_t at = body.find(name);
  ASSERT_NE(at, std::string::npos);
  // 3 of 60 minutes down of 6 that are allowed, as `nines slo` says.
  const double left = std::stod(body.substr(at + name.size()));
  EXPECT_NEAR(left, 0.5, 0.02);
  const Json slo = api("servers/goal/slo");
  EXPECT_NEAR(left, slo["remaining_ratio"].get<double>(), 1e-3);
}

TEST_F(Sites, HealthAndReloadAnswer) {
  EXPECT_EQ(get(port(), "/-/healthy").body, "ok\n");
  EXPECT_EQ(get(port(), "/-/ready").status, 200);
  EXPECT_EQ(post(port(), "/-/reload", "").status, 200);
  EXPECT_EQ(reloads_, 1);
  EXPECT_EQ(post(port(), "/-/reload", "", {{"Sec-Fetch-Site", "cross-site"}}).status, 403);
  EXPECT_EQ(get(port(), "/-/reload").status, 404) << "looking changes nothing";
  EXPECT_EQ(reloads_, 1);
}

TEST_F(Sites, HostileBytesDoNotStopIt) {
  const auto request = [](std::string_view line, std::string_view headers = {}) {
    return fmt::format("{} HTTP/1.1\r\n{}\r\n", line, headers);
  };
  const std::vector<std::string> hostile{
      std::string(4, '\0'),
      "GET",
      "GET /%\r\n\r\n",
      request("GET /%zz%00%ff"),
      request("GET /?%=%&&=&"),
      request("GET /server/%ff%fe%00"),
      request("BREW /"),
      request(fmt::format("GET /{}", std::string(100'000, 'a'))),
      request(fmt::format("GET /api/v1/servers/{}/points", std::string(1500, '/'))),
      request(fmt::format("GET /api/v1/status?window={}d", std::string(1500, '9'))),
      request("GET /", fmt::format("X: {}\r\n", std::string(1'000'000, 'x'))),
      request("GET /", "Range: bytes=0-0,1-1,2-2,-1\r\n"),
      request("POST /-/reload", "Content-Length: 99999999999\r\n"),
      request("POST /-/reload", "Content-Length: -1\r\n"),
      request("POST /-/reload", "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n"),
  };
  for (const std::string& bytes : hostile) {
    (void)raw(port(), bytes);
    EXPECT_EQ(get(port(), "/-/healthy").status, 200) << bytes.substr(0, 60);
  }
}

TEST_F(Sites, ManyReadersAreAnsweredWhileResultsArrive) {
  std::atomic<bool> done{false};
  std::thread writer([&] {
    const ServerId id = store_->catalog()->find("site")->id;
    for (int i = 0; i < 500; ++i) {
      const TimeMs time = from_ms(1'782'950'400'000 + i * 1000LL);
      EXPECT_TRUE(store_->append(checked(id, time, State::up), Durability::buffered));
    }
    done = true;
  });
  constexpr int kReaders = 4;
  std::vector<std::thread> readers;
  readers.reserve(kReaders);
  std::atomic<int> answered{0};
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&] {
      do {
        answered += get(port(), std::string("/api/v1/status?") + kWindow).status == 200 ? 1 : 0;
        answered += get(port(), "/").status == 200 ? 1 : 0;
      } while (!done);
    });
  }
  writer.join();
  for (std::thread& reader : readers) reader.join();
  EXPECT_GE(answered, 8);
}

TEST(Zones, OfTheConfigurationIsThatOfPagesWhichAskForNone) {
  AccessOptions options;
  options.timezone = "Asia/Kathmandu";
  SmallSite site(options);
  site.check(site.add("a"), SmallSite::ago(std::chrono::minutes{1}), State::up);
  for (const char* const path : {"/", "/server/a"}) {
    const std::string body = site.get(path).body;
    EXPECT_THAT(body, HasSubstr(" data-tz=\"Asia/Kathmandu\"")) << path;
    EXPECT_THAT(body, HasSubstr("tz=Asia%2FKathmandu")) << path;
    EXPECT_THAT(site.get(path, {{"tz", "Europe/Paris"}}).body, HasSubstr(" data-tz=\"Europe/Paris\"")) << path;
  }
  EXPECT_EQ(site.json("/api/v1/status", {{"window", "today"}})["servers"].size(), 1U);
}

TEST_F(Sites, MaintenanceHidesNoProberThatIsDead) {
  const TimeMs now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const ServerId old = add("old", "", now - std::chrono::days{2});
  ASSERT_TRUE(store_->append(checked(old, now - std::chrono::days{1}, State::up), Durability::buffered));
  const ServerId moved = add("moved", "", now - std::chrono::days{2});
  Server server = *store_->catalog()->find(moved);
  server.maintenance.emplace_back().once = {now - std::chrono::hours{1}, now + std::chrono::hours{1}};
  ASSERT_TRUE(store_->update_server(server));
  EXPECT_THAT(get(port(), "/").body, HasSubstr("the prober is not running"));
}

TEST_F(Sites, ParametersThatNothingReadsAreRefused) {
  for (const char* const path : {"/-/healthy", "/-/ready", "/metrics", "/api/v1/events", "/api/v1/openapi.json"}) {
    const Page page = get(port(), std::string(path) + "?x=1");
    EXPECT_EQ(page.status, 400) << path;
    EXPECT_THAT(page.body, HasSubstr("there is no parameter `x`")) << path;
  }
}

TEST_F(Sites, ThePageSaysInOneSentenceWhatIsWrong) {
  const TimeMs now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const Page silent = get(port(), "/");
  EXPECT_THAT(silent.body, HasSubstr("the prober is not running"));
  const ServerId up = add("good", "", now - std::chrono::minutes{10});
  ASSERT_TRUE(store_->append(checked(up, now, State::up), Durability::buffered));
  const ServerId down = add("bad", "", now - std::chrono::minutes{10});
  CheckResult result = checked(down, now - std::chrono::minutes{1}, State::down);
  result.detail = "HTTP 500, expected 200-299";
  ASSERT_TRUE(store_->append(checked(down, now - std::chrono::minutes{2}, State::up), Durability::buffered));
  ASSERT_TRUE(store_->append(result, Durability::buffered));
  result.time = now;
  ASSERT_TRUE(store_->append(result, Durability::buffered));
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});  // answers are at most a second old
  for (const std::string path : {"/", "/?sort=name", "/?search=good", "/?window=30d", "/?state=up"}) {
    const std::string body = get(port(), path).body;
    EXPECT_THAT(body, HasSubstr("<h1>1 down: bad</h1>")) << path << " counts what it does not show, too";
    EXPECT_THAT(body, HasSubstr("<title>1 down: bad")) << path;
    EXPECT_THAT(body, HasSubstr("HTTP 500, expected 200-299")) << path;
  }
}

TEST_F(Sites, RowsThatDidNotChangeAreNotSentAgain) {
  const TimeMs now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const ServerId id = add("busy", "", now - std::chrono::minutes{10});
  ASSERT_TRUE(store_->append(checked(id, now - std::chrono::minutes{5}, State::up), Durability::buffered));
  const auto rows = [&](const std::string& since) {
    return Json::parse(get(port(), "/rows?since=" + since).body, nullptr, false);
  };
  const Json first = rows("0");
  EXPECT_EQ(first["rows"].size(), 3U);
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  const std::string version = first["version"];
  EXPECT_EQ(rows(version)["rows"].size(), 0U);
  for (int i = 0; i < 2; ++i)
    ASSERT_TRUE(store_->append(checked(id, now - std::chrono::seconds{2 - i}, State::down), Durability::buffered));
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  const Json changed = rows(version);
  ASSERT_EQ(changed["rows"].size(), 1U);
  EXPECT_EQ(changed["rows"].begin().value()["state"], "down");
  EXPECT_EQ(changed["reload"], false);
  EXPECT_EQ(rows("999999999")["reload"], true) << "of another process";
  (void)add("new", "", now);
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  EXPECT_EQ(rows(version)["reload"], true) << "a server came";
}

// What is wrong may be said with counts that change with every check; the page is worked out once a second all the
// same.
TEST_F(Sites, AChangingSentenceAboutTheStoreDoesNotMakeEveryPageANewOne) {
  int count = 0;
  Site::Hooks hooks;
  hooks.trouble = [&] { return fmt::format("{} results wait", ++count); };
  Site site(*store_, std::move(hooks), false);
  std::set<std::string> pages;
  constexpr std::size_t kAsked = 40;
  for (std::size_t i = 0; i < kAsked; ++i) {
    WebRequest request;
    request.method = "GET";
    request.path = "/";
    request.host = "localhost";
    pages.insert(site.answer(request).body);
  }
  EXPECT_LT(pages.size(), kAsked);
  EXPECT_THAT(*pages.begin(), HasSubstr("results wait"));
}

TEST_F(Sites, OnlyPathsOfReportsAreServedAsReports) {
  const auto options = site_->http_options();
  const auto lane = [&](const std::string& path) {
    WebRequest request;
    request.method = "GET";
    request.path = path;
    return options.lane(request);
  };
  EXPECT_EQ(lane("/api/v1/push/token"), Lane::urgent);
  EXPECT_EQ(lane("/status/api/push/token"), Lane::urgent);
  EXPECT_EQ(lane("/base/api/v1/endpoints/core_job/external"), Lane::urgent);
  EXPECT_EQ(lane("/server/external"), Lane::usual);
}

TEST_F(Sites, LivePagesHaveOneETagUntilSomethingChanges) {
  const Page first = get(port(), "/");
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  // Two halves of an hour may lie on the two sides of an edge.
  const bool same = get(port(), "/", {{"If-None-Match", first.headers.at("etag")}}).status == 304;
  std::this_thread::sleep_for(std::chrono::milliseconds{1100});
  const Page third = get(port(), "/");
  EXPECT_TRUE(same || get(port(), "/", {{"If-None-Match", third.headers.at("etag")}}).status == 304);
}

TEST_F(Sites, LinksKeepWhatWasAsked) {
  const std::string body = get(port(), "/?window=7d&tz=Europe%2FParis&search=site&sort=name").body;
  for (const char* const link :
       {"href=\"/?window=30d&amp;tz=Europe%2FParis&amp;search=site&amp;sort=name\"",
        "href=\"/server/site?window=7d&amp;tz=Europe%2FParis\"", "name=\"tz\" value=\"Europe/Paris\"",
        "name=\"sort\" value=\"name\"",
        "<a href=\"/?window=7d&amp;tz=Europe%2FParis&amp;search=site&amp;sort=name\" aria-current"}) {
    EXPECT_THAT(body, HasSubstr(link));
  }
  const std::string fixed = get(port(), std::string("/?") + kWindow).body;
  EXPECT_THAT(fixed, HasSubstr("href=\"/server/site?from=2026-07-01T00%3A00%3A00Z&amp;to="));
  EXPECT_THAT(fixed, Not(HasSubstr("aria-current")));
}

TEST_F(Sites, PagesAreMadeOfThisSitesFilesOnly) {
  const Page page = get(port(), "/");
  EXPECT_THAT(page.headers.at("content-security-policy"), HasSubstr("script-src 'self'"));
  EXPECT_THAT(page.headers.at("content-security-policy"), Not(HasSubstr("unsafe")));
  EXPECT_THAT(page.body, Not(HasSubstr("style=\"")));
  EXPECT_THAT(page.body, Not(HasSubstr("<script>")));
  for (const char* const name : {"style.css", "page.js", "icon-warn.svg"}) {
    const std::size_t at = page.body.find(std::string("/assets/") + name);
    ASSERT_NE(at, std::string::npos) << name;
    const std::string path = page.body.substr(at, page.body.find('"', at) - at);
    const Page asset = get(port(), path);
    EXPECT_EQ(asset.status, 200) << path;
    EXPECT_THAT(asset.headers.at("cache-control"), HasSubstr("immutable")) << path;
    EXPECT_GT(asset.body.size(), 100U);
  }
  EXPECT_EQ(get(port(), "/favicon.ico").status, 200);
  EXPECT_EQ(get(port(), "/assets/none.js").status, 404);
  EXPECT_EQ(get(port(), "/assets/page.js").headers.at("cache-control"), "no-cache") << "without its version";
}

TEST_F(Sites, ChecksOfAServerComeInPagesAndAlone) {
  const std::string newest = get(port(), std::string("/server/site?") + kWindow).body;
  EXPECT_THAT(newest, HasSubstr("datetime=\"2026-07-01T00:59:00.000Z\""));
  EXPECT_THAT(newest, HasSubstr("Older checks"));
  const std::string failed = get(port(), std::string("/server/site?failed=1&") + kWindow).body;
  EXPECT_THAT(failed, HasSubstr("<td><time datetime=\"2026-07-01T00:20:00.000Z\""));
  EXPECT_THAT(failed, Not(HasSubstr("<td><time datetime=\"2026-07-01T00:59:00.000Z\"")));
  const std::size_t at = newest.find("before=");
  ASSERT_NE(at, std::string::npos);
  const std::string older = get(port(), "/server/site?" + newest.substr(at, newest.find('#', at) - at)).body;
  EXPECT_THAT(older, HasSubstr("<td><time datetime=\"2026-07-01T00:10:00.000Z\""));
  EXPECT_THAT(older, HasSubstr("<td><time datetime=\"2026-07-01T00:34:00.000Z\""));
  EXPECT_THAT(older, Not(HasSubstr("<td><time datetime=\"2026-07-01T00:35:00.000Z\""))) << "was on the page before";
}

TEST_F(Sites, ATakenPortIsOneSentence) {
  const auto second =
      HttpServer::start({.host = "127.0.0.1", .port = port()}, [](const WebRequest&) { return WebResponse{}; });
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message, HasSubstr("another program uses this port"));
  const auto elsewhere =
      HttpServer::start({.host = "192.0.2.1", .port = 0}, [](const WebRequest&) { return WebResponse{}; });
  ASSERT_FALSE(elsewhere);
}

}  // namespace
}  // namespace nines::tools::testing
