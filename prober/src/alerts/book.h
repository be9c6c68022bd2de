// Who has to be told what: open incidents, and the messages that targets are still owed. Kept in the journal.
//
// Told by level, not by edge: begin() of an incident that is open tells those who joined since, and resolve() of one
// that is not does nothing. So whoever restarts simply says what is the case, and a crash between a change and its
// record costs nothing. What was said becomes durable, and may be delivered, with commit(); a thousand incidents that
// begin together cost one sync. When the journal cannot be written, or its disk does not answer, the book goes on in
// memory, and the file follows as soon as that works. Any thread, but commit(), set_targets() and keep() by one. The
// log is called without the lock. Its side towards the journal is in book_journal.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nines/alert.h>
#include <nines/options.h>

#include "alerts/journal_writer.h"
#include "alerts/target_queue.h"
#include "base/job_memory.h"
#include "base/mutex.h"

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

/// One thing that can last: what, of which server.
struct IncidentKey {
  ServerId server{};
  AlertTopic topic = AlertTopic::down;
  friend auto operator<=>(const IncidentKey&, const IncidentKey&) = default;
};

/// What is known of an incident when it is told.
struct AlertFacts {
  State state = State::down;  ///< of the server
  TimeMs since{};
  TimeMs time{};  ///< of the check that confirmed it
  ErrorClass error = ErrorClass::none;
  std::uint16_t code = 0;
  std::string detail;
  TimeMs known_until = TimeMs::max();  ///< until when the result that says it holds
};

/// What the book needs to know of a target.
struct AlertTargetRule {
  std::string name;
  bool send_resolved = true;
  std::chrono::milliseconds remind_every{0};
  std::vector<AlertTopic> topics{AlertTopic::down};
  std::vector<std::string> groups{};  ///< of the servers that it hears of; empty: all
  /// It hears only of what lasts so long, and not while nobody knows whether it still does: after a standstill or a
  /// restart the next result decides.
  std::chrono::milliseconds after{0};
};

/// Why an incident ends that nobody saw the end of.
inline constexpr const char* kRemoved = "the server is not watched any longer";

class AlertBook {
 public:
  using Log = std::function<void(LogLevel, std::string_view)>;
  using TimePoint = TargetQueue::TimePoint;
  struct Limits {
    std::size_t max_pending = 10'000;  ///< as AlertOptions
    std::chrono::milliseconds first_retry{1'000};
    std::chrono::milliseconds last_retry{300'000};
    std::uint32_t attempts = kAlertAttempts;
  };

  /// Reads the journal and writes it anew. Damaged lines are left out, reported, and kept in PATH.damaged. An empty
  /// path keeps no journal. Errors: io, newer_format, not_a_store.
  [[nodiscard]] static Result<std::unique_ptr<AlertBook>> open(const std::string& path, Limits limits, Log log);

  /// From now on these are the targets. What others are owed is dropped.
  void set_targets(std::vector<AlertTargetRule> targets);
  /// These hear of nothing until the next call. What ends before they were told of it is not told at all.
  void set_quiet(std::set<std::string> targets);

  void begin(const AlertSubject& subject, AlertTopic topic, const AlertFacts& facts);
  /// An open incident lasts, says a result that holds until `known_until`.
  void lasts(IncidentKey incident, TimeMs known_until);
  /// The incident is over; the server is `state` now.
  void resolve(IncidentKey incident, State state, TimeMs time);
  /// The server is not watched any longer: whoever was told of an incident hears that it ends with that, and why.
  void remove(ServerId server, TimeMs time, const std::string& why);
  [[nodiscard]] std::vector<IncidentKey> open_incidents() const;
  /// Queues the reminders of an open incident of `subject` that are due at `now`, for targets that still hear of it and
  /// have received what came before.
  void remind(TimeMs now, const AlertSubject& subject, AlertTopic topic);
  /// What a restart must not forget of a job that reports in; nothing forgets it. Not made durable at once: it is lost
  /// with the machine's last moments, not with the process's.
  void note_job(ServerId server, const std::optional<JobMemory>& memory);
  [[nodiscard]] std::optional<JobMemory> job(ServerId server) const;
  /// Forgets the jobs of all servers that are not there.
  void forget_jobs_unless(const std::function<bool(ServerId)>& is_there);
  /// Makes durable what was said since the last call, and lets it be delivered. Waits for the disk, but not for long.
  void commit();
  /// Brings the file up to date after an error, and shrinks it when it has grown. To be called once a second or so.
  void keep();

  /// The next message for `target`, which is being delivered from here on: one of the three below must follow.
  [[nodiscard]] std::optional<AlertMessage> take(const std::string& target, TimePoint now);
  /// When take() has something; nothing when only commit() or the end of a delivery can bring that about.
  [[nodiscard]] std::optional<TimePoint> next_due(const std::string& target) const;
  /// `refused` says who behind the target will never take it, beside those that have it.
  void delivered(const std::string& target, std::uint64_t id, const std::string& refused = "");
  /// It is tried again after a pause, unless this was the last attempt. `why` holds no secret.
  void failed(const std::string& target, std::uint64_t id, TimePoint now, const std::string& why);
  /// The target will never take it.
  void refused(const std::string& target, std::uint64_t id, const std::string& why);
  /// The target is described anew: what waits for an attempt may have it at once.
  void hasten(const std::string& target);

  [[nodiscard]] AlertStats stats() const;

 private:
  struct Entry {
    AlertMessage message;
    std::vector<std::string> told;  // everybody it is for
    std::set<std::string> owed;     // who has not received it
  };
  using EntryPtr = std::shared_ptr<Entry>;
  struct Incident {
    EntryPtr begin;                             // the last, which names all that were told
    std::map<std::string, EntryPtr> begins;     // the one of each target: some joined later
    std::map<std::string, EntryPtr> reminders;  // the last one of each target
    std::map<std::string, TimeMs> received;     // when each target had the last of them, since start
    TimeMs known_until{};                       // that it lasts; what only the journal says is not known
  };
  struct Owed {
    TargetQueue queue;
    std::map<std::uint64_t, EntryPtr> entries;
  };
  // Logs what was noted under the lock when that is gone: made before the lock is taken.
  class Notes {
   public:
    explicit Notes(AlertBook& book) : book_(book) {}
    ~Notes();
    Notes(const Notes&) = delete;
    Notes& operator=(const Notes&) = delete;

   private:
    AlertBook& book_;
  };

  AlertBook(Limits limits, Log log);
  [[nodiscard]] Result<void> load(const std::string& path);
  bool replay(const std::string& record) NINES_REQUIRES(mutex_);
  void look_after_journal(bool durable) NINES_REQUIRES(mutex_);
  void take_in(const EntryPtr& entry) NINES_REQUIRES(mutex_);
  void owe(const EntryPtr& entry) NINES_REQUIRES(mutex_);
  [[nodiscard]] std::chrono::milliseconds patience(const std::string& target, const AlertMessage& begin) const
      NINES_REQUIRES(mutex_);
  void hold(const std::string& target, const Entry& entry) NINES_REQUIRES(mutex_);
  [[nodiscard]] bool is_doubtful(const std::string& target, const Entry& entry) const NINES_REQUIRES(mutex_);
  bool forgo(const std::string& target, const Incident& incident, TimeMs end) NINES_REQUIRES(mutex_);
  void queue(AlertMessage message, std::vector<std::string> targets, std::vector<std::string> told = {})
      NINES_REQUIRES(mutex_);
  [[nodiscard]] std::vector<std::string> hearers(const AlertSubject& subject, AlertTopic topic) const
      NINES_REQUIRES(mutex_);
  [[nodiscard]] static bool is_of_another(const Entry& entry, const AlertSubject& subject);
  [[nodiscard]] bool is_over(const Entry& entry) const NINES_REQUIRES(mutex_);
  void forget_told(const std::string& target, IncidentKey incident) NINES_REQUIRES(mutex_);
  void withdraw_reminder(const std::string& target, const Incident& incident) NINES_REQUIRES(mutex_);
  void end(const Incident& incident, State state, TimeMs time, const std::string& detail) NINES_REQUIRES(mutex_);
  void remind_target(TimeMs now, const AlertTargetRule& rule, const Incident& incident) NINES_REQUIRES(mutex_);
  [[nodiscard]] EntryPtr owed_entry(const std::string& target, std::uint64_t id) const NINES_REQUIRES(mutex_);
  void settle(const std::string& target, const EntryPtr& entry) NINES_REQUIRES(mutex_);
  void limit(const std::string& target) NINES_REQUIRES(mutex_);
  void record(const std::string& line);
  void note(LogLevel level, std::string text) NINES_REQUIRES(mutex_);
  void tally(const std::string& target, std::uint64_t AlertTargetStats::*own, std::uint64_t AlertStats::*sum)
      NINES_REQUIRES(mutex_);
  void note_failure(const std::string& target, const std::string& why) NINES_REQUIRES(mutex_);
  [[nodiscard]] std::vector<std::string> snapshot() const NINES_REQUIRES(mutex_);
  [[nodiscard]] const AlertTargetRule* rule_of(const std::string& target) const NINES_REQUIRES(mutex_);

  const Limits limits_;
  const Log log_;
  std::unique_ptr<JournalWriter> journal_;  // null: none is kept
  mutable engine::Mutex mutex_;
  bool behind_ NINES_GUARDED_BY(mutex_) = false;  // what was said last is not in the file, and the log says so
  std::uint64_t next_id_ NINES_GUARDED_BY(mutex_) = 1;
  std::vector<AlertTargetRule> targets_ NINES_GUARDED_BY(mutex_);
  std::set<std::string> quiet_ NINES_GUARDED_BY(mutex_);
  std::map<IncidentKey, Incident> open_ NINES_GUARDED_BY(mutex_);
  std::vector<EntryPtr> uncommitted_ NINES_GUARDED_BY(mutex_);
  std::map<std::string, Owed> owed_ NINES_GUARDED_BY(mutex_);  // by target
  std::map<ServerId, JobMemory> jobs_ NINES_GUARDED_BY(mutex_);
  AlertStats sums_ NINES_GUARDED_BY(mutex_);  // of the counters only
  std::map<std::string, AlertTargetStats> counts_ NINES_GUARDED_BY(mutex_);
  std::vector<std::pair<LogLevel, std::string>> notes_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::prober
