// Running checks: an event loop that holds many checks in flight in one thread.
//
// Ownership: the runner owns its descriptors, libcurl handles and timers; callbacks are owned until they were called or
// cancelled. Threads: the thread inside run() is the loop's. `post` and `stop` may be called from any thread, every
// other member from the loop's thread only, or from the creating thread while nothing runs.
// Callbacks must not throw and should return within about a millisecond: all checks wait meanwhile.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nines/check_result.h>
#include <nines/check_spec.h>
#include <nines/result.h>

namespace nines {

/// What one check found.
struct CheckOutcome {
  State state = State::unknown;  ///< up, degraded, down; unknown when the prober itself could not measure
  ErrorClass error = ErrorClass::none;
  ErrorClass expected = ErrorClass::none;   ///< how a check failed that is up for that (CheckSpec::upside_down)
  std::uint16_t code = 0;                   ///< HTTP status, or the protocol's own (DNS rcode, SMTP reply, MQTT return)
  std::optional<std::uint32_t> latency_us;  ///< from the start to the last byte of the body, redirects included
  Phases phases;                            ///< summed over redirects
  std::string detail;                       ///< one short line for a person; no secret, no query string; empty when up
  int redirects = 0;
  std::string final_url;  ///< after redirects, without user, query and fragment; empty when there were none
  std::optional<TimeMs> certificate_expiry;  ///< of the server's own certificate, the earliest over all redirects
  /// The earliest over all redirects of the certificates that verified it, or, when it did not, that were sent.
  std::optional<TimeMs> chain_expiry;
  std::string expiring_certificate;  ///< the name of the one that expires at `chain_expiry`
  std::string address;               ///< the numeric address that was connected to
  std::string http_version;          ///< "1.0", "1.1", "2", or empty
  std::uint64_t body_bytes = 0;      ///< decoded where a condition looks at the body, else as received
};

struct RunnerOptions {
  // Behaviour.
  std::string user_agent = "nines/0.1";  ///< for http kinds, unless a check sets the header
  /// Name servers as "address" or "address:port"; empty means those of /etc/resolv.conf, followed when it changes.
  std::vector<std::string> dns_servers;
  // Performance.
  std::size_t idle_handles = 256;  ///< finished libcurl handles kept for reuse, about 6 KiB each
};

class CheckRunner {
 public:
  using Clock = std::chrono::steady_clock;
  using Done = std::function<void(CheckOutcome)>;

  /// io when the system gives no descriptors; invalid_argument for a bad name server.
  [[nodiscard]] static Result<std::unique_ptr<CheckRunner>> create(RunnerOptions options);
  /// Must not be called inside a callback. Checks in flight are dropped without a call of their `done`.
  virtual ~CheckRunner() = default;
  CheckRunner(const CheckRunner&) = delete;
  CheckRunner& operator=(const CheckRunner&) = delete;

  /// Begins a check. `done` is called exactly once, on the loop, never inside this call, and not later than the check's
  /// total timeout plus the loop's own lag (milliseconds).
  virtual void start(std::shared_ptr<const CompiledCheck> check, Done done) = 0;
  /// Checks that were started and have not been reported.
  [[nodiscard]] virtual std::size_t in_flight() const noexcept = 0;

  /// Runs the loop until stop(). May be called again afterwards.
  virtual void run() = 0;
  /// Makes run() return after the callback that it is in; before run(), makes the next one return at once. Any thread.
  virtual void stop() noexcept = 0;

  /// What the loop itself has done since it was created.
  struct Stats {
    std::uint64_t checks = 0;               ///< reported
    std::uint64_t wakeups = 0;              ///< returns of epoll_wait
    std::chrono::microseconds worst_lag{};  ///< of a timer behind its time
  };
  [[nodiscard]] virtual Stats stats() const noexcept = 0;

 protected:
  CheckRunner() = default;
};

/// What is wrong with the files that TLS reads at each check, here and now: with one that is not right, no check would
/// ever find out how the server is. Any thread.
[[nodiscard]] std::vector<FieldError> check_file_problems(const CheckSpec& spec);

/// Runs one check to its end on a loop of its own. Blocks up to its total timeout.
[[nodiscard]] CheckOutcome check_once(std::shared_ptr<const CompiledCheck> check, RunnerOptions options = {});

}  // namespace nines
