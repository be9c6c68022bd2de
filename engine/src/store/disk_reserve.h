// The part of the disk that is left to what makes room, so that a full disk is met before RocksDB meets it.
//
// Threads: all members from any thread, and none waits for another: a file system that does not answer holds up the one
// caller whose turn it is to ask.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kv/kv.h"

namespace nines::engine {

class DiskReserve {
 public:
  /// 0 `reserve_bytes` are no reserve.
  explicit DiskReserve(std::uint64_t reserve_bytes) : reserve_bytes_(reserve_bytes) {}

  /// Whether `bytes` more may be written: true while more than the reserve is free, as far as is known. Asks `local`
  /// once a second or every MiB, and each time while room is short.
  [[nodiscard]] bool has_room(LocalCare& local, std::size_t bytes);
  [[nodiscard]] std::uint64_t bytes() const noexcept { return reserve_bytes_; }
  /// What it found the last time.
  [[nodiscard]] bool is_short() const noexcept { return short_; }

 private:
  const std::uint64_t reserve_bytes_;
  std::atomic<std::int64_t> asked_at_ns_{0};  // of the steady clock
  std::atomic<std::size_t> written_since_{0};
  std::atomic<bool> asking_{false};
  std::atomic<bool> short_{false};
};

}  // namespace nines::engine
