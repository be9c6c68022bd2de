#include "kv/rocksdb/listener.h"

#include <string>
#include <utility>

namespace nines::engine {

void DamageListener::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  if (reason != rocksdb::BackgroundErrorReason::kCompaction || !error->IsCorruption()) return;
  if (log_) {
    log_(LogLevel::error,
         "a compaction met a damaged block and was given up; what is damaged stays as it is: " + error->ToString());
  }
  *error = rocksdb::Status::OK();
}

void DamageListener::OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) {
  if (!job.status.IsCorruption()) return;
  const MutexLock lock(mutex_);
  damaged_.push_back(job.cf_id);
}

std::vector<std::uint32_t> DamageListener::take_damaged() {
  const MutexLock lock(mutex_);
  return std::exchange(damaged_, {});
}

}  // namespace nines::engine
