// Alert messages and the book that owes them: what is told, to whom, in which order, and what a restart leaves of it.
#include <nines/alert.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdio>
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
#include "alerts/template.h"
#include "base/crc32c.h"
#include "prober/support/server_process.h"
#include "prober/support/shortage.h"

namespace nines::prober {
namespace {

using namespace std::chrono_literals;
using prober_test::NoFilesThatGrow;
using prober_test::TemporaryDirectory;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimeMs kSince = from_ms(1'750'000'000'000);

AlertMessage message(AlertMessage::Kind kind = AlertMessage::Kind::begin) {
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

TEST(AlertMessage, ADurationIsNeverNegative) {
  AlertMessage made = message(AlertMessage::Kind::resolved);
  made.time = made.since - 60s;  // the clock was set back
  EXPECT_EQ(nlohmann::json::parse(to_json(made))["duration_ms"], 0);
}

TEST(AlertMessage, JsonHoldsEveryFieldInOrder) {
  EXPECT_EQ(
      to_json(message()),
      R"({"id":12,"event":"down","topic":"down","server":"site \"one\"","server_id":7,"url":"https://example.org/","group":null,)"
      R"("state":"down","since":"2025-06-15T15:06:40.000Z","time":"2025-06-15T15:06:55.000Z","duration_ms":15000,)"
      R"("error":"http_status","code":503,"detail":"status 503\nnot in 200-299","reminder":null})");
}

TEST(AlertMessage, FieldsAreThoseThatThePublicListNames) {
  std::vector<std::string> names;
  const auto json = nlohmann::ordered_json::parse(to_json(message()));
  for (const auto& [name, value] : json.items()) names.push_back(name);
  EXPECT_EQ(names, std::vector<std::string>(std::begin(kAlertFields), std::end(kAlertFields)));
}

TEST(AlertMessage, BrokenUtf8DoesNotBreakTheJson) {
  AlertMessage broken = message();
  broken.detail = "bad \xff byte";
  EXPECT_FALSE(nlohmann::json::parse(to_json(broken), nullptr, false).is_discarded());
}

TEST(SecretText, ComesFromEnvironmentOrFile) {
  TemporaryDirectory folder;
  const std::string path = folder.file("token");
  std::ofstream(path) << "s3cret\n";
  setenv("NINES_TEST_SECRET", "from the environment", 1);
  EXPECT_EQ(*read_secret({.text = "plain", .environment = "", .file = ""}), "plain");
  EXPECT_EQ(*read_secret({.text = "", .environment = "NINES_TEST_SECRET", .file = ""}), "from the environment");
  EXPECT_EQ(*read_secret({.text = "", .environment = "", .file = path}), "s3cret");
  std::ofstream(path) << "s3cret\r\n\n";
  EXPECT_EQ(*read_secret({.text = "", .environment = "", .file = path}), "s3cret") << "as other editors end a file";
  EXPECT_FALSE(read_secret({.text = "", .environment = "NINES_TEST_NOT_SET", .file = ""}));
  std::ofstream(path) << "\n";
  EXPECT_EQ(read_secret({.text = "", .environment = "", .file = path}).error().code, ErrorCode::not_found)
      << "it is being written anew";
  EXPECT_FALSE(read_secret({.text = "", .environment = "", .file = path + ".not"}));
}

TEST(AlertTarget, MistakesAreRefusedWithTheirPlace) {
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
  target.body_template = "{}";
  EXPECT_THAT(validate(target).error().message, HasSubstr("go with a webhook"));

  AlertTarget hook;
  hook.name = "hook";
  hook.webhook = SecretText{.text = "ftp://example.org/", .environment = "", .file = ""};
  EXPECT_THAT(validate(hook).error().message, HasSubstr("http"));
  hook.webhook = SecretText{.text = "https://example.org/{{server}}", .environment = "", .file = ""};
  EXPECT_THAT(validate(hook).error().message, HasSubstr("not in the URL"));
  hook.webhook = SecretText{.text = "https://example.org/", .environment = "TOO", .file = ""};
  EXPECT_THAT(validate(hook).error().message, HasSubstr("one of"));
  hook.webhook = SecretText{.text = "https://example.org/", .environment = "", .file = ""};
  EXPECT_TRUE(validate(hook));
  hook.body_template = "{{nothing}}";
  EXPECT_THAT(validate(hook).error().message, HasSubstr("nothing"));
}

// --- Records. ---

TEST(AlertRecord, MessageReadsBackAsWritten) {
  const auto record = parse_record(message_record(message(), {"a", "b"}, {"b"}));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->op, AlertRecord::Op::message);
  EXPECT_EQ(to_json(record->message), to_json(message()));
  EXPECT_THAT(record->told, ElementsAre("a", "b"));
  EXPECT_THAT(record->owed, ElementsAre("b"));
}

TEST(AlertRecord, NonsenseIsRefused) {
  for (const char* text :
       {"", "{}", "[]", "nonsense", R"({"op":"next"})", R"({"op":"next","id":-1})", R"({"op":"next","id":"1"})",
        R"({"op":"other","id":1})", R"({"op":"settled","id":1})", R"({"op":"message","id":1})",
        R"({"op":"tried","id":1,"target":"a"})", R"({"op":"forgotten","server":4294967296})"}) {
    EXPECT_FALSE(parse_record(text)) << text;
  }
}

// --- The book. ---

class AlertBooks : public testing::Test {
 protected:
  /// Opens the journal anew, as after a crash: nothing is closed in an orderly way, ever.
  void reopen(std::size_t max_pending = 100) {
    book.reset();
    auto opened = AlertBook::open(journal, limits(max_pending),
                                  [this](LogLevel, std::string_view text) { logged.emplace_back(text); });
    ASSERT_TRUE(opened) << opened.error().message;
    book = *std::move(opened);
    book->set_targets(targets);
  }
  void SetUp() override { reopen(); }

  static AlertBook::Limits limits(std::size_t max_pending = 100) { return {max_pending, 1s, 300s, 4}; }
  static AlertSubject subject(std::uint32_t id) {
    return {ServerId{id}, "server-" + std::to_string(id), "", "", std::nullopt};
  }
  static AlertFacts facts() { return {State::down, kSince, kSince + 15s, ErrorClass::dns, 0, "no such name"}; }
  void begin(std::uint32_t id, AlertTopic topic) {
    book->begin(subject(id), topic, facts());
    book->commit();
  }
  void down(std::uint32_t id) { begin(id, AlertTopic::down); }
  void remind(TimeMs now) {
    for (const IncidentKey& key : book->open_incidents()) {
      book->remind(now, subject(static_cast<std::uint32_t>(key.server)), key.topic);
    }
    book->commit();
  }
  void resolve(std::uint32_t id, AlertTopic topic) {
    book->resolve({ServerId{id}, topic}, State::up, kSince + 60s);
    book->commit();
  }
  void up(std::uint32_t id) { resolve(id, AlertTopic::down); }
  /// The message that a target would be given next, which stays owed.
  std::optional<AlertMessage> next(const std::string& target, AlertBook::TimePoint now = kNow) {
    const auto message = book->take(target, now);
    if (message) book->failed(target, message->id, AlertBook::TimePoint::min(), "looked at");
    return message;
  }
  /// Delivers all that a target is owed; "down 1" and so on.
  std::vector<std::string> deliver(const std::string& target) {
    std::vector<std::string> told;
    while (const auto message = book->take(target, kNow)) {
      told.push_back(std::string(event_of(*message)) + " " +
                     std::to_string(static_cast<std::uint32_t>(message->server)));
      book->delivered(target, message->id);
    }
    return told;
  }
  static std::string bytes_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::string content() const { return bytes_of(journal); }
  void overwrite(const std::string& text) const { std::ofstream(journal, std::ios::binary) << text; }

  TemporaryDirectory folder;
  std::string journal = folder.file("alerts");
  static constexpr AlertBook::TimePoint kNow{1h};
  std::vector<AlertTargetRule> targets{{"mail", true, 0ms, {AlertTopic::down}},
                                       {"pager", false, 0ms, {AlertTopic::down}}};
  std::vector<std::string> logged;
  std::unique_ptr<AlertBook> book;
};

TEST_F(AlertBooks, EachTargetIsToldOnceAndInOrder) {
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

TEST_F(AlertBooks, WhoIsRefusedBesideOthersIsCountedLoggedAndKeepsNobodyFromReminders) {
  targets = {{"mail", true, 1h, {AlertTopic::down}}};
  reopen();
  down(1);
  const auto message = book->take("mail", kNow);
  ASSERT_TRUE(message);
  book->delivered("mail", message->id, "refused for good by eve@example.org; the others have it");
  const AlertTargetStats stats = book->stats().targets.at(0);
  EXPECT_EQ(stats.delivered, 1U);
  EXPECT_EQ(stats.refused, 1U);
  EXPECT_EQ(stats.pending, 0U);
  EXPECT_EQ(stats.last_failure, "refused for good by eve@example.org; the others have it");
  EXPECT_THAT(logged, Contains(HasSubstr("refused for good by eve@example.org")));
  up(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
}

TEST_F(AlertBooks, RestartLosesNothingAndRepeatsNothing) {
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

TEST_F(AlertBooks, IdsAreNeverUsedTwice) {
  down(1);
  const std::uint64_t first = next("mail")->id;
  deliver("mail");
  deliver("pager");
  up(1);
  deliver("mail");
  reopen();
  down(1);
  EXPECT_GT(next("mail")->id, first + 1);
}

TEST_F(AlertBooks, TornLastRecordIsAsIfItHadNotBeen) {
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

TEST_F(AlertBooks, DamagedRecordIsLeftOutReportedAndKept) {
  down(1);
  down(2);
  std::string text = content();
  text[text.find("server-1")] ^= 1;
  overwrite(text);
  reopen();
  EXPECT_EQ(book->stats().open_incidents, 1U);
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_THAT(logged[0], HasSubstr("a damaged line"));
  EXPECT_TRUE(std::filesystem::exists(journal + ".damaged"));
  EXPECT_THAT(deliver("mail"), ElementsAre("down 2"));
}

TEST_F(AlertBooks, FlippedBitIsFoundOrHarmless) {
  down(1);
  const std::string text = content();
  for (std::size_t i = 0; i < text.size(); i += 5) {
    std::string flipped = text;
    flipped[i] ^= 4;
    overwrite(flipped);
    const auto opened = AlertBook::open(journal, limits(), nullptr);
    if (!opened) continue;
    (*opened)->set_targets(targets);
    const auto owed = (*opened)->take("mail", kNow);
    EXPECT_TRUE(!owed || owed->name == "server-1") << "at byte " << i;
  }
}

TEST_F(AlertBooks, DamagedFirstLineCostsNoRecord) {
  down(1);
  const std::string whole = content();
  const std::size_t name = whole.find('\n');
  for (const std::string& first :
       {std::string(name, '\0'), std::string("nines-alarts 2"), std::string("nines-alerts x"),
        std::string("nines-alerts 2x"), std::string("nines-alerts 0"), std::string()}) {
    overwrite(first + whole.substr(name));
    logged.clear();
    reopen();
    EXPECT_EQ(book->stats().open_incidents, 1U) << first;
    ASSERT_EQ(logged.size(), 1U) << first;
    EXPECT_THAT(logged[0], HasSubstr("kept as .damaged"));
    EXPECT_EQ(bytes_of(journal + ".damaged"), first + whole.substr(name));
    EXPECT_EQ(content().substr(0, name), whole.substr(0, name)) << "it is whole again";
  }
}

TEST_F(AlertBooks, WhateverLiesThereIsKeptAndDoesNotStopTheMonitor) {
  const std::vector<std::string> things{"somebody's notes\n",
                                        "without an end of line",
                                        std::string(40'000, '\0'),
                                        std::string("SQLite format 3\0\1\2\n\3", 20),
                                        "\n\n\n",
                                        "nines-al"};
  for (const std::string& thing : things) {
    overwrite(thing);
    logged.clear();
    reopen();
    EXPECT_EQ(logged.size(), 1U) << thing;
    EXPECT_EQ(bytes_of(journal + ".damaged"), thing);
    down(1);
    reopen();
    EXPECT_EQ(book->stats().open_incidents, 1U);
  }
  for (std::size_t i = 0; i + 1 < things.size(); ++i) {
    EXPECT_EQ(bytes_of(journal + ".damaged." + std::to_string(i + 1)), things[i]) << "nothing takes another's place";
  }
}

TEST_F(AlertBooks, NewerFormatsAreLeftAlone) {
  for (const std::string text : {"nines-alerts 4\n", "nines-alerts 4"}) {
    overwrite(text);
    EXPECT_EQ(AlertBook::open(journal, limits(), nullptr).error().code, ErrorCode::newer_format);
    EXPECT_EQ(content(), text);
  }
}

TEST_F(AlertBooks, WhatIsNoFileIsNamed) {
  std::filesystem::remove(journal);
  std::filesystem::create_directory(journal);
  const auto opened = AlertBook::open(journal, limits(), nullptr);
  EXPECT_EQ(opened.error().code, ErrorCode::not_a_store);
  EXPECT_EQ(opened.error().message, journal + " is a directory; the journal of alerts would be a file of that name");
  std::filesystem::remove(journal);
  ASSERT_EQ(::mkfifo(journal.c_str(), 0600), 0);
  EXPECT_EQ(AlertBook::open(journal, limits(), nullptr).error().code, ErrorCode::not_a_store) << "nobody writes to it";
}

TEST_F(AlertBooks, ExampleInTheFormatsDescriptionReadsAsItSays) {
  std::ifstream file(NINES_SOURCE_DIR "/prober/ALERTS.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t begin = text.rfind("```\nnines-alerts 3") + 4;
  ASSERT_LT(begin, text.size());
  overwrite(text.substr(begin, text.find("```", begin) - begin));
  targets = {{"pager", true, 0ms, {AlertTopic::down}}};
  reopen();
  EXPECT_TRUE(logged.empty());
  EXPECT_EQ(book->stats().open_incidents, 1U);
  EXPECT_EQ(book->stats().pending, 0U);
  up(7);
  ASSERT_TRUE(next("pager"));
  EXPECT_EQ(next("pager")->name, "site");
  EXPECT_EQ(next("pager")->id, 2U);
}

TEST_F(AlertBooks, OnlyNamedTargetsHearOfAServer) {
  AlertSubject quiet = subject(1);
  quiet.targets = {"pager"};
  book->begin(quiet, AlertTopic::down, facts());
  book->commit();
  EXPECT_THAT(deliver("mail"), ElementsAre());
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1"));
}

TEST_F(AlertBooks, RemindersComeWhileTheIncidentLasts) {
  targets[0].remind_every = 60s;
  reopen();
  down(1);
  remind(kSince + 10min);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1")) << "no reminder of what was not told yet";
  remind(kSince + 15s + 59s);
  EXPECT_FALSE(next("mail"));
  remind(kSince + 15s + 60s);
  ASSERT_TRUE(next("mail"));
  EXPECT_EQ(next("mail")->reminder, 1U);
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 1"));
  reopen();
  remind(kSince + 15s + 119s);
  EXPECT_FALSE(next("mail")) << "a restart does not hasten the next one";
  remind(kSince + 15s + 120s);
  EXPECT_EQ(next("mail")->reminder, 2U);
  deliver("mail");
  up(1);
  remind(kSince + 10min);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1"));
}

TEST_F(AlertBooks, WhoDoesNotAskAnyMoreIsNotReminded) {
  targets[0].remind_every = 60s;
  reopen();
  down(1);
  deliver("mail");
  AlertSubject others = subject(1);
  others.targets = {"pager"};
  book->remind(kSince + 1h, others, AlertTopic::down);
  book->commit();
  EXPECT_THAT(deliver("mail"), ElementsAre()) << "the server's own list leaves it out";
  targets[0].topics = {AlertTopic::certificate};
  book->set_targets(targets);
  remind(kSince + 1h);
  EXPECT_THAT(deliver("mail"), ElementsAre()) << "it is on something else";
  targets[0].topics = {AlertTopic::down};
  book->set_targets(targets);
  remind(kSince + 1h);
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 1"));
}

TEST_F(AlertBooks, ClockThatWasAheadHoldsUpNoReminder) {
  targets[0].remind_every = 60s;
  reopen();
  down(1);
  deliver("mail");
  remind(kSince + 6h);
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 1"));
  remind(kSince + 2min);
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 1")) << "the one before is of a time that never was";
  remind(kSince + 2min + 59s);
  EXPECT_THAT(deliver("mail"), ElementsAre());
}

TEST_F(AlertBooks, AnotherServerOfThisNumberIsAnotherIncident) {
  AlertSubject old = subject(1);
  old.name = "old";
  old.url = "https://old.example/";
  book->begin(old, AlertTopic::down, facts());
  book->commit();
  deliver("mail");
  reopen();
  AlertSubject renamed = old;
  renamed.name = "older";
  book->begin(renamed, AlertTopic::down, facts());
  book->commit();
  EXPECT_THAT(deliver("mail"), ElementsAre()) << "it was given another name";
  AlertSubject other = subject(1);
  other.name = "other";
  other.url = "https://other.example/";
  book->begin(other, AlertTopic::down, facts());
  book->commit();
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1", "down 1"));
}

TEST_F(AlertBooks, AnotherJobOfThisNumberIsAnotherIncident) {
  down(1);  // without an address, as jobs that report
  deliver("mail");
  reopen();
  AlertSubject other = subject(1);
  other.name = "another job";
  book->begin(other, AlertTopic::down, facts());
  book->commit();
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1", "down 1"));
}

TEST_F(AlertBooks, WhatIsOverStaysOverThoughSomebodyIsOwedItsBegin) {
  down(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1"));
  next("pager");  // it was tried, and is owed
  up(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  for (int i = 0; i < 3; ++i) {
    reopen();
    EXPECT_EQ(book->stats().open_incidents, 0U);
    up(1);
    EXPECT_THAT(deliver("mail"), ElementsAre());
  }
  down(1);
  reopen();
  EXPECT_EQ(book->stats().open_incidents, 1U) << "the next one is another";
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1", "down 1"));
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1"));
}

TEST_F(AlertBooks, TargetThatJoinsHearsOfWhatLasts) {
  const std::vector<AlertTargetRule> both = targets;
  targets = {};
  reopen();
  down(1);
  targets = {both[0]};
  book->set_targets(targets);
  down(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1"));
  targets = both;
  reopen();
  down(1);
  EXPECT_THAT(deliver("mail"), ElementsAre()) << "it has been told";
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1"));
  down(1);
  up(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  EXPECT_THAT(deliver("pager"), ElementsAre()) << "it wants no ends";
  EXPECT_EQ(book->stats().pending, 0U);
}

/// Maintenance makes a history count an outage anew; whoever was told of it keeps its key from begin to end.
TEST_F(AlertBooks, TargetThatJoinsLeavesTheIncidentTheSameForAll) {
  const auto former = targets;
  std::erase_if(targets, [](const AlertTargetRule& rule) { return rule.name == "pager"; });
  book->set_targets(targets);
  down(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1"));
  targets = former;
  book->set_targets(targets);
  AlertFacts later = facts();
  later.since = later.time = kSince + 2h;
  book->begin(subject(1), AlertTopic::down, later);
  book->commit();
  const auto joined = next("pager");
  ASSERT_TRUE(joined);
  EXPECT_EQ(joined->since, kSince);
  reopen();
  book->resolve({ServerId{1}, AlertTopic::down}, State::up, kSince + 3h);
  book->commit();
  const auto over = next("mail");
  ASSERT_TRUE(over);
  EXPECT_EQ(over->since, kSince);
  EXPECT_EQ(incident_key(*over), incident_key(*joined));
}

TEST_F(AlertBooks, TargetThatCameBackHearsOfWhatItNeverReceived) {
  const auto former = targets;
  for (const bool restarts : {false, true}) {
    targets = former;
    book->set_targets(targets);
    down(1);
    EXPECT_THAT(deliver("mail"), ElementsAre("down 1"));
    // The pager does not answer, and is taken out and put in again.
    std::erase_if(targets, [](const AlertTargetRule& rule) { return rule.name == "pager"; });
    book->set_targets(targets);
    book->commit();
    targets = former;
    if (restarts) {
      reopen();
    } else {
      book->set_targets(targets);
    }
    down(1);  // as is said after each reload
    EXPECT_THAT(deliver("pager"), ElementsAre("down 1")) << restarts;
    EXPECT_THAT(deliver("mail"), ElementsAre()) << "it has heard";
    up(1);
    EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
    static_cast<void>(deliver("pager"));
  }
}

TEST_F(AlertBooks, ReminderThatWasNotDeliveredGoesWithItsIncident) {
  targets[0].remind_every = 60s;
  book->set_targets(targets);
  down(1);
  deliver("mail");
  remind(kSince + 15s + 60s);
  up(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  EXPECT_EQ(book->stats().pending, 1U) << "the begin, of the pager";
}

TEST_F(AlertBooks, NobodyIsRemindedInQuietHoursOrOfWhatADownServerHides) {
  targets[0].remind_every = 60s;
  targets[0].topics = {AlertTopic::down, AlertTopic::degraded};
  book->set_targets(targets);
  begin(1, AlertTopic::degraded);
  EXPECT_THAT(deliver("mail"), ElementsAre("degraded 1"));
  book->set_quiet({"mail"});
  remind(kSince + 15s + 60s);
  book->set_quiet({});
  EXPECT_THAT(deliver("mail"), ElementsAre());
  down(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1"));
  remind(kSince + 15s + 60s);
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 1")) << "of the outage alone";
  up(1);
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  remind(kSince + 15s + 300s);
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 1"));
}

TEST_F(AlertBooks, OnlyNamedServersAreRemindedOf) {
  targets[0].remind_every = 60s;
  reopen();
  down(1);
  down(2);
  deliver("mail");
  for (const std::uint32_t id : {2U, 9U}) book->remind(kSince + 10min, subject(id), AlertTopic::down);
  book->commit();
  EXPECT_THAT(deliver("mail"), ElementsAre("reminder 2"));
}

TEST_F(AlertBooks, DeadTargetOwesAtMostItsLimit) {
  reopen(3);
  for (std::uint32_t id = 1; id <= 5; ++id) down(id);
  EXPECT_EQ(book->stats().dropped, 4U) << "two of each target";
  reopen(3);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 3", "down 4", "down 5"));
}

TEST_F(AlertBooks, TargetThatIsGoneIsOwedNothing) {
  down(1);
  targets = {{"pager", true, 0ms, {AlertTopic::down}}};
  book->set_targets(targets);
  EXPECT_EQ(book->stats().pending, 1U);
  EXPECT_EQ(book->stats().dropped, 1U);
  reopen();
  EXPECT_FALSE(next("mail"));
}

TEST_F(AlertBooks, ServerThatIsRemovedHasItsOutageEnded) {
  targets[1].send_resolved = true;
  reopen();
  down(1);
  down(2);
  deliver("mail");
  book->remove(ServerId{1}, kSince + 60s, prober::kRemoved);
  book->commit();
  const auto end = next("mail");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->kind, AlertMessage::Kind::resolved);
  EXPECT_EQ(end->state, State::unknown) << "nobody knows how it is";
  EXPECT_EQ(end->detail, "the server is not watched any longer");
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1", "down 2", "resolved 1")) << "what was owed already is still told";
  reopen();
  EXPECT_EQ(book->stats().open_incidents, 1U);
  book->remove(ServerId{1}, kSince + 60s, prober::kRemoved);
  EXPECT_THAT(deliver("mail"), ElementsAre()) << "once";
}

TEST_F(AlertBooks, JournalShrinksAgain) {
  const std::string long_detail(16'384, 'x');
  for (int i = 0; i < 40; ++i) {
    AlertFacts long_facts = facts();
    long_facts.detail = long_detail;
    book->begin(subject(1), AlertTopic::down, long_facts);
    up(1);
    deliver("mail");
    deliver("pager");
  }
  book->commit();
  EXPECT_GT(std::filesystem::file_size(journal), 1U << 20U);
  book->keep();
  book->commit();
  EXPECT_LT(std::filesystem::file_size(journal), 200U);
}

TEST_F(AlertBooks, UnwritableJournalDoesNotSilenceAlerts) {
  down(1);
  std::filesystem::remove_all(folder.path());
  book->keep();
  down(2);
  // Appends still reach the removed file; a rewrite cannot.
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1", "down 2"));
}

TEST_F(AlertBooks, JournalFollowsOnceItCanBeWrittenAgain) {
  down(1);
  {
    const NoFilesThatGrow shortage;
    down(2);
    EXPECT_THAT(deliver("mail"), ElementsAre("down 1", "down 2")) << "nobody waits for a disk";
    book->keep();
    down(3);
  }
  ASSERT_EQ(logged.size(), 1U) << "once";
  EXPECT_THAT(logged[0], HasSubstr("alerts go on without their journal"));
  book->keep();
  down(4);
  EXPECT_EQ(logged.back(), "the journal of alerts is written again");
  reopen();
  EXPECT_EQ(book->stats().open_incidents, 4U);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 3", "down 4"));
}

TEST_F(AlertBooks, JournalHoldsWhatTwentyThousandServersSayAtOnce) {
  constexpr std::uint32_t kServers = 20'000;
  reopen(kServers);
  for (std::uint32_t id = 1; id <= kServers; ++id) book->begin(subject(id), AlertTopic::down, facts());
  book->commit();
  EXPECT_EQ(logged.size(), 0U) << logged[0];
  reopen(kServers);
  EXPECT_EQ(book->stats().open_incidents, kServers);
  EXPECT_EQ(book->stats().pending, 2 * kServers);
}

TEST_F(AlertBooks, NothingIsDeliveredBeforeItIsDurable) {
  book->begin(subject(1), AlertTopic::down, facts());
  EXPECT_FALSE(book->take("mail", kNow));
  EXPECT_EQ(book->stats().pending, 2U);
  book->commit();
  EXPECT_TRUE(book->take("mail", kNow));
}

TEST_F(AlertBooks, MessageThatIsRefusedHoldsUpNoOther) {
  down(1);
  down(2);
  up(1);
  const auto first = book->take("mail", kNow);
  book->refused("mail", first->id, "status 400");
  EXPECT_THAT(deliver("mail"), ElementsAre("down 2", "resolved 1"));
  const AlertStats stats = book->stats();
  EXPECT_EQ(stats.refused, 1U);
  EXPECT_EQ(stats.delivered, 2U);
  ASSERT_EQ(stats.targets.size(), 2U);
  EXPECT_EQ(stats.targets[0].name, "mail");
  EXPECT_EQ(stats.targets[0].refused, 1U);
  EXPECT_EQ(stats.targets[1].refused, 0U);
  EXPECT_EQ(stats.targets[1].pending, 2U);
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_EQ(logged[0],
            "alert target \"mail\": message 1 (down of server-1) was refused for good and is dropped: status 400");
  reopen();
  EXPECT_THAT(deliver("mail"), ElementsAre()) << "a restart does not bring it back";
}

TEST_F(AlertBooks, MessageThatFailsIsGivenUpAfterItsAttempts) {
  down(1);
  down(2);
  const auto first = book->take("mail", kNow);
  const auto second = book->take("mail", kNow);
  book->failed("mail", first->id, kNow, "timeout");
  book->delivered("mail", second->id);
  reopen();  // attempts are counted across restarts
  for (int attempt = 2; attempt <= 4; ++attempt) {
    const auto message = book->take("mail", kNow + attempt * 1h);
    ASSERT_TRUE(message) << attempt;
    EXPECT_EQ(message->server, ServerId{1});
    book->failed("mail", message->id, kNow, "timeout");
  }
  EXPECT_FALSE(book->take("mail", kNow + 24h));
  EXPECT_EQ(book->stats().expired, 1U);
  EXPECT_EQ(logged.back(), "alert target \"mail\": message 1 (down of server-1) is given up after 4 attempts: timeout");
  EXPECT_EQ(book->stats().targets[0].last_failure, "timeout");
}

TEST_F(AlertBooks, PausesDoubleUpToTheirLimit) {
  targets = {{"mail", true, 0ms, {AlertTopic::down}}};
  book = *AlertBook::open("", {100, 1s, 5s, 100}, nullptr);
  book->set_targets(targets);
  down(1);
  std::vector<std::int64_t> pauses;
  AlertBook::TimePoint now = kNow;
  for (int i = 0; i < 5; ++i) {
    const auto message = book->take("mail", now);
    ASSERT_TRUE(message);
    book->failed("mail", message->id, now, "timeout");
    const auto due = book->next_due("mail");
    ASSERT_TRUE(due);
    EXPECT_FALSE(book->take("mail", *due - 1ms));
    pauses.push_back(std::chrono::duration_cast<std::chrono::seconds>(*due - now).count());
    now = *due;
  }
  EXPECT_THAT(pauses, ElementsAre(1, 2, 4, 5, 5));
  book->hasten("mail");
  EXPECT_TRUE(book->take("mail", kNow)) << "a new description is tried at once";
}

TEST_F(AlertBooks, TargetsHearOfWhatTheyAskedFor) {
  targets = {{"mail", true, 0ms, {AlertTopic::degraded, AlertTopic::certificate}},
             {"pager", true, 0ms, {AlertTopic::down, AlertTopic::budget}}};
  reopen();
  for (const AlertTopic topic : kAlertTopics) begin(1, topic);
  begin(1, AlertTopic::degraded);
  resolve(1, AlertTopic::certificate);
  resolve(1, AlertTopic::budget);
  EXPECT_THAT(deliver("mail"), ElementsAre("degraded 1", "certificate 1", "resolved 1"));
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1", "budget 1", "resolved 1"));
  EXPECT_EQ(book->stats().open_incidents, 2U);
  reopen();
  EXPECT_EQ(book->stats().open_incidents, 2U);
  book->remove(ServerId{1}, kSince + 60s, prober::kRemoved);
  book->commit();
  EXPECT_THAT(deliver("mail"), ElementsAre("resolved 1"));
  EXPECT_THAT(deliver("pager"), ElementsAre("resolved 1"));
}

// --- Who wants to hear of what. ---

TimeMs wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

class AlertTaste : public AlertBooks {
 protected:
  /// An outage that began `ago`, by a result that holds for so long from now on.
  void down_since(std::uint32_t id, std::chrono::milliseconds ago, const std::string& group = "",
                  std::chrono::milliseconds holds = 1min) {
    AlertSubject about = subject(id);
    about.group = group;
    AlertFacts known = facts();
    known.since = wall_now() - ago;
    known.time = wall_now();
    known.known_until = known.time + holds;
    book->begin(about, AlertTopic::down, known);
    book->commit();
  }
  /// What a target is told once everything that it waits for has come.
  std::vector<std::string> deliver_later(const std::string& target, std::chrono::hours later = 2h) {
    std::vector<std::string> told;
    while (const auto message = book->take(target, std::chrono::steady_clock::now() + later)) {
      told.push_back(std::string(event_of(*message)) + " " +
                     std::to_string(static_cast<std::uint32_t>(message->server)));
      book->delivered(target, message->id);
    }
    return told;
  }
  std::vector<std::string> deliver_now(const std::string& target) {
    std::vector<std::string> told;
    while (const auto message = book->take(target, std::chrono::steady_clock::now())) {
      told.push_back(std::string(event_of(*message)) + " " +
                     std::to_string(static_cast<std::uint32_t>(message->server)));
      book->delivered(target, message->id);
    }
    return told;
  }
};

TEST_F(AlertTaste, TargetHearsOfItsGroupsOnly) {
  targets[0].groups = {"core", "web"};
  book->set_targets(targets);
  down_since(1, 1min, "core");
  down_since(2, 1min, "lab");
  down_since(3, 1min);
  down_since(4, 1min, "web");
  for (const std::uint32_t id : {1U, 2U, 3U, 4U}) up(id);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 1", "down 4", "resolved 1", "resolved 4"));
  EXPECT_THAT(deliver("pager"), ElementsAre("down 1", "down 2", "down 3", "down 4"));
}

TEST_F(AlertTaste, TargetHearsOnlyOfWhatLasts) {
  targets[0].after = 1h;
  book->set_targets(targets);
  down_since(1, 1min);
  down_since(2, 1min);
  down_since(3, 2h);  // was seen late
  EXPECT_THAT(deliver_now("mail"), ElementsAre("down 3"));
  EXPECT_THAT(deliver_now("pager"), ElementsAre("down 1", "down 2", "down 3")) << "nobody waits for another";
  ASSERT_TRUE(book->next_due("mail"));
  EXPECT_GT(*book->next_due("mail"), std::chrono::steady_clock::now() + 58min);
  EXPECT_LT(*book->next_due("mail"), std::chrono::steady_clock::now() + 60min);
  up(1);
  EXPECT_THAT(deliver_later("mail"), ElementsAre("down 2")) << "what is over by then is not told at all";
  up(2);
  up(3);
  EXPECT_THAT(deliver_now("mail"), ElementsAre("resolved 2", "resolved 3"));
  EXPECT_EQ(book->stats().pending, 0U);
}

// After a standstill or a restart: the next result decides.
TEST_F(AlertTaste, TargetDoesNotHearOfWhatMayBeOver) {
  targets[0].after = 1h;
  book->set_targets(targets);
  down_since(1, 2h, "", -1min);
  EXPECT_THAT(deliver_now("mail"), ElementsAre());
  EXPECT_THAT(deliver_now("pager"), ElementsAre("down 1")) << "whoever hears of everything does at once";
  EXPECT_EQ(book->stats().pending, 1U);
  reopen();
  EXPECT_THAT(deliver_later("mail"), ElementsAre()) << "the journal does not say that it lasts";
  book->lasts({ServerId{1}, AlertTopic::down}, wall_now() + 1min);
  EXPECT_THAT(deliver_later("mail", 3h), ElementsAre("down 1"));
}

TEST_F(AlertTaste, WhatIsNotKnownToHaveLastedIsNotTold) {
  targets[0].after = 1h;
  book->set_targets(targets);
  down_since(1, 2h, "", -70min);  // known for 50 minutes
  down_since(2, 2h, "", -50min);  // for 70
  EXPECT_THAT(deliver_now("mail"), ElementsAre());
  for (const std::uint32_t id : {1U, 2U}) book->resolve({ServerId{id}, AlertTopic::down}, State::up, wall_now());
  book->commit();
  EXPECT_THAT(deliver_later("mail"), ElementsAre("down 2", "resolved 2"));
}

TEST_F(AlertTaste, RemindersCountFromWhenItWasReceived) {
  targets[0].after = 1h;
  targets[0].remind_every = 30min;
  book->set_targets(targets);
  down_since(1, 2h);
  AlertFacts known = facts();
  known.since = known.time = wall_now() - 2h;
  known.known_until = wall_now() + 1min;
  book->begin(subject(2), AlertTopic::down, known);
  book->commit();
  EXPECT_THAT(deliver_now("mail"), ElementsAre("down 1", "down 2"));
  remind(wall_now() + 1s);
  EXPECT_THAT(deliver_now("mail"), ElementsAre()) << "though it was confirmed two hours ago";
  remind(wall_now() + 31min);
  EXPECT_THAT(deliver_now("mail"), ElementsAre("reminder 1", "reminder 2"));
}

TEST_F(AlertTaste, WhatIsOverInTheSameMomentIsNotTold) {
  targets[0].after = 1h;
  book->set_targets(targets);
  AlertFacts known = facts();
  known.since = wall_now();
  book->begin(subject(1), AlertTopic::down, known);
  book->resolve({ServerId{1}, AlertTopic::down}, State::up, wall_now());
  book->commit();
  EXPECT_TRUE(deliver_later("mail").empty());
  EXPECT_THAT(deliver_later("pager"), ElementsAre("down 1"));
  EXPECT_EQ(book->stats().pending, 0U);
}

TEST_F(AlertTaste, WaitOutlivesARestartAndAChangeOfTheTarget) {
  targets[0].after = 1h;
  book->set_targets(targets);
  down_since(1, 1min);
  reopen();
  EXPECT_TRUE(deliver_now("mail").empty());
  book->hasten("mail");
  EXPECT_TRUE(deliver_now("mail").empty()) << "haste is for what failed";
  up(1);
  reopen();
  EXPECT_TRUE(deliver_later("mail").empty());
  down_since(2, 1min);
  targets[0].after = 10s;
  book->set_targets(targets);
  EXPECT_THAT(deliver_now("mail"), ElementsAre("down 2")) << "it has lasted long enough now";
}

TEST_F(AlertTaste, QuietHoursHoldBackAndForgetWhatIsOver) {
  down_since(1, 1min);
  EXPECT_THAT(deliver_now("mail"), ElementsAre("down 1"));
  book->set_quiet({"mail"});
  down_since(2, 1min);
  down_since(3, 1min);
  EXPECT_TRUE(deliver_now("mail").empty());
  EXPECT_FALSE(book->next_due("mail"));
  EXPECT_THAT(deliver_now("pager"), ElementsAre("down 1", "down 2", "down 3"));
  up(1);
  up(2);
  down_since(1, 1min);
  EXPECT_TRUE(deliver_now("mail").empty());
  book->set_quiet({});
  EXPECT_THAT(deliver_now("mail"), ElementsAre("down 3", "resolved 1", "down 1"));
  EXPECT_THAT(deliver_now("pager"), ElementsAre("down 1"));
  EXPECT_EQ(book->stats().pending, 0U);
}

TEST_F(AlertTaste, TargetThatJoinsChangesNothingForOneInQuietHours) {
  targets = {targets[0]};
  targets[0].remind_every = 1s;
  reopen();
  book->set_quiet({"mail"});
  down_since(1, 1min);
  targets.push_back({"pager", true, 0ms, {AlertTopic::down}});
  for (const bool restarts : {false, true}) {
    if (restarts) {
      reopen();
      book->set_quiet({"mail"});
    }
    book->set_targets(targets);
    down_since(1, 1min);
    remind(wall_now() + 1h);
  }
  EXPECT_THAT(deliver_now("pager"), ElementsAre("down 1"));
  up(1);
  book->set_quiet({});
  EXPECT_THAT(deliver_later("mail"), ElementsAre()) << "it was over before it was told";
  EXPECT_THAT(deliver_now("pager"), ElementsAre("resolved 1"));
  EXPECT_EQ(book->stats().pending, 0U);
}

TEST_F(AlertTaste, WhatWasTriedBeforeTheQuietHoursIsToldAfterThem) {
  down_since(1, 1min);
  const auto message = book->take("mail", kNow);
  ASSERT_TRUE(message);
  book->set_quiet({"mail"});
  up(1);
  book->failed("mail", message->id, AlertBook::TimePoint::min(), "no answer");
  EXPECT_TRUE(deliver_now("mail").empty());
  book->set_quiet({});
  EXPECT_THAT(deliver_now("mail"), ElementsAre("down 1", "resolved 1")) << "it may have arrived";
}

TEST_F(AlertTaste, NoReminderOfWhatIsHeldBack) {
  targets[0].after = 1h;
  targets[0].remind_every = 1s;
  book->set_targets(targets);
  down_since(1, 1min);
  remind(wall_now() + 1h);
  EXPECT_THAT(deliver_later("mail"), ElementsAre("down 1"));
}

TEST_F(AlertBooks, JobsAreRememberedOverARestart) {
  const JobMemory running{kSince, true, 1500ms, kSince + 1s};
  const JobMemory waiting{kSince + 2s, false, 0ms, std::nullopt};
  book->note_job(ServerId{1}, running);
  book->note_job(ServerId{2}, running);
  book->note_job(ServerId{2}, waiting);
  book->note_job(ServerId{3}, running);
  book->note_job(ServerId{3}, std::nullopt);
  book->note_job(ServerId{4}, running);
  book->remove(ServerId{4}, kSince, kRemoved);
  book->note_job(ServerId{5}, running);
  for (int again = 0; again < 2; ++again) {  // from single records, then from a rewritten file
    reopen();
    EXPECT_EQ(book->job(ServerId{1}), running);
    EXPECT_EQ(book->job(ServerId{2}), waiting);
    EXPECT_FALSE(book->job(ServerId{3}));
    EXPECT_FALSE(book->job(ServerId{4}));
    EXPECT_EQ(book->job(ServerId{5}), running);
  }
  book->forget_jobs_unless([](ServerId id) { return id != ServerId{5}; });
  reopen();
  EXPECT_FALSE(book->job(ServerId{5}));
  EXPECT_EQ(book->job(ServerId{1}), running);
  EXPECT_TRUE(logged.empty());
}

TEST_F(AlertBooks, JournalOfTheFirstVersionIsRead) {
  const std::vector<std::string> records{
      R"({"op":"next","id":4})",
      R"({"op":"message","id":4,"event":"down","server":7,"name":"site","url":"","group":"","since_ms":1750000000000,)"
      R"("time_ms":1750000015000,"error":"dns","code":0,"detail":"","reminder":0,"told":["mail","pager"],"owed":["mail"]})",
      R"({"op":"message","id":5,"event":"down","server":8,"name":"gone","url":"","group":"","since_ms":1750000000000,)"
      R"("time_ms":1750000015000,"error":"dns","code":0,"detail":"","reminder":0,"told":["mail"],"owed":[]})",
      R"({"op":"forgotten","server":8})"};
  std::string text = "nines-alerts 1\n";
  for (const std::string& record : records) {
    std::array<char, 16> checksum{};
    std::snprintf(checksum.data(), checksum.size(), "%08x ", engine::crc32c(record));
    text += checksum.data() + record + "\n";
  }
  overwrite(text);
  reopen();
  EXPECT_TRUE(logged.empty());
  EXPECT_EQ(book->stats().open_incidents, 1U);
  up(7);
  EXPECT_THAT(deliver("mail"), ElementsAre("down 7", "resolved 7"));
}

TEST(AlertBookWithoutJournal, WorksInMemory) {
  const auto book = AlertBook::open("", {10, 1s, 300s, 4}, nullptr);
  ASSERT_TRUE(book);
  (*book)->set_targets({{"mail", true, 0ms, {AlertTopic::down}}});
  (*book)->begin({ServerId{1}, "one", "", "", std::nullopt}, AlertTopic::down, {});
  (*book)->commit();
  EXPECT_TRUE((*book)->take("mail", AlertBook::TimePoint{1h}));
}

}  // namespace
}  // namespace nines::prober
