// The loop as the prober's core sees it: checks and timers. Checks run on a Runner (checks/runner.h), tests on
// simulated time. All of it on the loop's thread, or before the loop runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include <nines/check_runner.h>

namespace nines::prober {

/// A timer of a loop; 0 is none.
enum class TimerId : std::uint64_t {};

class CheckLoop {
 public:
  virtual ~CheckLoop() = default;
  /// As CheckRunner::start().
  virtual void start(std::shared_ptr<const CompiledCheck> check, CheckRunner::Done done) = 0;
  /// Calls `fn` once on the loop at `when` or as soon after it as the loop is free; a time in the past means at once.
  /// Timers of one moment run in the order in which they were set.
  virtual TimerId call_at(CheckRunner::Clock::time_point when, std::function<void()> fn) = 0;
  /// Forgets a timer. Nothing happens when it has run already.
  virtual void cancel(TimerId timer) noexcept = 0;
};

}  // namespace nines::prober
