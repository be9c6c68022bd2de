// http and ws against small servers inside the test: requests, conditions, redirects, and what may not leave.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prober/support/checks.h"
#include "prober/support/recording_server.h"
#include "protocols/websocket.h"

namespace nines {
namespace {

using namespace prober_test;
using std::chrono::milliseconds;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

TEST(Http, AGoodAnswerIsUpWithItsFigures) {
  LoopbackServer server(answering(http_answer(200, "Welcome")));
  const auto outcome = run_check(server.url("http"));
  EXPECT_EQ(outcome.state, State::up);
  EXPECT_EQ(outcome.error, ErrorClass::none);
  EXPECT_EQ(outcome.code, 200);
  EXPECT_EQ(outcome.body_bytes, 7U);
  EXPECT_EQ(outcome.address, "127.0.0.1");
  EXPECT_EQ(outcome.http_version, "1.1");
  EXPECT_EQ(outcome.detail, "");
  EXPECT_EQ(outcome.redirects, 0);
  EXPECT_EQ(outcome.final_url, "");
  ASSERT_TRUE(outcome.latency_us.has_value());
  const auto& p = outcome.phases;
  EXPECT_GE(*outcome.latency_us, p.connect_us + p.first_byte_us + p.transfer_us);
  EXPECT_FALSE(outcome.certificate_expiry.has_value());
}

TEST(Http, LatencyIncludesTheBodyAndPhasesSplitIt) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.pause_ms(60);
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na");
    c.pause_ms(80);
    c.send("b");
  });
  const auto outcome = run_check(server.url("http"));
  EXPECT_GE(outcome.phases.first_byte_us, 59'000U);
  // A busy machine sees the first byte late, and then less of the time behind it.
  EXPECT_GE(outcome.phases.first_byte_us + outcome.phases.transfer_us, 139'000U);
  EXPECT_GT(outcome.phases.transfer_us, 0U);
  EXPECT_GE(*outcome.latency_us, 139'000U);
}

TEST(Http, TheRequestIsPlainAndSaysIdentity) {
  RecordingServer recording({http_answer(200, "")});
  static_cast<void>(run_check(recording.server().url("http", "/path?q=1")));
  const auto request = recording.request(0);
  EXPECT_THAT(request, testing::StartsWith("GET /path?q=1 HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nUser-Agent: nines/"));
  EXPECT_THAT(request, HasSubstr("\r\nAccept-Encoding: identity\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nConnection: close\r\n"));
  EXPECT_THAT(request, Not(HasSubstr("Authorization")));
}

TEST(Http, MethodBodyHeadersAndLoginAreSent) {
  RecordingServer recording({http_answer(200, "")});
  auto spec = spec_for(recording.server().url("http"));
  spec.method = "PUT";
  spec.body = R"({"a":1})";
  spec.headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}, {"User-Agent", "probe"}};
  spec.username = "user";
  spec.password = "pass";
  EXPECT_EQ(run_check(spec).state, State::up);
  const auto request = recording.request(0);
  EXPECT_THAT(request, testing::StartsWith("PUT / HTTP/1.1\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nContent-Type: application/json\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nX-Empty:\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nUser-Agent: probe\r\n"));
  EXPECT_THAT(request, HasSubstr("\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"));
  EXPECT_THAT(request, testing::EndsWith(R"({"a":1})"));
}

TEST(Http, ABodyWithoutAMethodIsAPost) {
  RecordingServer recording({http_answer(200, "")});
  auto spec = spec_for(recording.server().url("http"));
  spec.body = "{}";
  static_cast<void>(run_check(spec));
  EXPECT_THAT(recording.request(0), testing::StartsWith("POST / "));
}

TEST(Http, HeadHasNoBodyToWaitFor) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n");
    c.wait_for_close();
  });
  auto spec = spec_for(server.url("http"));
  spec.method = "HEAD";
  EXPECT_EQ(run_check(spec).state, State::up);
}

TEST(Http, UnexpectedStatusIsDown) {
  LoopbackServer server(answering(http_answer(503, "busy")));
  const auto outcome = run_check(server.url("http"));
  EXPECT_EQ(outcome.state, State::down);
  EXPECT_EQ(outcome.error, ErrorClass::http_status);
  EXPECT_EQ(outcome.code, 503);
  EXPECT_EQ(outcome.detail, "HTTP 503, expected 200-299");
  EXPECT_TRUE(outcome.latency_us.has_value());
}

TEST(Http, AnExpectedStatusIsUp) {
  LoopbackServer server(answering(http_answer(404, "")));
  auto spec = spec_for(server.url("http"));
  spec.status = {{200, 204}, {404, 404}};
  EXPECT_EQ(run_check(spec).state, State::up);
}

TEST(Http, LateAnswersAreDegraded) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.pause_ms(60);
    c.send(http_answer(200, ""));
  });
  auto spec = spec_for(server.url("http"));
  spec.latency_below = milliseconds(50);
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::degraded);
  EXPECT_EQ(outcome.error, ErrorClass::slow);
  EXPECT_THAT(outcome.detail, ContainsRegex("took [0-9]+ ms, expected below 50 ms"));
  spec.strict = true;
  const auto strict = run_check(spec);
  EXPECT_EQ(strict.state, State::down);
  EXPECT_EQ(strict.error, ErrorClass::slow);
  spec.latency_below.reset();
  EXPECT_THAT(validate(spec, std::chrono::seconds(60)).error().message,
              testing::HasSubstr("expect.strict: goes with certificate-days or latency-below"));
}

TEST(Http, RedirectsAreFollowedAndCounted) {
  RecordingServer recording({http_answer(301, "moved", "Location: /b?secret=1\r\n"),
                             http_answer(307, "", "Location: c\r\n"), http_answer(200, "there")});
  const auto outcome = run_check(recording.server().url("http", "/a"));
  EXPECT_EQ(outcome.state, State::up);
  EXPECT_EQ(outcome.redirects, 2);
  EXPECT_EQ(outcome.final_url, recording.server().url("http", "/c"));
  EXPECT_EQ(outcome.body_bytes, 5U);
}

TEST(Http, UnfollowedRedirectsAreJudgedAsTheyAre) {
  LoopbackServer server(answering(http_answer(302, "", "Location: /elsewhere\r\n")));
  auto spec = spec_for(server.url("http"));
  spec.follow_redirects = false;
  EXPECT_EQ(run_check(spec).error, ErrorClass::http_status);
  spec.status = {{302, 302}};
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.follow_redirects = true;  // the redirect itself is what is expected
  EXPECT_EQ(run_check(spec).redirects, 0);
}

TEST(Http, APostBecomesAGetAfter303AndStaysAPostAfter307) {
  for (const int status : {303, 307}) {
    RecordingServer recording({http_answer(status, "", "Location: /next\r\n"), http_answer(200, "")});
    auto spec = spec_for(recording.server().url("http"));
    spec.body = "{}";
    EXPECT_EQ(run_check(spec).state, State::up);
    EXPECT_THAT(recording.request(1), testing::StartsWith(status == 303 ? "GET /next" : "POST /next"));
  }
}

TEST(Http, CredentialsDoNotFollowToAnotherOrigin) {
  RecordingServer other({http_answer(200, "")});
  RecordingServer own({http_answer(302, "", "Location: " + other.server().url("http", "/x") + "\r\n")});
  auto spec = spec_for(own.server().url("http"));
  spec.headers = {{"Cookie", "session=abc"}, {"X-Api-Key", "k1234"}, {"Accept", "text/html"}};
  spec.bearer_token = "tok-123456";
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_THAT(own.request(0), HasSubstr("Authorization: Bearer tok-123456"));
  EXPECT_THAT(own.request(0), HasSubstr("session=abc"));
  EXPECT_THAT(other.request(0), Not(HasSubstr("tok-123456")));
  EXPECT_THAT(other.request(0), Not(HasSubstr("session=abc")));
  EXPECT_THAT(other.request(0), Not(HasSubstr("k1234")));
  EXPECT_THAT(other.request(0), HasSubstr("Accept: text/html"));

  spec.bearer_token.clear();
  spec.username = "user";
  spec.password = "pass";
  RecordingServer login({http_answer(302, "", "Location: " + other.server().url("http", "/y") + "\r\n")});
  spec.url = login.server().url("http");
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_THAT(login.request(0), HasSubstr("Authorization: Basic"));
  EXPECT_THAT(other.request(1), Not(HasSubstr("Authorization")));
}

TEST(Http, BodyAndHeaderConditionsAreJudged) {
  LoopbackServer server(answering(http_answer(200, R"({"status":"ok","n":3})", "Server: test/1\r\n")));
  auto spec = spec_for(server.url("http"));
  spec.header_conditions = {{"server", HeaderCondition::Op::contains, "test"}};
  spec.body_contains = {"status"};
  spec.body_matches = {"\"n\": ?[0-9]"};
  spec.json = {{"status", JsonCondition::Op::equal, "ok"}};
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.json = {{"/n", JsonCondition::Op::greater, "3"}};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.detail, "JSON /n is 3, expected > 3");
}

TEST(Http, SecretsOfTheCheckStayOutOfDetails) {
  RecordingServer recording({http_answer(200, R"({"echo":"tok-123456"})", "X-Echo: hunter22\r\n")});
  auto spec = spec_for(recording.server().url("http", "/?key=very-secret"));
  spec.bearer_token = "tok-123456";
  spec.headers = {{"X-Auth", "hunter22"}};
  spec.json = {{"echo", JsonCondition::Op::equal, "other"}};
  EXPECT_EQ(run_check(spec).detail, R"(JSON echo is "***", expected == "other")");
  spec.header_conditions = {{"X-Echo", HeaderCondition::Op::equals, "no"}};
  EXPECT_EQ(run_check(spec).detail, R"(header X-Echo is "***", expected "no")");
}

TEST(Http, DetailsAreOneLineOfText) {
  LoopbackServer server(answering(http_answer(200, "{\"a\":\"x\\ny\\u0001\xff\"}")));
  auto spec = spec_for(server.url("http"));
  spec.json = {{"a", JsonCondition::Op::equal, "z"}};
  const auto detail = run_check(spec).detail;
  EXPECT_EQ(detail.find_first_of("\n\r\x01\xff"), std::string::npos) << detail;
}

TEST(Http, KeepAliveReusesAConnectionAndTheDefaultDoesNot) {
  LoopbackServer server([](Connection& c) {
    while (!c.read_request().empty() && c.send(http_answer(200, ""))) {
    }
  });
  auto runner = CheckRunner::create({});
  ASSERT_TRUE(runner.has_value());
  auto spec = spec_for(server.url("http"));
  for (const bool keep : {false, true}) {
    spec.keep_alive = keep;
    const auto check = compile(spec);
    ASSERT_TRUE(check.has_value());
    const int before = server.connections();
    for (int i = 0; i < 3; ++i) {
      (*runner)->start(*check, [&](const CheckOutcome& outcome) {
        EXPECT_EQ(outcome.state, State::up);
        (*runner)->stop();
      });
      (*runner)->run();
    }
    EXPECT_EQ(server.connections() - before, keep ? 1 : 3);
  }
}

TEST(Http, FixedAddressesReplaceTheLookup) {
  RecordingServer recording({http_answer(200, "")});
  const auto port = std::to_string(recording.server().port());
  auto spec = spec_for("http://pinned.example:" + port + "/");
  spec.resolve = {"Pinned.example.:" + port + ":127.0.0.1"};
  SilentUdp black_hole;  // which nobody asks
  RunnerOptions options;
  options.dns_servers = {black_hole.address()};
  const auto outcome = run_check(spec, options);
  EXPECT_EQ(outcome.state, State::up);
  EXPECT_EQ(outcome.address, "127.0.0.1");
  EXPECT_THAT(recording.request(0), HasSubstr("Host: pinned.example:" + port));
}

TEST(Http, ASecondAddressIsTriedWhenTheFirstRefuses) {
  LoopbackServer server(answering(http_answer(200, "")));
  const auto port = std::to_string(server.port());
  auto spec = spec_for("http://two.example:" + port + "/");
  spec.resolve = {"two.example:" + port + ":127.0.0.77", "two.example:" + port + ":127.0.0.1"};
  EXPECT_EQ(run_check(spec).state, State::up);
  spec.url = "tcp://two.example:" + port;
  EXPECT_EQ(run_check(spec).state, State::up);
}

TEST(Http, ThePolicyIsAppliedToEveryAddressOnTheWay) {
  LoopbackServer server(answering(http_answer(200, "")));
  auto spec = spec_for("http://localhost/");
  spec.policy.refuse_loopback = true;
  for (const char* scheme : {"http", "ws", "tcp", "smtp"}) {
    spec.url = std::string(scheme) + "://localhost:" + std::to_string(server.port());
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.error, ErrorClass::blocked) << scheme;
    EXPECT_EQ(outcome.detail, "the address policy refuses this address");
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(Http, ARedirectCannotGetAroundThePolicy) {
  LoopbackServer server(answering(http_answer(302, "", "Location: http://169.254.169.254/latest/meta-data\r\n")));
  auto spec = spec_for(server.url("http"));
  spec.policy.refuse_link_local = true;
  EXPECT_EQ(run_check(spec).error, ErrorClass::blocked);
}

TEST(Http, AProxyThatSaysNoIsNamed) {
  const LoopbackServer refusing(answering("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"));
  auto spec = spec_for("https://behind.example/");
  spec.proxy = refusing.url("http", "");
  const auto refused = run_check(spec);
  EXPECT_EQ(refused.error, ErrorClass::protocol);
  EXPECT_EQ(refused.detail, "the proxy answered 407 to CONNECT");
  spec.proxy = "http://localhost:" + std::to_string(free_port());
  const auto gone = run_check(spec);
  EXPECT_EQ(gone.error, ErrorClass::connect_refused);
  EXPECT_THAT(gone.detail, testing::HasSubstr("the proxy localhost")) << gone.detail;
}

TEST(Http, AProxyIsAskedWithTheTargetsName) {
  RecordingServer proxy({http_answer(200, "")});
  auto spec = spec_for("http://behind.example/page");
  spec.proxy = "http://user:proxypass@127.0.0.1:" + std::to_string(proxy.server().port());
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_THAT(proxy.request(0), testing::StartsWith("GET http://behind.example/page HTTP/1.1\r\n"));
}

TEST(Http, TheEnvironmentsProxyIsUsedOnlyWhenAsked) {
  RecordingServer proxy({http_answer(200, "")});
  LoopbackServer server(answering(http_answer(200, "")));
  ::setenv("http_proxy", proxy.server().url("http", "").c_str(), 1);
  auto spec = spec_for(server.url("http"));
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_EQ(proxy.server().connections(), 0);
  spec.proxy_from_environment = true;
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_EQ(proxy.server().connections(), 1);
  ::setenv("no_proxy", "other.example, 127.0.0.1", 1);
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_EQ(proxy.server().connections(), 1);
  // A proxy of the check's own is used whatever the environment excepts.
  ::setenv("no_proxy", "*", 1);
  spec.proxy_from_environment = false;
  spec.proxy = proxy.server().url("http", "");
  EXPECT_EQ(run_check(spec).state, State::up);
  EXPECT_EQ(proxy.server().connections(), 2);
  ::unsetenv("http_proxy");
  ::unsetenv("no_proxy");
}

TEST(WebSocket, AnAcceptedUpgradeIsUp) {
  LoopbackServer server([](Connection& c) {
    const auto request = c.read_request();
    const auto at = request.find("Sec-WebSocket-Key: ") + 19;
    const auto key = request.substr(at, request.find("\r\n", at) - at);
    c.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
           prober::websocket_accept(key) + "\r\n\r\n");
    c.wait_for_close();
  });
  const auto outcome = run_check(server.url("ws", "/chat"));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.code, 101);
  EXPECT_TRUE(outcome.latency_us.has_value());
}

TEST(WebSocket, AWrongAcceptIsAProtocolError) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: bm9uc2Vuc2U=\r\n\r\n");
    c.wait_for_close();
  });
  EXPECT_EQ(run_check(server.url("ws")).error, ErrorClass::protocol);
}

TEST(WebSocket, APlainAnswerIsNotAnUpgrade) {
  LoopbackServer server(answering(http_answer(200, "just a page")));
  const auto outcome = run_check(server.url("ws"));
  EXPECT_EQ(outcome.error, ErrorClass::http_status);
  EXPECT_EQ(outcome.detail, "HTTP 200, expected 101");
}

// RFC 6455, section 1.3.
TEST(WebSocket, TheAcceptValueIsTheStandards) {
  EXPECT_EQ(prober::websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(Tcp, ConnectSendAndExpect) {
  LoopbackServer server([](Connection& c) {
    c.send("SSH-2.0-test\r\n");
    const auto said = c.read_until("\n");
    c.send("you said " + said);
    c.wait_for_close();
  });
  auto spec = spec_for(server.url("tcp", ""));
  const auto plain = run_check(spec);
  EXPECT_EQ(plain.state, State::up);
  EXPECT_EQ(plain.body_bytes, 0U);
  spec.send = "hello\n";
  spec.body_contains = {"SSH-2.0", "you said hello"};
  spec.body_matches = {"^SSH-[0-9.]+"};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.body_bytes, 14U + 15U);
}

TEST(Tcp, APeerThatClosesBeforeItsWordsFailsTheCondition) {
  LoopbackServer server([](Connection& c) { c.send("go away\r\n"); });
  auto spec = spec_for(server.url("tcp", ""));
  spec.body_contains = {"SSH-2.0"};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.detail, "body does not contain \"SSH-2.0\"");
}

}  // namespace
}  // namespace nines
