// When which server is checked: phases, caps, rechecks and missed ticks. A state machine over schedule time; it starts
// nothing itself and reads no clock.
//
// Each server has a tick at phase + n * interval. A tick begins a check unless the last one is still under way; a check
// that a cap holds back waits in line until its server's next tick, which takes its place. What did not get its check
// is counted as missed. A binary heap holds the next due time of every server: 60,000 checks a minute are a thousand
// heap operations a second. One thread.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <nines/types.h>

#include "schedule/clock.h"
#include "schedule/lag.h"

namespace nines::prober {

/// A server's place within its interval, [0, interval): the same in every run for the same id and location.
/// Neighbouring ids land far apart (the finalizer of splitmix64).
[[nodiscard]] Micros phase_of(ServerId id, LocationId location, Micros interval) noexcept;

/// How soon the confirmation rule looks again: a quarter of the interval, at least 1 s, at most the interval.
[[nodiscard]] Micros recheck_gap(Micros interval) noexcept;

/// A server as the scheduler sees it.
struct Plan {
  ServerId id{};
  Micros interval{};  ///< > 0
  Micros phase{};     ///< [0, interval)
  std::string host;   ///< checks to the same host share a cap
};

/// A check to begin now.
struct Start {
  std::uint32_t slot = 0;  ///< names the check in finished() and judged()
  ServerId id{};
  bool retry = false;  ///< by the confirmation rule
  Micros due{};        ///< when it should have begun
};

class Scheduler {
 public:
  struct Limits {
    std::size_t in_flight = 2'000;
    std::size_t in_flight_per_host = 500;
    double start_rate = 100;  ///< a second
  };
  struct Counters {
    std::uint64_t missed_ticks = 0;
    std::uint64_t retries = 0;
    std::size_t in_flight = 0;
    std::size_t waiting = 0;
    std::size_t servers = 0;
  };

  explicit Scheduler(Limits limits) : limits_(limits) {}
  void set_limits(Limits limits) noexcept { limits_ = limits; }

  /// Adds a server or changes it. While the interval and phase stay, so do its next tick and recheck. A new server with
  /// `soon` gets a first check besides its ticks, as fast as `start_rate` allows.
  void set(const Plan& plan, Micros now, bool soon);
  /// Forgets a server. A check in flight holds its place until finished().
  void remove(ServerId id);
  /// A check besides the schedule, as soon as the caps allow. False when there is no such server.
  bool check_now(ServerId id, Micros now);

  /// Appends to `starts` what is to begin at `now`. They count as in flight from here on.
  void run(Micros now, std::vector<Start>& starts);
  /// One of them has begun at `now`, which those before it in `starts` may have put off.
  void began(const Start& start, Micros now) noexcept { lag_.add(now - start.due, now); }
  /// When run() has something to do next; no value when only a finished check can bring that about.
  [[nodiscard]] std::optional<Micros> next();

  /// The check is over and frees its place. The server stays busy until judged(), which must follow.
  void finished(std::uint32_t slot);
  /// Its result is settled; the next check may begin. `slot` may be another server's from now on.
  void judged(std::uint32_t slot);
  /// Asks for the confirmation rule's next check after one that began at `began`. Left to the tick when that comes
  /// nearly as soon; one that comes much sooner is left out.
  void recheck(std::uint32_t slot, Micros began, Micros now);

  /// Nothing ran until `now`: drops what was due, and appends to `missed` the servers that this cost a check.
  void skip_until(Micros now, std::vector<ServerId>& missed);
  /// Appends the servers with a tick in (now, until].
  void due_within(Micros now, Micros until, std::vector<ServerId>& servers) const;

  [[nodiscard]] Counters counters() const noexcept;
  [[nodiscard]] LagHistogram::Figures lag(Micros now) noexcept { return lag_.figures(now); }
  /// The next tick of a server, for those who want to know.
  [[nodiscard]] std::optional<Micros> next_tick(ServerId id) const;

 private:
  // A place in a line. Void when the entry's serial for that line has moved on.
  struct Place {
    std::uint32_t slot;
    std::uint64_t serial;
  };
  struct Host {
    std::string name;
    std::size_t in_flight = 0;
    std::size_t servers = 0;
    std::deque<Place> line;  // held back by the host's cap
  };
  using Hosts = std::unordered_map<std::string, Host>;
  struct Entry {
    Plan plan;
    Host* host = nullptr;
    Host* flight_host = nullptr;  // where the check in flight counts; set while one is
    Micros tick{};                // the next one
    std::optional<Micros> recheck;
    std::uint32_t heap_serial = 0;  // of the entry's valid item in the heap
    std::uint64_t wait_serial = 0;  // != 0: waits in a line
    std::uint64_t soon_serial = 0;  // != 0: waits for its first check
    Micros wait_due{};
    bool wait_retry = false;
    bool alive = false;  // false: removed, or a free slot
    bool busy = false;   // a check is in flight or being judged
  };
  struct Due {
    Micros when;
    std::uint32_t slot;
    std::uint32_t serial;
  };

  void join_host(Entry& entry);
  void drop_host_if_idle(Host& host);
  void enqueue(std::uint32_t slot);
  void drop_stale();
  void fire(std::uint32_t slot, Micros now, std::vector<Start>& starts);
  void admit(std::uint32_t slot, Micros due, bool retry, std::vector<Start>& starts);
  void begin(std::uint32_t slot, Micros due, bool retry, std::vector<Start>& starts);
  void wait_in(std::deque<Place>& line, std::uint32_t slot, Micros due, bool retry);
  void serve_line(std::vector<Start>& starts);
  void serve_first_checks(Micros now, std::vector<Start>& starts);

  Limits limits_;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> free_;
  std::unordered_map<ServerId, std::uint32_t> slots_;
  Hosts hosts_;
  std::vector<Due> heap_;    // the soonest in front
  std::deque<Place> line_;   // held back by the cap on all
  std::deque<Place> first_;  // first checks of new servers
  Micros next_first_{};      // when the next of them may begin
  std::uint64_t last_serial_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t missed_ = 0;
  std::uint64_t retries_ = 0;
  LagHistogram lag_;
};

}  // namespace nines::prober
