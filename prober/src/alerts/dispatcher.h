// The thread that tells: turns what the prober and the budgets say into what the book owes the targets, and calls
// on_change.
//
// The loop only queues what happened; everything here may block on the host's callback and on the journal's disk. What
// has gathered is noted, made durable and handed to the senders together, before the host hears of it: a host that is
// slow to listen delays no alert that was queued with it. Owns its thread, the book, the senders and the watch of the
// budgets. Any thread may call, but not stop() from a callback.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <nines/prober.h>

#include "alerts/book.h"
#include "alerts/budget_watch.h"
#include "alerts/sender.h"
#include "base/mutex.h"

namespace nines::prober {

/// What is the case with a server, of one topic.
struct AlertLevel {
  IncidentKey incident;
  bool lasts = false;
  AlertFacts facts;  ///< `state` and `since` always; the others when it lasts
};

class AlertDispatcher {
 public:
  struct Listener {
    std::function<void(const StateChange&)> on_change;
    AlertBook::Log log;
  };
  AlertDispatcher(std::unique_ptr<AlertBook> book, AlertOptions options, Listener listener);
  ~AlertDispatcher();
  AlertDispatcher(const AlertDispatcher&) = delete;
  AlertDispatcher& operator=(const AlertDispatcher&) = delete;

  /// False when there is no thread to be had.
  [[nodiscard]] bool start();
  /// Tells what is queued, waits for the deliveries under way, ends the threads.
  void stop();

  /// Who the alerts of a server are about; needed before its levels. A pause ends its incidents.
  void set_subject(AlertSubject subject);
  /// The server is gone. Incidents that were told are told to end, also those of an earlier run that only the journal
  /// knows.
  void remove(ServerId server);
  /// The same for all that the journal knows and that are not there any more.
  void remove_unless(std::function<bool(ServerId)> is_there);
  /// A confirmed change of a server's state, for on_change and for the topic down.
  void change(const StateChange& change);
  /// What is the case, after a restart or in the other topics.
  void level(const AlertLevel& level);
  /// The newest result says that an incident lasts, and holds until `known_until`.
  void lasts(IncidentKey incident, TimeMs known_until);
  /// Kept in the book's journal: AlertBook::note_job().
  void note_job(ServerId server, const std::optional<JobMemory>& memory) { book_->note_job(server, memory); }
  [[nodiscard]] std::optional<JobMemory> job(ServerId server) const { return book_->job(server); }
  void set_targets(std::vector<AlertTarget> targets);
  [[nodiscard]] AlertStats stats() const { return book_->stats(); }

 private:
  using Task = std::function<void()>;
  void post(Task task);
  void run();
  void perform(std::vector<Task> tasks);
  void tick();
  void keep_quiet();
  void forget(ServerId server);
  void apply(const AlertLevel& level);
  void apply_targets(const std::vector<AlertTarget>& targets);
  [[nodiscard]] bool muted(ServerId server) const;
  [[nodiscard]] TimeMs counted_from(ServerId server, TimeMs since) const;
  void poke_senders();
  void watch_budgets(const std::vector<AlertTarget>& targets);
  [[nodiscard]] std::vector<ServerId> budgeted_servers();
  void hear_budget(ServerId server, const BudgetBurn& burn, TimeMs since);

  const std::unique_ptr<AlertBook> book_;
  const AlertOptions options_;
  const Listener listener_;

  engine::Mutex mutex_;
  std::condition_variable wake_;
  std::vector<Task> tasks_ NINES_GUARDED_BY(mutex_);
  bool stopping_ NINES_GUARDED_BY(mutex_) = false;
  std::thread thread_;

  // The alert thread's own, and the caller's before start() and after stop().
  std::unordered_map<ServerId, AlertSubject> subjects_;
  std::unordered_map<ServerId, State> states_;   // as they were last told
  std::map<IncidentKey, AlertFacts> held_back_;  // last, and are not told because of maintenance
  std::map<std::string, std::vector<Maintenance>> quiet_hours_;
  std::vector<StateChange> changes_;  // of the tasks under way, for on_change
  std::map<std::string, std::unique_ptr<AlertSender>> senders_;
  std::vector<std::unique_ptr<AlertSender>> retired_;  // of targets that are gone, with deliveries under way
  std::unique_ptr<BudgetWatch> budgets_;

  engine::Mutex budget_mutex_;
  std::vector<ServerId> budgeted_ NINES_GUARDED_BY(budget_mutex_);
};

}  // namespace nines::prober
