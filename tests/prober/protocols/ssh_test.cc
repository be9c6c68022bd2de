// Checks of SSH servers: what they say first, byte by byte, and a real one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"
#include "prober/support/server_process.h"
#include "protocols/ssh.h"

namespace nines::prober {
namespace {

using namespace prober_test;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kIdentification = "SSH-2.0-test_1.0 of nobody";

std::string number(std::size_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

std::string text(const std::string& value) {
  return number(value.size()) + value;
}

// RFC 4253, section 6: padded with four bytes or more to a multiple of eight.
std::string packet(const std::string& payload) {
  std::size_t padding = 4;
  while ((4 + 1 + payload.size() + padding) % 8 != 0) ++padding;
  return number(1 + payload.size() + padding) + static_cast<char>(padding) + payload + std::string(padding, '\0');
}

// RFC 4253, section 7.1.
std::string key_exchange(const std::string& names = "some-name,another") {
  std::string payload = "\x14" + std::string(16, 'c');
  for (int i = 0; i < 8; ++i) payload += text(names);
  return packet(payload + text("") + text("") + std::string(5, '\0'));
}

std::string disconnect(const std::string& why) {
  return packet("\x01" + number(12) + text(why) + text("en"));
}

TEST(SshHello, IsGoodWithTheLastByteOfTheKeyExchange) {
  for (const std::string before : {"", "Welcome to nobody\r\nSSH is what we speak\n"}) {
    for (const std::string end : {"\r\n", "\n"}) {
      const std::string line = before + kIdentification + end;
      const std::string all = line + key_exchange();
      for (std::size_t size = 0; size < all.size(); ++size) {
        const auto hello = parse_ssh_hello(std::string_view(all).substr(0, size));
        EXPECT_FALSE(hello.done) << size << ": " << hello.error;
        EXPECT_EQ(hello.identification, size >= line.size() ? kIdentification : "") << size;
      }
      const auto hello = parse_ssh_hello(all);
      EXPECT_TRUE(hello.done);
      EXPECT_EQ(hello.error, "");
      EXPECT_EQ(hello.identification, kIdentification);
    }
  }
}

TEST(SshHello, OfAServerThatSpeaksBothVersionsIsGood) {
  EXPECT_TRUE(parse_ssh_hello("SSH-1.99-old\n" + key_exchange()).done);
  EXPECT_EQ(parse_ssh_hello("SSH-1.99-old\n" + key_exchange()).error, "");
}

TEST(SshHello, MayHavePacketsThatSayNothingFirst) {
  const std::string noise = packet("\x02" + text("noise")) + packet("\x03" + number(0)) + packet("\x04");
  const auto hello = parse_ssh_hello(kIdentification + "\r\n" + noise + key_exchange());
  EXPECT_TRUE(hello.done);
  EXPECT_EQ(hello.error, "");
}

TEST(SshHello, BadOnesAreNamed) {
  const std::string line = kIdentification + "\r\n";
  const std::string no_exchange = "the server's first packet is no key exchange";
  const std::string longest = "SSH-2.0-" + std::string(255 - 8 - 2, 'x');
  EXPECT_EQ(parse_ssh_hello(longest + "\r\n" + key_exchange()).error, "");
  struct {
    std::string bytes;
    std::string error;
  } const cases[] = {
      {"SSH-1.5-old\r\n", "the server does not speak SSH 2"},
      {"SSH-2.1-new\r\n", "the server does not speak SSH 2"},
      {std::string("SSH-2.0-a\0b\r\n", 13), "the server's identification has a null byte"},
      {longest + "x\r\n", "the server's identification is longer than 255 bytes"},
      {longest + "xx", "the server's identification is longer than 255 bytes"},
      {line + "Protocol mismatch.\n", no_exchange},
      {line + number(8), no_exchange},       // shorter than any packet
      {line + number(35'004), no_exchange},  // longer than must be taken
      {line + number(13), no_exchange},      // no multiple of a block
      {line + number(12) + std::string("\3\x14", 2) + std::string(10, '\0'), no_exchange},
      {line + number(12) + "\x0b" + std::string(11, '\0'), no_exchange},  // nothing but padding
      {line + packet("\x05" + text("ssh-userauth")), no_exchange},
      {line + packet("\x14 too short"), no_exchange},
      {line + key_exchange(""), no_exchange},
      {line + packet("\x14" + std::string(16, 'c') + "\xff\xff\xff\xff" + std::string(60, '\0')), no_exchange},
  };
  for (const auto& bad : cases) {
    const auto hello = parse_ssh_hello(bad.bytes);
    EXPECT_TRUE(hello.done) << bad.bytes;
    EXPECT_EQ(hello.error, bad.error) << bad.bytes;
    EXPECT_FALSE(hello.refused);
  }
}

TEST(SshHello, ARefusalIsInTheServersWords) {
  const auto hello = parse_ssh_hello(kIdentification + "\r\n" + disconnect("too many connections"));
  EXPECT_TRUE(hello.done);
  EXPECT_TRUE(hello.refused);
  EXPECT_EQ(hello.error, "the server disconnected: too many connections");
}

// A server that says `words` once it has heard a client, and hangs up.
LoopbackServer::Session saying(const std::string& words) {
  return [words](Connection& c) {
    c.read_until("\n");
    c.send(words);
  };
}

TEST(Ssh, AServerIsUpOnceItOffersToAgreeOnKeys) {
  std::string heard;
  LoopbackServer server([&](Connection& c) {
    heard = c.read_until("\r\n");
    c.send("Welcome\r\n") && c.send(kIdentification) && c.pause_ms(20) && c.send("\r\n") && c.send(key_exchange()) &&
        (c.wait_for_close(), true);
  });
  const auto outcome = run_check(server.url("ssh", ""));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_TRUE(outcome.latency_us.has_value());
  EXPECT_EQ(heard, "SSH-2.0-nines\r\n");
  EXPECT_EQ(outcome.body_bytes, (std::string("Welcome\r\n") + kIdentification + "\r\n" + key_exchange()).size());
}

TEST(Ssh, ConditionsAreOnTheIdentificationAlone) {
  LoopbackServer server(saying("Welcome\r\n" + kIdentification + "\r\n" + key_exchange()));
  auto spec = spec_for(server.url("ssh", ""));
  spec.body_contains = {"test_1.0"};
  spec.body_matches = {"^SSH-2\\.0-test.* nobody$"};
  const auto met = run_check(spec);
  EXPECT_EQ(met.state, State::up) << met.detail;
  for (const char* text : {"Welcome", "some-name", "OpenSSH"}) {
    spec.body_contains = {text};
    const auto unmet = run_check(spec);
    EXPECT_EQ(unmet.error, ErrorClass::condition) << text;
    EXPECT_EQ(unmet.detail, "body does not contain \"" + std::string(text) + "\"");
  }
}

TEST(Ssh, WhatIsNoServerOfSshIsToldByItsWords) {
  struct {
    std::string words;
    ErrorClass error;
    std::string detail;
  } const cases[] = {
      {"", ErrorClass::reset, "the peer closed the connection without a word"},
      {"HTTP/1.1 400 Bad Request\r\n", ErrorClass::protocol,
       "the server did not say that it speaks SSH, but \"HTTP/1.1 400 Bad Request\""},
      {"Exceeded MaxStartups\r\n", ErrorClass::protocol,
       "the server did not say that it speaks SSH, but \"Exceeded MaxStartups\""},
      {"SSH-2.0-half", ErrorClass::protocol, "the server did not say that it speaks SSH"},
      {kIdentification + "\r\n", ErrorClass::protocol, "the server did not begin the key exchange"},
      {kIdentification + "\r\n" + key_exchange().substr(0, 40), ErrorClass::protocol,
       "the server did not begin the key exchange"},
      {kIdentification + "\r\nProtocol mismatch.\r\n", ErrorClass::protocol,
       "the server's first packet is no key exchange"},
      {"SSH-1.5-old\r\n", ErrorClass::protocol, "the server does not speak SSH 2"},
      {kIdentification + "\r\n" + disconnect("not from\nthere"), ErrorClass::condition,
       "the server disconnected: not from there"},
  };
  for (const auto& bad : cases) {
    LoopbackServer server(saying(bad.words));
    const auto outcome = run_check(server.url("ssh", ""));
    EXPECT_EQ(outcome.state, State::down) << bad.words;
    EXPECT_EQ(outcome.error, bad.error) << bad.words;
    EXPECT_EQ(outcome.detail, bad.detail);
    EXPECT_FALSE(outcome.latency_us.has_value());
  }
}

TEST(Ssh, APeerThatNeverEndsIsBounded) {
  for (const auto& words : {std::string(65536, 'z'), std::string("a line\r\n"), packet("\x02")}) {
    LoopbackServer server([words](Connection& c) {
      c.send(words.front() == '\0' ? kIdentification + "\r\n" : "");
      while (c.send(words)) {
      }
    });
    auto spec = spec_for(server.url("ssh", ""));
    spec.body_limit_bytes = 100'000;
    const auto outcome = run_check(spec);
    EXPECT_EQ(outcome.error, ErrorClass::too_large);
    EXPECT_EQ(outcome.detail, "sent more than 100000 bytes");
  }
}

TEST(Ssh, HasNoLoginAndSendsNothingOfTheUsers) {
  auto spec = spec_for("ssh://localhost");
  spec.username = "somebody";
  EXPECT_THAT(validate(spec, {}).error().message, StartsWith("username: only for"));
  spec = spec_for("ssh://localhost");
  spec.send = "hello";
  EXPECT_THAT(validate(spec, {}).error().message, StartsWith("send: only for"));
  EXPECT_THAT(validate(spec_for("ssh://localhost/path"), {}).error().message, HasSubstr("a path means nothing"));
}

TEST(Ssh, DropbearOffersToAgreeOnKeys) {
  const TemporaryDirectory directory;
  const auto key = directory.file("key");
  ASSERT_EQ(run_command({"dropbearkey", "-t", "ed25519", "-f", key}), "");
  const auto port = free_port();
  const auto address = "127.0.0.1:" + std::to_string(port);
  const ServerProcess server({{"dropbear", "-F", "-E", "-p", address, "-r", key}, "dropbear-bin", port, {}});
  ASSERT_TRUE(server.started());
  auto spec = spec_for("ssh://" + address);
  spec.body_matches = {"^SSH-2\\.0-dropbear_[0-9.]+$"};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail << server.log();
  spec.body_matches = {"OpenSSH"};
  EXPECT_EQ(run_check(spec).error, ErrorClass::condition);
}

}  // namespace
}  // namespace nines::prober
