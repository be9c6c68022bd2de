// tools/API.md says what is so: its paths, parameters, error codes and metrics are read and tried.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "http/http_server.h"
#include "run/run_metrics.h"
#include "tools/support/command_line.h"
#include "tools/support/test_web_server.h"
#include "web/routes.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The cells of the rows of the table below a heading.
std::vector<std::vector<std::string>> table(const std::string& document, const std::string& heading) {
  std::vector<std::vector<std::string>> rows;
  const std::size_t begin = document.find("\n## " + heading + "\n");
  EXPECT_NE(begin, std::string::npos) << heading;
  std::istringstream lines(document.substr(begin + 1, document.find("\n## ", begin + 1) - begin));
  int seen = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("| ") && !line.starts_with("|-")) continue;
    if (++seen <= 2) continue;
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
      const std::size_t first = cell.find_first_not_of(" `");
      cells.push_back(first == std::string::npos ? "" : cell.substr(first, cell.find_last_not_of(" `") - first + 1));
    }
    rows.push_back(cells);
  }
  EXPECT_FALSE(rows.empty()) << heading;
  return rows;
}

std::vector<std::string> words(std::string text) {
  for (char& c : text) {
    if (c == ',') c = ' ';
  }
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

class ApiDocument : public ::testing::Test {
 protected:
  ApiDocument() {
    auto store = Store::open(dir_.path("db"));
    EXPECT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    Server server;
    server.name = "site";
    server.objective = 0.99;
    server.created_at = now_ - std::chrono::hours{1};
    const ServerId id = store_->add_server(server).value_or(ServerId{});
    CheckResult result;
    result.server = id;
    result.time = now_;
    result.state = State::up;
    result.latency_us = 1000;
    result.code = 200;
    result.phases = Phases{};
    EXPECT_TRUE(store_->append(result, Durability::buffered));
    Site::Hooks hooks;
    hooks.metrics = [this](std::string& out) { counted_.append(out, {}); };
    CheckReport report;
    report.result = result;
    counted_.keep({{"site", "https://site.example/"}});
    counted_.count("site", report);
    AccessOptions access;
    access.services = {{"site", "any(site)", 0.99}};
    site_ = std::make_unique<Site>(*store_, std::move(hooks), false, access);
    auto http = HttpServer::start(
        {.host = "127.0.0.1", .port = 0}, [this](const WebRequest& request) { return site_->answer(request); },
        site_->http_options());
    EXPECT_TRUE(http) << http.error().message;
    http_ = std::move(*http);
  }
  [[nodiscard]] Page ask(const std::string& path) const { return get(http_->port(), path); }

  const std::string document_ = read_file(std::string(NINES_SOURCE_DIR) + "/tools/API.md");
  const TimeMs now_ = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  TempDir dir_;
  RunMetrics counted_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Site> site_;
  std::unique_ptr<HttpServer> http_;
};

TEST_F(ApiDocument, NamesPathsThatAnswerAndParametersThatTheyTake) {
  const std::map<std::string, std::string> values{{"window", "24h"},
                                                  {"from", "-1h"},
                                                  {"to", "now&from=-1h"},
                                                  {"tz", "UTC"},
                                                  {"limit", "5"},
                                                  {"cursor", "0"},
                                                  {"bars", "3"},
                                                  {"state", "up"},
                                                  {"tag", "a=b"},
                                                  {"sort", "name"},
                                                  {"search", "x"},
                                                  {"group", "g"},
                                                  {"since", "1"},
                                                  {"failed", "1"},
                                                  {"before", "1"},
                                                  {"points", "5"},
                                                  {"phases", "1"},
                                                  {"count", "3"},
                                                  {"by", "day"},
                                                  {"objective", "0.9"},
                                                  {"label", "x"},
                                                  {"compare", "previous"},
                                                  {"hours", "mon-fri%2008:00-18:00"},
                                                  {"period", "30d"},
                                                  {"target", "300ms"},
                                                  {"weeks", "2"},
                                                  {"of", "any(site)"},
                                                  {"confirm-failures", "2"},
                                                  {"confirm-successes", "1"},
                                                  {"maintenance", "exclude"},
                                                  {"unknown", "exclude"}};
  for (const auto& row : table(document_, "Paths")) {
    std::string path = row.at(0);
    if (path == "/api/v1/events") continue;  // does not end
    if (const std::size_t name = path.find("{name}"); name != std::string::npos) path.replace(name, 6, "site");
    const std::string required = path.ends_with("/service") ? "of=site" : "";
    EXPECT_EQ(ask(path + "?" + required).status, 200) << path;
    for (const std::string& parameter : words(row.at(1))) {
      ASSERT_TRUE(values.contains(parameter)) << parameter;
      std::string value = values.at(parameter);
      if (parameter == "cursor" && path.ends_with("/points")) value = "1-0";
      if (parameter == "cursor" && (path.ends_with("/status") || path.ends_with("/incidents"))) value = "1-0-1-0";
      const std::string also = parameter == "of" || required.empty() ? "" : "&" + required;
      EXPECT_EQ(ask(path + "?" + parameter + "=" + value + also).status, 200) << path << " " << parameter;
    }
    if (!path.starts_with("/-/") && !path.starts_with("/metrics")) {
      EXPECT_EQ(ask(path + "?no-such-parameter=1").status, 400) << path;
    }
  }
}

TEST_F(ApiDocument, NamesTheStatusOfEveryErrorCode) {
  std::map<std::string, std::string> said;
  for (const auto& row : table(document_, "Errors")) {
    std::string codes = row.at(1);
    codes = codes.substr(0, codes.find(';'));
    for (const std::string& code : words(codes)) said.emplace(code, row.at(0));
  }
  for (int i = 0; i <= static_cast<int>(ErrorCode::fatal); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const std::string name(to_string(code));
    ASSERT_TRUE(said.contains(name)) << name;
    EXPECT_EQ(said.at(name), std::to_string(http_status(code))) << name;
  }
}

TEST_F(ApiDocument, NamesEveryMetricWithItsLabels) {
  const std::string metrics = ask("/metrics").body;
  std::set<std::string> said;
  for (const auto& row : table(document_, "Metrics")) {
    const std::string& name = row.at(0);
    if (name == "---") continue;
    said.insert(name);
    if (name == "probe_ssl_earliest_cert_expiry") continue;  // of certificates only
    const std::string base = name.ends_with("_seconds") && metrics.find("\n" + name + "_bucket") != std::string::npos
                                 ? name + "_bucket"
                                 : name;
    std::string labels;
    for (const std::string& label : words(row.at(1))) labels += (labels.empty() ? "" : ",") + label + "=\"[^\"]*\"";
    const std::regex sample("\n" + base + (labels.empty() ? "" : "\\{" + labels + "\\}") + " [0-9.e+-]+\n");
    EXPECT_TRUE(std::regex_search(metrics, sample)) << name << " " << row.at(1);
  }
  static const std::regex kFamily("# TYPE ([a-z0-9_]+) ");
  for (std::sregex_iterator it(metrics.begin(), metrics.end(), kFamily), end; it != end; ++it)
    EXPECT_TRUE(said.contains((*it)[1])) << (*it)[1] << " is not in API.md";
}

}  // namespace
}  // namespace nines::tools::testing
