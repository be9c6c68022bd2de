// Scale and disorder: what a day of many servers writes and takes, what dropping a day costs, how many appends share a
// sync, and what results out of order cost beside those in order.
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "measure/measure.h"
#include "stores.h"

namespace {

std::atomic<std::uint64_t> syncs{0};
std::atomic<std::int64_t> sync_pause_us{0};

/// Counts a sync of this process, and makes it take as long as one of a disk.
void count_sync() {
  ++syncs;
  if (const std::int64_t pause_us = sync_pause_us; pause_us > 0) {
    std::this_thread::sleep_for(std::chrono::microseconds{pause_us});
  }
}

using Sync = int (*)(int);

}  // namespace

// In place of the C library's, for every library of this process: no other interface counts them.
extern "C" int fdatasync(int file) {
  static const auto next = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, "fdatasync"));
  count_sync();
  return next(file);
}
extern "C" int fsync(int file) {
  static const auto next = reinterpret_cast<Sync>(::dlsym(RTLD_NEXT, "fsync"));
  count_sync();
  return next(file);
}

namespace nines::bench {
namespace {

constexpr std::int64_t kStartMs = 20'635 * kDayMs;
constexpr std::int64_t kHourMs = 3'600'000;

/// Bytes that this process has handed to the system in all, from /proc.
std::uint64_t written_bytes() {
  std::ifstream in("/proc/self/io");
  std::string key;
  std::uint64_t value = 0;
  while (in >> key >> value) {
    if (key == "wchar:") return value;
  }
  return 0;
}

/// A clock that the measurement sets.
struct Clock {
  std::atomic<std::int64_t> now_ms{kStartMs};
  [[nodiscard]] Options options() {
    Options options;
    options.clock = [this] { return from_ms(now_ms); };
    return options;
  }
};

Result<ServerId> add_server(Store& store, std::uint32_t number) {
  Server server;
  server.name = "server-" + std::to_string(number) + ".example.org";
  server.url = "https://" + server.name + "/";
  server.group = "group " + std::to_string(number % 50);
  server.created_at = from_ms(0);
  return store.add_server(server);
}

CheckResult result_at(ServerId server, std::int64_t ms, std::mt19937& random, std::int64_t interval_ms) {
  CheckResult result;
  result.server = server;
  result.time = from_ms(ms);
  result.interval_ms = static_cast<std::uint32_t>(interval_ms);
  result.state = random() % 2'000 == 0 ? State::down : State::up;
  result.code = result.state == State::up ? 200 : 503;
  result.latency_us = 40'000 + static_cast<std::uint32_t>(server) * 7'919 % 90'000 + random() % 8'000;
  return result;
}

/// Appends what `servers` measure in [begin_ms, end_ms), each a little after the one before, a thousand at a time.
Result<std::uint64_t> live(Store& store, Clock& clock, std::span<const ServerId> servers, std::int64_t begin_ms,
                           std::int64_t end_ms, std::int64_t interval_ms) {
  constexpr std::size_t kBatch = 1'000;
  std::mt19937 random(1);
  std::uint64_t appended = 0;
  std::vector<CheckResult> batch;
  const auto count = static_cast<std::int64_t>(servers.size());
  for (std::int64_t round_ms = begin_ms; round_ms < end_ms; round_ms += interval_ms) {
    for (std::size_t begin = 0; begin < servers.size(); begin += kBatch) {
      batch.clear();
      for (std::size_t i = begin; i < std::min(servers.size(), begin + kBatch); ++i) {
        const std::int64_t ms = round_ms + interval_ms * static_cast<std::int64_t>(i) / count + random() % 200;
        batch.push_back(result_at(servers[i], ms, random, interval_ms));
      }
      clock.now_ms = to_ms(batch.back().time);
      if (auto done = store.append(batch, Durability::process); !done) return tl::unexpected(done.error());
      appended += batch.size();
    }
  }
  return appended;
}

/// Loads whole days of each server, before what is measured.
Result<void> load_behind(Store& store, std::span<const ServerId> servers, std::int64_t days, std::int64_t end_ms,
                         std::int64_t interval_ms) {
  std::mt19937 random(2);
  std::vector<CheckResult> results;
  for (const ServerId server : servers) {
    results.clear();
    for (std::int64_t ms = end_ms - days * kDayMs; ms < end_ms; ms += interval_ms) {
      results.push_back(result_at(server, ms, random, interval_ms));
    }
    if (results.empty()) continue;
    if (auto done = store.load(server, results); !done) return done;
  }
  return {};
}

/// Milliseconds of one scan of the last 24 hours of all servers.
Result<double> scan_a_day(const Store& store, std::span<const ServerId> servers, std::int64_t now_ms) {
  Result<ScanCost> scanned;
  const double elapsed_ms = milliseconds([&] {
    scanned = store.scan_many(servers, {from_ms(now_ms - kDayMs), from_ms(now_ms)}, {},
                              [](std::size_t, Cursor& cursor) -> Result<void> {
                                for (;;) {
                                  const auto segment = cursor.next();
                                  if (!segment) return tl::unexpected<Error>(segment.error());
                                  if (*segment == nullptr) return {};
                                }
                              });
  });
  if (!scanned) return tl::unexpected(scanned.error());
  return elapsed_ms;
}

std::vector<ServerId> ids_of(const Store& store) {
  std::vector<ServerId> ids;
  const auto catalog = store.catalog();
  for (const Server& server : catalog->servers()) ids.push_back(server.id);
  return ids;
}

}  // namespace

Result<Json> measure_live(const Arguments& arguments) {
  const auto count = static_cast<std::uint32_t>(arguments.number("servers", 10'000));
  const auto interval_ms = static_cast<std::int64_t>(arguments.number("interval_s", 60) * 1'000);
  const auto hours = static_cast<std::int64_t>(arguments.number("hours", 24));
  const auto behind = static_cast<std::int64_t>(arguments.number("behind", 0));
  Clock clock;
  auto opened = Store::open(arguments.text("dir"), clock.options());
  if (!opened) return tl::unexpected(opened.error());
  std::unique_ptr<Store> store = std::move(*opened);
  std::vector<ServerId> servers;
  for (std::uint32_t number = 0; number < count; ++number) {
    const auto id = add_server(*store, number);
    if (!id) return tl::unexpected(id.error());
    servers.push_back(*id);
  }
  // From noon to noon, so that the end of a day is in it.
  const std::int64_t begin_ms = kStartMs + kDayMs / 2;
  clock.now_ms = begin_ms;
  Result<void> done = load_behind(*store, servers, behind, begin_ms, interval_ms);
  if (done && behind > 0) done = store->compact();
  if (done) done = store->close();
  if (!done) return tl::unexpected(done.error());
  store.reset();
  opened = Store::open(arguments.text("dir"), clock.options());
  if (!opened) return tl::unexpected(opened.error());
  store = std::move(*opened);

  const std::uint64_t before = written_bytes();
  Result<std::uint64_t> appended = 0;
  const std::int64_t end_ms = begin_ms + hours * kHourMs;
  const double elapsed_ms =
      milliseconds([&] { appended = live(*store, clock, servers, begin_ms, end_ms, interval_ms); });
  if (!appended) return tl::unexpected(appended.error());
  const std::uint64_t written = written_bytes() - before;
  const Memory used = memory();
  const std::uint64_t disk_bytes = directory_bytes(arguments.text("dir"));
  std::vector<double> scans_ms;
  for (int i = 0; i < 4; ++i) {
    const auto scan_ms = scan_a_day(*store, servers, end_ms);
    if (!scan_ms) return tl::unexpected(scan_ms.error());
    scans_ms.push_back(*scan_ms);
  }
  const Json answer{{"results", *appended},
                    {"ms", elapsed_ms},
                    {"written_bytes", written},
                    {"written_bytes_a_day", static_cast<double>(written) * 24.0 / static_cast<double>(hours)},
                    {"disk_bytes", disk_bytes},
                    {"resident_bytes", used.resident},
                    {"peak_bytes", used.peak},
                    {"scan_first_ms", scans_ms.front()},
                    {"scan_ms", *std::min_element(scans_ms.begin() + 1, scans_ms.end())},
                    {"now_ms", end_ms}};
  // What is asked for next is how such a store opens when nobody has closed it.
  std::printf("%s\n", answer.dump().c_str());
  std::fflush(stdout);
  std::raise(SIGKILL);
  return fail(ErrorCode::fatal, "SIGKILL did not kill");
}

Result<Json> measure_reopen(const Arguments& arguments) {
  Clock clock;
  clock.now_ms = static_cast<std::int64_t>(arguments.number("now_ms", kStartMs));
  Result<std::unique_ptr<Store>> store = fail(ErrorCode::unavailable, "");
  const double open_ms = milliseconds([&] { store = Store::open(arguments.text("dir"), clock.options()); });
  if (!store) return tl::unexpected(store.error());
  const auto servers = ids_of(**store);
  const OpenReport report = (*store)->open_report();
  const std::uint64_t resident = memory().resident;
  const auto scan_ms = scan_a_day(**store, servers, clock.now_ms);
  if (!scan_ms) return tl::unexpected(scan_ms.error());
  const Json answer{{"open_ms", open_ms},
                    {"recovered", report.recovered},
                    {"replayed_bytes", report.replayed_bytes},
                    {"resident_bytes", resident},
                    {"scan_first_ms", *scan_ms}};
  if (auto closed = (*store)->close(); !closed) return tl::unexpected(closed.error());
  return answer;
}

Result<Json> measure_drop(const Arguments& arguments) {
  const std::string path = arguments.text("dir");
  const auto count = static_cast<std::uint32_t>(arguments.number("servers", 300));
  const auto days = static_cast<std::int64_t>(arguments.number("days", 60));
  Clock clock;
  std::uint64_t settled = 0;
  {
    auto store = Store::open(path, clock.options());
    if (!store) return tl::unexpected(store.error());
    std::vector<ServerId> servers;
    for (std::uint32_t number = 0; number < count; ++number) {
      const auto id = add_server(**store, number);
      if (!id) return tl::unexpected(id.error());
      servers.push_back(*id);
    }
    Result<void> done = load_behind(**store, servers, days, kStartMs, 60'000);
    if (done) done = (*store)->compact();
    if (done) done = (*store)->close();
    if (!done) return tl::unexpected(done.error());
    settled = directory_bytes(path);
  }
  Options options = clock.options();
  options.keep_checks = options.keep_summaries = std::chrono::days{days - 1};
  options.trust_clock = true;  // nothing was stored today that the clock could be believed for
  auto store = Store::open(path, options);
  if (!store) return tl::unexpected(store.error());
  std::atomic<bool> over{false};
  std::uint64_t peak = 0;
  std::thread watch([&] {
    while (!over) {
      try {
        peak = std::max(peak, directory_bytes(path));
      } catch (const std::filesystem::filesystem_error&) {
        // A file went between the listing and the look at its size.
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  });
  const std::uint64_t before = written_bytes();
  Result<void> dropped;
  const double elapsed_ms = milliseconds([&] { dropped = (*store)->apply_retention(); });
  const std::uint64_t written = written_bytes() - before;
  over = true;
  watch.join();
  if (!dropped) return tl::unexpected(dropped.error());
  if (auto closed = (*store)->close(); !closed) return tl::unexpected(closed.error());
  return Json{{"ms", elapsed_ms},
              {"settled_bytes", settled},
              {"written_bytes", written},
              {"peak_bytes", peak},
              {"left_bytes", directory_bytes(path)},
              {"written_ratio", static_cast<double>(written) / static_cast<double>(settled)},
              {"extra_ratio", static_cast<double>(peak) / static_cast<double>(settled) - 1.0}};
}

Result<Json> measure_shared_syncs(const Arguments& arguments) {
  const auto threads = static_cast<std::uint32_t>(arguments.number("threads", 32));
  const auto a_thread = static_cast<std::uint32_t>(arguments.number("count", 50));
  const bool overlapping = arguments.text("batches", "one") == "overlapping";
  Clock clock;
  auto store = Store::open(arguments.text("dir"), clock.options());
  if (!store) return tl::unexpected(store.error());
  std::vector<ServerId> servers;
  for (std::uint32_t number = 0; number < threads; ++number) {
    const auto id = add_server(**store, number);
    if (!id) return tl::unexpected(id.error());
    servers.push_back(*id);
  }
  clock.now_ms = kStartMs + kDayMs;
  if (auto done = (*store)->flush(); !done) return tl::unexpected(done.error());
  sync_pause_us = static_cast<std::int64_t>(arguments.number("sync_us", 2'000));
  const std::uint64_t before = syncs;
  std::vector<Result<void>> outcomes(threads);
  std::vector<std::thread> running;
  const double elapsed_ms = milliseconds([&] {
    for (std::uint32_t thread = 0; thread < threads; ++thread) {
      running.emplace_back([&, thread] {
        std::mt19937 random(thread);
        for (std::uint32_t i = 0; i < a_thread && outcomes[thread]; ++i) {
          std::vector<CheckResult> batch;
          // One server, a place each; or all servers, in each append.
          for (std::size_t s = 0; s < (overlapping ? servers.size() : 1); ++s) {
            CheckResult result = result_at(servers[s], kStartMs + i * 1'000, random, 1'000);
            result.location = LocationId{static_cast<std::uint16_t>(thread)};
            batch.push_back(std::move(result));
          }
          outcomes[thread] = (*store)->append(batch, Durability::disk);
        }
      });
    }
    for (std::thread& thread : running) thread.join();
  });
  const std::uint64_t made = syncs - before;
  sync_pause_us = 0;
  for (const Result<void>& outcome : outcomes) {
    if (!outcome) return tl::unexpected(outcome.error());
  }
  const std::uint64_t appends = std::uint64_t{threads} * a_thread;
  return Json{{"appends", appends},
              {"syncs", made},
              {"appends_a_sync", static_cast<double>(appends) / static_cast<double>(std::max<std::uint64_t>(made, 1))},
              {"ms", elapsed_ms}};
}

namespace {

/// Appends one by one what `time_of` says of 0, 1, ... and tells what one took.
template <class TimeOf>
Result<Json> one_by_one(Store& store, Clock& clock, ServerId server, std::uint32_t count, const TimeOf& time_of) {
  std::mt19937 random(3);
  Result<void> done;
  const std::uint64_t before = written_bytes();
  const double elapsed_ms = milliseconds([&] {
    for (std::uint32_t i = 0; i < count && done; ++i) {
      const std::int64_t ms = time_of(i);
      clock.now_ms = std::max<std::int64_t>(clock.now_ms, ms);
      done = store.append(result_at(server, ms, random, 10'000), Durability::process);
    }
  });
  if (!done) return tl::unexpected(done.error());
  return Json{{"us_each", elapsed_ms * 1e3 / count},
              {"bytes_each", static_cast<double>(written_bytes() - before) / count}};
}

}  // namespace

Result<Json> measure_disorder(const Arguments& arguments) {
  constexpr std::int64_t kStepMs = 10'000;
  constexpr std::uint32_t kCount = 2'000;
  const std::string order = arguments.text("order", "straight");
  Clock clock;
  auto store = Store::open(arguments.text("dir"), clock.options());
  if (!store) return tl::unexpected(store.error());
  const auto server = add_server(**store, 0);
  if (!server) return tl::unexpected(server.error());
  // Half a day lies in memory when what is measured begins.
  std::int64_t next_ms = kStartMs;
  auto first = one_by_one(**store, clock, *server, 4'320, [&](std::uint32_t) { return next_ms += kStepMs; });
  if (!first) return first;
  const std::int64_t begin_ms = next_ms;
  if (order == "ahead") {
    std::mt19937 random(4);
    const CheckResult ahead = result_at(*server, begin_ms + 23 * kHourMs, random, kStepMs);
    if (auto done = (*store)->append(ahead, Durability::process); !done) return tl::unexpected(done.error());
  }
  return one_by_one(**store, clock, *server, kCount, [&](std::uint32_t i) {
    const std::int64_t straight_ms = begin_ms + (std::int64_t{i} + 1) * kStepMs;
    if (order == "swapped") return begin_ms + (std::int64_t{i ^ 1U} + 1) * kStepMs;
    if (order == "twice") return begin_ms + (std::int64_t{i / 2} + 1) * kStepMs;
    return straight_ms;
  });
}

}  // namespace nines::bench
