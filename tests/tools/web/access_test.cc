// Who may ask what: the lines of SECURITY.md, one by one.
#include "web/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/config.h"
#include "http/request_head.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Of "open sesame", with the least parameters, so that the tests do not wait.
constexpr const char* kHash =
    "$argon2id$v=19$m=64,t=1,p=1$Nm5kynL7/oMLRyGgzU+/kQ$X1Lt/lYu7NI5bn0VcnooLSMxsz6e8yCbMviqB8rXGuo";
// Of "scrape-token" and "job-token".
constexpr const char* kScrape = "41369aae32e5cc50e94b626f9f49cef39b6a57243708bcaa06662f19bdae5483";
constexpr const char* kJob = "136f099928aa22a5a62c1ac32f32e8239164c4ea98c050ab80e67181cac236b6";
// "ada:open sesame" and "ada:wrong" in base64.
constexpr const char* kAda = "Basic YWRhOm9wZW4gc2VzYW1l";
constexpr const char* kWrong = "Basic YWRhOndyb25n";

AccessOptions with_users() {
  AccessOptions options;
  options.users = {{.name = "ada", .password = kHash, .role = Role::admin},
                   {.name = "vic", .password = kHash, .role = Role::view}};
  options.tokens = {{.name = "prometheus", .sha256 = kScrape, .role = Role::view},
                    {.name = "cron", .sha256 = kJob, .role = Role::push}};
  return options;
}

WebRequest request_of(const std::string& method, const std::string& path, const std::string& authorization = {}) {
  WebRequest request;
  request.method = method;
  request.path = path;
  request.host = "localhost:8080";
  request.client = "192.0.2.7";
  request.authorization = authorization;
  return request;
}

// The status that the access rules answer with, 0 when the request may go on.
int judged(Access& access, WebRequest request) {
  const auto answer = access.judge(request);
  return answer ? answer->status : 0;
}
int with_host(Access& access, const std::string& host) {
  WebRequest request = request_of("GET", "/");
  request.host = host;
  return judged(access, request);
}
std::string header(const WebResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value;
  }
  return {};
}

TEST(Exposure, ListeningBeyondThisMachineNeedsUsersOrTokensOrAWord) {
  AccessOptions open;
  EXPECT_TRUE(check_exposure(open));
  open.loopback = false;
  ASSERT_FALSE(check_exposure(open));
  EXPECT_THAT(check_exposure(open).error().message, HasSubstr("insecure"));
  open.insecure = true;
  EXPECT_TRUE(check_exposure(open));
  AccessOptions closed = with_users();
  closed.loopback = false;
  EXPECT_TRUE(check_exposure(closed));
}

TEST(Exposure, TheCommandsRefuseIt) {
  const TempDir dir;
  ASSERT_EQ(nines({"server", "add", "x", "https://example.org", "--db", dir.path("db")}).code, 0);
  const Finished serve = nines({"serve", "--listen", "*:" + std::to_string(free_port()), "--db", dir.path("db")});
  EXPECT_EQ(serve.code, 1);
  EXPECT_THAT(serve.err, HasSubstr("insecure"));
  const std::string config =
      dir.write("c.yaml", "servers: [{name: x, url: \"tcp://127.0.0.1:1\"}]\nstore: {path: " + dir.path("db2") +
                              "}\nweb: {listen: \"0.0.0.0:" + std::to_string(free_port()) + "\"}\n");
  const Finished run = nines({"run", "--config", config});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("insecure"));
}

TEST(Hosts, OnlyLoopbackNamesAreAnsweredToOnLoopback) {
  Access access({});
  for (const char* const own : {"localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "127.0.0.1", "[::1]:80",
                                "[::1]", "localhost."}) {
    EXPECT_EQ(with_host(access, own), 0) << own;
  }
  for (const char* const other : {"evil.example", "evil.example:8080", "192.0.2.1", "localhost.evil.example",
                                  "127.evil.example", "127.0.0.1.evil.example", "", "[::2]:80"}) {
    EXPECT_EQ(with_host(access, other), 421) << other;
  }
}

TEST(Hosts, BeyondLoopbackAddressesAndListedNamesAreAnsweredTo) {
  AccessOptions options;
  options.loopback = false;
  options.insecure = true;
  options.hosts = {"status.example.org"};
  Access access(options);
  EXPECT_EQ(with_host(access, "192.0.2.1:8080"), 0);
  EXPECT_EQ(with_host(access, "[2001:db8::1]"), 0);
  EXPECT_EQ(with_host(access, "Status.Example.org:443"), 0);
  EXPECT_EQ(with_host(access, "example.org"), 421);
}

TEST(Hosts, HealthIsAnsweredUnderEveryName) {
  Access access(with_users());
  for (const char* const path : {"/-/healthy", "/-/ready"}) {
    WebRequest request = request_of("GET", path);
    request.host = "10.1.2.3:8080";
    EXPECT_EQ(judged(access, request), 0);
  }
}

TEST(Origins, APageOfAnotherSiteChangesNothing) {
  Access access({});
  const auto post = [&](const char* origin, const char* site) {
    WebRequest request = request_of("POST", "/-/reload");
    if (origin != nullptr) request.origin = origin;
    if (site != nullptr) request.fetch_site = site;
    return judged(access, request);
  };
  EXPECT_EQ(post(nullptr, nullptr), 0) << "curl";
  EXPECT_EQ(post("http://localhost:8080", "same-origin"), 0);
  EXPECT_EQ(post("https://localhost:8080", nullptr), 0);
  EXPECT_EQ(post(nullptr, "none"), 0);
  EXPECT_EQ(post("http://evil.test:18077", nullptr), 403) << "browsers send no Sec-Fetch-Site to plain HTTP";
  EXPECT_EQ(post("http://localhost:18077", "same-site"), 403) << "another port of this machine";
  EXPECT_EQ(post("null", nullptr), 403);
  EXPECT_EQ(post("http://localhost:8080", "cross-site"), 403);
  EXPECT_EQ(post("chrome-extension://abc", nullptr), 403);
}

TEST(Roles, EachMayDoWhatItsLineSays) {
  const std::string view = "Bearer scrape-token";
  const std::string push = "Bearer job-token";
  Access access(with_users());
  EXPECT_EQ(judged(access, request_of("GET", "/metrics")), 401);
  EXPECT_EQ(judged(access, request_of("POST", "/-/reload")), 401);
  EXPECT_EQ(judged(access, request_of("GET", "/")), 303) << "people are led to the form";
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", view)), 0);
  EXPECT_EQ(judged(access, request_of("GET", "/", view)), 0);
  EXPECT_EQ(judged(access, request_of("POST", "/-/reload", view)), 403);
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", push)), 403);
  EXPECT_EQ(judged(access, request_of("POST", "/-/reload", push)), 403);
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", kAda)), 0);
  EXPECT_EQ(judged(access, request_of("POST", "/-/reload", kAda)), 0);
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", kWrong)), 401);
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", "Bearer other")), 401);
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", "Basic !!!")), 401);
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", "Basic YWRh")), 401) << "no colon";
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", "Digest x")), 401);

  WebRequest report = request_of("POST", "/api/v1/push/backup");
  EXPECT_FALSE(access.judge(report)) << "the path may be a secret; who keeps the jobs decides";
  EXPECT_EQ(report.role, Role::none);
  report = request_of("POST", "/api/v1/push/backup", push);
  EXPECT_FALSE(access.judge(report));
  EXPECT_EQ(report.role, Role::push);
}

TEST(Roles, WithoutUsersEverybodyOfThisMachineMayDoEverything) {
  Access access({});
  WebRequest request = request_of("POST", "/-/reload");
  EXPECT_FALSE(access.judge(request));
  EXPECT_EQ(request.role, Role::admin);
}

TEST(Roles, AnonymousOnesMayBeAllowedToLook) {
  AccessOptions options = with_users();
  options.anonymous = Role::view;
  Access access(options);
  EXPECT_EQ(judged(access, request_of("GET", "/")), 0);
  EXPECT_EQ(judged(access, request_of("POST", "/-/reload")), 403);
}

TEST(Failures, AfterTenWrongOnesFurtherAreNotLookedAt) {
  Access access(with_users());
  const auto now = Access::Clock::now();
  const auto ask = [&](const char* authorization, const char* client, Access::Clock::time_point when) {
    WebRequest request = request_of("GET", "/metrics", authorization);
    request.client = client;
    const auto answer = access.judge(request, when);
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(ask(kAda, "192.0.2.1", now), 0);
  for (std::size_t i = 0; i < Access::kMostFailures; ++i) EXPECT_EQ(ask(kWrong, "192.0.2.1", now), 401);
  EXPECT_EQ(ask(kWrong, "192.0.2.1", now), 429);
  EXPECT_EQ(ask("Basic dmljOm9wZW4gc2VzYW1l", "192.0.2.1", now), 429) << "right, but not seen before";
  EXPECT_EQ(ask(kAda, "192.0.2.1", now), 0) << "was right before";
  EXPECT_EQ(ask(kWrong, "192.0.2.2", now), 401) << "another address";
  EXPECT_EQ(ask(kWrong, "192.0.2.1", now + std::chrono::minutes{2}), 401);
}

TEST(Failures, ManyAddressesTogetherAreBoundedToo) {
  Access access(with_users());
  const auto now = Access::Clock::now();
  int waits = 0;
  for (int i = 0; i < 400; ++i) {
    WebRequest request = request_of("GET", "/metrics", kWrong);
    request.client = "198.51.100." + std::to_string(i);
    waits += access.judge(request, now)->status == 429 ? 1 : 0;
  }
  EXPECT_EQ(waits, 400 - static_cast<int>(Access::kMostFailuresInAll));
}

TEST(Sessions, ACookieIsWorthARoleUntilItEnds) {
  Access access(with_users());
  const auto now = Access::Clock::now();
  WebRequest form = request_of("POST", "/login");
  form.body = "name=vic&password=open+sesame&next=%2Fserver%2Fa";
  const WebResponse welcome = access.log_in(form, now);
  ASSERT_EQ(welcome.status, 303);
  EXPECT_EQ(header(welcome, "Location"), "/server/a");
  const std::string cookie = header(welcome, "Set-Cookie");
  EXPECT_THAT(cookie, HasSubstr("HttpOnly; SameSite=Strict"));
  EXPECT_THAT(cookie, Not(HasSubstr("Secure")));
  WebRequest look = request_of("GET", "/");
  look.cookie = "other=1; " + cookie.substr(0, cookie.find(';'));
  EXPECT_FALSE(access.judge(look, now));
  EXPECT_EQ(look.role, Role::view);
  EXPECT_TRUE(access.judge(look, now + Access::kSessionLife)) << "twelve hours";

  WebRequest again = look;
  const WebResponse second = access.log_in(form, now);
  again.cookie = header(second, "Set-Cookie").substr(0, header(second, "Set-Cookie").find(';'));
  EXPECT_FALSE(access.judge(again, now));
  EXPECT_EQ(access.log_out(again).status, 303);
  EXPECT_TRUE(access.judge(again, now)) << "logged out";
  EXPECT_TRUE(access.judge(look = request_of("GET", "/"), now));
  look.cookie = "nines_session=00";
  EXPECT_TRUE(access.judge(look, now)) << "made up";
}

TEST(Sessions, WrongPasswordsAndForeignAddressesAfterwardsAreRefused) {
  Access access(with_users());
  WebRequest form = request_of("POST", "/login");
  form.body = "name=vic&password=wrong";
  EXPECT_EQ(access.log_in(form).status, 401);
  form.body = "name=nobody&password=open+sesame";
  EXPECT_EQ(access.log_in(form).status, 401);
  form.body = "%";
  EXPECT_EQ(access.log_in(form).status, 400);
  for (const char* const next :
       {"https%3A%2F%2Fevil.example", "%2F%2Fevil.example", "%2F%5Cevil.example", "%2Fa%0D%0AX%3A+y", "evil"}) {
    form.body = std::string("name=vic&password=open+sesame&next=") + next;
    EXPECT_EQ(header(access.log_in(form), "Location"), "/") << next;
  }
}

TEST(Sessions, ACookieAloneDoesNotPost) {
  Access access(with_users());
  WebRequest form = request_of("POST", "/login");
  form.body = "name=ada&password=open+sesame";
  const std::string cookie = header(access.log_in(form), "Set-Cookie");
  WebRequest reload = request_of("POST", "/-/reload");
  reload.cookie = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(judged(access, reload), 403) << "browsers say where a POST comes from";
  reload.origin = "http://localhost:8080";
  EXPECT_EQ(judged(access, reload), 0);
}

TEST(Rules, NewOnesEndWhatTheOldOnesAllowed) {
  Access access(with_users());
  WebRequest form = request_of("POST", "/login");
  form.body = "name=ada&password=open+sesame";
  const std::string cookie = header(access.log_in(form), "Set-Cookie");
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", kAda)), 0);
  AccessOptions without_ada = with_users();
  without_ada.users.erase(without_ada.users.begin());
  access.set(without_ada);
  EXPECT_EQ(judged(access, request_of("GET", "/metrics", kAda)), 401);
  WebRequest look = request_of("GET", "/metrics");
  look.cookie = cookie.substr(0, cookie.find(';'));
  EXPECT_EQ(judged(access, look), 401);
}

TEST(Rules, SessionsOutliveARereadingThatLeavesTheirUserAlone) {
  Access access(with_users());
  WebRequest form = request_of("POST", "/login");
  form.body = "name=ada&password=open+sesame";
  const std::string cookie = header(access.log_in(form), "Set-Cookie");
  const auto look = [&] {
    WebRequest request = request_of("GET", "/metrics");
    request.cookie = cookie.substr(0, cookie.find(';'));
    return judged(access, request);
  };
  AccessOptions more = with_users();
  more.hosts.emplace_back("status.example.org");
  access.set(more);
  EXPECT_EQ(look(), 0);
  more.users.front().role = Role::push;
  access.set(more);
  EXPECT_EQ(look(), 401) << "another role is another permission";
}

TEST(Proxies, AreBelievedWhenTheyAreTrusted) {
  AccessOptions options = with_users();
  options.trusted_proxies = {"127.0.0.1", "unix"};
  options.base = "/status";
  Access access(options);
  const auto forwarded = [&](const char* peer, const char* list) {
    WebRequest request = request_of("GET", "/-/healthy");
    request.client = peer;
    request.forwarded_for = list;
    request.forwarded_proto = "https";
    (void)access.judge(request);
    return request.client + (request.forwarded_proto.empty() ? "" : " by HTTPS");
  };
  EXPECT_EQ(forwarded("127.0.0.1", "198.51.100.9"), "198.51.100.9 by HTTPS");
  EXPECT_EQ(forwarded("", "198.51.100.9"), "198.51.100.9 by HTTPS");
  EXPECT_EQ(forwarded("127.0.0.1", "6.6.6.6, 198.51.100.9"), "198.51.100.9 by HTTPS")
      << "the client may lie, the proxy not";
  EXPECT_EQ(forwarded("127.0.0.1", "198.51.100.9, 127.0.0.1"), "198.51.100.9 by HTTPS");
  EXPECT_EQ(forwarded("127.0.0.1", "rubbish"), "127.0.0.1 by HTTPS");
  EXPECT_EQ(forwarded("192.0.2.9", "198.51.100.9"), "192.0.2.9") << "not one of them";
  options.trusted_proxies = {"10.1.0.0/16", "2001:db8::/32", "192.0.2.7"};
  access.set(options);
  EXPECT_EQ(forwarded("10.1.255.3", "198.51.100.9"), "198.51.100.9 by HTTPS");
  EXPECT_EQ(forwarded("::ffff:10.1.0.1", "6.6.6.6, 198.51.100.9, 10.1.2.3, 2001:db8:ff::1"), "198.51.100.9 by HTTPS");
  EXPECT_EQ(forwarded("192.0.2.7", "2001:db8::9, 198.51.100.9"), "198.51.100.9 by HTTPS");
  for (const char* const stranger : {"10.2.0.1", "192.0.2.8", "2001:db9::1", "", "127.0.0.1"}) {
    EXPECT_EQ(forwarded(stranger, "198.51.100.9"), stranger);
  }
  options.trusted_proxies = {"127.0.0.1"};
  access.set(options);
  WebRequest form = request_of("POST", "/status/login");
  form.client = "127.0.0.1";
  form.forwarded_proto = "https";
  form.body = "name=vic&password=open+sesame&next=%2F";
  ASSERT_FALSE(access.judge(form));
  const WebResponse welcome = access.log_in(form);
  EXPECT_THAT(header(welcome, "Set-Cookie"), HasSubstr("Path=/status/;"));
  EXPECT_THAT(header(welcome, "Set-Cookie"), HasSubstr("; Secure"));
  EXPECT_EQ(header(welcome, "Location"), "/status/");
}

TEST(Login, LeadsBackToThePageThatWasAskedForWithItsParameters) {
  Access access(with_users());
  const auto sent_to = [&](const char* path) {
    WebRequest request = request_of("GET", path);
    request.query = {{"window", "7d"}, {"sort", "a&b"}};
    const auto response = access.judge(request);
    EXPECT_TRUE(response);
    return response ? header(*response, "Location") : std::string();
  };
  EXPECT_EQ(sent_to("/server/Mail relay"), "/login?next=" + url_encode("/server/Mail%20relay?sort=a%26b&window=7d"));
  EXPECT_THAT(sent_to("/service/shop"), StartsWith("/login?next=%2Fservice%2Fshop"));
  WebRequest form = request_of("POST", "/login");
  form.body = "name=vic&password=open+sesame&next=%2Fserver%2FMail%2520relay%3Fwindow%3D7d";
  ASSERT_FALSE(access.judge(form));
  EXPECT_EQ(header(access.log_in(form), "Location"), "/server/Mail%20relay?window=7d");
}

TEST(Proxies, AreNamedByAddressOrNetwork) {
  for (const char* const good : {"unix", "10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "::1", "2001:db8::/32", "10.1.2.3/8"})
    EXPECT_TRUE(is_proxy(good)) << good;
  for (const char* const bad : {"", "nonsense", "proxy.example.org", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "::/129"})
    EXPECT_FALSE(is_proxy(bad)) << bad;
}

TEST(Proxies, WhatTheyAddInALineOfTheirOwnCounts) {
  boost::beast::http::request_header<> message;
  message.method(boost::beast::http::verb::get);
  message.target("/");
  message.version(11);
  message.insert("Host", "localhost");
  message.insert("X-Forwarded-For", "6.6.6.6");
  message.insert("x-forwarded-for", "198.51.100.9");
  message.insert("X-Forwarded-Proto", "https");
  message.insert("X-Forwarded-Proto", "http");
  WebRequest request;
  ASSERT_FALSE(read_request_head(message, request));
  EXPECT_EQ(request.forwarded_for, "6.6.6.6, 198.51.100.9");
  AccessOptions options = with_users();
  options.trusted_proxies = {"127.0.0.1"};
  Access access(options);
  request.client = "127.0.0.1";
  (void)access.judge(request);
  EXPECT_EQ(request.client, "198.51.100.9") << "the first line is the client's own";
  EXPECT_EQ(request.forwarded_proto, "http");
}

TEST(Proxies, TheBaseIsTakenOffThePath) {
  AccessOptions options;
  options.base = "/status";
  Access access(options);
  const auto seen = [&](const char* path) {
    WebRequest request = request_of("GET", path);
    (void)access.judge(request);
    return request.path;
  };
  EXPECT_EQ(seen("/status"), "/");
  EXPECT_EQ(seen("/status/server/a"), "/server/a");
  EXPECT_EQ(seen("/server/a"), "/server/a") << "a proxy may take it off itself";
  EXPECT_EQ(seen("/statusx"), "/statusx");
}

TEST(WebConfig, SaysWhoMay) {
  const auto config = parse_config(std::string("servers: []\nweb:\n  listen: 192.0.2.1:8080\n  hosts: [a.example]\n"
                                               "  base: /status/\n  trusted-proxies: [127.0.0.1]\n  anonymous: view\n"
                                               "  users: [{name: ada, role: admin, password: \"") +
                                       kHash + "\"}]\n  tokens: [{name: p, sha256: " + kScrape + "}]\n",
                                   "c.yaml");
  ASSERT_TRUE(config) << config.error();
  EXPECT_FALSE(config->access.loopback);
  EXPECT_EQ(config->access.base, "/status");
  EXPECT_EQ(config->access.anonymous, Role::view);
  EXPECT_EQ(config->access.users.at(0).role, Role::admin);
  EXPECT_EQ(config->access.users.at(0).password, kHash);
  EXPECT_EQ(config->access.tokens.at(0).role, Role::view);
}

TEST(WebConfig, MistakesAreNamedWithTheirLine) {
  const auto mistake = [](const std::string& web) {
    const auto config = parse_config("servers: []\nweb:\n  " + web + "\n", "c.yaml");
    return config ? std::string() : config.error();
  };
  EXPECT_THAT(mistake("users: [{name: ada, password: plain}]"), HasSubstr("c.yaml:3:"));
  EXPECT_THAT(mistake("users: [{name: ada, password: plain}]"), HasSubstr("argon2"));
  EXPECT_THAT(mistake("users: [{name: ada, password: \"$argon2id$rubbish\"}]"), HasSubstr("argon2"));
  EXPECT_THAT(mistake(std::string("users: [{name: \"a:b\", password: \"") + kHash + "\"}]"), HasSubstr("colon"));
  EXPECT_THAT(mistake(std::string("users: [{name: a, role: king, password: \"") + kHash + "\"}]"), HasSubstr("role"));
  EXPECT_THAT(mistake("tokens: [{name: a, sha256: abc}]"), HasSubstr("sha256sum"));
  EXPECT_THAT(mistake("anonymous: king"), HasSubstr("anonymous"));
  EXPECT_THAT(mistake("base: status"), HasSubstr("/status"));
  EXPECT_THAT(mistake("base: \"/a\\\"b\""), HasSubstr("/status"));
  EXPECT_THAT(mistake("timezone: Europe/Pairs"), HasSubstr("c.yaml:3:"));
  EXPECT_THAT(mistake("timezone: Europe/Pairs"), HasSubstr("Europe/Pairs"));
  EXPECT_EQ(mistake("timezone: Europe/Paris"), "");
  EXPECT_THAT(mistake("trusted-proxies: [127.0.0.1, nonsense]"), HasSubstr("not \"nonsense\""));
  EXPECT_THAT(mistake("insecure: perhaps"), HasSubstr("true or false"));
  EXPECT_THAT(mistake("listen: nowhere"), HasSubstr("listen"));
}

}  // namespace
}  // namespace nines::tools::testing
