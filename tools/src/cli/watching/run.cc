// nines run: the main job, from the command line to its clean end.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>

#include <cerrno>
#include <chrono>

#include "cli/command/session.h"
#include "cli/watching/commands.h"
#include "cli/watching/log_option.h"
#include "config/config.h"
#include "run/console.h"
#include "run/daemon.h"
#include "run/service.h"
#include "show/text.h"

namespace nines::tools {
namespace {

// Signals arrive in the main thread only, when it waits for them: no handler runs in the middle of anything.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

// The next signal, or 0 after `span`.
int wait_for_signal(const sigset_t& set, std::chrono::milliseconds span) {
  const timespec timeout{.tv_sec = span.count() / 1000, .tv_nsec = span.count() % 1000 * 1'000'000};
  const int number = sigtimedwait(&set, nullptr, &timeout);
  return number > 0 ? number : 0;
}

// Raises the number of descriptors that this process may have to what the system lets it, and returns it.
rlim_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return RLIM_INFINITY;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) return raised.rlim_cur;
  }
  return limit.rlim_cur;
}

// What to say when `limit` descriptors are too few for that many checks in flight; nothing when they are enough.
std::string descriptor_warning(rlim_t limit, std::size_t max_in_flight) {
  // A check holds up to two, its connection and a name lookup; the rest is for the store, the page and the alerts.
  constexpr rlim_t kOthers = 256;
  const rlim_t wanted = 2 * static_cast<rlim_t>(max_in_flight) + kOthers;
  if (limit == RLIM_INFINITY || limit >= wanted) return {};
  return fmt::format(
      "; the limit of {} open files is too low for {} checks at a time: raise it to {} (ulimit -Hn, LimitNOFILE) or "
      "lower prober.max-in-flight",
      limit, max_in_flight, wanted);
}

std::string progress_line(const ProberStats& stats, double checks_a_second) {
  std::string line = fmt::format("{} checks ({:.1f}/s), {} failed, {} in flight, lag {:.1f} ms",
                                 with_commas(stats.checks), checks_a_second, with_commas(stats.down), stats.in_flight,
                                 static_cast<double>(stats.lag_p99.count()) / 1000);
  if (stats.missed_ticks > 0) line += fmt::format(", {} missed", with_commas(stats.missed_ticks));
  if (stats.queue_depth > 0) line += fmt::format(", {} to store", with_commas(stats.queue_depth));
  if (stats.dropped > 0) line += fmt::format(", {} dropped", with_commas(stats.dropped));
  if (!stats.online) line += ", OWN NETWORK DOWN";
  return line;
}

std::string status_text(const Daemon& daemon) {
  return fmt::format("checking {} server{}", daemon.servers(), daemon.servers() == 1 ? "" : "s");
}

void watch(Daemon& daemon, Console& console, ServiceManager& service, const sigset_t& signals) {
  constexpr std::chrono::seconds kCare = std::chrono::hours{1};
  constexpr std::chrono::milliseconds kTick{500};
  auto cared = std::chrono::steady_clock::now();
  auto counted = cared;
  std::uint64_t checks = 0;
  double rate = 0;
  while (true) {
    const int number = wait_for_signal(signals, kTick);
    if (number == SIGINT || number == SIGTERM) return;
    if (number == SIGHUP) {
      service.reloading();
      (void)daemon.reload();  // it has said what was wrong
      service.ready(status_text(daemon));
    }
    service.alive();
    const ProberStats stats = daemon.stats();
    daemon.look_at_storage(stats);
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> since = now - counted;
    if (since >= std::chrono::seconds{2}) {
      rate = static_cast<double>(stats.checks - checks) / since.count();
      checks = stats.checks;
      counted = now;
    }
    console.show(progress_line(stats, rate));
    if (now - cared >= kCare) {
      cared = now;
      daemon.care();
    }
  }
}

/// A command of another process, on the daemon's store.
int run_handed(Daemon& daemon, const HandedCommand& command) {
  Owner owner{daemon.store(), daemon.catalog_mutex(), {}, {}, {}, {}, {}};
  for (const Descriptor& input : command.inputs) owner.inputs.push_back(input.get());
  owner.cancelled = command.cancelled;
  owner.catalog_changed = [&daemon] { daemon.catalog_changed(); };
  owner.push = [&daemon](const std::string& token, const std::map<std::string, std::string>& parameters,
                         const std::string& log) {
    WebRequest request;  // of somebody who may do everything: whoever may use the socket owns the store
    request.query = parameters;
    request.body = log;
    return daemon.push(request, token, PushBy::token_or_name);
  };
  owner.certificates = [&daemon] { return daemon.certificate_expiries(); };
  return run_handed_command(command.arguments, command.terminal, owner);
}

}  // namespace

Outcome run(const Call& call) {
  const auto path = call.text("config");
  if (!path) return usage("run needs --config FILE");
  const auto format = read_log_format(call);
  if (!format) return tl::unexpected(format.error());
  Console console(call.terminal.err_is_terminal && !call.quiet, *format);
  auto config = load_config(*path);
  if (!config) return refused(console, fmt::format("the configuration has mistakes:\n{}", config.error()));
  Config as_read = *config;
  if (call.has("db")) config->store.path = call.db_path();
  if (const auto listen = call.text("listen")) {
    config->listen = *listen == "off" ? std::nullopt : parse_listen(*listen);
    if (!config->listen && *listen != "off") {
      return usage(fmt::format("--listen {}: it takes an address and port like 127.0.0.1:8080", printable(*listen)));
    }
  }
  if (config->listen) config->access.loopback = is_loopback(*config->listen);
  const sigset_t signals = block_signals();
  ServiceManager service;
  const std::string descriptors = descriptor_warning(raise_descriptor_limit(), config->prober.max_in_flight);
  Daemon daemon(*path, std::move(as_read), std::move(*config), console, call.verbose);
  daemon.take_commands([&daemon](HandedCommand& command) { return run_handed(daemon, command); });
  if (auto started = daemon.start(); !started) return refused(console, started.error().message);
  if (!call.quiet) {
    std::string sentence = status_text(daemon);
    if (const std::string page = daemon.page(); !page.empty()) sentence += ", page at " + printable(page);
    console.say(sentence + descriptors + "; Ctrl-C stops");
  }
  service.ready(status_text(daemon));
  watch(daemon, console, service, signals);
  service.stopping();
  console.show("");
  if (!call.quiet) console.say("stopping");
  if (auto stopped = daemon.stop(); !stopped) return refused(console, stopped.error().message);
  return kExitDone;
}

}  // namespace nines::tools
