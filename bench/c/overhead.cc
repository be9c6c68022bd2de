// One task through the C++ API or the C API, for bench/c/overhead.py to count and to time: the same store code is
// linked once, so that the difference is the C API alone.
//
//   nines_c_overhead cpp|c append|batch|dashboard|read STORE TIMES
#include <nines/dashboard.h>
#include <nines/nines.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::int64_t kBeginMs = 1'767'268'800'000;  // 2026-01-01 12:00 UTC
constexpr std::int64_t kStepMs = 60'000;
constexpr std::uint32_t kServers = 100;
constexpr std::int64_t kDays = 90;
constexpr std::size_t kBatch = 100;

[[noreturn]] void give_up(std::string_view what) {
  std::fprintf(stderr, "nines_c_overhead: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

template <class Value>
Value need(nines::Result<Value> result) {
  if (!result) give_up(result.error().message);
  if constexpr (!std::is_void_v<Value>) return std::move(*result);
}

void need(nines_code code, const nines_error& error) {
  if (code != NINES_OK) give_up(error.message);
}

nines::CheckResult result_at(std::uint32_t server, std::int64_t index) {
  nines::CheckResult result;
  result.server = nines::ServerId{server};
  result.time = nines::from_ms(kBeginMs + index * kStepMs);
  result.state = nines::State::up;
  result.code = 200;
  result.latency_us = 80'000 + static_cast<std::uint32_t>(index * 7919 % 20'000);
  return result;
}

// A day of every server, and kDays of the first.
void fill(nines::Store& store) {
  for (std::uint32_t server = 1; server <= kServers; ++server) {
    nines::Server entry;
    entry.name = "server-" + std::to_string(server);
    entry.created_at = nines::from_ms(kBeginMs);
    need(store.add_server(entry));
    std::vector<nines::CheckResult> results;
    for (std::int64_t i = 0; i < (server == 1 ? kDays : 1) * 1440; ++i) results.push_back(result_at(server, i));
    need(store.load(nines::ServerId{server}, results));
  }
}

// What is appended comes after what is there.
constexpr std::int64_t kNext = kDays * 1440;

void append_cpp(nines::Store& store, std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) {
    const auto server = static_cast<std::uint32_t>(i % kServers) + 1;
    need(store.append(result_at(server, kNext + i / kServers), nines::Durability::process));
  }
}

void append_c(nines_store* store, std::int64_t times) {
  nines_error error;
  for (std::int64_t i = 0; i < times; ++i) {
    nines_result result = NINES_INIT(nines_result);
    result.server = static_cast<std::uint32_t>(i % kServers) + 1;
    const std::int64_t index = kNext + i / kServers;
    result.time_ms = kBeginMs + index * kStepMs;
    result.state = NINES_UP;
    result.code = 200;
    result.has_latency = 1;
    result.latency_us = 80'000 + static_cast<std::uint32_t>(index * 7919 % 20'000);
    need(nines_append(store, &result, NINES_PROCESS, &error), error);
  }
}

void batch_cpp(nines::Store& store, std::int64_t times) {
  for (std::int64_t i = 0; i < times; ++i) {
    std::vector<nines::CheckResult> results;
    results.reserve(kBatch);
    for (std::uint32_t server = 1; server <= kBatch; ++server) results.push_back(result_at(server, kNext + i));
    need(store.append(results, nines::Durability::process));
  }
}

void batch_c(nines_store* store, std::int64_t times) {
  nines_error error;
  std::vector<std::uint32_t> servers(kBatch);
  std::vector<std::int64_t> time(kBatch);
  const std::vector<std::uint8_t> state(kBatch, NINES_UP);
  const std::vector<std::uint16_t> code(kBatch, 200);
  std::vector<std::uint32_t> latency(kBatch);
  nines_batch batch = NINES_INIT(nines_batch);
  batch.count = kBatch;
  batch.servers = servers.data();
  batch.time_ms = time.data();
  batch.state = state.data();
  batch.code = code.data();
  batch.latency_us = latency.data();
  for (std::int64_t i = 0; i < times; ++i) {
    const std::int64_t index = kNext + i;
    for (std::size_t item = 0; item < kBatch; ++item) {
      servers[item] = static_cast<std::uint32_t>(item) + 1;
      time[item] = kBeginMs + index * kStepMs;
      latency[item] = 80'000 + static_cast<std::uint32_t>(index * 7919 % 20'000);
    }
    need(nines_append_batch(store, &batch, NINES_PROCESS, &error), error);
  }
}

void dashboard_cpp(const nines::Store& store, std::int64_t times) {
  nines::Query query;
  query.window = {nines::from_ms(kBeginMs + 1'234), nines::from_ms(kBeginMs + 1'234 + nines::kDayMs)};
  query.now = query.window.to;
  nines::DashboardOptions options;
  options.figures.details = false;
  options.bars = nines::BarOptions{};
  for (std::int64_t i = 0; i < times; ++i) {
    const auto board = need(nines::dashboard(store, query, options));
    std::uint64_t checks = 0;
    for (const nines::DashboardRow& row : board.rows) {
      for (const nines::Bar& bar : row.bars) checks += bar.checks;
    }
    if (board.rows.size() != kServers || checks < kServers * 1439) give_up("a row is missing");
  }
}

// All rows and bars are read, as a host does.
void dashboard_c(nines_store* store, std::int64_t times) {
  nines_error error;
  nines_query query = NINES_INIT(nines_query);
  query.from_ms = kBeginMs + 1'234;
  query.to_ms = query.now_ms = query.from_ms + nines::kDayMs;
  nines_dashboard_options options = NINES_INIT(nines_dashboard_options);
  options.bars = 48;
  nines_figures figures = NINES_INIT(nines_figures);
  nines_bar_columns bars = NINES_INIT(nines_bar_columns);
  for (std::int64_t i = 0; i < times; ++i) {
    nines_dashboard* board = nullptr;
    need(nines_ask_dashboard(store, &query, &options, &board, &error), error);
    if (nines_dashboard_count(board) != kServers) give_up("a row is missing");
    std::uint64_t checks = 0;
    for (std::size_t row = 0; row < kServers; ++row) {
      need(nines_dashboard_figures(board, row, &figures, &error), error);
      need(nines_dashboard_bars(board, row, &bars, &error), error);
      for (std::size_t k = 0; k < bars.count; ++k) {
        checks += *static_cast<const std::uint64_t*>(NINES_STEP(bars.checks, bars.stride, k));
      }
    }
    if (checks < kServers * 1439) give_up("a check is missing");
    nines_dashboard_free(board);
  }
}

// The 90 days of the first server into arrays of the host's, as the C API and the bindings have them.
// Returns the seconds that the quickest took.
double read_cpp(const nines::Store& store, std::int64_t times) {
  double quickest = 1e9;
  for (std::int64_t i = 0; i < times; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::int64_t> time;
    std::vector<std::uint32_t> latency;
    std::vector<std::uint8_t> state;
    std::vector<std::uint8_t> cause;
    std::vector<std::uint16_t> code;
    std::vector<std::uint16_t> location;
    const nines::Window window{nines::from_ms(kBeginMs), nines::from_ms(kBeginMs + kDays * nines::kDayMs)};
    const auto cursor = need(store.scan(nines::ServerId{1}, window, {}));
    need(cursor->for_each([&](const nines::Segment& segment) {
      time.insert(time.end(), segment.time_ms.begin(), segment.time_ms.end());
      latency.insert(latency.end(), segment.latency_us.begin(), segment.latency_us.end());
      location.insert(location.end(), segment.size(), static_cast<std::uint16_t>(segment.location));
      for (const nines::Run& run : segment.runs) {
        cause.insert(cause.end(), run.count(), static_cast<std::uint8_t>(run.error));
        state.insert(state.end(), run.count(), static_cast<std::uint8_t>(run.state));
        code.insert(code.end(), run.count(), run.code);
      }
    }));
    if (time.size() != static_cast<std::size_t>(kDays * 1440)) give_up("a result is missing");
    quickest = std::min(quickest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return quickest;
}

void read_c(nines_store* store, std::int64_t times) {
  nines_error error;
  for (std::int64_t i = 0; i < times; ++i) {
    nines_columns* columns = nullptr;
    need(nines_read(store, 1, kBeginMs, kBeginMs + kDays * nines::kDayMs, &columns, &error), error);
    nines_arrays arrays = NINES_INIT(nines_arrays);
    need(nines_columns_arrays(columns, &arrays, &error), error);
    if (arrays.count != static_cast<std::size_t>(kDays * 1440)) give_up("a result is missing");
    nines_columns_free(columns);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) give_up("usage: nines_c_overhead cpp|c|fill append|batch|dashboard|read STORE TIMES");
  const std::string_view api = argv[1];
  const std::string_view task = argv[2];
  const std::int64_t times = std::atoll(argv[4]);
  if (api == "c") {
    nines_error error;
    nines_store* store = nullptr;
    need(nines_open(argv[3], nullptr, &store, &error), error);
    if (task == "append") append_c(store, times);
    if (task == "batch") batch_c(store, times);
    if (task == "dashboard") dashboard_c(store, times);
    if (task == "read") read_c(store, times);
    need(nines_close(store, &error), error);
    return 0;
  }
  const auto store = need(nines::Store::open(argv[3]));
  if (api == "fill") fill(*store);
  if (task == "append") append_cpp(*store, times);
  if (task == "batch") batch_cpp(*store, times);
  if (task == "dashboard") dashboard_cpp(*store, times);
  if (task == "read") std::printf("%.6f\n", read_cpp(*store, times));
  need(store->close());
}
