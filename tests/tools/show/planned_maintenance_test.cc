// What is told of a server's maintenance: what is under way from its own begin, and what is to come.
#include "show/planned_maintenance.h"

#include <gtest/gtest.h>

#include <chrono>

namespace nines::tools::testing {
namespace {

using std::chrono::days;
using std::chrono::hours;

constexpr TimeMs kNow = from_ms(1'790'000'000'000);  // 2026-09-21T14:13:20Z

Maintenance once(TimeMs from, TimeMs to, const std::string& note) {
  Maintenance maintenance;
  maintenance.once = {from, to};
  maintenance.note = note;
  return maintenance;
}

TEST(PlannedMaintenance, IsWhatIsUnderWayAndToComeEachWithItsNote) {
  Server server;
  server.maintenance = {once(kNow + hours{5}, kNow + hours{6}, "later"),
                        once(kNow - hours{3}, kNow + hours{1}, "disks"), once(kNow - hours{9}, kNow - hours{8}, "over"),
                        once(kNow + days{20}, kNow + days{21}, "far")};
  const auto planned = planned_maintenance(server, kNow, days{14});
  ASSERT_TRUE(planned) << planned.error().message;
  const std::vector<PlannedMaintenance> expected{{{kNow - hours{3}, kNow + hours{1}}, "disks"},
                                                 {{kNow + hours{5}, kNow + hours{6}}, "later"}};
  EXPECT_EQ(*planned, expected);
}

TEST(PlannedMaintenance, ThatRecursIsToldTimeByTime) {
  Server server;
  Maintenance& daily = server.maintenance.emplace_back();
  daily.repeat = Maintenance::Repeat::daily;
  daily.start = std::chrono::minutes{14 * 60};
  const auto planned = planned_maintenance(server, kNow, days{2});
  ASSERT_TRUE(planned) << planned.error().message;
  ASSERT_EQ(planned->size(), 2U + 1U);
  const TimeMs first = kNow - std::chrono::minutes{13} - std::chrono::seconds{20};
  EXPECT_EQ((*planned)[0].window, (Window{first, first + hours{1}}));
  EXPECT_EQ((*planned)[2].window.from, first + days{2});
}

}  // namespace
}  // namespace nines::tools::testing
