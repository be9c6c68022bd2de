// Reading day summaries: stored ones where there are, computed from the results where there are not.
//
// Threads: each cursor from one thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <nines/store.h>

#include "store/scan_cursor.h"
#include "store/write_lane.h"

namespace nines::engine {

class SummaryCursor final : public DayCursor {
 public:
  /// In a store for writing, computed summaries are kept: of days that a later result has closed, and of those before
  /// `refused_before`, which retention lets no result into; one of the latter that cannot be kept is an error.
  SummaryCursor(std::shared_ptr<const StoreCore> core, bool with_sketch, UtcDay refused_before = {});
  ~SummaryCursor() override;
  SummaryCursor(const SummaryCursor&) = delete;
  SummaryCursor& operator=(const SummaryCursor&) = delete;

  /// Positions on the days in `range` of a server; again for the next one, keeping buffers and, where it is new enough,
  /// the snapshot.
  [[nodiscard]] Result<void> start(std::shared_ptr<ServerState> state, DayRange range);
  [[nodiscard]] Result<const DaySummary*> next() override;
  [[nodiscard]] std::span<const Hole> holes() const noexcept override { return holes_; }
  [[nodiscard]] const ScanCost& cost() const noexcept override;

 private:
  [[nodiscard]] bool use_cached();
  [[nodiscard]] const DaySummary* next_cached();
  [[nodiscard]] Result<void> turn_to_disk();
  [[nodiscard]] Result<const DaySummary*> read_next();
  void cache_collected();
  [[nodiscard]] Result<void> take_snapshot();
  [[nodiscard]] Result<const DaySummary*> look_at_stored();
  [[nodiscard]] Result<const DaySummary*> take_stored();
  [[nodiscard]] Error damaged(std::int64_t first, std::int64_t last, Error error);
  [[nodiscard]] Result<bool> compute_next(std::int64_t end);
  [[nodiscard]] Result<std::int64_t> first_day_with_results(std::int64_t end);
  [[nodiscard]] Result<bool> compute(std::int64_t day);
  [[nodiscard]] Result<bool> may_keep(std::int64_t day);
  [[nodiscard]] Result<void> keep(std::uint64_t begun_at, bool must);

  const std::shared_ptr<const StoreCore> core_;  // first: the rest may refer to it
  const bool with_sketch_;
  const std::int64_t refused_before_;

  std::shared_ptr<ServerState> state_;
  std::int64_t day_ = 0;  // the next to be handed out
  std::int64_t end_ = 0;
  std::int64_t stored_day_ = 0;  // of the summary that stored_ stands on; end_ when there is none

  std::shared_ptr<const CachedDays> cached_;  // what the first days come from, if it is not null
  std::size_t cached_next_ = 0;
  bool collects_ = false;          // what is read on disk is to be cached
  std::int64_t collect_from_ = 0;  // from this day on
  std::int64_t closed_ = 0;        // the days before this one are closed
  std::vector<DaySummary> collected_;

  std::unique_ptr<View> view_;
  std::optional<IntactRange> stored_;  // of view_: the stored summaries of the range
  bool on_stored_ = false;             // stored_ stands on one that was not handed out
  std::uint64_t taken_at_ = 0;         // StateTable::changes() when the view was made
  ScanCursor scan_;
  bool lane_is_slow_ = false;  // the writes of others kept one of its summaries waiting
  std::vector<Hole> holes_;
  DaySummary summary_;
  ScanCost cost_;  // of what this cursor read itself; the rest is scan_'s
  mutable ScanCost total_;
};

}  // namespace nines::engine
