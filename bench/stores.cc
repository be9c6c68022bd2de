#include "stores.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <vector>

#include <nines/check_result.h>

namespace nines::bench {
namespace {

namespace fs = std::filesystem;
using history::ServerHistory;
using history::Shape;

/// Adds the time from its construction to its destruction to `seconds`.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

TimeMs last_midnight(const Shape& shape) {
  return from_ms(utc_day(to_ms(shape.now())) * kDayMs);
}

Result<void> load_days(Store& store, const Shape& shape, const std::vector<ServerHistory>& servers,
                       BuildReport& report) {
  std::vector<CheckResult> results;
  for (const ServerHistory& server : servers) {
    server.results({shape.begin(), last_midnight(shape)}, results);
    if (results.empty()) continue;
    report.loaded += results.size();
    const Stopwatch watch(report.load_seconds);
    if (auto done = store.load(results.front().server, results); !done) return done;
  }
  const Stopwatch watch(report.load_seconds);
  return store.flush();
}

/// Appends the last day, a batch an interval with one result of every server.
Result<void> append_last_day(Store& store, const Shape& shape, const std::vector<ServerHistory>& servers,
                             BuildReport& report) {
  std::vector<std::uint64_t> next;
  next.reserve(servers.size());
  for (const ServerHistory& server : servers) next.push_back(server.lower_bound(last_midnight(shape)));
  std::vector<CheckResult> batch;
  do {
    batch.clear();
    for (std::size_t i = 0; i < servers.size(); ++i) {
      if (next[i] < servers[i].size()) batch.push_back(servers[i][next[i]++]);
    }
    if (batch.empty()) break;
    report.appended += batch.size();
    const Stopwatch watch(report.append_seconds);
    if (auto done = store.append(batch, Durability::process); !done) return done;
  } while (true);
  return {};
}

}  // namespace

std::string data_dir() {
  const char* dir = std::getenv("NINES_BENCH_DIR");
  return dir != nullptr && *dir != '\0' ? dir : NINES_BENCH_DATA;
}

Options store_options(const Shape& shape) {
  Options options;
  options.clock = [now = shape.now()] { return now; };
  return options;
}

Result<void> add_servers(Store& store, const Shape& shape) {
  for (std::uint32_t i = 0; i < shape.servers; ++i) {
    auto id = store.add_server(ServerHistory(shape, i).server());
    if (!id) return tl::unexpected(id.error());
  }
  return {};
}

Result<BuildReport> build_store(const Shape& shape, const std::string& path) {
  auto store = Store::open(path, store_options(shape));
  if (!store) return tl::unexpected(store.error());
  BuildReport report;
  std::vector<ServerHistory> servers;
  for (std::uint32_t i = 0; i < shape.servers; ++i) servers.emplace_back(shape, i);
  auto done = add_servers(**store, shape);
  if (done) done = load_days(**store, shape, servers, report);
  if (done) done = append_last_day(**store, shape, servers, report);
  if (done) done = (*store)->close();
  if (!done) return tl::unexpected(done.error());
  report.disk_bytes = directory_bytes(path);
  return report;
}

Result<std::string> cached_store(const Shape& shape) {
  const fs::path path = fs::path(data_dir()) / (std::string(shape.name) + ".nines");
  if (fs::exists(path)) return path.string();
  fs::path unfinished = path;
  unfinished += ".unfinished";
  std::error_code error;
  fs::remove_all(unfinished, error);
  fs::create_directories(path.parent_path(), error);
  if (auto built = build_store(shape, unfinished.string()); !built) return tl::unexpected(built.error());
  fs::rename(unfinished, path, error);
  if (error) return fail(ErrorCode::io, "cannot rename to " + path.string() + ": " + error.message());
  return path.string();
}

std::uint64_t directory_bytes(const std::string& path) {
  std::uint64_t bytes = 0;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

}  // namespace nines::bench
