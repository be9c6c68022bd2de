// Channels: each is told about incidents of every kind, by a server that takes what the real one takes and refuses what
// it refuses: method, path, headers, members and their lengths, as each service documents them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/alert.h>

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "prober/support/loopback_server.h"

namespace nines::prober_test {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using testing::HasSubstr;

SecretText text(const std::string& value) {
  return {.text = value, .environment = "", .file = ""};
}

struct Request {
  std::string method;
  std::string path;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
  [[nodiscard]] Json json() const { return Json::parse(body, nullptr, false); }
};

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

Request parse(const std::string& head, std::string body) {
  Request request;
  request.method = head.substr(0, head.find(' '));
  request.path = head.substr(head.find(' ') + 1);
  request.path = request.path.substr(0, request.path.find(' '));
  for (std::size_t at = head.find("\r\n") + 2; at < head.size() - 2;) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    request.headers[lower(head.substr(at, colon - at))] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  request.body = std::move(body);
  return request;
}

/// A service: what it makes of a request is a status.
class Service {
 public:
  using Judge = std::function<int(const Request&)>;
  explicit Service(Judge judge) : judge_(std::move(judge)) {}

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_.port()); }
  [[nodiscard]] Request last() {
    const std::lock_guard lock(mutex_);
    return requests_.empty() ? Request{} : requests_.back();
  }

 private:
  void serve(Connection& c) {
    std::string text = c.read_request();
    const std::size_t end = text.find("\r\n\r\n") + 4;
    const std::size_t length = lower(text).find("content-length: ");
    const std::size_t wanted = length == std::string::npos ? 0 : std::stoul(text.substr(length + 16));
    if (text.size() - end < wanted) text += c.read_bytes(wanted - (text.size() - end));
    const Request request = parse(text.substr(0, end - 2), text.substr(end));
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    c.send(http_answer(judge_(request), ""));
  }

  const Judge judge_;
  std::mutex mutex_;
  std::vector<Request> requests_;  // guarded by mutex_
  LoopbackServer server_{[this](Connection& c) { serve(c); }};
};

/// UTF-16 units, which is how services count.
std::size_t units(const std::string& text) {
  std::size_t count = 0;
  for (const unsigned char c : text) count += (c & 0xc0U) == 0x80U ? 0U : c >= 0xf0U ? 2U : 1U;
  return count;
}

/// Whether `json` has the text at `pointer`, of 1 to `most` units.
bool has_text(const Json& json, const char* pointer, std::size_t most) {
  const Json::json_pointer place(pointer);
  if (!json.contains(place) || !json.at(place).is_string()) return false;
  const std::size_t count = units(json.at(place).get<std::string>());
  return count >= 1 && count <= most;
}

bool is_json_post(const Request& request) {
  return request.method == "POST" && request.header("content-type") == "application/json" && request.json().is_object();
}

std::map<std::string, std::string> form(const std::string& body) {
  std::map<std::string, std::string> fields;
  for (std::size_t at = 0; at <= body.size();) {
    const std::size_t end = std::min(body.find('&', at), body.size());
    const std::size_t equals = body.find('=', at);
    std::string value;
    for (std::size_t i = equals + 1; i < end; ++i) {
      if (body[i] == '%') {
        value += static_cast<char>(std::stoi(body.substr(i + 1, 2), nullptr, 16));
        i += 2;
      } else {
        value += body[i];
      }
    }
    fields[body.substr(at, equals - at)] = value;
    at = end + 1;
  }
  return fields;
}

struct Case {
  std::string channel;
  std::vector<std::pair<std::string, std::string>> settings;  // `url` is the service's, with `path` behind it
  std::string path;
  Service::Judge judge;
};

// Each says 2xx as the service does, and its own refusal for what it does not take.

int discord(const Request& r) {
  if (!is_json_post(r) || r.path != "/api/webhooks/1/token") return 404;
  const Json json = r.json();
  const bool embeds = json.contains("embeds") && json["embeds"].is_array() && json["embeds"].size() <= 10;
  if (!embeds || !has_text(json, "/embeds/0/title", 256) || !has_text(json, "/embeds/0/description", 4096)) return 400;
  const Json& color = json["embeds"][0]["color"];
  if (!color.is_number_integer() || color < 0 || color > 0xffffff) return 400;
  if (json.value(Json::json_pointer("/allowed_mentions/parse"), Json()) != Json::array()) return 400;
  return 204;
}

int telegram(const Request& r) {
  if (!is_json_post(r) || r.path != "/bot123%3Aabc/sendMessage") return 404;
  const Json json = r.json();
  const bool chat = json.contains("chat_id") && (json["chat_id"].is_string() || json["chat_id"].is_number_integer());
  if (!chat || !has_text(json, "/text", 4096)) return 400;
  if (json.contains("message_thread_id") && !json["message_thread_id"].is_number_integer()) return 400;
  return json.contains("parse_mode") ? 400 : 200;  // with one, a lone mark in a detail would be a mistake
}

int slack(const Request& r) {
  if (!is_json_post(r) || r.path != "/services/T/B/x") return 404;
  const Json json = r.json();
  if (!has_text(json, "/text", 40'000)) return 400;
  const auto fallback = json["text"].get<std::string>();
  if (fallback.find('<') != std::string::npos) return 400;  // <!channel> would call everybody
  const bool plain =
      json["blocks"][0]["text"]["type"] == "plain_text" && json["blocks"][1]["text"]["type"] == "plain_text";
  return plain && has_text(json, "/blocks/0/text/text", 150) && has_text(json, "/blocks/1/text/text", 3000) ? 200 : 400;
}

int ntfy(const Request& r) {
  if (r.header("authorization") != "Bearer tk_1") return 403;
  if (!is_json_post(r) || r.path != "/") return 404;
  const Json json = r.json();
  if (json.value("topic", "") != "outages" || !has_text(json, "/title", 250)) return 400;
  if (!json["message"].is_string() || json["message"].get<std::string>().size() > 4096) return 400;
  if (!json["priority"].is_number_integer() || json["priority"] < 1 || json["priority"] > 5) return 400;
  return json["tags"].is_array() ? 200 : 400;
}

int gotify(const Request& r) {
  if (r.header("x-gotify-key") != "A1") return 401;
  if (!is_json_post(r) || r.path != "/message") return 404;
  const Json json = r.json();
  return has_text(json, "/message", 100'000) && has_text(json, "/title", 1'000) && json["priority"].is_number_integer()
             ? 200
             : 400;
}

int pushover(const Request& r) {
  if (r.method != "POST" || r.path != "/1/messages.json") return 404;
  if (r.header("content-type") != "application/x-www-form-urlencoded") return 400;
  auto fields = form(r.body);
  if (fields["token"].size() != 30 || fields["user"].size() != 30) return 400;
  const std::size_t message = units(fields["message"]);
  if (message < 1 || message > 1024 || units(fields["title"]) > 250 || units(fields["url"]) > 512) return 400;
  const int priority = std::stoi(fields["priority"]);
  if (priority < -2 || priority > 2) return 400;
  if (priority < 2) return 200;
  return std::stoi("0" + fields["retry"]) >= 30 && std::stoi("0" + fields["expire"]) <= 10'800 ? 200 : 400;
}

int teams(const Request& r) {
  if (!is_json_post(r) || r.path != "/workflows/1?sig=x") return 404;
  if (r.body.size() > 28U * 1024U) return 413;
  const Json json = r.json();
  if (json.value("type", "") != "message" || json["attachments"].size() != 1) return 400;
  const Json& attachment = json["attachments"][0];
  if (attachment["contentType"] != "application/vnd.microsoft.card.adaptive") return 400;
  const Json& card = attachment["content"];
  return card["type"] == "AdaptiveCard" && card["version"] == "1.4" &&
                 has_text(card, "/body/0/inlines/0/text", 5'000) && has_text(card, "/body/1/inlines/0/text", 5'000)
             ? 202
             : 400;
}

int matrix(const Request& r) {
  if (r.header("authorization") != "Bearer syt_1") return 401;
  const std::string place = "/_matrix/client/v3/rooms/%21room%3Aexample.org/send/m.room.message/";
  if (r.method != "PUT" || !r.path.starts_with(place) || r.path.size() == place.size()) return 404;
  if (r.body.size() > 60'000) return 413;
  const Json json = r.json();
  return json.value("msgtype", "") == "m.text" && has_text(json, "/body", 50'000) ? 200 : 400;
}

int mattermost(const Request& r) {
  if (!is_json_post(r) || r.path != "/hooks/x") return 404;
  const Json json = r.json();
  return has_text(json, "/attachments/0/text", 16'383) && has_text(json, "/attachments/0/fallback", 1'000) ? 200 : 400;
}

int google_chat(const Request& r) {
  const std::string path =
      "/v1/spaces/S/messages?key=k&token=t&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD";
  if (!is_json_post(r) || r.path != path) return 404;
  if (r.body.size() > 32'000) return 400;
  const Json json = r.json();
  if (!has_text(json, "/thread/threadKey", 4000) || !has_text(json, "/cardsV2/0/card/header/title", 200)) return 400;
  const Json& shown = json["cardsV2"][0]["card"]["sections"][0]["widgets"][0]["textParagraph"]["text"];
  return shown.is_string() && shown.get<std::string>().find('<') == std::string::npos ? 200 : 400;
}

int pagerduty(const Request& r) {
  if (!is_json_post(r) || r.path != "/v2/enqueue") return 404;
  const Json json = r.json();
  if (json.value("routing_key", "").size() != 32 || !has_text(json, "/dedup_key", 255)) return 400;
  const std::string action = json.value("event_action", "");
  if (action == "resolve") return 202;
  if (action != "trigger" || !has_text(json, "/payload/summary", 1024) || !has_text(json, "/payload/source", 1024)) {
    return 400;
  }
  const Json& payload = json["payload"];
  const std::vector<std::string> severities{"critical", "error", "warning", "info"};
  if (std::find(severities.begin(), severities.end(), payload.value("severity", "")) == severities.end()) return 400;
  return payload.contains("group") && !payload["group"].is_string() ? 400 : 202;
}

int opsgenie(const Request& r) {
  if (r.header("authorization") != "GenieKey key-1") return 401;
  if (!is_json_post(r)) return 422;
  const Json json = r.json();
  if (r.path == "/v2/alerts/nines-7-down-1750000000000/close?identifierType=alias") {
    return has_text(json, "/note", 25'000) ? 202 : 422;
  }
  if (r.path != "/v2/alerts") return 404;
  const std::vector<std::string> priorities{"P1", "P2", "P3", "P4", "P5"};
  const bool priority = std::find(priorities.begin(), priorities.end(), json.value("priority", "")) != priorities.end();
  return priority && has_text(json, "/message", 130) && has_text(json, "/alias", 512) &&
                 has_text(json, "/description", 15'000) && has_text(json, "/entity", 512)
             ? 202
             : 422;
}

std::vector<Case> cases() {
  const std::string thirty(30, 'a');
  return {
      {"discord", {}, "/api/webhooks/1/token", discord},
      {"google-chat", {}, "/v1/spaces/S/messages?key=k&token=t", google_chat},
      {"gotify", {{"token", "A1"}}, "/", gotify},
      {"matrix", {{"token", "syt_1"}, {"room", "!room:example.org"}}, "", matrix},
      {"mattermost", {}, "/hooks/x", mattermost},
      {"ntfy", {{"topic", "outages"}, {"token", "tk_1"}}, "", ntfy},
      {"opsgenie", {{"api-key", "key-1"}}, "", opsgenie},
      {"pagerduty", {{"routing-key", std::string(32, 'r')}}, "", pagerduty},
      {"pushover", {{"token", thirty}, {"user", thirty}, {"priority", "2"}}, "", pushover},
      {"slack", {}, "/services/T/B/x", slack},
      {"teams", {}, "/workflows/1?sig=x", teams},
      {"telegram", {{"token", "123:abc"}, {"chat", "-100123"}, {"thread", "7"}}, "", telegram},
  };
}

AlertTarget target_of(const Case& each, const std::string& url) {
  AlertTarget target;
  target.name = each.channel;
  target.channel = each.channel;
  target.timeout = 15s;
  for (const auto& [name, value] : each.settings) target.settings.emplace_back(name, text(value));
  target.settings.emplace_back("url", text(url + each.path));
  return target;
}

/// What can come: with everything, with nothing, with what is too long, and with what is written to do harm.
std::vector<AlertMessage> messages() {
  AlertMessage full;
  full.id = 3;
  full.server = ServerId{7};
  full.name = "site \"one\" <b>";
  full.url = "https://example.org/a?b=c&d";
  full.group = "core";
  full.since = from_ms(1'750'000'000'000);
  full.time = full.since + 15s;
  full.error = ErrorClass::http_status;
  full.code = 503;
  full.detail = "status 503\n\\ \"quoted\" <!channel> @everyone *b* [x](y) \x01 \xff";
  std::vector<AlertMessage> list{full};
  AlertMessage bare;
  bare.name = "a";
  bare.server = ServerId{7};
  bare.since = full.since;
  bare.time = full.since;
  list.push_back(bare);
  AlertMessage longest = full;
  for (std::string* field : {&longest.name, &longest.group, &longest.detail}) {
    field->clear();
    while (field->size() < 20'000) *field += "ab😀Ω";
  }
  longest.url = "https://example.org/" + std::string(10'000, 'u');
  list.push_back(longest);
  for (std::size_t i = 0; i < 3; ++i) {
    AlertMessage reminder = list[i];
    reminder.kind = AlertMessage::Kind::reminder;
    reminder.reminder = 1;
    list.push_back(reminder);
    AlertMessage end = list[i];
    end.kind = AlertMessage::Kind::resolved;
    end.state = State::up;
    list.push_back(end);
  }
  return list;
}

TEST(AlertChannel, EveryChannelHasACaseHere) {
  std::vector<std::string> names;
  for (const AlertChannel& channel : alert_channels()) names.emplace_back(channel.name);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  std::vector<std::string> tested{"email"};  // has a file of its own
  for (const Case& each : cases()) tested.push_back(each.channel);
  EXPECT_THAT(names, testing::UnorderedElementsAreArray(tested));
}

TEST(AlertChannel, EveryServiceTakesEveryMessage) {
  for (const Case& each : cases()) {
    Service service(each.judge);
    const AlertTarget target = target_of(each, service.url());
    ASSERT_TRUE(validate(target)) << validate(target).error().message;
    for (const AlertMessage& message : messages()) {
      const auto sent = deliver_alert(target, message);
      EXPECT_TRUE(sent) << each.channel << " " << event_of(message) << ": " << sent.error().message << "\n"
                        << service.last().method << " " << service.last().path << "\n"
                        << service.last().body.substr(0, 2'000);
    }
  }
}

TEST(AlertChannel, RefusalIsForGoodAndTroubleIsNot) {
  for (const Case& each : cases()) {
    for (const auto& [status, code] : std::vector<std::pair<int, ErrorCode>>{{400, ErrorCode::invalid_argument},
                                                                             {401, ErrorCode::invalid_argument},
                                                                             {429, ErrorCode::unavailable},
                                                                             {500, ErrorCode::unavailable}}) {
      Service service([status = status](const Request&) { return status; });
      const auto sent = deliver_alert(target_of(each, service.url()), messages()[0]);
      ASSERT_FALSE(sent) << each.channel;
      EXPECT_EQ(sent.error().code, code) << each.channel << " " << status;
      for (const auto& [name, value] : each.settings) {
        EXPECT_TRUE(value.size() <= 2 || sent.error().message.find(value) == std::string::npos) << "a secret";
      }
    }
  }
}

TEST(AlertChannel, OnCallServicesCloseWhatTheyOpened) {
  for (const Case& each : cases()) {
    if (each.channel != "pagerduty" && each.channel != "opsgenie") continue;
    Service service(each.judge);
    const AlertTarget target = target_of(each, service.url());
    ASSERT_TRUE(deliver_alert(target, messages()[0]));
    const Json opened = service.last().json();
    AlertMessage end = messages()[0];
    end.id = 9;
    end.kind = AlertMessage::Kind::resolved;
    end.time += 1h;
    end.state = State::up;
    ASSERT_TRUE(deliver_alert(target, end));
    if (each.channel == "pagerduty") {
      EXPECT_EQ(service.last().json()["event_action"], "resolve");
      EXPECT_EQ(service.last().json()["dedup_key"], opened["dedup_key"]);
    } else {
      EXPECT_THAT(service.last().path, HasSubstr("/" + opened["alias"].get<std::string>() + "/close"));
    }
  }
}

TEST(AlertChannel, RepetitionOfAMatrixMessageIsTheSameTransaction) {
  const auto all = cases();
  const auto each = std::find_if(all.begin(), all.end(), [](const Case& c) { return c.channel == "matrix"; });
  Service service(each->judge);
  const AlertTarget target = target_of(*each, service.url());
  ASSERT_TRUE(deliver_alert(target, messages()[0]));
  const std::string path = service.last().path;
  ASSERT_TRUE(deliver_alert(target, messages()[0]));
  EXPECT_EQ(service.last().path, path);
  AlertMessage next = messages()[0];
  next.id = 4;
  ASSERT_TRUE(deliver_alert(target, next));
  EXPECT_NE(service.last().path, path);
}

TEST(AlertChannel, MistakesInSettingsAreNamed) {
  AlertTarget target;
  target.name = "mine";
  target.channel = "telegram";
  const auto complaint = [&] {
    const auto fine = validate(target);
    return fine ? std::string() : fine.error().message;
  };
  EXPECT_THAT(complaint(), HasSubstr("alert \"mine\": telegram: needs `token`"));
  target.settings = {{"token", text("t")}, {"chat", text("1")}};
  EXPECT_EQ(complaint(), "");
  target.body_template = "{}";
  EXPECT_THAT(complaint(), HasSubstr("go with a webhook"));
  target.body_template.clear();
  target.settings.emplace_back("thread", text("seven"));
  EXPECT_THAT(complaint(), HasSubstr("telegram: thread: must be a whole number"));
  target.settings.back() = {"threat", text("7")};
  EXPECT_THAT(complaint(), HasSubstr("telegram: has no setting `threat`"));
  target.settings.back() = {"chat", text("7")};
  EXPECT_THAT(complaint(), HasSubstr("`chat` is given twice"));
  target.settings.back() = {"url", text("ftp://example.org")};
  EXPECT_THAT(complaint(), HasSubstr("url: needs an http or https URL"));
  target.settings.pop_back();
  target.exec = {"true"};
  EXPECT_THAT(complaint(), HasSubstr("one channel"));
  target.exec.clear();
  target.channel = "pigeon";
  EXPECT_THAT(complaint(), HasSubstr("no channel `pigeon`"));
}

TEST(AlertChannel, SecretsFromElsewhereAreReadAtEachDelivery) {
  AlertTarget target;
  target.name = "mine";
  target.channel = "slack";
  target.settings = {{"url", SecretText{.text = "", .environment = "NINES_TEST_SLACK_URL", .file = ""}}};
  unsetenv("NINES_TEST_SLACK_URL");
  EXPECT_TRUE(validate(target)) << validate(target).error().message;
  EXPECT_EQ(deliver_alert(target, messages()[0]).error().code, ErrorCode::not_found) << "it may be set later";
  setenv("NINES_TEST_SLACK_URL", "", 1);
  EXPECT_EQ(deliver_alert(target, messages()[0]).error().code, ErrorCode::not_found) << "or be empty for a moment";
  Service service(slack);
  setenv("NINES_TEST_SLACK_URL", (service.url() + "/services/T/B/x").c_str(), 1);
  EXPECT_TRUE(deliver_alert(target, messages()[0]));
}

}  // namespace
}  // namespace nines::prober_test
