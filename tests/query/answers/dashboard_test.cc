// The dashboard: scans, order, pages, filters, groups; and the report built on the same rows.
#include <nines/dashboard.h>

#include <nines/report.h>

#include "query/support/history_builder.h"

namespace nines::test {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::Optional;

class Dashboards : public History {
 protected:
  // "site" of the fixture stays without checks.
  void add(const std::string& name, const std::string& group, std::string_view letters) {
    Server server;
    server.name = name;
    server.group = group;
    server.url = "https://" + name + ".example.org/Path";
    server.tags = {{"team", group == "core" ? "web" : "data"}};
    server.created_at = at("2026-01-01");
    server.id = store_.add(server);
    std::swap(server, server_);
    checks(start_, letters);
    std::swap(server, server_);
  }

  void SetUp() override {
    add("beta", "core", "uuuuuuuuud");
    add("alpha", "core", "uuuuuuuudd");
    add("delta", "edge", "ggggggggug");
    add("gamma", "edge", "uudduuuuuu");
    now_ = start_ + minutes{10};
  }

  [[nodiscard]] Dashboard ask(const DashboardOptions& options) const {
    auto board = dashboard(store_, query(start_, now_), options);
    EXPECT_TRUE(board.has_value()) << board.error().message;
    return std::move(*board);
  }
  [[nodiscard]] std::vector<std::string> names(const DashboardOptions& options) const {
    std::vector<std::string> names;
    for (const DashboardRow& row : ask(options).rows) names.push_back(row.name);
    return names;
  }

  TimeMs start_ = at("2026-07-14T10:00:00Z");
};

TEST_F(Dashboards, TakesOneRangeScanAServer) {
  DashboardOptions options;
  options.bars = BarOptions{5, {}, {}};
  const Dashboard board = ask(options);
  EXPECT_EQ(board.explain.cost.range_scans, 5U + 1U) << "and a look for the first result of the one that has none";
  EXPECT_TRUE(board.explain.plan.empty());
  EXPECT_EQ(board.matching, 5U);
  EXPECT_EQ(board.rows[0].bars.size(), 5U);
}

TEST_F(Dashboards, ServersWithLongIntervalsShareNoScanWithOthersButTakeOneEach) {
  change([](Server& server) { server.rules[0].interval = hours{24}; });
  DashboardOptions options;
  EXPECT_EQ(ask(options).explain.cost.range_scans, 5U + 1U);
}

TEST_F(Dashboards, SortsByNameByStateAndByLatency) {
  DashboardOptions options;
  EXPECT_THAT(names(options), ElementsAre("alpha", "beta", "delta", "gamma", "site"));
  options.sort = SortBy::worst_first;
  EXPECT_THAT(names(options), ElementsAre("alpha", "site", "delta", "gamma", "beta"));
  options.sort = SortBy::slowest;
  EXPECT_THAT(names(options), ElementsAre("delta", "alpha", "beta", "gamma", "site"));
}

TEST_F(Dashboards, PagesAfterSorting) {
  DashboardOptions options;
  options.offset = 1;
  options.limit = 2;
  EXPECT_THAT(names(options), ElementsAre("beta", "delta"));
  EXPECT_EQ(ask(options).matching, 5U);
  EXPECT_EQ(ask(options).explain.cost.range_scans, 2U) << "only the page is read";
  options.sort = SortBy::worst_first;
  EXPECT_THAT(names(options), ElementsAre("site", "delta"));
  options.offset = 9;
  EXPECT_THAT(names(options), ElementsAre());
}

TEST_F(Dashboards, FiltersByGroupTagStateNameAndText) {
  DashboardOptions options;
  options.filter.group = "edge";
  EXPECT_THAT(names(options), ElementsAre("delta", "gamma"));
  options.filter = {};
  options.filter.tags = {{"team", "web"}};
  EXPECT_THAT(names(options), ElementsAre("alpha", "beta"));
  options.filter.tags = {{"team", ""}};
  EXPECT_THAT(names(options), ElementsAre("alpha", "beta", "delta", "gamma"));
  options.filter = {};
  options.filter.state = State::down;
  EXPECT_THAT(names(options), ElementsAre("alpha"));
  EXPECT_EQ(ask(options).matching, 1U);
  options.filter = {};
  options.filter.search = "TA.EXAMPLE";
  EXPECT_THAT(names(options), ElementsAre("beta", "delta"));
  options.filter = {};
  options.filter.names = {"gamma", "alpha"};
  EXPECT_THAT(names(options), ElementsAre("alpha", "gamma"));
  options.filter.names = {"omega"};
  EXPECT_EQ(dashboard(store_, query(start_, now_), options).error().code, ErrorCode::not_found);
}

TEST_F(Dashboards, CountsServersByState) {
  const Dashboard board = ask({});
  EXPECT_THAT(board.by_state, ElementsAre(1U, 2U, 1U, 1U, 0U, 0U));
}

TEST_F(Dashboards, CombinesGroups) {
  DashboardOptions options;
  options.group_rule = GroupOptions{GroupRule::all_up, 1, {}};
  options.limit = 1;
  const Dashboard board = ask(options);
  ASSERT_EQ(board.groups.size(), 3U);
  EXPECT_EQ(board.groups[0].name, "");
  EXPECT_EQ(board.groups[1].name, "core");
  EXPECT_THAT(board.groups[1].figures.uptime_ratio, Optional(DoubleEq(0.8)));
  EXPECT_EQ(board.groups[1].figures.state, State::down);
  EXPECT_THAT(board.groups[2].figures.uptime_ratio, Optional(DoubleEq(0.8)));
  EXPECT_EQ(board.groups[2].figures.state, State::degraded);
}

TEST_F(Dashboards, RowsEqualTheFiguresOfEachServer) {
  for (const DashboardRow& row : ask({}).rows) {
    const auto single = uptime(store_, row.server, query(start_, now_));
    EXPECT_EQ(row.figures.time, single->figures.time) << row.name;
    EXPECT_EQ(row.figures.counts, single->figures.counts) << row.name;
    EXPECT_EQ(row.figures.latency, single->figures.latency) << row.name;
    EXPECT_EQ(row.figures.incidents, single->figures.incidents) << row.name;
    EXPECT_EQ(row.figures.last, single->figures.last) << row.name;
  }
}

TEST_F(Dashboards, IntoABoardThatWasUsedBeforeIsTheSame) {
  DashboardOptions options;
  options.bars = BarOptions{4, {}, {}};
  options.group_rule = GroupOptions{};
  options.sort = SortBy::worst_first;
  Dashboard board;
  ASSERT_TRUE(dashboard(store_, query(start_, now_), options, board));
  options.filter.group = "core";
  options.bars = BarOptions{2, {}, {}};
  options.group_rule.reset();
  ASSERT_TRUE(dashboard(store_, query(start_, now_), options, board));
  const Dashboard fresh = ask(options);
  EXPECT_TRUE(board.groups.empty());
  EXPECT_TRUE(std::equal(std::begin(board.by_state), std::end(board.by_state), std::begin(fresh.by_state)));
  ASSERT_EQ(board.rows.size(), fresh.rows.size());
  for (std::size_t i = 0; i < board.rows.size(); ++i) {
    EXPECT_EQ(board.rows[i].name, fresh.rows[i].name);
    EXPECT_EQ(board.rows[i].bars, fresh.rows[i].bars);
  }
  options.filter.names = {"nobody"};
  EXPECT_EQ(dashboard(store_, query(start_, now_), options, board).error().code, ErrorCode::not_found);
  EXPECT_TRUE(board.rows.empty());
}

TEST_F(Dashboards, EmptyWindowHasRowsWithoutFigures) {
  DashboardOptions options;
  options.bars = BarOptions{};
  const auto board = dashboard(store_, query(start_, start_), options);
  ASSERT_TRUE(board.has_value());
  EXPECT_EQ(board->rows.size(), 5U);
  EXPECT_EQ(board->rows[0].figures.uptime_ratio, std::nullopt);
}

TEST_F(Dashboards, ReportHasServersGroupsAndObjectives) {
  ReportOptions options;
  options.bars = {2, {}, {}};
  options.group = {GroupRule::worst_of, 1, {}};
  options.objective = 0.85;
  const auto answer = report(store_, query(start_, now_), options);
  ASSERT_TRUE(answer.has_value()) << answer.error().message;
  ASSERT_EQ(answer->servers.size(), 5U);
  const ReportServer& alpha = answer->servers[0];
  EXPECT_EQ(alpha.name, "alpha");
  EXPECT_EQ(alpha.bars.size(), 2U);
  EXPECT_EQ(alpha.objective, 0.85);
  EXPECT_EQ(alpha.budget_ms, 90 * kSecond);
  EXPECT_EQ(alpha.remaining_ms, -30 * kSecond);
  EXPECT_EQ(alpha.objective_met, false);
  EXPECT_EQ(answer->servers[4].objective_met, std::nullopt) << "no data, no verdict";
  ASSERT_EQ(answer->groups.size(), 3U);
  EXPECT_EQ(answer->groups[1].incidents, 1U);
  EXPECT_THAT(answer->groups[1].figures.uptime_ratio, Optional(DoubleEq(0.8)));
  EXPECT_EQ(answer->all.members, 5U);
  EXPECT_THAT(answer->all.uptime_ratio, Optional(DoubleEq(0.8)));
}

}  // namespace
}  // namespace nines::test
