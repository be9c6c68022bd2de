// The prober at work: its schedule, its loop, its writer and a real store, as `nines run` has them.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "measure/prober_measure.h"
#include "measure/prober_servers.h"

namespace nines::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// What is probed: `servers` that answer, and `hang` more that do not.
struct Load {
  std::string url;
  std::string silent_url;
  std::uint32_t servers = 0;
  std::uint32_t hang = 0;
  std::chrono::milliseconds interval{};
};

Result<void> add(Store& store, Prober& prober, const std::string& url, std::uint32_t number, const Rules& rules) {
  Server server;
  server.url = url + "/check/" + std::to_string(number);
  server.name = server.url;
  server.rules = {rules};
  return probe(store, prober, server);
}

Result<void> add_all(Store& store, Prober& prober, const Load& load) {
  Rules rules;
  rules.interval = load.interval;
  rules.timeout = std::min(rules.timeout, load.interval / 2);
  for (std::uint32_t i = 0; i < load.servers; ++i) {
    if (auto added = add(store, prober, load.url, i, rules); !added) return added;
  }
  // In flight nearly all the time: as soon as one gives up, its next tick is there.
  rules.interval = std::chrono::seconds{10};
  rules.timeout = std::chrono::milliseconds{9'800};
  rules.confirm_failures = 1;
  for (std::uint32_t i = 0; i < load.hang; ++i) {
    if (auto added = add(store, prober, load.silent_url, i, rules); !added) return added;
  }
  return {};
}

/// Until every schedule has begun; and, for a full minute, until the next one by the clock begins: the prober's lag is
/// that of such minutes.
void warm_up(std::uint64_t seconds) {
  std::this_thread::sleep_for(std::chrono::seconds{5});
  if (seconds != 60) return;
  const auto now = std::chrono::system_clock::now();
  std::this_thread::sleep_until(std::chrono::ceil<std::chrono::minutes>(now));
}

struct Watched {
  double seconds = 0;
  ProcessorTime used;
  ProberStats before;
  ProberStats after;
  std::uint64_t resident = 0;
};

Watched watch(const Prober& prober, std::uint64_t seconds) {
  // The prober tells its figures four times a second: it has told those of the whole minute by then.
  constexpr auto kTold = std::chrono::milliseconds{500};
  Watched watched;
  warm_up(seconds);
  std::this_thread::sleep_for(kTold);
  watched.before = prober.stats();
  const ProcessorTime begin = processor_time();
  const auto started = Clock::now();
  std::this_thread::sleep_until(started + std::chrono::seconds{seconds});
  watched.used = processor_time() - begin;
  watched.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  watched.after = prober.stats();
  watched.resident = memory().resident;
  return watched;
}

Json report(const Watched& watched, const Load& load) {
  const ProberStats& after = watched.after;
  const ProberStats& before = watched.before;
  const std::uint64_t checks = after.checks - before.checks;
  Json json{{"servers", load.servers},
            {"hanging", load.hang},
            {"interval_s", static_cast<double>(load.interval.count()) / 1e3},
            {"seconds", watched.seconds},
            {"checks", checks},
            {"up", after.up - before.up},
            {"down", after.down - before.down},
            {"stored", after.stored - before.stored},
            {"checks_a_minute", static_cast<double>(checks) / watched.seconds * 60}};
  json.update(cost_of(watched.used, watched.seconds, checks));
  json.update({{"lag_p50_us", after.lag_p50.count()},
               {"lag_p99_us", after.lag_p99.count()},
               {"lag_max_us", after.lag_max.count()},
               {"in_flight", after.in_flight},
               {"missed_ticks", after.missed_ticks - before.missed_ticks},
               {"dropped", after.dropped},
               {"queue_peak", after.queue_peak},
               {"resident_bytes", watched.resident},
               {"peak_bytes", memory().peak}});
  return json;
}

}  // namespace

Result<void> probe(Store& store, Prober& prober, const Server& server) {
  const auto id = store.add_server(server);
  if (!id) return tl::unexpected(id.error());
  const Rules& rules = server.rules.front();
  ProbedServer probed;
  probed.id = *id;
  probed.name = server.name;
  probed.check.url = server.url;
  probed.check.timeouts.total = rules.timeout;
  probed.rules = rules;
  return prober.set_server(probed);
}

ScratchDirectory::ScratchDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "nines-measure-XXXXXX").string();  // as mkdtemp takes it
  if (::mkdtemp(name.data()) == nullptr) {
    std::perror(name.c_str());
    std::exit(1);
  }
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ProcessorTime processor_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return {seconds(usage.ru_utime), seconds(usage.ru_stime)};
}

Json cost_of(const ProcessorTime& used, double seconds, std::uint64_t checks) {
  const double total = used.user + used.system;
  return {{"user_s", used.user},
          {"system_s", used.system},
          {"core_share", total / seconds},
          {"us_a_check", checks > 0 ? total / static_cast<double>(checks) * 1e6 : 0}};
}

Result<Json> measure_load(const Arguments& arguments) {
  const ScratchDirectory scratch;
  Load load;
  load.url = arguments.text("url");
  load.servers = static_cast<std::uint32_t>(arguments.number("servers", 10'000));
  load.interval = std::chrono::seconds{arguments.number("interval_s", 10)};
  load.hang = static_cast<std::uint32_t>(arguments.number("hang", 0));
  LocalServer nginx;
  if (load.url.empty()) {
    auto started = start_nginx(scratch.path());
    if (!started) return tl::unexpected(started.error());
    nginx = *std::move(started);
    load.url = "http://127.0.0.1:" + std::to_string(nginx.port);
  }
  LocalServer silent;
  if (load.hang > 0) {
    auto started = start_silent_server();
    if (!started) return tl::unexpected(started.error());
    silent = *std::move(started);
    load.silent_url = "http://127.0.0.2:" + std::to_string(silent.port);
  }
  auto store = Store::open(arguments.text("dir", (scratch.path() / "store").string()));
  if (!store) return tl::unexpected(store.error());
  auto prober = Prober::create(**store, {});
  if (!prober) return tl::unexpected(prober.error());
  if (auto added = add_all(**store, **prober, load); !added) return tl::unexpected(added.error());
  if (auto started = (*prober)->start(); !started) return tl::unexpected(started.error());
  const Watched watched = watch(**prober, arguments.number("seconds", 60));
  if (auto stopped = (*prober)->stop(); !stopped) return tl::unexpected(stopped.error());
  return report(watched, load);
}

}  // namespace nines::bench
