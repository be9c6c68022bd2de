// Day summaries without their sketches in a third of the memory, unpacked one by one each time they are read. Immutable
// once made; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <nines/summary.h>

namespace nines::engine {

class PackedDays {
 public:
  /// Requires: the times of each of `days` lie in its day, and its runs follow each other.
  explicit PackedDays(const std::vector<DaySummary>& days);

  [[nodiscard]] std::size_t size() const noexcept { return days_.size(); }
  /// The UTC day number of the summary at `index`. Requires: index < size().
  [[nodiscard]] std::int64_t day(std::size_t index) const noexcept;
  /// Fills `out` with the summary at `index`, reusing its memory; its sketch becomes empty. Requires: index < size().
  void unpack(std::size_t index, DaySummary& out) const;
  /// What all of it takes.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  struct Day {
    std::uint64_t latency_count;
    std::uint64_t latency_sum_us;
    std::uint32_t latency_min_us;
    std::uint32_t latency_max_us;
    std::uint32_t day;
    std::uint32_t series_end;  // in series_, one past its last
  };
  struct Series {
    std::uint32_t runs_end;  // in runs_, one past its last
    LocationId location;
  };
  struct PackedRun {
    std::uint32_t end;       // as Run::end
    std::uint32_t first_ms;  // since the day's beginning, as last_ms
    std::uint32_t last_ms;
    std::uint32_t max_gap_ms;
    std::uint32_t interval_ms;
    std::uint16_t code;
    State state;
    ErrorClass error;
    bool retry;
    bool has_latency;
  };

  std::vector<Day> days_;
  std::vector<Series> series_;
  std::vector<PackedRun> runs_;
};

}  // namespace nines::engine
