#include "kv/rocksdb/listener.h"

#include <rocksdb/db.h>

#include <string>
#include <utility>

namespace nines::engine {

void BackgroundListener::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  if (reason != rocksdb::BackgroundErrorReason::kCompaction) {
    const MutexLock lock(mutex_);
    if (!flush_error_) flush_error_ = *error;
    // No flush begins behind this one.
    *error = rocksdb::Status(*error, rocksdb::Status::Severity::kFatalError);
    return;
  }
  if (log_ && error->IsCorruption()) {
    log_(LogLevel::error,
         "a compaction met a damaged block and was given up; what is damaged stays as it is: " + error->ToString());
  } else if (log_) {
    log_(LogLevel::warning, "a compaction failed and was given up; it is tried again later: " + error->ToString());
  }
  *error = rocksdb::Status::OK();
}

void BackgroundListener::OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status /*error*/,
                                              bool* begin) {
  *begin = false;
}

void BackgroundListener::OnCompactionCompleted(rocksdb::DB* /*db*/, const rocksdb::CompactionJobInfo& job) {
  const rocksdb::Status& status = job.status;
  // Ended by a close, by a hand, or with its family.
  if (status.ok() || status.IsShutdownInProgress() || status.IsIncomplete() || status.IsColumnFamilyDropped()) return;
  const MutexLock lock(mutex_);
  switches_.push_back({job.cf_id, false});
  if (!status.IsCorruption()) waiting_.push_back(job.cf_id);
}

std::optional<rocksdb::Status> BackgroundListener::flush_error() const {
  const MutexLock lock(mutex_);
  return flush_error_;
}

void BackgroundListener::note_write(rocksdb::SequenceNumber sequence, std::uint64_t position) {
  const MutexLock lock(mutex_);
  // A segment is removed as a whole, so its last write tells.
  if (!written_.empty() && written_.back().position >> 32U == position >> 32U) {
    written_.back() = {sequence, position};
  } else {
    written_.push_back({sequence, position});
  }
}

std::uint64_t BackgroundListener::flushed_position() const {
  const MutexLock lock(mutex_);
  return flushed_;
}

/// All families are flushed together, and each write has a key in the default one.
void BackgroundListener::OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& job) {
  if (job.cf_name != rocksdb::kDefaultColumnFamilyName) return;
  note_flush(job.largest_seqno);
  const MutexLock lock(mutex_);
  for (const std::uint32_t family : std::exchange(waiting_, {})) switches_.push_back({family, true});
}

rocksdb::SequenceNumber BackgroundListener::written() const {
  const MutexLock lock(mutex_);
  return written_.empty() ? 0 : written_.back().sequence;
}

void BackgroundListener::note_flush(rocksdb::SequenceNumber sequence) {
  const MutexLock lock(mutex_);
  while (!written_.empty() && written_.front().sequence <= sequence) {
    flushed_ = written_.front().position;
    written_.pop_front();
  }
}

std::vector<BackgroundListener::Automatic> BackgroundListener::take_switches() {
  const MutexLock lock(mutex_);
  return std::exchange(switches_, {});
}

}  // namespace nines::engine
