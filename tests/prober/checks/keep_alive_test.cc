// Checks with keep-alive: what a connection that was kept must not be taken for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"

namespace nines {
namespace {

using namespace prober_test;
using std::chrono::milliseconds;

// Runs checks one after the other on one runner, whose connections they share.
class KeepAlive : public testing::Test {
 protected:
  CheckOutcome run(const CheckSpec& spec) {
    const auto check = compile(spec);
    if (!check) {
      ADD_FAILURE() << check.error().message;
      return {};
    }
    CheckOutcome got;
    (*runner_)->start(*check, [&](const CheckOutcome& outcome) {
      got = outcome;
      (*runner_)->stop();
    });
    (*runner_)->run();
    return got;
  }
  static CheckSpec kept(const std::string& url) {
    auto spec = spec_for(url);
    spec.keep_alive = true;
    return spec;
  }

 private:
  Result<std::unique_ptr<CheckRunner>> runner_ = CheckRunner::create({});
};

// Answers the first request of a connection at once, and treats it then as `rest` says.
LoopbackServer::Session then(LoopbackServer::Session rest) {
  return [rest = std::move(rest)](Connection& c) {
    if (!c.read_request().empty() && c.send(http_answer(200, "fresh"))) rest(c);
  };
}

constexpr const char* kTooLate = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

TEST_F(KeepAlive, ASlowAnswerIsNoMissingConnection) {
  LoopbackServer server([](Connection& c) {
    while (!c.read_request().empty() && c.pause_ms(400) && c.send(http_answer(200, ""))) {
    }
  });
  auto spec = kept(server.url("http"));
  spec.timeouts.connect = milliseconds(300);
  for (int i = 0; i < 3; ++i) {
    const auto outcome = run(spec);
    EXPECT_EQ(outcome.state, State::up) << i << ": " << outcome.detail;
    EXPECT_GT(outcome.phases.first_byte_us, outcome.phases.connect_us) << i;
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(KeepAlive, AnAnswerThatDoesNotComeIsMissedInItsTime) {
  LoopbackServer server(then([](Connection& c) { c.wait_for_close(); }));
  auto spec = kept(server.url("http"));
  ASSERT_EQ(run(spec).state, State::up);
  spec.timeouts.first_byte = milliseconds(200);
  spec.timeouts.total = std::chrono::seconds(30);
  CheckOutcome outcome;
  EXPECT_LT(time_of([&] { outcome = run(spec); }), spec.timeouts.first_byte + kSlack);
  EXPECT_EQ(outcome.error, ErrorClass::timeout);
  EXPECT_EQ(outcome.detail, "connected, but no answer in time");
}

TEST_F(KeepAlive, AServerThatHangsIsConnectedTo) {
  LoopbackServer server(then([](Connection& c) { c.wait_for_close(); }));
  auto spec = kept(server.url("http"));
  spec.timeouts.total = milliseconds(400);
  ASSERT_EQ(run(spec).state, State::up);
  const auto outcome = run(spec);
  EXPECT_EQ(outcome.error, ErrorClass::timeout);
  EXPECT_EQ(outcome.detail, "connected, but no answer in time");
  EXPECT_EQ(outcome.phases.connect_us, 0U);
  EXPECT_GT(outcome.phases.first_byte_us, 0U);
}

TEST_F(KeepAlive, WhatLayThereBeforeTheRequestIsNoAnswer) {
  const std::vector<std::string> leftovers{kTooLate, http_answer(200, "stale"), http_answer(503, "stale"), "nonsense"};
  for (const std::string& leftover : leftovers) {
    for (const bool closes : {true, false}) {
      std::atomic<int> sent{0};
      LoopbackServer server(then([&](Connection& c) {
        c.send(leftover);
        ++sent;
        if (!closes) c.wait_for_close();
      }));
      auto spec = kept(server.url("http"));
      spec.method = "POST";
      spec.body_contains = {"fresh"};
      for (int i = 1; i <= 3; ++i) {
        const auto outcome = run(spec);
        EXPECT_EQ(outcome.state, State::up) << leftover << ' ' << closes << ": " << outcome.detail;
        for (int ms = 0; sent < i && ms < kSlack.count(); ++ms) std::this_thread::sleep_for(milliseconds(1));
        std::this_thread::sleep_for(milliseconds(30));  // on its way over the loopback
      }
      EXPECT_EQ(server.connections(), 3) << "each request went out once";
    }
  }
}

TEST_F(KeepAlive, ALeftoverThatComesWithTheAnswerIsNoAnswerEither) {
  LoopbackServer server([](Connection& c) {
    while (!c.read_request().empty() && c.send(http_answer(200, "fresh") + kTooLate)) {
    }
  });
  auto spec = kept(server.url("http"));
  spec.body_contains = {"fresh"};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(run(spec).state, State::up) << i;
}

TEST_F(KeepAlive, AServersTimeoutThatCrossesTheRequestIsAskedPastOnce) {
  LoopbackServer server(then([](Connection& c) {
    if (!c.read_request().empty()) c.send(kTooLate);
  }));
  const auto spec = kept(server.url("http"));
  for (int i = 0; i < 3; ++i) {
    const auto outcome = run(spec);
    EXPECT_EQ(outcome.state, State::up) << i << ": " << outcome.detail;
    EXPECT_EQ(outcome.code, 200);
  }

  LoopbackServer always([](Connection& c) {
    while (!c.read_request().empty() && c.send("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")) {
    }
  });
  for (int i = 0; i < 2; ++i) {
    const auto outcome = run(kept(always.url("http")));
    EXPECT_EQ(outcome.error, ErrorClass::http_status) << "this is what it answers";
    EXPECT_EQ(outcome.code, 408);
  }
  EXPECT_EQ(always.connections(), 2);
}

TEST_F(KeepAlive, AConnectionThatEndsUnderTheRequestIsBoundedAnew) {
  std::atomic<int> connections{0};
  LoopbackServer server([&](Connection& c) {
    const bool first = ++connections == 1;
    if (c.read_request().empty() || !c.send(http_answer(200, ""))) return;
    if (first && !c.read_request().empty()) c.pause_ms(400);  // and closes
    if (!first && !c.read_request().empty()) c.send(http_answer(200, ""));
  });
  auto spec = kept(server.url("http"));
  spec.timeouts.connect = milliseconds(300);
  for (int i = 0; i < 2; ++i) {
    const auto outcome = run(spec);
    EXPECT_EQ(outcome.state, State::up) << i << ": " << outcome.detail;
  }
  EXPECT_EQ(server.connections(), 2);
}

// libcurl keeps connections by their host's name.
TEST_F(KeepAlive, AConnectionToAnotherAddressIsNotUsed) {
  LoopbackServer server([](Connection& c) {
    while (!c.read_request().empty() && c.send(http_answer(200, ""))) {
    }
  });
  const std::string port = std::to_string(server.port());
  auto spec = kept("http://pinned.example:" + port + "/");
  spec.resolve = {"pinned.example:" + port + ":127.0.0.1"};
  EXPECT_EQ(run(spec).state, State::up);
  auto elsewhere = spec;
  elsewhere.resolve = {"pinned.example:" + port + ":127.0.0.77"};
  EXPECT_EQ(run(elsewhere).error, ErrorClass::connect_refused);
  EXPECT_EQ(run(spec).state, State::up);
}

}  // namespace
}  // namespace nines
