// Dialogs: what is said and heard in turn over TCP, over TLS, and over a connection that becomes TLS in its middle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "prober/support/certificates.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"

namespace nines {
namespace {

using namespace prober_test;
using std::chrono::milliseconds;
using testing::HasSubstr;

/// Steps in their text form, as in a configuration.
std::vector<DialogStep> steps(const std::vector<std::string>& texts) {
  std::vector<DialogStep> found;
  for (const auto& text : texts) {
    const auto space = text.find(' ');
    const auto word = text.substr(0, space);
    found.push_back({word == "send"     ? DialogStep::Act::send
                     : word == "expect" ? DialogStep::Act::expect
                                        : DialogStep::Act::starttls,
                     space == std::string::npos ? "" : text.substr(space + 1)});
  }
  return found;
}

CheckSpec talking(const std::string& url, const std::vector<std::string>& texts) {
  auto spec = spec_for(url);
  spec.dialog = steps(texts);
  return spec;
}

/// A server that greets and answers each line: PING with PONG and what came with it, anything else with an error.
LoopbackServer::Session chat() {
  return [](Connection& c) {
    c.send("220-one moment\r\n220 chat ");
    c.pause_ms(30);  // what comes in pieces is one line all the same
    c.send("ready\r\n");
    for (;;) {
      const auto line = c.read_until("\n");
      if (line.empty()) return;
      if (line.starts_with("PING ")) {
        c.send("PONG" + line.substr(4));
      } else if (line.starts_with("QUIT")) {
        c.send("221 bye\r\n");
      } else if (line.starts_with("CHALLENGE")) {
        c.send("word: fla");
        c.pause_ms(30);
        c.send("mingo\r\n");
      } else if (line.starts_with("ANSWER flamingo")) {
        c.send("250 right\r\n");
      } else {
        c.send("500 what?\r\n");
      }
    }
  };
}

TEST(Dialog, StepsAreDoneInTurn) {
  const LoopbackServer server(chat());
  const auto outcome =
      run_check(talking(server.url("tcp", ""), {"expect ^220 chat ready$", "send PING a\r\n", "expect ^PONG a$",
                                                "send PING b\r\n", "expect ^PONG b$", "send QUIT\r\n", "expect ^221"}));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_GT(outcome.latency_us.value_or(0), 30'000U);
  EXPECT_GT(outcome.phases.first_byte_us, 0U);
}

TEST(Dialog, GroupsOfWhatWasHeardCanBeSaid) {
  const LoopbackServer server(chat());
  const auto outcome =
      run_check(talking(server.url("tcp", ""), {"expect ready", "send CHALLENGE\r\n", "expect ^word: (\\w+)",
                                                "send ANSWER {{1}}\r\n", "expect ^250 right"}));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail << ", the word came in two pieces";
}

TEST(Dialog, WhatIsHeardInsteadIsTold) {
  const LoopbackServer server(chat());
  auto spec = talking(server.url("tcp", ""), {"expect ready", "send HELLO\r\n", "expect ^250"});
  spec.timeouts.total = milliseconds(400);
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::down);
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.detail, "expected \"^250\", heard \"500 what?\"");
}

TEST(Dialog, AnExpectationLooksBehindTheOneBefore) {
  const LoopbackServer server(chat());
  auto spec = talking(server.url("tcp", ""), {"expect ^220 chat", "expect ^220"});
  spec.timeouts.total = milliseconds(400);
  EXPECT_EQ(run_check(spec).error, ErrorClass::condition) << "there is no second line that begins so";
  spec.dialog = steps({"expect chat", "expect ready", "expect chat"});
  EXPECT_EQ(run_check(spec).error, ErrorClass::timeout);
}

TEST(Dialog, SilenceAndHangingUpAreToldApart) {
  const LoopbackServer silent([](Connection& c) { c.wait_for_close(); });
  auto spec = talking(silent.url("tcp", ""), {"expect ^220"});
  spec.timeouts.total = milliseconds(200);
  auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::timeout);
  EXPECT_EQ(outcome.detail, "no answer in time, expected \"^220\"");
  const LoopbackServer closing([](Connection&) {});
  spec.url = closing.url("tcp", "");
  outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::reset);
  const LoopbackServer endless([](Connection& c) {
    while (c.send(std::string(1000, 'x'))) {
    }
  });
  spec.url = endless.url("tcp", "");
  spec.body_limit_bytes = 10'000;
  spec.timeouts.total = milliseconds(5'000);
  EXPECT_EQ(run_check(spec).error, ErrorClass::too_large);
  spec.url = "tcp://127.0.0.1:" + std::to_string(free_port());
  EXPECT_EQ(run_check(spec).error, ErrorClass::connect_refused);
}

/// Letters after which nothing but a slow search can tell whether the answer has come: 100 kB, always the same.
std::string long_speech() {
  std::string speech;
  std::uint32_t state = 1;
  for (int i = 0; i < 100'000; ++i) {
    state = state * 1'664'525U + 1'013'904'223U;
    speech += (state >> 31U) == 0 ? 'a' : 'b';
  }
  return speech;
}

constexpr const char* kSlowExpectation = "expect a[ab]{300}c";

TEST(Dialog, WhatTakesLongToLookThroughIsLookedThroughToItsEnd) {
  const LoopbackServer waiting([](Connection& c) {
    c.send(long_speech() + "c\n");
    c.wait_for_close();
  });
  auto spec = talking(waiting.url("tcp", ""), {kSlowExpectation});
  spec.timeouts.total = std::chrono::seconds{60};
  auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  const LoopbackServer closing([](Connection& c) { c.send(long_speech() + "c\n"); });
  spec.url = closing.url("tcp", "");
  outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  // More than is taken comes behind the answer.
  const LoopbackServer endless([](Connection& c) {
    c.send(long_speech() + "c\n" + long_speech());
    c.wait_for_close();
  });
  spec.url = endless.url("tcp", "");
  spec.body_limit_bytes = 120'000;
  outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
}

TEST(Dialog, WhatTakesLongAndHoldsNothingIsSaidSo) {
  const LoopbackServer closing([](Connection& c) { c.send(long_speech() + "\n"); });
  auto spec = talking(closing.url("tcp", ""), {kSlowExpectation});
  spec.timeouts.total = std::chrono::seconds{60};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::condition) << outcome.detail;
  EXPECT_THAT(outcome.detail, HasSubstr(R"(expected "a[ab]{300}c", heard)"));
}

TEST(Dialog, MistakesAreNamed) {
  const auto mistake = [](const std::string& url, const std::vector<std::string>& texts) {
    const auto problems = check_spec_problems(talking(url, texts), {});
    return problems.empty() ? "" : to_string(problems.front());
  };
  EXPECT_EQ(mistake("tcp://a:1", {"expect ^220", "starttls", "send x"}), "");
  EXPECT_THAT(mistake("tcp://a:1", {"expect ("}), HasSubstr("dialog: \"(\""));
  EXPECT_THAT(mistake("tcp://a:1", {"expect a)(?:b"}), HasSubstr("dialog"));
  EXPECT_THAT(mistake("tcp://a:1", {"expect"}), HasSubstr("needs an expression"));
  EXPECT_THAT(mistake("tcp://a:1", {"send {{1}}"}), HasSubstr("{{1}} is no group"));
  EXPECT_THAT(mistake("tcp://a:1", {"expect (a)", "send {{2}}"}), HasSubstr("{{2}} is no group"));
  EXPECT_THAT(mistake("tcp://a:1", {"starttls", "starttls"}), HasSubstr("twice"));
  EXPECT_THAT(mistake("tls://a:1", {"starttls"}), HasSubstr("first byte"));
  EXPECT_THAT(mistake("tcp://a:1", {"send QUIT\\r\\n"}), HasSubstr("escapes are read between double quotes only"));
  EXPECT_THAT(mistake("tcp://a:1", {"send QUIT\\n"}), HasSubstr("between double quotes"));
  EXPECT_EQ(mistake("tcp://a:1", {"send {\"text\":\"a\\nb\"}\n"}), "") << "what is sent may have escapes of its own";
  EXPECT_THAT(mistake("http://a/", {"send x"}), HasSubstr("only for tcp and tls"));
  auto both = talking("tcp://a:1", {"send x"});
  both.send = "x";
  EXPECT_THAT(check_spec_problems(both, {})[0].field, "send");
  both = talking("tcp://a:1", {});
  both.send = "PING\\r\\n";
  EXPECT_THAT(check_spec_problems(both, {})[0].field, "send");
  auto plain = talking("tcp://a:1", {"send x"});
  plain.certificate_days = 7;
  EXPECT_THAT(check_spec_problems(plain, {})[0].field, "expect.certificate-days") << "there is no TLS";
}

TEST(Dialog, IsWrittenAsText) {
  const auto spec = talking("tcp://a:1", {"expect ^220 ", "send EHLO  x\r\n", "starttls"});
  const auto json = to_json(spec);
  EXPECT_THAT(json, HasSubstr("\"dialog\":[\"expect ^220 \",\"send EHLO  x\\r\\n\",\"starttls\"]"));
  EXPECT_EQ(*check_spec_from_json(json), spec);
  const auto shown = without_secrets(spec);
  EXPECT_EQ(shown.dialog[1].text, "");
  EXPECT_EQ(*check_spec_from_json(to_json(shown)), shown);
  EXPECT_FALSE(check_spec_from_json(R"({"url":"tcp://a:1","dialog":["say x"]})").has_value());
  EXPECT_FALSE(check_spec_from_json(R"({"url":"tcp://a:1","dialog":["starttls now"]})").has_value());
}

/// OpenSSL's own server, which sends back every line turned round.
class TurningServer {
 public:
  TurningServer(const Identity& identity, const std::vector<std::string>& more = {})
      : process_({command(identity, more), "openssl", port_, {}}) {}
  [[nodiscard]] bool started() const { return process_.started(); }
  [[nodiscard]] std::string url() const { return "tls://localhost:" + std::to_string(port_); }

 private:
  [[nodiscard]] std::vector<std::string> command(const Identity& identity, const std::vector<std::string>& more) const {
    std::vector<std::string> words = {
        "openssl", "s_server",           "-quiet", "-rev",      "-accept", std::to_string(port_),
        "-cert",   identity.certificate, "-key",   identity.key};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  const std::uint16_t port_ = free_port();
  ServerProcess process_;
};

TEST(Dialog, GoesOverTls) {
  const TestAuthority authority;
  const TurningServer server(authority.issue("turning", "DNS:localhost", 20));
  ASSERT_TRUE(server.started());
  auto spec = talking(server.url(), {"send hello\n", "expect ^olleh$", "send again\n", "expect ^niaga$"});
  EXPECT_EQ(run_check(spec).error, ErrorClass::certificate) << "nobody trusts its authority yet";
  spec.ca_file = authority.ca_file();
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_TRUE(outcome.certificate_expiry.has_value());
  EXPECT_GT(outcome.phases.tls_us, 0U);
  spec.certificate_days = 60;
  EXPECT_EQ(run_check(spec).state, State::degraded);
  spec.certificate_days.reset();
  spec.dialog = steps({"send hello\n", "expect ^hello"});
  spec.timeouts.total = milliseconds(500);
  EXPECT_EQ(run_check(spec).detail, "expected \"^hello\", heard \"olleh\"");
}

TEST(Dialog, JudgesCertificatesAsOtherChecksDo) {
  const TestAuthority authority;
  const auto verdict = [&](const std::string& names, int days, const std::function<void(CheckSpec&)>& change) {
    const TurningServer server(authority.issue("turning", names, days));
    EXPECT_TRUE(server.started());
    auto spec = talking(server.url(), {"send a\n", "expect a"});
    spec.ca_file = authority.ca_file();
    change(spec);
    return run_check(spec);
  };
  const auto nothing = [](CheckSpec&) {};
  EXPECT_EQ(verdict("DNS:other.example", 20, nothing).detail, "the certificate does not name localhost");
  EXPECT_EQ(verdict("DNS:localhost", -1, nothing).error, ErrorClass::certificate);
  const auto unverified = [](CheckSpec& s) {
    s.verify_tls = false;
    s.ca_file.clear();
  };
  EXPECT_EQ(verdict("DNS:other.example", -1, unverified).state, State::up);
  EXPECT_EQ(verdict("DNS:localhost", 20, [](CheckSpec& s) { s.certificate_issuer = {"CN=Nobody"}; }).error,
            ErrorClass::certificate);
  EXPECT_EQ(verdict("DNS:localhost", 20, [](CheckSpec& s) { s.ca_file = "/nowhere.pem"; }).state, State::unknown);
  EXPECT_EQ(verdict("DNS:localhost", 20, [](CheckSpec& s) { s.client_certificate = "/nowhere.pem"; }).state,
            State::unknown);
}

TEST(Dialog, BecomesTlsInItsMiddle) {
  const TestAuthority authority;
  const auto identity = authority.issue("mail", "DNS:localhost", 20);
  const auto port = free_port();
  const ServerProcess server(
      {{"aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", "localhost:" + std::to_string(port), "--tlscert",
        identity.certificate, "--tlskey", identity.key},
       "python3-aiosmtpd",
       port,
       {}});
  ASSERT_TRUE(server.started());
  auto spec =
      talking("tcp://localhost:" + std::to_string(port),
              {"expect ^220 ", "send EHLO prober\r\n", "expect ^250[ -]STARTTLS", "send STARTTLS\r\n", "expect ^220",
               "starttls", "send EHLO prober\r\n", "expect ^250 ", "send QUIT\r\n", "expect ^221"});
  EXPECT_EQ(run_check(spec).error, ErrorClass::certificate);
  spec.ca_file = authority.ca_file();
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_TRUE(outcome.certificate_expiry.has_value());
}

TEST(Dialog, WhatCameInClearTextCountsForNothingOverTls) {
  // A man in the middle puts a word behind the answer to STARTTLS, and hands the handshake on to nobody.
  const LoopbackServer server([](Connection& c) {
    c.read_until("\n");
    c.send("220 go on\r\n250 all is well\r\n");
    c.wait_for_close();
  });
  auto spec = talking(server.url("tcp", ""), {"send STARTTLS\r\n", "expect ^220", "starttls", "expect ^250"});
  spec.timeouts.total = milliseconds(400);
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::timeout);
  EXPECT_EQ(outcome.detail, "the TLS handshake was not over in time");
}

TEST(Dialog, NonsenseInTheHandshakeIsATlsError) {
  const LoopbackServer server([](Connection& c) {
    c.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    c.wait_for_close();
  });
  const auto outcome = run_check(talking(server.url("tls", ""), {"expect x"}));
  EXPECT_EQ(outcome.error, ErrorClass::tls) << outcome.detail;
  const LoopbackServer closing([](Connection&) {});
  const auto closed = run_check(talking(closing.url("tls", ""), {"expect x"})).error;
  EXPECT_TRUE(closed == ErrorClass::tls || closed == ErrorClass::reset);
}

}  // namespace
}  // namespace nines
