#include "store/write_lane.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/contained.h"

namespace nines::engine {
namespace {

/// What one write of the log takes at most, apart from its first turn, so that nobody waits long for the work of
/// others.
constexpr std::size_t kGroupBytes = 4U << 20U;

}  // namespace

WriteLane::WriteLane(Handle& handle, const StateTable& states) : handle_(handle), states_(states) {
  group_.reserve(1);
}

void WriteLane::enter(Turn& turn) {
  for (LaneChange& change : turn.changes_) {
    change.outcome = {};
    if (change.state != nullptr) change.in_flight_.emplace(*change.state, states_, change.past);
  }
  const MutexLock lock(mutex_);
  queue_.push_back(&turn);
}

void WriteLane::wait(Turn& turn) {
  mutex_.lock();
  while (!turn.done_ && (leading_ || queue_.front() != &turn)) mutex_.wait(turn.ready_);
  if (turn.done_) {
    mutex_.unlock();
    return;
  }
  leading_ = true;
  gather_group();
  mutex_.unlock();

  lead();
  finish();

  mutex_.lock();
  leading_ = false;
  for (Turn* done : group_) {
    done->done_ = true;
    // Under the lock: the turn is gone as soon as its caller sees it done.
    if (done != &turn) done->ready_.notify_one();
  }
  if (!queue_.empty()) queue_.front()->ready_.notify_one();
  mutex_.unlock();
}

/// Those in front, without memory for more the first alone.
void WriteLane::gather_group() {
  group_.clear();
  std::size_t bytes = 0;
  while (!queue_.empty() && (group_.empty() || bytes < kGroupBytes)) {
    for (const LaneChange& change : queue_.front()->changes_) bytes += change.batch.bytes();
    try {
      group_.push_back(queue_.front());
    } catch (...) {
      return;
    }
    queue_.pop_front();
  }
}

bool WriteLane::wait_for(Turn& turn, std::chrono::milliseconds most) {
  const auto until = std::chrono::steady_clock::now() + most;
  bool left = false;
  {
    const MutexLock lock(mutex_);
    while (!left && !turn.done_ && (leading_ || queue_.front() != &turn)) {
      if (mutex_.wait_until(turn.ready_, until) == std::cv_status::no_timeout) continue;
      const auto place = std::find(queue_.begin(), queue_.end(), &turn);
      if (place == queue_.end()) break;  // it is being written
      queue_.erase(place);
      left = true;
      if (!leading_ && !queue_.empty()) queue_.front()->ready_.notify_one();
    }
  }
  if (!left) {
    wait(turn);
    return true;
  }
  for (LaneChange& change : turn.changes_) change.in_flight_.reset();
  return false;
}

void WriteLane::lead() {
  written_ = false;
  try {
    write_group();
  } catch (...) {
    // What was not told its outcome has none, unless the log may have it.
    for (Turn* turn : group_) {
      turn->flushed_ = tl::unexpected<Error>(current_exception_error());
      for (LaneChange& change : turn->changes_) {
        change.outcome = {written_ ? Outcome::Applied::unknown : Outcome::Applied::no, current_exception_error()};
      }
    }
  }
}

void WriteLane::write_group() {
  parts_.clear();
  auto durability = Durability::buffered;
  bool flushes = false;
  for (Turn* turn : group_) {
    durability = std::max(durability, turn->durability_);
    flushes = flushes || turn->flushes();
    for (LaneChange& change : turn->changes_) {
      if (change.state != nullptr && change.state->generation() != change.generation) {
        change.outdated = true;
        change.outcome.error = {ErrorCode::unavailable, "the store was reopened while the write waited; try again"};
      } else if (change.batch.empty()) {
        const auto writable = handle_.check_writable();
        change.outcome =
            writable ? Outcome{Outcome::Applied::yes, {}} : Outcome{Outcome::Applied::no, writable.error()};
      } else {
        parts_.push_back({&change, 0});
      }
    }
  }
  if (!parts_.empty()) write_parts(durability);
  if (!flushes) return;
  // A write at `disk` has synced what came before it, too.
  const bool synced = !parts_.empty() && std::all_of(parts_.begin(), parts_.end(),
                                                     [](const Part& part) { return part.change->outcome.ok(); });
  const auto flushed = synced ? Result<void>{} : handle_.flush_log(true);
  for (Turn* turn : group_) turn->flushed_ = flushed;
}

/// Writes parts_, those of one server put together. In most groups each is of another server.
void WriteLane::write_parts(Durability durability) {
  const auto by_server = [](const Part& a, const Part& b) {
    return a.change->batch.server() < b.change->batch.server();
  };
  if (!std::is_sorted(parts_.begin(), parts_.end(), by_server)) {
    std::stable_sort(parts_.begin(), parts_.end(), by_server);
  }
  batches_.clear();
  Batch* first = nullptr;  // of the server at hand
  for (Part& part : parts_) {
    if (first == nullptr || first->server() != part.change->batch.server()) {
      first = &part.change->batch;
      batches_.push_back(first);
    } else {
      first->append(part.change->batch);
    }
    part.written = batches_.size() - 1;
  }
  outcomes_.assign(batches_.size(), Outcome{});
  written_ = true;
  handle_.write(batches_, durability, outcomes_);
  for (const Part& part : parts_) part.change->outcome = outcomes_[part.written];
}

/// Has what was applied seen by readers. Where that finds no memory the server is read anew, and who wrote cannot know.
void WriteLane::publish(LaneChange& change) {
  if (!change.publish) return;
  try {
    change.publish();
  } catch (...) {
    change.outcome = {Outcome::Applied::unknown, current_exception_error()};
  }
}

void WriteLane::finish() {
  for (Turn* turn : group_) {
    for (LaneChange& change : turn->changes_) {
      if (change.outcome.ok()) publish(change);
      if (change.outcome.ok() && !change.batch.empty()) applied_.fetch_add(1, std::memory_order_release);
      if (change.state == nullptr) continue;
      // After a fault of the whole Kv what is in memory is true until it is opened anew, which forgets everything.
      if (change.outcome.applied == Outcome::Applied::unknown && !handle_.has_fault()) {
        change.state->forget(states_.count_change());
      }
      change.in_flight_.reset();
    }
  }
}

Result<void> WriteLane::write(LaneChange& change, Durability durability) {
  Turn turn(std::span(&change, 1), durability);
  enter(turn);
  wait(turn);
  return change.outcome.result();
}

Result<void> WriteLane::flush() {
  Turn turn({}, Durability::disk);
  enter(turn);
  wait(turn);
  return turn.flushed_;
}

}  // namespace nines::engine
