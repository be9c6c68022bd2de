// Alerts on their way: commands and requests, retries, order, and the whole way from a failed check across a restart.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "alerts/delivery.h"
#include "alerts/dispatcher.h"
#include "prober/support/checks.h"
#include "prober/support/loopback_server.h"
#include "prober/support/prober_fixture.h"
#include "prober/support/shortage.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr TimeMs kSince = from_ms(1'750'000'000'000);

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> lines_of(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

AlertMessage message() {
  AlertMessage made;
  made.id = 3;
  made.server = ServerId{7};
  made.name = "site; rm -rf \"$HOME\"";
  made.since = kSince;
  made.time = kSince + 15s;
  made.error = ErrorClass::timeout;
  made.detail = "no answer";
  return made;
}

AlertTarget shell(const std::string& script, std::chrono::milliseconds timeout = 15s) {
  AlertTarget target;
  target.name = "shell";
  target.exec = {"sh", "-c", script};
  target.timeout = timeout;
  return target;
}

AlertTarget hook(const std::string& url) {
  AlertTarget target;
  target.name = "hook";
  target.webhook = SecretText{.text = url, .environment = "", .file = ""};
  target.timeout = 15s;
  return target;
}

// --- Commands. ---

TEST(AlertExec, FactsComeInTheEnvironmentAndOnStandardInput) {
  const TemporaryDirectory folder;
  setenv("NINES_LEFTOVER", "of another alert", 1);
  const std::string script =
      "env | grep ^NINES_ | sort > '" + folder.file("env") + "'; cat > '" + folder.file("json") + "'";
  ASSERT_TRUE(prober::deliver(shell(script), message()));
  const auto variables = lines_of(folder.file("env"));
  EXPECT_THAT(variables, testing::Contains("NINES_EVENT=down"));
  EXPECT_THAT(variables, testing::Contains("NINES_SERVER=site; rm -rf \"$HOME\""));
  EXPECT_THAT(variables, testing::Contains("NINES_DURATION_MS=15000"));
  EXPECT_THAT(variables, testing::Contains("NINES_CODE="));
  EXPECT_EQ(variables.size(), std::size(kAlertFields));
  EXPECT_EQ(content_of(folder.file("json")), to_json(message()) + "\n");
}

TEST(AlertExec, FailureSaysWhy) {
  EXPECT_THAT(prober::deliver(shell("exit 3"), message()).error().message, HasSubstr("exit code was 3"));
  EXPECT_THAT(prober::deliver(shell("kill -9 $$"), message()).error().message, HasSubstr("signal 9"));
  AlertTarget missing = shell("");
  missing.exec = {"/nowhere/to/be/found"};
  EXPECT_THAT(prober::deliver(missing, message()).error().message, HasSubstr("cannot be started"));
}

TEST(AlertExec, CommandOverItsTimeIsKilledWithItsGroup) {
  const TemporaryDirectory folder;
  const std::string script =
      "sleep 100 & echo $! > '" + folder.file("pid") + "'; trap '' TERM; while :; do sleep 1; done";
  const auto took = time_of(
      [&] { EXPECT_THAT(prober::deliver(shell(script, 300ms), message()).error().message, HasSubstr("killed")); });
  EXPECT_LT(took, 10s);
  const std::string text = content_of(folder.file("pid"));
  ASSERT_FALSE(text.empty());
  const auto child = static_cast<pid_t>(std::stol(text));
  // The orphan may be a zombie for a moment, until init takes it in; a zombie has no command line.
  const auto gone = [&] {
    return kill(child, 0) != 0 || content_of("/proc/" + text.substr(0, text.size() - 1) + "/cmdline").empty();
  };
  for (int i = 0; i < 200 && !gone(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(gone());
}

TEST(AlertExec, CommandThatReadsNothingIsFine) {
  EXPECT_TRUE(prober::deliver(shell("exec 0<&-; true"), message()));
}

// --- Webhooks. ---

/// Keeps the requests; the first `failures` of them are answered with an error.
class Receiver {
 public:
  explicit Receiver(int failures = 0) : failures_(failures) {}
  [[nodiscard]] std::string url() const { return server_.url("http", "/secret-path"); }
  [[nodiscard]] std::vector<std::string> bodies() {
    const std::lock_guard lock(mutex_);
    return bodies_;
  }
  [[nodiscard]] std::vector<std::string> heads() {
    const std::lock_guard lock(mutex_);
    return heads_;
  }

 private:
  const int failures_;
  std::mutex mutex_;
  std::vector<std::string> heads_;   // guarded by mutex_
  std::vector<std::string> bodies_;  // guarded by mutex_
  LoopbackServer server_{[this](Connection& connection) {
    const std::string request = connection.read_until("~");  // templates of these tests end so
    const std::size_t body = request.find("\r\n\r\n") + 4;
    const std::lock_guard lock(mutex_);
    heads_.push_back(request.substr(0, body));
    bodies_.push_back(request.substr(body));
    connection.send(http_answer(static_cast<int>(bodies_.size()) <= failures_ ? 500 : 204, ""));
  }};
};

TEST(AlertWebhook, TemplateAndHeadersAreSent) {
  Receiver receiver;
  AlertTarget target = hook(receiver.url());
  target.body_template = "{\"text\":\"{{server}} {{event}}\"}~";
  setenv("NINES_TEST_TOKEN", "Bearer s3cret", 1);
  target.headers = {{"Authorization", SecretText{.text = "", .environment = "NINES_TEST_TOKEN", .file = ""}}};
  ASSERT_TRUE(prober::deliver(target, message()));
  ASSERT_EQ(receiver.bodies().size(), 1U);
  EXPECT_EQ(receiver.bodies()[0], "{\"text\":\"site; rm -rf \\\"$HOME\\\" down\"}~");
  EXPECT_THAT(receiver.heads()[0], HasSubstr("POST /secret-path HTTP/1.1"));
  EXPECT_THAT(receiver.heads()[0], HasSubstr("Authorization: Bearer s3cret\r\n"));
  EXPECT_THAT(receiver.heads()[0], HasSubstr("Idempotency-Key: nines-3-1750000000000\r\n"));
  EXPECT_THAT(receiver.heads()[0], HasSubstr("Content-Type: application/json\r\n"));
}

/// Whatever becomes of the answer's body: the status says that the message will never be taken.
TEST(AlertWebhook, RefusalForGoodIsOneWithHalfABodyToo) {
  for (const auto& [status, for_good] :
       {std::pair{400, true}, {404, true}, {429, false}, {408, false}, {500, false}, {503, false}}) {
    prober_test::LoopbackServer half([status = status](prober_test::Connection& connection) {
      connection.read_request();
      connection.send("HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: 100\r\n\r\nhalf");
    });
    const auto refused = prober::deliver(hook(half.url("http")), message());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, for_good ? ErrorCode::invalid_argument : ErrorCode::unavailable) << status;
    EXPECT_THAT(refused.error().message, HasSubstr("status " + std::to_string(status)));
  }
}

TEST(AlertWebhook, FailureTellsNoSecret) {
  Receiver receiver(1);
  AlertTarget target = hook(receiver.url());
  target.body_template = "~";
  const auto refused = prober::deliver(target, message());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("status 500"));
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("secret-path")));
}

TEST(AlertWebhook, StatusSaysWhetherToTryAgain) {
  std::atomic<int> status{0};
  LoopbackServer server([&](Connection& connection) {
    connection.read_until("~");
    connection.send(http_answer(status, "what?"));
  });
  AlertTarget target = hook(server.url("http"));
  target.body_template = "~";
  target.content_type = "text/plain";
  const auto code_of = [&](int answer) {
    status = answer;
    const auto outcome = prober::deliver(target, message());
    return outcome ? std::string("taken") : std::string(to_string(outcome.error().code));
  };
  for (const int taken : {200, 204, 299}) EXPECT_EQ(code_of(taken), "taken") << taken;
  for (const int final : {400, 401, 404, 413, 422, 499}) EXPECT_EQ(code_of(final), "invalid_argument") << final;
  for (const int later : {302, 408, 429, 500, 503}) EXPECT_EQ(code_of(later), "unavailable") << later;
}

TEST(AlertWebhook, StatusCountsWhateverTheBodyIs) {
  LoopbackServer server([&](Connection& connection) {
    connection.read_until("~");
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\ncut");
  });
  AlertTarget target = hook(server.url("http"));
  target.body_template = "~";
  target.content_type = "text/plain";
  EXPECT_TRUE(prober::deliver(target, message())) << "told again would be told twice";
}

TEST(AlertWebhook, MalformedAddressIsRefusedForGood) {
  setenv("NINES_TEST_URL", "no url at all", 1);
  AlertTarget target;
  target.name = "hook";
  target.webhook = SecretText{.text = "", .environment = "NINES_TEST_URL", .file = ""};
  EXPECT_EQ(prober::deliver(target, message()).error().code, ErrorCode::invalid_argument);
  target.webhook->environment = "NINES_TEST_NOT_SET";
  EXPECT_EQ(prober::deliver(target, message()).error().code, ErrorCode::not_found) << "it may be set later";
}

// --- The sender. ---

std::unique_ptr<prober::AlertBook> make_book(const AlertTarget& target, std::uint32_t attempts = 100) {
  auto book = prober::AlertBook::open("", {10'000, 5ms, 20ms, attempts}, nullptr);
  EXPECT_TRUE(book);
  (*book)->set_targets({{target.name, true, 0ms, {AlertTopic::down}}});
  return *std::move(book);
}

void begin(prober::AlertBook& book, std::uint32_t id) {
  book.begin({ServerId{id}, "server", "", "", std::nullopt}, AlertTopic::down,
             {State::down, kSince, kSince, ErrorClass::dns, 0, ""});
}

void wait_until_told(const prober::AlertBook& book) {
  for (int i = 0; i < 2'000 && book.stats().pending > 0; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(book.stats().pending, 0U);
}

TEST(AlertSender, FailedDeliveryIsRepeatedAndEveryServersOrderIsKept) {
  Receiver receiver(2);
  AlertTarget target = hook(receiver.url());
  target.body_template = "{{event}} {{server_id}}~";
  target.content_type = "text/plain";
  const auto book = make_book(target);
  for (const std::uint32_t id : {1U, 2U, 3U}) begin(*book, id);
  book->resolve({ServerId{2}, AlertTopic::down}, State::up, kSince + 1s);
  book->commit();
  {
    prober::AlertSender sender(*book, target, prober::deliver);
    wait_until_told(*book);
  }
  std::vector<std::string> bodies = receiver.bodies();
  ASSERT_EQ(bodies.size(), 6U) << "two of them were not taken at first";
  const auto last = [&](const std::string& text) { return std::find(bodies.rbegin(), bodies.rend(), text); };
  EXPECT_LT(last("resolved 2~"), last("down 2~")) << "the end comes after the last try of the begin";
  EXPECT_NE(last("down 1~"), bodies.rend());
  EXPECT_NE(last("down 3~"), bodies.rend());
  EXPECT_EQ(book->stats().failed, 2U);
  EXPECT_EQ(book->stats().delivered, 4U);
}

TEST(AlertSender, MessageThatIsNeverTakenSilencesNoOther) {
  std::mutex mutex;
  std::vector<std::string> told;
  const auto deliver = [&](const AlertTarget&, const AlertMessage& message) -> Result<prober::Receipt> {
    if (message.server == ServerId{1}) return fail(ErrorCode::invalid_argument, "http_status, status 400");
    if (message.server == ServerId{2}) return fail(ErrorCode::unavailable, "timeout");
    const std::lock_guard lock(mutex);
    told.push_back(std::string(event_of(message)) + " " + std::to_string(static_cast<std::uint32_t>(message.server)));
    return prober::Receipt{};
  };
  const AlertTarget target = hook("http://127.0.0.1:1/");
  const auto book = make_book(target, 3);
  for (const std::uint32_t id : {1U, 2U, 3U}) begin(*book, id);
  book->resolve({ServerId{3}, AlertTopic::down}, State::up, kSince + 1s);
  book->commit();
  {
    prober::AlertSender sender(*book, target, deliver);
    wait_until_told(*book);
  }
  EXPECT_THAT(told, ElementsAre("down 3", "resolved 3"));
  const AlertStats stats = book->stats();
  EXPECT_EQ(stats.refused, 1U);
  EXPECT_EQ(stats.expired, 1U);
  EXPECT_EQ(stats.failed, 4U) << "one refusal and three attempts";
}

TEST(AlertSender, WithoutAThreadTheMessageWaitsForOne) {
  std::atomic<int> delivered{0};
  const auto deliver = [&](const AlertTarget&, const AlertMessage&) -> Result<prober::Receipt> {
    ++delivered;
    return prober::Receipt{};
  };
  const AlertTarget target = hook("http://127.0.0.1:1/");
  const auto book = make_book(target);
  begin(*book, 1);
  book->commit();
  std::optional<NoThreads> shortage(std::in_place);
  prober::AlertSender sender(*book, target, deliver);
  sender.poke();
  EXPECT_EQ(delivered, 0);
  shortage.reset();
  sender.poke();
  wait_until_told(*book);
  EXPECT_EQ(delivered, 1);
}

TEST(AlertSender, StopWaitsForDeliveriesUnderWayAndBeginsNone) {
  std::atomic<int> begun{0};
  std::atomic<int> ended{0};
  const auto deliver = [&](const AlertTarget&, const AlertMessage&) -> Result<prober::Receipt> {
    ++begun;
    std::this_thread::sleep_for(100ms);
    ++ended;
    return prober::Receipt{};
  };
  const AlertTarget target = hook("http://127.0.0.1:1/");
  const auto book = make_book(target);
  for (std::uint32_t id = 1; id <= 100; ++id) begin(*book, id);
  book->commit();
  {
    prober::AlertSender sender(*book, target, deliver);
    while (begun == 0) std::this_thread::sleep_for(1ms);
    sender.stop();
  }
  EXPECT_EQ(begun, ended);
  EXPECT_LE(begun, static_cast<int>(kAlertDeliveries));
  EXPECT_EQ(book->stats().pending, 100U - static_cast<unsigned>(ended));
}

// --- Maintenance. ---

TEST(AlertDispatcher, OutageUnderMaintenanceIsToldWhenItIsOverAndLasts) {
  const TemporaryDirectory folder;
  std::atomic<bool> maintenance{true};
  AlertOptions options;
  options.targets = {shell("echo $NINES_EVENT $NINES_SERVER_ID $NINES_SINCE >> '" + folder.file("told") + "'")};
  options.muted = [&](ServerId, TimeMs) { return maintenance.load(); };
  options.maintenance_end = [&](ServerId, Window window) {
    return maintenance || window.from != kSince ? std::nullopt : std::optional(kSince + 5min);
  };
  auto book = prober::AlertBook::open(folder.file("alerts"), {}, nullptr);
  ASSERT_TRUE(book);
  std::atomic<int> changes{0};
  prober::AlertDispatcher dispatcher(*std::move(book), options, {[&](const StateChange&) { ++changes; }, nullptr});
  ASSERT_TRUE(dispatcher.start());
  const auto change = [&](std::uint32_t id, State to) {
    StateChange told;
    told.server = ServerId{id};
    told.to = to;
    told.since = kSince;
    dispatcher.change(told);
  };
  for (const std::uint32_t id : {1U, 2U}) dispatcher.set_subject({ServerId{id}, "server", "", "", std::nullopt});
  change(1, State::down);
  change(2, State::down);
  change(2, State::up);
  change(1, State::unknown);
  for (int i = 0; i < 2'000 && changes < 4; ++i) std::this_thread::sleep_for(10ms);
  maintenance = false;
  for (int i = 0; i < 2'000 && dispatcher.stats().delivered == 0; ++i) std::this_thread::sleep_for(10ms);
  dispatcher.stop();
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("down 1 2025-06-15T15:11:40.000Z"))
      << "it counts from the end of the maintenance, as in the history";
}

TEST(AlertDispatcher, PauseEndsWhatWasTold) {
  const TemporaryDirectory folder;
  AlertOptions options;
  options.targets = {shell("echo $NINES_EVENT $NINES_STATE: $NINES_DETAIL >> '" + folder.file("told") + "'")};
  auto book = prober::AlertBook::open(folder.file("alerts"), {}, nullptr);
  ASSERT_TRUE(book);
  prober::AlertDispatcher dispatcher(*std::move(book), options, {nullptr, nullptr});
  ASSERT_TRUE(dispatcher.start());
  prober::AlertSubject subject{ServerId{1}, "server", "", "", std::nullopt};
  dispatcher.set_subject(subject);
  StateChange down;
  down.server = ServerId{1};
  down.to = State::down;
  down.since = kSince;
  down.result.detail = "no answer";
  dispatcher.change(down);
  for (int i = 0; i < 2'000 && dispatcher.stats().delivered < 1; ++i) std::this_thread::sleep_for(10ms);
  subject.paused = true;
  dispatcher.set_subject(subject);
  for (int i = 0; i < 2'000 && dispatcher.stats().delivered < 2; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(dispatcher.stats().open_incidents, 0U);
  dispatcher.stop();
  EXPECT_THAT(lines_of(folder.file("told")),
              ElementsAre("down down: no answer", "resolved unknown: the server is paused"));
}

TEST(AlertDispatcher, QuietHoursEndWithWhatLasts) {
  const TemporaryDirectory folder;
  std::atomic<bool> quiet{true};
  AlertOptions options;
  options.targets = {shell("echo $NINES_EVENT $NINES_SERVER_ID >> '" + folder.file("told") + "'")};
  options.targets[0].quiet.emplace_back();
  options.quiet = [&](const std::vector<Maintenance>& hours, TimeMs) { return hours.size() == 1 && quiet; };
  auto book = prober::AlertBook::open(folder.file("alerts"), {}, nullptr);
  ASSERT_TRUE(book);
  prober::AlertDispatcher dispatcher(*std::move(book), options, {nullptr, nullptr});
  ASSERT_TRUE(dispatcher.start());
  const auto change = [&](std::uint32_t id, State to) {
    StateChange told;
    told.server = ServerId{id};
    told.to = to;
    told.since = kSince;
    dispatcher.change(told);
  };
  for (const std::uint32_t id : {1U, 2U}) dispatcher.set_subject({ServerId{id}, "server", "", "", std::nullopt});
  change(1, State::down);
  change(2, State::down);
  change(2, State::up);
  for (int i = 0; i < 2'000 && dispatcher.stats().pending != 1; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(dispatcher.stats().pending, 1U) << "what is over by then is not told";
  EXPECT_TRUE(lines_of(folder.file("told")).empty());
  quiet = false;
  for (int i = 0; i < 2'000 && dispatcher.stats().delivered == 0; ++i) std::this_thread::sleep_for(10ms);
  dispatcher.stop();
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("down 1"));
}

// --- From the check to the command. ---

class AlertedProber : public Probers {
 protected:
  void run() {
    options.alerts.journal = folder.file("alerts");
    options.alerts.targets = {shell("echo $NINES_EVENT $NINES_SERVER $NINES_ERROR >> '" + folder.file("told") + "'")};
    start({probed(id, "site", site.url("http"))});
    ASSERT_TRUE(wait_until([&] { return prober->stats().checks > 0 || prober->state(id) != State::unknown; }));
  }
  [[nodiscard]] bool told(std::size_t count) {
    return wait_until([&] { return lines_of(folder.file("told")).size() >= count; });
  }

  std::atomic<bool> up{false};
  std::atomic<bool> slow{false};
  LoopbackServer site{[this](Connection& connection) {
    connection.read_request();
    if (slow && !connection.pause_ms(1'100)) return;
    connection.send(http_answer(up ? 200 : 503, ""));
  }};
  ServerId id = add_server("site", site.url("http"));
};

TEST_F(AlertedProber, OneOutageIsToldOnceAcrossRestarts) {
  run();
  check(id);
  ASSERT_TRUE(told(1));
  prober.reset();
  run();  // still down
  check(id);
  check(id);
  prober.reset();
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("down site http_status"));
  up = true;
  run();
  check(id);
  ASSERT_TRUE(told(2));
  prober.reset();
  run();
  check(id);
  prober.reset();
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("down site http_status", "resolved site http_status"));
}

TEST_F(AlertedProber, OutageThatWasStoredAndNotToldIsToldAfterTheRestart) {
  // As if the process had died between the two: results are there, and the journal knows nothing.
  start({probed(id, "site", site.url("http"))});
  ASSERT_TRUE(wait_until([&] { return !told_results().empty(); }));
  check(id);
  prober.reset();
  run();
  ASSERT_TRUE(told(1));
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("down site http_status"));
}

TEST_F(AlertedProber, ServerThatIsRemovedHasItsOutageEnded) {
  run();
  check(id);
  ASSERT_TRUE(told(1));
  ASSERT_TRUE(prober->remove_server(id));
  ASSERT_TRUE(told(2));
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("down site http_status", "resolved site http_status"));
}

TEST_F(AlertedProber, ServerThatWasRemovedWhileStoppedHasItsOutageEnded) {
  run();
  check(id);
  ASSERT_TRUE(told(1));
  prober.reset();
  start({});
  EXPECT_EQ(prober->remove_server(id).error().code, ErrorCode::not_found) << "this run never knew it";
  ASSERT_TRUE(told(2));
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("down site http_status", "resolved site http_status"));
}

TEST_F(AlertedProber, DegradedThatComesBackIsToldWithItsEnd) {
  up = true;
  slow = true;
  options.alerts.journal = folder.file("alerts");
  options.alerts.targets = {
      shell("echo $NINES_EVENT $NINES_TOPIC $NINES_STATE $NINES_ERROR >> '" + folder.file("told") + "'")};
  options.alerts.targets[0].topics = {AlertTopic::down, AlertTopic::degraded};
  ProbedServer server = probed(id, "site", site.url("http"));
  server.check.latency_below = 1s;
  start({server});
  while (!prober->stats().alerts.delivered) check(id);
  slow = false;
  while (prober->stats().alerts.open_incidents > 0) check(id);
  ASSERT_TRUE(told(2));
  check(id);
  prober.reset();
  EXPECT_THAT(lines_of(folder.file("told")),
              ElementsAre("degraded degraded degraded slow", "resolved degraded up slow"));
}

TEST_F(AlertedProber, TargetsChangeWhileItRuns) {
  run();
  AlertTarget other = shell("echo other $NINES_EVENT >> '" + folder.file("told") + "'");
  other.name = "other";
  ASSERT_TRUE(prober->set_alert_targets({other}));
  EXPECT_FALSE(prober->set_alert_targets({other, other})) << "two of one name";
  check(id);
  ASSERT_TRUE(told(1));
  EXPECT_THAT(lines_of(folder.file("told")), ElementsAre("other down"));
}

}  // namespace
}  // namespace nines::prober_test
