#include "schedule/push_job.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "base/text.h"

namespace nines::prober {
namespace {

constexpr std::chrono::milliseconds kLeastGrace{1'000};
// Of schedules: a daily job that is an hour late is worth a look, a weekly one is not worth waiting for longer.
constexpr std::chrono::milliseconds kMostUsualGrace = std::chrono::hours{1};
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

// "1.5 s": to the millisecond, so that what is just below a limit and what is just above it look different.
std::string exact_seconds_text(std::chrono::milliseconds time) {
  std::string text = std::to_string(time.count() / 1'000);
  if (const auto rest = time.count() % 1'000; rest != 0) {
    std::string decimals = std::to_string(1'000 + rest).substr(1);
    decimals.erase(decimals.find_last_not_of('0') + 1);
    text += "." + decimals;
  }
  return text + " s";
}

// Between a dozen of its times from a fixed day on, so that the same schedule has the same grace on every day.
std::chrono::milliseconds shortest_step(const JobSchedule& schedule) {
  constexpr TimeMs kSomeDay = from_ms(1'767'225'600'000);  // 2026-01-01
  constexpr int kSteps = 12;
  std::chrono::milliseconds shortest = std::chrono::days{31};
  std::optional<TimeMs> time = schedule.next(kSomeDay);
  for (int i = 0; i < kSteps && time; ++i) {
    const std::optional<TimeMs> next = schedule.next(*time);
    if (next) shortest = std::min(shortest, *next - *time);
    time = next;
  }
  return shortest;
}

}  // namespace

Result<PushRhythm> PushRhythm::make(const PushSpec& spec, std::chrono::milliseconds interval) {
  if (auto valid = validate(spec); !valid) return tl::unexpected(valid.error());
  PushRhythm rhythm{interval,           spec.grace,       {},
                    spec.latency_below, spec.max_runtime, spec.cron + "\n" + spec.on_calendar + "\n" + spec.timezone};
  std::chrono::milliseconds usual_grace = interval / 10;
  if (!spec.cron.empty() || !spec.on_calendar.empty()) {
    Result<JobSchedule> schedule = spec.cron.empty() ? JobSchedule::parse_on_calendar(spec.on_calendar, spec.timezone)
                                                     : JobSchedule::parse_cron(spec.cron, spec.timezone);
    if (!schedule) return tl::unexpected(schedule.error());
    usual_grace = std::min(shortest_step(*schedule) / 10, kMostUsualGrace);
    rhythm.schedule = *std::move(schedule);
  }
  if (rhythm.grace == std::chrono::milliseconds{0}) rhythm.grace = std::max(usual_grace, kLeastGrace);
  return rhythm;
}

TimeMs PushRhythm::deadline_after(TimeMs time) const {
  if (!schedule) return time + interval + grace;
  const std::optional<TimeMs> due = schedule->next(time);
  return (due ? *due : kTimeLimit - grace) + grace;
}

TimeMs PushRhythm::deadline_after_report(TimeMs time) const {
  if (!schedule) return time + interval + grace;
  const std::optional<TimeMs> due = schedule->next(time);
  if (!due) return kTimeLimit;
  const std::optional<TimeMs> following = schedule->next(*due);
  const std::chrono::milliseconds early = following ? std::min(grace, (*following - *due) / 2) : grace;
  const std::chrono::milliseconds lead = *due - time;
  // The time before it is so far away that the report is past the middle.
  const bool is_nearer = schedule->next(*due - 2 * lead - std::chrono::milliseconds{1}) == due;
  return lead <= early && is_nearer ? deadline_after(*due) : *due + grace;
}

PushJob::PushJob(PushRhythm rhythm, TimeMs now, std::optional<TimeMs> last_report,
                 const std::optional<JobMemory>& memory)
    : rhythm_(std::move(rhythm)),
      since_(last_report.value_or(now)),
      heard_(last_report),
      listening_from_(std::max(now, since_)) {
  // What is remembered from the future was noted by another clock.
  const auto is_newer = [&] {
    return !heard_ || *heard_ <= memory->since || (memory->started && *memory->started >= *heard_);
  };
  if (memory && std::max(memory->since, memory->started.value_or(TimeMs::min())) <= now && is_newer()) {
    since_ = std::max(memory->since, heard_.value_or(TimeMs::min()));
    if (memory->heard) heard_ = since_;
    listened_before_ = memory->listened;
    started_ = memory->started;
    // Whether a run that should have ended meanwhile did so, nobody knows; its report still tells how long it took.
    if (started_ && end_of_run(*started_) > now) run_deadline_ = end_of_run(*started_);
  }
  deadline_ = deadline_from(now);
}

TimeMs PushJob::end_of_run(TimeMs started) const noexcept {
  return started + (rhythm_.max_runtime > std::chrono::milliseconds{0} ? rhythm_.max_runtime : rhythm_.grace);
}

std::chrono::milliseconds PushJob::listened(TimeMs now) const noexcept {
  return listened_before_ + std::max(now - listening_from_, std::chrono::milliseconds{0});
}

JobMemory PushJob::memory(TimeMs now) const noexcept {
  return {since_, heard_ == since_, listened(now), started_};
}

TimeMs PushJob::deadline_from(TimeMs now) const {
  const TimeMs deadline = rhythm_.deadline_after(now);
  const TimeMs owed = heard_ ? rhythm_.deadline_after_report(*heard_) : rhythm_.deadline_after(since_);
  // What was fulfilled early is not owed again.
  if (heard_ && owed > now) return rhythm_.schedule ? owed : std::min(deadline, owed);
  // A report may have come while nobody listened, but not each time: who starts again and again would never hear the
  // silence.
  const std::chrono::milliseconds patience = rhythm_.deadline_after(owed) - since_ - listened(now);
  return std::min(deadline, now + std::max(patience, std::chrono::milliseconds{0}));
}

// What the store has to take the result to hold for: until the deadline.
std::uint32_t PushJob::interval_from(TimeMs now) const {
  const std::int64_t ms = (deadline_ - now).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(ms, 1, std::int64_t{std::numeric_limits<std::uint32_t>::max()}));
}

void PushJob::judge_runtime(std::chrono::milliseconds runtime, CheckResult& result) const {
  const auto none = std::chrono::milliseconds{0};
  if (rhythm_.max_runtime > none && runtime > rhythm_.max_runtime) {
    result.state = State::down;
    result.error = ErrorClass::timeout;
    result.detail =
        "the job took " + exact_seconds_text(runtime) + ", max-runtime is " + exact_seconds_text(rhythm_.max_runtime);
  } else if (rhythm_.latency_below > none && runtime >= rhythm_.latency_below) {
    result.state = State::degraded;
    result.error = ErrorClass::slow;
    result.detail =
        "the job took " + exact_seconds_text(runtime) + ", expected below " + exact_seconds_text(rhythm_.latency_below);
  }
}

std::optional<CheckResult> PushJob::report(const PushReport& report, TimeMs now) {
  if (report.kind == PushReport::Kind::log) return std::nullopt;
  if (report.kind == PushReport::Kind::start) {
    const TimeMs end = end_of_run(now);
    // A job that begins again and again has not done what is due: it gains time up to its deadline, and no more.
    run_deadline_ = run_deadline_ ? std::min(end, std::max(deadline_, *run_deadline_)) : end;
    started_ = now;
    return std::nullopt;
  }
  const std::optional<TimeMs> started = std::exchange(started_, std::nullopt);
  run_deadline_.reset();
  heard_ = since_ = listening_from_ = now;
  listened_before_ = std::chrono::milliseconds{0};
  deadline_ = rhythm_.deadline_after_report(now);
  CheckResult result;
  result.time = now;
  result.interval_ms = interval_from(now);
  result.code = static_cast<std::uint16_t>(std::clamp(report.exit_code.value_or(0), 0, 65'535));
  std::optional<std::chrono::milliseconds> runtime = report.duration;
  if (!runtime && started) runtime = now - *started;
  if (runtime) result.latency_us = latency_of(*runtime);
  result.state = State::up;
  if (report.kind == PushReport::Kind::failure || report.exit_code.value_or(0) != 0) {
    result.state = State::down;
    result.error = ErrorClass::reported;
    result.detail = failure_detail(report);
  } else if (runtime) {
    judge_runtime(*runtime, result);
  }
  return result;
}

CheckResult PushJob::silence() {
  CheckResult result;
  result.time = deadline();
  result.state = State::down;
  result.error = ErrorClass::silence;
  const bool whole_run = run_deadline_ && *run_deadline_ - *started_ >= rhythm_.max_runtime;
  if (whole_run && rhythm_.max_runtime > std::chrono::milliseconds{0}) {
    result.error = ErrorClass::timeout;
    result.detail = "the job has been running for " + seconds_text(result.time - *started_) + ", which is max-runtime";
  } else if (started_) {
    result.detail = "started " + seconds_text(result.time - *started_) + " ago and has not reported its end";
  } else if (heard_) {
    result.detail = "no report for " + seconds_text(result.time - *heard_);
  } else {
    result.detail = "no report yet";
  }
  run_deadline_.reset();
  // Told once, and again by the rhythm: not at once when somebody listens anew.
  listened_before_ = std::chrono::milliseconds{0};
  listening_from_ = result.time;
  deadline_ = rhythm_.schedule ? rhythm_.deadline_after(result.time) : result.time + rhythm_.interval;
  result.interval_ms = interval_from(result.time);
  return result;
}

bool PushJob::missed_while_not_listening(TimeMs from, TimeMs now) {
  listening_from_ += now - from;
  if (deadline() <= from || deadline() > now) return false;
  run_deadline_.reset();
  if (deadline_ <= now) deadline_ = rhythm_.deadline_after(now);
  return true;
}

// The run under way goes on at its own pace, whatever the clock shows.
bool PushJob::clock_stepped(std::chrono::milliseconds by, TimeMs now) {
  if (heard_) *heard_ += by;
  since_ += by;
  listening_from_ += by;
  if (started_) *started_ += by;
  if (run_deadline_) *run_deadline_ += by;
  if (by < std::chrono::milliseconds{0}) {
    deadline_ = std::min(deadline_, std::max(deadline_from(now), rhythm_.deadline_after(now)));
    return false;
  }
  if (deadline_ <= now - by || deadline_ > now) return false;
  deadline_ = rhythm_.deadline_after(now);
  return true;
}

void PushJob::change(PushRhythm rhythm, TimeMs now) {
  const bool same = rhythm.is_due_as(rhythm_);
  rhythm_ = std::move(rhythm);
  if (!same) deadline_ = deadline_from(now);
  // The run under way, too, may take as long as is said now.
  if (run_deadline_) run_deadline_ = std::max(end_of_run(*started_), now);
}

}  // namespace nines::prober
