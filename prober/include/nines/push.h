// Push servers: nothing is probed, a job reports in, and silence past its deadline is down.
//
// What a report becomes: `success` an up result, `failure` (or an exit code other than 0) a down result of class
// `reported`, `start` no result, it starts the clock for the job's duration. When the deadline passes without a report,
// a down result of class `silence` is stored at the deadline, and again every interval while the silence lasts, sooner
// while the confirmation rule waits for its next failure. A start without an end is silence after `grace` too.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <nines/result.h>
#include <nines/types.h>

namespace nines {

/// When a job is expected to report.
struct PushSpec {
  std::string token;                   ///< secret name to report under, besides the server's name; may be empty
  std::chrono::milliseconds grace{0};  ///< how late a report may come, [0, 31 d]; 0 means a tenth of the interval
  std::string cron;                    ///< five fields or @hourly and the like; empty: every Rules::interval
  std::string timezone = "UTC";        ///< of `cron`, IANA name
  friend bool operator==(const PushSpec&, const PushSpec&) = default;
};

/// `invalid_argument` with the field's name: a bad cron expression, an unknown zone, a grace out of its bounds.
[[nodiscard]] Result<void> validate(const PushSpec& spec);

/// What a job says.
struct PushReport {
  enum class Kind : std::uint8_t { start, success, failure };
  Kind kind = Kind::success;
  std::optional<int> exit_code;  ///< other than 0 makes a success a failure; kept in the result's code, [0, 65535]
  std::string log_line;          ///< for the detail of a failure; cut to 500 bytes, control characters replaced
  std::optional<std::chrono::milliseconds> duration;  ///< without it: since the start report, if there was one
};

/// A cron expression: minute, hour, day of month, month, day of week; lists, ranges, steps, names (jan, mon), 7 as
/// Sunday, and @hourly @daily @midnight @weekly @monthly @yearly @annually. When both days are restricted, either will
/// do, as in crontab(5). Immutable; any thread.
class CronSchedule {
 public:
  /// `invalid_argument` says which field is wrong, or that the zone is unknown.
  [[nodiscard]] static Result<CronSchedule> parse(std::string_view expression, std::string_view timezone);

  /// The first time of the schedule after `time`. A local time that a clock change skips fires at the change, one that
  /// comes twice fires the first time. No value when there is none within 8 years (31 February).
  [[nodiscard]] std::optional<TimeMs> next(TimeMs time) const;

 private:
  struct Parts;
  explicit CronSchedule(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace nines
