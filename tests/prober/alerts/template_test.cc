// Templates: how each fact is written in each syntax. Expected texts are by hand.
#include "alerts/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  const auto result = fill_template(text, made, escape_of(content_type));
  return result ? *result : result.error().message;
}

TEST(TemplateTest, MediaTypeSaysHowValuesAreWritten) {
  EXPECT_EQ(escape_of("application/json"), Escape::json);
  EXPECT_EQ(escape_of("Application/JSON; charset=utf-8"), Escape::json);
  EXPECT_EQ(escape_of("application/problem+json"), Escape::json);
  EXPECT_EQ(escape_of("application/x-www-form-urlencoded"), Escape::form);
  EXPECT_EQ(escape_of("text/xml"), Escape::xml);
  EXPECT_EQ(escape_of("text/html"), Escape::xml);
  EXPECT_EQ(escape_of("text/plain"), Escape::none);
  EXPECT_EQ(escape_of(""), Escape::none);
}

TEST(TemplateTest, JsonTextIsEscapedInsideOfQuotes) {
  EXPECT_EQ(filled(R"({"text":"{{server}}: {{detail}} {{code}}{{group}}"})", message(), "application/json"),
            R"({"text":"Café \"Ω\" \\: a & b\n<c> 503"})");
}

TEST(TemplateTest, JsonValueOutsideOfQuotesIsWholeOrNull) {
  AlertMessage made = message();
  const std::string text = R"({"code":{{code}},"text":{{server}},"group":{{group}}})";
  EXPECT_EQ(filled(text, made, "application/json"), R"({"code":503,"text":"Café \"Ω\" \\","group":null})");
  made.code = 0;
  EXPECT_EQ(filled(text, made, "application/json"), R"({"code":null,"text":"Café \"Ω\" \\","group":null})");
}

TEST(TemplateTest, EscapedQuoteEndsNoString) {
  EXPECT_EQ(filled(R"(["say \"{{code}}\" {{group}}",{{group}}])", message(), "application/json"),
            R"(["say \"503\" ",null])");
}

TEST(TemplateTest, PlainTextIsAsItIs) {
  EXPECT_EQ(filled("{{server}} is {{ state }}", message(), "text/plain"), "Café \"Ω\" \\ is down");
}

TEST(TemplateTest, FormValuesAreOneValue) {
  EXPECT_EQ(filled("a={{detail}}&b={{server}}&c={{group}}", message(), "application/x-www-form-urlencoded"),
            "a=a%20%26%20b%0A%3Cc%3E&b=Caf%C3%A9%20%22%CE%A9%22%20%5C&c=");
}

TEST(TemplateTest, MarksOfXmlAreEscaped) {
  EXPECT_EQ(filled("<p title='{{server}}'>{{detail}}</p>", message(), "text/html"),
            "<p title='Café &quot;Ω&quot; \\'>a &amp; b\n&lt;c&gt;</p>");
}

TEST(TemplateTest, HeaderStaysOneLine) {
  AlertMessage made = message();
  made.detail = "x\r\nInjected: yes";
  EXPECT_EQ(fill_template("{{detail}}", made, Escape::header).value(), "x  Injected: yes");
}

TEST(TemplateTest, UnknownFieldIsNamed) {
  EXPECT_THAT(filled("{{servre}}", message(), ""), HasSubstr("servre"));
  EXPECT_EQ(filled("{{ unfinished", message(), ""), "{{ unfinished");
  EXPECT_EQ(filled("}} {", message(), ""), "}} {");
}

TEST(TemplateTest, BrokenUtf8MakesNoBrokenJson) {
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

TEST(TemplateTest, ValidationReadsWhatClaimsToBeJson) {
  EXPECT_TRUE(validate(hook(R"({"text":"{{server}} {{code}}","code":{{code}},"all":[{{id}},{{reminder}}]})")));
  EXPECT_THAT(validate(hook(R"({"text":"{{server}}"} trailing)")).error().message, HasSubstr("not JSON"));
  // A number glued to others is JSON with a code, and not without one.
  EXPECT_THAT(validate(hook(R"({"code":1{{code}}})")).error().message, HasSubstr("without facts"));
  EXPECT_THAT(validate(hook(R"({"code":-{{reminder}}})")).error().message, HasSubstr("without"));
  EXPECT_TRUE(validate(hook("{{server}} \"", "text/plain")));
  EXPECT_THAT(validate(hook("{{nothing}}")).error().message, HasSubstr("body-template: there is no field {{nothing}}"));
}

TEST(TemplateTest, ValidationFillsHeaders) {
  AlertTarget target = hook("");
  target.headers = {{"Title", SecretText{.text = "{{server}} is {{state}}", .environment = "", .file = ""}}};
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
  target.headers[0].second.text = "{{sevrer}}";
  EXPECT_THAT(validate(target).error().message, HasSubstr("header Title: there is no field {{sevrer}}"));
}

}  // namespace
}  // namespace nines::prober
