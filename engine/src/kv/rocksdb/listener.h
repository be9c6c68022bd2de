// What RocksDB's own threads have met.
//
// A compaction that fails leaves all as it was, and nothing else fails with it: for a damaged block RocksDB would take
// no write any more until it is opened again, and then meet the same block; for a full disk it would fail the next
// flush, and forget to take that back. A flush that fails is told to the next write, which would otherwise wait for it
// for ever, and is the end of this open: RocksDB 7.8 does not mend itself with flushes of several families at once, but
// can wait for itself without end, and then cannot be closed (its issue 11867).
//
// Threads: what RocksDB calls, from its own; everything else from any.
#pragma once

#include <rocksdb/listener.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include <nines/options.h>

#include "base/mutex.h"

namespace nines::engine {

class BackgroundListener final : public rocksdb::EventListener {
 public:
  explicit BackgroundListener(std::function<void(LogLevel, std::string_view)> log) : log_(std::move(log)) {}

  struct Automatic {
    std::uint32_t family = 0;
    bool on = false;
  };
  /// The column families whose automatic compaction is to be switched since the last call. One that has failed would be
  /// tried again every second: where there is damage it stays off, else it is off until something has been flushed.
  [[nodiscard]] std::vector<Automatic> take_switches() NINES_EXCLUDES(mutex_);

  /// Why a flush has failed, if one has: nothing more may be written then.
  [[nodiscard]] std::optional<rocksdb::Status> flush_error() const NINES_EXCLUDES(mutex_);
  /// What has been written up to `sequence` belongs to the log up to `position`; both ascend.
  void note_write(rocksdb::SequenceNumber sequence, std::uint64_t position) NINES_EXCLUDES(mutex_);
  /// The sequence of the last write that was noted.
  [[nodiscard]] rocksdb::SequenceNumber written() const NINES_EXCLUDES(mutex_);
  /// What was written up to `sequence` is in tables.
  void note_flush(rocksdb::SequenceNumber sequence) NINES_EXCLUDES(mutex_);
  /// The log's position up to which all that was written is in tables; it follows a segment at a time.
  [[nodiscard]] std::uint64_t flushed_position() const NINES_EXCLUDES(mutex_);

  // What RocksDB calls.
  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& job) override;
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason reason, rocksdb::Status error, bool* begin) override;
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& job) override;

 private:
  struct Written {
    rocksdb::SequenceNumber sequence = 0;
    std::uint64_t position = 0;
  };
  const std::function<void(LogLevel, std::string_view)> log_;
  mutable Mutex mutex_;
  std::optional<rocksdb::Status> flush_error_ NINES_GUARDED_BY(mutex_);
  std::deque<Written> written_ NINES_GUARDED_BY(mutex_);  // the last of each segment, not known to be in tables
  std::uint64_t flushed_ NINES_GUARDED_BY(mutex_) = 0;
  std::vector<Automatic> switches_ NINES_GUARDED_BY(mutex_);
  std::vector<std::uint32_t> waiting_ NINES_GUARDED_BY(mutex_);  // for a flush
};

}  // namespace nines::engine
