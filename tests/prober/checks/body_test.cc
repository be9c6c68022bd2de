// What is made of a body: packed ones, other charsets, JSON, and bodies that nobody needs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "checks/charset.h"
#include "checks/content_coding.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"

namespace nines {
namespace {

using namespace prober_test;
using prober::CodingError;
using prober::decode_content;

// "hello", as gzip -n, zlib and raw deflate pack it, and as an empty-window brotli stream with one uncompressed part.
const std::string kDeflated("\xcb\x48\xcd\xc9\xc9\x07\x00", 7);
const std::string kGzip =
    std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10) + kDeflated + std::string("\x86\xa6\x10\x36\x05\0\0\0", 8);
const std::string kZlib = std::string("\x78\x9c", 2) + kDeflated + std::string("\x06\x2c\x02\x15", 4);
const std::string kBrotli("\x0b\x02\x80hello\x03", 9);

std::string decoded(const std::string& body, const std::string& coding, std::size_t limit = 1000) {
  const auto result = decode_content(body, coding, limit);
  if (result) return *result;
  return result.error() == CodingError::truncated   ? "(truncated)"
         : result.error() == CodingError::too_large ? "(too large)"
                                                    : "(malformed)";
}

TEST(ContentCodings, AreUnpacked) {
  EXPECT_EQ(decoded(kGzip, "gzip"), "hello");
  EXPECT_EQ(decoded(kGzip, "X-GZIP"), "hello");
  EXPECT_EQ(decoded(kZlib, "deflate"), "hello");
  EXPECT_EQ(decoded(kDeflated, "deflate"), "hello");
  EXPECT_EQ(decoded(kBrotli, "br"), "hello");
  EXPECT_EQ(decoded("hello", "identity"), "hello");
  EXPECT_EQ(decoded(decoded(kGzip, "identity"), "gzip, identity"), "hello");
  EXPECT_EQ(decoded("", "gzip"), "");
}

TEST(ContentCodings, MembersOfGzipFollowOneAnother) {
  EXPECT_EQ(decoded(kGzip + kGzip, "gzip"), "hellohello");
  EXPECT_EQ(decoded(kGzip + kGzip.substr(0, 15), "gzip"), "(truncated)");
}

TEST(ContentCodings, BytesBehindTheEndAreDropped) {
  EXPECT_EQ(decoded(kGzip + std::string(3, '\0'), "gzip"), "hello");
  EXPECT_EQ(decoded(kGzip + "tail", "gzip"), "hello");
  EXPECT_EQ(decoded(kZlib + "tail", "deflate"), "hello");
}

TEST(ContentCodings, UnknownOnesArePassedOver) {
  EXPECT_EQ(decoded("hello", "aws-chunked"), "hello");
  EXPECT_EQ(decoded("hello", "UTF-8"), "hello");
  EXPECT_EQ(decoded(kGzip, "aws-chunked,gzip"), "hello");
}

TEST(ContentCodings, BrokenBodiesAreNamedSo) {
  for (std::size_t length = 1; length < kGzip.size(); ++length) {
    EXPECT_EQ(decoded(kGzip.substr(0, length), "gzip"), "(truncated)") << length;
  }
  EXPECT_EQ(decoded("hello", "gzip"), "(malformed)");
  EXPECT_EQ(decoded("\xff\xff\xff\xff", "br"), "(malformed)");
  EXPECT_EQ(decoded(kGzip, "gzip", 4), "(too large)");
  EXPECT_EQ(decoded(kGzip, "gzip,gzip,gzip,gzip,gzip"), "(malformed)");
}

std::string packed_answer(const std::string& coding, const std::string& body) {
  return http_answer(200, body, "Content-Encoding: " + coding + "\r\n");
}

CheckSpec expecting(const LoopbackServer& server, const std::string& text) {
  auto spec = spec_for(server.url("http"));
  spec.body_contains = {text};
  return spec;
}

TEST(Bodies, WhatAServerPacksIsItsOwnDoing) {
  LoopbackServer two_members(answering(packed_answer("gzip", kGzip + kGzip)));
  EXPECT_EQ(run_check(two_members.url("http")).state, State::up);
  const auto outcome = run_check(expecting(two_members, "hellohello"));
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.body_bytes, 10U);

  LoopbackServer unknown(answering(packed_answer("aws-chunked", "ok")));
  EXPECT_EQ(run_check(unknown.url("http")).state, State::up);
  EXPECT_EQ(run_check(expecting(unknown, "ok")).state, State::up);

  LoopbackServer cut(answering(packed_answer("gzip", kGzip.substr(0, 20))));
  EXPECT_EQ(run_check(cut.url("http")).state, State::up);
  const auto truncated = run_check(expecting(cut, "hello"));
  EXPECT_EQ(truncated.state, State::down);
  EXPECT_EQ(truncated.error, ErrorClass::protocol);
  EXPECT_EQ(truncated.detail, "the body packed by \"gzip\" ends in the middle");

  LoopbackServer plain(answering(packed_answer("gzip", "not packed at all")));
  EXPECT_EQ(run_check(expecting(plain, "not packed")).detail, "the body packed by \"gzip\" is malformed");
}

TEST(Charsets, AreFoundWhereTheyAreNamed) {
  using prober::charset_of;
  EXPECT_EQ(charset_of("text/html; charset=ISO-8859-1", ""), "iso-8859-1");
  EXPECT_EQ(charset_of("text/html;charset=\"Shift_JIS\"; x=1", ""), "shift_jis");
  EXPECT_EQ(charset_of("text/html", "\xef\xbb\xbfx"), "utf-8");
  EXPECT_EQ(charset_of("text/html", "<html><META charset='koi8-r'>"), "koi8-r");
  EXPECT_EQ(charset_of("", "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=big5\">"), "big5");
  EXPECT_EQ(charset_of("application/json", "<meta charset=x>"), "");
  EXPECT_EQ(charset_of("text/html", std::string(2000, ' ') + "<meta charset=x>"), "");
}

TEST(Charsets, BodiesBecomeUtf8) {
  using prober::to_utf8;
  EXPECT_EQ(to_utf8("caf\xe9 \x80", "iso-8859-1"), "caf\xc3\xa9 \xe2\x82\xac");
  EXPECT_EQ(to_utf8(std::string("h\0i\0", 4), "utf-16le"), "hi");
  EXPECT_EQ(to_utf8("\x82\xa0", "shift_jis"), "\xe3\x81\x82");
  EXPECT_EQ(to_utf8("a\xff\xff", "shift_jis").substr(0, 2), "a?");
  EXPECT_EQ(to_utf8("\x82", "shift_jis"), "?");
  EXPECT_EQ(to_utf8("caf\xe9", "no-such-charset"), "caf\xe9");
  EXPECT_EQ(to_utf8("caf\xe9", "utf-16//ignore"), "caf\xe9");
}

TEST(Charsets, KeywordsAreFoundInOtherCharsets) {
  LoopbackServer latin(
      answering(http_answer(200, "<p>caf\xe9</p>", "Content-Type: text/html; charset=windows-1252\r\n")));
  EXPECT_EQ(run_check(expecting(latin, "caf\xc3\xa9")).state, State::up);
  LoopbackServer utf8(answering(http_answer(200, "<p>caf\xc3\xa9</p>")));
  EXPECT_EQ(run_check(expecting(utf8, "caf\xc3\xa9")).state, State::up);
}

TEST(Bodies, JsonOfAnyDepthDoesNoHarm) {
  const std::size_t depth = 400'000;
  LoopbackServer deep(answering(http_answer(200, std::string(depth, '[') + std::string(depth, ']'))));
  auto spec = spec_for(deep.url("http"));
  spec.json = {{"", JsonCondition::Op::equal, "1"}, {"", JsonCondition::Op::equal, "1", JsonCondition::Subject::any}};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.error, ErrorClass::condition);
  EXPECT_EQ(outcome.detail, "body is JSON nested deeper than 200");
}

// As JSON.parse() of browsers and jq take them.
TEST(Bodies, JsonWithHalfACharacterIsRead) {
  const auto verdict = [](const std::string& body) {
    LoopbackServer server(answering(http_answer(200, body)));
    auto spec = spec_for(server.url("http"));
    spec.json = {{"n", JsonCondition::Op::equal, "1"}};
    return run_check(spec).detail;
  };
  EXPECT_EQ(verdict(R"({"cut":"\ud83d","n":1})"), "");
  EXPECT_EQ(verdict(R"({"cut":"x\\\udE00 \ud83d\ud83d\ude00","n":1})"), "");
  EXPECT_EQ(verdict(R"({"whole":"\ud83d\ude00","n":2})"), "JSON n is 2, expected == 1");
  EXPECT_EQ(verdict(R"({"cut":"\ud83d","n":1)"), "body is not JSON");
  EXPECT_EQ(verdict(R"({"cut":"\u12","n":1})"), "body is not JSON");
  EXPECT_EQ(verdict(R"({"cut":"\)"), "body is not JSON");
  EXPECT_EQ(verdict(R"({"n":1e400})"), "body is JSON with a number beyond what a double can hold");
}

TEST(Bodies, JsonIsReadInTheCharsetOfItsText) {
  const auto verdict = [](const std::string& body, const std::string& charset) {
    LoopbackServer server(
        answering(http_answer(200, body, "Content-Type: application/json; charset=" + charset + "\r\n")));
    auto spec = spec_for(server.url("http"));
    spec.json = {{"n", JsonCondition::Op::equal, "caf\xc3\xa9"}};
    return run_check(spec).detail;
  };
  EXPECT_EQ(verdict("{\"n\":\"caf\xe9\"}", "iso-8859-1"), "");
  EXPECT_EQ(verdict("{\"n\":\"caf\xc3\xa9\"}", "utf-8"), "");
}

TEST(Bodies, HeadersAreEnoughForABodyWithoutAnEnd) {
  LoopbackServer endless([](Connection& c) {
    c.read_request();
    c.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n");
    while (c.send(std::string(65536, 'z'))) {
    }
  });
  auto spec = spec_for(endless.url("http"));
  spec.read_body = false;
  spec.header_conditions = {{"Content-Type", HeaderCondition::Op::equals, "audio/mpeg"}};
  const auto outcome = run_check(spec);
  EXPECT_EQ(outcome.state, State::up) << outcome.detail;
  EXPECT_EQ(outcome.code, 200);
  EXPECT_TRUE(outcome.latency_us.has_value());
  spec.read_body = true;
  EXPECT_EQ(run_check(spec).error, ErrorClass::too_large);
}

TEST(UpsideDown, FailureIsUpAndAnAnswerIsDown) {
  LoopbackServer server(answering(http_answer(200, "")));
  auto spec = spec_for(server.url("http"));
  spec.upside_down = true;
  const auto answered = run_check(spec);
  EXPECT_EQ(answered.state, State::down);
  EXPECT_EQ(answered.error, ErrorClass::condition);
  EXPECT_EQ(answered.detail, "answers, and is expected not to");
  spec.url = "http://127.0.0.1:" + std::to_string(free_port()) + "/";
  const auto refused = run_check(spec);
  EXPECT_EQ(refused.state, State::up);
  EXPECT_EQ(refused.error, ErrorClass::none);
  EXPECT_EQ(refused.detail, "");
  spec = spec_for("https://127.0.0.1:" + std::to_string(server.port()) + "/");
  spec.client_certificate = "/nonexistent/client.pem";
  spec.upside_down = true;
  EXPECT_EQ(run_check(spec).state, State::unknown);
}

// What is shown as time is all of the time.
TEST(Phases, AddUpToTheLatency) {
  LoopbackServer server([](Connection& c) {
    const auto request = c.read_request();
    c.pause_ms(3);
    c.send(request.starts_with("GET /first") ? http_answer(302, "", "Location: /second\r\n") : http_answer(200, "ok"));
  });
  for (int i = 0; i < 20; ++i) {
    const auto outcome = run_check(server.url("http", i % 2 == 0 ? "/first" : "/second"));
    ASSERT_EQ(outcome.state, State::up) << outcome.detail;
    const auto& p = outcome.phases;
    EXPECT_EQ(p.dns_us + p.connect_us + p.tls_us + p.first_byte_us + p.transfer_us, *outcome.latency_us);
  }
}

}  // namespace
}  // namespace nines
