// Changing a server by hand through the page and the interface for programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nines/calendar.h>

#include <optional>
#include <string>

#include "exchange/by_hand.h"
#include "exchange/change.h"
#include "tools/support/command_line.h"
#include "tools/support/small_site.h"
#include "web/routes.h"

namespace nines::tools::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Of "secret" and "look".
constexpr const char* kSecret = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b";
constexpr const char* kLook = "3c01eba119e00d79c82b6f65d70bc5f1044d568618bf41377e6d1432023fc2b8";

class Changes : public ::testing::Test {
 protected:
  Changes() { open({}); }

  void open(AccessOptions access) {
    site_.reset();
    store_.reset();
    store_ = std::move(*Store::open(dir_.path("db")));
    Site::Hooks hooks;
    hooks.change = [this](const std::string& server, const Change& change, const std::string& user) {
      return make_change(*store_, server, change, user, now_);
    };
    site_ = std::make_unique<Site>(*store_, std::move(hooks), false, std::move(access));
    if (store_->catalog()->find("web") != nullptr) return;
    Server server;
    server.name = "web";
    server.created_at = now_ - hours{24};
    id_ = store_->add_server(server).value();
    for (int minute = 60; minute > 0; --minute) {
      CheckResult result;
      result.server = id_;
      result.time = now_ - minutes{minute};
      result.interval_ms = 60'000;
      result.state = minute <= 10 ? State::down : State::up;
      if (minute <= 10) result.error = ErrorClass::timeout;
      EXPECT_TRUE(store_->append(result, Durability::buffered));
    }
  }
  [[nodiscard]] const Server& server() {
    catalog_ = store_->catalog();
    return *catalog_->find("web");
  }
  WebResponse post(const std::string& what, const std::string& body, const std::string& type = "application/json",
                   const std::string& authorization = {}) {
    WebRequest request;
    request.method = "POST";
    request.path = "/api/v1/servers/web/" + what;
    request.host = "localhost";
    request.body = body;
    request.content_type = type;
    request.authorization = authorization;
    EXPECT_TRUE(site_->takes_body(request)) << what;
    return site_->answer(request);
  }
  [[nodiscard]] std::string page(const std::string& authorization = {}) {
    WebRequest request;
    request.method = "GET";
    request.path = "/server/web";
    request.host = "localhost";
    request.authorization = authorization;
    return site_->answer(request).body;
  }

  TempDir dir_;
  TimeMs now_ = SmallSite::now();
  std::unique_ptr<Store> store_;
  std::unique_ptr<Site> site_;
  std::shared_ptr<const Catalog> catalog_;
  ServerId id_{};
};

TEST_F(Changes, PauseAndResume) {
  EXPECT_EQ(post("resume", "{}").status, 409) << "it is not paused";
  EXPECT_EQ(post("pause", R"({"note":"moved"})").status, 200);
  EXPECT_TRUE(is_paused(server(), now_));
  EXPECT_EQ(post("pause", "").status, 409) << "it is paused already";
  now_ += minutes{5};
  EXPECT_EQ(post("resume", "").status, 200);
  ASSERT_EQ(server().paused.size(), 1U);
  EXPECT_EQ(server().paused[0], (Window{now_ - minutes{5}, now_}));
  ASSERT_EQ(server().annotations.size(), 2U);
  EXPECT_EQ(server().annotations[0],
            (Annotation{Annotation::Kind::change, now_ - minutes{5}, now_ - minutes{5}, "", "paused: moved"}));
  EXPECT_EQ(server().annotations[1].text, "resumed");
}

TEST_F(Changes, MaintenanceNowAndPlannedAndItsEnd) {
  EXPECT_EQ(post("maintenance/end", "").status, 404) << "none is under way";
  EXPECT_EQ(post("maintenance", R"({"for":"90m","note":"disks"})").status, 200);
  EXPECT_EQ(post("maintenance", R"({"from":"2099-03-01T08:00","to":"2099-03-01T09:00","tz":"Europe/Paris"})").status,
            200);
  ASSERT_EQ(server().maintenance.size(), 2U);
  const TimeMs begin = server().maintenance[0].once.from;
  EXPECT_LT(std::chrono::abs(begin - now_), minutes{1});
  EXPECT_EQ(server().maintenance[0].once.to, begin + minutes{90});
  EXPECT_EQ(server().maintenance[0].note, "by hand: disks");
  EXPECT_EQ(server().maintenance[1].once.from, parse_time("2099-03-01T07:00:00Z", {now_, {}}).value());
  EXPECT_EQ(server().maintenance[1].note, "by hand");
  now_ += minutes{10};
  EXPECT_EQ(post("maintenance/end", "").status, 200);
  EXPECT_EQ(server().maintenance[0].once, (Window{begin, now_}));
  EXPECT_EQ(server().maintenance.size(), 2U) << "what is planned stays";
}

TEST_F(Changes, CorrectionsWithTheirReason) {
  const std::string stretch =
      R"("from":")" + format_time(now_ - minutes{30}) + R"(","to":")" + format_time(now_ - minutes{20}) + R"(")";
  EXPECT_EQ(post("corrections", "{" + stretch + R"(,"as":"down"})").status, 400) << "a reason is missing";
  EXPECT_EQ(post("corrections", "{" + stretch + R"(,"as":"down","note":"users said so"})").status, 200);
  ASSERT_EQ(server().corrections.size(), 1U);
  EXPECT_EQ(server().corrections[0],
            (Correction{{now_ - minutes{30}, now_ - minutes{20}}, State::down, "users said so"}));
  EXPECT_EQ(post("corrections", "{" + stretch + R"(,"as":"measured","note":"they were wrong"})").status, 200);
  EXPECT_TRUE(server().corrections.empty());
  EXPECT_THAT(server().annotations.back().text, AllOf(HasSubstr("as measured"), HasSubstr("they were wrong")));
}

TEST_F(Changes, WhatIsNotUnderstoodChangesNothing) {
  const Server before = server();
  for (const auto& [what, body] : std::initializer_list<std::pair<const char*, const char*>>{
           {"pause", "x"},
           {"pause", "[]"},
           {"pause", R"({"note":1})"},
           {"pause", R"({"why":"x"})"},
           {"resume", R"({"from":"now"})"},
           {"maintenance", "{}"},
           {"maintenance", R"({"for":"1h","to":"tomorrow"})"},
           {"maintenance", R"({"for":"soon"})"},
           {"maintenance", R"({"for":"0s"})"},
           {"maintenance", R"({"from":"-2h","for":"1h"})"},
           {"maintenance", R"({"from":"tomorrow","to":"today"})"},
           {"maintenance", R"({"for":"1h","tz":"Mars/Olympus"})"},
           {"corrections", R"({"from":"-2h","to":"-3h","as":"up","note":"x"})"},
           {"corrections", R"({"from":"-2h","to":"-1h","as":"paused","note":"x"})"},
           {"corrections", R"({"from":"-2h","as":"up","note":"x"})"},
           {"annotations", R"({"kind":"change","text":"x"})"},
       }) {
    EXPECT_EQ(post(what, body).status, 400) << what << " " << body;
  }
  EXPECT_EQ(post("pause", R"({"note":")" + std::string(900, 'x') + R"("})").status, 400);
  EXPECT_EQ(server(), before);
}

TEST_F(Changes, OfWhatIsNotThere) {
  WebRequest request;
  request.method = "POST";
  request.host = "localhost";
  for (const char* path : {"/api/v1/servers/nobody/pause", "/api/v1/servers//pause", "/api/v1/servers/pause",
                           "/api/v1/servers/web/explode"}) {
    request.path = path;
    EXPECT_EQ(site_->answer(request).status, 404) << path;
  }
}

TEST_F(Changes, AFormLeadsBackToThePageAndShowsWhatWasDone) {
  const std::string before = page();
  EXPECT_THAT(before, AllOf(HasSubstr("action=\"/api/v1/servers/web/pause\""), HasSubstr("under way since")));
  const WebResponse done = post("pause", "note=moved+%3Cb%3E", "application/x-www-form-urlencoded; charset=UTF-8");
  EXPECT_EQ(done.status, 303);
  EXPECT_EQ(SmallSite::header(done, "Location"), "/server/web");
  const std::string after = page();
  EXPECT_THAT(after, AllOf(HasSubstr("action=\"/api/v1/servers/web/resume\""), HasSubstr("paused: moved &lt;b&gt;")));
  const WebResponse refused = post("pause", "", "application/x-www-form-urlencoded");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, AllOf(HasSubstr("<!doctype html>"), HasSubstr("it is paused already")));
}

TEST_F(Changes, AnAcknowledgementIsOfTheOutageThatTheFormNames) {
  const std::string at = format_time(now_ - minutes{10});
  EXPECT_EQ(
      post("annotations", "at=" + at + "&text=on+it&kind=acknowledged", "application/x-www-form-urlencoded").status,
      303);
  ASSERT_EQ(server().annotations.size(), 1U);
  EXPECT_EQ(server().annotations[0].kind, Annotation::Kind::acknowledged);
  EXPECT_EQ(server().annotations[0].at, now_ - minutes{10});
  EXPECT_THAT(page(), HasSubstr("acknowledged"));
}

TEST_F(Changes, AreKeptWithWhoMadeThem) {
  AccessOptions access;
  access.tokens = {{"robot", kSecret, Role::admin}};
  open(access);
  const std::string bearer = "Bearer secret";
  for (int again = 0; again < 2; ++again) {  // the second time it is known already
    EXPECT_EQ(post("pause", "{}", "application/json", bearer).status, 200);
    EXPECT_EQ(post("resume", R"({"author":"ann"})", "application/json", bearer).status, 200);
    now_ += minutes{1};
  }
  ASSERT_EQ(server().annotations.size(), 4U);
  EXPECT_EQ(server().annotations[0].author, "robot");
  EXPECT_EQ(server().annotations[1].author, "ann by robot");
  EXPECT_EQ(server().annotations[3].author, "ann by robot");
  EXPECT_THAT(page(bearer), HasSubstr("by ann by robot"));
}

TEST_F(Changes, AreMadeByAdministratorsOnly) {
  AccessOptions access;
  access.tokens = {{"looker", kLook, Role::view}, {"robot", kSecret, Role::admin}};
  open(access);
  const Server before = server();
  for (const char* what : {"pause", "resume", "maintenance", "maintenance/end", "corrections", "annotations"}) {
    EXPECT_EQ(post(what, "{}", "application/json", "Bearer look").status, 403) << what;
    EXPECT_EQ(post(what, "{}", "application/json").status, 401) << what;
  }
  EXPECT_EQ(server(), before);
  EXPECT_THAT(page("Bearer look"), Not(HasSubstr("<h2 id=\"change\"")));
  EXPECT_THAT(page("Bearer secret"), HasSubstr("<h2 id=\"change\""));
}

TEST_F(Changes, OfAFullListMakeRoomAndRemarksStay) {
  Server full = server();
  full.annotations.assign(ServerLimits::kMaxRules, {Annotation::Kind::change, now_, now_, "", "resumed"});
  full.annotations.front() = {Annotation::Kind::note, now_, now_, "ann", "said first"};
  ASSERT_TRUE(store_->update_server(full));
  EXPECT_EQ(post("pause", "").status, 200);
  ASSERT_EQ(server().annotations.size(), ServerLimits::kMaxRules);
  EXPECT_EQ(server().annotations.front().text, "said first");
  EXPECT_EQ(server().annotations.back().text, "paused");
}

TEST_F(Changes, OfANameWithSlashes) {
  Server odd;
  odd.name = "a/b maintenance/end";
  ASSERT_TRUE(store_->add_server(odd));
  WebRequest request;
  request.method = "POST";
  request.host = "localhost";
  request.path = "/api/v1/servers/a/b maintenance/end/pause";
  EXPECT_EQ(site_->answer(request).status, 200);
  catalog_ = store_->catalog();
  EXPECT_TRUE(is_paused(*catalog_->find("a/b maintenance/end"), now_));
}

}  // namespace
}  // namespace nines::tools::testing
