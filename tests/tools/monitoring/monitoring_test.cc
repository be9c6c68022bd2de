// The Grafana dashboard and the Prometheus rules ask for metrics that there are, and the dashboard is one that Grafana
// loads: what its schema asks for, checked by hand.
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "show/output.h"
#include "tools/support/command_line.h"

namespace nines::tools::testing {
namespace {

std::string file_of(const std::string& path) {
  return read_file(std::string(NINES_SOURCE_DIR) + "/" + path);
}

// A test of its own holds tools/API.md against what /metrics answers.
std::set<std::string> documented() {
  const std::string page = file_of("tools/API.md");
  static const std::regex kMetric("`((?:nines|probe)_[a-z0-9_]+)");
  std::set<std::string> names;
  for (std::sregex_iterator it(page.begin(), page.end(), kMetric), end; it != end; ++it) names.insert((*it)[1]);
  return names;
}

void expect_known(const std::string& expression) {
  static const std::regex kMetric("\\b(?:nines|probe)_[a-z0-9_]+");
  const std::set<std::string> known = documented();
  int count = 0;
  for (std::sregex_iterator it(expression.begin(), expression.end(), kMetric), end; it != end; ++it, ++count)
    EXPECT_TRUE(known.contains(it->str())) << it->str() << " in " << expression;
  EXPECT_GT(count, 0) << expression;
}

TEST(PrometheusRules, AskForMetricsThatThereAre) {
  const std::string rules = file_of("tools/monitoring/alerts.yaml");
  static const std::regex kExpression("expr: (.*)");
  int count = 0;
  for (std::sregex_iterator it(rules.begin(), rules.end(), kExpression), end; it != end; ++it, ++count)
    expect_known((*it)[1]);
  EXPECT_GE(count, 10);
}

TEST(GrafanaDashboard, AsksForMetricsThatThereAre) {
  const Json board = Json::parse(file_of("tools/monitoring/grafana.json"));
  for (const Json& panel : board["panels"]) {
    ASSERT_FALSE(panel["targets"].empty()) << panel["title"];
    for (const Json& target : panel["targets"]) expect_known(target["expr"]);
  }
  for (const Json& variable : board["templating"]["list"]) {
    if (variable["type"] == "query") expect_known(variable["definition"]);
  }
}

TEST(GrafanaDashboard, HasWhatGrafanaAsksOfOne) {
  const Json board = Json::parse(file_of("tools/monitoring/grafana.json"));
  EXPECT_FALSE(board.contains("id")) << "a number is given at import";
  EXPECT_FALSE(board["title"].get<std::string>().empty());
  EXPECT_LE(board["uid"].get<std::string>().size(), 40U);
  EXPECT_GE(board["schemaVersion"].get<int>(), 36);
  std::set<std::string> variables;
  for (const Json& variable : board["templating"]["list"]) variables.insert(variable["name"]);
  EXPECT_EQ(variables, (std::set<std::string>{"datasource", "group", "server"}));
  const std::set<std::string> kinds{"stat", "timeseries", "table", "state-timeline"};
  std::set<int> ids;
  std::set<std::pair<int, int>> taken;  // cells of the grid of 24 columns
  for (const Json& panel : board["panels"]) {
    EXPECT_TRUE(ids.insert(panel["id"].get<int>()).second);
    EXPECT_TRUE(kinds.contains(panel["type"])) << panel["type"];
    EXPECT_EQ(panel["datasource"]["uid"], "${datasource}") << "whichever the reader has";
    const Json& place = panel["gridPos"];
    EXPECT_LE(place["x"].get<int>() + place["w"].get<int>(), 24);
    for (int x = place["x"]; x < place["x"].get<int>() + place["w"].get<int>(); ++x) {
      for (int y = place["y"]; y < place["y"].get<int>() + place["h"].get<int>(); ++y)
        EXPECT_TRUE(taken.insert({x, y}).second) << panel["title"] << " lies over another";
    }
    std::set<std::string> letters;
    for (const Json& target : panel["targets"]) EXPECT_TRUE(letters.insert(target["refId"]).second);
  }
}

}  // namespace
}  // namespace nines::tools::testing
