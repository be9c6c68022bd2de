// When the rows of a server are sealed, and up to which time. Pure; from any thread.
//
// Rows are sealed when there are many, and when their day is over. They are sealed up to what may be taken as complete:
// no further than the store's clock and than the location that is furthest behind, less a little. A result whose clock
// was ahead stays a row until its time has come, and costs the ones that follow nothing.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <nines/types.h>

namespace nines::engine {

class SealPolicy {
 public:
  /// `memory_bytes` is what the rows of all servers may take together.
  SealPolicy(std::uint32_t seal_rows, std::size_t memory_bytes) : seal_rows_(seal_rows), memory_bytes_(memory_bytes) {}

  /// Rows from which on one of `servers` servers is sealed: `seal_rows` in the mean, fewer when so many servers' rows
  /// take more than their memory, and more or less by its number, so that servers that began together are not sealed
  /// together.
  [[nodiscard]] std::size_t limit(ServerId server, std::size_t servers) const noexcept;
  /// How long after midnight the rows of the day before are sealed: within an hour, by the server's number.
  [[nodiscard]] static std::chrono::milliseconds day_delay(ServerId server) noexcept;
  /// A location that has fallen silent holds up the sealing of its day for so long.
  static constexpr std::chrono::hours kLongestDelay{1};
  /// Results newer than this stay rows, so that what comes a little late, from another location or another thread, is
  /// still a row and not a fold.
  static constexpr std::chrono::minutes kGrace{2};
  /// Rows from which on the older half is sealed whatever the clocks say, in limits. A location that is an hour ahead
  /// at one result in ten seconds stays below it.
  static constexpr std::size_t kHardLimits = 8;
  /// What a row takes in a head, and a mean of rows below which memory is not saved: the chunks' own bytes, and the
  /// writes, would grow faster than it falls.
  static constexpr std::size_t kRowBytes = 14;
  static constexpr std::size_t kFewestRows = 64;

 private:
  const std::uint32_t seal_rows_;
  const std::size_t memory_bytes_;
};

}  // namespace nines::engine
