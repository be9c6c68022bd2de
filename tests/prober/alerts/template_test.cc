// Templates: how each fact is written in each syntax. Expected texts are by hand.
#include "alerts/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>

namespace nines::prober {
namespace {

using testing::HasSubstr;

AlertMessage message() {
  AlertMessage made;
  made.name = "Café \"Ω\" \\";
  made.error = ErrorClass::http_status;
  made.code = 503;
  made.detail = "a & b\n<c>";
  return made;
}

std::string filled(std::string_view text, const AlertMessage& made, std::string_view content_type) {
  const auto result = fill_template(text, template_fields(made), escape_of(content_type));
  return result ? *result : result.error().message;
}

TEST(Template, MediaTypeSaysHowValuesAreWritten) {
  EXPECT_EQ(escape_of("application/json"), Escape::json);
  EXPECT_EQ(escape_of("Application/JSON; charset=utf-8"), Escape::json);
  EXPECT_EQ(escape_of("application/problem+json"), Escape::json);
  EXPECT_EQ(escape_of("application/x-www-form-urlencoded"), Escape::form);
  EXPECT_EQ(escape_of("text/xml"), Escape::xml);
  EXPECT_EQ(escape_of("text/html"), Escape::xml);
  EXPECT_EQ(escape_of("text/plain"), Escape::none);
  EXPECT_EQ(escape_of(""), Escape::none);
}

TEST(Template, JsonTextIsEscapedInsideOfQuotes) {
  EXPECT_EQ(filled(R"({"text":"{{server}}: {{detail}} {{code}}{{group}}"})", message(), "application/json"),
            R"({"text":"Café \"Ω\" \\: a & b\n<c> 503"})");
}

TEST(Template, JsonValueOutsideOfQuotesIsWholeOrNull) {
  AlertMessage made = message();
  const std::string text = R"({"code":{{code}},"text":{{server}},"group":{{group}}})";
  EXPECT_EQ(filled(text, made, "application/json"), R"({"code":503,"text":"Café \"Ω\" \\","group":null})");
  made.code = 0;
  EXPECT_EQ(filled(text, made, "application/json"), R"({"code":null,"text":"Café \"Ω\" \\","group":null})");
}

TEST(Template, EscapedQuoteEndsNoString) {
  EXPECT_EQ(filled(R"(["say \"{{code}}\" {{group}}",{{group}}])", message(), "application/json"),
            R"(["say \"503\" ",null])");
}

TEST(Template, PlainTextIsAsItIs) {
  EXPECT_EQ(filled("{{server}} is {{ state }}", message(), "text/plain"), "Café \"Ω\" \\ is down");
}

TEST(Template, FormValuesAreOneValue) {
  EXPECT_EQ(filled("a={{detail}}&b={{server}}&c={{group}}", message(), "application/x-www-form-urlencoded"),
            "a=a%20%26%20b%0A%3Cc%3E&b=Caf%C3%A9%20%22%CE%A9%22%20%5C&c=");
}

TEST(Template, MarksOfXmlAreEscaped) {
  EXPECT_EQ(filled("<p title='{{server}}'>{{detail}}</p>", message(), "text/html"),
            "<p title='Café &quot;Ω&quot; \\'>a &amp; b\n&lt;c&gt;</p>");
}

TEST(Template, HeaderStaysOneLine) {
  AlertMessage made = message();
  made.detail = "x\r\nInjected: yes";
  EXPECT_EQ(fill_template("{{detail}}", template_fields(made), Escape::header).value(), "x  Injected: yes");
}

TEST(Template, UnknownFieldIsNamed) {
  EXPECT_THAT(filled("{{servre}}", message(), ""), HasSubstr("servre"));
  EXPECT_EQ(filled("{{ unfinished", message(), ""), "{{ unfinished");
  EXPECT_EQ(filled("}} {", message(), ""), "}} {");
}

TEST(Template, PartsAreKeptByWhatAFieldHolds) {
  const AlertMessage made = message();
  EXPECT_EQ(filled("{{#code}}code {{code}}{{/code}}{{#group}}in {{group}}{{/group}}", made, ""), "code 503");
  EXPECT_EQ(filled("{{^group}}in none{{/group}}{{^code}}no code{{/code}}", made, ""), "in none");
  EXPECT_EQ(filled("{{#event=down}}red{{/event}}{{#event=resolved}}green{{/event}}", made, ""), "red");
  EXPECT_EQ(filled("{{^event=resolved}}a{{#code}}b{{#group}}c{{/group}}d{{/code}}e{{/event}}", made, ""), "abde");
  EXPECT_EQ(filled("{{ # code = 503 }}yes{{ / code }}", made, ""), "yes");
  EXPECT_EQ(filled(R"({"a":"x{{#group}}"{{/group}}{{code}}","b":{{group}}})", made, "application/json"),
            R"({"a":"x503","b":null})")
      << "a quote that is left out opens nothing";
}

TEST(Template, MistakesCountAlsoInPartsThatAreLeftOut) {
  const AlertMessage made = message();
  EXPECT_THAT(filled("{{#group}}{{sevrer}}{{/group}}", made, ""), HasSubstr("no field {{sevrer}}"));
  EXPECT_THAT(filled("{{#sevrer}}{{/sevrer}}", made, ""), HasSubstr("no field {{sevrer}}"));
  EXPECT_THAT(filled("{{#group}}x", made, ""), HasSubstr("{{#group}} is not closed"));
  EXPECT_THAT(filled("x{{/group}}", made, ""), HasSubstr("{{/group}} closes nothing"));
  EXPECT_THAT(filled("{{#group}}{{#code}}{{/group}}{{/code}}", made, ""), HasSubstr("closes nothing"));
  EXPECT_THAT(filled("{{detail|loud}}", made, ""), HasSubstr("no filter |loud"));
  EXPECT_THAT(filled("{{detail|0}}", made, ""), HasSubstr("no filter |0"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "{{#code}}";
  EXPECT_THAT(filled(deep, made, ""), HasSubstr("nested too deeply"));
}

TEST(Template, LimitsCountAsReceiversDo) {
  EXPECT_EQ(cut_to_units("abc", 3), "abc");
  EXPECT_EQ(cut_to_units("abcd", 3), "ab…");
  EXPECT_EQ(cut_to_units("", 1), "");
  EXPECT_EQ(cut_to_units("ab", 1), "…");
  EXPECT_EQ(cut_to_units("Ωμέγα", 5), "Ωμέγα");
  EXPECT_EQ(cut_to_units("😀😀", 4), "😀😀");
  EXPECT_EQ(cut_to_units("😀😀", 3), "😀…") << "two units each, and one is the mark's";
  AlertMessage made = message();
  made.detail = std::string(5'000, 'x') + "\"";
  EXPECT_EQ(filled(R"({"t":"{{detail|10}}"})", made, "application/json"), R"({"t":"xxxxxxxxx…"})");
  EXPECT_EQ(filled(R"({"t":{{detail|3}}})", made, "application/json"), R"({"t":"xx…"})");
  made.detail = "a <b> & c";
  EXPECT_EQ(filled("{{detail|entities}}", made, ""), "a &lt;b&gt; &amp; c");
  EXPECT_EQ(filled("{{detail|3|entities}}", made, ""), "a …") << "cut first, so that no entity is";
}

TEST(Template, TextsForAPersonSayWhatHappened) {
  AlertMessage made = message();
  made.name = "site";
  made.url = "https://example.org/";
  made.detail = "status 503";
  made.since = from_ms(1'750'000'000'000);
  made.time = made.since + std::chrono::seconds{310};
  EXPECT_EQ(filled("{{title}}", made, ""), "site is down");
  EXPECT_EQ(filled("{{text}}", made, ""),
            "http_status 503: status 503\nhttps://example.org/\nsince 2025-06-15T15:06:40.000Z, 5m 10s");
  EXPECT_EQ(filled("{{duration}} {{incident}}", made, ""), "5m 10s nines-0-down-1750000000000");
  made.kind = AlertMessage::Kind::reminder;
  EXPECT_EQ(filled("{{title}}", made, ""), "site is still down");
  made.kind = AlertMessage::Kind::resolved;
  made.state = State::up;
  EXPECT_EQ(filled("{{title}}", made, ""), "site is up again");
  EXPECT_EQ(filled("{{text}}", made, ""),
            "it was http_status 503: status 503\nhttps://example.org/\nfrom 2025-06-15T15:06:40.000Z to "
            "2025-06-15T15:11:50.000Z, 5m 10s");
  EXPECT_EQ(filled("{{incident}}", made, ""), "nines-0-down-1750000000000") << "the same from begin to end";
  made.state = State::unknown;
  EXPECT_EQ(filled("{{title}}", made, ""), "site is not watched any longer");
  const auto duration = [&](std::chrono::seconds span) {
    made.time = made.since + span;
    return filled("{{duration}}", made, "");
  };
  EXPECT_EQ(duration(std::chrono::seconds{0}), "0s");
  EXPECT_EQ(duration(std::chrono::seconds{-5}), "0s") << "a clock that was set back";
  EXPECT_EQ(duration(std::chrono::hours{26}), "1d 2h");
  EXPECT_EQ(duration(std::chrono::hours{24} + std::chrono::seconds{5}), "1d");
  EXPECT_EQ(duration(std::chrono::seconds{3'661}), "1h 1m");
}

TEST(Template, BrokenUtf8MakesNoBrokenJson) {
  AlertMessage made = message();
  made.detail = "bad \xff byte";
  for (const char* text : {R"(["{{detail}}"])", "[{{detail}}]"}) {
    EXPECT_TRUE(nlohmann::json::accept(filled(text, made, "application/json"))) << text;
  }
}

AlertTarget hook(const std::string& body, const std::string& type = "application/json") {
  AlertTarget target;
  target.name = "hook";
  target.webhook = SecretText{.text = "https://example.org/", .environment = "", .file = ""};
  target.body_template = body;
  target.content_type = type;
  return target;
}

TEST(Template, ValidationReadsWhatClaimsToBeJson) {
  EXPECT_TRUE(validate(hook(R"({"text":"{{server}} {{code}}","code":{{code}},"all":[{{id}},{{reminder}}]})")));
  EXPECT_THAT(validate(hook(R"({"text":"{{server}}"} trailing)")).error().message, HasSubstr("not JSON"));
  // A number glued to others is JSON with a code, and not without one.
  EXPECT_THAT(validate(hook(R"({"code":1{{code}}})")).error().message, HasSubstr("without facts"));
  EXPECT_THAT(validate(hook(R"({"code":-{{reminder}}})")).error().message, HasSubstr("event down"));
  EXPECT_TRUE(validate(hook("{{server}} \"", "text/plain")));
  EXPECT_TRUE(validate(hook("{\"index\":{}}\n{\"a\":{{server}}}\n", "application/x-ndjson")));
  EXPECT_THAT(validate(hook("{\"index\":{}}\n{\"a\":}\n", "application/jsonlines")).error().message,
              HasSubstr("not JSON"));
  EXPECT_THAT(validate(hook("{{nothing}}")).error().message, HasSubstr("body-template: there is no field {{nothing}}"));
}

// Each part breaks the JSON where it counts.
TEST(Template, ValidationFillsEveryEventTopicAndStateThatTheTargetHears) {
  AlertTarget all = hook("");
  all.topics.assign(std::begin(kAlertTopics), std::end(kAlertTopics));
  all.remind_every = std::chrono::minutes{1};
  for (const std::string part : {"event=down", "event=degraded", "event=certificate", "event=budget", "event=reminder",
                                 "event=resolved", "topic=down", "topic=degraded", "topic=certificate", "topic=budget",
                                 "state=up", "state=degraded", "state=down", "state=unknown"}) {
    const std::string field = part.substr(0, part.find('='));
    all.body_template = "{\"a\":1{{#" + part + "}},{{/" + field + "}}}";
    const auto valid = validate(all);
    ASSERT_FALSE(valid) << part;
    EXPECT_THAT(valid.error().message, HasSubstr(field + " " + part.substr(field.size() + 1))) << part;
  }
}

TEST(Template, ValidationFillsNothingThatTheTargetDoesNotHear) {
  AlertTarget target = hook(R"({"a":1{{#event=reminder}},{{/event}}{{#topic=budget}},{{/topic}}})");
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
  target.body_template = R"({"a":1{{#event=resolved}},{{/event}}{{#state=up}},{{/state}}})";
  EXPECT_FALSE(validate(target));
  target.send_resolved = false;
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
  // What ends an outage is never down itself.
  target.body_template = R"({"s":{{#event=down}}{{#state=down}}1{{/state}}{{/event}}{{#event=resolved}}2{{/event}}})";
  target.send_resolved = true;
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
}

TEST(Template, ValidationFillsPartsForTheTextThatTheyName) {
  for (const std::string part : {"error=timeout", "group=web", "code=404", "server= shop "}) {
    const std::string field = part.substr(0, part.find('='));
    const auto valid = validate(hook("{\"a\":1{{#" + part + "}},{{/" + field + "}}}"));
    ASSERT_FALSE(valid) << part;
    EXPECT_THAT(valid.error().message, HasSubstr("with the " + field + " `")) << part;
  }
  EXPECT_TRUE(validate(hook(R"({"a":1{{#code=none}},{{/code}}})"))) << "a code is a number";
  std::string many = "[0";
  for (int i = 0; i < 101; ++i) {
    many.append("{{#code=").append(std::to_string(i)).append("}},1{{/code}}");
  }
  EXPECT_THAT(validate(hook(many + "]")).error().message, HasSubstr("more than 100 texts"));
}

TEST(Template, TheContentTypeIsNoHeader) {
  const SecretText text{.text = "text/plain", .environment = "", .file = ""};
  AlertTarget target = hook("");
  for (const char* const name : {"Content-Type", "content-type", "CONTENT-TYPE"}) {
    target.headers = {{name, text}};
    ASSERT_FALSE(validate(target)) << name;
    EXPECT_THAT(validate(target).error().message, HasSubstr("the key content-type is for"));
  }
  target.headers = {{"X-Content-Type", text}};
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
}

TEST(Template, HeadersOfAProgramAreRefused) {
  AlertTarget target;
  target.name = "program";
  target.exec = {"/bin/true"};
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
  target.headers = {{"Title", SecretText{.text = "a", .environment = "", .file = ""}}};
  ASSERT_FALSE(validate(target));
  EXPECT_THAT(validate(target).error().message, HasSubstr("go with a webhook"));
}

TEST(Template, ValidationFillsHeaders) {
  AlertTarget target = hook("");
  target.headers = {{"Title", SecretText{.text = "{{server}} is {{state}}", .environment = "", .file = ""}}};
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
  target.headers[0].second.text = "{{sevrer}}";
  EXPECT_THAT(validate(target).error().message, HasSubstr("header Title: there is no field {{sevrer}}"));
}

}  // namespace
}  // namespace nines::prober
