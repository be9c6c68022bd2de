// One question, one answer: the command, the API, the pages, the report and the metrics say the same of the
// same store, and the command of another one that the results were carried over to.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "page/frame.h"
#include "query/support/random_history.h"
#include "show/output.h"
#include "show/state_text.h"
#include "show/text.h"
#include "tools/support/command_line.h"
#include "web/routes.h"

namespace nines::tools::testing {
namespace {

using ::testing::HasSubstr;

// A random server in a store on disk, and everything that can be asked about it.
class OneAnswer {
 public:
  explicit OneAnswer(std::uint64_t seed) : random_(seed) {
    auto store = Store::open(dir_.path("db"));
    EXPECT_TRUE(store) << store.error().message;
    store_ = std::move(*store);
    Server server = random_.server();
    server.objective = 0.99;
    server.id = store_->add_server(server).value_or(ServerId{});
    auto results = random_.results(server, 4);
    for (CheckResult& result : results) result.server = server.id;
    EXPECT_TRUE(store_->append(results, Durability::process));
    window_ = random_.query().window;
    site_ = std::make_unique<Site>(*store_, Site::Hooks{}, false);
  }

  [[nodiscard]] Json api(const std::string& path) const {
    WebRequest request;
    request.method = "GET";
    request.path = "/api/v1/" + path;
    request.host = "localhost";
    request.query = {{"from", from()}, {"to", to()}};
    const WebResponse response = site_->answer(request);
    EXPECT_EQ(response.status, 200) << path << response.body;
    return Json::parse(response.body, nullptr, false);
  }
  /// The page of the server, as HTML.
  [[nodiscard]] std::string page() const {
    WebRequest request;
    request.method = "GET";
    request.path = "/server/random";
    request.host = "localhost";
    request.query = {{"from", from()}, {"to", to()}};
    const WebResponse response = site_->answer(request);
    EXPECT_EQ(response.status, 200) << response.body;
    return response.body;
  }
  [[nodiscard]] Json command(std::vector<std::string> arguments) const { return ask_of("db", std::move(arguments)); }
  /// What the command says of a store with the same entry, into which the results were exported and imported,
  /// compacted.
  [[nodiscard]] Json carried_over(std::vector<std::string> arguments) {
    const std::string file = dir_.path("results.csv");
    const Finished out = nines({"export", "random", "--db", dir_.path("db")});
    EXPECT_EQ(out.code, 0) << out.err;
    dir_.write("results.csv", out.out);
    {
      auto other = Store::open(dir_.path("other"));
      EXPECT_TRUE(other) << other.error().message;
      Server server = *store_->catalog()->find("random");
      EXPECT_TRUE((*other)->add_server(server));
      EXPECT_TRUE((*other)->close());
    }
    const Finished in = nines({"import", file, "--no-create", "--strict", "--db", dir_.path("other")});
    EXPECT_EQ(in.code, 0) << in.err;
    const Finished compacted = nines({"compact", "--db", dir_.path("other")});
    EXPECT_EQ(compacted.code, 0) << compacted.err;
    return ask_of("other", std::move(arguments));
  }
  /// Likewise of a copy.
  [[nodiscard]] Json copied(std::vector<std::string> arguments) const {
    const Finished made = nines({"backup", dir_.path("copy"), "--db", dir_.path("db")});
    EXPECT_EQ(made.code, 0) << made.err;
    return ask_of("copy", std::move(arguments));
  }
  [[nodiscard]] bool empty() const { return window_.empty(); }

 private:
  [[nodiscard]] Json ask_of(const std::string& store, std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(), {"--from", from(), "--to", to(), "--json", "--db", dir_.path(store)});
    const Finished finished = nines(arguments);
    EXPECT_EQ(finished.code, 0) << arguments[0] << finished.err;
    return Json::parse(finished.out, nullptr, false);
  }
  [[nodiscard]] std::string from() const { return fmt::format("@{}", to_ms(window_.from)); }
  [[nodiscard]] std::string to() const { return fmt::format("@{}", to_ms(window_.to)); }

  test::RandomHistory random_;
  TempDir dir_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Site> site_;
  Window window_;
};

// All that both have is equal.
void expect_agreement(const Json& a, const Json& b, const std::string& what) {
  ASSERT_EQ(a.type(), b.type()) << what;
  if (a.is_object()) {
    for (const auto& [key, value] : a.items()) {
      if (b.contains(key)) expect_agreement(value, b[key], what + "." + key);
    }
  } else if (a.is_array()) {
    ASSERT_EQ(a.size(), b.size()) << what;
    for (std::size_t i = 0; i < a.size(); ++i) expect_agreement(a[i], b[i], fmt::format("{}[{}]", what, i));
  } else {
    EXPECT_EQ(a, b) << what;
  }
}

class OneAnswers : public ::testing::TestWithParam<int> {};

TEST_P(OneAnswers, CommandApiStatusAndReportAgree) {
  const OneAnswer asked(static_cast<std::uint64_t>(GetParam()));
  if (asked.empty()) GTEST_SKIP() << "an empty window";
  const Json figures = asked.command({"uptime", "random"});
  EXPECT_EQ(figures, asked.api("servers/random/uptime"));
  EXPECT_EQ(asked.command({"uptime", "random", "--why"}), asked.api("servers/random/why"));
  EXPECT_EQ(asked.command({"slo", "random"}), asked.api("servers/random/slo"));
  const Json status = asked.command({"status"})["servers"][0];
  expect_agreement(status, figures, "status");
  expect_agreement(asked.api("status")["servers"][0], status, "status of the API");
  const Json report = asked.command({"report"})["servers"][0];
  expect_agreement(report, figures, "report");
  EXPECT_EQ(asked.command({"uptime", "random", "--why"})["figures"], figures);
  Json listed = asked.command({"incidents", "random"})["incidents"];
  expect_agreement(listed, figures["incidents"], "incidents");
  Json paged = asked.api("servers/random/incidents")["incidents"];
  std::reverse(paged.begin(), paged.end());
  expect_agreement(paged, listed, "incidents of the API");
  std::int64_t down_ms = 0;
  const Json bars = asked.command({"bars", "random", "--count", "7"})["bars"];
  for (const Json& bar : bars) {
    down_ms += bar["time_ms"]["down"].get<std::int64_t>();
  }
  EXPECT_EQ(down_ms, figures["time_ms"]["down"]);
}

TEST_P(OneAnswers, PageShowsTheFiguresOfTheCommand) {
  const OneAnswer asked(static_cast<std::uint64_t>(GetParam()));
  if (asked.empty()) GTEST_SKIP() << "an empty window";
  const Json figures = asked.command({"uptime", "random"});
  const Json compared = asked.command({"uptime", "random", "--compare", "previous"});
  const std::string page = asked.page();
  const auto number = [&](const char* name) { return figures[name].get<std::uint64_t>(); };
  EXPECT_THAT(page, HasSubstr(fmt::format("<span>{}, {} failed</span><span>{}</span>",
                                          counted(number("checks"), "check"), with_commas(number("failed_checks")),
                                          counted(figures["incidents"].size(), "outage"))));
  const auto ratio = [](const Json& of) {
    return of["uptime_ratio"].is_null() ? std::optional<double>() : of["uptime_ratio"].get<double>();
  };
  if (!ratio(figures) && !ratio(compared["before"])) return;
  const auto row = [](const char* name, const std::string& now, const std::string& before) {
    return fmt::format("<th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td>", name, now, before);
  };
  EXPECT_THAT(page, HasSubstr(row("Uptime", short_percent(ratio(figures)), short_percent(ratio(compared["before"])))));
  const auto down = [](const Json& of) { return short_duration(of["time_ms"]["down"].get<std::int64_t>()); };
  EXPECT_THAT(page, HasSubstr(row("Down for", down(figures), down(compared["before"]))));
  for (const Json& cause : figures["causes"]) {
    EXPECT_THAT(page, HasSubstr(fmt::format("<td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
                                            cause["incidents"].get<int>(),
                                            short_duration(cause["down_ms"].get<std::int64_t>()))));
  }
}

TEST_P(OneAnswers, ExportImportCompactionAndCopyingDoNotMatter) {
  OneAnswer asked(static_cast<std::uint64_t>(GetParam()));
  if (asked.empty()) GTEST_SKIP() << "an empty window";
  const Json why = asked.command({"uptime", "random", "--why"});
  const Json carried = asked.carried_over({"uptime", "random", "--why"});
  EXPECT_EQ(carried, why) << Json::diff(why, carried).dump(1);
  EXPECT_EQ(asked.copied({"uptime", "random", "--why"}), why);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OneAnswers, ::testing::Range(0, 24));

// Metrics are of windows that end now: a moment lies between the two questions.
class OneAnswerOfMetrics : public ::testing::TestWithParam<int> {};

TEST_P(OneAnswerOfMetrics, RatiosAreThoseOfTheApi) {
  const TempDir dir;
  auto store = Store::open(dir.path("db"));
  ASSERT_TRUE(store) << store.error().message;
  test::RandomHistory random(static_cast<std::uint64_t>(GetParam()));
  constexpr int kDays = 4;
  const auto by = std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now() -
                                                        (random.start() + std::chrono::days{kDays}));
  Server server = test::shifted(random.server(), by);
  server.objective = 0.9;
  server.id = (*store)->add_server(server).value_or(ServerId{});
  std::vector<CheckResult> results = random.results(server, kDays);
  for (CheckResult& result : results) result.time += by;
  ASSERT_TRUE((*store)->append(results, Durability::buffered));
  Site site(**store, {}, false);
  const auto ask = [&](const std::string& path, std::map<std::string, std::string> query) {
    WebRequest request;
    request.method = "GET";
    request.path = path;
    request.host = "localhost";
    request.query = std::move(query);
    return site.answer(request).body;
  };
  const std::string metrics = ask("/metrics", {});
  const auto expect_same = [&](const std::string& name, const Json& expected) {
    const std::size_t at = metrics.find("\n" + name + " ");
    ASSERT_EQ(at == std::string::npos, expected.is_null()) << name << metrics;
    if (expected.is_null()) return;
    EXPECT_NEAR(std::stod(metrics.substr(at + name.size() + 2)), expected.get<double>(), 1e-3) << name;
  };
  for (const char* window : {"24h", "7d", "30d"}) {
    const Json figures = Json::parse(ask("/api/v1/servers/random/uptime", {{"window", window}}));
    expect_same(fmt::format("nines_uptime_ratio{{server=\"random\",window=\"{}\"}}", window), figures["uptime_ratio"]);
    expect_same(fmt::format("nines_coverage_ratio{{server=\"random\",window=\"{}\"}}", window),
                figures["coverage_ratio"]);
  }
  const Json slo = Json::parse(ask("/api/v1/servers/random/slo", {{"window", "30d"}}));
  expect_same("nines_error_budget_remaining_ratio{server=\"random\"}", slo["remaining_ratio"]);
}

INSTANTIATE_TEST_SUITE_P(Seeds, OneAnswerOfMetrics, ::testing::Range(0, 12));

}  // namespace
}  // namespace nines::tools::testing
