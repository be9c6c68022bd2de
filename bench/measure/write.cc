// Writing: bulk load, appends at each durability, settling, and dying in the middle.
#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include "measure/measure.h"
#include "stores.h"

namespace nines::bench {
namespace {

using history::ServerHistory;
using history::Shape;

Result<Durability> parse_durability(const std::string& text) {
  if (text == "buffered") return Durability::buffered;
  if (text == "process") return Durability::process;
  if (text == "disk") return Durability::disk;
  return fail(ErrorCode::invalid_argument, "durability is buffered, process or disk, not '" + text + "'");
}

/// `count` results as they come: server after server, interval after interval, from `from` on.
std::vector<CheckResult> live_results(const Shape& shape, TimeMs from, std::uint64_t count) {
  std::vector<ServerHistory> servers;
  for (std::uint32_t i = 0; i < shape.servers; ++i) servers.emplace_back(shape, i);
  std::vector<CheckResult> results;
  results.reserve(count);
  for (std::uint64_t round = 0; results.size() < count; ++round) {
    for (const ServerHistory& server : servers) {
      if (results.size() == count) break;
      results.push_back(server[server.lower_bound(from) + round]);
    }
  }
  return results;
}

Result<void> append_in_batches(Store& store, std::span<const CheckResult> results, std::size_t batch,
                               Durability durability) {
  while (!results.empty()) {
    const auto now = results.first(std::min(batch, results.size()));
    if (auto done = store.append(now, durability); !done) return done;
    results = results.subspan(now.size());
  }
  return {};
}

/// Appends by `threads` threads, an equal share each; the first error, if any.
Result<void> append_in_threads(Store& store, std::span<const CheckResult> results, std::size_t batch,
                               Durability durability, std::size_t threads) {
  std::vector<Result<void>> outcomes(threads);
  std::vector<std::thread> running;
  const std::size_t share = results.size() / threads;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&, i] {
      const auto mine = results.subspan(i * share, i + 1 == threads ? results.size() - i * share : share);
      outcomes[i] = append_in_batches(store, mine, batch, durability);
    });
  }
  for (std::thread& thread : running) thread.join();
  for (const Result<void>& outcome : outcomes) {
    if (!outcome) return outcome;
  }
  return {};
}

}  // namespace

Result<Json> measure_build(const Arguments& arguments) {
  auto built = build_store(arguments.shape(), arguments.text("dir"));
  if (!built) return tl::unexpected(built.error());
  return Json{{"loaded", built->loaded},         {"load_seconds", built->load_seconds},
              {"appended", built->appended},     {"append_seconds", built->append_seconds},
              {"disk_bytes", built->disk_bytes}, {"peak_bytes", memory().peak}};
}

Result<Json> measure_append(const Arguments& arguments) {
  const Shape shape = arguments.shape();
  const auto durability = parse_durability(arguments.text("durability", "process"));
  if (!durability) return tl::unexpected(durability.error());
  auto store = Store::open(arguments.text("dir"), store_options(shape));
  if (!store) return tl::unexpected(store.error());
  if (auto added = add_servers(**store, shape); !added) return tl::unexpected(added.error());
  const auto results = live_results(shape, shape.begin(), arguments.number("count", 100'000));
  Result<void> done;
  const double elapsed_ms = milliseconds([&] {
    done =
        append_in_threads(**store, results, arguments.number("batch", 1), *durability, arguments.number("threads", 1));
  });
  if (!done) return tl::unexpected(done.error());
  return Json{{"results", results.size()}, {"ms", elapsed_ms}};
}

Result<Json> measure_settle(const Arguments& arguments) {
  auto opened = open_store(arguments);
  if (!opened) return tl::unexpected(opened.error());
  Result<void> done;
  const double elapsed_ms = milliseconds([&] { done = opened->store->compact(); });
  if (done) done = opened->store->close();
  if (!done) return tl::unexpected(done.error());
  return Json{{"ms", elapsed_ms}, {"disk_bytes", directory_bytes(arguments.text("dir"))}};
}

Result<Json> measure_crash(const Arguments& arguments) {
  Shape shape = arguments.shape();
  const TimeMs from = shape.now();
  shape.days += 2;  // the results that follow now
  auto opened = open_store(arguments);
  if (!opened) return tl::unexpected(opened.error());
  const std::uint64_t count = arguments.number("minutes", 60) * shape.servers * 60'000 / shape.interval_ms;
  const auto done =
      append_in_batches(*opened->store, live_results(shape, from, count), shape.servers, Durability::process);
  if (!done) return tl::unexpected(done.error());
  std::raise(SIGKILL);
  return fail(ErrorCode::fatal, "SIGKILL did not kill");
}

Result<Json> measure_wait(const Arguments& arguments) {
  Shape shape = arguments.shape();
  Options options = store_options(shape);
  options.keep_checks = std::chrono::days{arguments.number("keep", 10)};
  auto opened = Store::open(arguments.text("dir"), options);
  if (!opened) return tl::unexpected(opened.error());
  Store& store = **opened;
  const TimeMs from = shape.now();
  shape.days += 2;  // the results that follow now
  const auto results = live_results(shape, from, arguments.number("count", 600'000));

  std::atomic<bool> over{false};
  Result<void> cared;
  double care_ms = 0;
  std::thread care([&] {
    care_ms = milliseconds([&] {
      cared = store.apply_retention();
      if (cared) cared = store.compact();
    });
    over = true;
  });
  std::vector<double> waits_ms;
  Result<void> done;
  for (std::size_t i = 0; i < results.size() && done && !over; ++i) {
    waits_ms.push_back(milliseconds([&] { done = store.append(results[i], Durability::process); }));
  }
  care.join();
  if (!done) return tl::unexpected(done.error());
  if (!cared) return tl::unexpected(cared.error());
  std::sort(waits_ms.begin(), waits_ms.end());
  return Json{{"care_ms", care_ms},
              {"appends", waits_ms.size()},
              {"p999_ms", waits_ms.at(waits_ms.size() * 999 / 1000)},
              {"longest_ms", waits_ms.back()}};
}

}  // namespace nines::bench
