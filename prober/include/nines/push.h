// Push servers: nothing is probed, a job reports in, and silence past its deadline is down.
//
// What a report becomes: `success` an up result, `failure` (or an exit code other than 0) a down result of class
// `reported`, `start` and `log` no result. A start begins the job's run: its duration becomes the latency of the report
// that ends it, and when max_runtime (or the grace, where there is none) passes without one, a down result is stored.
// A run that took longer than latency_below is degraded (`slow`), longer than max_runtime down (`timeout`).
// A start is no result and is kept in memory only: a run that goes on while the prober is restarted has no begin, so
// that only its due time counts, and the duration that its last report names.
// When the deadline passes without a report, a down result of class `silence` is stored at the deadline, and again
// every interval while the silence lasts, sooner while the confirmation rule waits for its next failure.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <nines/result.h>
#include <nines/types.h>

namespace nines {

/// When a job is expected to report.
struct PushSpec {
  std::string token;  ///< secret name to report under, besides the server's name; may be empty
  /// How late a report may come, and how early: one that comes this long before a due time, but past the middle between
  /// it and the one before, fulfils it. [0, 31 d]; 0 means a tenth of the interval, or of the schedule's shortest step
  /// up to an hour; at least a second.
  std::chrono::milliseconds grace{0};
  // Due times: one of the two, or neither for every Rules::interval.
  std::string cron;                            ///< as JobSchedule::parse_cron
  std::string on_calendar;                     ///< as JobSchedule::parse_on_calendar
  std::string timezone;                        ///< of both, IANA name; empty: UTC
  std::chrono::milliseconds latency_below{0};  ///< runs that take longer are degraded; 0: none, at most 31 d
  std::chrono::milliseconds max_runtime{0};    ///< runs that take longer are down; 0: none, at most 31 d
  friend bool operator==(const PushSpec&, const PushSpec&) = default;
};

/// `invalid_argument` with the field's name: a bad expression, both kinds of them, an unknown zone, a duration out of
/// its bounds, latency_below that is not below max_runtime.
[[nodiscard]] Result<void> validate(const PushSpec& spec);

/// What a job says.
struct PushReport {
  enum class Kind : std::uint8_t { start, success, failure, log };
  Kind kind = Kind::success;
  std::optional<int> exit_code;  ///< other than 0 makes a success a failure; kept in the result's code, [0, 65535]
  std::string log_line;          ///< for the detail of a failure; cut to 500 bytes, control characters replaced
  std::optional<std::chrono::milliseconds> duration;  ///< without it: since the start report, if there was one
};

/// A report as it comes in a request: the last word of its path (empty, `start`, `success`, `fail`, `log`, or an exit
/// code), the parameters of its query, and its body. Parameters: `state` or `status` (start, success, up, ok, fail,
/// failure, down, log), `exit-code` or `exit_code`, `duration` (90s, 1.5s, 250ms, 2m, 1h) or `ping` (milliseconds),
/// `msg` or `message`. `invalid_argument` names a parameter that is unknown, comes twice, contradicts another, or is
/// malformed: a report that is not understood must not become a success.
[[nodiscard]] Result<PushReport> parse_push_report(std::string_view word,
                                                   std::span<const std::pair<std::string, std::string>> parameters,
                                                   std::string_view body);

/// The times at which a job is due. Immutable; any thread.
///
/// Clock changes of under three hours are treated as cron(8) does: a schedule whose minute or hour is a wildcard
/// follows elapsed time; one of fixed times runs at the change when its time is skipped, and once when it comes twice.
class JobSchedule {
 public:
  /// Minute, hour, day of month, month, day of week; lists, ranges, steps, names (jan, mon), 7 as Sunday; as day of
  /// month L (the last) and LW (the last from Monday to Friday), as day of week 5L or friL (the last Friday) and 5#2
  /// (the second); @hourly @daily @midnight @weekly @monthly @yearly @annually. When both days are restricted, either
  /// will do, as in crontab(5). `timezone` may be empty: UTC. `invalid_argument` says which field is wrong, that the
  /// zone is unknown, or that the time never comes (31 February).
  [[nodiscard]] static Result<JobSchedule> parse_cron(std::string_view expression, std::string_view timezone);
  /// A calendar event as in systemd.time(7): `Mon..Fri *-*-* 10:00:00`, `*-*~01 04:00`, `*:0/15`, `Sat,Sun 12:30`,
  /// weekly, quarterly and the like; whole seconds. It may name its zone at its end; `timezone` must not contradict it.
  /// Errors as above. What lies in the past alone is taken.
  [[nodiscard]] static Result<JobSchedule> parse_on_calendar(std::string_view expression, std::string_view timezone);

  /// The first time of the schedule after `time`. No value when there is none within 8 years.
  [[nodiscard]] std::optional<TimeMs> next(TimeMs time) const;

 private:
  struct Rule;
  explicit JobSchedule(std::shared_ptr<const Rule> rule) : rule_(std::move(rule)) {}
  std::shared_ptr<const Rule> rule_;
  friend struct JobScheduleParts;
};

}  // namespace nines
