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
  EXPECT_THAT(page, HasSubstr("10 failed checks, found after 1m"));
  EXPECT_THAT(page, HasSubstr("acknowledged by &lt;b&gt;ann"));
  EXPECT_THAT(page, HasSubstr("the &lt;i&gt;disk"));
  EXPECT_THAT(page, HasSubstr("if all that is unknown was down or up"));
  EXPECT_THAT(page, HasSubstr("10m of "));  // of the month's budget
  EXPECT_THAT(page, HasSubstr("/api/v1/servers/site/why?window=1h"));
}

}  // namespace
}  // namespace nines::tools::testing
