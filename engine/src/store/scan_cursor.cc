#include "store/scan_cursor.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/contained.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "vocabulary/check_input.h"

namespace nines::engine {
namespace {

/// Snapshots taken anew because the history changed meanwhile, before the server's writers are made to wait.
constexpr int kFreeAttempts = 3;

/// Adds the time until its end to a cost.
class Stopwatch {
 public:
  explicit Stopwatch(ScanCost& cost) : cost_(cost), begin_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    const auto spent = std::chrono::steady_clock::now() - begin_;
    cost_.nanoseconds += static_cast<std::uint64_t>(std::chrono::nanoseconds(spent).count());
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  ScanCost& cost_;
  std::chrono::steady_clock::time_point begin_;
};

}  // namespace

Result<void> ScanCursor::start(std::shared_ptr<ServerState> of_server, Window window, Writers writers) {
  const Stopwatch watch(cost_);
  if (core_->closed) return tl::unexpected<Error>(closed_error());
  if (options_.lookback.count() < 0) {
    return fail(ErrorCode::invalid_argument, "a scan's lookback must not be negative");
  }
  state_ = std::move(of_server);
  phase_ = Phase::done;
  bounds_.from = std::max<std::int64_t>(to_ms(window.from), 0);
  bounds_.low = std::max<std::int64_t>(bounds_.from - options_.lookback.count(), 0);
  bounds_.high = std::min(to_ms(window.to), to_ms(kTimeLimit));
  decoded_next_ = decoded_.size();  // nothing; its memory serves the next chunk
  head_.clear();
  head_next_ = 0;
  last_chunk_ms_ = -1;
  checks_.reset();
  on_chunk_ = false;
  holes_.clear();
  failed_.reset();
  ++cost_.range_scans;
  if (bounds_.high <= bounds_.low) return {};
  if (!core_->has_heads()) {
    head_start_ms_ = Head::kNothing;
    disk_end_ms_ = bounds_.high;
    phase_ = Phase::chunks;
    return look_at_disk();
  }
  return take_view(writers);
}

Result<void> ScanCursor::take_view(Writers writers) NINES_NO_THREAD_SAFETY_ANALYSIS {
  ServerState& state = *state_;
  core_->states.touch(state);
  for (int attempt = 0;; ++attempt) {
    std::unique_lock<Mutex> writers_wait(state.write, std::defer_lock);
    if (writers == Writers::go_on && (!state.loaded() || attempt >= kFreeAttempts)) {
      writers_wait.lock();
      state.settle();
    }
    if (!state.loaded()) {
      auto kv = core_->handle.kv();
      if (!kv) return tl::unexpected<Error>(kv.error());
      if (auto loaded = core_->states.ensure_loaded(state, **kv); !loaded) return loaded;
    }
    if (try_view()) return phase_ == Phase::chunks ? look_at_disk() : Result<void>{};
    if (auto taken = take_snapshot(); !taken) return taken;
    if (writers_wait.owns_lock()) {
      // Nobody can change the history now, and the snapshot is newer than the last change.
      if (try_view()) return phase_ == Phase::chunks ? look_at_disk() : Result<void>{};
    }
  }
}

bool ScanCursor::try_view() {
  const ServerState& state = *state_;
  const MutexLock view(state.view);
  if (!state.loaded() || state.changing()) return false;
  head_start_ms_ = state.head().start_ms();
  if (bounds_.low < head_start_ms_ && (!has_snapshot() || !state.unchanged_since(taken_at_))) return false;
  state.head().view(bounds_, options_.columns, gaps_, head_);
  disk_end_ms_ = std::min(bounds_.high, head_start_ms_);
  phase_ = bounds_.low < head_start_ms_ ? Phase::chunks : Phase::head;
  return true;
}

/// Where it fails, the view that was there stays, which is over or out of date.
Result<void> ScanCursor::take_snapshot() {
  const std::uint64_t taken_at = core_->states.changes();
  auto kv = core_->handle.kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  auto view = core_->has_heads() ? (*kv)->view(state_->id, {Space::checks})
                                 : (*kv)->view(state_->id, {Space::checks, Space::recent});
  if (!view) return tl::unexpected<Error>(view.error());
  view_ = std::move(*view);
  taken_at_ = taken_at;
  return {};
}

/// Turns the snapshot to the server at hand.
Result<void> ScanCursor::look_at_disk() {
  if (!has_snapshot()) return take_snapshot();
  view_->move_to(state_->id);
  return {};
}

Result<const Segment*> ScanCursor::next() {
  if (auto readable = check_readable(); !readable) return tl::unexpected<Error>(readable.error());
  return contained([this]() -> Result<const Segment*> {
    if (hand_out()) return &segment_;
    if (phase_ == Phase::done) return nullptr;
    return read_next();
  });
}

ScanCursor::~ScanCursor() {
  if (core_->is_forked()) {
    static_cast<void>(view_.release());
    return;
  }
  core_->count(cost_);
}

Result<void> ScanCursor::check_readable() const {
  if (core_->is_forked()) return tl::unexpected<Error>(forked_error());
  if (core_->closed) return tl::unexpected<Error>(closed_error());
  // What is left of a history that is being erased would look like all of it.
  if (state_ != nullptr && state_->removed) return tl::unexpected<Error>(no_such_server(state_->id));
  return {};
}

/// The next segment of what is not in memory yet.
Result<const Segment*> ScanCursor::read_next() {
  const Stopwatch watch(cost_);
  if (failed_) return tl::unexpected<Error>(*failed_);
  while (phase_ != Phase::done) {
    auto read = phase_ == Phase::chunks ? read_chunk() : read_rows();
    if (!read) {
      // Behind damage there may be more; any other error stays.
      if (read.error().code != ErrorCode::corruption) failed_ = read.error();
      return tl::unexpected<Error>(std::move(read.error()));
    }
    if (hand_out()) return &segment_;
  }
  return nullptr;
}

/// Makes segment_ of what is in memory already; false when that is used up.
bool ScanCursor::hand_out() {
  while (decoded_next_ < decoded_.size()) {
    next_series();
    cost_.results += segment_.size();
    if (segment_.size() > 0) return true;
  }
  if (phase_ != Phase::head) return false;
  if (head_next_ == head_.series_count()) {
    phase_ = Phase::done;
    return false;
  }
  segment_ = head_.series(head_next_++);
  cost_.head_results += segment_.size();
  cost_.results += segment_.size();
  return true;
}

void ScanCursor::next_series() {
  const SeriesColumns& columns = decoded_[decoded_next_++];
  const Bounds bounds{bounds_.low, bounds_.from, disk_end_ms_};
  segment_ = cut(whole_segment(columns, details_), bounds, gaps_, runs_, details_);
}

/// Notes that the results in [begin_ms, end_ms) cannot be read.
Result<void> ScanCursor::damaged(std::int64_t begin_ms, std::int64_t end_ms, Error error) {
  const Window window{from_ms(std::max(begin_ms, bounds_.low)), from_ms(std::min(end_ms, disk_end_ms_))};
  holes_.push_back({window, error});
  return tl::unexpected<Error>(std::move(error));
}

Result<void> ScanCursor::damaged(IntactRange::Skipped skipped) {
  // Of the first day a part may have been read.
  const std::int64_t begin_ms = std::max(to_ms(skipped.first), last_chunk_ms_ + 1);
  return damaged(begin_ms, to_ms(skipped.last), std::move(skipped.error));
}

/// Decodes the next chunk of the window, or goes on to what follows the chunks.
Result<void> ScanCursor::read_chunk() {
  const ViewUse use(*view_, cost_);
  if (auto begun = use.begun(); !begun) return begun;
  if (!checks_) {
    checks_.emplace(*view_, Space::checks, chunk_key(state_->id, from_ms(utc_day(bounds_.low) * kDayMs)),
                    chunk_key(state_->id, from_ms(disk_end_ms_)));
    ++cost_.seeks;
  }
  while (std::exchange(on_chunk_, false) || checks_->next()) {
    if (auto skipped = checks_->take_skipped()) {
      on_chunk_ = true;
      return damaged(*std::move(skipped));
    }
    if (auto taken = take_chunk(); !taken || decoded_next_ < decoded_.size()) return taken;
  }
  if (auto skipped = checks_->take_skipped()) {
    return damaged(*std::move(skipped));
  }
  phase_ = core_->has_heads() ? Phase::head : Phase::rows;
  return checks_->status();
}

/// Decodes the chunk that checks_ stands on, unless it lies before the window.
Result<void> ScanCursor::take_chunk() {
  const std::string_view bytes = checks_->value();
  const auto at = [this](const std::string& what) { return what + " (chunk " + printable_key(checks_->key()) + ")"; };
  const auto key = parse_chunk_key(checks_->key());
  if (!key) return damaged(0, 0, {ErrorCode::corruption, at("malformed key")});
  const std::int64_t first_ms = to_ms(key->first);
  const std::int64_t day_end_ms = (utc_day(first_ms) + 1) * kDayMs;
  const auto info = peek_chunk(bytes);
  // Before anything is believed of it: a chunk that seems to lie outside of the window is passed over.
  if (info && info->first_ms != first_ms) {
    return damaged(first_ms, day_end_ms, {ErrorCode::corruption, at("a chunk's first result is of another time")});
  }
  if (info && info->last_ms < bounds_.low) {
    last_chunk_ms_ = info->last_ms;
    return {};
  }
  // A run that is cut at a block's edge keeps its longest gap, wherever in the run that was.
  auto decoded = gaps_ == Gaps::exact
                     ? decode_chunk(bytes, options_.columns, decoded_)
                     : decode_chunk(bytes, options_.columns, {from_ms(bounds_.low), from_ms(disk_end_ms_)}, decoded_);
  if (!decoded) {
    decoded_next_ = decoded_.size();
    return damaged(first_ms, day_end_ms, {decoded.error().code, at(decoded.error().message)});
  }
  if (first_ms <= last_chunk_ms_) {
    // Handed out, its times would not ascend.
    decoded_next_ = decoded_.size();
    return damaged(first_ms, info->last_ms + 1, {ErrorCode::corruption, at("a chunk begins before another ends")});
  }
  decoded_next_ = 0;
  last_chunk_ms_ = info->last_ms;
  ++cost_.chunks;
  cost_.bytes += bytes.size();
  // Chunks do not overlap in time, so one that reaches the end is the last, and one step in the store is spared.
  if (core_->has_heads() && last_chunk_ms_ + 1 >= disk_end_ms_) phase_ = Phase::head;
  return {};
}

/// Reads the window's rows, all of them: a server has at most a few hundred.
Result<void> ScanCursor::read_rows() {
  const ViewUse use(*view_, cost_);
  if (auto begun = use.begun(); !begun) return begun;
  phase_ = Phase::head;  // of which a read-only store has none
  ++cost_.seeks;
  IntactRange recent(*view_, Space::recent,
                     recent_key(state_->id, from_ms(std::max(bounds_.low, last_chunk_ms_ + 1)), {}),
                     recent_key(state_->id, from_ms(bounds_.high), {}));
  std::vector<CheckResult> rows;
  Result<void> outcome;  // the first damage; what else can be read is handed out behind it
  const auto note = [&](Result<void> damage) {
    if (outcome) outcome = std::move(damage);
  };
  while (recent.next()) {
    if (auto skipped = recent.take_skipped()) note(damaged(*std::move(skipped)));
    ++cost_.rows;
    cost_.bytes += recent.value().size();
    auto row = decode_row(recent.key(), recent.value());
    if (row) {
      rows.push_back(std::move(*row));
      continue;
    }
    const auto key = parse_recent_key(recent.key());
    const std::int64_t ms = key ? to_ms(key->time) : 0;
    note(damaged(ms, ms + 1, std::move(row.error())));
  }
  if (auto skipped = recent.take_skipped()) note(damaged(*std::move(skipped)));
  if (!recent.status()) return recent.status();
  decoded_ = to_columns(rows);
  decoded_next_ = 0;
  for (SeriesColumns& columns : decoded_) {
    if (!options_.columns.latency) columns.latency_us.clear();
    if (!options_.columns.details) columns.details.clear();
    if (options_.columns.phases) continue;
    columns.phases.clear();
    columns.has_phases.clear();
  }
  return outcome;
}

}  // namespace nines::engine
