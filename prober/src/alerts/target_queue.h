// Which of a target's messages may be delivered when: the oldest of each server, and none waits for another server's.
//
// A message that failed waits for its own next attempt, and the later ones of its server wait with it, so that nobody
// hears of an end before its beginning. Messages that were not tried yet and those whose next attempt is due take
// turns, so that neither a receiver with a long memory of failures nor a flood of news holds up the others. A state
// machine over ids; it delivers nothing and reads no clock. One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include <nines/types.h>

namespace nines::prober {

class TargetQueue {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Requires: `id` is above every id of `server` that is here.
  void add(std::uint64_t id, ServerId server);
  /// `attempts` have failed before a restart; the next one may come at once. Requires: `id` is here and not in flight.
  void restore_attempts(std::uint64_t id, std::uint32_t attempts);
  /// A message that was not tried yet is not to be taken before `due`. Requires: `id` is here and not in flight.
  void hold(std::uint64_t id, TimePoint due);
  /// Whether a message is here, was never tried, and is not being delivered.
  [[nodiscard]] bool is_untried(std::uint64_t id) const;
  /// The next message to be delivered, which is in flight from here on: retry() or settle() must follow.
  [[nodiscard]] std::optional<std::uint64_t> take(TimePoint now);
  /// When take() has something; in the past when it has it already, nothing when only settle() or add() bring it about.
  [[nodiscard]] std::optional<TimePoint> next_due() const;

  /// What take() gave is not delivered now, and may be taken again at `due`. Requires: `id` is in flight.
  void put_back(std::uint64_t id, TimePoint due);
  /// The delivery failed; the next attempt is at `due`. Returns how many have failed. Requires: `id` is in flight.
  std::uint32_t retry(std::uint64_t id, TimePoint due);
  /// The message is done with, however that came. Does nothing when it is not here.
  void settle(std::uint64_t id);
  /// All that wait for another attempt may have it at once.
  void hasten();

  [[nodiscard]] bool contains(std::uint64_t id) const { return items_.contains(id); }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  /// Failed attempts of a message; 0 when it is not here.
  [[nodiscard]] std::uint32_t attempts(std::uint64_t id) const;
  /// The oldest message that is not in flight.
  [[nodiscard]] std::optional<std::uint64_t> oldest_idle() const;

 private:
  struct Item {
    ServerId server{};
    std::uint32_t attempts = 0;
    bool in_flight = false;
    TimePoint due = TimePoint::min();
  };
  void offer(std::uint64_t id, const Item& item);

  std::map<std::uint64_t, Item> items_;
  std::unordered_map<ServerId, std::set<std::uint64_t>> lines_;  // of each server; only the first may be delivered
  std::set<std::uint64_t> fresh_;                          // first of their lines, never tried or held, not in flight
  std::set<std::pair<TimePoint, std::uint64_t>> waiting_;  // first of their lines, tried or held, not in flight
  bool turn_of_waiting_ = false;
};

}  // namespace nines::prober
