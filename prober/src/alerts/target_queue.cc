#include "alerts/target_queue.h"

#include <algorithm>
#include <cassert>

namespace nines::prober {

void TargetQueue::offer(std::uint64_t id, const Item& item) {
  if (item.attempts == 0 && item.due == TimePoint::min()) {
    fresh_.insert(id);
  } else {
    waiting_.emplace(item.due, id);
  }
}

void TargetQueue::add(std::uint64_t id, ServerId server) {
  std::set<std::uint64_t>& line = lines_[server];
  assert(line.empty() || *line.rbegin() < id);
  const Item& item = items_.emplace(id, Item{server}).first->second;
  line.insert(id);
  if (line.size() == 1) offer(id, item);
}

void TargetQueue::restore_attempts(std::uint64_t id, std::uint32_t attempts) {
  Item& item = items_.at(id);
  assert(!item.in_flight);
  fresh_.erase(id);
  waiting_.erase({item.due, id});
  item.attempts = attempts;
  if (*lines_.at(item.server).begin() == id) offer(id, item);
}

void TargetQueue::hold(std::uint64_t id, TimePoint due) {
  Item& item = items_.at(id);
  assert(!item.in_flight);
  if (item.attempts > 0) return;
  fresh_.erase(id);
  waiting_.erase({item.due, id});
  item.due = due;
  if (*lines_.at(item.server).begin() == id) offer(id, item);
}

bool TargetQueue::is_untried(std::uint64_t id) const {
  const auto found = items_.find(id);
  return found != items_.end() && found->second.attempts == 0 && !found->second.in_flight;
}

std::optional<std::uint64_t> TargetQueue::take(TimePoint now) {
  const bool waits = !waiting_.empty() && waiting_.begin()->first <= now;
  if (!waits && fresh_.empty()) return std::nullopt;
  const bool from_waiting = waits && (fresh_.empty() || turn_of_waiting_);
  turn_of_waiting_ = !from_waiting;
  const std::uint64_t id = from_waiting ? waiting_.begin()->second : *fresh_.begin();
  if (from_waiting) {
    waiting_.erase(waiting_.begin());
  } else {
    fresh_.erase(fresh_.begin());
  }
  items_.at(id).in_flight = true;
  return id;
}

std::optional<TargetQueue::TimePoint> TargetQueue::next_due() const {
  if (!fresh_.empty()) return TimePoint::min();
  if (!waiting_.empty()) return waiting_.begin()->first;
  return std::nullopt;
}

void TargetQueue::put_back(std::uint64_t id, TimePoint due) {
  Item& item = items_.at(id);
  assert(item.in_flight);
  item.in_flight = false;
  item.due = due;
  offer(id, item);
}

std::uint32_t TargetQueue::retry(std::uint64_t id, TimePoint due) {
  Item& item = items_.at(id);
  assert(item.in_flight);
  ++item.attempts;
  put_back(id, due);
  return item.attempts;
}

void TargetQueue::settle(std::uint64_t id) {
  const auto found = items_.find(id);
  if (found == items_.end()) return;
  const Item item = found->second;
  items_.erase(found);
  fresh_.erase(id);
  waiting_.erase({item.due, id});
  const auto line = lines_.find(item.server);
  const bool was_first = *line->second.begin() == id;
  line->second.erase(id);
  if (line->second.empty()) {
    lines_.erase(line);
  } else if (was_first) {
    const std::uint64_t next = *line->second.begin();
    offer(next, items_.at(next));
  }
}

void TargetQueue::hasten() {
  std::set<std::pair<TimePoint, std::uint64_t>> anew;
  for (auto& [id, item] : items_) {
    if (item.attempts > 0) item.due = TimePoint::min();
  }
  for (const auto& [due, id] : waiting_) anew.emplace(items_.at(id).due, id);
  waiting_ = std::move(anew);
}

std::uint32_t TargetQueue::attempts(std::uint64_t id) const {
  const auto found = items_.find(id);
  return found == items_.end() ? 0 : found->second.attempts;
}

std::optional<std::uint64_t> TargetQueue::oldest_idle() const {
  const auto found =
      std::find_if(items_.begin(), items_.end(), [](const auto& item) { return !item.second.in_flight; });
  if (found == items_.end()) return std::nullopt;
  return found->first;
}

}  // namespace nines::prober
