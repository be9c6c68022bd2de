#include "run/storage_watch.h"

#include <fmt/format.h>

#include "show/text.h"
#include "show/times.h"

namespace nines::tools {
namespace {

// A busy disk keeps a write for a second or two; a person need not hear of that.
constexpr std::chrono::seconds kStuckAfter{5};

}  // namespace

void StorageWatch::look(const Health& health, const ProberStats& stats, TimeMs now) {
  const engine::MutexLock lock(mutex_);
  // After a step of the clock spans would be of two clocks.
  const bool stepped = now < now_;
  now_ = now;
  waiting_ = stats.queue_depth;
  failing_ = health.writable ? std::nullopt : std::optional(health.since);
  why_ = health.why.message;
  const bool stands = stats.queue_depth > 0 && stats.stored == stored_ && !stepped;
  stored_ = stats.stored;
  if (!stands) {
    stuck_.reset();
  } else if (!stuck_) {
    stuck_ = now;
  }
}

std::string StorageWatch::trouble() const {
  const engine::MutexLock lock(mutex_);
  const bool stands = stuck_ && now_ - *stuck_ >= kStuckAfter;
  if (!failing_ && !stands) return {};
  return fmt::format("Results have not been stored since {}: {}. Checks and alerts go on; {} {} in memory.",
                     format_time(failing_ ? *failing_ : *stuck_), failing_ ? why_ : "the disk does not answer",
                     with_commas(waiting_), waiting_ == 1 ? "result waits" : "results wait");
}

}  // namespace nines::tools
