// Who has to be told what: open incidents, and the messages that targets are still owed. Kept in the journal.
//
// Told by level, not by edge: down() of a server whose incident is open, and up() of one that has none, do nothing. So
// whoever restarts simply says what is the case, and a crash between a change and its record costs nothing. When the
// journal cannot be written the book goes on in memory, and keep() writes it anew as soon as that works. Any thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <nines/alert.h>
#include <nines/options.h>

#include "alerts/journal.h"

namespace nines::prober {

/// Whom an incident is about, and who hears of it.
struct AlertSubject {
  ServerId server{};
  std::string name;
  std::string url;  ///< as shown: without user and query
  std::string group;
  std::optional<std::vector<std::string>> targets;  ///< nothing: all
  bool paused = false;                              ///< nobody is reminded
};

struct Outage {
  TimeMs since{};
  TimeMs time{};  ///< of the check that confirmed it
  ErrorClass error = ErrorClass::none;
  std::uint16_t code = 0;
  std::string detail;
};

/// What the book needs to know of a target.
struct AlertTargetRule {
  std::string name;
  bool send_resolved = true;
  std::chrono::milliseconds remind_every{0};
};

class AlertBook {
 public:
  using Log = std::function<void(LogLevel, std::string_view)>;

  /// Reads the journal and writes it anew. Damaged lines are left out, reported, and kept in PATH.damaged. An empty
  /// path keeps no journal. Errors: io, newer_format, not_a_store.
  [[nodiscard]] static Result<std::unique_ptr<AlertBook>> open(const std::string& path, std::size_t max_pending,
                                                               Log log);

  /// From now on these are the targets. What others are owed is dropped.
  void set_targets(std::vector<AlertTargetRule> targets);

  void down(const AlertSubject& subject, const Outage& outage);
  void up(ServerId server, TimeMs since);
  /// The server is gone: nobody is told any more.
  void forget(ServerId server);
  /// The servers whose incidents are open.
  [[nodiscard]] std::vector<ServerId> open_incidents() const;
  /// Queues the reminders of `servers` that are due at `now`, for targets that have received what came before.
  void remind(TimeMs now, const std::vector<ServerId>& servers);
  /// Brings the file up to date after an error, and shrinks it when it has grown. To be called now and then.
  void keep();

  /// The oldest message that `target` is owed.
  [[nodiscard]] std::optional<AlertMessage> owed(const std::string& target) const;
  void delivered(const std::string& target, std::uint64_t id);
  void delivery_failed() noexcept;
  [[nodiscard]] AlertStats stats() const;

 private:
  struct Entry {
    AlertMessage message;
    std::vector<std::string> told;  // everybody it is for
    std::set<std::string> owed;     // who has not received it
  };
  using EntryPtr = std::shared_ptr<Entry>;
  struct Incident {
    EntryPtr down;
    std::map<std::string, EntryPtr> reminders;  // the last one of each target
  };

  AlertBook(const std::string& path, std::size_t max_pending, Log log);
  [[nodiscard]] Result<void> load();
  bool replay(const std::string& record);
  void take_in(const EntryPtr& entry);
  void queue(AlertMessage message, std::vector<std::string> targets);
  void remind_target(TimeMs now, const AlertTargetRule& rule, const Incident& incident);
  void settle(const std::string& target, const EntryPtr& entry);
  void limit(const std::string& target);
  void record(const std::string& line);
  [[nodiscard]] std::vector<std::string> snapshot() const;
  [[nodiscard]] const AlertTargetRule* rule_of(const std::string& target) const;

  const std::size_t max_pending_;
  const Log log_;
  mutable std::mutex mutex_;
  // All below are guarded by mutex_.
  std::optional<AlertJournal> journal_;
  bool stale_ = false;  // the file lacks something: to be written anew
  std::uint64_t next_id_ = 1;
  std::vector<AlertTargetRule> targets_;
  std::unordered_map<ServerId, Incident> open_;
  std::map<std::string, std::map<std::uint64_t, EntryPtr>> owed_;  // by target, then id
  AlertStats stats_;
};

}  // namespace nines::prober
