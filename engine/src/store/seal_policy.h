// When the rows of a server are sealed, and up to which time. Pure; from any thread.
//
// Rows are sealed when there are many, and when their day is over. They are sealed up to what may be taken as complete:
// no further than the store's clock and than the location that is furthest behind, less a little. A result whose clock
// was ahead stays a row until its time has come, and costs the ones that follow nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include <nines/types.h>

namespace nines::engine {

class SealPolicy {
 public:
  explicit SealPolicy(std::uint32_t seal_rows) : seal_rows_(seal_rows) {}

  /// Rows from which on a server is sealed: `seal_rows` in the mean, and more or less by its number, so that servers
  /// that began together are not sealed together.
  [[nodiscard]] std::size_t limit(ServerId server) const noexcept;
  /// Rows from which on the older half is sealed whatever the clocks say. A location that is an hour ahead at one
  /// result in ten seconds stays below it.
  [[nodiscard]] std::size_t hard_limit(ServerId server) const noexcept { return 8 * limit(server); }
  /// How long after midnight the rows of the day before are sealed: within an hour, by the server's number.
  [[nodiscard]] static std::int64_t day_delay_ms(ServerId server) noexcept;
  /// A location that has fallen silent holds up the sealing of its day for so long.
  static constexpr std::int64_t kLongestDelayMs = 3'600'000;
  /// Results newer than this stay rows, so that what comes a little late, from another location or another thread, is
  /// still a row and not a fold.
  static constexpr std::int64_t kGraceMs = 120'000;

 private:
  const std::uint32_t seal_rows_;
};

}  // namespace nines::engine
