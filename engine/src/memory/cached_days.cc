#include "memory/cached_days.h"

#include <algorithm>
#include <iterator>
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

CachedDays::CachedDays(DayRange range, std::uint64_t taken_at, PackedDays days, std::atomic<std::size_t>& total_bytes)
    : range_(range),
      taken_at_(taken_at),
      packed_(std::move(days)),
      total_bytes_(total_bytes),
      bytes_(sizeof(CachedDays) + packed_->bytes()) {
  total_bytes_ += bytes_;
}

std::vector<DaySummary> join(const CachedDays& before, std::vector<DaySummary> days, DayRange& range) {
  std::vector<DaySummary> unpacked;
  if (const PackedDays* const packed = before.packed()) {
    unpacked.resize(packed->size());
    for (std::size_t i = 0; i < packed->size(); ++i) packed->unpack(i, unpacked[i]);
  }
  const std::vector<DaySummary>& old = before.packed() == nullptr ? before.days() : unpacked;
  const auto first = std::find_if(old.begin(), old.end(), [&](const auto& day) { return day.day >= range.first; });
  const auto last = std::find_if(first, old.end(), [&](const auto& day) { return day.day >= range.last; });
  std::vector<DaySummary> joined(old.begin(), first);
  std::move(days.begin(), days.end(), std::back_inserter(joined));
  joined.insert(joined.end(), last, old.end());
  range = {std::min(range.first, before.range().first), std::max(range.last, before.range().last)};
  return joined;
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
