#include "store/state_table.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "codec/chunk.h"
#include "codec/key.h"
#include "codec/row.h"
#include "series/merge.h"
#include "store/intact_range.h"

namespace nines::engine {
namespace {

/// The part of the heads' budget that day summaries may take: one in so many bytes. A server's month of them is as
/// large as seven hours of its results at one a minute.
constexpr std::size_t kDaysShare = 4;
/// The part of that which may be taken by days that are not packed, likewise. Packed ones take a third of the memory
/// and a tenth more time.
constexpr std::size_t kUnpackedShare = 4;

Error at_key(Error error, std::string_view key) {
  error.message += " (key " + printable_key(key) + ")";
  return error;
}

/// The time of the newest sealed result, -1 without one.
Result<std::int64_t> find_watermark(ServerId id, View& view) {
  const Range& checks = view.last(Space::checks, server_key(id).view(), prefix_end(id).view());
  if (!checks.valid()) {
    if (auto status = checks.status(); !status) return tl::unexpected<Error>(status.error());
    return -1;
  }
  auto info = peek_chunk(checks.value());
  if (!info) return tl::unexpected<Error>(at_key(info.error(), checks.key()));
  return info->last_ms;
}

/// The same when the last chunk cannot be read: a time that no chunk is later than. Rows are later than all chunks;
/// without any, what was stored before now is taken to be of before now.
Result<std::int64_t> guess_watermark(ServerId id, std::span<const SeriesColumns> rows, std::int64_t now_ms,
                                     View& view) {
  if (!rows.empty()) {
    std::int64_t first_ms = rows.front().time_ms.front();
    for (const SeriesColumns& series : rows) first_ms = std::min(first_ms, series.time_ms.front());
    return first_ms - 1;
  }
  std::int64_t last_ms = now_ms;
  IntactRange checks(view, Space::checks, chunk_key(id, from_ms(0)), prefix_end(id));
  while (checks.next()) {
    if (const auto info = peek_chunk(checks.value())) last_ms = std::max(last_ms, info->last_ms);
  }
  if (!checks.status()) return tl::unexpected<Error>(checks.status().error());
  return last_ms;
}

/// Decodes the chunks with results from `start_ms` on.
Result<std::vector<SeriesColumns>> read_chunks(ServerId id, std::int64_t start_ms, View& view) {
  std::vector<SeriesColumns> pieces;
  std::vector<SeriesColumns> decoded;
  const std::int64_t day_start = utc_day(start_ms) * kDayMs;
  Range& checks = view.range(Space::checks, chunk_key(id, from_ms(day_start)).view(), prefix_end(id).view());
  for (; checks.valid(); checks.next()) {
    const auto info = peek_chunk(checks.value());
    const auto key = parse_chunk_key(checks.key());
    // Passed over as a scan passes over it.
    if (info && key && info->first_ms == to_ms(key->first) && info->last_ms < start_ms) continue;
    auto done = decode_chunk(checks.value(), Columns{true, true, true}, decoded);
    if (!done) return tl::unexpected<Error>(at_key(done.error(), checks.key()));
    std::move(decoded.begin(), decoded.end(), std::back_inserter(pieces));
  }
  if (auto status = checks.status(); !status) return tl::unexpected<Error>(status.error());
  return pieces;
}

/// The day that no stored summary reaches, given where the server's sealed results end.
Result<UtcDay> find_summaries_end(ServerId id, TimeMs watermark, View& view) {
  UtcDay end = day_of(std::max(watermark, from_ms(0)));
  Range& days = view.range(Space::days, day_key(id, end).view(), prefix_end(id).view(), {.values = false});
  for (; days.valid(); days.next()) {
    const auto key = parse_day_key(days.key());
    if (!key) return fail(ErrorCode::corruption, "malformed key " + printable_key(days.key()));
    end = key->day + std::chrono::days{1};
  }
  if (auto status = days.status(); !status) {
    if (status.error().code != ErrorCode::corruption) return tl::unexpected<Error>(status.error());
    return kDayLimit;  // any day may have one
  }
  return end;
}

Result<std::vector<SeriesColumns>> read_rows(ServerId id, View& view) {
  std::vector<CheckResult> rows;
  Range& recent = view.range(Space::recent, server_key(id).view(), prefix_end(id).view());
  for (; recent.valid(); recent.next()) {
    auto row = decode_row(recent.key(), recent.value());
    if (!row) return tl::unexpected<Error>(row.error());
    rows.push_back(std::move(*row));
  }
  if (auto status = recent.status(); !status) return tl::unexpected<Error>(status.error());
  return to_columns(rows);
}

}  // namespace

Result<std::optional<CheckResult>> newest_row(const Kv& kv, ServerId server) {
  auto view = kv.view(server, {Space::recent});
  if (!view) return tl::unexpected<Error>(view.error());
  const Range& recent = (*view)->last(Space::recent, server_key(server).view(), prefix_end(server).view());
  if (recent.valid()) {
    auto row = decode_row(recent.key(), recent.value());
    if (!row) return tl::unexpected<Error>(row.error());
    return std::move(*row);
  }
  if (auto status = recent.status(); !status) return tl::unexpected<Error>(status.error());
  return std::nullopt;
}

namespace {

/// The newest result of a chunk.
Result<CheckResult> newest_of(std::string_view key, std::string_view chunk, ServerId server) {
  std::vector<SeriesColumns> series;
  if (auto decoded = decode_chunk(chunk, Columns{true, true, true}, series); !decoded) {
    return tl::unexpected<Error>(at_key(decoded.error(), key));
  }
  auto newest = series.begin();
  for (auto candidate = series.begin(); candidate != series.end(); ++candidate) {
    if (candidate->time_ms.back() >= newest->time_ms.back()) newest = candidate;
  }
  return newest->at(newest->size() - 1, server);
}

/// The newest result of the chunks that can be read, by looking at all of them.
Result<std::optional<CheckResult>> newest_intact(View& view, ServerId server) {
  std::optional<CheckResult> newest;
  IntactRange checks(view, Space::checks, chunk_key(server, from_ms(0)), prefix_end(server));
  while (checks.next()) {
    if (auto found = newest_of(checks.key(), checks.value(), server)) newest = std::move(*found);
  }
  if (!checks.status()) return tl::unexpected<Error>(checks.status().error());
  return newest;
}

}  // namespace

Result<std::optional<CheckResult>> newest_sealed(const Kv& kv, ServerId server) {
  auto view = kv.view(server, {Space::checks});
  if (!view) return tl::unexpected<Error>(view.error());
  const Range& checks = (*view)->last(Space::checks, server_key(server).view(), prefix_end(server).view());
  Error damage;
  if (checks.valid()) {
    auto newest = newest_of(checks.key(), checks.value(), server);
    if (newest) return *std::move(newest);
    damage = std::move(newest.error());
  } else {
    auto status = checks.status();
    if (status) return std::nullopt;
    damage = std::move(status.error());
  }
  if (damage.code != ErrorCode::corruption) return tl::unexpected<Error>(std::move(damage));
  auto intact = newest_intact(**view, server);
  if (intact && !*intact) return tl::unexpected<Error>(std::move(damage));
  return intact;
}

HistoryChange::HistoryChange(ServerState& state, const StateTable& states, bool past)
    : state_(&state), states_(&states), past_(past) {
  ++state.pending_;
  if (!past_) return;
  const MutexLock lock(state.view);
  ++state.changing_;
}

HistoryChange::~HistoryChange() NINES_NO_THREAD_SAFETY_ANALYSIS {
  if (state_ == nullptr) return;
  if (past_) {
    const MutexLock lock(state_->view);
    --state_->changing_;
    state_->changed_at_ = states_->count_change();
  }
  // settle() announces itself before it looks at the count, so one of the two sees the other.
  if (--state_->pending_ > 0 || !state_->settling_) return;
  const MutexLock lock(state_->view);
  state_->settled_.notify_all();
}

std::shared_ptr<ServerState> StateTable::find(ServerId id) const {
  const auto index = static_cast<std::size_t>(id);
  const ReaderLock lock(mutex_);
  return index < states_.size() ? states_[index] : nullptr;
}

void StateTable::add(ServerId id) {
  const auto index = static_cast<std::size_t>(id);
  const WriterLock lock(mutex_);
  if (index >= states_.size()) states_.resize(index + 1);
  if (states_[index] != nullptr) return;
  auto state = std::make_shared<ServerState>(id);
  {
    const MutexLock view(state->view);
    state->rows_at = ServerState::RowsAt::here;  // none, yet
  }
  states_[index] = std::move(state);
  ++size_;
}

void StateTable::remove(ServerId id) {
  const auto index = static_cast<std::size_t>(id);
  const WriterLock lock(mutex_);
  if (index < states_.size() && std::exchange(states_[index], nullptr) != nullptr) --size_;
}

void StateTable::reset(std::span<const Server> servers) {
  {
    const WriterLock lock(mutex_);
    std::vector<std::shared_ptr<ServerState>> states;
    for (const Server& server : servers) {
      const auto index = static_cast<std::size_t>(server.id);
      if (index >= states.size()) states.resize(index + 1);
      states[index] = index < states_.size() && states_[index] != nullptr ? states_[index]
                                                                          : std::make_shared<ServerState>(server.id);
    }
    states_ = std::move(states);
    size_ = servers.size();
    heads_bytes_ = 0;
  }
  for (const auto& state : all()) state->forget(count_change());
}

std::vector<std::shared_ptr<ServerState>> StateTable::all() const {
  const ReaderLock lock(mutex_);
  std::vector<std::shared_ptr<ServerState>> states;
  std::copy_if(states_.begin(), states_.end(), std::back_inserter(states),
               [](const auto& state) { return state != nullptr; });
  return states;
}

Result<void> StateTable::find_rows(Kv& kv) {
  const auto none_known = [this] {
    for (const auto& state : all()) {
      const MutexLock lock(state->view);
      state->rows_at = ServerState::RowsAt::here;
    }
  };
  if (LocalCare* const local = kv.local(); local != nullptr) {
    none_known();
    const bool found = local->find_rows([this](ServerId server, std::size_t rows, std::size_t bytes) {
      const auto state = find(server);
      if (state == nullptr) return;
      const MutexLock lock(state->view);
      state->rows_at = ServerState::RowsAt::kv;
      state->kv_rows = rows;
      state->kv_row_bytes = bytes;
    });
    if (found) return {};
  }
  auto view = kv.view_all(Space::recent);
  if (!view) return tl::unexpected<Error>(view.error());
  none_known();
  std::vector<CheckResult> rows;  // of one server
  const auto hand_over = [&] {
    if (rows.empty()) return;
    if (const auto state = find(rows.front().server)) {
      const MutexLock lock(state->view);
      state->found_rows = to_columns(rows);
    }
    rows.clear();
  };
  Range& recent = (*view)->range(Space::recent, {}, {});
  for (; recent.valid(); recent.next()) {
    auto row = decode_row(recent.key(), recent.value());
    if (!row) return tl::unexpected<Error>(row.error());
    if (!rows.empty() && rows.front().server != row->server) hand_over();
    rows.push_back(std::move(*row));
  }
  hand_over();
  return recent.status();
}

Result<void> StateTable::ensure_loaded(ServerState& state, Kv& kv) const {
  if (state.loaded()) return {};
  state.settle();
  ServerState::RowsAt rows_at{};
  std::vector<SeriesColumns> rows;
  {
    const MutexLock lock(state.view);
    rows_at = state.rows_at;
    rows = state.found_rows;
  }
  if (rows_at == ServerState::RowsAt::kv) {
    const auto taken = kv.local()->take_rows(state.id);
    if (!taken) return tl::unexpected<Error>(taken.error());
    rows = to_columns(*taken);
  }
  auto view = rows_at == ServerState::RowsAt::disk ? kv.view(state.id, {Space::checks, Space::days, Space::recent})
                                                   : kv.view(state.id, {Space::checks, Space::days});
  Result<void> loaded = view ? Result<void>{} : tl::unexpected<Error>(view.error());
  if (loaded && rows_at == ServerState::RowsAt::disk) {
    auto read = read_rows(state.id, **view);
    if (!read) return tl::unexpected<Error>(read.error());
    rows = std::move(*read);
  }
  if (loaded) loaded = load_sealed(state, **view, rows);
  if (!loaded && rows_at == ServerState::RowsAt::kv) state.keep_rows(std::move(rows));
  return loaded;
}

/// Loads what is not a row.
Result<void> StateTable::load_sealed(ServerState& state, View& view, const std::vector<SeriesColumns>& rows) const {
  auto watermark = find_watermark(state.id, view);
  if (!watermark && watermark.error().code == ErrorCode::corruption) {
    watermark = guess_watermark(state.id, rows, to_ms(options_.clock()), view);
  }
  if (!watermark) return tl::unexpected<Error>(watermark.error());
  std::int64_t last_ms = *watermark;
  for (const SeriesColumns& series : rows) last_ms = std::max(last_ms, series.time_ms.back());
  const auto summaries_end = find_summaries_end(state.id, from_ms(*watermark), view);
  if (!summaries_end) return tl::unexpected<Error>(summaries_end.error());

  Head head;
  const bool has_room = heads_bytes_.load(std::memory_order_relaxed) < options_.performance.head_bytes;
  std::int64_t start = has_room ? head_start(last_ms, *watermark) : *watermark + 1;
  std::vector<SeriesColumns> pieces;
  if (start <= *watermark) {
    auto read = read_chunks(state.id, start, view);
    if (read) {
      pieces = std::move(*read);
    } else {
      if (read.error().code != ErrorCode::corruption) return tl::unexpected<Error>(std::move(read.error()));
      // Readers find on disk what can be read of it, and say what cannot.
      start = *watermark + 1;
    }
  }
  head.reset(start, *watermark);
  pieces.insert(pieces.end(), rows.begin(), rows.end());
  head.extend(pieces);
  heads_bytes_.fetch_add(head.bytes(), std::memory_order_relaxed);
  state.load(std::move(head), *summaries_end, count_change());
  grown_.store(true, std::memory_order_relaxed);
  return {};
}

std::int64_t StateTable::head_start(std::int64_t last_ms, std::int64_t watermark_ms) const noexcept {
  const auto& performance = options_.performance;
  const std::int64_t unsealed = watermark_ms + 1;
  if (performance.head_bytes == 0) return unsealed;
  const std::int64_t span = std::chrono::milliseconds(performance.head_span).count();
  return std::clamp<std::int64_t>(last_ms - span, 0, unsealed);
}

void StateTable::trim_head(ServerState& state) const {
  const Unsealed unsealed = state.unsealed();
  const std::int64_t wanted = head_start(to_ms(unsealed.last), to_ms(unsealed.watermark));
  const std::int64_t span = std::chrono::milliseconds(options_.performance.head_span).count();
  // Trimming copies what stays, so it waits until a quarter more has gathered.
  const std::int64_t slack = options_.performance.head_bytes == 0 ? 0 : span / 4;
  {
    const MutexLock view(state.view);
    if (wanted - state.head().start_ms() <= slack) return;
  }
  state.trim(from_ms(wanted), count_change());
}

void StateTable::touch(const ServerState& state) const noexcept {
  state.used_at.store(ticks_.fetch_add(1, std::memory_order_relaxed), std::memory_order_relaxed);
}

std::shared_ptr<const CachedDays> StateTable::cache_days(DayRange range, std::uint64_t taken_at,
                                                         std::vector<DaySummary> days) const {
  const std::size_t share = options_.performance.head_bytes / kDaysShare;
  if (cached_days_bytes_ + memory_of(days) <= share / kUnpackedShare) {
    return std::make_shared<const CachedDays>(range, taken_at, std::move(days), cached_days_bytes_);
  }
  PackedDays packed(days);
  if (cached_days_bytes_ + packed.bytes() > share) return nullptr;
  return std::make_shared<const CachedDays>(range, taken_at, std::move(packed), cached_days_bytes_);
}

void StateTable::keep_budget_after_reading() const {
  if (grown_.load(std::memory_order_relaxed) && grown_.exchange(false, std::memory_order_relaxed)) keep_budget();
}

namespace {

std::size_t head_bytes(const ServerState& state) {
  const MutexLock view(state.view);
  return state.head().bytes();
}

}  // namespace

void StateTable::keep_budget() const {
  const MutexLock budget(budget_mutex_);
  auto states = all();
  std::size_t bytes = cached_days_bytes_;
  for (const auto& state : states) bytes += head_bytes(*state);
  heads_bytes_ = bytes;
  if (bytes <= options_.performance.head_bytes) return;
  std::sort(states.begin(), states.end(), [](const auto& a, const auto& b) { return a->used_at < b->used_at; });
  for (const auto& state : states) {
    if (bytes <= options_.performance.head_bytes) return;
    // A server that is being written to keeps its head this time.
    if (!state->write.try_lock()) continue;
    if (state->loaded()) {
      bytes -= head_bytes(*state);
      state->trim(from_ms(Head::kNothing), count_change());
      bytes += head_bytes(*state);
    }
    state->write.unlock();
    heads_bytes_ = bytes;
  }
}

}  // namespace nines::engine
