// Checks and latencies counted by bucket, for bars and plots.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <nines/bars.h>
#include <nines/segment.h>

#include "figures/latency_accumulator.h"
#include "judgement/collect.h"

namespace nines::query {

struct Cell {
  std::uint64_t checks = 0;
  std::uint64_t failures = 0;          ///< failed checks
  std::uint64_t covered_failures = 0;  ///< of these, those that the catalog lies over
  LatencySums latency;                 ///< of successful checks
};

/// Counts into adjoining buckets, and hands the latencies on, which spares an accumulator summing them up again. Keeps
/// its memory from server to server. Not thread-safe.
class BucketSink final : public ResultSink {
 public:
  /// `edges` ascend, one more than there are buckets; the window lies inside. `latencies` may be null.
  void begin(std::span<const std::int64_t> edges, LatencyAccumulator* latencies);
  void results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end, bool covered) override;
  /// A day that an edge falls into can only be one whose results are gone: its checks are placed as if evenly spaced
  /// within their runs, its latencies in the bucket that holds its middle.
  void day(const DaySummary& day, std::span<const Span> overlay) override;
  void part(const Run& part, bool covered) override;
  void latencies(const DaySummary& day) override;
  [[nodiscard]] std::span<const Cell> cells() const noexcept { return cells_; }

 private:
  [[nodiscard]] std::size_t bucket_of(std::int64_t time_ms) const noexcept;
  void whole_day(const DaySummary& day, std::span<const Span> overlay, Cell& cell);

  std::span<const std::int64_t> edges_;
  TimeFinder edge_finder_{edges_};
  LatencyAccumulator* latencies_ = nullptr;
  std::vector<Cell> cells_;
  std::vector<std::uint32_t> ends_;  // where each bucket ends within a run
};

/// The edges of adjoining windows.
[[nodiscard]] std::vector<std::int64_t> edges_of(std::span<const Window> windows);

/// Bars from a settled reader's spans and a sink's cells, into `out` (cleared first).
void make_bars(std::span<const Window> windows, std::span<const Cell> cells, std::span<const Span> spans,
               const Policy& policy, std::vector<Bar>& out);

}  // namespace nines::query
