// The thread that tells: calls on_change, and turns confirmed states into what the book owes the targets.
//
// The loop only queues what happened; everything here may block on the host's callback and on the journal's disk.
// Owns its thread, the book and the senders. Any thread may call, but not stop() from a callback.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <nines/prober.h>

#include "alerts/book.h"
#include "alerts/sender.h"

namespace nines::prober {

/// A server's confirmed state as alerts see it.
struct AlertLevel {
  ServerId server{};
  bool down = false;
  TimeMs since{};
  Outage outage;  ///< when down
};

class AlertHerald {
 public:
  struct Listener {
    std::function<void(const StateChange&)> on_change;
    AlertBook::Log log;
  };
  AlertHerald(std::unique_ptr<AlertBook> book, AlertOptions options, Listener listener);
  ~AlertHerald();
  AlertHerald(const AlertHerald&) = delete;
  AlertHerald& operator=(const AlertHerald&) = delete;

  void start();
  /// Tells what is queued, waits for the deliveries under way, ends the threads.
  void stop();

  /// Who the alerts of a server are about; needed before its levels.
  void set_subject(AlertSubject subject);
  void forget(ServerId server);
  void change(const StateChange& change);
  /// As change, without on_change: what is the case after a restart.
  void level(const AlertLevel& level);
  void set_targets(std::vector<AlertTarget> targets);
  [[nodiscard]] AlertStats stats() const { return book_->stats(); }

 private:
  void post(std::function<void()> task);
  void run();
  void tick();
  void apply(const AlertLevel& level);
  void apply_targets(std::vector<AlertTarget> targets);
  [[nodiscard]] bool muted(ServerId server) const;
  void poke_senders();

  const std::unique_ptr<AlertBook> book_;
  const AlertOptions options_;
  const Listener listener_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;  // guarded by mutex_
  bool stopping_ = false;                    // guarded by mutex_
  std::thread thread_;

  // The herald thread's own.
  std::unordered_map<ServerId, AlertSubject> subjects_;
  std::unordered_map<ServerId, Outage> held_back_;  // down, and not told because of maintenance
  std::map<std::string, std::unique_ptr<AlertSender>> senders_;
};

}  // namespace nines::prober
