// Many checks in flight at one moment, and a list of checks one by one: memory, cost, verdicts.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>
#include <vector>

#include <nines/check_runner.h>

#include "measure/prober_measure.h"
#include "measure/prober_servers.h"

namespace nines::bench {
namespace {

Result<void> add_burst(Store& store, Prober& prober, const std::string& url, std::uint64_t checks) {
  Rules rules;
  rules.timeout = std::chrono::seconds{5};
  for (std::uint64_t i = 0; i < checks; ++i) {
    Server server;
    server.name = "burst " + std::to_string(i);
    server.url = url;
    server.rules = {rules};
    if (auto added = probe(store, prober, server); !added) return added;
  }
  return {};
}

struct ListedCheck {
  std::string name;
  std::shared_ptr<const CompiledCheck> check;
  std::vector<CheckOutcome> outcomes;
};

Result<std::vector<ListedCheck>> read_list(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  const Json list = Json::parse(text.str(), nullptr, false);
  if (!list.is_array()) return fail(ErrorCode::invalid_argument, path + " holds no JSON array");
  std::vector<ListedCheck> checks;
  for (const Json& entry : list) {
    const std::string name = entry.value("name", "");
    const auto spec = check_spec_from_json(entry.value("check", Json::object()).dump());
    if (!spec) return fail(ErrorCode::invalid_argument, name + ": " + spec.error().message);
    auto compiled = compile(*spec);
    if (!compiled) return fail(ErrorCode::invalid_argument, name + ": " + compiled.error().message);
    checks.push_back({name, *std::move(compiled), {}});
  }
  return checks;
}

/// Every check once, at most `width` at a time.
void run_once(CheckRunner& runner, std::vector<ListedCheck>& checks, std::size_t width) {
  std::size_t next = 0;
  std::size_t done = 0;
  const std::function<void()> start_one = [&] {
    if (next == checks.size()) return;
    ListedCheck& one = checks[next++];
    runner.start(one.check, [&](CheckOutcome outcome) {
      one.outcomes.push_back(std::move(outcome));
      if (++done == checks.size()) runner.stop();
      start_one();
    });
  };
  for (std::size_t i = 0; i < width; ++i) start_one();
  if (done < checks.size()) runner.run();
}

Json verdict_of(const ListedCheck& check) {
  const CheckOutcome& last = check.outcomes.back();
  const bool steady = std::all_of(check.outcomes.begin(), check.outcomes.end(),
                                  [&](const CheckOutcome& outcome) { return outcome.state == last.state; });
  return {{"name", check.name}, {"state", to_string(last.state)}, {"error", to_string(last.error)},
          {"code", last.code},  {"detail", last.detail},          {"steady", steady}};
}

}  // namespace

Result<Json> measure_burst(const Arguments& arguments) {
  const ScratchDirectory scratch;
  const std::uint64_t checks = arguments.number("checks", 1'000);
  const auto silent = start_silent_server();
  if (!silent) return tl::unexpected(silent.error());
  const std::string url = arguments.text("scheme", "http") + "://127.0.0.2:" + std::to_string(silent->port) + "/";
  auto store = Store::open((scratch.path() / "store").string());
  if (!store) return tl::unexpected(store.error());
  ProberOptions options;
  options.start_rate = 1e5;
  options.max_in_flight_per_host = options.max_in_flight = checks;
  auto prober = Prober::create(**store, options);
  if (!prober) return tl::unexpected(prober.error());
  if (auto added = add_burst(**store, **prober, url, checks); !added) return tl::unexpected(added.error());
  const Memory before = memory();
  if (auto started = (*prober)->start(); !started) return tl::unexpected(started.error());
  std::uint64_t most = 0;
  std::uint64_t resident = 0;
  while ((*prober)->stats().checks < checks) {
    most = std::max(most, (*prober)->stats().in_flight);
    resident = std::max(resident, memory().resident);
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  if (auto stopped = (*prober)->stop(); !stopped) return tl::unexpected(stopped.error());
  const ProberStats stats = (*prober)->stats();
  return Json{{"checks", stats.checks},     {"up", stats.up},
              {"most_in_flight", most},     {"resident_before_bytes", before.resident},
              {"resident_bytes", resident}, {"peak_bytes", memory().peak}};
}

Result<Json> measure_list(const Arguments& arguments) {
  auto checks = read_list(arguments.text("file"));
  if (!checks) return tl::unexpected(checks.error());
  RunnerOptions options;
  auto runner = CheckRunner::create(options);
  if (!runner) return tl::unexpected(runner.error());
  const std::uint64_t rounds = arguments.number("rounds", 1);
  const ProcessorTime begin = processor_time();
  const auto started = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < rounds; ++i) run_once(**runner, *checks, arguments.number("width", 16));
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - started;
  Json json = cost_of(processor_time() - begin, elapsed.count(), rounds * checks->size());
  json["checks"] = rounds * checks->size();
  for (const ListedCheck& check : *checks) json["verdicts"].push_back(verdict_of(check));
  return json;
}

}  // namespace nines::bench
