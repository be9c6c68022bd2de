// How long a disk leaves its users waiting: a small file is synced again and again, and the time that this takes beyond
// a moment is lost time. What a test gives a store for its work is measured without it: on a busy machine one sync may
// wait for a minute.
//
// Threads: lost() from any thread.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace nines::test {

class DiskPulse {
 public:
  using Clock = std::chrono::steady_clock;

  /// Takes the pulse in the file `path` until it is destroyed. Without such a file nothing is lost.
  explicit DiskPulse(const std::string& path);
  ~DiskPulse();
  DiskPulse(const DiskPulse&) = delete;
  DiskPulse& operator=(const DiskPulse&) = delete;

  /// All the time so far, with that of a sync under way.
  [[nodiscard]] Clock::duration lost() const;

 private:
  void beat(int file);

  mutable std::mutex mutex_;
  Clock::duration lost_{};
  std::optional<Clock::time_point> syncing_;  // since when
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace nines::test
