// What the page of a service made of servers says, and its line on the overview.
#include "page/service_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// An hour of two databases: db1 down from the 40th minute before now to the 20th, db2 from the 30th to the 20th, so
// that any of them is down for 10 minutes and all of them for 20. The web server is always up.
class ServicePage : public ::testing::Test {
 protected:
  ServicePage() {
    for (const auto& [name, since] : {std::pair{"web", 0}, std::pair{"db1", 40}, std::pair{"db2", 30}}) {
      const ServerId id = site_.add(name, {}, now_ - std::chrono::minutes{60});
      for (int minute = 60; minute > 0; --minute) {
        site_.check(id, now_ - std::chrono::minutes{minute}, minute > 20 && minute <= since ? State::down : State::up);
      }
    }
  }
  static AccessOptions access() {
    AccessOptions options;
    options.services = {{"Shop <1>", "all(web, any(db1, db2))", 0.9}, {"gone", "all(web, nobody)", {}}};
    return options;
  }

  SmallSite site_{access()};
  TimeMs now_ = SmallSite::ago({});
};

TEST_F(ServicePage, OfTheConfigurationHasStateBudgetPartsAndOutages) {
  const std::string page = site_.get("/service/Shop <1>", {{"window", "1h"}}).body;
  EXPECT_THAT(page, HasSubstr("<h1>Shop &lt;1&gt;</h1><p><span class=\"pill up\">"));
  EXPECT_THAT(page, HasSubstr("for 20m"));
  EXPECT_THAT(page, HasSubstr("since <time datetime=\"" + format_time(now_ - std::chrono::minutes{20})));
  EXPECT_THAT(page, HasSubstr("all(web, any(db1, db2))"));
  EXPECT_THAT(page, HasSubstr("Objective 90.000 %"));
  EXPECT_THAT(page, HasSubstr("Error budget overspent"));
  EXPECT_THAT(page, HasSubstr("<span>1 outage</span><span>down for 10m</span><span>mean time to repair 10m</span>"));
  EXPECT_THAT(page, HasSubstr("Down for 10m from <time datetime=\"" + format_time(now_ - std::chrono::minutes{30})));
  EXPECT_THAT(page, HasSubstr("down when it began:</span> db1, db2"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/server/db1?window=1h\">db1</a>"));
  EXPECT_THAT(page, HasSubstr("<td class=\"n\">20m</td>")) << "db1 by itself";
  EXPECT_THAT(page, HasSubstr("/api/v1/service?of=all"));
}

TEST_F(ServicePage, OfAnExpressionSaysWhatTheApiSays) {
  const std::map<std::string, std::string> asked{{"of", "all(db1, db2)"}, {"window", "1h"}};
  const std::string page = site_.get("/service", asked).body;
  const Json json = site_.json("/api/v1/service", {{"of", "all(db1, db2)"}, {"from", "-1h"}});
  EXPECT_EQ(json["time_ms"]["down"], 20 * 60'000);
  EXPECT_EQ(json["current"]["since"], format_time(now_ - std::chrono::minutes{20}));
  EXPECT_THAT(page, HasSubstr("<span>down for 20m</span>"));
  EXPECT_THAT(page, HasSubstr("since <time datetime=\"" + json["current"]["since"].get<std::string>()));
  EXPECT_THAT(page, Not(HasSubstr("Objective")));
}

TEST_F(ServicePage, ThatCannotBeShownSaysWhy) {
  EXPECT_EQ(site_.get("/service").status, 400);
  EXPECT_EQ(site_.get("/service", {{"of", "all("}}).status, 400);
  EXPECT_EQ(site_.get("/service", {{"of", "web"}, {"objective", "2"}}).status, 400);
  EXPECT_EQ(site_.get("/service", {{"of", "nobody"}}).status, 404);
  EXPECT_EQ(site_.get("/service/other").status, 404);
  EXPECT_EQ(site_.get("/service/").status, 404);
  EXPECT_EQ(site_.get("/services").status, 404);
  EXPECT_EQ(site_.get("/service/Shop <1>", {{"of", "web"}}).status, 400) << "it is what the configuration says";
  const std::string hostile = site_.get("/service", {{"of", "<script>"}}).body;
  EXPECT_THAT(hostile, Not(HasSubstr("<script>\"")));
  EXPECT_THAT(hostile, HasSubstr("&lt;script&gt;"));
}

TEST_F(ServicePage, HasALineOnTheOverview) {
  const std::string page = site_.get("/", {{"window", "1h"}}).body;
  EXPECT_THAT(page, HasSubstr("<h2>Services</h2>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"/service/Shop%20%3C1%3E?window=1h\">Shop &lt;1&gt;</a>"));
  EXPECT_THAT(page, HasSubstr("up for 20m"));
  EXPECT_THAT(page, HasSubstr("there is no server &quot;nobody&quot;"));
  const Json rows = site_.json("/rows", {{"window", "1h"}, {"since", "0"}});
  EXPECT_THAT(rows["head"].get<std::string>(), HasSubstr("<h2>Services</h2>"));
  EXPECT_THAT(SmallSite().get("/").body, Not(HasSubstr("<h2>Services</h2>")));
}

}  // namespace
}  // namespace nines::tools::testing
