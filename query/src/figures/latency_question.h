// What a question about latencies collects while results are read, and what becomes of it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <nines/latency.h>
#include <nines/query.h>
#include <nines/result.h>

#include "figures/buckets.h"
#include "figures/latency_accumulator.h"
#include "figures/latency_sink.h"
#include "judgement/reader.h"

namespace nines::query {

/// Feeds an accumulator for each phase. A phase that did not happen (0) is left out: a plain HTTP check has no TLS
/// figures.
class PhaseSink final : public ResultSink {
 public:
  void results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end, bool covered) override;
  void day(const DaySummary& /*day*/, std::span<const Span> /*overlay*/) override {}
  void part(const Run& /*part*/, bool /*covered*/) override {}
  void latencies(const DaySummary& /*day*/) override {}
  [[nodiscard]] std::optional<LatencyFigures> figures(std::size_t phase) { return phases_[phase].figures(); }

 private:
  std::array<LatencyAccumulator, kPhaseCount> phases_;
};

/// One question. Must not move once sinks() was called.
class LatencyQuestion {
 public:
  /// Errors: invalid_argument, as latency() says.
  [[nodiscard]] Result<void> begin(const Query& query, const LatencyOptions& options);
  /// Appends the sinks that the reading has to feed.
  void add_sinks(std::vector<ResultSink*>& sinks);
  /// Edges of the series' columns; none without a series.
  [[nodiscard]] std::span<const std::int64_t> edges() const noexcept { return edges_; }
  /// Whether only results can answer.
  [[nodiscard]] bool needs_results() const noexcept { return options_.phases || options_.points > 0; }
  /// Requires: `reader` is settled and fed the sinks.
  [[nodiscard]] LatencyAnswer answer(const ServerReader& reader);
  /// All latencies of the window.
  [[nodiscard]] std::optional<LatencyFigures> total() { return latencies_.figures(); }

 private:
  LatencyOptions options_;
  LatencyAccumulator latencies_;
  LatencySink latency_sink_{latencies_};
  PhaseSink phase_sink_;
  BucketSink bucket_sink_;
  std::vector<Window> windows_;  // the series' columns
  std::vector<std::int64_t> edges_;
};

}  // namespace nines::query
