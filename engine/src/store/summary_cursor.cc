#include "store/summary_cursor.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "base/contained.h"
#include "codec/key.h"
#include "codec/summary_codec.h"
#include "series/summarise.h"
#include "vocabulary/check_input.h"

namespace nines::engine {
namespace {

constexpr ScanOptions kForSummaries{{.latency = true, .phases = false, .details = false}, {}};

Window window_of(std::int64_t first_day, std::int64_t end_day) {
  return {from_ms(first_day * kDayMs), from_ms(end_day * kDayMs)};
}

/// Views taken anew for one day, before it is said that others change the server too often.
constexpr int kAttempts = 4;

/// What a reader waits at most before its summary is not kept: a write of the log on a disk that is well takes less.
constexpr std::chrono::milliseconds kLongestKeepWait{20};

constexpr std::int64_t kDayEnd = day_number(kDayLimit);

}  // namespace

SummaryCursor::SummaryCursor(std::shared_ptr<const StoreCore> core, bool with_sketch, UtcDay refused_before)
    : core_(std::move(core)),
      with_sketch_(with_sketch),
      refused_before_(day_number(refused_before)),
      scan_(core_, kForSummaries, Gaps::exact) {}

SummaryCursor::~SummaryCursor() {
  if (core_->is_forked()) {
    static_cast<void>(view_.release());
    return;
  }
  core_->count(cost_);  // scan_ counts its own
  if (!collects_) return;
  static_cast<void>(contained([this]() -> Result<void> {
    cache_collected();
    return {};
  }));
}

Result<void> SummaryCursor::start(std::shared_ptr<ServerState> of_server, DayRange range) {
  if (core_->closed) return tl::unexpected<Error>(closed_error());
  if (collects_) cache_collected();
  state_ = std::move(of_server);
  day_ = std::clamp<std::int64_t>(range.first, 0, kDayEnd);
  end_ = std::clamp(range.last, day_, kDayEnd);
  holes_.clear();
  ++cost_.range_scans;
  collected_.clear();
  return use_cached() ? Result<void>{} : turn_to_disk();
}

/// Goes on with day_ on disk.
Result<void> SummaryCursor::turn_to_disk() {
  bool stale = view_ == nullptr || view_->is_over();
  if (!stale) {
    const MutexLock view(state_->view);
    stale = !state_->unchanged_since(taken_at_);
  }
  if (stale) {
    if (auto taken = take_snapshot(); !taken) return taken;
  }
  view_->move_to(state_->id);
  stored_.reset();
  on_stored_ = false;
  ++cost_.seeks;
  collect_from_ = day_;
  collects_ = day_ < closed_;
  return {};
}

/// Where it fails, the view that was there stays, which is over or out of date.
Result<void> SummaryCursor::take_snapshot() {
  const std::uint64_t taken_at = core_->states.changes();
  auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  auto view = (*kv)->view(state_->id, {Space::days});
  if (!view) return tl::unexpected<Error>(view.error());
  view_ = std::move(*view);
  taken_at_ = taken_at;
  return {};
}

const ScanCost& SummaryCursor::cost() const noexcept {
  total_ = cost_;
  total_ += scan_.cost();
  return total_;
}

/// Whether day_ is in memory. When it is not, finds out which days will be once they have been read.
bool SummaryCursor::use_cached() {
  cached_.reset();
  cached_next_ = 0;
  closed_ = 0;
  if (!core_->has_heads() || with_sketch_ || day_ == end_) return false;
  const ServerState& state = *state_;
  const MutexLock view(state.view);
  for (const auto* days : {&state.days, &state.first_day}) {
    if (*days == nullptr || !(*days)->covers(day_) || !state.unchanged_since((*days)->taken_at())) continue;
    cached_ = *days;
    return true;
  }
  // What is appended to a day before the newest result's counts as a change, so such days are closed as of now.
  if (state.loaded() && !state.changing()) closed_ = utc_day(state.head().last_ms());
  return false;
}

const DaySummary* SummaryCursor::next_cached() {
  if (const PackedDays* const packed = cached_->packed()) {
    while (cached_next_ < packed->size() && packed->day(cached_next_) < day_) ++cached_next_;
    if (cached_next_ == packed->size() || packed->day(cached_next_) >= end_) return nullptr;
    ++cost_.summaries;
    packed->unpack(cached_next_++, summary_);
    return &summary_;
  }
  const auto& days = cached_->days();
  while (cached_next_ < days.size() && days[cached_next_].day < day_) ++cached_next_;
  if (cached_next_ == days.size() || days[cached_next_].day >= end_) return nullptr;
  ++cost_.summaries;
  return &days[cached_next_++];
}

/// Keeps in memory what was read on disk of this server, together with what is there already.
void SummaryCursor::cache_collected() {
  collects_ = false;
  DayRange range{collect_from_, std::min(day_, closed_)};
  const bool first = range.first == 0;
  if (range.first >= range.last) return;
  std::uint64_t taken_at = taken_at_;
  std::shared_ptr<const CachedDays> before;
  {
    const MutexLock view(state_->view);
    if (!state_->unchanged_since(taken_at)) return;
    before = state_->days;
    if (before != nullptr && !state_->unchanged_since(before->taken_at())) before = nullptr;
  }
  if (!first && before != nullptr && range.first <= before->range().last && before->range().first <= range.last) {
    collected_ = join(*before, std::move(collected_), range);
    taken_at = std::min(taken_at, before->taken_at());
  }
  auto days = core_->states.cache_days(range, taken_at, std::move(collected_));
  collected_ = {};
  if (days == nullptr) return;
  const MutexLock view(state_->view);
  if (state_->unchanged_since(taken_at)) (first ? state_->first_day : state_->days) = std::move(days);
}

Result<const DaySummary*> SummaryCursor::next() {
  if (core_->closed) return tl::unexpected<Error>(closed_error());
  if (state_->removed) return tl::unexpected<Error>(no_such_server(state_->id));
  return contained([this]() -> Result<const DaySummary*> {
    while (cached_ != nullptr) {
      if (const DaySummary* const day = next_cached()) return day;
      if (end_ <= cached_->range().last) return nullptr;
      day_ = cached_->range().last;
      if (use_cached()) continue;
      if (auto turned = turn_to_disk(); !turned) return tl::unexpected<Error>(turned.error());
    }
    auto day = read_next();
    if (!day) collects_ = false;
    if (!collects_) return day;
    if (*day == nullptr || day_ > closed_) {
      cache_collected();
    } else {
      collected_.push_back(**day);
      if (collect_from_ == 0) cache_collected();
    }
    return day;
  });
}

Result<const DaySummary*> SummaryCursor::read_next() {
  int attempts = 0;
  while (day_ < end_) {
    const auto stored = look_at_stored();
    // A view that reads in pages may find only while reading that it is over.
    if (!stored && stored.error().code == ErrorCode::unavailable && view_->is_over() && ++attempts < kAttempts)
      continue;
    if (!stored || *stored != nullptr) return stored;
    const auto computed = compute_next(stored_day_);
    if (!computed) return tl::unexpected<Error>(computed.error());
    if (*computed) return &summary_;
  }
  return nullptr;
}

/// Notes that the days from `first` to before `last` cannot be read.
Error SummaryCursor::damaged(std::int64_t first, std::int64_t last, Error error) {
  holes_.push_back({window_of(std::max(first, day_), std::min(last, end_)), error});
  return error;
}

/// The summary of day_ when it is stored; null otherwise, and stored_day_ is the next that is.
Result<const DaySummary*> SummaryCursor::look_at_stored() {
  // A view that reads in pages is over once its server has changed, and keep() changes it. Days may be of different
  // moments; but what is cached together may not.
  if (view_->is_over()) {
    if (auto taken = take_snapshot(); !taken) return tl::unexpected<Error>(taken.error());
    stored_.reset();
    on_stored_ = false;
    collects_ = false;
  }
  const ViewUse use(*view_, cost_);
  if (auto begun = use.begun(); !begun) return tl::unexpected<Error>(begun.error());
  if (!stored_)
    stored_.emplace(*view_, Space::days, day_key(state_->id, day_at(day_)), day_key(state_->id, day_at(end_)));
  if (!on_stored_) {
    stored_day_ = end_;
    on_stored_ = stored_->next();
    if (!stored_->status()) return tl::unexpected<Error>(stored_->status().error());
    if (on_stored_) {
      const auto key = parse_day_key(stored_->key());
      if (!key) return fail(ErrorCode::corruption, "malformed key " + printable_key(stored_->key()));
      stored_day_ = day_number(key->day);
    }
    // Their results may be there still, or may have been dropped by retention: which cannot be told.
    if (auto skipped = stored_->take_skipped()) {
      return tl::unexpected<Error>(
          damaged(day_number(skipped->first), day_number(skipped->last), std::move(skipped->error)));
    }
  }
  return stored_day_ == day_ ? take_stored() : nullptr;
}

Result<const DaySummary*> SummaryCursor::take_stored() {
  const std::string_view bytes = stored_->value();
  auto decoded = decode_summary(day_, bytes, with_sketch_, summary_);
  on_stored_ = false;
  if (!decoded) {
    return tl::unexpected<Error>(
        damaged(day_, day_ + 1,
                {decoded.error().code, decoded.error().message + " (summary " + printable_key(stored_->key()) + ")"}));
  }
  ++cost_.summaries;
  cost_.bytes += bytes.size();
  ++day_;
  return &summary_;
}

/// Computes the next day before `end` that has results; false when there is none.
Result<bool> SummaryCursor::compute_next(std::int64_t end) {
  bool found = false;
  while (day_ < end && !found) {
    const auto day = first_day_with_results(end);
    if (!day) return tl::unexpected<Error>(day.error());
    day_ = *day;
    if (day_ == end) break;
    const std::int64_t computing = day_++;
    auto computed = compute(computing);
    if (!computed && computed.error().code == ErrorCode::corruption) {
      --day_;  // for the bounds of the hole
      auto error = damaged(computing, computing + 1, std::move(computed.error()));
      ++day_;
      return tl::unexpected<Error>(std::move(error));
    }
    if (!computed) return computed;
    found = *computed;
  }
  return found;
}

/// The first day in [day_, end) that may have results; `end` when none has.
Result<std::int64_t> SummaryCursor::first_day_with_results(std::int64_t end) {
  if (auto started = scan_.start(state_, window_of(day_, end)); !started) {
    return tl::unexpected<Error>(started.error());
  }
  const auto segment = scan_.next();
  if (!segment && !scan_.holes().empty()) {
    const Window hole = scan_.holes().front().window;
    const std::int64_t first = std::clamp(utc_day(to_ms(hole.from)), day_, end - 1);
    const std::int64_t whole_end = std::min(utc_day(to_ms(hole.to)), end);
    // Of a part of a day it is found, with this error, when the day is computed.
    if (first * kDayMs < to_ms(hole.from) || whole_end <= first) return first;
    auto error = damaged(first, whole_end, segment.error());
    day_ = whole_end;
    return tl::unexpected<Error>(std::move(error));
  }
  if (!segment) return tl::unexpected<Error>(segment.error());
  if (*segment == nullptr) return end;
  std::int64_t first_ms = (*segment)->time_ms.front();
  if (first_ms < scan_.head_start_ms()) return utc_day(first_ms);
  // The head hands out one location's series after another: a later one may begin on an earlier day. A head that holds
  // the whole history starts before all time, and none of the days up to the first result is worth a look.
  for (;;) {
    const auto other = scan_.next();
    if (!other) return tl::unexpected<Error>(other.error());
    if (*other == nullptr) return utc_day(first_ms);
    first_ms = std::min(first_ms, (*other)->time_ms.front());
  }
}

/// Whether a summary of `day` computed from now on may be kept; from now on what reaches the day erases its summary.
Result<bool> SummaryCursor::may_keep(std::int64_t day) {
  if (core_->mode == KvMode::read_only) return false;
  const MutexLock lock(state_->write);
  if (!state_->loaded()) {
    auto kv = core_->handle.kv();
    if (!kv) return tl::unexpected<Error>(kv.error());
    if (auto loaded = core_->states.ensure_loaded(*state_, **kv); !loaded) {
      return tl::unexpected<Error>(loaded.error());
    }
  }
  if (state_->removed || day >= std::max(utc_day(to_ms(state_->unsealed().last)), refused_before_)) return false;
  state_->expect_summary(day_at(day));
  return true;
}

Result<bool> SummaryCursor::compute(std::int64_t day) {
  const auto keeps = may_keep(day);
  if (!keeps) return keeps;
  const std::uint64_t begun_at = core_->states.changes();
  if (auto started = scan_.start(state_, window_of(day, day + 1)); !started) {
    return tl::unexpected<Error>(started.error());
  }
  reset_summary(summary_, day);
  for (;;) {
    const auto segment = scan_.next();
    if (!segment) return tl::unexpected<Error>(segment.error());
    if (*segment == nullptr) break;
    add_to_summary(summary_, **segment);
  }
  if (summary_.series.empty()) return false;
  // Of a day that is about to be dropped the summary is all that stays; any other is computed again the next time.
  const bool must = day < refused_before_;
  if (*keeps && (must || !lane_is_slow_)) {
    const auto kept = keep(begun_at, must);
    if (!kept && must) return tl::unexpected<Error>(kept.error());
  }
  if (!with_sketch_) summary_.latency = LatencySketch{};
  return true;
}

/// Stores summary_. Errors: unavailable when the history has changed since `begun_at`; those of writing. Unless it
/// `must`, it does not wait for a disk that keeps the writes of others waiting.
Result<void> SummaryCursor::keep(std::uint64_t begun_at, bool must) {
  if (!is_storable(summary_)) return {};
  const auto changed = [] {
    return fail(ErrorCode::unavailable, "the day changed while it was summarised; try again");
  };
  LaneChange change(*state_);
  change.batch.put(Space::days, day_key(state_->id, day_at(summary_.day)).view(), encode_summary(summary_));
  WriteLane::Turn turn(std::span(&change, 1), Durability::buffered);
  {
    const MutexLock lock(state_->write);
    if (state_->removed) return tl::unexpected<Error>(no_such_server(state_->id));
    if (!state_->loaded()) return changed();
    {
      const MutexLock view(state_->view);
      if (!state_->unchanged_since(begun_at)) return changed();
    }
    core_->lane.enter(turn);
  }
  if (must) {
    core_->lane.wait(turn);
  } else if (!core_->lane.wait_for(turn, kLongestKeepWait)) {
    lane_is_slow_ = true;
    return {};
  }
  return change.outcome.result();
}

}  // namespace nines::engine
