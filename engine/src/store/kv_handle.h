// The store's hold on its Kv, and the rule for faults: a Kv that cannot fence off a write of unknown outcome is never
// written to again. It is closed and opened anew, with a growing pause between attempts.
//
// Why: after a failed append or sync of the log RocksDB may clear its own error, and its next write can then abort the
// process. An error that leaves RocksDB's memory in doubt (out of memory) is fatal: this store never writes again.
//
// What was acknowledged before it was known to be with the operating system is kept until it is, and written again to
// the new Kv together with the write that failed. So a fault loses nothing that was acknowledged, at whatever level,
// and the failed write has been done after all or will be: its batches are the next that the new Kv gets.
//
// Threads: all members from any thread, but write() and flush_log() from one at a time, which is the lane's. No lock is
// held over I/O. Whoever holds a Kv must let go of it soon.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <nines/store.h>

#include "base/mutex.h"
#include "kv/kv.h"
#include "store/disk_reserve.h"
#include "store/reopen_times.h"

namespace nines::engine {

class Handle {
 public:
  using Clock = std::chrono::steady_clock;

  /// `reopened` is called with each new Kv after a fault, before anyone else gets it; an error keeps it closed.
  Handle(KvOpener opener, const Options& options, std::string path, std::function<Result<void>(Kv&)> reopened,
         ReopenTimes times = {});

  /// Opens for the first time.
  [[nodiscard]] Result<void> open(OpenReport& report) NINES_EXCLUDES(mutex_);
  /// For reading. `unavailable` when closed, or while it is being reopened.
  [[nodiscard]] Result<std::shared_ptr<Kv>> kv() const NINES_EXCLUDES(mutex_);
  /// Returns when it may be written, and reopens for that when a write has failed and the pause is over, or `at_once`.
  /// Errors: unavailable, out_of_space, fatal. Requires: the caller holds no lock of the store.
  [[nodiscard]] Result<void> make_writable(bool at_once = false) NINES_EXCLUDES(mutex_);

  /// Whether it may be written right now. Errors as make_writable().
  [[nodiscard]] Result<void> check_writable() const NINES_EXCLUDES(mutex_);

  /// As Kv::write, to the Kv at hand. Errors in the outcomes: io, out_of_space, unavailable,
  /// fatal, …. A server whose outcome is unknown must be read anew before it is written to again.
  void write(std::span<const Batch* const> batches, Durability durability, std::span<Outcome> outcomes)
      NINES_EXCLUDES(mutex_);
  /// Hands the log to the operating system, and syncs it to the device when `sync`. Errors as write().
  [[nodiscard]] Result<void> flush_log(bool sync) NINES_EXCLUDES(mutex_);
  /// `out_of_space` when about `bytes` more would go into the reserve of the disk, which is for what makes room. Other
  /// errors as make_writable(), which has to come first: without a Kv nothing is known of its room.
  /// Requires: the caller holds no lock of the store; a file system may be slow to answer.
  [[nodiscard]] Result<void> check_room(std::size_t bytes) NINES_EXCLUDES(mutex_);

  /// A call that changes files. A failure of it counts as a fault, except for `read_only`. Succeeds at once where the
  /// Kv has no local side. Errors: unavailable, and the call's.
  [[nodiscard]] Result<void> change(const std::function<Result<void>(LocalCare&)>& call) NINES_EXCLUDES(mutex_);
  /// Lets go of the Kv for good; views of it are over. `unavailable` when a call still uses it after a while; the
  /// fault's error when something that was acknowledged could not be written.
  [[nodiscard]] Result<void> close() NINES_EXCLUDES(mutex_);
  /// Replaces the Kv by one opened now; for read-only stores.
  [[nodiscard]] Result<void> refresh() NINES_EXCLUDES(mutex_);

  [[nodiscard]] std::uint64_t reopened() const NINES_EXCLUDES(mutex_);
  /// As Store::health.
  [[nodiscard]] Health health() const NINES_EXCLUDES(mutex_);
  /// Whether a write has failed, and the Kv was not opened anew since.
  [[nodiscard]] bool has_fault() const NINES_EXCLUDES(mutex_);
  [[nodiscard]] bool is_closed() const NINES_EXCLUDES(mutex_);

  /// Whether a reopening or close() waits for calls to be done with the Kv: long ones end then, with `unavailable`.
  [[nodiscard]] bool is_wanted_back() const noexcept { return wanted_back_; }

 private:
  [[nodiscard]] Result<std::shared_ptr<Kv>> writable_kv() const NINES_EXCLUDES(mutex_);
  void note_fault(const Kv& kv, const Error& error) NINES_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> reopen() NINES_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> close_kv() NINES_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> write_again(Kv& kv) NINES_EXCLUDES(mutex_);
  void keep(const Batch& batch) NINES_REQUIRES(mutex_);
  void forget_logged() NINES_REQUIRES(mutex_);
  [[nodiscard]] Error reserve_error() const;
  void log(LogLevel level, const std::string& message) const;

  const KvOpener opener_;
  const Options options_;
  const std::string path_;
  const std::function<Result<void>(Kv&)> reopened_callback_;
  const ReopenTimes times_;
  DiskReserve reserve_;
  std::atomic<bool> wanted_back_{false};

  mutable Mutex mutex_;
  std::shared_ptr<Kv> kv_ NINES_GUARDED_BY(mutex_);  // null when closed, while reopening, and when that has failed
  /// Keeps others from writing while the Kv is closed and another is opened, however long that takes: they would write
  /// between what was acknowledged and what is written again, and what this process has in memory would not know of it.
  std::shared_ptr<const void> hold_ NINES_GUARDED_BY(mutex_);
  std::optional<Error> fault_ NINES_GUARDED_BY(mutex_);  // why kv_ must not be written to
  bool closed_ NINES_GUARDED_BY(mutex_) = true;          // until open()
  bool reopening_ NINES_GUARDED_BY(mutex_) = false;      // by some thread
  Clock::time_point retry_at_ NINES_GUARDED_BY(mutex_);
  std::chrono::milliseconds delay_ NINES_GUARDED_BY(mutex_);
  std::uint64_t reopened_ NINES_GUARDED_BY(mutex_) = 0;
  mutable Health health_ NINES_GUARDED_BY(mutex_);  // as it was told last
  /// What kv_ was given since all of it was last known to be with the operating system, in order: the first of these;
  /// the others keep their memory for what comes.
  std::vector<Batch> unlogged_ NINES_GUARDED_BY(mutex_);
  std::size_t unlogged_count_ NINES_GUARDED_BY(mutex_) = 0;
  std::size_t unlogged_bytes_ NINES_GUARDED_BY(mutex_) = 0;
};

}  // namespace nines::engine
