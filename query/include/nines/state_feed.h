// Changes of servers' states as they happen, judged as every other answer: what nines::uptime() calls `current`, with
// confirmation, places, maintenance and pauses. For the host that has the store open for writing.
//
// Nothing is called back: the host asks for the next changes on a thread of its own, and that thread reads and judges.
// Memory is bounded by FeedOptions and the number of servers. What a slow host misses is not a change but what lay
// between two: the states that it hears of last are always the true ones.
//
// Threads: create() and wake() from any; next() from one at a time. It may not outlive its store.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nines/feed.h>
#include <nines/query.h>
#include <nines/result.h>
#include <nines/store.h>
#include <nines/types.h>

namespace nines {

struct StateFeedOptions {
  FeedOptions feed;
  Policy policy;
  /// How often all servers are judged, each by a short scan of memory, for what no result tells: silence, the begin and
  /// the end of maintenance and pauses, corrections, what was loaded or erased. At least a millisecond.
  std::chrono::milliseconds look_every{10'000};
  std::function<TimeMs()> clock;  ///< the moment now; empty: the system's. On the thread of next(); must not throw
};

struct ChangedState {
  ServerId server{};
  std::string name;
  State from = State::unknown;
  State to = State::unknown;
  TimeMs since{};  ///< the true beginning of `to`: of an outage its first failure, before it was confirmed
};

class StateFeed {
 public:
  /// Judges all servers, silently: changes count from here. Errors: as subscribe(), and those of dashboard().
  [[nodiscard]] static Result<std::unique_ptr<StateFeed>> create(Store& store, StateFeedOptions options = {});
  virtual ~StateFeed() = default;
  /// Waits up to `wait` for changes, and returns them by server. A server that is new comes from `unknown`; one that
  /// was removed comes no more. Empty: there were none, or wake() was called. Errors: closed, fatal, unavailable, and
  /// those of dashboard(), after which the next call judges all servers.
  [[nodiscard]] virtual Result<std::vector<ChangedState>> next(std::chrono::milliseconds wait) = 0;
  /// As Feed::wake().
  virtual void wake() noexcept = 0;
};

}  // namespace nines
