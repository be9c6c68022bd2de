// What the page of one server says, as HTML.
#include "page/server_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(ServerPageHtml, OfAJobThatReportsHasNoAddress) {
  SmallSite site;
  Server job;
  job.name = "backup";
  job.url = "push:";
  job.rules.front().interval = std::chrono::hours{24};
  job.created_at = SmallSite::ago(std::chrono::hours{48});
  ASSERT_TRUE(site.store().add_server(job));
  const std::string page = site.get("/server/backup").body;
  EXPECT_THAT(page, HasSubstr("reports by itself, every 1d"));
  EXPECT_THAT(page, Not(HasSubstr("push:")));
}

TEST(ServerPageHtml, OfAServerThatIsAskedHasItsAddress) {
  SmallSite site;
  (void)site.add("a");
  EXPECT_THAT(site.get("/server/a").body, HasSubstr("href=\"https://secret.example/a\""));
}

// Two failures confirm: down from the 20th minute before now to the 10th, found a minute later. Ten minutes nobody
// looked.
TEST(ServerPageHtml, SaysWhatIsKnownAndWhatPeopleSayOfAnOutage) {
  SmallSite site;
  Server server;
  server.name = "site";
  server.objective = 0.99;
  server.level.period = "30d";  // which holds the outage on the first of a month too
  server.created_at = SmallSite::ago(std::chrono::minutes{60});
  server.annotations.push_back({.kind = Annotation::Kind::acknowledged,
                                .at = SmallSite::ago(std::chrono::minutes{15}),
                                .made_at = SmallSite::ago(std::chrono::minutes{14}),
                                .author = "<b>ann",
                                .text = "the <i>disk"});
  const ServerId id = site.store().add_server(server).value();
  for (int minute = 60; minute > 0; --minute) {
    if (minute > 40 && minute <= 50) continue;
    site.check(id, SmallSite::ago(std::chrono::minutes{minute}), minute > 10 && minute <= 20 ? State::down : State::up);
  }
  const std::string page = site.get("/server/site", {{"window", "1h"}}).body;
  EXPECT_THAT(page, HasSubstr("10 failed checks, found after 1m, acknowledged after 6m"));
  EXPECT_THAT(page, HasSubstr("<span>to detect 1m</span><span>to acknowledge 6m</span>"));
  EXPECT_THAT(page, HasSubstr("<span>known to 1m</span>"));
  EXPECT_THAT(page, HasSubstr("acknowledged by &lt;b&gt;ann"));
  EXPECT_THAT(page, HasSubstr("the &lt;i&gt;disk"));
  EXPECT_THAT(page, HasSubstr("if all that is unknown was down or up"));
  EXPECT_THAT(page, HasSubstr("10m of "));  // the budget
  EXPECT_THAT(page, HasSubstr("/api/v1/servers/site/why?window=1h"));
}

// An hour: down by 503 from the 20th minute before now to the 10th at place 1, up all the time at place 0, of which
// either is enough; the hour before was quiet.
TEST(ServerPageHtml, TellsInDetailWhatHasChangedAndWhatDownTimeWasDueTo) {
  SmallSite site;
  const TimeMs now = SmallSite::ago({});
  Server server;
  server.name = "site";
  server.created_at = now - std::chrono::minutes{180};
  server.rules.front().quorum = 1;
  server.level.hours = "mon-sun 00:00-24:00";
  server.level.timezone = "Asia/Tokyo";
  server.level.latency_target = std::chrono::milliseconds{300};
  server.level.latency_objective = 0.95;
  const ServerId id = site.store().add_server(server).value();
  for (int minute = 179; minute > 0; --minute) {
    for (const int place : {0, 1}) {
      CheckResult result;
      result.server = id;
      result.location = LocationId{static_cast<std::uint16_t>(place)};
      result.time = now - std::chrono::minutes{minute};
      result.interval_ms = 60'000;
      result.state = place == 1 && minute > 10 && minute <= 20 ? State::down : State::up;
      if (result.state == State::down) {
        result.error = ErrorClass::http_status;
        result.code = 503;
      } else {
        result.latency_us = 250'000;
      }
      ASSERT_TRUE(site.store().append(result, Durability::buffered));
    }
  }
  const std::string page = site.get("/server/site", {{"window", "1h"}}).body;
  EXPECT_THAT(page, HasSubstr("Beside the period before"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">Down for</th><td class=\"n\">10m</td><td class=\"n\">0s</td>"
                              "<td class=\"n\">+10m</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">Outages begun</th><td class=\"n\">1</td><td class=\"n\">0</td>"
                              "<td class=\"n\">+1</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">http status 503</th><td class=\"n\">1</td><td class=\"n\">10m</td>"));
  EXPECT_THAT(page, HasSubstr("<th scope=\"row\">1</th>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"n\">10</td><td class=\"n\">10m</td>"));  // failed at place 1
  EXPECT_THAT(page, HasSubstr("mon-sun 00:00-24:00 in Asia/Tokyo: <b>"));
  EXPECT_THAT(page, HasSubstr("100.000 % within 300 ms, Apdex 0.91; 95.000 % are promised: met"));
}

// Down for three days, which neither page has in its window of one.
TEST(ServerPageHtml, SaysWhenAStateTrulyBeganAsTheOverviewDoes) {
  SmallSite site;
  const ServerId id = site.add("site");
  const TimeMs now = SmallSite::ago({});
  std::vector<CheckResult> results;
  for (int minute = 5 * 1440; minute > 0; --minute) {
    CheckResult result;
    result.server = id;
    result.time = now - std::chrono::minutes{minute};
    result.interval_ms = 60'000;
    result.state = minute <= 3 * 1440 + 60 ? State::down : State::up;
    results.push_back(result);
  }
  ASSERT_TRUE(site.store().append(results, Durability::buffered));
  const std::string began = format_time(now - std::chrono::minutes{3 * 1440 + 60});
  const std::string page = site.get("/server/site").body;
  EXPECT_THAT(page, HasSubstr("for 3d1h, since <time datetime=\"" + began));
  const std::string overview = site.get("/").body;
  EXPECT_THAT(overview, HasSubstr("since <time datetime=\"" + began));
  EXPECT_THAT(overview, HasSubstr(">3d<"));
  EXPECT_THAT(overview, Not(HasSubstr("3d+")));
}

TEST(ServerPageHtml, HasNoDetailsOfAServerThatWasNeverChecked) {
  SmallSite site;
  Server server;
  server.name = "site";
  server.created_at = SmallSite::ago(std::chrono::minutes{60});
  ASSERT_TRUE(site.store().add_server(server));
  const std::string page = site.get("/server/site").body;
  EXPECT_THAT(page, Not(HasSubstr("In detail")));
  EXPECT_THAT(page, HasSubstr("No confirmed outage"));
}

}  // namespace
}  // namespace nines::tools::testing
