// The backups that the configuration asks for: one each so often, the newest few kept.
//
// A thread of its own makes them, so that a slow target holds up nothing. When the next one is due follows from the
// newest in the folder, so that a restart neither forgets nor repeats one. One that fails is tried again after a while.
// Threads: counts() from any; the rest from one.
#pragma once

#include <nines/store.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "config/config.h"
#include "run/console.h"

namespace nines::tools {

/// Since the start, but for `newest`.
struct BackupCounts {
  std::uint64_t made = 0;
  std::uint64_t failed = 0;
  std::optional<TimeMs> newest;  ///< when the newest one in the folder was made
  std::uint64_t newest_bytes = 0;
  std::chrono::milliseconds every{0};
};

class BackupSchedule {
 public:
  /// Is told how each backup went, on the schedule's thread; may be empty.
  using Told = std::function<void(const Result<void>&)>;

  /// `store` and `console` must outlive this.
  BackupSchedule(Store& store, BackupConfig config, Console& console, Told told = {});
  /// Ends a backup that is being made; the next start goes on with it.
  ~BackupSchedule();
  BackupSchedule(const BackupSchedule&) = delete;
  BackupSchedule& operator=(const BackupSchedule&) = delete;

  /// Begins. Once.
  void start();
  [[nodiscard]] BackupCounts counts() const;

 private:
  void run();
  void make_one();
  void look();
  [[nodiscard]] bool ending() const;
  /// Until the next is due, or this ends.
  void pause() NINES_REQUIRES(mutex_);

  Store& store_;
  const BackupConfig config_;
  Console& console_;
  const Told told_;
  mutable engine::Mutex mutex_;
  std::condition_variable wake_;
  bool ending_ NINES_GUARDED_BY(mutex_) = false;
  bool last_failed_ NINES_GUARDED_BY(mutex_) = false;
  BackupCounts counts_ NINES_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace nines::tools
