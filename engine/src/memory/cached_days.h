// Day summaries kept in memory once they were read, as the head keeps results: bars of months ask for the same days
// again and again, and decoding them costs less than RocksDB's stepping from one to the next. Many are kept packed.
//
// Without their sketches, which are most of a summary. A cache and nothing more: not used after any change to its
// server's past, and within a share of the head's budget. A server has two of them: the days that are asked for most,
// and its first one, which says where its history begins.
//
// Threads: immutable once made; a server's state holds its view lock around taking and replacing the pointer.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <nines/store.h>

#include "memory/packed_days.h"

namespace nines::engine {

class CachedDays {
 public:
  /// All of a server's `days` in `range`, none of which a later result can reach without changing the past; read from a
  /// view as of `taken_at` (StateTable::changes()). `total_bytes` counts what all of these take, and must outlive them.
  CachedDays(DayRange range, std::uint64_t taken_at, std::vector<DaySummary> days,
             std::atomic<std::size_t>& total_bytes);
  /// The same, packed.
  CachedDays(DayRange range, std::uint64_t taken_at, PackedDays days, std::atomic<std::size_t>& total_bytes);
  ~CachedDays() { total_bytes_ -= bytes_; }
  CachedDays(const CachedDays&) = delete;
  CachedDays& operator=(const CachedDays&) = delete;

  [[nodiscard]] DayRange range() const noexcept { return range_; }
  [[nodiscard]] bool covers(std::int64_t day) const noexcept { return day >= range_.first && day < range_.last; }
  [[nodiscard]] std::uint64_t taken_at() const noexcept { return taken_at_; }
  /// Null where the days are not packed.
  [[nodiscard]] const PackedDays* packed() const noexcept { return packed_ ? &*packed_ : nullptr; }
  /// Empty where they are.
  [[nodiscard]] const std::vector<DaySummary>& days() const noexcept { return days_; }

 private:
  const DayRange range_;
  const std::uint64_t taken_at_;
  const std::vector<DaySummary> days_;
  const std::optional<PackedDays> packed_;
  std::atomic<std::size_t>& total_bytes_;
  std::size_t bytes_ = 0;
};

/// The days of `range`, which touches that of `before`, put together with those of `before` outside of it. `range`
/// becomes that of both.
[[nodiscard]] std::vector<DaySummary> join(const CachedDays& before, std::vector<DaySummary> days, DayRange& range);

/// What `days` take in memory.
[[nodiscard]] std::size_t memory_of(const std::vector<DaySummary>& days) noexcept;

}  // namespace nines::engine
