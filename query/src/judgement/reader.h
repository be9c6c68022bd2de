// Reads one server's window and judges it: the way from the store to a final timeline.
//
// Use, for one server:           begin(), read(), settle(), then the answers.
// Use, in a bulk scan:           begin(), take() with the scan's cursor, settle(), then the answers.
// The same object serves server after server and keeps its memory. Not thread-safe. What reads from the store is in
// reader_steps.cc, what looks for the start of a state in reader_since.cc, what judges and looks further in reader.cc.
#pragma once

#include <cstdint>
#include <memory>
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
#include "judgement/outage.h"
#include "judgement/pieces.h"
#include "judgement/spans.h"

namespace nines::query {

/// What besides times and states is read, and for whom.
struct Reading {
  Columns columns{.latency = false, .phases = false, .details = false};
  bool sketches = false;                       ///< day summaries with their latency sketches
  std::span<const std::int64_t> bucket_edges;  ///< a summary may not lie across one of these; ascending
  std::span<ResultSink* const> sinks;          ///< see the window's results
  bool incidents = false;                      ///< outages() are final for those that reach into the window
  bool since = false;                          ///< state_since() is final
};

/// Summaries of a range of days that somebody else has begun to read, and counts.
struct GivenDays {
  DayCursor* cursor = nullptr;
  DayRange range;
};

/// The days of which ServerReader::read() takes the summaries at once, where nothing falls into one of them.
[[nodiscard]] DayRange days_at_once(Window window, Summaries summaries, Reach reach) noexcept;

class ServerReader {
 public:
  /// `server` must live as long as the answers are used; so must what `reading` points to, until settle() is done.
  /// `reach` must be at least reach() of the server. Errors: invalid_argument (policy, a zone).
  [[nodiscard]] Result<void> begin(const Server& server, const Query& query, const Reading& reading, Reach reach);
  /// Takes all of a scan of the window, with the look back and ahead of `reach`.
  [[nodiscard]] Result<void> take(const Store& store, Cursor& cursor);
  /// Plans and reads by itself; the summaries from `given` where it takes just those.
  [[nodiscard]] Result<void> read(const Store& store, Summaries summaries, GivenDays given = {});
  /// All of begin(), read() and settle(), after a look at the policy.
  [[nodiscard]] Result<void> read_all(const Store& store, const Server& server, const Query& query,
                                      const Reading& reading);
  /// Reads on where the judgement is still open, then lays out the timeline.
  [[nodiscard]] Result<void> settle(const Store& store);

  /// Ends what begin() began where nothing of the server can be read: the whole window is a hole.
  void give_up(Error error);

  /// Reads back until there is a result before the window's end, or nothing is left to read. last_read() may then tell
  /// of it; the timeline stays as it is.
  [[nodiscard]] Result<void> find_any_result(const Store& store);

  [[nodiscard]] const Server& server() const noexcept { return *frame_.server; }
  [[nodiscard]] const Policy& policy() const noexcept { return frame_.policy; }
  /// As clipped to now and the server's life. Empty windows have no spans.
  [[nodiscard]] Window window() const noexcept { return clipped_; }
  /// Covers window() without holes.
  [[nodiscard]] std::span<const Span> spans() const noexcept { return spans_; }
  /// What was measured and confirmed, before the catalog lies over it; holes are unknown.
  [[nodiscard]] std::span<const Span> measured() const noexcept { return measured_; }
  /// What of the window's results cannot be read, ascending; unknown time.
  [[nodiscard]] std::vector<Hole> holes() const;
  /// Time per state in the window if failures that nothing confirms counted as down for as long as they hold.
  [[nodiscard]] TimePerState time_with_blips_down();
  /// All that was judged, beyond the window on both sides; holes are unknown.
  [[nodiscard]] std::span<const Span> judged() const noexcept { return judged_; }
  /// The outages in judged(), ascending.
  [[nodiscard]] std::span<const Outage> outages() const noexcept { return outages_; }
  /// When the state at the window's end began: truly with Reading::since, else clipped to the window.
  /// Requires: a window that is not empty, settled.
  [[nodiscard]] TimeMs since() const noexcept;
  [[nodiscard]] TimeMs now() const noexcept { return from_ms(now_ms_); }
  [[nodiscard]] const History& history() const noexcept { return history_; }
  [[nodiscard]] std::span<const Span> overlay() const noexcept { return frame_.overlay; }
  [[nodiscard]] const std::optional<LastCheck>& last_read() const noexcept { return last_; }
  [[nodiscard]] bool window_ends_now() const noexcept { return to_ms(frame_.window.to) == now_ms_; }
  /// Steps beyond the bulk scan are in the plan; the bulk scan's own cost is not in here.
  [[nodiscard]] Explain& explain() noexcept { return explain_; }

 private:
  [[nodiscard]] Result<void> run_plan(const Store& store, std::span<const PlanStep> steps, Collector& collector);
  /// The number of results in `window`.
  [[nodiscard]] Result<std::uint64_t> read_results(const Store& store, Window window, Collector& collector);
  [[nodiscard]] Result<void> read_days(const Store& store, const PlanStep& step, Collector& collector);
  [[nodiscard]] Result<void> read_lost_days(const Store& store, Hole lost, Collector& collector);
  [[nodiscard]] Result<void> read_gone_days(const Store& store, std::span<const PlanStep> steps,
                                            std::span<ResultSink* const> sinks);
  [[nodiscard]] Result<void> read_gone_part(const Store& store, Window part, Collector& collector);
  /// Whether any result in `window` is there and can be read.
  [[nodiscard]] Result<bool> has_results(const Store& store, Window window);
  [[nodiscard]] Result<void> extend_back(const Store& store, std::int64_t target_ms);
  [[nodiscard]] Result<void> extend_ahead(const Store& store, std::int64_t target_ms);
  [[nodiscard]] Result<void> step_back(const Store& store);
  [[nodiscard]] bool needs_since() const noexcept;
  [[nodiscard]] Result<bool> find_since(const Store& store);
  [[nodiscard]] Result<bool> find_plain_since(const Store& store, TimeMs midnight);
  [[nodiscard]] Result<void> find_beginning(const Store& store);
  [[nodiscard]] Result<void> clip_to_life(const Store& store);
  [[nodiscard]] std::int64_t settled_from_ms() const noexcept;
  [[nodiscard]] StateStart state_start() const noexcept;
  [[nodiscard]] bool is_down_at(std::int64_t time_ms) const noexcept;
  [[nodiscard]] bool needs_earlier() const noexcept;
  [[nodiscard]] bool needs_later() const noexcept;
  [[nodiscard]] std::int64_t first_result_read_ms() const noexcept;
  void judge();
  void combine(std::vector<Span>& measured);

  Frame frame_;
  Reading reading_;
  std::int64_t now_ms_ = 0;
  std::int64_t floor_ms_ = 0;    // everything at or after this, and
  std::int64_t horizon_ms_ = 0;  // before this, has been read
  /// Neither a result nor a correction or pause lies before this; set by find_beginning(), as is the next.
  std::optional<std::int64_t> beginning_ms_;
  std::int64_t first_result_ms_ = 0;                           // the first ever, far in the future when there is none
  std::optional<std::chrono::milliseconds> longest_interval_;  // of any result ever, where the store knows it
  const KnownHistory* known_ = nullptr;                        // as Reach
  GivenDays given_;                                            // during read(), until they are used
  bool may_have_blips_ = false;
  std::int64_t longest_hold_ms_ = 0;     // of the rules and of what was read
  std::int64_t all_places_from_ms_ = 0;  // from here on every location that was met has a result
  std::int64_t merge_ms_ = 0;            // the longest of the rules
  std::int64_t step_back_days_ = 0;
  std::unique_ptr<ServerReader> before_;  // of the days before the window, while the state's start is looked for
  std::optional<TimeMs> since_;           // what it found
  History history_;
  History earlier_;  // scratch
  std::int64_t open_until_ms_ = 0;
  std::int64_t open_from_ms_ = 0;
  std::optional<LastCheck> last_;
  Window clipped_;
  std::vector<Hole> holes_;   // in all that was read
  std::vector<Span> hidden_;  // scratch
  std::vector<Span> measured_;
  std::vector<Span> judged_;
  std::vector<Outage> outages_;
  std::vector<Span> spans_;
  Explain explain_;
};

}  // namespace nines::query
