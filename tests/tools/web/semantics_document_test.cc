// query/SEMANTICS.md names where each question is asked: its table is read and tried.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tools/support/command_line.h"
#include "tools/support/small_site.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

struct Row {
  std::string question;
  std::string header;
  std::string command;
  std::string path;
  std::string words;  // of the page
};

std::vector<Row> rows_of(const std::string& document) {
  std::vector<Row> rows;
  const std::size_t begin = document.find("\n## Where to ask\n");
  EXPECT_NE(begin, std::string::npos);
  std::istringstream lines(document.substr(begin + 1, document.find("\n## ", begin + 1) - begin));
  int seen = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("|") || ++seen <= 2) continue;
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
      const std::size_t first = cell.find_first_not_of(" `");
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(" `") - first + 1));
    }
    EXPECT_EQ(cells.size(), 5U) << line;
    if (cells.size() == 5) rows.push_back({cells[0], cells[1], cells[2], cells[3], cells[4]});
  }
  return rows;
}

// Three days of checks each minute from two places: down at both from the 40th minute before now to the 20th, of which
// the last ten are maintenance; nobody looked for ten minutes before. What is asked about is promised.
std::string add_server(SmallSite& site) {
  const TimeMs now = std::chrono::floor<std::chrono::minutes>(SmallSite::ago({}));
  const auto ago = [&](int minutes) { return now - std::chrono::minutes{minutes}; };
  Server server;
  server.name = "site";
  server.objective = 0.9997;  // 13 minutes of 30 days
  server.level.period = "30d";
  server.created_at = now - std::chrono::days{30};
  server.rules.front().quorum = 2;
  server.level.hours = "mon-sun 00:00-24:00";
  server.level.latency_target = std::chrono::milliseconds{300};
  Maintenance planned;
  planned.once = {ago(30), ago(20)};
  server.maintenance.push_back(planned);
  for (const auto kind : {Annotation::Kind::acknowledged, Annotation::Kind::note}) {
    server.annotations.push_back({.kind = kind, .at = ago(35), .made_at = ago(34), .author = "ann", .text = "seen"});
  }
  const ServerId id = site.store().add_server(server).value_or(ServerId{});
  // As many weeks as a baseline learns from have their checks at this hour.
  std::vector<CheckResult> results;
  for (int minute = 28 * 1440; minute > 0; --minute) {
    const bool same_hour = minute % (7 * 1440) <= 60 || minute % (7 * 1440) >= 7 * 1440 - 60;
    if (!same_hour && (minute > 3 * 1440 || (minute > 40 && minute <= 50))) continue;
    if (minute > 40 && minute <= 50) continue;
    for (const std::uint16_t place : std::array<std::uint16_t, 2>{0, 1}) {
      CheckResult result;
      result.server = id;
      result.location = LocationId{place};
      result.time = ago(minute);
      result.interval_ms = 60'000;
      result.state = minute > 20 && minute <= 40 ? State::down : State::up;
      if (result.state == State::down) {
        result.error = ErrorClass::http_status;
        result.code = 503;
      } else {
        result.latency_us = static_cast<std::uint32_t>(200'000 + minute % 7 * 1000);
      }
      results.push_back(result);
    }
  }
  EXPECT_TRUE(site.store().append(results, Durability::buffered));
  return server.name;
}

TEST(SemanticsDocument, NamesHeadersCommandsPathsAndWordsOfThePageThatAreThere) {
  const std::string source = NINES_SOURCE_DIR;
  const std::vector<Row> rows = rows_of(read_file(source + "/query/SEMANTICS.md"));
  ASSERT_GE(rows.size(), 15U);
  SmallSite site;
  const std::string name = add_server(site);
  const std::string page = site.get("/server/" + name, {{"window", "24h"}}).body;
  const std::string service = site.get("/service", {{"of", "any(site)"}, {"window", "24h"}}).body;
  const Json api = Json::parse(read_file(source + "/tools/web/openapi.json"));
  std::map<std::string, std::string> helps;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.question);
    EXPECT_TRUE(std::filesystem::exists(source + "/query/include/nines/" + row.header)) << row.header;

    ASSERT_TRUE(row.command.starts_with("nines ")) << row.command;
    const std::size_t option = row.command.find(" --");
    const std::string command = row.command.substr(6, option == std::string::npos ? option : option - 6);
    if (!helps.contains(command)) {
      std::vector<std::string> words;
      std::istringstream in(command);
      for (std::string word; in >> word;) words.push_back(word);
      words.emplace_back("--help");
      const Finished help = nines(words);
      EXPECT_EQ(help.code, 0) << help.err;
      helps[command] = help.out;
    }
    if (option != std::string::npos) {
      EXPECT_THAT(helps[command], HasSubstr(row.command.substr(option + 1)));
    }

    const std::string path = row.path.substr(0, row.path.find('?'));
    ASSERT_TRUE(api["paths"].contains(path)) << path;
    if (path != row.path) {
      const std::string parameter = row.path.substr(path.size() + 1);
      EXPECT_THAT(api["paths"][path]["get"]["parameters"].dump(), HasSubstr("parameters/" + parameter + "\""));
    }

    EXPECT_THAT(row.header == "composed.h" ? service : page, HasSubstr(row.words));
  }
}

}  // namespace
}  // namespace nines::tools::testing
