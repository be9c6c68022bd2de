#include "tools/browser/sample_site.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <thread>
#include <utility>
#include <vector>

#include "exchange/change.h"
#include "history/history.h"

namespace nines::tools::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr std::uint32_t kDays = 14;
constexpr std::uint32_t kIntervalMs = 600'000;

TimeMs moment_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace

SampleSite::SampleSite() : end_(moment_now()) {
  auto store = Store::open(dir_.path("db"));
  if (!store) throw std::runtime_error(store.error().message);
  store_ = std::move(*store);
  const std::array<std::pair<const char*, std::array<const char*, 6>>, 3> groups{{
      {"Shop", {"Checkout", "Product pages", "Search", "Cart", "Images", "Recommendations"}},
      {"Platform", {"Login", "API gateway", "Message queue", "Object storage", "DNS", "Metrics intake"}},
      {"Back office", {"Invoices", "Warehouse", "Payroll", "Reports", "Intranet", "Archive"}},
  }};
  for (const auto& [group, names] : groups) {
    for (const std::string name : names) {
      const ServerId id = add(name, group, [&](Server& server) {
        if (name == "Checkout") {
          server.objective = 0.999;
          server.level = {"30d", "mon-fri 08:00-18:00", "Europe/Paris", std::chrono::milliseconds{300}, 0.95};
        }
        if (name == "Warehouse") {
          Maintenance planned;
          planned.once = {end_ - minutes{40}, end_ + hours{2}};
          planned.note = "new racks";
          server.maintenance.push_back(planned);
        }
        if (name == "Archive") server.paused.push_back({end_ - hours{30}, kTimeLimit});
      });
      fill(id, [&](CheckResult& result) {
        if (name == "Search" && result.time > end_ - hours{2}) {
          result.state = State::degraded;
          result.latency_us = 1'900'000;
          result.detail = "answered in 1.9 s, wanted below 800 ms";
        }
        if (name == "Invoices" && result.time > end_ - minutes{75}) {
          result.state = State::down;
          result.error = ErrorClass::http_status;
          result.code = 503;
          result.detail = "HTTP 503, expected 200-299";
        }
        return name != "Reports" || result.time < end_ - hours{5};
      });
    }
  }
  fill(add(kHostileName, "", [](Server& server) { server.tags["owner"] = kHostileName; }), [&](CheckResult& result) {
    if (result.time > end_ - minutes{45}) {
      result.state = State::down;
      result.error = ErrorClass::condition;
      result.detail = kHostileName;
    }
    return true;
  });
  const std::string longest(ServerLimits::kMaxNameBytes, 'w');
  fill(add(longest, std::string(ServerLimits::kMaxGroupBytes, 'g')), [](CheckResult&) { return true; });
  (void)add("Never checked", "");
  AccessOptions access;
  StatusPage page;
  page.title = "Example";
  page.groups = {"Shop", "Platform", "Back office"};
  page.names = {{"Images", "Pictures"}};
  page.notes = {{.time = end_ - hours{30}, .text = "We have moved to a new data centre."}};
  access.status_pages = {page};
  Site::Hooks hooks;
  hooks.change = [this](const std::string& server, const Change& change, const std::string& user) {
    return make_change(*store_, server, change, user,
                       std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()));
  };
  site_ = std::make_unique<Site>(*store_, std::move(hooks), false, access);
  auto http = HttpServer::start(
      {.host = "127.0.0.1", .port = 0}, [this](const WebRequest& request) { return site_->answer(request); },
      site_->http_options());
  if (!http) throw std::runtime_error(http.error().message);
  http_ = std::move(*http);
}

std::string SampleSite::at(const std::string& path) const {
  return fmt::format("http://127.0.0.1:{}{}", http_->port(), path);
}

ServerId SampleSite::add(const std::string& name, const std::string& group,
                         const std::function<void(Server&)>& change) {
  Server server;
  server.name = name;
  server.group = group;
  server.url = "https://example.org/" + std::to_string(histories_);
  server.rules.front().interval = std::chrono::milliseconds{kIntervalMs};
  server.created_at = end_ - std::chrono::days{kDays};
  if (change) change(server);
  return store_->add_server(server).value();
}

void SampleSite::fill(ServerId id, const std::function<bool(CheckResult&)>& change) {
  const history::Shape shape{
      .name = "sample", .servers = 100, .days = kDays, .interval_ms = kIntervalMs, .seed = 7, .end = end_};
  std::vector<CheckResult> results;
  const history::ServerHistory history(shape, histories_++);
  history.results({shape.begin(), shape.now()}, results);
  std::vector<CheckResult> kept;
  for (CheckResult& result : results) {
    result.server = id;
    // Whether a well server has just been ill is not left to the seed.
    if (result.time > end_ - hours{3} && result.state == State::down) {
      result.state = State::up;
      result.error = ErrorClass::none;
      result.code = 200;
      result.latency_us = 90'000;
    }
    if (change(result)) kept.push_back(std::move(result));
  }
  if (auto loaded = store_->load(id, kept); !loaded) throw std::runtime_error(loaded.error().message);
}

void SampleSite::check(const std::string& server, State state) const {
  CheckResult result;
  result.server = store_->catalog()->find(server)->id;
  // Two results of one millisecond are one.
  std::this_thread::sleep_for(std::chrono::milliseconds{2});
  result.time = moment_now();
  result.state = state;
  result.latency_us = 123'000;
  if (state == State::down) {
    result.error = ErrorClass::http_status;
    result.code = 500;
    result.detail = "HTTP 500, expected 200-299";
  }
  EXPECT_TRUE(store_->append(result, Durability::buffered));
}

void SampleSite::keep_fresh() const {
  for (const char* const name : {"Checkout", "Product pages", "Cart", "Login", "DNS"}) check(name, State::up);
}

SampleSite& sample_site() {
  static SampleSite site;
  return site;
}

}  // namespace nines::tools::testing
