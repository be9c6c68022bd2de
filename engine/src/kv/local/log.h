// The log of a store: every batch, in the order in which it was written, in segments of a few MB. The rows of `recent`
// are here and nowhere else; of everything else it holds what the tables may not have yet.
//
// A segment is removed when no server has a row in it any more and the tables have what else it holds. After a failed
// write or sync nothing more is written: a file of which a sync has failed is copied by the next open, since its pages
// may be gone and look clean.
//
// Threads: all members from any thread, but append() and close() from one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rocksdb/file_system.h>

#include <nines/options.h>
#include <nines/result.h>

#include "base/mutex.h"
#include "kv/local/log_reader.h"
#include "kv/local/log_record.h"
#include "kv/local/row_holders.h"

namespace nines::engine {

/// The bytes of the log at one moment, for reading it beside its writer.
struct LogSnapshot {
  struct Part {
    std::uint64_t number = 0;
    std::unique_ptr<rocksdb::FSSequentialFile> file;
    std::uint64_t bytes = 0;  ///< so many of the file count
    std::string more;         ///< what is not in the file yet
  };
  std::uint64_t position = 0;
  std::vector<Part> parts;
};

class Log final {
 public:
  /// A new segment is begun when one has so many bytes. The newest is copied by an open, so it is no more than that
  /// takes a moment.
  static constexpr std::uint64_t kSegmentBytes = std::uint64_t{8} << 20U;
  /// Above so many bytes the log is to become shorter: it bounds what an open has to read. Each server may have a
  /// KiB on top, or the rows of many would be sealed a few at a time.
  static constexpr std::uint64_t kBudgetBytes = std::uint64_t{64} << 20U;
  static constexpr std::uint64_t kBudgetServerBytes = 1024;

  /// Goes on behind `end`, with a position of at least `above`. `flushed` tells the position up to which the tables
  /// have been written; it is called without a lock of its own. Removes what is left over. Errors: io, out_of_space.
  [[nodiscard]] static Result<std::unique_ptr<Log>> open(std::shared_ptr<rocksdb::FileSystem> files, std::string path,
                                                         LogEnd end, std::uint64_t above, RowHolders holders,
                                                         std::function<std::uint64_t()> flushed,
                                                         std::uint64_t segment_bytes = kSegmentBytes);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Writes the record of `batches`, as safe as `durability` says. Returns the position behind it. After an error it
  /// may be there or not, and the log takes no more. Errors: io, out_of_space.
  [[nodiscard]] Result<std::uint64_t> append(std::span<const Batch* const> batches, Durability durability)
      NINES_EXCLUDES(mutex_);
  /// Hands what was appended to the operating system, and syncs it when `sync`.
  [[nodiscard]] Result<void> flush(bool sync) NINES_EXCLUDES(mutex_);
  /// Ends it for good: what was appended is synced, and the next open is told so.
  [[nodiscard]] Result<void> close() NINES_EXCLUDES(mutex_);

  /// Begins the next segment. Errors as append().
  [[nodiscard]] Result<void> roll() NINES_EXCLUDES(mutex_);
  /// Removes what is not needed any more, the newest segment included, when it is worth a new one. Errors as append().
  [[nodiscard]] Result<void> give_back() NINES_EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t bytes() const NINES_EXCLUDES(mutex_);
  /// Whether it is over its budget.
  [[nodiscard]] bool is_long() const NINES_EXCLUDES(mutex_);
  /// Whether the oldest segment could be removed if the tables were written.
  [[nodiscard]] bool waits_for_tables() const NINES_EXCLUDES(mutex_);
  /// The servers whose rows keep the oldest segment from being removed.
  [[nodiscard]] std::vector<ServerId> holders() const NINES_EXCLUDES(mutex_);
  /// The oldest segment.
  [[nodiscard]] std::uint64_t oldest() const NINES_EXCLUDES(mutex_);
  [[nodiscard]] std::uint64_t position() const NINES_EXCLUDES(mutex_);
  /// What has been appended so far.
  [[nodiscard]] Result<LogSnapshot> snapshot() const NINES_EXCLUDES(mutex_);
  /// While one of these lives no segment is removed.
  class Hold {
   public:
    explicit Hold(Log& log) : log_(log) { log_.hold(1); }
    ~Hold() { log_.hold(-1); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Log& log_;
  };

 private:
  struct Segment {
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::uint64_t changes_end = 0;  // the position behind the last change that goes to the tables
  };
  class Noting;

  Log(std::shared_ptr<rocksdb::FileSystem> files, std::string path, std::function<std::uint64_t()> flushed,
      std::uint64_t segment_bytes);
  void hold(int by) NINES_EXCLUDES(mutex_);
  [[nodiscard]] std::string path_of(std::uint64_t number) const;
  /// Makes `number` the segment that is written to, with the bytes `begin`, under its name and synced.
  [[nodiscard]] Result<std::unique_ptr<rocksdb::FSWritableFile>> create(std::uint64_t number, std::string_view begin);
  [[nodiscard]] Result<void> sync_names();
  [[nodiscard]] Result<void> check_locked() const NINES_REQUIRES(mutex_);
  Result<void> failed_locked(const rocksdb::Status& status) NINES_REQUIRES(mutex_);
  Result<void> failed_locked(const Error& error) NINES_REQUIRES(mutex_);
  void put_locked(std::string_view record) NINES_REQUIRES(mutex_);
  [[nodiscard]] Result<void> write_locked() NINES_REQUIRES(mutex_);
  [[nodiscard]] Result<void> sync_locked() NINES_REQUIRES(mutex_);
  [[nodiscard]] Result<void> roll_locked() NINES_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t first_needed_locked() const NINES_REQUIRES(mutex_);
  void remove_locked() NINES_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t bytes_locked() const NINES_REQUIRES(mutex_);
  [[nodiscard]] std::uint64_t offset_locked() const NINES_REQUIRES(mutex_) { return written_ + buffer_.size(); }

  const std::shared_ptr<rocksdb::FileSystem> files_;
  const std::string path_;
  const std::function<std::uint64_t()> flushed_;
  const std::uint64_t segment_bytes_;

  mutable Mutex mutex_;
  std::optional<Error> fault_ NINES_GUARDED_BY(mutex_);
  bool closed_ NINES_GUARDED_BY(mutex_) = false;
  int held_ NINES_GUARDED_BY(mutex_) = 0;
  std::unique_ptr<rocksdb::FSWritableFile> file_ NINES_GUARDED_BY(mutex_);
  std::string buffer_ NINES_GUARDED_BY(mutex_);         // not written yet
  std::string record_ NINES_GUARDED_BY(mutex_);         // kept for its memory
  std::uint64_t written_ NINES_GUARDED_BY(mutex_) = 0;  // bytes of the newest segment that the system has
  std::uint64_t synced_ NINES_GUARDED_BY(mutex_) = 0;
  std::uint64_t started_ NINES_GUARDED_BY(mutex_) = 0;  // of which the writing to the device was begun
  PackState state_ NINES_GUARDED_BY(mutex_);
  RowHolders holders_ NINES_GUARDED_BY(mutex_);
  std::deque<Segment> segments_ NINES_GUARDED_BY(mutex_);
  std::uint64_t first_ NINES_GUARDED_BY(mutex_) = 0;  // the oldest that the newest names
};

}  // namespace nines::engine
