#include "schedule/push_job.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/text.h"

namespace nines::prober {
namespace {

constexpr std::chrono::milliseconds kLeastGrace{1'000};
constexpr std::size_t kLogLineBytes = 500;

std::optional<std::uint32_t> latency_of(std::chrono::milliseconds duration) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  if (us < 0 || us > std::int64_t{kMaxLatencyUs}) return std::nullopt;
  return static_cast<std::uint32_t>(us);
}

std::string failure_detail(const PushReport& report) {
  std::string detail = "the job reported a failure";
  if (report.exit_code) detail += ", exit code " + std::to_string(*report.exit_code);
  const std::string line = one_line(report.log_line);
  return line.empty() ? detail : detail + ": " + shorten(line, kLogLineBytes);
}

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(time).count()) + " s";
}

}  // namespace

Result<PushRhythm> PushRhythm::make(const PushSpec& spec, std::chrono::milliseconds interval) {
  PushRhythm rhythm{
      interval, std::max(spec.grace > std::chrono::milliseconds{0} ? spec.grace : interval / 10, kLeastGrace), {}};
  if (!spec.cron.empty()) {
    Result<CronSchedule> cron = CronSchedule::parse(spec.cron, spec.timezone);
    if (!cron) return tl::unexpected(cron.error());
    rhythm.cron = *std::move(cron);
  }
  return rhythm;
}

TimeMs PushRhythm::deadline_after(TimeMs time) const {
  if (!cron) return time + interval + grace;
  const std::optional<TimeMs> next = cron->next(time);
  return (next ? *next : kTimeLimit - grace) + grace;
}

PushJob::PushJob(PushRhythm rhythm, TimeMs now, std::optional<TimeMs> last_report)
    : rhythm_(std::move(rhythm)), deadline_(rhythm_.deadline_after(now)), heard_(last_report) {
  if (!last_report) return;
  const TimeMs owed = rhythm_.deadline_after(*last_report);
  if (owed > now) deadline_ = std::min(deadline_, owed);
}

// What the store has to believe the result holds for: until the deadline.
std::uint32_t PushJob::interval_from(TimeMs now) const {
  const std::int64_t ms = (deadline_ - now).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(ms, 1, std::int64_t{std::numeric_limits<std::uint32_t>::max()}));
}

std::optional<CheckResult> PushJob::report(const PushReport& report, TimeMs now) {
  if (report.kind == PushReport::Kind::start) {
    started_ = now;
    deadline_ = std::min(deadline_, now + rhythm_.grace);
    return std::nullopt;
  }
  const std::optional<TimeMs> started = std::exchange(started_, std::nullopt);
  heard_ = now;
  deadline_ = rhythm_.deadline_after(now);
  CheckResult result;
  result.time = now;
  result.interval_ms = interval_from(now);
  result.code = static_cast<std::uint16_t>(std::clamp(report.exit_code.value_or(0), 0, 65'535));
  if (report.duration) {
    result.latency_us = latency_of(*report.duration);
  } else if (started) {
    result.latency_us = latency_of(now - *started);
  }
  result.state = State::up;
  if (report.kind == PushReport::Kind::failure || report.exit_code.value_or(0) != 0) {
    result.state = State::down;
    result.error = ErrorClass::reported;
    result.detail = failure_detail(report);
  }
  return result;
}

CheckResult PushJob::silence() {
  CheckResult result;
  result.time = deadline_;
  result.state = State::down;
  result.error = ErrorClass::silence;
  if (started_) {
    result.detail = "started " + seconds_text(deadline_ - *started_) + " ago and has not reported its end";
  } else if (heard_) {
    result.detail = "no report for " + seconds_text(deadline_ - *heard_);
  } else {
    result.detail = "no report yet";
  }
  deadline_ = rhythm_.cron ? rhythm_.deadline_after(deadline_) : deadline_ + rhythm_.interval;
  result.interval_ms = interval_from(result.time);
  return result;
}

bool PushJob::missed_while_not_listening(TimeMs from, TimeMs now) {
  if (deadline_ <= from || deadline_ > now) return false;
  started_.reset();
  deadline_ = rhythm_.deadline_after(now);
  return true;
}

void PushJob::clock_set(TimeMs now) {
  deadline_ = std::min(deadline_, rhythm_.deadline_after(now));
}

void PushJob::change(PushRhythm rhythm, TimeMs now) {
  rhythm_ = std::move(rhythm);
  deadline_ = rhythm_.deadline_after(now);
}

}  // namespace nines::prober
