#include <nines/estimate.h>

#include <algorithm>
#include <chrono>

namespace nines {

Estimate& Estimate::operator+=(const Estimate& other) noexcept {
  range_scans += other.range_scans;
  results += other.results;
  summaries += other.summaries;
  bytes += other.bytes;
  return *this;
}

Estimate estimate(const Server& server, const Query& query, Reads reads) noexcept {
  using std::chrono::days;
  // Sealed results take about 3.3 bytes each, and a day's summary of one place, with its sketch, about 300.
  constexpr double kBytesAResult = 3.3;
  constexpr std::uint64_t kBytesASummary = 300;
  Estimate cost;
  cost.range_scans = 1;
  const TimeMs from = std::max(query.window.from, server.created_at);
  const TimeMs to = std::min(query.window.to, query.now);
  if (to <= from) return cost;
  if (reads == Reads::newest) {
    // They lie in the newest chunk, which is read as a whole.
    const auto chunk = std::min<std::chrono::milliseconds>(to - from, days{1});
    cost.results = static_cast<std::uint64_t>(chunk / server.current_rules().interval);
    cost.bytes = static_cast<std::uint64_t>(static_cast<double>(cost.results) * kBytesAResult);
    return cost;
  }
  const auto first = std::chrono::ceil<days>(from);
  const auto last = std::chrono::floor<days>(to);
  const std::int64_t whole = last > first ? (last - first).count() : 0;
  auto read = to - from;
  const bool summaries = reads == Reads::summaries && query.summaries != Summaries::never &&
                         (whole >= kLongWindowDays || query.summaries == Summaries::always);
  if (summaries) {
    cost.summaries = static_cast<std::uint64_t>(whole);
    cost.bytes = static_cast<std::uint64_t>(whole) * kBytesASummary;
    read -= days{whole};
  }
  cost.results = static_cast<std::uint64_t>(read / server.current_rules().interval);
  cost.bytes += static_cast<std::uint64_t>(static_cast<double>(cost.results) * kBytesAResult);
  return cost;
}

}  // namespace nines
