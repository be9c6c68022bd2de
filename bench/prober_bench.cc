// Checks a second: HTTP and TCP checks of a server in this process, by one loop with more or fewer in flight.
//
// The server answers in a thread of its own and closes each connection; its work is part of the real time, not of the
// processor time. The items of the throughput figures are checks.
#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>

#include <nines/check_runner.h>
#include <nines/check_spec.h>

#include "base/event_loop.h"

namespace nines {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 26\r\nConnection: close\r\n\r\n"
    "{\"status\":\"ok\",\"queue\":17}\n";
constexpr int kBacklog = 4096;

/// Answers every connection of a free port of 127.0.0.1 with kAnswer, one after the other.
class AnsweringServer {
 public:
  AnsweringServer() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, length) != 0 || ::listen(listener_, kBacklog) != 0) return;
    if (::getsockname(listener_, generic, &length) == 0) port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~AnsweringServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  AnsweringServer(const AnsweringServer&) = delete;
  AnsweringServer& operator=(const AnsweringServer&) = delete;
  [[nodiscard]] std::string url(const std::string& scheme) const {
    return scheme + "://127.0.0.1:" + std::to_string(port_) + (scheme == "http" ? "/health" : "");
  }

 private:
  void serve() const {
    while (true) {
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) return;
      // A request of the checks here fits one read; a TCP check sends none and hangs up.
      char request[4096];
      if (::recv(connection, request, sizeof request, 0) > 0) {
        (void)::send(connection, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
      }
      ::close(connection);
    }
  }

  int listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

CheckSpec spec_of(const std::string& url) {
  CheckSpec spec;
  spec.url = url;
  return spec;
}

CheckSpec spec_with_conditions(const std::string& url) {
  CheckSpec spec = spec_of(url);
  spec.body_contains = {"status"};
  spec.body_matches = {"\"queue\":[0-9]{1,3}\\b"};
  spec.json = {{.path = "queue", .op = JsonCondition::Op::less, .value = "100"}};
  spec.header_conditions = {{.name = "Content-Type", .op = HeaderCondition::Op::contains, .value = "json"}};
  return spec;
}

/// Starts `range(0)` checks at once and waits for all, again and again.
void RunChecks(benchmark::State& state, const std::string& scheme, CheckSpec (*make)(const std::string&)) {
  const AnsweringServer server;
  const auto check = compile(make(server.url(scheme)));
  auto runner = CheckRunner::create({});
  if (!check || !runner) return state.SkipWithError("the check or its runner could not be made");
  std::int64_t up = 0;
  for ([[maybe_unused]] auto _ : state) {
    for (std::int64_t i = 0; i < state.range(0); ++i) {
      (*runner)->start(*check, [&](const CheckOutcome& outcome) {
        up += outcome.state == State::up ? 1 : 0;
        if ((*runner)->in_flight() == 0) (*runner)->stop();
      });
    }
    (*runner)->run();
  }
  const std::int64_t checks = static_cast<std::int64_t>(state.iterations()) * state.range(0);
  if (up != checks) state.SkipWithError("a check did not find the server up");
  state.SetItemsProcessed(checks);
}
BENCHMARK_CAPTURE(RunChecks, http, "http", spec_of)->ArgName("in_flight")->Arg(1)->Arg(64)->Arg(512)->UseRealTime();
BENCHMARK_CAPTURE(RunChecks, http_conditions, "http", spec_with_conditions)
    ->ArgName("in_flight")
    ->Arg(64)
    ->UseRealTime();
BENCHMARK_CAPTURE(RunChecks, tcp, "tcp", spec_of)->ArgName("in_flight")->Arg(64)->UseRealTime();

void CompileCheck(benchmark::State& state) {
  const CheckSpec spec = spec_with_conditions("https://example.org/health");
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(compile(spec));
}
BENCHMARK(CompileCheck);

void CheckSpecFromJson(benchmark::State& state) {
  const std::string json = to_json(spec_with_conditions("https://example.org/health"));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(check_spec_from_json(json));
}
BENCHMARK(CheckSpecFromJson);

/// Setting a timer and forgetting it, with `range(0)` others pending: what a check costs the loop at least.
void SetAndCancelTimer(benchmark::State& state) {
  auto loop = prober::EventLoop::create();
  if (!loop) return state.SkipWithError("the loop could not be made");
  const auto soon = CheckRunner::Clock::now() + std::chrono::hours{1};
  for (std::int64_t i = 0; i < state.range(0); ++i) (*loop)->call_at(soon + std::chrono::milliseconds{i}, [] {});
  for ([[maybe_unused]] auto _ : state) (*loop)->cancel((*loop)->call_at(soon, [] {}));
}
BENCHMARK(SetAndCancelTimer)->Arg(0)->Arg(10'000);

}  // namespace
}  // namespace nines
