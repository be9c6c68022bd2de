// Redirects and cookies as browsers and `curl -L` with a jar follow them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checks/redirect.h"
#include "prober/support/checks.h"
#include "prober/support/recording_server.h"

namespace nines {
namespace {

using namespace prober_test;
using testing::HasSubstr;
using testing::Not;

std::string redirect_to(const std::string& place, const std::string& more = "") {
  return http_answer(302, "", "Location: " + place + "\r\n" + more);
}

// Where `location` leads from http://from.example/dir/page, or why nowhere.
std::string led_to(const std::string& location) {
  const auto from = prober::parse_target("http://from.example/dir/page?q=1");
  const auto place = prober::resolve_redirect(*from, location);
  return place ? place->target.url : place.error().detail;
}

TEST(Redirects, LocationsAreResolvedAsBrowsersDo) {
  EXPECT_EQ(led_to("https://to.example/x?y=1"), "https://to.example:443/x?y=1");
  EXPECT_EQ(led_to("next"), "http://from.example:80/dir/next");
  EXPECT_EQ(led_to("/a/../b"), "http://from.example:80/b");
  EXPECT_EQ(led_to("?other"), "http://from.example:80/dir/page?other");
  EXPECT_EQ(led_to("//to.example/x"), "http://to.example:80/x");
  EXPECT_EQ(led_to("http://to.example"), "http://to.example:80/");
  EXPECT_EQ(led_to("http://to.example/x#part"), "http://to.example:80/x");
}

TEST(Redirects, BlanksAndForeignBytesAreEncoded) {
  EXPECT_EQ(led_to("http://to.example/a b"), "http://to.example:80/a%20b");
  EXPECT_EQ(led_to("/a b"), "http://from.example:80/a%20b");
  EXPECT_EQ(led_to("/caf\xc3\xa9"), "http://from.example:80/caf%c3%a9");
  EXPECT_EQ(led_to("http://to.example/caf\xe9"), "http://to.example:80/caf%e9");
  EXPECT_EQ(led_to("http://b\xc3\xbc"
                   "cher.example/"),
            "http://xn--bcher-kva.example:80/");
}

TEST(Redirects, WhatLeadsNowhereSaysWhy) {
  EXPECT_EQ(led_to("ftp://to.example/"), "redirected to a place that is not http or https");
  EXPECT_THAT(led_to("javascript:alert(1)"), testing::StartsWith("redirected to a "));
  EXPECT_EQ(led_to("http://"), "redirected to a malformed place");
  EXPECT_EQ(led_to("http://to.example:99999/"), "redirected to a malformed place");
  EXPECT_EQ(led_to("http://to.example/a\x01"), "redirected to a malformed place");
  EXPECT_THAT(led_to("http://caf\xe9.example/"), HasSubstr("cannot be converted"));
  EXPECT_EQ(led_to("http://to.example:0/"),
            "redirected to an address that cannot be checked: the port is not in 1-65535");
  EXPECT_THAT(led_to("http://to.example/" + std::string(100'000, 'x')), HasSubstr("longer than"));
}

TEST(Redirects, HeadThatIsCutOffIsNoAnswer) {
  for (const char* const head : {"HTTP/1.1 200 OK\r\nContent-Type: text/ht", "HTTP/1.1 200 OK\r\n"}) {
    RecordingServer server({head});
    CheckSpec spec;
    spec.url = server.server().url("http");
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.state, State::down) << head;
    EXPECT_EQ(outcome.error, ErrorClass::reset) << outcome.detail;
  }
}

TEST(Redirects, WhatIsForTheOwnOriginIsSaidThereAgain) {
  std::string back;
  std::string heard;
  LoopbackServer elsewhere([&](Connection& connection) {
    heard = connection.read_request();
    connection.send(redirect_to(back));
  });
  RecordingServer here({redirect_to(elsewhere.url("http")), http_answer(200, "")});
  back = here.server().url("http", "/home");
  auto spec = spec_for(here.server().url("http"));
  spec.bearer_token = "tok-123456";
  spec.headers = {{"Host", "site.test"}, {"X-Own", "1"}};
  EXPECT_EQ(run_check(spec).state, State::up);
  for (const std::size_t request : {0U, 1U}) {
    EXPECT_THAT(here.request(request), HasSubstr("\r\nHost: site.test\r\n")) << request;
    EXPECT_THAT(here.request(request), HasSubstr("\r\nAuthorization: Bearer tok-123456\r\n")) << request;
  }
  EXPECT_THAT(heard, Not(HasSubstr("site.test")));
  EXPECT_THAT(heard, Not(HasSubstr("Authorization")));
}

TEST(Redirects, ALoginInTheAddressIsUsedThereAndNotShown) {
  RecordingServer there({http_answer(200, "")});
  const auto port = std::to_string(there.server().port());
  RecordingServer here({redirect_to("http://us%20er:secret-1@127.0.0.1:" + port + "/x")});
  const auto outcome = run_check(here.server().url("http"));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_THAT(there.request(0), HasSubstr("Authorization: Basic dXMgZXI6c2VjcmV0LTE="));
  EXPECT_THAT(outcome.final_url, Not(HasSubstr("secret")));
}

TEST(Redirects, ALoginInTheAddressStaysUntilTheOriginChanges) {
  RecordingServer last({http_answer(200, "")});
  RecordingServer there({redirect_to("/y"), redirect_to(last.server().url("http"))});
  const auto port = std::to_string(there.server().port());
  RecordingServer here({redirect_to("http://user:secret@127.0.0.1:" + port + "/x")});
  const auto outcome = run_check(here.server().url("http"));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_THAT(there.request(0), HasSubstr("Authorization: Basic dXNlcjpzZWNyZXQ="));
  EXPECT_THAT(there.request(1), HasSubstr("Authorization: Basic dXNlcjpzZWNyZXQ=")) << "the place is relative";
  EXPECT_THAT(last.request(0), testing::StartsWith("GET / ")) << "it was asked";
  EXPECT_THAT(last.request(0), Not(HasSubstr("Authorization")));
}

TEST(Redirects, OneOfManyChoicesIsFollowedWhereItIsNamed) {
  RecordingServer there({http_answer(200, "ok")});
  RecordingServer here({http_answer(300, "", "Location: " + there.server().url("http") + "\r\n")});
  auto spec = spec_for(here.server().url("http"));
  spec.method = "POST";
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.redirects, 1);
  EXPECT_THAT(there.request(0), testing::StartsWith("POST / "));
  for (const int status : {300, 304, 305}) {
    const std::string place = status == 300 ? "" : "Location: " + there.server().url("http") + "\r\n";
    RecordingServer stays({http_answer(status, "", place)});
    const auto told = run_check(stays.server().url("http"));
    EXPECT_EQ(told.error, ErrorClass::http_status) << status;
    EXPECT_EQ(told.redirects, 0) << status;
  }
}

TEST(Redirects, BlanksInLocationAreFollowed) {
  RecordingServer there({http_answer(200, "ok")});
  RecordingServer here({redirect_to(there.server().url("http", "/a b\xc3\xa9"))});
  EXPECT_EQ(run_check(here.server().url("http")).state, State::up);
  EXPECT_THAT(there.request(0), testing::StartsWith("GET /a%20b%c3%a9 HTTP/1.1\r\n"));
}

// Each body is sent behind the headers of a redirect.
TEST(Redirects, WhateverBodyARedirectHasIsNotJudged) {
  for (const std::string head : {"Content-Length: 50\r\n", "Transfer-Encoding: chunked\r\n", ""}) {
    for (const bool keep_alive : {false, true}) {
      RecordingServer there({http_answer(200, "ok")});
      LoopbackServer here(
          answering("HTTP/1.1 302 Found\r\nLocation: " + there.server().url("http") + "\r\n" + head + "\r\nno chunk"));
      auto spec = spec_for(here.url("http"));
      spec.keep_alive = keep_alive;
      const auto outcome = run_check(spec);
      EXPECT_EQ(outcome.state, State::up) << head << keep_alive << ' ' << outcome.detail;
      EXPECT_EQ(outcome.redirects, 1) << head << keep_alive;
    }
  }
}

TEST(Redirects, ABodyWithoutEndHoldsUpNoRedirect) {
  RecordingServer there({http_answer(200, "ok")});
  LoopbackServer here([&there](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 302 Found\r\nLocation: " + there.server().url("http") + "\r\n\r\n");
    while (c.send("x") && c.pause_ms(20)) {
    }
  });
  EXPECT_EQ(run_check(here.url("http")).state, State::up);
}

TEST(Redirects, HeadersThatDoNotEndAreNoRedirect) {
  RecordingServer there({http_answer(200, "ok")});
  LoopbackServer here([&there](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 302 Found\r\nLocation: " + there.server().url("http") + "\r\nX-More: ");
    c.wait_for_close();
  });
  auto spec = spec_for(here.url("http"));
  spec.timeouts.total = std::chrono::milliseconds(300);
  EXPECT_EQ(run_check(spec).error, ErrorClass::timeout);
}

TEST(Redirects, LongAddressesAreFollowed) {
  RecordingServer recording({redirect_to("/" + std::string(6000, 'x')), http_answer(200, "")});
  EXPECT_EQ(run_check(recording.server().url("http")).state, State::up);
}

TEST(Redirects, AnOwnHostGoesToTheOwnOriginOnly) {
  RecordingServer there({http_answer(200, "")});
  RecordingServer here({redirect_to(there.server().url("http", "/x"))});
  auto spec = spec_for(here.server().url("http"));
  spec.headers = {{"Host", "site.test"}, {"X-Plain", "stays"}};
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_THAT(here.request(0), HasSubstr("\r\nHost: site.test\r\n"));
  EXPECT_THAT(there.request(0), HasSubstr("\r\nHost: 127.0.0.1:" + std::to_string(there.server().port()) + "\r\n"));
  EXPECT_THAT(there.request(0), HasSubstr("X-Plain: stays"));
  RecordingServer same({redirect_to("/y"), http_answer(200, "")});
  spec.url = same.server().url("http");
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_THAT(same.request(1), HasSubstr("\r\nHost: site.test\r\n"));
}

TEST(Redirects, AnEmptyLocationIsNoRedirect) {
  RecordingServer recording({redirect_to("")});
  const auto outcome = run_check(recording.server().url("http"));
  EXPECT_EQ(outcome.error, ErrorClass::http_status);
  EXPECT_EQ(outcome.detail, "HTTP 302, expected 200-299");
}

TEST(Cookies, LiveForOneCheck) {
  RecordingServer recording({redirect_to("/", "Set-Cookie: seen=1; Path=/\r\n"), http_answer(200, "in"),
                             redirect_to("/", "Set-Cookie: seen=2\r\n"), http_answer(200, "in")});
  const auto check = compile(spec_for(recording.server().url("http")));
  ASSERT_TRUE(check.has_value());
  auto runner = CheckRunner::create({});
  ASSERT_TRUE(runner.has_value());
  for (int i = 0; i < 2; ++i) {
    (*runner)->start(*check, [&](const CheckOutcome& outcome) {
      EXPECT_EQ(outcome.state, State::up) << outcome.detail;
      EXPECT_EQ(outcome.redirects, 1);
      (*runner)->stop();
    });
    (*runner)->run();
  }
  EXPECT_THAT(recording.request(0), Not(HasSubstr("Cookie")));
  EXPECT_THAT(recording.request(1), HasSubstr("\r\nCookie: seen=1\r\n"));
  EXPECT_THAT(recording.request(2), Not(HasSubstr("Cookie")));
  EXPECT_THAT(recording.request(3), HasSubstr("\r\nCookie: seen=2\r\n"));
}

TEST(Cookies, GoToTheHostThatSetThemOnly) {
  RecordingServer there({http_answer(200, "")});
  const auto port = std::to_string(there.server().port());
  RecordingServer here({redirect_to("http://other.test:" + port + "/", "Set-Cookie: own=1\r\n")});
  auto spec = spec_for("http://own.test:" + std::to_string(here.server().port()) + "/");
  spec.resolve = {"own.test:" + std::to_string(here.server().port()) + ":127.0.0.1",
                  "other.test:" + port + ":127.0.0.1"};
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_EQ(there.server().connections(), 1);
  EXPECT_THAT(there.request(0), Not(HasSubstr("Cookie")));
}

TEST(Cookies, JoinTheOnesThatAreConfigured) {
  RecordingServer recording({redirect_to("/b", "Set-Cookie: given=2\r\n"), http_answer(200, "")});
  auto spec = spec_for(recording.server().url("http", "/a"));
  spec.headers = {{"Cookie", "own=1"}};
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_THAT(recording.request(0), HasSubstr("\r\nCookie: own=1\r\n"));
  EXPECT_THAT(recording.request(1), testing::ContainsRegex("Cookie: (own=1; given=2|given=2; own=1)\r\n"));
}

}  // namespace
}  // namespace nines
