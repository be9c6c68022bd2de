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

#include "base/job_memory.h"

namespace nines::prober {

/// The rhythm of a job, ready to use.
struct PushRhythm {
  std::chrono::milliseconds interval{};
  std::chrono::milliseconds grace{};          ///< > 0
  std::optional<JobSchedule> schedule;        ///< instead of the interval
  std::chrono::milliseconds latency_below{};  ///< as PushSpec
  std::chrono::milliseconds max_runtime{};    ///< as PushSpec
  std::string times{};                        ///< what `schedule` was made of

  /// Whether the due times and the grace are the same.
  [[nodiscard]] bool is_due_as(const PushRhythm& other) const noexcept {
    return interval == other.interval && grace == other.grace && times == other.times;
  }
  /// `invalid_argument` as validate(PushSpec).
  [[nodiscard]] static Result<PushRhythm> make(const PushSpec& spec, std::chrono::milliseconds interval);
  /// By when a job that reported at `time` must report again. A report that comes shortly before a due time fulfils it:
  /// by at most the grace, and not before the middle between that time and the one before or after it.
  [[nodiscard]] TimeMs deadline_after_report(TimeMs time) const;
  /// By when a job must report that is listened for from `time` on, or was silent until then.
  [[nodiscard]] TimeMs deadline_after(TimeMs time) const;
};

class PushJob {
 public:
  /// The prober hears from `now` on. `last_report`: the newest stored report, unless something else was stored since.
  /// Its deadline still counts when it is ahead; one that passed while nobody listened says nothing, but once somebody
  /// has listened since the report for as long as it takes to the deadline behind that one. `memory` is what
  /// memory() was when somebody listened last; a run that it knows goes on.
  PushJob(PushRhythm rhythm, TimeMs now, std::optional<TimeMs> last_report,
          const std::optional<JobMemory>& memory = std::nullopt);

  [[nodiscard]] TimeMs deadline() const noexcept { return run_deadline_.value_or(deadline_); }

  /// The result of a report, without server and location; no value for a start.
  [[nodiscard]] std::optional<CheckResult> report(const PushReport& report, TimeMs now);
  /// The result of the silence at deadline(), or of a run that takes too long. The deadline moves on by a rhythm.
  [[nodiscard]] CheckResult silence();
  /// The confirmation rule wants to know sooner: silence until `time` is told too.
  void look_again(TimeMs time) noexcept { deadline_ = std::min(deadline_, time); }

  /// Nobody listened between `from` and `now`: when the deadline fell into it, waits anew. True when it did.
  bool missed_while_not_listening(TimeMs from, TimeMs now);
  /// The wall clock was set to `now`, `by` further than it would be: a deadline further ahead than it can be comes
  /// nearer. True when one lies in time that never was; it is waited for anew.
  [[nodiscard]] bool clock_stepped(std::chrono::milliseconds by, TimeMs now);
  /// A new description, from `now` on; with the same due times the deadline stays.
  void change(PushRhythm rhythm, TimeMs now);

  [[nodiscard]] JobMemory memory(TimeMs now) const noexcept;

 private:
  [[nodiscard]] std::chrono::milliseconds listened(TimeMs now) const noexcept;
  [[nodiscard]] TimeMs end_of_run(TimeMs started) const noexcept;
  [[nodiscard]] TimeMs deadline_from(TimeMs now) const;
  [[nodiscard]] std::uint32_t interval_from(TimeMs now) const;
  void judge_runtime(std::chrono::milliseconds runtime, CheckResult& result) const;

  PushRhythm rhythm_;
  TimeMs deadline_;
  TimeMs since_;                                  // the last report, or when it was first listened for
  std::optional<TimeMs> heard_;                   // the last report
  std::chrono::milliseconds listened_before_{0};  // since then, by others
  TimeMs listening_from_;
  std::optional<TimeMs> started_;       // a start without an end
  std::optional<TimeMs> run_deadline_;  // by when that run must end, until it was told that it did not
};

}  // namespace nines::prober
