#include "prober_fixture.h"

#include <algorithm>

namespace nines::prober_test {

Probers::Probers() {
  open_store();
  options.alerts.first_retry = std::chrono::milliseconds{20};
  options.batch_delay = std::chrono::milliseconds{5};
  // A busy machine must not look like a suspended one.
  options.stall_after = std::chrono::hours{1};
  options.on_result = [this](const CheckReport& report) {
    const std::lock_guard lock(mutex_);
    results_.push_back(report.result);
    told_.notify_all();
  };
  options.on_change = [this](const StateChange& change) {
    const std::lock_guard lock(mutex_);
    changes_.push_back(change);
    told_.notify_all();
  };
}

void Probers::open_store() {
  auto opened = Store::open(folder.file("store"));
  ASSERT_TRUE(opened) << opened.error().message;
  store = *std::move(opened);
}

ServerId Probers::add_server(const std::string& name, const std::string& url) {
  Server server;
  server.name = name;
  server.url = url;
  server.rules[0].interval = std::chrono::hours{1};
  const auto id = store->add_server(server);
  EXPECT_TRUE(id) << id.error().message;
  return id.value_or(ServerId{});
}

ProbedServer Probers::probed(ServerId id, const std::string& name, const std::string& url) {
  ProbedServer server;
  server.id = id;
  server.name = name;
  server.check.url = url;
  server.check.timeouts.total = std::chrono::seconds{15};
  server.rules.interval = std::chrono::hours{1};
  return server;
}

void Probers::start(const std::vector<ProbedServer>& servers, Store* into) {
  auto made = Prober::create(into != nullptr ? *into : *store, options);
  ASSERT_TRUE(made) << made.error().message;
  prober = *std::move(made);
  for (const ProbedServer& server : servers) {
    const auto set = prober->set_server(server);
    ASSERT_TRUE(set) << set.error().message;
  }
  const auto started = prober->start();
  ASSERT_TRUE(started) << started.error().message;
}

CheckResult Probers::check(ServerId id) {
  const auto count = [&] {
    std::size_t found = 0;
    for (const CheckResult& result : told_results()) found += result.server == id ? 1U : 0U;
    return found;
  };
  const std::size_t before = count();
  EXPECT_TRUE(prober->check_now(id));
  EXPECT_TRUE(wait_until([&] { return count() > before; }));
  const auto results = told_results();
  const auto last = std::find_if(results.rbegin(), results.rend(), [id](const auto& r) { return r.server == id; });
  return last != results.rend() ? *last : CheckResult{};
}

bool Probers::wait_until(const std::function<bool()>& done) {
  const auto deadline = std::chrono::steady_clock::now() + kWaitLimit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::unique_lock lock(mutex_);
    told_.wait_for(lock, std::chrono::milliseconds{5});
  }
  return true;
}

std::vector<CheckResult> Probers::told_results() {
  const std::lock_guard lock(mutex_);
  return results_;
}

std::vector<StateChange> Probers::told_changes() {
  const std::lock_guard lock(mutex_);
  return changes_;
}

std::vector<CheckResult> Probers::stored(ServerId id) const {
  return read_results(*store, id);
}

std::vector<CheckResult> read_results(const Store& store, ServerId id) {
  std::vector<CheckResult> results;
  ScanOptions options;
  options.columns.details = true;
  const auto cursor = store.scan(id, {from_ms(0), kTimeLimit}, options);
  EXPECT_TRUE(cursor);
  if (!cursor) return results;
  for (;;) {
    const auto segment = (*cursor)->next();
    EXPECT_TRUE(segment);
    if (!segment || *segment == nullptr) return results;
    const std::size_t first = results.size();
    for (const Run& run : (*segment)->runs) {
      for (std::uint32_t i = run.begin; i < run.end; ++i) {
        CheckResult result;
        result.server = id;
        result.location = (*segment)->location;
        result.time = from_ms((*segment)->time_ms[i]);
        result.state = run.state;
        result.error = run.error;
        result.retry = run.retry;
        result.code = run.code;
        result.interval_ms = run.interval_ms;
        if ((*segment)->latency_us[i] != kNoLatency) result.latency_us = (*segment)->latency_us[i];
        results.push_back(result);
      }
    }
    for (const Detail& detail : (*segment)->details) results[first + detail.index].detail = std::string(detail.text);
  }
}

}  // namespace nines::prober_test
