#include <nines/push.h>

#include <string>

namespace nines {
namespace {

constexpr std::chrono::milliseconds kMostGrace = std::chrono::days{31};
constexpr std::size_t kMostTokenBytes = 200;

}  // namespace

Result<void> validate(const PushSpec& spec) {
  if (spec.grace < std::chrono::milliseconds{0} || spec.grace > kMostGrace) {
    return fail(ErrorCode::invalid_argument, "grace: must lie between 0 and 31 days");
  }
  if (spec.token.size() > kMostTokenBytes) {
    return fail(ErrorCode::invalid_argument, "token: at most " + std::to_string(kMostTokenBytes) + " bytes");
  }
  if (spec.cron.empty()) return {};
  const Result<CronSchedule> cron = CronSchedule::parse(spec.cron, spec.timezone);
  if (!cron) return tl::unexpected(cron.error());
  return {};
}

}  // namespace nines
