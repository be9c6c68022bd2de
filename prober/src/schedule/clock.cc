#include "schedule/clock.h"

#include <ctime>

namespace nines::prober {
namespace {

Micros read(clockid_t clock) noexcept {
  timespec time{};
  clock_gettime(clock, &time);
  return std::chrono::duration_cast<Micros>(std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec});
}

}  // namespace

Moment read_clocks() noexcept {
  Moment moment;
  moment.steady = read(CLOCK_MONOTONIC);
  moment.boot = read(CLOCK_BOOTTIME);
  moment.wall = TimeMs{std::chrono::floor<std::chrono::milliseconds>(read(CLOCK_REALTIME))};
  return moment;
}

ScheduleClock::ScheduleClock(const Moment& start, Limits limits)
    : limits_(limits), last_(start), now_(start.wall.time_since_epoch()) {}

void ScheduleClock::restart(const Moment& moment) noexcept {
  last_ = moment;
  now_ = moment.wall.time_since_epoch();
}

ClockEvents ScheduleClock::observe(const Moment& moment) {
  ClockEvents events;
  const Micros awake = moment.steady - last_.steady;
  const Micros elapsed = moment.boot - last_.boot;
  if (elapsed > limits_.stall_after) {
    events.pause = Pause{now_, now_ + elapsed, last_.wall, elapsed - awake > limits_.stall_after / 2};
  }
  const TimeMs expected = last_.wall + std::chrono::floor<std::chrono::milliseconds>(elapsed);
  const std::chrono::milliseconds by = moment.wall - expected;
  if (by >= limits_.step || by <= -limits_.step) events.step = ClockStep{by, expected};
  now_ += elapsed;
  last_ = moment;
  return events;
}

}  // namespace nines::prober
