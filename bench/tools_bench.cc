// The web page's answers over the store of T2: worked out anew, from the last second's, and by HTTP over a connection
// that is kept.
#include <benchmark/benchmark.h>
#include <httplib.h>

#include <memory>
#include <string>

#include "history.h"
#include "http/http_server.h"
#include "page/overview.h"
#include "stores.h"
#include "web/api.h"
#include "web/metrics.h"
#include "web/routes.h"

namespace nines::bench {
namespace {

using history::kT2;

tools::WebRequest request_of(const std::string& path, const char* from, const char* to) {
  tools::WebRequest request;
  request.method = "GET";
  request.path = path;
  if (from != nullptr) request.query = {{"from", from}, {"to", to}};
  return request;
}

// The history's last day and its last month, unaligned.
constexpr const char* kNow = "2026-03-31T17:23:45.678Z";
constexpr const char* kDayBefore = "2026-03-30T17:23:45.678Z";
constexpr const char* kMonthBefore = "2026-03-01T17:23:45.678Z";

// What the site does for a path when it has no answer of the last second.
tools::WebResponse work_out(const Store& store, tools::Overview& overview, const tools::WebRequest& request) {
  if (request.path == "/") return overview.page(request, {});
  if (request.path == "/metrics") return tools::StoreMetrics(store).response({});
  return tools::api_answer(store, request).value_or(tools::error_response(404, "not_found", "no such path"));
}

void Answer(benchmark::State& state, const std::string& path, const char* from, const char* to) {
  const auto store_path = cached_store(kT2);
  auto store = store_path ? Store::open(*store_path, store_options(kT2)) : tl::unexpected(store_path.error());
  if (!store) return state.SkipWithError(store.error().message.c_str());
  tools::Overview overview(**store);
  const tools::WebRequest request = request_of(path, from, to);
  if (const auto first = work_out(**store, overview, request); first.status != 200)
    return state.SkipWithError(first.body.c_str());
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) bytes = work_out(**store, overview, request).body.size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK_CAPTURE(Answer, status, "/api/v1/status", kDayBefore, kNow)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Answer, uptime, "/api/v1/servers/site-0001/uptime", kDayBefore, kNow)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Answer, month, "/api/v1/servers/site-0001/uptime", kMonthBefore, kNow)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Answer, bars, "/api/v1/servers/site-0001/bars", kMonthBefore, kNow)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Answer, servers, "/api/v1/servers", nullptr, nullptr)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Answer, page, "/", nullptr, nullptr)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Answer, metrics, "/metrics", nullptr, nullptr)->Unit(benchmark::kMicrosecond);

/// Compressed, as browsers ask for it, and kept for a second.
void AnswerOfTheLastSecond(benchmark::State& state, const std::string& path) {
  const auto store_path = cached_store(kT2);
  auto store = store_path ? Store::open(*store_path, store_options(kT2)) : tl::unexpected(store_path.error());
  if (!store) return state.SkipWithError(store.error().message.c_str());
  tools::Site site(**store, {}, false);
  tools::WebRequest request = request_of(path, nullptr, nullptr);
  request.host = "localhost";
  request.accept_encoding = "br, gzip";
  if (const auto first = site.answer(request); first.status != 200) return state.SkipWithError(first.body.c_str());
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) bytes = site.answer(request).body.size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK_CAPTURE(AnswerOfTheLastSecond, page, "/")->Unit(benchmark::kMicrosecond);

/// The same from a client's side: request, routing, answer, and the loopback interface both ways.
void AnswerByHttp(benchmark::State& state, const std::string& target) {
  const auto store_path = cached_store(kT2);
  auto store = store_path ? Store::open(*store_path, store_options(kT2)) : tl::unexpected(store_path.error());
  if (!store) return state.SkipWithError(store.error().message.c_str());
  tools::Site site(**store, {}, false);
  const auto server = tools::HttpServer::start(
      {.host = "127.0.0.1", .port = 0}, [&](const auto& request) { return site.answer(request); }, site.http_options());
  if (!server) return state.SkipWithError(server.error().message.c_str());
  httplib::Client client("127.0.0.1", (*server)->port());
  client.set_keep_alive(true);
  client.set_tcp_nodelay(true);
  std::size_t bytes = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto reply = client.Get(target);
    if (!reply || reply->status != 200) return state.SkipWithError("no answer by HTTP");
    bytes = reply->body.size();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK_CAPTURE(AnswerByHttp, healthy, "/-/healthy")->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(AnswerByHttp, status, std::string("/api/v1/status?from=") + kDayBefore + "&to=" + kNow)
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace nines::bench
