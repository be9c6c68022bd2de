// A push server's deadline: when its job must have reported, and what reports and silence become. A state machine over
// wall time; it stores nothing. One thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include <nines/check_result.h>
#include <nines/push.h>
#include <nines/server.h>

namespace nines::prober {

/// The rhythm of a job, ready to use.
struct PushRhythm {
  std::chrono::milliseconds interval{};
  std::chrono::milliseconds grace{};  ///< > 0
  std::optional<CronSchedule> cron;   ///< instead of the interval

  /// `invalid_argument` as validate(PushSpec).
  [[nodiscard]] static Result<PushRhythm> make(const PushSpec& spec, std::chrono::milliseconds interval);
  /// By when a job that was heard at `time` must be heard again.
  [[nodiscard]] TimeMs deadline_after(TimeMs time) const;
};

class PushJob {
 public:
  /// The prober hears from `now` on. `last_report`: the newest stored report, unless something else was stored since.
  /// Its deadline still counts when it is ahead; one that passed while nobody listened says nothing.
  PushJob(PushRhythm rhythm, TimeMs now, std::optional<TimeMs> last_report);

  [[nodiscard]] TimeMs deadline() const noexcept { return deadline_; }

  /// The result of a report, without server and location; no value for a start.
  [[nodiscard]] std::optional<CheckResult> report(const PushReport& report, TimeMs now);
  /// The result of the silence at deadline(). The deadline moves on by a rhythm.
  [[nodiscard]] CheckResult silence();
  /// The confirmation rule wants to know sooner: silence until `time` is told too.
  void look_again(TimeMs time) noexcept { deadline_ = std::min(deadline_, time); }

  /// Nobody listened between `from` and `now`: when the deadline fell into it, waits anew. True when it did.
  bool missed_while_not_listening(TimeMs from, TimeMs now);
  /// The wall clock was set to `now`: a deadline further ahead than it can be comes nearer.
  void clock_set(TimeMs now);
  /// A new rhythm, from `now` on.
  void change(PushRhythm rhythm, TimeMs now);

 private:
  [[nodiscard]] std::uint32_t interval_from(TimeMs now) const;

  PushRhythm rhythm_;
  TimeMs deadline_;
  std::optional<TimeMs> heard_;    // the last report
  std::optional<TimeMs> started_;  // a start without an end
};

}  // namespace nines::prober
