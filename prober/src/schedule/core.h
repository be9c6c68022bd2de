// The prober's inner half, on the loop's thread: schedules, runs, judges, and hands results and changes on.
//
// Everything it needs from outside comes through two seams: a CheckLoop (checks and timers; the real one is a
// Runner) and a clock. So the whole of it can be run through simulated hours in a test. Hands results to a
// CoreSink, which must not block. Owns the servers' live state. One thread: the loop's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <nines/prober.h>

#include "base/check_loop.h"
#include "schedule/clock.h"
#include "schedule/guard.h"
#include "schedule/judges.h"
#include "schedule/push_job.h"
#include "schedule/scheduler.h"

namespace nines::prober {

/// The begin or end of what lasts for a topic other than down.
struct TopicChange {
  ServerId server{};
  Judges::TopicChange change;
  State state = State::unknown;  ///< of the server, as shown
  CheckResult result;            ///< that confirmed it
  TimeMs known_until{};          ///< until when the result holds
};

/// What lasts, as the newest result says.
struct TopicLasts {
  ServerId server{};
  AlertTopic topic = AlertTopic::down;
  TimeMs known_until{};  ///< until when that result holds
};

/// Where the core's findings go. Called on the loop's thread; must return at once.
class CoreSink {
 public:
  virtual ~CoreSink() = default;
  virtual void result(CheckReport report, std::function<void(const Result<void>&)> stored) = 0;
  virtual void change(const StateChange& change) = 0;
  /// Something else that alerts are about begins or ends.
  virtual void topic(const TopicChange& change) = 0;
  /// Something that alerts are about lasts; said with every known result, behind what changed with it.
  virtual void lasts(const TopicLasts& topic) = 0;
  /// What a restart must not forget of a job; nothing when there is nothing any more.
  virtual void job(ServerId server, const std::optional<JobMemory>& memory) = 0;
  /// The shown state of a server, whenever it may have changed.
  virtual void state(ServerId server, State state) = 0;
  virtual void log(LogLevel level, const std::string& text) = 0;
  /// About four times a second, and once more at the end.
  virtual void stats(const ProberStats& stats) = 0;
};

/// A server, ready to be probed.
struct CoreServer {
  ServerId id{};
  std::string name;
  std::string host;
  std::shared_ptr<const CompiledCheck> check;        ///< null for a push server
  std::shared_ptr<const CompiledCheck> fresh_check;  ///< never over a kept connection; may be the same
  bool asks_resolver = false;  ///< a question to the DNS that goes to the prober's own name servers
  std::optional<PushRhythm> push;
  Rules rules;
  bool paused = false;
};

/// What the store knows of a server that comes in.
struct Restored {
  Judges judges;
  std::optional<CheckResult> last;  ///< its newest result from this location
  std::optional<JobMemory> job;     ///< as the sink was told last; CoreSink::job
};

class ProberCore {
 public:
  struct Options {
    LocationId location{};
    Scheduler::Limits limits;
    ScheduleClock::Limits clock;
    std::vector<std::shared_ptr<const CompiledCheck>> references;
    std::vector<std::shared_ptr<const CompiledCheck>> named_references;  ///< those of them that are looked up
    Micros reference_pause{500'000};
  };
  /// `clock` is read at every turn. Loop and sink must outlive the core, and no callback of the loop may come later.
  ProberCore(CheckLoop& loop, std::function<Moment()> clock, CoreSink& sink, Options options);

  /// Adds or replaces a server, before begin() or after. `restored` counts for new ones only.
  void set(CoreServer server, const Restored& restored);
  void remove(ServerId id);
  void check_now(ServerId id);
  /// False when there is no such push server.
  bool report(ServerId id, const PushReport& report, std::function<void(const Result<void>&)> stored);

  /// From now on these; checks in flight above them end as they are.
  void set_limits(Scheduler::Limits limits);
  /// Tells every topic that lasts once more, of all servers or of one: somebody may listen now who did not then.
  void tell_what_lasts(std::optional<ServerId> only);

  /// Begins to probe.
  void begin();
  /// Starts no more checks; those in flight go on, and `idle` is called once, when there are none left.
  void wind_down(std::function<void()> idle);
  /// Leaves what is still in flight: their outcomes will be ignored. Publishes the last stats.
  void abandon();

 private:
  struct Live {
    CoreServer server;
    std::uint64_t generation = 0;  // tells a server from a former one of its id
    Judges judges;
    std::optional<PushJob> push;
    TimeMs last_time{};                          // of the newest result, so that two never share one
    Micros last_start{};                         // of a check as it is described now; zero before the first
    std::optional<CheckResult> stored_last;      // as restored, until the server is adopted
    std::optional<JobMemory> stored_job;         // likewise
    std::unique_ptr<const CheckResult> trouble;  // the last failure or degraded result since the last success
    bool is_new = true;                          // nothing known has come since it was taken in
  };
  // A check under way.
  struct Flight {
    std::uint32_t slot = 0;
    ServerId id{};
    std::uint64_t generation = 0;
    TimeMs time{};   // stored time: the wall clock at its start
    Micros began{};  // the same in schedule time
    bool retry = false;
    std::uint32_t interval_ms = 0;  // at which checks come
  };
  // A failure that a guard has not passed its verdict on.
  struct PendingFailure {
    Flight flight;
    CheckReport report;
    Micros seen{};
  };
  // A guard, whom it asks, who waits for it, and what is logged when none answers, and when one does again.
  struct Watch {
    Watch(std::vector<std::shared_ptr<const CompiledCheck>> asked, Micros pause, std::string_view lost_text,
          std::string_view back_text)
        : references(std::move(asked)), guard(references.size(), pause), lost(lost_text), back(back_text) {}
    const std::vector<std::shared_ptr<const CompiledCheck>> references;
    Guard guard;
    std::vector<PendingFailure> waiting;
    const std::string_view lost;
    const std::string_view back;
  };

  void turn();
  void arm();
  void observe();
  void on_pause(const Pause& pause);
  void on_step(const ClockStep& step);
  void beat();
  void publish();

  void adopt(Live& live);
  void forget(Live& live);
  void schedule(const Live& live, bool soon);
  void mark_missed_while_stopped(Live& live, const CheckResult& last);
  void check_deadlines();

  void start(const Start& start);
  [[nodiscard]] std::uint32_t pace_of(const Live& live);
  void finish(const Flight& flight, CheckOutcome outcome);
  [[nodiscard]] CheckReport report_of(const Flight& flight, CheckOutcome outcome) const;
  void settle(PendingFailure pending, bool online);
  [[nodiscard]] Watch& watch_of(const Live& live, ErrorClass failure) noexcept;
  void begin_round_if_due(Watch& watch);
  void on_reference(Watch& watch, std::uint64_t round, const CheckOutcome& outcome);
  void store(Live& live, CheckReport report, std::function<void(const Result<void>&)> stored);
  void mark_unknown(Live& live, TimeMs time, const std::string& why);
  void say_what_lasts(const Live& live, TimeMs known_until);

  [[nodiscard]] Live* find(const Flight& flight);
  [[nodiscard]] static TimeMs unused_time(const Live& live, TimeMs wanted) noexcept;

  CheckLoop& loop_;
  const std::function<Moment()> read_clock_;
  CoreSink& sink_;
  const Options options_;
  ScheduleClock clock_;
  Scheduler scheduler_;
  Watch network_;
  Watch names_;  // those of the references that must be looked up; may have none
  std::unordered_map<ServerId, Live> servers_;
  std::unordered_set<ServerId> push_ids_;  // of those that are listened for
  std::vector<Start> starts_;              // reused
  std::uint64_t last_generation_ = 0;
  Micros held_back_said_{};  // when the log was told that checks are held back
  Micros pause_end_{};       // schedule time; failures of checks that began before count as unknown
  Micros next_beat_{};
  std::optional<TimerId> timer_;
  Micros armed_{};  // what the timer is set to, in schedule time
  bool running_ = false;
  bool abandoned_ = false;
  std::function<void()> on_idle_;
  ProberStats stats_;
};

}  // namespace nines::prober
