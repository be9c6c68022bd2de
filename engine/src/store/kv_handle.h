// The store's hold on its Kv, and the rule for faults: a server whose write has an unknown outcome is fenced; when that
// cannot be, the Kv is never written to again. It is closed once the calls that use it are done, which ends its views,
// and opened anew, with a growing pause between attempts.
//
// Why: after a failed append or sync of the log RocksDB may clear its own error, and its next write can then abort the
// process. An error that leaves RocksDB's memory in doubt (out of memory) is fatal: this store never writes again.
//
// Threads: all members from any thread. Whoever holds a Kv must let go of it soon.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/mutex.h"
#include "kv/kv.h"
#include "store/patience.h"

namespace nines::engine {

class Handle {
 public:
  using Clock = std::chrono::steady_clock;

  /// `reopened` is called with each new Kv after a fault, before anyone else gets it; an error keeps it closed.
  Handle(KvOpener opener, const Options& options, std::string path, std::function<Result<void>(Kv&)> reopened,
         Patience patience = {});

  /// Opens for the first time.
  [[nodiscard]] Result<void> open(OpenReport& report) NINES_EXCLUDES(mutex_);
  /// For reading. `unavailable` when closed, or between a fault and the reopening.
  [[nodiscard]] Result<std::shared_ptr<Kv>> kv() const NINES_EXCLUDES(mutex_);
  /// For writing: reopens first when a write has failed and the pause is over. Errors: unavailable, fatal.
  [[nodiscard]] Result<std::shared_ptr<Kv>> kv_for_write() NINES_EXCLUDES(mutex_);
  /// As Kv::write. Errors in the outcomes: out_of_space (refused before the Kv is touched, or by it), io, fatal, …. A
  /// server whose outcome is unknown must be read anew before it is written to again.
  void write(Kv& kv, std::span<const Batch* const> batches, Durability durability, std::span<Outcome> outcomes)
      NINES_EXCLUDES(mutex_);
  [[nodiscard]] Outcome write(Kv& kv, const Batch& batch, Durability durability) NINES_EXCLUDES(mutex_);
  /// A call that changes files, under the same rule for faults. Succeeds at once when `kv` has none.
  [[nodiscard]] Result<void> change(Kv& kv, const std::function<Result<void>(LocalCare&)>& call) NINES_EXCLUDES(mutex_);
  /// Lets go of the Kv for good; views of it are over. `unavailable` when a call still uses it after a while.
  [[nodiscard]] Result<void> close() NINES_EXCLUDES(mutex_);
  /// Replaces the Kv by one opened now; for read-only stores.
  [[nodiscard]] Result<void> refresh() NINES_EXCLUDES(mutex_);

  [[nodiscard]] std::uint64_t reopened() const NINES_EXCLUDES(mutex_);

 private:
  void note_fault(const Kv& kv, const Error& error) NINES_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> reopen() NINES_REQUIRES(mutex_);
  [[nodiscard]] bool let_go() NINES_REQUIRES(mutex_);
  [[nodiscard]] Result<void> check_usable() const NINES_EXCLUDES(mutex_);
  [[nodiscard]] Result<void> check_space(Kv& kv, std::size_t bytes) NINES_EXCLUDES(mutex_);
  void log(LogLevel level, const std::string& message) const;

  const KvOpener opener_;
  const Options options_;
  const std::string path_;
  const std::function<Result<void>(Kv&)> reopened_callback_;
  const Patience patience_;

  mutable Mutex mutex_;
  std::shared_ptr<Kv> kv_ NINES_GUARDED_BY(mutex_);      // null when closed, and when a reopening failed
  std::optional<Error> fault_ NINES_GUARDED_BY(mutex_);  // why kv_ must not be written to
  bool closed_ NINES_GUARDED_BY(mutex_) = true;          // until open()
  Clock::time_point retry_at_ NINES_GUARDED_BY(mutex_);
  std::chrono::milliseconds pause_ NINES_GUARDED_BY(mutex_);
  std::uint64_t reopened_ NINES_GUARDED_BY(mutex_) = 0;

  Mutex space_mutex_;
  Clock::time_point space_checked_at_ NINES_GUARDED_BY(space_mutex_);
  std::size_t written_since_ NINES_GUARDED_BY(space_mutex_) = 0;
  bool space_short_ NINES_GUARDED_BY(space_mutex_) = false;
};

}  // namespace nines::engine
