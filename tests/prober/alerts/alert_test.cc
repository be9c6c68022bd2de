// Alert messages and the book that owes them: what is told, to whom, in which order, and what a restart leaves of it.
#include <nines/alert.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alerts/book.h"
#include "alerts/message.h"
#include "alerts/record.h"
#include "prober/support/server_process.h"

namespace nines::prober {
namespace {

using namespace std::chrono_literals;
using prober_test::TemporaryDirectory;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimeMs kSince = from_ms(1'750'000'000'000);

AlertMessage message(AlertMessage::Kind kind = AlertMessage::Kind::down) {
  AlertMessage made;
  made.id = 12;
  made.kind = kind;
  made.server = ServerId{7};
  made.name = "site \"one\"";
  made.url = "https://example.org/";
  made.since = kSince;
  made.time = kSince + 15s;
  made.error = ErrorClass::http_status;
  made.code = 503;
  made.detail = "status 503\nnot in 200-299";
  return made;
}

// --- The message. ---

TEST(AlertMessageTest, JsonHoldsEveryFieldInOrder) {
  EXPECT_EQ(
      to_json(message()),
      R"({"id":12,"event":"down","server":"site \"one\"","server_id":7,"url":"https://example.org/","group":null,)"
      R"("state":"down","since":"2025-06-15T15:06:40.000Z","time":"2025-06-15T15:06:55.000Z","duration_ms":15000,)"
      R"("error":"http_status","code":503,"detail":"status 503\nnot in 200-299","reminder":null})");
}

TEST(AlertMessageTest, FieldsAreThoseThatThePublicListNames) {
  std::vector<std::string> names;
  const auto json = nlohmann::ordered_json::parse(to_json(message()));
  for (const auto& [name, value] : json.items()) names.push_back(name);
  EXPECT_EQ(names, std::vector<std::string>(std::begin(kAlertFields), std::end(kAlertFields)));
}

TEST(AlertMessageTest, BrokenUtf8DoesNotBreakTheJson) {
  AlertMessage broken = message();
  broken.detail = "bad \xff byte";
  EXPECT_FALSE(nlohmann::json::parse(to_json(broken), nullptr, false).is_discarded());
}

TEST(AlertMessageTest, TemplateEscapesWhatItFillsIn) {
  const auto filled = fill_template(R"({"text":"{{server}} is {{state}}: {{detail}}{{group}}"})", message());
  ASSERT_TRUE(filled);
  EXPECT_EQ(*filled, R"({"text":"site \"one\" is down: status 503\nnot in 200-299"})");
}

TEST(AlertMessageTest, TemplateWithAnUnknownFieldIsRefused) {
  EXPECT_THAT(fill_template("{{servre}}", message()).error().message, HasSubstr("servre"));
  EXPECT_EQ(fill_template("{{ unfinished", message()).value(), "{{ unfinished");
}

TEST(SecretTextTest, ComesFromEnvironmentOrFile) {
  TemporaryDirectory folder;
  const std::string path = folder.file("token");
  std::ofstream(path) << "s3cret\n";
  setenv("NINES_TEST_SECRET", "from the environment", 1);
  EXPECT_EQ(*read_secret({.text = "plain", .environment = "", .file = ""}), "plain");
  EXPECT_EQ(*read_secret({.text = "", .environment = "NINES_TEST_SECRET", .file = ""}), "from the environment");
  EXPECT_EQ(*read_secret({.text = "", .environment = "", .file = path}), "s3cret");
  EXPECT_FALSE(read_secret({.text = "", .environment = "NINES_TEST_NOT_SET", .file = ""}));
  EXPECT_FALSE(read_secret({.text = "", .environment = "", .file = path + ".not"}));
}

TEST(AlertTargetTest, MistakesAreRefusedWithTheirPlace) {
  AlertTarget target;
  target.name = "pager";
  EXPECT_THAT(validate(target).error().message, HasSubstr("either exec or webhook"));
  target.exec = {"true"};
  EXPECT_TRUE(validate(target));
  target.timeout = 0ms;
  EXPECT_THAT(validate(target).error().message, HasSubstr("timeout"));
  target.timeout = 1s;
  target.remind_every = 10ms;
  EXPECT_THAT(validate(target).error().message, HasSubstr("remind-every"));
  target.remind_every = 0ms;
  target.body_template = "{{nothing}}";
  EXPECT_THAT(validate(target).error().message, HasSubstr("nothing"));

  AlertTarget hook;
  hook.name = "hook";
  hook.webhook = SecretText{.text = "ftp://example.org/", .environment = "", .file = ""};
  EXPECT_THAT(validate(hook).error().message, HasSubstr("http"));
  hook.webhook = SecretText{.text = "https://example.org/", .environment = "TOO", .file = ""};
  EXPECT_THAT(validate(hook).error().message, HasSubstr("one of"));
  hook.webhook = SecretText{.text = "https://example.org/", .environment = "", .file = ""};
  EXPECT_TRUE(validate(hook));
}

// --- Records. ---

TEST(AlertRecordTest, MessageReadsBackAsWritten) {
  const auto record = parse_record(message_record(message(), {"a", "b"}, {"b"}));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->op, AlertRecord::Op::message);
  EXPECT_EQ(to_json(record->message), to_json(message()));
  EXPECT_THAT(record->told, ElementsAre("a", "b"));
  EXPECT_THAT(record->owed, ElementsAre("b"));
}

TEST(AlertRecordTest, NonsenseIsRefused) {
  for (const char* text : {"", "{}", "[]", "nonsense", R"({"op":"next"})", R"({"op":"next","id":-1})",
                           R"({"op":"next","id":"1"})", R"({"op":"other","id":1})", R"({"op":"settled","id":1})",
                           R"({"op":"message","id":1})", R"({"op":"forgotten","server":4294967296})"}) {
    EXPECT_FALSE(parse_record(text)) << text;
  }
}

TEST(AlertRecordTest, ChecksumIsCrc32c) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);  // the check value of the CRC catalogues
}

// --- The book. ---

class AlertBookTest : public testing::Test {
 protected:
  /// Opens the journal anew, as after a crash: nothing is closed in an orderly way, ever.
  void reopen(std::size_t max_pending = 100) {
    book.reset();
    auto opened =
        AlertBook::open(journal, max_pending, [this](LogLevel, std::string_view text) { logged.emplace_back(text); });
    ASSERT_TRUE(opened) << opened.error().message;
    book = *std::move(opened);
    book->set_targets(targets);
  }
  void SetUp() override { reopen(); }

  static AlertSubject subject(std::uint32_t id) {
    return {ServerId{id}, "server-" + std::to_string(id), "", "", std::nullopt};
  }
  void down(std::uint32_t id) { book->down(subject(id), {kSince, kSince + 15s, ErrorClass::dns, 0, "no such name"}); }
  void remind(TimeMs now) { book->remind(now, book->open_incidents()); }
  void up(std::uint32_t id) { book->up(ServerId{id}, kSince + 60s); }
  /// Delivers all that a target is owed; "down 1" and so on.
  std::vector<std::string> deliver(const std::string& target) {
    std::vector<std::string> told;
    while (const auto next = book->owed(target)) {
      told.push_back(std::string(to_string(next->kind)) + " " +
                     std::to_string(static_cast<std::uint32_t>(next->server)));
      book->delivered(target, next->id);
    }
    return told;
  }
  [[nodiscard]] std::string content() const {
    std::ifstream file(journal, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  void overwrite(const std::string& text) const { std::ofstream(journal, std::ios::binary) << text; }

  TemporaryDirectory folder;
  std::string journal = folder.file("alerts");
  std::vector<AlertTargetRule> targets{{"mail", true, 0ms}, {"pager", false, 0ms}};
  std::vector<std::string> logged;
  std::unique_ptr<AlertBook> book;
};

TEST_F(AlertBookTest, EachTargetIsToldOnceAndInOrder) {
  down(1);
  down(2);
  down(1);
  up(1);
  up(1);
  up(3);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1", "down 2", "resolved 1"));
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1", "down 2")) << "it does not want to hear of recoveries";
  EXPECT_EQ(book->stats().open_incidents, 1U);
  EXPECT_EQ(book->stats().delivered, 5U);
}

TEST_F(AlertBookTest, RestartLosesNothingAndRepeatsNothing) {
  down(1);
  deliver("mail");
  down(2);
  reopen();
  down(1);
  down(2);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 2"));
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1", "down 2"));
  up(1);
  reopen();
  reopen();
  up(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  reopen();
  EXPECT_THAT(deliver("mail"), ElementsAre());
  EXPECT_THAT(deliver("pager"), ElementsAre());
}

TEST_F(AlertBookTest, IdsAreNeverUsedTwice) {
  down(1);
  const std::uint64_t first = book->owed("mail")->id;
  deliver("mail");
  deliver("pager");
  up(1);
  deliver("mail");
  reopen();
  down(1);
  EXPECT_GT(book->owed("mail")->id, first + 1);
}

TEST_F(AlertBookTest, TornLastRecordIsAsIfItHadNotBeen) {
  down(1);
  const std::string whole = content();
  down(2);
  const std::string more = content();
  for (std::size_t size = whole.size(); size < more.size(); size += 23) {
    overwrite(more.substr(0, size));
    reopen();
    EXPECT_EQ(book->stats().open_incidents, 1U) << size;
    EXPECT_TRUE(logged.empty()) << "a crash leaves such a line: nothing to report";
  }
}

TEST_F(AlertBookTest, DamagedRecordIsLeftOutReportedAndKept) {
  down(1);
  down(2);
  std::string text = content();
  text[text.find("server-1")] ^= 1;
  overwrite(text);
  reopen();
  EXPECT_EQ(book->stats().open_incidents, 1U);
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_THAT(logged[0], HasSubstr("1 damaged"));
  EXPECT_TRUE(std::filesystem::exists(journal + ".damaged"));
  EXPECT_THAT(deliver("mail"), ElementsAre("down 2"));
}

TEST_F(AlertBookTest, FlippedBitIsFoundOrHarmless) {
  down(1);
  const std::string text = content();
  for (std::size_t i = 0; i < text.size(); i += 5) {
    std::string flipped = text;
    flipped[i] ^= 4;
    overwrite(flipped);
    const auto opened = AlertBook::open(journal, 100, nullptr);
    if (!opened) continue;
    (*opened)->set_targets(targets);
    const auto owed = (*opened)->owed("mail");
    EXPECT_TRUE(!owed || owed->name == "server-1") << "at byte " << i;
  }
}

TEST_F(AlertBookTest, ForeignFilesAndNewerFormatsAreLeftAlone) {
  overwrite("somebody's notes\n");
  EXPECT_EQ(AlertBook::open(journal, 100, nullptr).error().code, ErrorCode::not_a_store);
  EXPECT_EQ(content(), "somebody's notes\n");
  overwrite("nines-alerts 2\n");
  EXPECT_EQ(AlertBook::open(journal, 100, nullptr).error().code, ErrorCode::newer_format);
}

TEST_F(AlertBookTest, ExampleInTheFormatsDescriptionReadsAsItSays) {
  std::ifstream file(NINES_SOURCE_DIR "/prober/ALERTS.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t begin = text.rfind("```\nnines-alerts 1") + 4;
  ASSERT_LT(begin, text.size());
  overwrite(text.substr(begin, text.find("```", begin) - begin));
  targets = {{"pager", true, 0ms}};
  reopen();
  EXPECT_TRUE(logged.empty());
  EXPECT_EQ(book->stats().open_incidents, 1U);
  EXPECT_EQ(book->stats().pending, 0U);
  up(7);
  ASSERT_TRUE(book->owed("pager"));
  EXPECT_EQ(book->owed("pager")->name, "site");
  EXPECT_EQ(book->owed("pager")->id, 2U);
}

TEST_F(AlertBookTest, OnlyNamedTargetsHearOfAServer) {
  AlertSubject quiet = subject(1);
  quiet.targets = {"pager"};
  book->down(quiet, {kSince, kSince, ErrorClass::dns, 0, ""});
  EXPECT_THAT(deliver("mail"), ElementsAre());
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1"));
}

TEST_F(AlertBookTest, RemindersComeWhileTheIncidentLasts) {
  targets[0].remind_every = 60s;
  reopen();
  down(1);
  remind(kSince + 10min);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1")) << "no reminder of what was not told yet";
  remind(kSince + 15s + 59s);
  EXPECT_FALSE(book->owed("mail"));
  remind(kSince + 15s + 60s);
  ASSERT_TRUE(book->owed("mail"));
  EXPECT_EQ(book->owed("mail")->reminder, 1U);
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 1"));
  reopen();
  remind(kSince + 15s + 119s);
  EXPECT_FALSE(book->owed("mail")) << "a restart does not hasten the next one";
  remind(kSince + 15s + 120s);
  EXPECT_EQ(book->owed("mail")->reminder, 2U);
  deliver("mail");
  up(1);
  remind(kSince + 10min);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1"));
}

TEST_F(AlertBookTest, OnlyNamedServersAreRemindedOf) {
  targets[0].remind_every = 60s;
  reopen();
  down(1);
  down(2);
  deliver("mail");
  book->remind(kSince + 10min, {ServerId{2}, ServerId{9}});
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 2"));
}

TEST_F(AlertBookTest, DeadTargetOwesAtMostItsLimit) {
  reopen(3);
  for (std::uint32_t id = 1; id <= 5; ++id) down(id);
  EXPECT_EQ(book->stats().dropped, 4U) << "two of each target";
  reopen(3);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 3", "down 4", "down 5"));
}

TEST_F(AlertBookTest, TargetThatIsGoneIsOwedNothing) {
  down(1);
  targets = {{"pager", true, 0ms}};
  book->set_targets(targets);
  EXPECT_EQ(book->stats().pending, 1U);
  EXPECT_EQ(book->stats().dropped, 1U);
  reopen();
  EXPECT_FALSE(book->owed("mail"));
}

TEST_F(AlertBookTest, ForgottenServerIsNotSpokenOfAgain) {
  down(1);
  book->forget(ServerId{1});
  reopen();
  up(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1")) << "what was owed already is still told";
}

TEST_F(AlertBookTest, JournalShrinksAgain) {
  const std::string long_detail(16'384, 'x');
  for (int i = 0; i < 40; ++i) {
    book->down(subject(1), {kSince, kSince, ErrorClass::dns, 0, long_detail});
    up(1);
    deliver("mail");
    deliver("pager");
  }
  EXPECT_GT(std::filesystem::file_size(journal), 1U << 20U);
  book->keep();
  EXPECT_LT(std::filesystem::file_size(journal), 200U);
}

TEST_F(AlertBookTest, UnwritableJournalDoesNotSilenceAlerts) {
  down(1);
  std::filesystem::remove_all(folder.path());
  book->keep();
  down(2);
  // Appends still reach the removed file; a rewrite cannot.
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1", "down 2"));
}

TEST(AlertBookWithoutJournalTest, WorksInMemory) {
  const auto book = AlertBook::open("", 10, nullptr);
  ASSERT_TRUE(book);
  (*book)->set_targets({{"mail", true, 0ms}});
  (*book)->down({ServerId{1}, "one", "", "", std::nullopt}, {});
  EXPECT_TRUE((*book)->owed("mail"));
}

}  // namespace
}  // namespace nines::prober
