#include "kv/rocksdb/listener.h"

#include <rocksdb/db.h>

#include <string>
#include <utility>

namespace nines::engine {

void DamageListener::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) {
  if (reason != rocksdb::BackgroundErrorReason::kCompaction) {
    const MutexLock lock(mutex_);
    if (!flush_error_) flush_error_ = *error;
    return;
  }
  if (!error->IsCorruption()) return;
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

std::optional<rocksdb::Status> DamageListener::flush_error() const {
  const MutexLock lock(mutex_);
  return flush_error_;
}

void DamageListener::note_write(rocksdb::SequenceNumber sequence, std::uint64_t position) {
  const MutexLock lock(mutex_);
  // A segment is removed as a whole, so its last write tells.
  if (!written_.empty() && written_.back().position >> 32U == position >> 32U) {
    written_.back() = {sequence, position};
  } else {
    written_.push_back({sequence, position});
  }
}

std::uint64_t DamageListener::flushed_position() const {
  const MutexLock lock(mutex_);
  return flushed_;
}

/// All families are flushed together, and each write has a key in the default one.
void DamageListener::OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& job) {
  if (job.cf_name == rocksdb::kDefaultColumnFamilyName) note_flush(job.largest_seqno);
}

rocksdb::SequenceNumber DamageListener::written() const {
  const MutexLock lock(mutex_);
  return written_.empty() ? 0 : written_.back().sequence;
}

void DamageListener::note_flush(rocksdb::SequenceNumber sequence) {
  const MutexLock lock(mutex_);
  while (!written_.empty() && written_.front().sequence <= sequence) {
    flushed_ = written_.front().position;
    written_.pop_front();
  }
}

std::vector<std::uint32_t> DamageListener::take_damaged() {
  const MutexLock lock(mutex_);
  return std::exchange(damaged_, {});
}

}  // namespace nines::engine
