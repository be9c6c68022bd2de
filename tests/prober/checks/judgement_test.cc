// The judging parts by themselves: conditions, error classes, address policy, DNS and MQTT messages, texts.
#include <ares.h>
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/address.h"
#include "base/text.h"
#include "checks/conditions.h"
#include "checks/error_mapping.h"
#include "protocols/dns_message.h"
#include "protocols/mqtt.h"
#include "spec/compiled_check.h"
#include "spec/json_test.h"

namespace nines::prober {
namespace {

std::string header_verdict(HeaderCondition condition, const HeaderFields& headers) {
  CheckSpec spec;
  spec.url = "http://a";
  spec.header_conditions = {std::move(condition)};
  const auto check = compile(spec);
  EXPECT_TRUE(check.has_value());
  Answer answer;
  answer.status = 200;
  answer.headers = headers;
  const auto failure = judge_headers(**check, answer);
  return failure ? failure->detail : "";
}

TEST(HeaderConditions, HoldOrSayWhy) {
  using Op = HeaderCondition::Op;
  const HeaderFields headers{{"Server", "nginx/1.22"}, {"Vary", "Accept"}, {"vary", "Origin"}};
  EXPECT_EQ(header_verdict({"server", Op::exists, ""}, headers), "");
  EXPECT_EQ(header_verdict({"X", Op::exists, ""}, headers), "header X is missing");
  EXPECT_EQ(header_verdict({"X", Op::absent, ""}, headers), "");
  EXPECT_EQ(header_verdict({"Server", Op::absent, ""}, headers), "header Server is present");
  EXPECT_EQ(header_verdict({"Vary", Op::equals, "Origin"}, headers), "");
  EXPECT_EQ(header_verdict({"Vary", Op::equals, "origin"}, headers), "header Vary is \"Accept\", expected \"origin\"");
  EXPECT_EQ(header_verdict({"Vary", Op::not_equals, "x"}, headers), "");
  EXPECT_EQ(header_verdict({"X", Op::not_equals, "x"}, headers), "");
  EXPECT_EQ(header_verdict({"Vary", Op::not_equals, "Origin"}, headers), "header Vary is \"Origin\"");
  EXPECT_EQ(header_verdict({"Server", Op::contains, "nginx"}, headers), "");
  EXPECT_EQ(header_verdict({"Server", Op::matches, "^nginx/[0-9.]+$"}, headers), "");
  EXPECT_EQ(header_verdict({"Server", Op::matches, "^apache"}, headers),
            "header Server is \"nginx/1.22\", expected to match \"^apache\"");
}

std::string json_verdict(const std::string& path, JsonCondition::Op op, const std::string& value,
                         const std::string& document) {
  const auto test = JsonTest::create({path, op, value});
  EXPECT_TRUE(test.has_value());
  return test->failure(nlohmann::json::parse(document)).value_or("");
}

TEST(JsonConditions, NegativeNumbersAreBelowTheGreatestOnes) {
  using Op = JsonCondition::Op;
  const std::string document = R"({"low":-1,"high":18446744073709551615})";
  EXPECT_NE(json_verdict("low", Op::equal, "18446744073709551615", document), "");
  EXPECT_EQ(json_verdict("low", Op::not_equal, "18446744073709551615", document), "");
  EXPECT_EQ(json_verdict("low", Op::less, "18446744073709551615", document), "");
  EXPECT_EQ(json_verdict("high", Op::greater, "-1", document), "");
  EXPECT_NE(json_verdict("high", Op::less_equal, "-1", document), "");
  EXPECT_NE(json_verdict("low", Op::greater, "0", document), "");
}

TEST(JsonConditions, PathsLeadToValues) {
  using Op = JsonCondition::Op;
  const std::string document = R"({"a":{"b":[1,{"c":"x"}]},"d.e":2,"m~n":3,"o/p":4,"":5,"t":true,"z":null})";
  EXPECT_EQ(json_verdict("a.b.1.c", Op::equal, "x", document), "");
  EXPECT_EQ(json_verdict("/a/b/1/c", Op::equal, "\"x\"", document), "");
  EXPECT_EQ(json_verdict("/d.e", Op::equal, "2", document), "");
  EXPECT_EQ(json_verdict("/m~0n", Op::equal, "3", document), "");
  EXPECT_EQ(json_verdict("/o~1p", Op::equal, "4", document), "");
  EXPECT_EQ(json_verdict("/", Op::equal, "5", document), "");
  EXPECT_EQ(json_verdict("t", Op::equal, "true", document), "");
  EXPECT_EQ(json_verdict("z", Op::equal, "null", document), "");
  EXPECT_EQ(json_verdict("", Op::contains, "a", document), "");
  EXPECT_EQ(json_verdict("a.b.7", Op::equal, "1", document), "JSON a.b.7 is missing");
  EXPECT_EQ(json_verdict("a.b.x", Op::not_equal, "1", document), "JSON a.b.x is missing");
  EXPECT_EQ(json_verdict("t.u", Op::equal, "1", document), "JSON t.u is missing");
}

TEST(JsonConditions, PathsMayHaveBrackets) {
  using Op = JsonCondition::Op;
  const std::string document = R"({"items":[{"n":1},{"n":2}],"a b":{"c.d":3},"x":[[7]]})";
  EXPECT_EQ(json_verdict("items[1].n", Op::equal, "2", document), "");
  EXPECT_EQ(json_verdict("$.items[0].n", Op::equal, "1", document), "");
  EXPECT_EQ(json_verdict("$['a b'][\"c.d\"]", Op::equal, "3", document), "");
  EXPECT_EQ(json_verdict("x[0][0]", Op::equal, "7", document), "");
  EXPECT_EQ(json_verdict("$", Op::contains, "items", document), "");
  EXPECT_EQ(json_verdict("items[2].n", Op::equal, "2", document), "JSON items[2].n is missing");
  for (const char* path :
       {"items[", "items[]", "items[x]", "items[0]n", "items['a]", "a..b", "a.", "$.", "items[-1]"}) {
    const auto test = JsonTest::create({path, Op::equal, "1"});
    ASSERT_FALSE(test.has_value()) << path;
    EXPECT_EQ(test.error().field, "expect.json");
  }
}

TEST(JsonConditions, LengthsPresenceAndAnyOfSeveral) {
  using Op = JsonCondition::Op;
  using Subject = JsonCondition::Subject;
  const auto verdict = [](JsonCondition condition, const std::string& document) {
    const auto test = JsonTest::create(condition);
    EXPECT_TRUE(test.has_value());
    return test->failure(nlohmann::json::parse(document)).value_or("");
  };
  const std::string document = R"({"items":[{"n":1,"t":"a"},{"n":2},{"m":[4,5]}],"s":"gr\u00fcn","o":{"a":1},"e":[]})";
  EXPECT_EQ(verdict({"items", Op::equal, "3", Subject::length}, document), "");
  EXPECT_EQ(verdict({"items", Op::less, "3", Subject::length}, document), "len of JSON items is 3, expected < 3");
  EXPECT_EQ(verdict({"s", Op::equal, "4", Subject::length}, document), "");
  EXPECT_EQ(verdict({"o", Op::greater_equal, "1", Subject::length}, document), "");
  EXPECT_EQ(verdict({"e", Op::equal, "0", Subject::length}, document), "");
  EXPECT_EQ(verdict({"o.a", Op::equal, "1", Subject::length}, document), "JSON o.a has no length");
  EXPECT_EQ(verdict({"q", Op::equal, "1", Subject::length}, document), "JSON q is missing");
  EXPECT_EQ(verdict({"items[0].t", Op::exists, ""}, document), "");
  EXPECT_EQ(verdict({"items[1].t", Op::exists, ""}, document), "JSON items[1].t is missing");
  EXPECT_EQ(verdict({"items.n", Op::equal, "2", Subject::any}, document), "");
  EXPECT_EQ(verdict({"items.m", Op::greater, "4", Subject::any}, document), "");
  EXPECT_EQ(verdict({"items.n", Op::equal, "3", Subject::any}, document), "no value of JSON items.n is == 3");
  EXPECT_EQ(verdict({"e", Op::equal, "3", Subject::any}, document), "no value of JSON e is == 3");
  EXPECT_EQ(verdict({"items[0].n", Op::equal, "1", Subject::any}, document), "");
  EXPECT_FALSE(JsonTest::create({"items", Op::equal, "x", Subject::length}).has_value());
}

TEST(JsonConditions, DepthIsCountedOutsideOfTexts) {
  EXPECT_EQ(json_depth(R"({"a":[1,[2]]})"), 3U);
  EXPECT_EQ(json_depth(R"("[[[\"[[")"), 0U);
  EXPECT_EQ(json_depth("]]]["), 1U);
  EXPECT_EQ(json_depth(""), 0U);
}

TEST(JsonConditions, ComparisonsKeepToTheirTypes) {
  using Op = JsonCondition::Op;
  EXPECT_EQ(json_verdict("n", Op::equal, "3", R"({"n":3.0})"), "");
  EXPECT_EQ(json_verdict("n", Op::less, "3", R"({"n":2})"), "");
  EXPECT_EQ(json_verdict("n", Op::less, "3", R"({"n":3})"), "JSON n is 3, expected < 3");
  EXPECT_EQ(json_verdict("n", Op::less_equal, "3", R"({"n":3})"), "");
  EXPECT_EQ(json_verdict("n", Op::greater, "-1.5", R"({"n":-1})"), "");
  EXPECT_EQ(json_verdict("v", Op::greater, "b", R"({"v":"c"})"), "");
  EXPECT_EQ(json_verdict("l", Op::contains, "2", R"({"l":[1,2]})"), "");
  EXPECT_EQ(json_verdict("l", Op::contains, "3", R"({"l":[1,2]})"), "JSON l is [1,2], expected contains 3");
  EXPECT_EQ(json_verdict("s", Op::contains, "ell", R"({"s":"hello"})"), "");
  EXPECT_EQ(json_verdict("n", Op::contains, "1", R"({"n":11})"), "JSON n is 11, expected contains 1");
}

TEST(JsonConditions, AStringBesideANumberIsWhatItSpells) {
  using Op = JsonCondition::Op;
  EXPECT_EQ(json_verdict("n", Op::equal, "3", R"({"n":"3"})"), "");
  EXPECT_EQ(json_verdict("n", Op::equal, "3", R"({"n":"3.0"})"), "");
  EXPECT_EQ(json_verdict("n", Op::not_equal, "3", R"({"n":"3"})"), "JSON n is \"3\", expected != 3");
  EXPECT_EQ(json_verdict("n", Op::greater_equal, "3", R"({"n":"4"})"), "");
  EXPECT_EQ(json_verdict("n", Op::less, "10", R"({"n":"9"})"), "") << "as numbers, not as bytes";
  EXPECT_EQ(json_verdict("t", Op::equal, "true", R"({"t":"true"})"), "");
  EXPECT_EQ(json_verdict("t", Op::equal, "true", R"({"t":"True"})"), "JSON t is \"True\", expected == true");
  EXPECT_EQ(json_verdict("l", Op::contains, "3", R"({"l":["1","3"]})"), "");
  EXPECT_EQ(json_verdict("v", Op::contains, "5.30", R"({"v":"perl v5.30"})"), "") << "as it was written";
  EXPECT_EQ(json_verdict("o", Op::contains, "404", R"({"o":{"404":1}})"), "");
  // A value in quotes is text and nothing else.
  EXPECT_EQ(json_verdict("n", Op::equal, "\"3\"", R"({"n":3})"), "JSON n is 3, expected == \"3\"");
  EXPECT_EQ(json_verdict("n", Op::equal, "\"3\"", R"({"n":"3.0"})"), "JSON n is \"3.0\", expected == \"3\"");
  EXPECT_EQ(json_verdict("n", Op::equal, "3", R"({"n":"[3]"})"), "JSON n is \"[3]\", expected == 3");
  EXPECT_EQ(json_verdict("n", Op::equal, "3", R"({"n":""})"), "JSON n is \"\", expected == 3");
}

TEST(ErrorClasses, EveryCurlCodeHasOne) {
  // What stays `other`: protocols that are never used, and codes that libcurl does not use any more.
  const std::set<int> others{CURLE_SSH, CURLE_AGAIN};
  const TransferProgress fresh;
  for (int code = 1; code < CURL_LAST; ++code) {
    const std::string name = curl_easy_strerror(static_cast<CURLcode>(code));
    if (name == "Unknown error") continue;
    const auto error = classify(static_cast<CURLcode>(code), fresh);
    EXPECT_NE(error, ErrorClass::none) << code;
    EXPECT_EQ(error == ErrorClass::other, others.contains(code)) << code << " " << name;
  }
  EXPECT_EQ(classify(CURLE_OK, fresh), ErrorClass::none);
}

TEST(ErrorClasses, FollowWhatHappened) {
  const TransferProgress fresh;
  const TransferProgress connected{true, false, false, 0};
  const TransferProgress secured{true, true, false, 0};
  const auto connect_error = [](int error) {
    return classify(CURLE_COULDNT_CONNECT, TransferProgress{false, false, false, error});
  };
  EXPECT_EQ(connect_error(ECONNREFUSED), ErrorClass::connect_refused);
  EXPECT_EQ(connect_error(ETIMEDOUT), ErrorClass::connect_timeout);
  EXPECT_EQ(connect_error(EHOSTUNREACH), ErrorClass::unreachable);
  EXPECT_EQ(connect_error(ENETUNREACH), ErrorClass::unreachable);
  EXPECT_EQ(connect_error(EMFILE), ErrorClass::internal);
  const TransferProgress answered{true, true, true, 0};
  EXPECT_EQ(classify(CURLE_WRITE_ERROR, answered), ErrorClass::protocol);
  EXPECT_EQ(classify(CURLE_WRITE_ERROR, secured), ErrorClass::internal);
  EXPECT_EQ(classify(CURLE_OPERATION_TIMEDOUT, fresh), ErrorClass::connect_timeout);
  EXPECT_EQ(classify(CURLE_OPERATION_TIMEDOUT, connected), ErrorClass::timeout);
  EXPECT_EQ(classify(CURLE_OPERATION_TIMEDOUT, secured), ErrorClass::timeout);
  EXPECT_EQ(classify(CURLE_COULDNT_RESOLVE_HOST, fresh), ErrorClass::dns);
  EXPECT_EQ(classify(CURLE_SSL_CONNECT_ERROR, connected), ErrorClass::tls);
  EXPECT_EQ(classify(CURLE_PEER_FAILED_VERIFICATION, connected), ErrorClass::certificate);
  EXPECT_EQ(classify(CURLE_GOT_NOTHING, secured), ErrorClass::reset);
  EXPECT_EQ(classify(CURLE_HTTP2_STREAM, secured), ErrorClass::protocol);
  EXPECT_EQ(classify(CURLE_LOGIN_DENIED, secured), ErrorClass::condition);
  EXPECT_EQ(classify(CURLE_OUT_OF_MEMORY, fresh), ErrorClass::internal);
  EXPECT_EQ(curl_failure(CURLE_RECV_ERROR, secured, "OpenSSL SSL_read: tlsv13 alert certificate required").error,
            ErrorClass::tls);
  EXPECT_EQ(curl_failure(CURLE_RECV_ERROR, secured, "Recv failure: Connection reset by peer").error, ErrorClass::reset);
}

bool refused(const AddressPolicy& policy, const char* text) {
  const auto address = parse_address(text, 80);
  EXPECT_TRUE(address.has_value()) << text;
  return refuses(policy, *address->raw());
}

TEST(AddressPolicies, RefuseTheirOwnAddressesOnly) {
  const std::vector<const char*> loopback{"127.0.0.1", "127.255.255.255",  "0.0.0.0",         "::1",
                                          "::",        "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"};
  const std::vector<const char*> link_local{"169.254.169.254", "169.254.0.1", "fe80::1", "febf::1",
                                            "::ffff:169.254.169.254"};
  const std::vector<const char*> private_ones{"10.0.0.1",      "172.16.0.1", "172.31.255.255",  "192.168.1.1",
                                              "100.64.0.1",    "224.0.0.1",  "255.255.255.255", "fc00::1",
                                              "fd00:ec2::254", "ff02::1",    "::ffff:10.0.0.1", "2002:a00:1::"};
  const std::vector<const char*> open{"192.0.2.1",   "8.8.8.8",        "172.32.0.1",  "172.15.255.255", "100.128.0.1",
                                      "2001:db8::1", "::ffff:8.8.8.8", "169.253.0.1", "11.0.0.1"};
  const AddressPolicy policies[] = {{true, false, false}, {false, true, false}, {false, false, true}};
  const std::vector<const char*>* groups[] = {&loopback, &link_local, &private_ones, &open};
  for (std::size_t p = 0; p < 3; ++p) {
    for (std::size_t g = 0; g < 4; ++g) {
      for (const char* text : *groups[g]) EXPECT_EQ(refused(policies[p], text), p == g) << p << " " << text;
    }
  }
  EXPECT_FALSE(refused({}, "127.0.0.1"));
}

TEST(Addresses, AreParsedAndPrinted) {
  EXPECT_EQ(with_port(*parse_address("192.0.2.1", 80)), "192.0.2.1:80");
  EXPECT_EQ(with_port(*parse_address("[2001:db8::1]", 443)), "[2001:db8::1]:443");
  EXPECT_EQ(to_string(*parse_address("2001:DB8:0::1", 443)), "2001:db8::1");
  for (const char* text : {"", "example.org", "1.2.3", "1.2.3.4.5", "[", "[]", "::g", "127.1"}) {
    EXPECT_FALSE(parse_address(text, 1).has_value()) << text;
  }
}

// RFC 1035's format by hand: header, one question, three answers, names compressed.
const std::string kMessage(
    "\x12\x34\x81\x80\0\1\0\3\0\0\0\0"
    "\7example\3org\0\0\x0f\0\1"
    "\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\x07\0\x0a\2mx\xc0\x0c"
    "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\7"
    "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\6\2ab\2cd",
    12 + 17 + 19 + 16 + 18);

TEST(DnsMessages, RecordsAreReadAsText) {
  const auto message = parse_dns_message(kMessage);
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->rcode, 0);
  ASSERT_EQ(message->answers.size(), 3U);
  EXPECT_EQ(message->answers[0].type, 15);
  EXPECT_EQ(message->answers[0].text, "10 mx.example.org");
  EXPECT_EQ(message->answers[1].text, "192.0.2.7");
  EXPECT_EQ(message->answers[2].text, "abcd");
}

// One record of `type` with `data`, whose name is that of the question.
std::string record_text(int type, const std::string& data) {
  std::string message("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\1a\0\0\1\0\1\xc0\x0c", 21);
  message += static_cast<char>(type >> 8);
  message += static_cast<char>(type & 0xff);
  message += std::string("\0\1\0\0\0\x3c", 6);
  message += static_cast<char>(data.size() >> 8);
  message += static_cast<char>(data.size() & 0xff);
  const auto read = parse_dns_message(message + data);
  return read && read->answers.size() == 1 ? read->answers[0].text : "(none)";
}

TEST(DnsMessages, EveryTypeIsShownAsInAZoneFile) {
  EXPECT_EQ(record_text(43, std::string("\xec\x45\5\1\x2b\xb1", 6)), "60485 5 1 2bb1");
  EXPECT_EQ(record_text(44, std::string("\4\2\xab", 3)), "4 2 ab");
  EXPECT_EQ(record_text(48, std::string("\1\1\3\x0d\1\2\3", 7)), "257 3 13 AQID");
  EXPECT_EQ(record_text(52, std::string("\3\1\1\xcd", 4)), "3 1 1 cd");
  EXPECT_EQ(record_text(35, std::string("\0\x64\0\x0a\1u\3sip\1!\0", 13)), "100 10 \"u\" \"sip\" \"!\" .");
  EXPECT_EQ(record_text(257, std::string("\0\5issueca \"x\"", 13)), "0 issue \"ca \\\"x\\\"\"");
  EXPECT_EQ(record_text(65, std::string("\0\1\3svc\0\0\1\0\3\2h2\0\4\0\4\xc0\0\2\1", 22)),
            "1 svc alpn=h2 ipv4hint=192.0.2.1");
  EXPECT_EQ(record_text(64, std::string("\0\0\3svc\0", 7)), "0 svc");
  EXPECT_EQ(record_text(65, std::string("\0\1\0\0\3\0\2\x20\xfb\0\1\0\3\2h2", 16)), "(none)") << "out of order";
  EXPECT_EQ(record_text(65, std::string("\0\1\0\0\1\0\3\3h2", 10)), "(none)");
  EXPECT_EQ(record_text(65, std::string("\0\1\0\0\1\0\xff\2h2", 10)), "(none)");
  EXPECT_EQ(record_text(256, std::string("\0\1\0\2urn:x", 9)), "1 2 \"urn:x\"");
  EXPECT_EQ(record_text(61, std::string("\1\2\3", 3)), "AQID");
  EXPECT_EQ(record_text(5, std::string("\3a.b\0", 5)), "a\\.b");
  EXPECT_EQ(record_text(1, std::string("\1\2\3", 3)), "(none)");
  EXPECT_EQ(record_text(1, std::string("\1\2\3\4\5", 5)), "(none)");
  EXPECT_EQ(record_text(15, std::string("\0\1\1b\0tail", 9)), "(none)");
  EXPECT_EQ(record_text(16, std::string("\5ab", 3)), "(none)");
  EXPECT_EQ(record_text(99, "x"), "(none)");
}

// A question for a.test with these records behind it, each an owner, a type and its data.
DnsMessage answer_with(const std::vector<std::tuple<std::string, int, std::string>>& records) {
  std::string message("\x12\x34\x81\x80\0\1\0", 7);
  message += static_cast<char>(records.size());
  message += std::string("\0\0\0\0\1A\4test\0\0\1\0\1", 16);
  for (const auto& [owner, type, data] : records) {
    message += owner + std::string("\0\0", 2) + static_cast<char>(type) + std::string("\0\1\0\0\0\x3c\0", 7);
    message += static_cast<char>(data.size()) + data;
  }
  return parse_dns_message(message).value_or(DnsMessage{});
}

TEST(DnsMessages, OnlyTheQuestionsNameAndItsAliasesAreAnswered) {
  const std::string address("\xc0\0\2\7", 4);
  const std::string other("\xc0\0\2\x8", 4);
  const std::string b("\1b\4test\0", 8);
  const std::string c("\1C\4test\0", 8);
  const auto texts = [](const DnsMessage& message) {
    std::string all;
    for (const DnsRecord& record : records_of(message, 1)) all += record.text + " ";
    return all;
  };
  EXPECT_EQ(texts(answer_with({{"\1a\4test", 1, address}, {"\1x\4test", 1, other}})), "192.0.2.7 ");
  EXPECT_EQ(texts(answer_with({{"\1x\4test", 1, address}})), "") << "of another name";
  EXPECT_EQ(texts(answer_with({{"\1c\4test", 1, address}, {"\1b\4test", 5, c}, {"\1a\4test", 5, b}})), "192.0.2.7 ")
      << "aliases in any order";
  EXPECT_EQ(texts(answer_with({{"\1a\4test", 5, b}, {"\1b\4test", 5, std::string("\1a\4test\0", 8)}})), "")
      << "aliases in a circle";
}

TEST(DnsMessages, EveryTruncationIsRefused) {
  for (std::size_t length = 0; length < kMessage.size(); ++length) {
    EXPECT_FALSE(parse_dns_message(std::string_view(kMessage).substr(0, length)).has_value()) << length;
  }
}

TEST(DnsMessages, FlippedBytesNeverLeadOutside) {
  for (std::size_t at = 0; at < kMessage.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string broken = kMessage;
      broken[at] = static_cast<char>(broken[at] ^ (1 << bit));
      static_cast<void>(parse_dns_message(broken));  // a sanitizer build watches
    }
  }
}

TEST(DnsMessages, ANameThatPointsToItselfIsRefused) {
  std::string loop = kMessage;
  loop.replace(12, 2, "\xc0\x0c");
  EXPECT_FALSE(parse_dns_message(loop).has_value());
}

TEST(Mqtt, ThePacketsAreTheStandards) {
  EXPECT_EQ(mqtt_connect("", ""), std::string("\x10\x0c\0\4MQTT\4\2\0\x3c\0\0", 14));
  EXPECT_EQ(mqtt_connect("u", "p"), std::string("\x10\x12\0\4MQTT\4\xc2\0\x3c\0\0\0\1u\0\1p", 20));
  EXPECT_FALSE(parse_mqtt_connack("").done);
  EXPECT_FALSE(parse_mqtt_connack(std::string("\x20\2\0", 3)).done);
  EXPECT_EQ(parse_mqtt_connack(std::string("\x20\2\0\0", 4)).error, "");
  EXPECT_EQ(parse_mqtt_connack(std::string("\x20\2\0\4", 4)).code, 4);
  EXPECT_EQ(parse_mqtt_connack("HTTP").error, "the answer is not MQTT");
}

TEST(Texts, AreMadeFitForADetail) {
  EXPECT_EQ(one_line("a\r\nb\tc\x7f"), "a  b c ");
  EXPECT_EQ(one_line("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(one_line("\xff\xc3(\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80"), std::string(2, '?') + "(" + std::string(9, '?'));
  EXPECT_EQ(one_line("\xc2\x85x"), " x");
  EXPECT_EQ(shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(shorten("abcdefg", 6), "abc...");
  EXPECT_EQ(shorten("ab\xc3\xbc"
                    "defg",
                    6),
            "ab...");
  EXPECT_EQ(redact("x=secret; y=secretary; z=se", {"secretary", "secret", "se"}), "x=***; y=***; z=se");
}

}  // namespace
}  // namespace nines::prober
