// The prober's idea of time: one schedule time that runs on, whatever happens to the wall clock, and the events that
// tell when it was not watched.
//
// Schedule time is in microseconds since 1970 by the wall clock as it was at the start, and goes with CLOCK_BOOTTIME
// from then on: it includes suspensions and ignores every setting of the wall clock. One thread.
#pragma once

#include <chrono>
#include <optional>

#include <nines/types.h>

namespace nines::prober {

using Micros = std::chrono::microseconds;

/// The system's clocks, read together.
struct Moment {
  Micros steady{};  ///< CLOCK_MONOTONIC, that of timers: stands still while the machine is suspended
  Micros boot{};    ///< CLOCK_BOOTTIME: does not
  TimeMs wall{};    ///< CLOCK_REALTIME: can be set
};
[[nodiscard]] Moment read_clocks() noexcept;

/// Nobody looked at the clock between two observations: the machine was suspended, or the process stood still.
struct Pause {
  Micros from{};       ///< schedule time of the last observation before
  Micros to{};         ///< of the first one after
  TimeMs wall_from{};  ///< wall time at `from`
  bool suspended = false;
};

/// The wall clock was set between two observations.
struct ClockStep {
  std::chrono::milliseconds by{};  ///< > 0: forward
  TimeMs before{};                 ///< what it would show now without
};

struct ClockEvents {
  std::optional<Pause> pause;
  std::optional<ClockStep> step;
};

class ScheduleClock {
 public:
  struct Limits {
    Micros stall_after{1'000'000};          ///< longest time between observations that is not a pause
    std::chrono::milliseconds step{1'000};  ///< smallest step that is told
  };
  ScheduleClock(const Moment& start, Limits limits);

  /// Begins anew at `moment`: what lies between is nobody's business.
  void restart(const Moment& moment) noexcept;
  /// Takes note of the time. Must be called more often than `stall_after`.
  [[nodiscard]] ClockEvents observe(const Moment& moment);
  /// As of the last observation.
  [[nodiscard]] Micros now() const noexcept { return now_; }
  [[nodiscard]] TimeMs wall() const noexcept { return last_.wall; }
  /// The moment of CLOCK_MONOTONIC at which schedule time will be `when`, if the machine stays awake.
  [[nodiscard]] Micros steady_at(Micros when) const noexcept { return last_.steady + (when - now_); }

 private:
  const Limits limits_;
  Moment last_;
  Micros now_;
};

}  // namespace nines::prober
