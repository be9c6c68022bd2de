// What /metrics works out anew, and what it keeps for a minute.
#include "web/metrics.h"

#include <gtest/gtest.h>

#include <string>

#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using std::chrono::minutes;

// The value of one sample, as text; empty when it is not there.
std::string sample(const std::string& body, const std::string& name) {
  const std::size_t at = body.find("\n" + name + " ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  return body.substr(begin, body.find('\n', begin) - begin);
}

TEST(StoreMetrics, KeepsLongWindowsForAMinuteAndTheDayNotAtAll) {
  SmallSite site;
  const ServerId id = site.add("a", "", SmallSite::ago(minutes{60}));
  const TimeMs start = SmallSite::ago(minutes{60});
  for (int minute = 0; minute < 50; ++minute) site.check(id, start + minutes{minute}, State::up);
  StoreMetrics metrics(site.store());
  const std::string before = metrics.response({}).body;
  for (const char* const window : {"24h", "7d", "30d"})
    EXPECT_EQ(sample(before, std::string("nines_uptime_ratio{server=\"a\",window=\"") + window + "\"}"), "1") << window;
  for (int minute = 50; minute < 60; ++minute) site.check(id, start + minutes{minute}, State::down);
  const ServerId late = site.add("late", "", SmallSite::ago(minutes{5}));
  site.check(late, SmallSite::ago(minutes{1}), State::up);
  const std::string after = metrics.response({}).body;
  EXPECT_NE(sample(after, "nines_uptime_ratio{server=\"a\",window=\"24h\"}"), "1");
  EXPECT_EQ(sample(after, "nines_uptime_ratio{server=\"a\",window=\"30d\"}"), "1") << "a minute is not over";
  EXPECT_EQ(sample(after, "nines_state{server=\"a\",state=\"down\"}"), "1");
  EXPECT_EQ(sample(after, "nines_uptime_ratio{server=\"late\",window=\"24h\"}"), "1");
  const std::string anew = StoreMetrics(site.store()).response({}).body;
  EXPECT_NE(sample(anew, "nines_uptime_ratio{server=\"a\",window=\"30d\"}"), "1");
  EXPECT_EQ(sample(anew, "nines_uptime_ratio{server=\"a\",window=\"7d\"}"),
            sample(anew, "nines_uptime_ratio{server=\"a\",window=\"30d\"}"))
      << "both are over the hour that there is";
}

TEST(StoreMetrics, LeavesOutAServerThatWentMeanwhile) {
  SmallSite site;
  const ServerId id = site.add("a", "", SmallSite::ago(minutes{10}));
  site.check(id, SmallSite::ago(minutes{1}), State::up);
  StoreMetrics metrics(site.store());
  EXPECT_NE(metrics.response({}).body.find("server=\"a\""), std::string::npos);
  ASSERT_TRUE(site.store().remove_server(id));
  EXPECT_EQ(metrics.response({}).body.find("server=\"a\""), std::string::npos);
}

}  // namespace
}  // namespace nines::tools::testing
