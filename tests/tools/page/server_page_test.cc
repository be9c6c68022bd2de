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

}  // namespace
}  // namespace nines::tools::testing
