// Mail: what a server of Debian's aiosmtpd, which asks for STARTTLS and a login, receives of an incident.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/alert.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

#include "prober/support/certificates.h"
#include "prober/support/loopback_server.h"
#include "prober/support/server_process.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr TimeMs kSince = from_ms(1'750'000'000'000);

SecretText text(const std::string& value) {
  return {.text = value, .environment = "", .file = ""};
}

AlertMessage begin() {
  AlertMessage made;
  made.id = 3;
  made.server = ServerId{7};
  made.name = "site";
  made.url = "https://example.org/";
  made.since = kSince;
  made.time = kSince + 15s;
  made.error = ErrorClass::timeout;
  made.detail = "no <answer> & nothing\r\n.\r\nBcc: everybody@example.org";
  return made;
}

class Mail : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(server_.started()); }

  [[nodiscard]] AlertTarget target() const {
    AlertTarget made;
    made.name = "mail";
    made.channel = "email";
    made.timeout = 15s;
    made.settings = {{"url", text("smtp://127.0.0.1:" + std::to_string(port_))},
                     {"from", text("nines@example.org")},
                     {"to", text("ann@example.org, bob@example.org")},
                     {"user", text("monitor")},
                     {"password", text("s3cret")},
                     {"ca-file", text(authority_.ca_file())}};
    return made;
  }
  static void set(AlertTarget& target, const std::string& name, const std::string& value) {
    std::erase_if(target.settings, [&](const auto& setting) { return setting.first == name; });
    target.settings.emplace_back(name, text(value));
  }
  [[nodiscard]] std::string mail(int number) const {
    std::ifstream file(folder_.file("mail-" + std::to_string(number)), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  const TestAuthority authority_;
  const Identity identity_ = authority_.issue("mail", "IP:127.0.0.1", 20);
  const TemporaryDirectory folder_;
  const std::uint16_t port_ = free_port();
  ServerProcess server_{{{"/usr/bin/python3", NINES_SOURCE_DIR "/tests/prober/alerts/mail_server.py",
                          std::to_string(port_), folder_.path().string(), identity_.certificate, identity_.key},
                         "python3-aiosmtpd",
                         port_,
                         {}}};
};

TEST_F(Mail, BeginAndEndOfAnIncidentAreOneThread) {
  ASSERT_TRUE(validate(target())) << validate(target()).error().message;
  const auto sent = deliver_alert(target(), begin());
  ASSERT_TRUE(sent) << sent.error().message;
  const std::string first = mail(1);
  EXPECT_THAT(first, HasSubstr("X-Envelope: nines@example.org -> ann@example.org,bob@example.org\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nFrom: <nines@example.org>\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nTo: <ann@example.org>,\r\n <bob@example.org>\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nSubject: site is down\r\n"));
  EXPECT_THAT(first, HasSubstr("\r\nMessage-ID: <nines-7-down-1750000000000@example.org>\r\n"));
  EXPECT_THAT(first, HasSubstr("multipart/alternative"));
  EXPECT_THAT(first, HasSubstr("Auto-Submitted: auto-generated"));
  EXPECT_THAT(first, HasSubstr("text/plain; charset=utf-8"));
  EXPECT_THAT(first, HasSubstr("timeout: no <answer> & nothing"));
  EXPECT_THAT(first, HasSubstr("&lt;answer&gt;")) << "in HTML it is text too";
  EXPECT_THAT(first, HasSubstr("Bcc: everybody@example.org\r\nhttps://example.org/\r\n")) << "a line each";
  EXPECT_THAT(first.substr(0, first.find("\r\n\r\n")), Not(HasSubstr("Bcc")));

  AlertMessage end = begin();
  end.id = 4;
  end.kind = AlertMessage::Kind::resolved;
  end.state = State::up;
  ASSERT_TRUE(deliver_alert(target(), end));
  const std::string second = mail(2);
  EXPECT_THAT(second, HasSubstr("\r\nSubject: Re: site is down\r\n"));
  EXPECT_THAT(second, HasSubstr("\r\nIn-Reply-To: <nines-7-down-1750000000000@example.org>\r\n"));
  EXPECT_THAT(second, HasSubstr("\r\nReferences: <nines-7-down-1750000000000@example.org>\r\n"));
  EXPECT_THAT(second, HasSubstr("site is up again"));
}

TEST_F(Mail, LongAndForeignTextArrivesInLinesThatMailAllows) {
  AlertMessage made = begin();
  made.name = "Überwachung der Website für die Schönheit aller äußerst langen Namen 😀";
  made.detail = std::string(20'000, 'x');
  const auto sent = deliver_alert(target(), made);
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_THAT(mail(1), HasSubstr("\r\nSubject: =?UTF-8?B?w5xiZXJ3YWNodW5n"));
  // The words of the subject, put together again, are the title.
  std::string digits;
  const std::string all = mail(1);
  for (std::size_t at = all.find("=?UTF-8?B?"); at != std::string::npos; at = all.find("=?UTF-8?B?", at + 1)) {
    const std::string word = all.substr(at, all.find("?=", at) + 2 - at);
    EXPECT_LE(word.size(), 75U);
    EXPECT_EQ(word.size() % 4, 0U) << "no character is divided between two words: " << word;
  }
}

// The tests run in the C locale, in which libcurl converts no name.
TEST_F(Mail, NamesOutsideOfAsciiAreThoseOfTheDns) {
  AlertTarget changed = target();
  set(changed, "to", "ann@B\u00fccher.example, bob@example.org");
  const auto sent = deliver_alert(changed, begin());
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_THAT(mail(1), HasSubstr("-> ann@xn--bcher-kva.example,bob@example.org\r\n"));
  EXPECT_THAT(mail(1), HasSubstr("\r\nTo: <ann@xn--bcher-kva.example>,\r\n <bob@example.org>\r\n"));
  set(changed, "url", "smtp://b\u00fccher.invalid:25");
  const std::string unknown = deliver_alert(changed, begin()).error().message;
  EXPECT_THAT(unknown, Not(HasSubstr("URL"))) << "it was asked for, and does not resolve";
}

TEST_F(Mail, MailboxThatIsGoneKeepsNobodyElseFromHearing) {
  AlertTarget changed = target();
  set(changed, "to", "nobody@example.org, bob@example.org");
  const auto sent = deliver_alert(changed, begin());
  ASSERT_FALSE(sent) << "somebody is never told, which is not to be kept quiet";
  EXPECT_EQ(sent.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(sent.error().message, "refused for good by nobody@example.org; the others have it");
  EXPECT_THAT(mail(1), HasSubstr("X-Envelope: nines@example.org -> bob@example.org\r\n"));
}

TEST_F(Mail, MailboxThatIsToBeTriedAgainGetsItLaterAndNobodyGetsItTwice) {
  AlertTarget changed = target();
  set(changed, "to", "ann@example.org, greylisted@example.org, nobody@example.org, bob@example.org");
  const auto first = deliver_alert(changed, begin());
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::unavailable);
  EXPECT_THAT(mail(1), HasSubstr("X-Envelope: nines@example.org -> ann@example.org,bob@example.org\r\n"));
  const auto second = deliver_alert(changed, begin());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().message, "refused for good by nobody@example.org; the others have it")
      << "who was refused by the first attempt is said once all is settled";
  EXPECT_THAT(mail(2), HasSubstr("X-Envelope: nines@example.org -> greylisted@example.org\r\n"));
  EXPECT_EQ(mail(3), "");
}

TEST_F(Mail, ServerSaysWhetherToTryAgain) {
  const auto outcome_of = [&](const std::string& setting, const std::string& value) {
    AlertTarget changed = target();
    set(changed, setting, value);
    const auto sent = deliver_alert(changed, begin());
    EXPECT_FALSE(sent && true) << setting << "=" << value;
    return sent ? std::string("taken") : std::string(to_string(sent.error().code));
  };
  EXPECT_EQ(outcome_of("to", "nobody@example.org"), "invalid_argument");
  EXPECT_EQ(outcome_of("to", "later@example.org"), "unavailable");
  EXPECT_EQ(outcome_of("to", "later@example.org, nobody@example.org"), "unavailable") << "one is worth another attempt";
  EXPECT_EQ(outcome_of("password", "wrong"), "invalid_argument");
  EXPECT_EQ(outcome_of("ca-file", "/dev/null"), "unavailable") << "nothing is said to a server that is not the one";
  EXPECT_EQ(outcome_of("url", "smtp://127.0.0.1:" + std::to_string(free_port())), "unavailable");
  AlertTarget secret = target();
  set(secret, "password", "a-s3cret-word");
  EXPECT_THAT(deliver_alert(secret, begin()).error().message, Not(HasSubstr("a-s3cret-word")));
}

TEST(MailSettings, MistakesAreNamed) {
  AlertTarget target;
  target.name = "mail";
  target.channel = "email";
  target.settings = {{"url", text("smtp://mail.example")}, {"from", text("a@b.example")}, {"to", text("c@d.example")}};
  ASSERT_TRUE(validate(target)) << validate(target).error().message;
  const auto complaint = [&](const std::string& name, const std::string& value) {
    AlertTarget changed = target;
    std::erase_if(changed.settings, [&](const auto& setting) { return setting.first == name; });
    changed.settings.emplace_back(name, text(value));
    const auto fine = validate(changed);
    return fine ? std::string() : fine.error().message;
  };
  EXPECT_THAT(complaint("url", "https://mail.example"), HasSubstr("smtp://"));
  EXPECT_THAT(complaint("from", "nobody"), HasSubstr("from: must be one address"));
  EXPECT_THAT(complaint("from", "a@b.example\r\nBcc: c@d.example"), HasSubstr("from"));
  EXPECT_THAT(complaint("to", "\u00fcmit@d.example"), HasSubstr("ASCII before the @"));
  EXPECT_THAT(complaint("to", ","), HasSubstr("to: must be addresses"));
  EXPECT_THAT(complaint("starttls", "maybe"), HasSubstr("starttls"));
  EXPECT_THAT(complaint("user", "me"), HasSubstr("user and password"));
  EXPECT_THAT(complaint("port", "25"), HasSubstr("no setting `port`"));
}

}  // namespace
}  // namespace nines::prober_test
