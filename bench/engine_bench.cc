// The store: appending, loading, scanning, opening, the catalog. The items of the throughput figures are check results.
//
// Reads go to the store of T2, which is built on first use. Run with --benchmark_enable_random_interleaving=true and
// repetitions when two figures are to be compared.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "history.h"
#include "stores.h"

namespace nines::bench {
namespace {

using history::kT2;
using history::ServerHistory;
using history::Shape;

constexpr Shape kAppended{.name = "appended", .servers = 100, .days = 365};

/// A new, empty store that is removed at the end.
class TemporaryStore {
 public:
  explicit TemporaryStore(Options options = store_options(kAppended))
      : path_(std::filesystem::path(data_dir()) / "engine_bench.nines") {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_.parent_path());
    if (auto opened = Store::open(path_.string(), std::move(options))) store_ = std::move(*opened);
  }
  ~TemporaryStore() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryStore(const TemporaryStore&) = delete;
  TemporaryStore& operator=(const TemporaryStore&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }
  Store* operator->() const noexcept { return store_.get(); }
  Store& operator*() const noexcept { return *store_; }

 private:
  std::filesystem::path path_;
  std::unique_ptr<Store> store_;
};

/// Stops the benchmark with the error, if there is one.
template <class T>
bool failed(benchmark::State& state, const Result<T>& result) {
  if (!result) state.SkipWithError(result.error().message.c_str());
  return !result;
}

struct OpenOptions {
  bool head = true;
  bool read_only = false;
};

std::unique_ptr<Store> open_t2(benchmark::State& state, const OpenOptions& how) {
  const auto path = cached_store(kT2);
  if (failed(state, path)) return nullptr;
  Options options = store_options(kT2);
  if (!how.head) options.performance.head_bytes = 0;
  auto store = how.read_only ? Store::open_read_only(*path, options) : Store::open(*path, options);
  return failed(state, store) ? nullptr : std::move(*store);
}

std::vector<ServerId> all_servers(const Store& store) {
  std::vector<ServerId> ids;
  const auto catalog = store.catalog();
  for (const Server& server : catalog->servers()) ids.push_back(server.id);
  return ids;
}

void count_results(benchmark::State& state, std::uint64_t results) {
  state.SetItemsProcessed(static_cast<std::int64_t>(results));
}

/// Each thread appends batches of results of its own servers as they would come, round by round.
void Append(benchmark::State& state) {
  static std::unique_ptr<TemporaryStore> shared;
  if (state.thread_index() == 0) {
    shared = std::make_unique<TemporaryStore>();
    if (failed(state, add_servers(**shared, kAppended))) return;
  }
  const auto batch_size = static_cast<std::size_t>(state.range(0));
  const auto durability = static_cast<Durability>(state.range(1));
  std::vector<ServerHistory> servers;
  for (auto i = static_cast<std::uint32_t>(state.thread_index()); i < kAppended.servers;
       i += static_cast<std::uint32_t>(state.threads())) {
    servers.emplace_back(kAppended, i);
  }
  std::vector<CheckResult> batch(batch_size);
  std::uint64_t next = 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    for (CheckResult& result : batch) {
      result = servers[next % servers.size()][next / servers.size()];
      ++next;
    }
    state.ResumeTiming();
    if (failed(state, (*shared)->append(batch, durability))) break;
  }
  count_results(state, next);
  if (state.thread_index() == 0) shared.reset();
}
BENCHMARK(Append)
    ->ArgNames({"batch", "durability"})
    ->Args({1, 0})
    ->Args({1, 1})
    ->Args({100, 0})
    ->Args({100, 1})
    ->UseRealTime();
BENCHMARK(Append)->ArgNames({"batch", "durability"})->Args({1, 2})->Args({100, 2})->Iterations(200)->UseRealTime();
BENCHMARK(Append)->ArgNames({"batch", "durability"})->Args({100, 1})->Threads(2)->UseRealTime();
BENCHMARK(Append)->ArgNames({"batch", "durability"})->Args({1, 2})->Threads(8)->Iterations(100)->UseRealTime();

/// Loads one server's month at a time.
void Load(benchmark::State& state) {
  constexpr Shape kMonth{.name = "month", .servers = 10'000, .days = 30};
  const TemporaryStore store;
  std::vector<CheckResult> results;
  std::uint64_t loaded = 0;
  std::uint32_t index = 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    const ServerHistory server(kMonth, index++);
    server.results({kMonth.begin(), kMonth.now()}, results);
    const auto added = store->add_server(server.server());
    state.ResumeTiming();
    if (failed(state, added) || failed(state, store->load(*added, results))) break;
    loaded += results.size();
  }
  count_results(state, loaded);
}
BENCHMARK(Load)->UseRealTime();

/// Touches every segment, and every latency, as a reader of figures would.
Result<void> touch_all(Cursor& cursor) {
  while (true) {
    auto segment = cursor.next();
    if (!segment) return tl::unexpected(segment.error());
    if (*segment == nullptr) return {};
    std::uint32_t greatest = 0;
    for (const std::uint32_t latency : (*segment)->latency_us) greatest = std::max(greatest, latency);
    benchmark::DoNotOptimize(greatest);
    benchmark::DoNotOptimize((*segment)->runs.data());
  }
}

/// The last 24 hours of every server: from memory, from chunks, or as another process sees them.
void ScanDay(benchmark::State& state, const OpenOptions& how) {
  const auto store = open_t2(state, how);
  if (!store) return;
  const auto servers = all_servers(*store);
  const Window window{kT2.now() - std::chrono::hours{24}, kT2.now()};
  std::uint64_t results = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto cost =
        store->scan_many(servers, window, ScanOptions{}, [](std::size_t, Cursor& cursor) { return touch_all(cursor); });
    if (failed(state, cost)) break;
    results += cost->results;
  }
  count_results(state, results);
}
BENCHMARK_CAPTURE(ScanDay, head, OpenOptions{});
BENCHMARK_CAPTURE(ScanDay, chunks, OpenOptions{.head = false});
BENCHMARK_CAPTURE(ScanDay, read_only, OpenOptions{.head = false, .read_only = true});

/// Results that are not sealed yet, row by row: an hour of 100 servers, as another process sees them. The one that
/// wrote them has them in memory.
void ScanRows(benchmark::State& state) {
  constexpr std::uint32_t kServers = 100;
  constexpr std::uint64_t kRows = 60;
  Options options = store_options(kAppended);
  options.performance.head_bytes = 0;
  options.performance.seal_rows = 4096;
  const TemporaryStore writer(options);
  if (failed(state, add_servers(*writer, kAppended))) return;
  Window window{kAppended.now(), kAppended.now()};
  std::vector<CheckResult> batch;
  for (std::uint32_t index = 0; index < kServers; ++index) {
    const ServerHistory server(kAppended, index);
    for (std::uint64_t i = server.size() - kRows; i < server.size(); ++i) batch.push_back(server[i]);
    window.from = std::min(window.from, server[server.size() - kRows].time);
  }
  if (failed(state, writer->append(batch, Durability::process))) return;
  const auto reader = Store::open_read_only(writer.path(), options);
  if (failed(state, reader)) return;
  const Store& store = **reader;
  const auto servers = all_servers(store);
  std::uint64_t results = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto cost =
        store.scan_many(servers, window, ScanOptions{}, [](std::size_t, Cursor& cursor) { return touch_all(cursor); });
    if (failed(state, cost)) break;
    if (cost->rows < kServers * kRows) return state.SkipWithError("the results are sealed already");
    results += cost->results;
  }
  count_results(state, results);
}
BENCHMARK(ScanRows);

/// Makes the system forget the pages of the store's files. They are not dirty: the store was closed.
void forget_pages(const std::string& directory) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;
    (void)::fsync(file);
    (void)::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    ::close(file);
  }
}

/// The last 24 hours of every server from the device: nothing in RocksDB's cache, in the head or in the page cache.
/// Opening reads a part of it and is counted.
void ScanDayCold(benchmark::State& state) {
  const auto path = cached_store(kT2);
  if (failed(state, path)) return;
  const Window window{kT2.now() - std::chrono::hours{24}, kT2.now()};
  std::uint64_t results = 0;
  for ([[maybe_unused]] auto _ : state) {
    forget_pages(*path);
    const auto begin = std::chrono::steady_clock::now();
    const auto store = open_t2(state, {.head = false});
    if (!store) return;
    const auto cost = store->scan_many(all_servers(*store), window, ScanOptions{},
                                       [](std::size_t, Cursor& cursor) { return touch_all(cursor); });
    state.SetIterationTime(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (failed(state, cost)) return;
    results += cost->results;
  }
  count_results(state, results);
}
BENCHMARK(ScanDayCold)->UseManualTime()->Iterations(5)->Unit(benchmark::kMillisecond);

/// Every result of one server.
void ScanHistory(benchmark::State& state) {
  const auto store = open_t2(state, {});
  if (!store) return;
  std::uint64_t results = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto cursor = store->scan(ServerId{1}, {kT2.begin(), kT2.now()}, ScanOptions{});
    if (failed(state, cursor) || failed(state, touch_all(**cursor))) break;
    results += (*cursor)->cost().results;
  }
  count_results(state, results);
}
BENCHMARK(ScanHistory);

/// The day summaries of every server.
void ReadDays(benchmark::State& state) {
  const auto store = open_t2(state, {});
  if (!store) return;
  const auto servers = all_servers(*store);
  const DayRange range{utc_day(to_ms(kT2.begin())), utc_day(to_ms(kT2.now()))};
  std::int64_t days = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto cost = store->days_many(servers, range, state.range(0) != 0, [&](std::size_t, DayCursor& cursor) {
      while (true) {
        auto day = cursor.next();
        if (!day) return Result<void>(tl::unexpected(day.error()));
        if (*day == nullptr) return Result<void>{};
        ++days;
      }
    });
    if (failed(state, cost)) break;
  }
  state.SetItemsProcessed(days);
}
BENCHMARK(ReadDays)->ArgName("sketch")->Arg(0)->Arg(1);

void OpenAndClose(benchmark::State& state) {
  for ([[maybe_unused]] auto _ : state) {
    const auto store = open_t2(state, {});
    if (!store || failed(state, store->close())) return;
  }
}
BENCHMARK(OpenAndClose)->Unit(benchmark::kMillisecond);

void FindServerByName(benchmark::State& state) {
  const auto store = open_t2(state, {});
  if (!store) return;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(store->catalog()->find("site-0042"));
}
BENCHMARK(FindServerByName);

/// What listing the servers reads: no check result.
void ListServers(benchmark::State& state) {
  const auto store = open_t2(state, {});
  if (!store) return;
  std::int64_t servers = 0;
  for ([[maybe_unused]] auto _ : state) {
    const auto catalog = store->catalog();
    std::size_t bytes = 0;
    for (const Server& server : catalog->servers()) bytes += server.name.size() + server.url.size();
    benchmark::DoNotOptimize(bytes);
    servers += static_cast<std::int64_t>(catalog->servers().size());
  }
  state.SetItemsProcessed(servers);
}
BENCHMARK(ListServers);

/// The newest result of every server, from memory.
void LastResults(benchmark::State& state) {
  const auto store = open_t2(state, {});
  if (!store) return;
  const auto servers = all_servers(*store);
  for ([[maybe_unused]] auto _ : state) {
    for (const ServerId server : servers) benchmark::DoNotOptimize(store->last_result(server));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(servers.size()));
}
BENCHMARK(LastResults);

/// Survives the process on return.
void UpdateServer(benchmark::State& state) {
  const TemporaryStore store;
  if (failed(state, add_servers(*store, kAppended))) return;
  Server server = *store->catalog()->find(ServerId{7});
  for ([[maybe_unused]] auto _ : state) {
    server.objective = server.objective == 0.99 ? 0.999 : 0.99;
    if (failed(state, store->update_server(server))) break;
  }
}
BENCHMARK(UpdateServer)->Iterations(200)->UseRealTime();

/// Survives the process on return.
void AddServer(benchmark::State& state) {
  constexpr Shape kMany{.name = "many", .servers = 1'000'000, .days = 1};
  const TemporaryStore store;
  std::uint32_t index = 0;
  for ([[maybe_unused]] auto _ : state) {
    if (failed(state, store->add_server(ServerHistory(kMany, index++).server()))) break;
  }
}
BENCHMARK(AddServer)->Iterations(50)->UseRealTime();

}  // namespace
}  // namespace nines::bench
