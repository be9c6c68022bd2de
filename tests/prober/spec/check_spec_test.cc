// The description of a check: its JSON form, what is refused, and with which words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <nines/check_runner.h>
#include <nines/check_spec.h>

#include "prober/support/certificates.h"
#include "spec/check_kind.h"
#include "spec/compiled_check.h"

namespace nines {
namespace {

using prober_test::Identity;
using prober_test::TestAuthority;
using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

CheckSpec with_url(const std::string& url) {
  CheckSpec spec;
  spec.url = url;
  return spec;
}

// A value other than the default in every field; not a check that makes sense.
CheckSpec everything() {
  CheckSpec spec;
  spec.url = "https://example.org/a?b=c";
  spec.method = "PATCH";
  spec.headers = {{"Zebra", "1"}, {"Accept", "text/html; q=1"}};
  spec.body = "line\n\"quoted\"";
  spec.http_version = HttpVersion::v1_0;
  spec.follow_redirects = false;
  spec.max_redirects = 3;
  spec.compressed = true;
  spec.keep_alive = true;
  spec.username = "u";
  spec.password = "p: ";
  spec.bearer_token = "t";
  spec.client_certificate = "/c.pem";
  spec.client_key = "/k.pem";
  spec.ca_file = "/ca.pem";
  spec.crl_file = "/crl.pem";
  spec.verify_tls = false;
  spec.starttls = true;
  spec.proxy = "http://proxy:1";
  spec.proxy_from_environment = true;
  spec.family = AddressFamily::v6;
  spec.resolve = {"a:1:192.0.2.1", "b:2:[2001:db8::1]"};
  spec.policy = {true, true, true};
  spec.send = "QUIT\r\n";
  spec.ttl = 5;
  spec.source_address = "192.0.2.1";
  spec.strict = true;
  spec.dialog = {{DialogStep::Act::expect, "^220"}, {DialogStep::Act::send, "a b"}, {DialogStep::Act::starttls, ""}};
  spec.dns_type = "MX";
  spec.dns_server = "192.0.2.53";
  spec.status = {{200, 204}, {301, 301}};
  spec.header_conditions = {
      {"A", HeaderCondition::Op::exists, ""},          {"B", HeaderCondition::Op::absent, ""},
      {"C", HeaderCondition::Op::equals, "two words"}, {"D", HeaderCondition::Op::not_equals, "x"},
      {"E", HeaderCondition::Op::contains, ""},        {"F", HeaderCondition::Op::matches, "^a b$"}};
  spec.body_contains = {"Welcome", " "};
  spec.body_not_contains = {"Error"};
  spec.body_matches = {"[0-9]+ items"};
  spec.json = {{"items.0.n", JsonCondition::Op::greater_equal, "3"},
               {"/a b/c", JsonCondition::Op::contains, "\"x == y\""},
               {"", JsonCondition::Op::not_equal, ""},
               {"items", JsonCondition::Op::greater, "2", JsonCondition::Subject::length},
               {"items.a b", JsonCondition::Op::equal, "\"x\"", JsonCondition::Subject::any},
               {"$.items[0]", JsonCondition::Op::exists, ""}};
  spec.dns_answers = {"10 mx.example"};
  spec.dns_rcode = "NXDOMAIN";
  spec.dns_only = true;
  spec.dns_contains = {"mx"};
  spec.dns_networks = {"192.0.2.0/24"};
  spec.public_key_sha256 = {"x"};
  spec.certificate_issuer = {"O=A, B"};
  spec.ocsp_stapling = true;
  spec.certificate_days = 14;
  spec.latency_below = milliseconds(800);
  spec.timeouts = {milliseconds(1), milliseconds(1500), milliseconds(61'000), milliseconds(60'000), milliseconds(7000)};
  spec.read_body = false;
  spec.upside_down = true;
  spec.body_limit_bytes = 5;
  spec.header_limit_bytes = 1024;
  return spec;
}

std::string read_error(const std::string& json) {
  const auto spec = check_spec_from_json(json);
  return spec ? "" : spec.error().message;
}

std::string invalid(const CheckSpec& spec, milliseconds interval = milliseconds(0)) {
  const auto result = validate(spec, interval);
  return result ? "" : result.error().message;
}

// While a text is looked at no other check goes on, and the server chooses the text.
TEST(CheckSpecs, ExpressionsThatCouldTakeSecondsAreRefused) {
  CheckSpec spec;
  spec.url = "http://example.org/";
  const auto refused = [&spec](const std::string& expression) {
    spec.body_matches = {expression};
    const auto valid = validate(spec, std::chrono::minutes{1});
    return valid ? std::string() : valid.error().message;
  };
  EXPECT_EQ(refused("(?i)error|fatal|exception|unavailable"), "");
  EXPECT_EQ(refused("<title>[^<]{1,80}</title>"), "");
  EXPECT_EQ(refused("a.{0,50}b"), "");
  EXPECT_THAT(refused("a.{0,500}b"), testing::HasSubstr("could take seconds for 1048576 bytes"));
  EXPECT_THAT(refused("((a{0,100}){0,10}){0,1}b"), testing::HasSubstr("could take seconds"));
  spec.body_limit_bytes = 10'000;
  EXPECT_EQ(refused("a.{0,500}b"), "");
  spec.body_limit_bytes = 64U << 20U;
  EXPECT_EQ(refused("(?i)error|fatal|exception|unavailable"), "") << "what is small may look at anything";
}

TEST(CheckSpecJson, EveryFieldComesBack) {
  const auto json = to_json(everything());
  const auto back = check_spec_from_json(json);
  ASSERT_TRUE(back.has_value()) << back.error().message << "\n" << json;
  EXPECT_TRUE(*back == everything()) << json << "\n" << to_json(*back);
  EXPECT_EQ(to_json(*back), json);
}

TEST(CheckSpecJson, DefaultsAreLeftOut) {
  EXPECT_EQ(to_json(with_url("https://example.org")), R"({"url":"https://example.org"})");
  EXPECT_EQ(to_json(CheckSpec{}), "{}");
}

TEST(CheckSpecJson, TheConfigurationsShapeIsRead) {
  const auto spec = check_spec_from_json(R"({
    "url": "https://example.org", "timeout": "1m30s", "headers": {"Accept": "text/html"}, "family": 4,
    "timeouts": {"first-byte": "2s"}, "refuse-addresses": ["loopback", "private"],
    "expect": {"status": ["200-299", 404, "5xx"], "body-contains": "Welcome", "json": "n > 3", "headers": ["Server"],
               "certificate-days": 14, "latency-below": "800ms"}})");
  ASSERT_TRUE(spec.has_value()) << spec.error().message;
  EXPECT_EQ(spec->timeouts.total, milliseconds(90'000));
  EXPECT_EQ(spec->timeouts.first_byte, milliseconds(2000));
  EXPECT_EQ(spec->family, AddressFamily::v4);
  EXPECT_TRUE(spec->policy.refuse_loopback && !spec->policy.refuse_link_local && spec->policy.refuse_private);
  const std::vector<StatusRange> ranges{{200, 299}, {404, 404}, {500, 599}};
  EXPECT_EQ(spec->status, ranges);
  EXPECT_EQ(spec->body_contains, std::vector<std::string>{"Welcome"});
  ASSERT_EQ(spec->json.size(), 1U);
  EXPECT_EQ(spec->json[0].path, "n");
  EXPECT_EQ(spec->json[0].op, JsonCondition::Op::greater);
  EXPECT_EQ(spec->header_conditions[0].op, HeaderCondition::Op::exists);
}

TEST(CheckSpecJson, MistakesAreNamed) {
  EXPECT_EQ(read_error("{"), "the check is not valid JSON");
  EXPECT_EQ(read_error("[]"), "the check is not a JSON object");
  EXPECT_EQ(read_error(R"({"urll":"x"})"), "urll: unknown key");
  EXPECT_EQ(read_error(R"({"expect":{"staus":200}})"), "expect.staus: unknown key");
  EXPECT_EQ(read_error(R"({"expect":7})"), "expect: must be an object");
  EXPECT_EQ(read_error(R"({"timeout":10})"), "timeout: must be a duration such as \"10s\"");
  EXPECT_EQ(read_error(R"({"timeout":"10"})"), "timeout: must be a duration such as \"10s\"");
  EXPECT_EQ(read_error(R"({"timeout":"-1s"})"), "timeout: must be a duration such as \"10s\"");
  EXPECT_EQ(read_error(R"({"timeout":"99999999999999999999s"})"), "timeout: must be a duration such as \"10s\"");
  EXPECT_EQ(read_error(R"({"verify-tls":"no"})"), "verify-tls: must be true or false");
  EXPECT_EQ(read_error(R"({"max-redirects":99999999999})"), "max-redirects: must be a whole number");
  EXPECT_EQ(read_error(R"({"body-limit":-1})"), "body-limit: must be a number of bytes");
  EXPECT_EQ(read_error(R"({"http-version":"3"})"), "http-version: must be any, 1.0, 1.1, 2 or 2-prior-knowledge");
  EXPECT_THAT(read_error(R"({"expect":{"status":"200-"}})"), StartsWith("expect.status: must be"));
  EXPECT_THAT(read_error(R"({"expect":{"json":"a = 3"}})"), StartsWith("expect.json: must be"));
  EXPECT_THAT(read_error(R"({"expect":{"headers":"A ~ b"}})"), StartsWith("expect.headers: must be"));
}

TEST(CheckSpecJson, EveryMistakeIsReadAtItsField) {
  const auto reading = read_check_spec(
      R"({"url":"http://a","timeout":10,"urll":1,"expect":{"status":"x","staus":200,"dns-rcode":"NXDOMAIN"},"body":7})");
  const std::vector<FieldError> errors{{"body", "must be a text"},
                                       {"timeout", "must be a duration such as \"10s\""},
                                       {"expect.status", "must be codes such as 204, \"200-299\" or \"2xx\""},
                                       {"expect.staus", "unknown key"},
                                       {"urll", "unknown key"}};
  EXPECT_EQ(reading.errors, errors);
  EXPECT_EQ(reading.spec.url, "http://a");
  EXPECT_EQ(reading.spec.dns_rcode, "NXDOMAIN");
}

TEST(CheckSpecJson, DurationsHaveFractions) {
  const auto read = [](const std::string& text) {
    const auto spec = check_spec_from_json("{\"timeout\":\"" + text + "\"}");
    return spec ? spec->timeouts.total.count() : -1;
  };
  EXPECT_EQ(read("1.5s"), 1500);
  EXPECT_EQ(read("0.25s"), 250);
  EXPECT_EQ(read("0.001s"), 1);
  EXPECT_EQ(read("1.5m"), 90'000);
  EXPECT_EQ(read("1m0.5s"), 60'500);
  EXPECT_EQ(read("2w"), 14LL * 86'400'000);
  for (const char* text : {"0.0001s", "1.5ms", ".5s", "1.s", "1.5", "1..5s", "1.-5s", "1.5s-", "s", "1,5s", "+1s"}) {
    EXPECT_EQ(read(text), -1) << text;
  }
}

TEST(CheckSpecKeys, AreTheKeysOfTheJson) {
  const auto json = nlohmann::json::parse(to_json(everything()));
  std::size_t known = 0;
  for (const CheckSpecKey& key : check_spec_keys()) {
    const auto& section = key.section.empty() ? json : json.at(std::string(key.section));
    EXPECT_TRUE(section.contains(std::string(key.name))) << key.section << " " << key.name;
    EXPECT_FALSE(key.form.empty() || key.help.empty()) << key.name;
    ++known;
  }
  EXPECT_EQ(known, json.size() - 2 + json.at("timeouts").size() + json.at("expect").size());
}

TEST(CheckSpecSecrets, NothingSecretIsLeft) {
  auto spec = with_url("https://example.org/a?token=in-the-query#part");
  spec.username = "somebody";
  spec.password = "password-1";
  spec.headers = {{"Accept", "text/html"},
                  {"Proxy-Authorization", "Bearer in-a-header"},
                  {"X-Session-Id", "session-1"},
                  {"X-Credential", "credential-1"}};
  spec.proxy = "http://proxyuser:proxypass@proxy.example:3128";
  const auto check = compile(spec);
  ASSERT_TRUE(check.has_value()) << check.error().message;
  const auto json = to_json(without_secrets(spec));
  ASSERT_GE((*check)->secrets.size(), 7U);
  for (const std::string& secret : (*check)->secrets) EXPECT_THAT(json, Not(HasSubstr(secret)));
  EXPECT_THAT(json, Not(HasSubstr("proxyuser")));
  const auto shown = without_secrets(spec);
  EXPECT_EQ(shown.url, "https://example.org/a");
  EXPECT_EQ(shown.proxy, "http://proxy.example:3128");
  EXPECT_EQ(shown.username, "somebody");
  EXPECT_EQ(shown.headers.size(), 1U);
  spec.proxy.clear();
  spec.username.clear();
  spec.password.clear();
  spec.bearer_token = "token-1";
  spec.body = "body-1";
  spec.send = "send-1";
  EXPECT_THAT(to_json(without_secrets(spec)), Not(testing::ContainsRegex("token-1|body-1|send-1")));
  EXPECT_EQ(without_secrets(with_url("dns:example.org?type=MX")).url, "dns:example.org?type=MX");
}

TEST(CheckSpecValidate, GoodChecksOfEveryKindPass) {
  for (const char* url : {"http://example.org",
                          "https://example.org:8443/a?b",
                          "HTTP://EXAMPLE.org",
                          "tcp://example.org:22",
                          "tls://[::1]",
                          "icmp://example.org",
                          "dns:example.org",
                          "dns://192.0.2.53/example.org?type=MX",
                          "dns://[::1]:5353/a",
                          "ws://a/",
                          "wss://a/b",
                          "smtp://a",
                          "smtps://a",
                          "imap://a",
                          "imaps://a",
                          "pop3://a",
                          "pop3s://a",
                          "ftp://a",
                          "ftps://a",
                          "mqtt://a",
                          "ldap://a/dc=example",
                          "ldaps://a",
                          "push:",
                          "http://xn--bcher-kva.example/",
                          "http://b\xc3\xbc"
                          "cher.example/",
                          "dns:b\xc3\xbc"
                          "cher.example"}) {
    EXPECT_EQ(invalid(with_url(url)), "") << url;
  }
}

TEST(CheckSpecValidate, BadUrlsAreRefused) {
  for (const char* url : {"", "example.org", "gopher://a", "file:///etc/passwd", "http://", "tcp://a", "http://a:0",
                          "http://a:70000", "http://u:p@a/", "http://a/ b", "http://a/\r\nX: y", "icmp://a:1",
                          "dns:", "dns://name/x", "dns:a?type=ANY", "http://a\xff/", "smtp://a/path", "tcp://a:1/x"}) {
    EXPECT_THAT(invalid(with_url(url)), StartsWith("url: ")) << url;
  }
}

TEST(CheckSpecValidate, TheTimeoutMustBeBelowTheInterval) {
  auto spec = with_url("http://a");
  spec.timeouts.total = milliseconds(10'000);
  EXPECT_EQ(invalid(spec, milliseconds(10'001)), "");
  EXPECT_EQ(invalid(spec, milliseconds(10'000)), "timeout: 10000 ms is not below the interval of 10000 ms");
  spec.timeouts.total = milliseconds(0);
  EXPECT_EQ(invalid(spec), "timeout: not positive");
  spec.timeouts.total = milliseconds(1000);
  spec.timeouts.tls = milliseconds(2000);
  EXPECT_EQ(invalid(spec), "timeouts.tls: 2000 ms is above the timeout of 1000 ms");
}

TEST(CheckSpecValidate, LineBreaksAreRefusedWhereTheyWouldSmuggle) {
  auto spec = with_url("http://a");
  spec.headers = {{"X", "a\r\nEvil: 1"}};
  EXPECT_EQ(invalid(spec), "headers: X has a line break in its value");
  spec.headers = {{"X\r\nEvil", "a"}};
  EXPECT_THAT(invalid(spec), HasSubstr("is not a header name"));
  spec.headers = {{"X", std::string("a\0b", 3)}};
  EXPECT_THAT(invalid(spec), StartsWith("headers:"));
  spec.headers.clear();
  spec.bearer_token = "a\nb";
  EXPECT_EQ(invalid(spec), "bearer-token: has a line break");
  spec.bearer_token.clear();
  spec.method = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(invalid(spec), "method: not a word such as GET");
  spec.method.clear();
  spec.username = "a:b";
  EXPECT_EQ(invalid(spec), "username: has a colon");
}

TEST(CheckSpecValidate, QuestionsThatContradictThemselvesAreRefused) {
  auto spec = with_url("dns://192.0.2.53/example.org?type=MX");
  spec.dns_type = "mx";
  spec.dns_server = "192.0.2.53:53";
  EXPECT_TRUE(validate(spec, milliseconds(0)));
  spec.dns_type = "A";
  EXPECT_EQ(invalid(spec), "dns-type: is not the type that the url names");
  spec.dns_type = "MX";
  spec.dns_server = "192.0.2.54";
  EXPECT_EQ(invalid(spec), "dns-server: is not the server that the url names");
  spec = with_url("dns:example.org");
  spec.dns_answers = {"192.0.2.1"};
  spec.dns_networks = {"10.0.0.0/8", "192.0.2.0/24"};
  EXPECT_TRUE(validate(spec, milliseconds(0)));
  spec.dns_networks = {"10.0.0.0/8"};
  EXPECT_EQ(invalid(spec), "expect.dns-answers: \"192.0.2.1\" is in none of the dns-networks");
}

TEST(CheckSpecValidate, TextThatHoldsAnUnwantedOneIsRefused) {
  auto spec = with_url("http://a");
  spec.body_contains = {"foobar"};
  spec.body_not_contains = {"foo"};
  EXPECT_EQ(invalid(spec), "expect.body-not-contains: \"foo\" is in body-contains too");
  spec.body_contains = {"foo"};
  spec.body_not_contains = {"foobar"};
  EXPECT_TRUE(validate(spec, milliseconds(0)));
}

TEST(CheckSpecValidate, AHostHeaderOutsideOfAsciiIsSentAsBrowsersDo) {
  auto spec = with_url("http://a");
  spec.headers = {{"host", "m\xc3\xbcnchen.test:8080"}, {"X", "m\xc3\xbcnchen"}};
  const auto check = compile(spec);
  ASSERT_TRUE(check) << check.error().message;
  std::vector<std::string> lines;
  for (const curl_slist* each = (*check)->headers.get(); each != nullptr; each = each->next)
    lines.emplace_back(each->data);
  EXPECT_THAT(lines, Contains("host: xn--mnchen-3ya.test:8080"));
  EXPECT_THAT(lines, Contains("X: m\xc3\xbcnchen"));
}

TEST(CheckSpecValidate, ConditionsAreCompiledToBeJudged) {
  auto spec = with_url("http://a");
  spec.body_matches = {"(unclosed"};
  EXPECT_THAT(invalid(spec), StartsWith("expect.body-matches: \"(unclosed\": "));
  spec.body_matches.clear();
  spec.header_conditions = {{"A", HeaderCondition::Op::matches, "*"}};
  EXPECT_THAT(invalid(spec), StartsWith("expect.headers: "));
  spec.header_conditions.clear();
  spec.json = {{"/a~2", JsonCondition::Op::equal, "1"}};
  EXPECT_THAT(invalid(spec), StartsWith("expect.json: "));
  spec.json = {{"a", JsonCondition::Op::less, "true"}};
  EXPECT_EQ(invalid(spec), "expect.json: a: < needs a number or a string, not true");
  spec.json.clear();
  spec.status = {{299, 200}};
  EXPECT_THAT(invalid(spec), StartsWith("expect.status: "));
}

TEST(CheckSpecValidate, FieldsOfOtherKindsAreRefused) {
  const auto refuse = [](const std::string& url, auto change) {
    auto spec = with_url(url);
    change(spec);
    return invalid(spec);
  };
  EXPECT_EQ(refuse("icmp://a", [](auto& s) { s.status = {{200, 299}}; }), "expect.status: only for http and https");
  EXPECT_EQ(refuse("tcp://a:1", [](auto& s) { s.certificate_days = 3; }),
            "expect.certificate-days: only for kinds with TLS");
  EXPECT_EQ(refuse("http://a", [](auto& s) { s.send = "x"; }), "send: only for tcp");
  EXPECT_EQ(refuse("http://a", [](auto& s) { s.dns_type = "A"; }), "dns-type: only for dns");
  EXPECT_EQ(refuse("https://a", [](auto& s) { s.starttls = true; }),
            "starttls: only for smtp, imap, pop3, ftp and ldap");
  EXPECT_EQ(refuse("dns:a", [](auto& s) { s.username = "u"; }),
            "username: only for http, https, ws, wss, smtp, smtps, imap, imaps, pop3, pop3s, ftp, ftps, mqtt, ldap and "
            "ldaps");
  EXPECT_EQ(refuse("tls://a", [](auto& s) { s.follow_redirects = false; }),
            "follow-redirects: only for http and https");
  EXPECT_EQ(refuse("dns:a", [](auto& s) { s.family = AddressFamily::v4; }).substr(0, 22), "family: only for http,");
}

TEST(CheckSpecValidate, ExpectedAnswersMustBeOfTheirType) {
  auto spec = with_url("dns:example.org?type=MX");
  spec.dns_answers = {"10 mx.example."};
  EXPECT_EQ(invalid(spec), "");
  spec.dns_answers = {"mx.example"};
  EXPECT_EQ(invalid(spec), "expect.dns-answers: \"mx.example\" is no MX record");
  spec.dns_answers.clear();
  spec.dns_only = true;
  EXPECT_EQ(invalid(spec), "expect.dns-only: goes with dns-answers");
  spec.dns_only = false;
  spec.dns_networks = {"192.0.2.0/24"};
  EXPECT_EQ(invalid(spec), "expect.dns-networks: only for the types A and AAAA");
  spec.url = "dns:example.org";
  spec.dns_type = "AAAA";
  EXPECT_EQ(invalid(spec),
            "expect.dns-networks: \"192.0.2.0/24\" is no network of AAAA addresses, such as 2001:db8::/32");
  spec.dns_networks = {"2001:db8::/32"};
  EXPECT_EQ(invalid(spec), "");
}

TEST(CheckSpecValidate, DigestsOfKeysAreBase64OrHexadecimal) {
  auto spec = with_url("https://a");
  const std::string base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  const std::string hex = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855";
  spec.public_key_sha256 = {base64, "sha256//" + base64, hex};
  EXPECT_EQ(invalid(spec), "");
  const auto check = compile(spec);
  ASSERT_TRUE(check.has_value());
  EXPECT_EQ((*check)->public_keys, (std::vector<std::string>{base64, base64, base64}));
  for (const std::string& text :
       {std::string(), std::string("x"), base64.substr(1), base64.substr(0, 43) + "x", hex.substr(1) + "g"}) {
    spec.public_key_sha256 = {text};
    EXPECT_THAT(invalid(spec), StartsWith("expect.public-key-sha256: ")) << text;
  }
  spec.public_key_sha256 = {hex};
  spec.keep_alive = true;
  EXPECT_THAT(invalid(spec), HasSubstr("keep-alive"));
}

TEST(CheckSpecCompile, MethodsInSmallLettersAreMeant) {
  auto spec = with_url("http://a");
  for (const auto& [given, meant] :
       {std::pair("get", "GET"), {"Post", "POST"}, {"PURGE", "PURGE"}, {"purge", "purge"}}) {
    spec.method = given;
    EXPECT_EQ((*compile(spec))->method, meant);
  }
}

TEST(CheckSpecValidate, AHeadHasNoBodyToJudge) {
  auto spec = with_url("http://a");
  spec.method = "HEAD";
  EXPECT_EQ(invalid(spec), "");
  spec.body_contains = {"x"};
  EXPECT_EQ(invalid(spec), "expect.body-contains: the answer to a HEAD has no body");
  spec.method = "head";
  EXPECT_EQ(invalid(spec), "expect.body-contains: the answer to a HEAD has no body");
  spec.body_contains.clear();
  spec.json = {{"a", JsonCondition::Op::equal, "1"}};
  EXPECT_EQ(invalid(spec), "expect.json: the answer to a HEAD has no body");
}

TEST(CheckSpecValidate, EveryMistakeIsNamedOnce) {
  auto spec = with_url("tcp://a:1");
  spec.method = "GET";
  spec.status = {{200, 299}};
  spec.body_matches = {"(", "["};
  spec.timeouts.total = milliseconds(0);
  std::vector<std::string> fields;
  for (const auto& problem : check_spec_problems(spec, milliseconds(0))) fields.push_back(problem.field);
  EXPECT_EQ(fields, (std::vector<std::string>{"method", "expect.status", "expect.body-matches", "timeout"}));
  EXPECT_EQ(invalid(with_url("nonsense")).substr(0, 4), "url:");
}

TEST(CheckSpecValidate, HeadersThatContradictAreRefused) {
  auto spec = with_url("http://a");
  spec.headers = {{"Host", "a"}, {"host", "b"}};
  EXPECT_EQ(invalid(spec), "headers: host comes twice");
  spec.headers = {{"X-Way", "a"}, {"x-way", "b"}};
  EXPECT_EQ(invalid(spec), "") << "a list of two";
  spec.headers = {{"Content-length", "5"}};
  EXPECT_EQ(invalid(spec), "headers: content-length follows from the body that is sent");
  spec.headers = {{"Transfer-Encoding", "chunked"}};
  EXPECT_EQ(invalid(spec), "headers: transfer-encoding follows from the body that is sent");
  spec.headers = {{"AUTHORIZATION", "Basic eDp5"}};
  EXPECT_EQ(invalid(spec), "");
  spec.username = "x";
  EXPECT_EQ(invalid(spec), "username: cannot be combined with a header Authorization");
  spec.username.clear();
  spec.bearer_token = "x";
  EXPECT_EQ(invalid(spec), "bearer-token: cannot be combined with a header Authorization");
}

TEST(CheckSpecValidate, WhatCannotHoldTogetherIsRefused) {
  auto spec = with_url("https://a");
  spec.verify_tls = false;
  spec.ca_file = "/ca.pem";
  EXPECT_EQ(invalid(spec), "ca-file: needs verify-tls");
  spec = with_url("http://a");
  spec.follow_redirects = false;
  spec.max_redirects = 3;
  EXPECT_EQ(invalid(spec), "max-redirects: needs follow-redirects");
  for (const char* const url : {"http://127.0.0.1/", "tcp://127.0.0.1:1", "icmp://127.0.0.1"}) {
    spec = with_url(url);
    spec.family = AddressFamily::v6;
    EXPECT_EQ(invalid(spec), "family: the address of the url is of the other one") << url;
    spec.family = AddressFamily::v4;
    EXPECT_EQ(invalid(spec), "") << url;
  }
  spec = with_url("http://[::1]/");
  spec.family = AddressFamily::v4;
  EXPECT_EQ(invalid(spec), "family: the address of the url is of the other one");
  spec.family = AddressFamily::v6;
  EXPECT_EQ(invalid(spec), "");
}

TEST(CheckSpecValidate, EmptyTextsSayNothingAndAreRefused) {
  using Op = HeaderCondition::Op;
  const auto mistake = [](const std::string& url, const auto& set) {
    CheckSpec spec;
    spec.url = url;
    set(spec);
    const auto result = validate(spec, std::chrono::milliseconds(0));
    return result ? "" : result.error().message;
  };
  const std::vector<std::string> empty{""};
  const char* const why = "an empty text is part of everything";
  EXPECT_THAT(mistake("http://a/", [&](CheckSpec& spec) { spec.body_contains = empty; }), HasSubstr(why));
  EXPECT_THAT(mistake("http://a/", [&](CheckSpec& spec) { spec.body_not_contains = {"x", ""}; }), HasSubstr(why));
  EXPECT_THAT(mistake("http://a/", [&](CheckSpec& spec) { spec.body_matches = empty; }), HasSubstr(why));
  EXPECT_THAT(mistake("tcp://a:1", [&](CheckSpec& spec) { spec.body_contains = empty; }), HasSubstr(why));
  EXPECT_THAT(mistake("https://a/", [&](CheckSpec& spec) { spec.certificate_issuer = empty; }), HasSubstr(why));
  EXPECT_THAT(mistake("dns:a?type=TXT", [&](CheckSpec& spec) { spec.dns_contains = empty; }), HasSubstr(why));
  for (const Op op : {Op::contains, Op::matches}) {
    EXPECT_THAT(mistake("http://a/",
                        [&](CheckSpec& spec) {
                          spec.header_conditions = {{"X", op, ""}};
                        }),
                HasSubstr(why));
  }
  for (const Op op : {Op::equals, Op::not_equals, Op::exists, Op::absent}) {
    EXPECT_EQ(mistake("http://a/", [&](CheckSpec& spec) { spec.header_conditions = {{"X", op, ""}}; }), "");
  }
}

TEST(CheckSpecValidate, PartsThatNoAddressHasAreRefused) {
  const auto mistake = [](const char* type, const char* text) {
    CheckSpec spec;
    spec.url = "dns:a";
    spec.dns_type = type;
    spec.dns_contains = {text};
    const auto result = validate(spec, std::chrono::milliseconds(0));
    return result ? "" : result.error().message;
  };
  EXPECT_EQ(mistake("A", "foo"), "expect.dns-contains: \"foo\" is part of no A record");
  EXPECT_EQ(mistake("AAAA", "2001:db8::g"), "expect.dns-contains: \"2001:db8::g\" is part of no AAAA record");
  EXPECT_EQ(mistake("A", "192.0."), "");
  EXPECT_EQ(mistake("AAAA", "2001:DB8:"), "");
  EXPECT_EQ(mistake("AAAA", "::ffff:192.0."), "");
  EXPECT_EQ(mistake("CNAME", "foo"), "");
}

TEST(CheckSpecValidate, AnswersOfANameThatIsNotThereAreRefused) {
  auto spec = with_url("dns:a.test");
  spec.dns_rcode = "NXDOMAIN";
  EXPECT_EQ(invalid(spec), "");
  spec.dns_answers = {"192.0.2.1"};
  EXPECT_EQ(invalid(spec),
            "expect.dns-answers: cannot be combined with a dns-rcode other than NOERROR: no records come with it");
  spec.dns_rcode = "NOERROR";
  EXPECT_EQ(invalid(spec), "");
}

TEST(CheckSpecValidate, CodesOfThreeDigitsCanBeExpected) {
  auto spec = with_url("http://a");
  spec.status = {{100, 999}};
  EXPECT_EQ(invalid(spec), "");
  spec.status = {{99, 200}};
  EXPECT_EQ(invalid(spec), "expect.status: not a range within 100-999");
  spec.status = {{200, 1000}};
  EXPECT_EQ(invalid(spec), "expect.status: not a range within 100-999");
}

TEST(CheckSpecValidate, ProxiesAndFixedAddressesAreParsed) {
  auto spec = with_url("http://a");
  spec.resolve = {"a:80"};
  EXPECT_EQ(invalid(spec), "resolve: \"a:80\" is not host:port:address");
  spec.resolve = {"a:80:name"};
  EXPECT_THAT(invalid(spec), StartsWith("resolve: "));
  spec.resolve = {"a:80:[::1]", "a:80:::1", "b:1:192.0.2.1"};
  EXPECT_EQ(invalid(spec), "");
  spec.proxy = "socks5://p";
  EXPECT_EQ(invalid(spec), "proxy: its scheme must be http, https, socks4a or socks5h");
  spec.proxy = "http://p:3128";
  EXPECT_EQ(invalid(spec), "");
  spec.policy.refuse_private = true;
  EXPECT_THAT(invalid(spec), StartsWith("proxy: cannot be combined with refuse-addresses"));
}

TEST(CheckSpecValidate, AddressesThatAreKnownAreOnesThatMayBeConnectedTo) {
  auto spec = with_url("tcp://a.example:80");
  spec.resolve = {"a.example.:80:192.0.2.1"};
  EXPECT_EQ(invalid(spec), "");
  spec.family = AddressFamily::v6;
  EXPECT_EQ(invalid(spec), "family: the address in resolve is of the other one");
  spec.family = AddressFamily::any;
  spec.policy.refuse_private = true;
  spec.resolve = {"a.example:80:10.0.0.1"};
  EXPECT_EQ(invalid(spec), "refuse-addresses: the address in resolve is one");
  spec.resolve = {"a.example:81:192.0.2.1"};
  EXPECT_THAT(invalid(spec), StartsWith("resolve: \"a.example:81:192.0.2.1\" is of another host or port"));
  spec.url = "http://b.example";
  EXPECT_EQ(invalid(spec), "") << "a redirect may lead there";
  spec.follow_redirects = false;
  EXPECT_THAT(invalid(spec), StartsWith("resolve: "));
  spec.resolve.clear();
  spec.url = "http://10.0.0.1";
  EXPECT_EQ(invalid(spec), "refuse-addresses: the address of the url is one");
  spec.policy = {};
  spec.family = AddressFamily::v6;
  EXPECT_EQ(invalid(spec), "family: the address of the url is of the other one");
  spec = with_url("icmp://192.0.2.1");
  spec.source_address = "2001:db8::1";
  EXPECT_EQ(invalid(spec), "source-address: the address of the url is of the other family");
  spec.url = "icmp://a.example";
  EXPECT_EQ(invalid(spec), "");
  spec.family = AddressFamily::v4;
  EXPECT_EQ(invalid(spec), "family: the source-address is of the other one");
}

TEST(CheckSpecFiles, AKeyIsThatOfItsCertificate) {
  const TestAuthority authority;
  const Identity ours = authority.issue("ours", "DNS:ours", 20);
  const Identity other = authority.issue("other", "DNS:other", 20);
  auto spec = with_url("https://a.example");
  spec.client_certificate = ours.certificate;
  spec.client_key = ours.key;
  EXPECT_THAT(check_file_problems(spec), IsEmpty());
  spec.client_key = other.key;
  ASSERT_THAT(check_file_problems(spec), SizeIs(1));
  EXPECT_EQ(check_file_problems(spec)[0].field, "client-key");
  EXPECT_THAT(check_file_problems(spec)[0].why, HasSubstr("is not that of " + ours.certificate));
}

TEST(CheckSpecCompile, PushIsNotProbed) {
  const auto check = compile(with_url("push:"));
  ASSERT_FALSE(check.has_value());
  EXPECT_THAT(check.error().message, HasSubstr("push"));
}

TEST(CheckKinds, TheTableSaysWhatTheyAre) {
  for (const auto& row : prober::kCheckKinds) {
    EXPECT_EQ(check_kind(std::string(row.scheme) + "://a"), row.kind);
    EXPECT_EQ(to_string(row.kind), row.scheme);
    EXPECT_EQ(row.engine == prober::CheckEngine::curl, *row.curl_scheme != '\0') << row.scheme;
    EXPECT_FALSE(row.has(prober::feature::kTls) && row.has(prober::feature::kStarttls)) << row.scheme;
    // A TLS form has its plain form's scheme with an s, and can do what that can.
    if (const auto plain = check_kind(std::string(row.scheme).substr(0, std::string(row.scheme).size() - 1) + ":")) {
      const auto upgrade = prober::feature::kStarttls | prober::feature::kTls;
      EXPECT_EQ(row.features & ~upgrade, prober::traits(*plain).features & ~upgrade) << row.scheme;
    }
  }
  EXPECT_EQ(prober::kinds_with(prober::feature::kUpgrade), "ws and wss");
  EXPECT_EQ(prober::kinds_with(prober::feature::kQuestion), "dns");
  EXPECT_EQ(prober::kinds_with(prober::feature::kText), "http, https, tcp and ssh");
}

TEST(CheckKinds, AreNamedByTheScheme) {
  EXPECT_EQ(check_kind("https://a"), CheckKind::https);
  EXPECT_EQ(check_kind("DNS:a"), CheckKind::dns);
  EXPECT_EQ(check_kind("a"), std::nullopt);
  EXPECT_EQ(check_kind("telnet://a"), std::nullopt);
  EXPECT_EQ(to_string(CheckKind::pop3s), "pop3s");
}

}  // namespace
}  // namespace nines
