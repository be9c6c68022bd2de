// Reads one server's window and judges it: the way from the store to a final timeline.
//
// Use, for one server:           begin(), read(), settle(), then the answers.
// Use, in a bulk scan:           begin(), take() with the scan's cursor, settle(), then the answers.
// The same object serves server after server and keeps its memory. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/timeline.h>
#include <nines/uptime.h>

#include "judgement/collect.h"
#include "judgement/judging.h"
#include "judgement/pieces.h"

namespace nines::query {

/// What besides times and states is read, and for whom.
struct Reading {
  Columns columns{.latency = false, .phases = false, .details = false};
  bool sketches = false;                       ///< day summaries with their latency sketches
  std::span<const std::int64_t> bucket_edges;  ///< a summary may not lie across one of these; ascending
  std::span<ResultSink* const> sinks;          ///< see the window's results
};

class ServerReader {
 public:
  /// `server` must live as long as the answers are used; so must what `reading` points to, until settle() is done.
  /// `reach` must be at least reach() of the server. Errors: invalid_argument (policy, a zone).
  [[nodiscard]] Result<void> begin(const Server& server, const Query& query, const Reading& reading, Reach reach);
  /// The window to hand to Store::scan, and its look-back.
  [[nodiscard]] Window scan_window() const noexcept { return {frame_.window.from, from_ms(horizon_ms_)}; }
  [[nodiscard]] std::chrono::milliseconds lookback() const noexcept;

  /// Takes all of a scan of scan_window().
  [[nodiscard]] Result<void> take(Cursor& cursor);
  /// Plans and reads by itself.
  [[nodiscard]] Result<void> read(const Store& store, Summaries summaries);
  /// All of begin(), read() and settle(), after a look at the policy.
  [[nodiscard]] Result<void> read_all(const Store& store, const Server& server, const Query& query,
                                      const Reading& reading);
  /// Reads on where the judgement is still open, then lays out the timeline.
  [[nodiscard]] Result<void> settle(const Store& store);

  /// Reads back until there is a result before the window's end, or nothing is left to read. last_read() may then tell
  /// of it; the timeline stays as it is.
  [[nodiscard]] Result<void> find_any_result(const Store& store);

  [[nodiscard]] const Server& server() const noexcept { return *frame_.server; }
  [[nodiscard]] const Policy& policy() const noexcept { return frame_.policy; }
  /// As clipped to now and the server's creation. Empty windows have no spans.
  [[nodiscard]] Window window() const noexcept { return clipped_; }
  /// Covers window() without holes.
  [[nodiscard]] std::span<const Span> spans() const noexcept { return spans_; }
  /// All that was judged, beyond the window on both sides; holes are unknown.
  [[nodiscard]] std::span<const Span> judged() const noexcept { return judged_; }
  [[nodiscard]] const History& history() const noexcept { return history_; }
  [[nodiscard]] std::span<const Span> overlay() const noexcept { return frame_.overlay; }
  [[nodiscard]] const std::optional<LastCheck>& last_read() const noexcept { return last_; }
  [[nodiscard]] bool window_ends_now() const noexcept { return to_ms(frame_.window.to) == now_ms_; }
  /// Steps beyond the bulk scan are in the plan; the bulk scan's own cost is not in here.
  [[nodiscard]] Explain& explain() noexcept { return explain_; }

 private:
  [[nodiscard]] Result<void> run_plan(const Store& store, std::span<const PlanStep> steps, Collector& collector);
  [[nodiscard]] Result<void> read_results(const Store& store, Window window, Collector& collector);
  [[nodiscard]] Result<void> read_days(const Store& store, const PlanStep& step, Collector& collector);
  [[nodiscard]] Result<void> read_kept_summaries(const Store& store);
  [[nodiscard]] Result<void> extend_back(const Store& store, std::int64_t target_ms);
  [[nodiscard]] Result<void> extend_ahead(const Store& store, std::int64_t target_ms);
  [[nodiscard]] Result<void> step_back(const Store& store, std::int64_t& step_days);
  [[nodiscard]] Result<void> look_back(const Store& store);
  [[nodiscard]] Result<void> look_ahead(const Store& store);
  [[nodiscard]] bool misses_holder() const noexcept;
  [[nodiscard]] bool incident_reaches_floor();
  [[nodiscard]] std::int64_t longest_hold_ms() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> first_result_ms(std::int64_t from_ms) const noexcept;
  void judge();
  void lay_out_spans();

  Frame frame_;
  Reading reading_;
  std::int64_t now_ms_ = 0;
  std::int64_t floor_ms_ = 0;    // everything at or after this, and
  std::int64_t horizon_ms_ = 0;  // before this, has been read
  History history_;
  History earlier_;  // scratch of extend_back()
  std::int64_t open_until_ms_ = 0;
  std::int64_t open_from_ms_ = 0;
  std::optional<LastCheck> last_;
  Window clipped_;
  std::vector<Span> measured_;
  std::vector<Span> judged_;
  std::vector<Span> spans_;
  Explain explain_;
};

}  // namespace nines::query
