// What every check in flight has: its deadline, its name lookup, and its one report.
//
// Threads: the loop's only. A RunningCheck lives until the runner has taken its outcome.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nines/check_runner.h>

#include "base/event_loop.h"
#include "checks/conditions.h"
#include "checks/resolver.h"
#include "spec/compiled_check.h"

namespace nines::prober {

class CurlEngine;
class RunningCheck;

/// What checks share: one of each a runner.
class Services {
 public:
  EventLoop& loop;
  CurlEngine& curl;
  const RunnerOptions& options;

  virtual ~Services() = default;
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  virtual Resolver& resolver() = 0;
  /// The resolver that asks `server` ("address:port", empty for the system's) and hands every answer out.
  virtual Resolver* plain_resolver(const std::string& server) = 0;
  /// `check` has its outcome; it is destroyed and reported from the loop, after this call.
  virtual void finished(RunningCheck& check) = 0;

 protected:
  Services(EventLoop& l, CurlEngine& c, const RunnerOptions& o) : loop(l), curl(c), options(o) {}
};

class RunningCheck {
 public:
  using Clock = EventLoop::Clock;

  RunningCheck(Services& services, std::shared_ptr<const CompiledCheck> check, CheckRunner::Done done);
  virtual ~RunningCheck();
  RunningCheck(const RunningCheck&) = delete;
  RunningCheck& operator=(const RunningCheck&) = delete;

  /// Sets the deadline and begins.
  void start();

  /// For the runner.
  std::size_t index = 0;
  CheckOutcome outcome;
  CheckRunner::Done done;

 protected:
  /// The first step; may finish() at once.
  virtual void begin() = 0;
  /// What the check was waiting for when its total time was over.
  virtual Failure overdue() = 0;
  /// Lets go of descriptors and handles. Called once, from finish().
  virtual void release() {}

  /// Addresses of `host`: numeric ones and fixed ones at once, others from the DNS under the check's dns timeout.
  /// Calls `found` with at least one address of the wanted family that the policy allows, port set; else fails.
  void lookup(const std::string& host, std::uint16_t port, std::function<void(std::vector<Address>)> found);

  /// Ends the check: `fail` with what is wrong, `succeed` after degrade(). Later calls do nothing.
  void fail(const Failure& failure);
  void succeed();

  [[nodiscard]] bool finished() const noexcept { return finished_; }
  [[nodiscard]] bool looking_up() const noexcept { return lookup_.has_value(); }
  [[nodiscard]] const CompiledCheck& check() const noexcept { return *check_; }
  [[nodiscard]] const CheckSpec& spec() const noexcept { return check_->spec; }
  [[nodiscard]] Clock::time_point started() const noexcept { return started_; }
  [[nodiscard]] Clock::time_point deadline() const noexcept { return started_ + spec().timeouts.total; }
  [[nodiscard]] EventLoop& loop() const noexcept { return services_.loop; }
  [[nodiscard]] Services& services() const noexcept { return services_; }

 private:
  void found(std::uint16_t port, HostAnswer answer, const std::function<void(std::vector<Address>)>& done_looking);
  void end_lookup() noexcept;
  void turn_over();
  void finish();

  Services& services_;
  const std::shared_ptr<const CompiledCheck> check_;
  Clock::time_point started_{};
  TimerId deadline_timer_{};
  TimerId dns_timer_{};
  std::optional<Resolver::Id> lookup_;
  std::string lookup_host_;
  Clock::time_point lookup_started_{};
  bool finished_ = false;
};

/// Microseconds that fit a result; negative durations are 0.
[[nodiscard]] std::uint32_t clamp_us(std::chrono::nanoseconds time) noexcept;

std::unique_ptr<RunningCheck> make_curl_check(Services&, std::shared_ptr<const CompiledCheck>, CheckRunner::Done);
std::unique_ptr<RunningCheck> make_tcp_check(Services&, std::shared_ptr<const CompiledCheck>, CheckRunner::Done);
std::unique_ptr<RunningCheck> make_dialog_check(Services&, std::shared_ptr<const CompiledCheck>, CheckRunner::Done);
std::unique_ptr<RunningCheck> make_icmp_check(Services&, std::shared_ptr<const CompiledCheck>, CheckRunner::Done);
std::unique_ptr<RunningCheck> make_dns_check(Services&, std::shared_ptr<const CompiledCheck>, CheckRunner::Done);

}  // namespace nines::prober
