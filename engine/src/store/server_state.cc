#include "store/server_state.h"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <utility>

#include "series/merge.h"

namespace nines::engine {
namespace {

/// More results than this that do not follow the head's are put into it together, by making it anew.
constexpr std::size_t kManyMisplaced = 8;

}  // namespace

Unsealed ServerState::unsealed() const {
  const MutexLock lock(view);
  return {head_.rows(), from_ms(head_.first_row_ms()), from_ms(std::max(head_.last_ms(), head_.watermark_ms())),
          from_ms(head_.watermark_ms())};
}

std::vector<CheckResult> ServerState::rows() const {
  const MutexLock lock(view);
  return head_.results_from(head_.watermark_ms() + 1, id);
}

std::size_t ServerState::rows_until(TimeMs time) const {
  const MutexLock lock(view);
  return head_.rows_until(to_ms(time));
}

TimeMs ServerState::slowest() const {
  const MutexLock lock(view);
  return from_ms(head_.slowest_ms());
}

void ServerState::settle() {
  if (pending_ > 0) {
    view.lock();
    settling_ = true;
    while (pending_ > 0) view.wait(settled_);
    settling_ = false;
    view.unlock();
  }
  sealing_to_ = kBeforeAll;
}

TimeMs ServerState::sealing_to() const {
  return std::max(sealing_to_, unsealed().watermark);
}

void ServerState::load(Head head, UtcDay summaries_end, std::uint64_t change) {
  const MutexLock lock(view);
  head_ = std::move(head);
  set_rows_locked(RowsAt::disk, {});
  summaries_end_ = summaries_end;
  newest_ = from_ms(std::max(head_.last_ms(), std::max<std::int64_t>(head_.watermark_ms(), 0)));
  changed_at_ = change;
  loaded_.store(true, std::memory_order_release);
  check();
}

void ServerState::forget_sealed(std::span<const CheckResult> rows, std::uint64_t change) {
  auto columns = to_columns(rows);
  const MutexLock lock(view);
  if (!loaded()) return;
  forget_locked(change);
  set_rows_locked(RowsAt::here, std::move(columns));
}

void ServerState::keep_rows(std::vector<SeriesColumns> rows) {
  const MutexLock lock(view);
  set_rows_locked(RowsAt::here, std::move(rows));
}

void ServerState::set_rows_locked(RowsAt at, std::vector<SeriesColumns> rows) {
  rows_at = at;
  found_rows = std::move(rows);
  kv_rows = kv_row_bytes = 0;
}

void ServerState::forget(std::uint64_t change) {
  const MutexLock lock(view);
  forget_locked(change);
}

/// What was stored for a state that has been forgotten since is found on disk, with the rows that were known before.
void ServerState::read_again_locked() {
  set_rows_locked(RowsAt::disk, {});
}

void ServerState::forget_locked(std::uint64_t change) {
  loaded_ = false;
  ++generation_;
  head_ = Head();
  set_rows_locked(RowsAt::disk, {});
  changed_at_ = change;
}

void ServerState::append(std::span<const CheckResult* const> results) {
  std::vector<CheckResult> misplaced;
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  const bool many = results.size() > kManyMisplaced;
  for (const CheckResult* result : results) {
    if (to_ms(result->time) < head_.start_ms()) continue;
    if (misplaced.empty() && head_.accepts(*result)) {
      head_.push_back(*result);
    } else if (many) {
      misplaced.push_back(*result);
    } else {
      head_.insert(*result);
    }
  }
  if (!misplaced.empty()) {
    sort_and_unique(misplaced);
    head_.merge(misplaced, id);
  }
  check();
}

void ServerState::load_sealed(std::span<const CheckResult> newest, TimeMs watermark, TimeMs start,
                              std::uint64_t change) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.seal(to_ms(watermark));
  head_.trim(std::min(to_ms(start), head_.watermark_ms() + 1));
  const auto first =
      std::partition_point(newest.begin(), newest.end(),
                           [begin_ms = head_.start_ms()](const auto& result) { return to_ms(result.time) < begin_ms; });
  const std::span<const CheckResult> kept(first, newest.end());
  if (!kept.empty() && to_ms(kept.front().time) > head_.last_ms()) {
    head_.extend(to_columns(kept));
  } else if (!kept.empty()) {
    head_.merge(kept, id);
  }
  changed_at_ = change;
  check();
}

void ServerState::seal(TimeMs watermark) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.seal(to_ms(watermark));
  check();
}

void ServerState::drop(TimeMs end) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.drop(to_ms(end));
  check();
}

void ServerState::expect_summary(UtcDay day) {
  const MutexLock lock(view);
  summaries_end_ = std::max(summaries_end_.load(), day + std::chrono::days{1});
}

void ServerState::trim(TimeMs start, std::uint64_t change) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.trim(std::min(to_ms(start), head_.watermark_ms() + 1));
  changed_at_ = change;
  check();
}

void ServerState::check() const {
  assert(head_.start_ms() >= 0 && head_.start_ms() <= head_.watermark_ms() + 1);
  assert((head_.rows() > 0) == (head_.first_row_ms() > head_.watermark_ms()));
  assert((head_.rows() > 0) == (head_.last_ms() > head_.watermark_ms()));
  assert(head_.rows() == head_.results_from(head_.watermark_ms() + 1, id).size());
}

}  // namespace nines::engine
