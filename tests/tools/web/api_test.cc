// The interface for programs: pages of lists that stay themselves, and who may read it from another site's page.
#include "web/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using std::chrono::minutes;

std::vector<std::string> names_of(const Json& list) {
  std::vector<std::string> names;
  for (const Json& each : list) names.push_back(each["server"]);
  return names;
}

TEST(Cursors, OfTheStatusGoOnWhereTheFirstPageWasWhateverIsMeasuredMeanwhile) {
  SmallSite site;
  const TimeMs start = SmallSite::ago(minutes{10});
  std::vector<ServerId> ids;
  for (const char* const name : {"a", "b", "c", "d"}) ids.push_back(site.add(name));
  for (int minute = 0; minute < 10; ++minute) {
    for (const ServerId id : ids) {
      // c is down, so it comes first.
      site.check(id, start + minutes{minute}, id == ids[2] ? State::down : State::up);
    }
  }
  const Json first = site.json("/api/v1/status", {{"sort", "worst"}, {"limit", "2"}});
  EXPECT_EQ(names_of(first["servers"]), (std::vector<std::string>{"c", "a"}));
  // By now d is down and c is up: from the start, d would be on the first page.
  const TimeMs later = SmallSite::now();
  site.check(ids[3], later, State::down);
  site.check(ids[3], later + std::chrono::milliseconds{1}, State::down);
  site.check(ids[2], later, State::up);
  const Json second =
      site.json("/api/v1/status", {{"sort", "worst"}, {"limit", "2"}, {"cursor", first["next_cursor"]}});
  EXPECT_EQ(names_of(second["servers"]), (std::vector<std::string>{"b", "d"}));
  EXPECT_EQ(second["window"], first["window"]);
  EXPECT_EQ(second["servers"][1]["current"]["state"], "up");
  EXPECT_TRUE(second["next_cursor"].is_null());
}

TEST(Cursors, OfIncidentsAreNotMovedByANewOne) {
  SmallSite site;
  const ServerId id = site.add("a");
  const TimeMs start = SmallSite::ago(minutes{100});
  for (int minute = 0; minute < 100; ++minute)
    site.check(id, start + minutes{minute}, minute % 10 < 3 ? State::down : State::up);
  std::vector<std::string> starts;
  std::map<std::string, std::string> query{{"limit", "3"}};
  for (int page = 0; page < 10; ++page) {
    const Json answer = site.json("/api/v1/servers/a/incidents", query);
    for (const Json& incident : answer["incidents"]) starts.push_back(incident["from"]);
    if (page == 0) {
      site.check(id, SmallSite::now(), State::down);
      site.check(id, SmallSite::now() + std::chrono::milliseconds{1}, State::down);
    }
    if (answer["next_cursor"].is_null()) break;
    query["cursor"] = answer["next_cursor"];
  }
  EXPECT_EQ(starts.size(), 10U);
  EXPECT_TRUE(std::is_sorted(starts.rbegin(), starts.rend()));
  EXPECT_EQ(std::set<std::string>(starts.begin(), starts.end()).size(), 10U) << "none twice, none left out";
}

TEST(Cursors, OfServersAreNotMovedByOneThatGoes) {
  SmallSite site;
  const ServerId a = site.add("a");
  for (const char* const name : {"b", "c", "d"}) (void)site.add(name);
  const Json first = site.json("/api/v1/servers", {{"limit", "2"}});
  ASSERT_TRUE(site.store().remove_server(a));
  const Json second = site.json("/api/v1/servers", {{"limit", "2"}, {"cursor", first["next_cursor"]}});
  EXPECT_EQ(names_of(second["servers"]), (std::vector<std::string>{"c", "d"}));
}

TEST(Cursors, ThatNobodyGaveAreRefused) {
  SmallSite site;
  (void)site.add("a");
  for (const char* const cursor : {"", "x", "1", "1-2-3", "1-2-3-4-5", "1-3-2-0", "--", "9999999999999999-1-2-0",
                                   "253402300799999-1-2-0", "1-2-3--4"}) {
    EXPECT_EQ(site.get("/api/v1/status", {{"cursor", cursor}}).status, 400) << cursor;
    EXPECT_EQ(site.get("/api/v1/servers/a/incidents", {{"cursor", cursor}}).status, 400) << cursor;
  }
  EXPECT_EQ(site.get("/api/v1/servers", {{"cursor", "1-2"}}).status, 400);
}

constexpr const char* kDash = "https://dash.example.org";

TEST(OtherSites, ReadTheInterfaceWhenTheyAreListed) {
  AccessOptions access;
  access.cors = {kDash};
  SmallSite site(access);
  const WebResponse listed = site.get("/api/v1/servers", {}, kDash);
  EXPECT_EQ(SmallSite::header(listed, "Access-Control-Allow-Origin"), kDash);
  EXPECT_EQ(SmallSite::header(listed, "Access-Control-Allow-Credentials"), "") << "never by a session";
  EXPECT_EQ(SmallSite::header(listed, "Cross-Origin-Resource-Policy"), "cross-origin");
  for (const std::string other : {"https://evil.example", "http://dash.example.org", "null", ""}) {
    EXPECT_EQ(SmallSite::header(site.get("/api/v1/servers", {}, other), "Access-Control-Allow-Origin"), "") << other;
  }
  EXPECT_EQ(SmallSite::header(site.get("/", {}, kDash), "Access-Control-Allow-Origin"), "") << "pages are for people";
}

TEST(OtherSites, MayAskFirstWhetherTheyMay) {
  AccessOptions access;
  access.cors = {kDash};
  access.users = {{.name = "ada", .password = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"}};
  SmallSite site(access);
  WebRequest request;
  request.method = "OPTIONS";
  request.path = "/api/v1/status";
  request.host = "localhost";
  request.origin = kDash;
  const WebResponse yes = site.site().answer(request);
  EXPECT_EQ(yes.status, 200);
  EXPECT_EQ(SmallSite::header(yes, "Access-Control-Allow-Headers"), "Authorization, If-None-Match");
  EXPECT_EQ(SmallSite::header(yes, "Access-Control-Allow-Methods"), "GET, HEAD");
  request.origin = "https://evil.example";
  EXPECT_EQ(site.site().answer(request).status, 405);
  request.origin = kDash;
  request.host = "rebound.example";
  EXPECT_EQ(site.site().answer(request).status, 421);
  // That it may ask is no permission to read.
  EXPECT_EQ(site.get("/api/v1/status", {}, kDash).status, 401);
}

}  // namespace
}  // namespace nines::tools::testing
