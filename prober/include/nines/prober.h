// The prober: checks of many servers on a schedule, stored and told.
//
//   auto prober = Prober::create(store, options);
//   prober->set_server({.id = id, .name = "site", .check = spec, .rules = rules});
//   prober->start(); ... prober->stop();
//
// How it measures: each server has its own phase within its interval, the same after a restart. A check that cannot
// start before its next one is due is skipped and counted. Time in which the prober was suspended or stalled, or in
// which the wall clock was set, becomes an explicit unknown result (ErrorClass::not_running), never a burst of checks
// and never a false down. After a first failure the confirmation rule's next checks come at interval / 4.
//
// What it costs (nines_measure_prober): 0.2 ms of a processor for an HTTP check over a connection of its own, of which
// libcurl and the kernel take 0.18; 2 KiB for a server, beside 3 KiB in the store.
//
// Threads: every member may be called from any thread, except that stop() and the destructor must not be called from a
// callback. Owns its threads: the loop (checks and timers), the writer (storage, on_result), the dispatcher
// (on_change, decides on alerts), up to kAlertDeliveries for each alert target, and one for error budgets. Their
// signals are blocked. Callbacks must not throw.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nines/alert.h>
#include <nines/check_result.h>
#include <nines/check_runner.h>
#include <nines/check_spec.h>
#include <nines/options.h>
#include <nines/push.h>
#include <nines/result.h>
#include <nines/server.h>
#include <nines/store.h>

namespace nines {

/// What is probed, how and when. `id` is the catalog's: the server must exist in the store.
struct ProbedServer {
  ServerId id{};
  std::string name;
  std::string group;             ///< for alerts
  CheckSpec check;               ///< of kind push: only `url` is read
  Rules rules;                   ///< interval, timeout and confirmation; interval >= kMinInterval
  std::optional<PushSpec> push;  ///< for the push kind; absent means its defaults
  bool paused = false;           ///< not probed and never told about, but kept
  /// Names of the alert targets that hear of it; nothing means all.
  std::optional<std::vector<std::string>> alerts;
};
inline constexpr std::chrono::milliseconds kMinInterval{100};

/// A confirmed change of a server's state, as the store's data will tell it too: backdated to the first check of the
/// row that confirmed it. `unknown` is a state as well: the prober was not able to measure. After unknown time an
/// outage goes on since its begin, any other state since the first check after it.
struct StateChange {
  ServerId server{};
  std::string name;
  State from = State::unknown;
  State to = State::unknown;
  TimeMs since{};      ///< when it began
  CheckResult result;  ///< that confirmed it
};

/// What became of one check, beside its stored result.
struct CheckReport {
  CheckResult result;
  std::shared_ptr<const CheckOutcome> outcome;  ///< certificate, redirects, address; null when there was no check
};

struct ProberOptions {
  // Behaviour.
  LocationId location{};  ///< the place that results are stored under
  RunnerOptions runner;
  /// References of the own-connectivity guard. While a failure finds none of them answering, results that would be
  /// down are unknown (ErrorClass::own_network). A name that is not found is judged by those with a name. Empty: none.
  std::vector<CheckSpec> references;
  /// References are asked at most so often. A failure is judged by an answer that was asked for after it was seen, so
  /// with references an alert may leave later by this and by what they take to answer. [50 ms, 1 h]
  std::chrono::milliseconds reference_pause{500};
  AlertOptions alerts;
  /// Longest silence of the own loop that is taken for slowness; past it the prober stalled. [300 ms, 1 h]
  std::chrono::milliseconds stall_after{1'000};
  /// Smallest step of the wall clock against the monotonic one that is recorded. [100 ms, 1 h]
  std::chrono::milliseconds clock_step{1'000};
  std::chrono::milliseconds stop_grace{2'000};    ///< how long stop() waits for checks in flight
  std::chrono::milliseconds drain_limit{30'000};  ///< how long stop() goes on trying a store that refuses

  // Limits and performance.
  std::size_t max_in_flight = 2'000;          ///< checks at one moment; 20 KiB each, 80 with TLS; 1-2 descriptors
  std::size_t max_in_flight_per_host = 500;   ///< to one host name; what is above waits its turn
  double start_rate = 100;                    ///< first checks of servers without a fresh result, a second
  std::size_t queue_results = 65'536;         ///< results waiting for the store; more become ErrorClass::dropped
  std::chrono::milliseconds batch_delay{50};  ///< how long the writer gathers before it appends

  // Told to the host. Empty: nobody.
  std::function<void(const CheckReport&)> on_result;    ///< writer thread, after it was stored at Durability::process
  std::function<void(const StateChange&)> on_change;    ///< dispatcher thread, at once, stored or not
  std::function<void(LogLevel, std::string_view)> log;  ///< any of the prober's threads; no secrets in it

  /// `invalid_argument` naming the first field that is out of its bounds.
  [[nodiscard]] Result<void> validate() const;
};

/// Counters since create(), and figures of the moment. Refreshed about four times a second.
struct ProberStats {
  std::uint64_t servers = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t waiting = 0;  ///< due, but held back by a cap
  std::uint64_t checks = 0;   ///< finished; of them:
  std::uint64_t up = 0, degraded = 0, down = 0, unknown = 0;
  std::uint64_t retries = 0;       ///< made by the confirmation rule
  std::uint64_t missed_ticks = 0;  ///< skipped: still busy, held back too long, suspended or stalled
  std::uint64_t pauses = 0;        ///< suspensions and stalls seen
  std::uint64_t clock_steps = 0;   ///< of the wall clock
  bool online = true;              ///< the guard's last word
  /// Start of a check behind its time, over the last full minute (or what there is of the first); upper bounds of
  /// buckets a quarter octave wide.
  std::chrono::microseconds lag_p50{}, lag_p99{}, lag_max{};

  std::uint64_t queue_depth = 0;     ///< results waiting for the store
  std::uint64_t queue_peak = 0;      ///< the most there ever were
  std::uint64_t stored = 0;          ///< results appended
  std::uint64_t dropped = 0;         ///< lost to a full queue, each told in an ErrorClass::dropped result
  std::uint64_t refused = 0;         ///< that the store would never take (its server is gone)
  std::uint64_t store_failures = 0;  ///< appends that failed and were tried again
  AlertStats alerts;
};

class Prober {
 public:
  /// `store` must outlive the prober. Errors: invalid_argument (options), io (descriptors, the alert journal),
  /// newer_format and not_a_store (the alert journal). Damage in the journal is logged, not an error.
  [[nodiscard]] static Result<std::unique_ptr<Prober>> create(Store& store, ProberOptions options);
  /// stop()s when that was not done.
  virtual ~Prober() = default;

  /// Adds a server or replaces its description; may be called before and after start(). A known id keeps its state,
  /// and its phase unless the interval changed. Reads the server's last results from the store, so that confirmation
  /// goes on where it was; where checks were missed since and the last result still seems to hold, an unknown result
  /// marks the first that was. Errors: invalid_argument (check, rules, push), already_exists (the push token), those
  /// of Store::scan; on error nothing changes.
  [[nodiscard]] virtual Result<void> set_server(const ProbedServer& server) = 0;
  /// Stops probing it; a check in flight is abandoned without a result. Whoever was told of an incident is told its
  /// end, also of one that only the alert journal remembers. `not_found` when the prober does not know it.
  [[nodiscard]] virtual Result<void> remove_server(ServerId id) = 0;
  /// Checks the server as soon as the caps allow, beside its schedule. `not_found`; `invalid_argument` for a push
  /// server.
  [[nodiscard]] virtual Result<void> check_now(ServerId id) = 0;
  /// Replaces the alert targets. Messages owed to a target that is gone are dropped. The journal stays what it is.
  [[nodiscard]] virtual Result<void> set_alert_targets(std::vector<AlertTarget> targets) = 0;
  /// Takes over max_in_flight, max_in_flight_per_host and start_rate of `options`, and names those of its other
  /// settings that differ from what this prober runs with, which only a new one takes: "location", "user-agent",
  /// "dns-servers", "references". Alerts and callbacks are not looked at. `invalid_argument` as
  /// ProberOptions::validate(), and nothing changes then.
  [[nodiscard]] virtual Result<std::vector<std::string>> reconfigure(const ProberOptions& options) = 0;

  /// A push server's job reports, under the server's name or token. `stored` is called once, on the writer thread, when
  /// the result is in the store or was refused (at once for `start` and `log`, which store nothing). `not_found` when
  /// no push server has this name or token, `unavailable` when not running; then `stored` is not called.
  [[nodiscard]] virtual Result<void> report(std::string_view name_or_token, PushReport report,
                                            std::function<void(const Result<void>&)> stored = {}) = 0;

  /// Begins to probe. `unavailable` when it was started before (a prober runs once), and when the system gives no
  /// thread.
  [[nodiscard]] virtual Result<void> start() = 0;
  /// Starts no more checks, gives those in flight stop_grace, stores every result, finishes the deliveries under way.
  /// What was not measured leaves no result. `unavailable` with a count when the store refused results for
  /// drain_limit. Calling it again does nothing.
  [[nodiscard]] virtual Result<void> stop() = 0;

  [[nodiscard]] virtual ProberStats stats() const = 0;
  /// The confirmed state of a server; no value when it is not there.
  [[nodiscard]] virtual std::optional<State> state(ServerId id) const = 0;
};

}  // namespace nines
