// What everybody may see, and what they may not.
#include "page/status_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

AccessOptions locked_with_pages() {
  AccessOptions access;
  access.users = {{.name = "ada", .password = "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"}};
  StatusPage shop;
  shop.title = "Shop <status>";
  shop.groups = {"Shop"};
  shop.names = {{"shop-fe-01.internal", "Web shop"}};
  shop.embed = {"https://example.org"};
  shop.notes = {{.time = SmallSite::ago(minutes{1}), .text = "We moved <b>house</b>."}};
  StatusPage mail;
  mail.path = "/status/mail";
  mail.groups = {"Mail"};
  access.status_pages = {shop, mail};
  return access;
}

class StatusPages : public ::testing::Test {
 protected:
  StatusPages() {
    const TimeMs start = SmallSite::ago(hours{2});
    const ServerId front = site_.add("shop-fe-01.internal", "Shop");
    const ServerId mail = site_.add("Mail relay", "Mail");
    const ServerId secret = site_.add("Payroll", "Office");
    for (int minute = 0; minute < 120; ++minute) {
      const TimeMs time = start + minutes{minute};
      site_.check(front, time, minute >= 30 && minute < 40 ? State::down : State::up);
      site_.check(mail, time, State::up);
      site_.check(secret, time, State::down);
    }
  }
  SmallSite site_{locked_with_pages()};
};

TEST_F(StatusPages, AreForEverybodyWhileTheRestIsNot) {
  EXPECT_EQ(site_.get("/status").status, 200);
  EXPECT_EQ(site_.get("/status/mail").status, 200);
  for (const char* const path :
       {"/", "/api/v1/status", "/server/Mail relay", "/metrics", "/badge/Payroll/uptime.svg", "/statusx"}) {
    EXPECT_NE(site_.get(path).status, 200) << path;
  }
  for (const char* const path : {"/status/none", "/status/mail/none", "/status/../", "/status/badge/x"})
    EXPECT_EQ(site_.get(path).status, 404) << path;
  EXPECT_EQ(site_.get("/status", {{"window", "1h"}}).status, 400);
}

TEST_F(StatusPages, SayThePublicNameAndNothingOfWhatIsBehind) {
  const std::string body = site_.get("/status").body;
  EXPECT_THAT(body, AllOf(HasSubstr("Web shop"), HasSubstr("Everything works"), HasSubstr("Shop &lt;status&gt;"),
                          HasSubstr("We moved &lt;b&gt;house"), HasSubstr("not available for 10m")));
  for (const char* const hidden : {"shop-fe-01", "secret.example", "the cause", "http_status", "Payroll", "Mail relay",
                                   "href=\"/server", "href=\"/\""})
    EXPECT_THAT(body, Not(HasSubstr(hidden)));
  EXPECT_THAT(site_.get("/status/mail").body, AllOf(HasSubstr("Mail relay"), Not(HasSubstr("Web shop"))));
}

TEST_F(StatusPages, DoNotSayThatWhatNobodyKnowsWorks) {
  site_.add("Archive", "Shop");
  const std::string body = site_.get("/status").body;
  EXPECT_THAT(body, AllOf(HasSubstr("Not known at the moment: Archive"), Not(HasSubstr("Everything works"))));
}

TEST_F(StatusPages, HaveAFeedOfIncidentsAndNotes) {
  const WebResponse feed = site_.get("/status/feed.atom");
  EXPECT_EQ(feed.type, "application/atom+xml; charset=utf-8");
  EXPECT_THAT(feed.body, AllOf(HasSubstr("<title>Web shop was not available for 10m</title>"),
                               HasSubstr("<summary>We moved &lt;b&gt;house&lt;/b&gt;.</summary>"),
                               HasSubstr("<link rel=\"self\" href=\"http://localhost/status/feed.atom\"/>"),
                               Not(HasSubstr("the cause")), Not(HasSubstr("shop-fe"))));
  EXPECT_EQ(feed.body, site_.get("/status/feed.atom").body) << "without news it stays the same";
}

TEST_F(StatusPages, MayBeFramedByWhomTheyName) {
  EXPECT_THAT(SmallSite::header(site_.get("/status/embed"), "Content-Security-Policy"),
              HasSubstr("frame-ancestors 'self' https://example.org"));
  EXPECT_EQ(SmallSite::header(site_.get("/status"), "Content-Security-Policy"), "") << "the usual one: none";
}

TEST_F(StatusPages, HaveBadgesByPublicName) {
  EXPECT_THAT(site_.get("/status/badge/Web shop/state.svg").body,
              AllOf(HasSubstr("Web shop: up"), Not(HasSubstr("fe-01"))));
  EXPECT_THAT(site_.get("/status/badge/Web shop/uptime.json").body, HasSubstr("\"message\""));
  EXPECT_THAT(site_.get("/status/badge/Web shop/latency.svg").body, HasSubstr("p95: 40.0 ms"));
  EXPECT_EQ(site_.get("/status/badge/shop-fe-01.internal/state.svg").status, 404);
  EXPECT_EQ(site_.get("/status/badge/Payroll/state.svg").status, 404);
}

TEST_F(StatusPages, TellWhatIsPlannedOnceForAllThatShareIt) {
  auto server = *site_.store().catalog()->find("shop-fe-01.internal");
  Maintenance planned;
  planned.once = {SmallSite::ago(-hours{24}), SmallSite::ago(-hours{26})};
  planned.note = "New disks.";
  server.maintenance.push_back(planned);
  ASSERT_TRUE(site_.store().update_server(server));
  EXPECT_THAT(site_.get("/status/mail").body, Not(HasSubstr("New disks.")));
  EXPECT_THAT(site_.get("/status").body, AllOf(HasSubstr("Planned maintenance"), HasSubstr("New disks.")));
}

TEST(StatusPage, OfNoGroupThatExistsSaysSo) {
  AccessOptions access;
  StatusPage page;
  page.groups = {"none"};
  access.status_pages = {page};
  SmallSite site(access);
  EXPECT_THAT(site.get("/status").body, HasSubstr("There is nothing to show yet"));
  EXPECT_EQ(site.get("/status/feed.atom").status, 200);
}

}  // namespace
}  // namespace nines::tools::testing
