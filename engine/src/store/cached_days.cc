#include "store/cached_days.h"

#include <utility>

namespace nines::engine {

CachedDays::CachedDays(DayRange range, std::uint64_t taken_at, std::vector<DaySummary> days,
                       std::atomic<std::size_t>& total_bytes)
    : range_(range),
      taken_at_(taken_at),
      days_(std::move(days)),
      total_bytes_(total_bytes),
      bytes_(sizeof(CachedDays) + memory_of(days_)) {
  total_bytes_ += bytes_;
}

std::size_t memory_of(const std::vector<DaySummary>& days) noexcept {
  std::size_t bytes = days.capacity() * sizeof(DaySummary);
  for (const DaySummary& day : days) {
    bytes += day.series.capacity() * sizeof(DaySeries);
    for (const DaySeries& series : day.series) bytes += series.runs.capacity() * sizeof(Run);
  }
  return bytes;
}

}  // namespace nines::engine
