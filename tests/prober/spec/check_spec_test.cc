// The description of a check: its JSON form, what is refused, and with which words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nines/check_spec.h>

namespace nines {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
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
  spec.verify_tls = false;
  spec.starttls = true;
  spec.proxy = "http://proxy:1";
  spec.proxy_from_environment = true;
  spec.family = AddressFamily::v6;
  spec.resolve = {"a:1:192.0.2.1", "b:2:[2001:db8::1]"};
  spec.policy = {true, true, true};
  spec.send = "QUIT\r\n";
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
               {"", JsonCondition::Op::not_equal, ""}};
  spec.dns_answers = {"10 mx.example"};
  spec.dns_rcode = "NXDOMAIN";
  spec.certificate_days = 14;
  spec.latency_below = milliseconds(800);
  spec.timeouts = {milliseconds(1), milliseconds(1500), milliseconds(61'000), milliseconds(60'000), milliseconds(7000)};
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
                          "http://xn--bcher-kva.example/"}) {
    EXPECT_EQ(invalid(with_url(url)), "") << url;
  }
}

TEST(CheckSpecValidate, BadUrlsAreRefused) {
  for (const char* url : {"", "example.org", "gopher://a", "file:///etc/passwd", "http://", "tcp://a", "http://a:0",
                          "http://a:70000", "http://u:p@a/", "http://a/ b", "http://b\xc3\xbc/", "http://a/\r\nX: y",
                          "icmp://a:1", "dns:", "dns://name/x", "dns:a?type=ANY", "smtp://a/path", "tcp://a:1/x"}) {
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
  EXPECT_EQ(refuse("dns:a", [](auto& s) { s.username = "u"; }), "username: this kind of check has no login");
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

TEST(CheckSpecCompile, PushIsNotProbed) {
  const auto check = compile(with_url("push:"));
  ASSERT_FALSE(check.has_value());
  EXPECT_THAT(check.error().message, HasSubstr("push"));
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
