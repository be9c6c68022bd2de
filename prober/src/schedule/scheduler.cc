#include "schedule/scheduler.h"

#include <algorithm>
#include <utility>

namespace nines::prober {
namespace {

constexpr Micros kLeastRecheckGap{1'000'000};

// The first tick after `time`.
Micros tick_after(Micros time, Micros interval, Micros phase) noexcept {
  const Micros since = (time - phase) % interval;
  return time - since + (since < Micros{0} ? Micros{0} : interval);
}

}  // namespace

Micros phase_of(ServerId id, LocationId location, Micros interval) noexcept {
  std::uint64_t x = (std::uint64_t{static_cast<std::uint16_t>(location)} << 32U) | static_cast<std::uint32_t>(id);
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebU;
  x ^= x >> 31U;
  return Micros{static_cast<std::int64_t>(x % static_cast<std::uint64_t>(interval.count()))};
}

Micros recheck_gap(Micros interval) noexcept {
  return std::min(interval, std::max(interval / 4, kLeastRecheckGap));
}

void Scheduler::join_host(Entry& entry) {
  const auto [found, added] = hosts_.try_emplace(entry.plan.host);
  if (added) found->second.name = entry.plan.host;
  entry.host = &found->second;
  ++entry.host->servers;
}

void Scheduler::drop_host_if_idle(Host& host) {
  if (host.servers == 0 && host.in_flight == 0) hosts_.erase(std::string(host.name));
}

void Scheduler::set(const Plan& plan, Micros now, bool soon) {
  const auto [found, added] = slots_.try_emplace(plan.id, 0);
  if (added) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(entries_.size()));
      entries_.emplace_back();
    }
    found->second = free_.back();
    free_.pop_back();
    // The heap may still hold items of the slot's last owner.
    const std::uint32_t serial = entries_[found->second].heap_serial;
    entries_[found->second] = Entry{};
    entries_[found->second].heap_serial = serial;
    entries_[found->second].alive = true;
  }
  const std::uint32_t slot = found->second;
  Entry& entry = entries_[slot];
  const bool same_rhythm = !added && entry.plan.interval == plan.interval && entry.plan.phase == plan.phase;
  Host* const former = entry.host;
  entry.plan = plan;
  join_host(entry);
  if (former != nullptr) {
    --former->servers;
    drop_host_if_idle(*former);
  }
  if (!same_rhythm) {
    entry.tick = tick_after(now, plan.interval, plan.phase);
    entry.recheck.reset();
    enqueue(slot);
  }
  if (added && soon) {
    entry.soon_serial = ++last_serial_;
    if (first_.empty()) next_first_ = std::max(next_first_, now);
    first_.push_back({slot, entry.soon_serial});
  }
}

void Scheduler::remove(ServerId id) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return;
  const std::uint32_t slot = found->second;
  slots_.erase(found);
  Entry& entry = entries_[slot];
  if (entry.wait_serial != 0) --waiting_;
  entry.wait_serial = 0;
  entry.soon_serial = 0;
  ++entry.heap_serial;
  entry.alive = false;
  --entry.host->servers;
  drop_host_if_idle(*std::exchange(entry.host, nullptr));
  if (!entry.busy) free_.push_back(slot);
}

bool Scheduler::check_now(ServerId id, Micros now) {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return false;
  Entry& entry = entries_[found->second];
  if (!entry.busy && entry.wait_serial == 0) wait_in(line_, found->second, now, false);
  return true;
}

// Puts the entry's next due time into the heap and makes its former item there void.
void Scheduler::enqueue(std::uint32_t slot) {
  Entry& entry = entries_[slot];
  const Micros when = entry.recheck ? std::min(*entry.recheck, entry.tick) : entry.tick;
  heap_.push_back({when, slot, ++entry.heap_serial});
  std::push_heap(heap_.begin(), heap_.end(), [](const Due& a, const Due& b) { return a.when > b.when; });
}

void Scheduler::drop_stale() {
  while (!heap_.empty() && entries_[heap_.front().slot].heap_serial != heap_.front().serial) {
    std::pop_heap(heap_.begin(), heap_.end(), [](const Due& a, const Due& b) { return a.when > b.when; });
    heap_.pop_back();
  }
}

void Scheduler::run(Micros now, std::vector<Start>& starts) {
  serve_line(starts);
  for (drop_stale(); !heap_.empty() && heap_.front().when <= now; drop_stale()) fire(heap_.front().slot, now, starts);
  serve_first_checks(now, starts);
}

// A due time of `slot` has come: its tick, its recheck, or both, in which case the tick serves for both.
void Scheduler::fire(std::uint32_t slot, Micros now, std::vector<Start>& starts) {
  Entry& entry = entries_[slot];
  const bool ticks = entry.tick <= now;
  const Micros due = ticks ? entry.tick : *entry.recheck;
  entry.recheck.reset();
  Micros last_tick = due;
  if (ticks) {
    const auto late = (now - entry.tick) / entry.plan.interval;  // whole ticks that went by beside this one
    missed_ += static_cast<std::uint64_t>(late);
    last_tick += late * entry.plan.interval;
    entry.tick = last_tick + entry.plan.interval;
  }
  enqueue(slot);
  if (entry.busy) {
    missed_ += ticks ? 1U : 0U;
  } else if (entry.wait_serial != 0) {
    if (!ticks) return;
    ++missed_;
    entry.wait_due = last_tick;
    entry.wait_retry = false;
  } else {
    admit(slot, last_tick, !ticks, starts);
  }
}

void Scheduler::admit(std::uint32_t slot, Micros due, bool retry, std::vector<Start>& starts) {
  Entry& entry = entries_[slot];
  if (in_flight_ >= limits_.in_flight || !line_.empty()) {
    wait_in(line_, slot, due, retry);
  } else if (entry.host->in_flight >= limits_.in_flight_per_host) {
    wait_in(entry.host->line, slot, due, retry);
  } else {
    begin(slot, due, retry, starts);
  }
}

void Scheduler::wait_in(std::deque<Place>& line, std::uint32_t slot, Micros due, bool retry) {
  Entry& entry = entries_[slot];
  entry.wait_serial = ++last_serial_;
  entry.wait_due = due;
  entry.wait_retry = retry;
  line.push_back({slot, entry.wait_serial});
  ++waiting_;
}

void Scheduler::begin(std::uint32_t slot, Micros due, bool retry, std::vector<Start>& starts) {
  Entry& entry = entries_[slot];
  entry.busy = true;
  entry.soon_serial = 0;
  entry.flight_host = entry.host;
  ++entry.flight_host->in_flight;
  ++in_flight_;
  retries_ += retry ? 1U : 0U;
  starts.push_back({slot, entry.plan.id, retry, due});
}

// Those held back by the cap on all, in their order. Who meets its host's cap moves to that line.
void Scheduler::serve_line(std::vector<Start>& starts) {
  while (in_flight_ < limits_.in_flight && !line_.empty()) {
    const Place place = line_.front();
    line_.pop_front();
    Entry& entry = entries_[place.slot];
    if (entry.wait_serial != place.serial) continue;
    if (entry.host->in_flight >= limits_.in_flight_per_host) {
      entry.host->line.push_back(place);
      continue;
    }
    entry.wait_serial = 0;
    --waiting_;
    begin(place.slot, entry.wait_due, entry.wait_retry, starts);
  }
}

void Scheduler::serve_first_checks(Micros now, std::vector<Start>& starts) {
  const Micros pause{static_cast<std::int64_t>(1e6 / limits_.start_rate)};
  while (!first_.empty() && next_first_ <= now) {
    const Place place = first_.front();
    first_.pop_front();
    Entry& entry = entries_[place.slot];
    if (entry.soon_serial != place.serial) continue;
    entry.soon_serial = 0;
    if (entry.busy || entry.wait_serial != 0) continue;
    admit(place.slot, next_first_, false, starts);
    // Lost time is not made up for: that would be a burst.
    next_first_ = std::max(next_first_ + pause, now);
  }
}

std::optional<Micros> Scheduler::next() {
  drop_stale();
  std::optional<Micros> when;
  if (!heap_.empty()) when = heap_.front().when;
  if (!first_.empty()) when = when ? std::min(*when, next_first_) : next_first_;
  if (!line_.empty() && in_flight_ < limits_.in_flight) when = Micros{0};
  return when;
}

void Scheduler::finished(std::uint32_t slot) {
  Entry& entry = entries_[slot];
  Host& host = *std::exchange(entry.flight_host, nullptr);
  --host.in_flight;
  --in_flight_;
  while (!host.line.empty()) {
    const Place place = host.line.front();
    host.line.pop_front();
    if (entries_[place.slot].wait_serial != place.serial) continue;
    line_.push_back(place);
    break;
  }
  drop_host_if_idle(host);
}

void Scheduler::judged(std::uint32_t slot) {
  entries_[slot].busy = false;
  if (!entries_[slot].alive) free_.push_back(slot);
}

void Scheduler::recheck(std::uint32_t slot, Micros began, Micros now) {
  Entry& entry = entries_[slot];
  if (!entry.alive) return;
  const Micros gap = recheck_gap(entry.plan.interval);
  const Micros when = std::max(began + gap, now);
  // A tick that follows on a first or a late check at once would see the same moment twice.
  const bool same_moment = entry.tick < began + gap / 2;
  if (same_moment) entry.tick += entry.plan.interval;
  const bool left_to_tick = when + gap / 2 > entry.tick;
  if (!left_to_tick) entry.recheck = when;
  if (same_moment || !left_to_tick) enqueue(slot);
}

void Scheduler::skip_until(Micros now, std::vector<ServerId>& missed) {
  for (std::uint32_t slot = 0; slot < entries_.size(); ++slot) {
    Entry& entry = entries_[slot];
    if (!entry.alive) continue;
    const bool waited = entry.wait_serial != 0;
    if (waited) {
      entry.wait_serial = 0;
      --waiting_;
      ++missed_;
    }
    const bool passed = entry.tick <= now;
    const bool recheck_passed = entry.recheck && *entry.recheck <= now;
    if (passed) {
      const auto ticks = (now - entry.tick) / entry.plan.interval + 1;
      missed_ += static_cast<std::uint64_t>(ticks);
      entry.tick += ticks * entry.plan.interval;
    }
    if (recheck_passed) entry.recheck.reset();
    if (passed || recheck_passed) enqueue(slot);
    if (passed || waited) missed.push_back(entry.plan.id);
  }
  next_first_ = std::max(next_first_, now);
}

void Scheduler::due_within(Micros now, Micros until, std::vector<ServerId>& servers) const {
  for (const Entry& entry : entries_) {
    if (entry.alive && now < entry.tick && entry.tick <= until) servers.push_back(entry.plan.id);
  }
}

Scheduler::Counters Scheduler::counters() const noexcept {
  return {missed_, retries_, in_flight_, waiting_, slots_.size()};
}

std::optional<Micros> Scheduler::next_tick(ServerId id) const {
  const auto found = slots_.find(id);
  if (found == slots_.end()) return std::nullopt;
  return entries_[found->second].tick;
}

}  // namespace nines::prober
