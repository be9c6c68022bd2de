// Servers that mean harm, or are badly broken: every check ends in its time, with the right class, within its limits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"
#include "spec/check_kind.h"

namespace nines {
namespace {

using namespace prober_test;
using std::chrono::milliseconds;
using testing::HasSubstr;

constexpr milliseconds kTimeout{400};

CheckSpec impatient(const std::string& url) {
  CheckSpec spec = spec_for(url);
  spec.timeouts.total = kTimeout;
  return spec;
}

// Runs a check that must take its whole timeout, and no more.
CheckOutcome run_to_timeout(const CheckSpec& spec, RunnerOptions options = {}) {
  CheckOutcome outcome;
  const auto took = time_of([&] { outcome = run_check(spec, options); });
  EXPECT_GE(took, spec.timeouts.total);
  EXPECT_LT(took, spec.timeouts.total + kSlack);
  EXPECT_EQ(outcome.state, State::down);
  EXPECT_FALSE(outcome.latency_us.has_value());
  return outcome;
}

// A check of every kind that is measured over TCP and has all of `wanted` and none of `unwanted`, and does not end with
// the connection.
std::vector<CheckSpec> talking_checks(const LoopbackServer& server, prober::Features wanted,
                                      prober::Features unwanted) {
  std::vector<CheckSpec> specs;
  for (const auto& row : prober::kCheckKinds) {
    const bool over_tcp = row.engine == prober::CheckEngine::curl || row.engine == prober::CheckEngine::tcp;
    if (!over_tcp || !row.has(wanted) || (row.features & unwanted) != 0) continue;
    specs.push_back(impatient(server.url(row.scheme, "")));
    if (row.kind == CheckKind::tcp) specs.back().body_contains = {"a word"};
  }
  return specs;
}

TEST(Hostile, SilenceAfterConnectIsATimeout) {
  LoopbackServer server([](Connection& c) { c.wait_for_close(); });
  const auto specs = talking_checks(server, 0, prober::feature::kTls);
  EXPECT_GE(specs.size(), 9U);
  const auto outcomes = run_checks(specs);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(outcomes[i].error, ErrorClass::timeout) << specs[i].url;
    EXPECT_EQ(outcomes[i].detail, "connected, but no answer in time") << specs[i].url;
    EXPECT_FALSE(outcomes[i].latency_us.has_value());
  }
}

TEST(Hostile, SilenceInTheHandshakeIsATimeout) {
  LoopbackServer server([](Connection& c) { c.wait_for_close(); });
  const auto specs = talking_checks(server, prober::feature::kTls, 0);
  EXPECT_GE(specs.size(), 8U);
  const auto outcomes = run_checks(specs);
  for (std::size_t i = 0; i < specs.size(); ++i) {
    EXPECT_EQ(outcomes[i].error, ErrorClass::timeout) << specs[i].url;
    EXPECT_EQ(outcomes[i].detail, "the TLS handshake was not over in time") << specs[i].url;
    EXPECT_GT(outcomes[i].phases.tls_us, 0U) << specs[i].url;
  }
}

TEST(Hostile, OneByteASecondIsATimeout) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    while (c.send("x") && c.pause_ms(100)) {
    }
  });
  const auto outcome = run_to_timeout(impatient(server.url("http")));
  EXPECT_EQ(outcome.error, ErrorClass::timeout);
  EXPECT_EQ(outcome.detail, "the answer was not complete in time");
}

TEST(Hostile, AHeaderLineByteByByteIsATimeout) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\nX-Slow: ");
    while (c.send("x") && c.pause_ms(50)) {
    }
  });
  EXPECT_EQ(run_to_timeout(impatient(server.url("http"))).error, ErrorClass::timeout);
}

TEST(Hostile, EndlessHeadersHitTheirLimit) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\n");
    while (c.send("X-More: " + std::string(200, 'y') + "\r\n")) {
    }
  });
  const auto outcome = run_check(server.url("http"));
  EXPECT_EQ(outcome.error, ErrorClass::too_large);
  EXPECT_EQ(outcome.detail, "headers over 65536 bytes");
}

TEST(Hostile, AnEndlessHeaderLineHitsTheLimit) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\nX-Long: ");
    while (c.send(std::string(4096, 'y'))) {
    }
  });
  EXPECT_EQ(run_check(server.url("http")).error, ErrorClass::too_large);
}

TEST(Hostile, AHeaderLineOverLibcurlsLimitIsNoLackOfMemory) {
  LoopbackServer server(answering("HTTP/1.1 200 OK\r\nX-Long: " + std::string(200'000, 'y') + "\r\n\r\n"));
  auto spec = spec_for(server.url("http"));
  spec.header_limit_bytes = 256U << 10;
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::too_large);
  EXPECT_EQ(outcome.detail, "headers over their limit");
}

TEST(Hostile, AnEndlessBodyHitsItsLimit) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 200 OK\r\n\r\n");
    while (c.send(std::string(65536, 'z'))) {
    }
  });
  auto spec = spec_for(server.url("http"));
  spec.body_limit_bytes = 100'000;
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::too_large);
  EXPECT_EQ(outcome.detail, "body over 100000 bytes");
}

TEST(Hostile, AGzipBombIsCountedUnpacked) {
  // One member of 1 MiB of zeros, built by hand: a fixed-Huffman block with one literal and 4064 copies of 258 bytes.
  std::string deflate;
  unsigned bits = 0;
  int held = 0;
  const auto put = [&](unsigned value, int count) {
    for (int i = 0; i < count; ++i) {
      bits |= ((value >> i) & 1U) << held;
      if (++held == 8) {
        deflate += static_cast<char>(bits);
        bits = 0;
        held = 0;
      }
    }
  };
  put(1, 1);           // the last block
  put(1, 2);           // fixed Huffman codes
  put(0b00001100, 8);  // literal 0 is 00110000, its first bit first
  for (int i = 0; i < 4064; ++i) {
    put(0b10100011, 8);  // length 258 is 11000101
    put(0, 5);           // distance 1
  }
  put(0, 7);  // end of block
  put(0, 7);  // fills the last byte
  const std::string gzip = std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) + deflate;
  ASSERT_LT(gzip.size(), 10'000U);
  LoopbackServer server(answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: " +
                                  std::to_string(gzip.size()) + "\r\n\r\n" + gzip));
  auto spec = spec_for(server.url("http"));
  spec.body_limit_bytes = 500'000;
  EXPECT_EQ(run_check(spec).state, State::up);  // nobody looks at it, so it is not unpacked
  spec.body_not_contains = {"x"};
  for (const bool compressed : {false, true}) {
    spec.compressed = compressed;
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.error, ErrorClass::too_large) << compressed;
  }
}

TEST(Hostile, ARedirectLoopEndsAfterTenHops) {
  LoopbackServer server(answering(http_answer(302, "", "Location: /again\r\n")));
  const auto outcome = run_check(server.url("http"));
  EXPECT_EQ(outcome.error, ErrorClass::redirect);
  EXPECT_EQ(outcome.detail, "more than 10 redirects");
  EXPECT_EQ(outcome.redirects, 10);
  EXPECT_EQ(server.connections(), 11);
}

TEST(Hostile, ARedirectToAnotherProtocolIsRefused) {
  for (const char* place : {"file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:70/", "ldap://127.0.0.1/"}) {
    LoopbackServer server(answering(http_answer(302, "", std::string("Location: ") + place + "\r\n")));
    const auto outcome = run_check(server.url("http"));
    EXPECT_EQ(outcome.error, ErrorClass::redirect) << place;
    EXPECT_EQ(outcome.detail, "redirected to a place that is not http or https");
  }
}

TEST(Hostile, AResetIsAReset) {
  LoopbackServer server([](Connection& c) {
    c.read_request();
    c.reset();
  });
  EXPECT_EQ(run_check(server.url("http")).error, ErrorClass::reset);
}

TEST(Hostile, ACloseWithoutAnAnswerIsAReset) {
  LoopbackServer server([](Connection& c) { c.read_request(); });
  EXPECT_EQ(run_check(server.url("http")).error, ErrorClass::reset);
}

TEST(Hostile, ATruncatedBodyIsAReset) {
  LoopbackServer server(answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this"));
  EXPECT_EQ(run_check(server.url("http")).error, ErrorClass::reset);
}

TEST(Hostile, MalformedChunksAreAProtocolError) {
  LoopbackServer server(answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno chunk\r\n"));
  const auto outcome = run_check(server.url("http"));
  EXPECT_EQ(outcome.error, ErrorClass::protocol);
  EXPECT_THAT(outcome.detail, testing::HasSubstr("chunked-encoding"));
}

TEST(Hostile, GarbageIsAProtocolError) {
  LoopbackServer http(answering("\x01\x02garbage, not HTTP\r\n\r\n"));
  EXPECT_EQ(run_check(http.url("http")).error, ErrorClass::protocol);
  LoopbackServer greeting([](Connection& c) { c.send("HELLO WHO ARE YOU\r\n") && c.pause_ms(2000); });
  for (const auto& row : prober::kCheckKinds) {
    if (row.greeting == prober::Greeting::none || row.has(prober::feature::kTls)) continue;
    EXPECT_EQ(run_check(greeting.url(row.scheme)).error, ErrorClass::protocol) << row.scheme;
  }
  LoopbackServer broker([](Connection& c) { c.send("HTTP/1.1 400 Bad Request\r\n\r\n") && c.pause_ms(2000); });
  EXPECT_EQ(run_check(broker.url("mqtt")).error, ErrorClass::protocol);
}

TEST(Hostile, PlainTextInTheHandshakeIsATlsError) {
  LoopbackServer server([](Connection& c) { c.send("220 ready when you are\r\n") && c.pause_ms(2000); });
  for (const auto& spec : talking_checks(server, prober::feature::kTls, 0)) {
    EXPECT_EQ(run_check(spec).error, ErrorClass::tls) << spec.url;
  }
}

TEST(Hostile, AClosedPortIsRefused) {
  const auto port = std::to_string(free_port());
  for (const auto& row : prober::kCheckKinds) {
    if (row.engine != prober::CheckEngine::curl && row.engine != prober::CheckEngine::tcp) continue;
    const auto outcome = run_check(std::string(row.scheme) + "://127.0.0.1:" + port);
    EXPECT_EQ(outcome.error, ErrorClass::connect_refused) << row.scheme;
    EXPECT_EQ(outcome.detail, "127.0.0.1: Connection refused");
  }
}

TEST(Hostile, ABlackHoleNameServerStallsNobody) {
  SilentUdp black_hole;
  RunnerOptions options;
  options.dns_servers = {black_hole.address()};
  LoopbackServer good(answering(http_answer(200, "fine")));
  std::vector<CheckSpec> specs;
  specs.reserve(100);
  for (int i = 0; i < 50; ++i) specs.push_back(impatient("http://name" + std::to_string(i) + ".example/"));
  for (int i = 0; i < 50; ++i) specs.push_back(spec_for(good.url("http")));
  std::vector<CheckOutcome> outcomes;
  const auto took = time_of([&] { outcomes = run_checks(specs, options); });
  EXPECT_LT(took, kTimeout + kSlack);
  for (std::size_t i = 0; i < 50; ++i) {
    EXPECT_EQ(outcomes[i].error, ErrorClass::dns);
    EXPECT_GE(outcomes[i].phases.dns_us, 390'000U);
    EXPECT_EQ(outcomes[50 + i].state, State::up);
  }
}

TEST(Hostile, TheDnsTimeoutEndsALookupEarly) {
  SilentUdp black_hole;
  RunnerOptions options;
  options.dns_servers = {black_hole.address()};
  auto spec = spec_for("http://silent.example/");
  spec.timeouts.dns = milliseconds(200);
  CheckOutcome outcome;
  EXPECT_LT(time_of([&] { outcome = run_check(spec, options); }), milliseconds(200) + kSlack);
  EXPECT_EQ(outcome.error, ErrorClass::dns);
  EXPECT_THAT(outcome.detail, HasSubstr("silent.example"));
}

TEST(Hostile, PhaseTimeoutsEndTheirPhase) {
  LoopbackServer server([](Connection& c) { c.wait_for_close(); });
  auto first_byte = spec_for(server.url("http"));
  first_byte.timeouts.first_byte = milliseconds(200);
  auto handshake = spec_for(server.url("https"));
  handshake.timeouts.tls = milliseconds(200);
  std::vector<CheckOutcome> outcomes;
  EXPECT_LT(time_of([&] { outcomes = run_checks({first_byte, handshake}); }), milliseconds(200) + kSlack);
  EXPECT_EQ(outcomes[0].detail, "connected, but no answer in time");
  EXPECT_EQ(outcomes[1].detail, "the TLS handshake was not over in time");
}

TEST(Hostile, TcpPeersAreBoundedToo) {
  LoopbackServer endless([](Connection& c) {
    while (c.send(std::string(65536, 'z'))) {
    }
  });
  auto spec = spec_for(endless.url("tcp", ""));
  spec.body_contains = {"never said"};
  EXPECT_EQ(run_check(spec).error, ErrorClass::too_large);

  LoopbackServer quiet([](Connection& c) { c.wait_for_close(); });
  spec.url = quiet.url("tcp", "");
  spec.timeouts.total = kTimeout;
  EXPECT_EQ(run_to_timeout(spec).error, ErrorClass::timeout);
}

// libcurl would wait for the farewell's answer inside of its call, and with it every other check.
TEST(Hostile, AMailServerThatIgnoresTheFarewellStallsNobody) {
  LoopbackServer smtp([](Connection& c) {
    c.send("220 mail.example ESMTP\r\n");
    c.read_until("\r\n");
    c.send("250 mail.example\r\n");
    c.wait_for_close();
  });
  CheckOutcome outcome;
  EXPECT_LT(time_of([&] { outcome = run_check(smtp.url("smtp", "")); }), kSlack);
  EXPECT_EQ(outcome.state, State::up);
  EXPECT_EQ(outcome.code, 250);
}

}  // namespace
}  // namespace nines
