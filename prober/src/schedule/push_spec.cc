// The bounds of a push server's description.
#include <nines/push.h>

#include <string>

namespace nines {
namespace {

constexpr std::chrono::milliseconds kMostDuration = std::chrono::days{31};
constexpr std::size_t kMostTokenBytes = 200;

Result<void> within(const char* name, std::chrono::milliseconds value) {
  if (std::chrono::milliseconds{0} <= value && value <= kMostDuration) return {};
  return fail(ErrorCode::invalid_argument, std::string(name) + ": must lie between 0 and 31 days");
}

}  // namespace

Result<void> validate(const PushSpec& spec) {
  if (auto fine = within("grace", spec.grace); !fine) return fine;
  if (auto fine = within("latency-below", spec.latency_below); !fine) return fine;
  if (auto fine = within("max-runtime", spec.max_runtime); !fine) return fine;
  const bool both = spec.latency_below.count() > 0 && spec.max_runtime.count() > 0;
  if (both && spec.latency_below >= spec.max_runtime) {
    return fail(ErrorCode::invalid_argument, "latency-below: must be below max-runtime");
  }
  if (spec.token.size() > kMostTokenBytes) {
    return fail(ErrorCode::invalid_argument, "token: at most " + std::to_string(kMostTokenBytes) + " bytes");
  }
  if (!spec.cron.empty() && !spec.on_calendar.empty()) {
    return fail(ErrorCode::invalid_argument, "on-calendar: contradicts cron; one of them says when the job is due");
  }
  if (!spec.cron.empty()) {
    if (auto schedule = JobSchedule::parse_cron(spec.cron, spec.timezone); !schedule) {
      return tl::unexpected(schedule.error());
    }
  }
  if (!spec.on_calendar.empty()) {
    if (auto schedule = JobSchedule::parse_on_calendar(spec.on_calendar, spec.timezone); !schedule) {
      return tl::unexpected(schedule.error());
    }
  }
  return {};
}

}  // namespace nines
