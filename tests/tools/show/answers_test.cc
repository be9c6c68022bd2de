// Answers as JSON: keys, units, and null for what does not exist.
#include "show/answers.h"

#include <gtest/gtest.h>

namespace nines::tools {
namespace {

TEST(AnswersJson, LatencyTarget) {
  LatencyTarget target;
  target.target = std::chrono::milliseconds{300};
  target.within = 8;
  target.tolerable = 1;
  target.failed = 1;
  target.within_ratio = 0.8;
  EXPECT_EQ(latency_target_json(target),
            Json::parse(R"({"target_us":300000,"within":8,"tolerable":1,"failed":1,"within_ratio":0.8,"apdex":null,
                            "exact":true})"));
}

TEST(AnswersJson, ComparisonHasBothPeriodsAndNoChangeWhereOneLacks) {
  Comparison comparison;
  comparison.down_change_ms = -60'000;
  Server server;
  server.name = "site";
  const Json json = comparison_json(server, comparison);
  EXPECT_EQ(json["now"]["server"], "site");
  EXPECT_EQ(json["before"]["checks"], 0);
  EXPECT_TRUE(json["uptime_change"].is_null());
  EXPECT_EQ(json["down_change_ms"], -60'000);
}

TEST(AnswersJson, ServiceHours) {
  ServiceHoursAnswer answer;
  answer.service_ms = 36'000'000;
  answer.time[State::up] = 36'000'000;
  answer.uptime_ratio = 1.0;
  const Json json = service_hours_json("site", answer);
  EXPECT_EQ(json["service_ms"], 36'000'000);
  EXPECT_EQ(json["time_ms"]["up"], 36'000'000);
  EXPECT_EQ(json["uptime_ratio"], 1.0);
  EXPECT_TRUE(json["coverage_ratio"].is_null());
}

class NamedServers final : public Catalog {
 public:
  NamedServers() {
    server_.id = ServerId{4};
    server_.name = "database";
  }
  [[nodiscard]] std::span<const Server> servers() const noexcept override { return {&server_, 1}; }
  [[nodiscard]] const Server* find(ServerId id) const noexcept override {
    return id == server_.id ? &server_ : nullptr;
  }
  [[nodiscard]] const Server* find(std::string_view name) const noexcept override {
    return name == server_.name ? &server_ : nullptr;
  }

 private:
  Server server_;
};

TEST(AnswersJson, ComposedServiceNamesTheServersThatWereDown) {
  ComposedAnswer answer;
  answer.incidents.push_back({from_ms(60'000), {}, true, 1000, 1000, 1000, {ServerId{4}, ServerId{9}}});
  answer.budget = ComposedBudget{0.99, 10, 12, -2, false};
  answer.current = Streak{State::down, from_ms(60'000)};
  const Json json = composed_json("shop", answer, NamedServers());
  EXPECT_EQ(json["current"], Json::parse(R"({"state":"down","since":"1970-01-01T00:01:00.000Z"})"));
  EXPECT_EQ(json["service"], "shop");
  EXPECT_EQ(json["incidents"][0]["servers"], Json::parse(R"(["database"])")) << "one that was removed has no name";
  EXPECT_EQ(json["incidents"][0]["ongoing"], true);
  EXPECT_TRUE(json["incidents"][0]["to"].is_null());
  EXPECT_EQ(json["budget"]["remaining_ms"], -2);
  EXPECT_EQ(json["budget"]["met"], false);
  EXPECT_TRUE(composed_json("shop", {}, NamedServers())["budget"].is_null());
  EXPECT_TRUE(composed_json("shop", {}, NamedServers())["current"].is_null());
}

TEST(AnswersJson, BaselineListsTheHoursThatHaveOne) {
  BaselineAnswer answer;
  answer.hour = 33;
  answer.hours[33] = UsualLatency{120, 1290, 150};
  const Json json = baseline_json("site", answer);
  EXPECT_EQ(json["hours"], Json::parse(R"([{"hour_of_week":33,"checks":120,"median_us":1290,"mad_us":150}])"));
  EXPECT_TRUE(json["recent_median_us"].is_null());
  EXPECT_TRUE(json["deviations"].is_null());
}

TEST(AnswersJson, PeriodOfABudgetAndItsExhaustion) {
  SloAnswer slo;
  slo.objective = 0.999;
  slo.period.budget_ms = 2'678'400;
  slo.period.threshold = 0.5;
  Json json = slo_json("site", slo);
  EXPECT_TRUE(json["met"].is_null());
  EXPECT_EQ(json["period"]["budget_ms"], 2'678'400);
  EXPECT_EQ(json["period"]["threshold"], 0.5);
  EXPECT_TRUE(json["period"]["exhausted_at"].is_null());
  EXPECT_EQ(json["burn"][0]["can_fire"], false);
}

TEST(AnswersJson, ACheckHasOneShapeWhetherItIsTheLastOneOrOneOfMany) {
  CheckResult result;
  result.time = from_ms(1'783'000'000'007);
  result.state = State::down;
  result.error = ErrorClass::http_status;
  result.code = 503;
  result.location = LocationId{2};
  result.detail = "HTTP 503";
  EXPECT_EQ(result_json(result),
            Json::parse(R"({"time":"2026-07-02T13:46:40.007Z","state":"down","latency_us":null,"code":503,
                            "error":"http_status","location":2,"retry":false,"detail":"HTTP 503"})"));
  Figures figures;
  figures.last = LastCheck{State::down, result.time, std::nullopt, 503, ErrorClass::http_status};
  const Json last = figures_json("site", figures)["last"];
  EXPECT_EQ(last.size(), 5U);
  for (const auto& [key, value] : last.items()) EXPECT_EQ(value, result_json(result)[key]) << key;
}

TEST(AnswersJson, WhatACheckHasNotIsNull) {
  CheckResult result;
  result.state = State::up;
  const Json json = result_json(result);
  for (const char* key : {"latency_us", "code", "error", "detail"}) EXPECT_TRUE(json[key].is_null()) << key;
}

TEST(AnswersJson, TimePerStateIsToldInOneOrder) {
  std::string order;
  const Json times = time_json({});
  for (const auto& [state, ms] : times.items()) order += state + " ";
  EXPECT_EQ(order, "up degraded down maintenance paused unknown ");
}

}  // namespace
}  // namespace nines::tools
