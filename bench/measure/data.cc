// What the other systems are given: the results as CSV, and the answers that they have to come to.
#include <fstream>

#include "expected.h"
#include "measure/measure.h"

namespace nines::bench {
namespace {

using history::Expected;
using history::ServerHistory;
using history::Shape;

/// All of a server's results; the answers about its last day look no further back than two.
std::vector<CheckResult> results_of(const Shape& shape, std::uint32_t index, Window window) {
  std::vector<CheckResult> results;
  ServerHistory(shape, index).results(window, results);
  return results;
}

Json bars_json(const Expected& answer) {
  Json bars = Json::array();
  for (const history::ExpectedBar& bar : answer.bars) {
    bars.push_back({bar.time_ms[1], bar.time_ms[2], bar.time_ms[3], bar.time_ms[0], bar.checks, bar.failed,
                    bar.latency_count, bar.latency_sum_us, bar.latency_max_us});
  }
  return bars;
}

Json incidents_json(const Expected& answer) {
  Json incidents = Json::array();
  for (const history::ExpectedIncident& incident : answer.incidents) {
    incidents.push_back({incident.from_ms, incident.to_ms ? Json(*incident.to_ms) : Json(), incident.failed_checks});
  }
  return incidents;
}

Json dashboard_json(const Shape& shape, std::uint32_t index) {
  const Window window{shape.now() - std::chrono::hours{24}, shape.now()};
  const Window seen{window.from - std::chrono::hours{24}, window.to};
  const Expected answer = history::expect(results_of(shape, index, seen), window, history::equal_edges(window, 48));
  const auto& latency = answer.latency;
  return {{"checks", answer.checks},
          {"failed", answer.failed},
          {"time_ms", {answer.time_ms[1], answer.time_ms[2], answer.time_ms[3], answer.time_ms[0]}},
          {"latency", {latency.count, latency.sum_us, latency.min_us, latency.max_us}},
          {"percentiles", {latency.p50_us, latency.p95_us, latency.p99_us}},
          {"last", answer.last ? Json(to_string(*answer.last)) : Json()},
          {"incidents", incidents_json(answer)},
          {"bars", bars_json(answer)}};
}

Json days_json(const Shape& shape, std::uint32_t index) {
  const Window window{shape.begin(), shape.now()};
  return bars_json(history::expect(results_of(shape, index, window), window, history::day_edges(window)));
}

/// What identifies a server's raw results: their number, the sum of their times, and the sums of states and latencies
/// (0 for none) each times its number from 1 on, so that a pair in the wrong order is seen.
Json raw_json(const Shape& shape, std::uint32_t index) {
  std::uint64_t times = 0;
  std::uint64_t states = 0;
  std::uint64_t latencies = 0;
  std::uint64_t number = 0;
  for (const CheckResult& result : results_of(shape, index, {shape.begin(), shape.now()})) {
    ++number;
    times += static_cast<std::uint64_t>(to_ms(result.time));
    states += number * static_cast<std::uint64_t>(result.state);
    latencies += number * result.latency_us.value_or(0);
  }
  return {number, times, states, latencies};
}

}  // namespace

Result<Json> count_results(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  std::uint64_t count = 0;
  for (std::uint32_t index = 0; index < shape.servers; ++index) count += ServerHistory(shape, index).size();
  return Json{{"results", count}};
}

Result<Json> write_csv(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  std::ofstream out(arguments.text("out"));
  out << "server,time_ms,state,latency_us,code,error,detail\n";
  std::uint64_t count = 0;
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    const ServerHistory server(shape, index);
    for (std::uint64_t i = 0; i < server.size(); ++i, ++count) {
      const CheckResult result = server[i];
      out << index + 1 << ',' << to_ms(result.time) << ',' << static_cast<int>(result.state) << ',';
      if (result.latency_us) out << *result.latency_us;
      out << ',' << result.code << ',' << static_cast<int>(result.error) << ',' << result.detail << '\n';
    }
  }
  if (!out.flush()) return fail(ErrorCode::io, "cannot write '" + arguments.text("out") + "'");
  return Json{{"results", count}};
}

Result<Json> write_expected(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  Json dashboard = Json::array();
  Json days = Json::array();
  Json raw = Json::array();
  for (std::uint32_t index = 0; index < shape.servers; ++index) {
    dashboard.push_back(dashboard_json(shape, index));
    days.push_back(days_json(shape, index));
    raw.push_back(raw_json(shape, index));
  }
  std::ofstream out(arguments.text("out"));
  out << Json{{"from_ms", to_ms(shape.begin())},
              {"now_ms", to_ms(shape.now())},
              {"interval_ms", shape.interval_ms},
              {"dashboard", dashboard},
              {"days", days},
              {"raw", raw}};
  if (!out.flush()) return fail(ErrorCode::io, "cannot write '" + arguments.text("out") + "'");
  return Json{{"servers", shape.servers}};
}

}  // namespace nines::bench
