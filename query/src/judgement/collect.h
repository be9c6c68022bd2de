// From what the store hands out to pieces, and to whoever else wants to see each result of the window once.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <nines/query.h>
#include <nines/segment.h>
#include <nines/server.h>
#include <nines/summary.h>
#include <nines/timeline.h>
#include <nines/uptime.h>

#include "judgement/pieces.h"

namespace nines::query {

/// Sees what lies inside the window, once, in no promised order.
class ResultSink {
 public:
  virtual ~ResultSink() = default;
  /// Results [begin, end) of `segment`, all of `run`. `covered`: the catalog lies over them, so they are neither
  /// successful nor failed.
  virtual void results(const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end,
                       bool covered) = 0;
  /// A whole day. `overlay` is the frame's.
  virtual void day(const DaySummary& day, std::span<const Span> overlay) = 0;
  /// A part of a run, as if its results came evenly, of a day whose results are gone and that is not taken whole.
  virtual void part(const Run& part, bool covered) = 0;
  /// The latencies of such a day, which cannot be divided: they belong to the window that holds the day's middle, and
  /// some of its checks.
  virtual void latencies(const DaySummary& day) = 0;
};

/// Divides a run of a day summary, whose results have no times but its first and last, as if they came evenly: the
/// number of its results before `time_ms`.
[[nodiscard]] std::uint32_t count_before(const Run& run, std::int64_t time_ms) noexcept;
/// The time of its result `index` (< count()), likewise.
[[nodiscard]] std::int64_t even_time(const Run& run, std::uint32_t index) noexcept;

/// What does not change while one server is read for one question.
struct Frame {
  const Server* server = nullptr;
  Policy policy;
  Window window;                            ///< clipped to now
  std::vector<Span> overlay;                ///< of the catalog, over all that is read
  std::vector<std::int64_t> overlay_edges;  ///< ascending
  std::vector<std::int64_t> rule_edges;     ///< ascending; without the first, which holds from ever
  std::vector<std::int64_t> pause_ends;     ///< ascending, of all pauses ever: judging begins anew
  std::vector<std::int64_t> cuts;           ///< ascending: all three of these and the window's

  /// Computes the lists for reading `range`, which holds the window.
  [[nodiscard]] Result<void> lay_out(Window range);
};

class Collector {
 public:
  /// Keeps references to all three.
  Collector(const Frame& frame, History& history, std::span<ResultSink* const> sinks)
      : frame_(frame), history_(history), sinks_(sinks) {}

  /// The results of a segment in [from, to); any others are left alone.
  void add(const Segment& segment, std::int64_t from_ms, std::int64_t to_ms);
  /// A day that no edge of the frame lies in.
  void add(const DaySummary& day);
  /// What a day whose results are gone says of [from, to), its results as if they came evenly within their runs.
  void add_part(const DaySummary& day, std::int64_t from_ms, std::int64_t to_ms);
  /// The newest result before the window's end, with its latency; of one moment, that of the highest location.
  [[nodiscard]] const std::optional<LastCheck>& last() const noexcept { return last_; }

 private:
  void add_run(Series& series, const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end);
  void add_slice(Series& series, const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end);
  void add_pieces(Series& series, const Segment& segment, const Run& run, std::uint32_t begin, std::uint32_t end);
  void add_piece(Series& series, const Segment& segment, Piece piece, std::uint32_t begin, std::uint32_t end);
  void append(Series& series, Piece& piece) const;
  [[nodiscard]] std::uint32_t detail_of(const Segment& segment, std::uint32_t index);
  void note_last(const Segment& segment, const Run& run, std::uint32_t index);
  /// Whether it lies in the window.
  bool add_run_part(Series& series, const Run& run, std::uint32_t begin, std::uint32_t end);

  const Frame& frame_;
  History& history_;
  std::span<ResultSink* const> sinks_;
  std::optional<LastCheck> last_;
  LocationId last_location_{};
};

/// Whether judging `day` takes its results, as results within a run are further apart than they hold.
[[nodiscard]] bool has_inner_gap(const Frame& frame, const DaySummary& day) noexcept;

}  // namespace nines::query
