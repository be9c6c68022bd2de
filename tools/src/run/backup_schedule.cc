#include "run/backup_schedule.h"

#include <fmt/format.h>
#include <nines/backup.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry = std::chrono::minutes{10};

}  // namespace

BackupSchedule::BackupSchedule(Store& store, BackupConfig config, Console& console, Told told)
    : store_(store), config_(std::move(config)), console_(console), told_(std::move(told)) {
  counts_.every = config_.every;
}

void BackupSchedule::start() {
  thread_ = std::thread([this] { run(); });
}

BackupSchedule::~BackupSchedule() {
  {
    const engine::MutexLock lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

BackupCounts BackupSchedule::counts() const {
  const engine::MutexLock lock(mutex_);
  return counts_;
}

bool BackupSchedule::ending() const {
  const engine::MutexLock lock(mutex_);
  return ending_;
}

void BackupSchedule::run() {
  look();
  const engine::MutexLock lock(mutex_);
  while (true) {
    pause();
    if (ending_) return;
    const engine::MutexUnlock unlocked(mutex_);
    make_one();
  }
}

void BackupSchedule::pause() {
  milliseconds wait{0};
  // A newest one from a time to come says that the clock was ahead; waiting for it could take years.
  if (counts_.newest) wait = std::clamp(*counts_.newest + config_.every - now(), milliseconds{0}, config_.every);
  if (last_failed_) wait = std::max(wait, std::min(kRetry, config_.every));
  const auto end = std::chrono::steady_clock::now() + wait;
  while (!ending_ && mutex_.wait_until(wake_, end) == std::cv_status::no_timeout) {
  }
}

void BackupSchedule::look() {
  const auto generations = backup_generations(config_.to);
  const engine::MutexLock lock(mutex_);
  if (!generations || generations->empty()) return;
  counts_.newest = generations->back().made;
  counts_.newest_bytes = generations->back().bytes;
}

void BackupSchedule::make_one() {
  const auto report =
      add_generation(store_, config_.to, config_.keep, now(), [this](const BackupProgress&) { return !ending(); });
  if (report) {
    look();
    console_.say(LogLevel::info, fmt::format("backed up {} to `{}`, of which {} were new", human_bytes(report->bytes),
                                             printable(report->path), human_bytes(report->copied_bytes)));
  } else if (!ending()) {
    console_.say(LogLevel::error, fmt::format("the backup to `{}` failed: {}", printable(config_.to),
                                              printable(report.error().message)));
  }
  if (told_ && (report || !ending())) told_(report ? Result<void>{} : tl::unexpected(report.error()));
  const engine::MutexLock lock(mutex_);
  last_failed_ = !report;
  counts_.made += report ? 1 : 0;
  counts_.failed += report || ending_ ? 0 : 1;
}

}  // namespace nines::tools
