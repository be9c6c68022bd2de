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
  return {head_.rows(), head_.first_row_ms(), std::max(head_.last_ms(), head_.watermark_ms()), head_.watermark_ms()};
}

std::vector<CheckResult> ServerState::rows() const {
  const MutexLock lock(view);
  return head_.results_from(head_.watermark_ms() + 1, id);
}

std::size_t ServerState::rows_until(std::int64_t time_ms) const {
  const MutexLock lock(view);
  return head_.rows_until(time_ms);
}

std::int64_t ServerState::slowest_ms() const {
  const MutexLock lock(view);
  return head_.slowest_ms();
}

void ServerState::settle() {
  if (pending_ > 0) {
    view.lock();
    settling_ = true;
    while (pending_ > 0) view.wait(settled_);
    settling_ = false;
    view.unlock();
  }
  sealing_to_ms_ = -1;
}

std::int64_t ServerState::sealing_to_ms() const {
  return std::max(sealing_to_ms_, unsealed().watermark_ms);
}

void ServerState::load(Head head, std::int64_t summaries_end, std::uint64_t change) {
  const MutexLock lock(view);
  head_ = std::move(head);
  set_rows_locked(RowsAt::disk, {});
  summaries_end_ = summaries_end;
  newest_ms_ = std::max(head_.last_ms(), std::max<std::int64_t>(head_.watermark_ms(), 0));
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

void ServerState::load_sealed(std::span<const CheckResult> newest, std::int64_t watermark_ms, std::int64_t start_ms,
                              std::uint64_t change) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.seal(watermark_ms);
  head_.trim(std::min(start_ms, head_.watermark_ms() + 1));
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

void ServerState::seal(std::int64_t watermark_ms) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.seal(watermark_ms);
  check();
}

void ServerState::drop(std::int64_t end_ms) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.drop(end_ms);
  check();
}

void ServerState::expect_summary(std::int64_t day) {
  const MutexLock lock(view);
  summaries_end_ = std::max(summaries_end_.load(), day + 1);
}

void ServerState::trim(std::int64_t start_ms, std::uint64_t change) {
  const MutexLock lock(view);
  if (!loaded()) return read_again_locked();
  head_.trim(std::min(start_ms, head_.watermark_ms() + 1));
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
