// A ProberCore in simulated time: a loop whose clocks stand until a test moves them, servers that answer as the test
// says, and a sink that remembers. Hours pass in milliseconds, and every run is the same.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schedule/core.h"

namespace nines::prober_test {

/// How a simulated server answers: what, and how long after the check's start. No value: never.
struct Answer {
  State state = State::up;
  ErrorClass error = ErrorClass::none;
  std::chrono::milliseconds after{10};
  ErrorClass expected = ErrorClass::none;
};
using Answers = std::function<std::optional<Answer>()>;

class SimulatedLoop final : public prober::CheckLoop {
 public:
  explicit SimulatedLoop(TimeMs begin);

  void start(std::shared_ptr<const CompiledCheck> check, CheckRunner::Done done) override;
  prober::TimerId call_at(CheckRunner::Clock::time_point when, std::function<void()> fn) override;
  void cancel(prober::TimerId timer) noexcept override;

  /// What checks of `check` are answered with.
  void answer(const std::shared_ptr<const CompiledCheck>& check, Answers answers);
  [[nodiscard]] prober::Moment moment() const noexcept { return now_; }

  /// Lets time pass, and everything that is due in it happen at its time.
  void run_for(prober::Micros time);
  /// Time passes, and nothing happens: the process gets no CPU.
  void stall(prober::Micros time);
  /// The machine sleeps: the monotonic clock stands.
  void suspend(prober::Micros time);
  /// Somebody sets the wall clock.
  void set_wall_clock(std::chrono::milliseconds by) { now_.wall += by; }

  std::size_t in_flight = 0;
  std::size_t most_in_flight = 0;
  std::uint64_t started = 0;
  std::map<const CompiledCheck*, int> starts;

 private:
  void advance(prober::Micros time);

  prober::Moment now_;
  std::int64_t wall_rest_us_ = 0;
  std::uint64_t last_timer_ = 0;
  std::map<std::pair<prober::Micros, std::uint64_t>, std::function<void()>> timers_;
  std::map<const CompiledCheck*, Answers> answers_;
};

/// A core with its loop, and all that came out of it.
class Simulation final : public prober::CoreSink {
 public:
  static constexpr TimeMs kBegin = from_ms(1'750'000'000'000);

  explicit Simulation(prober::ProberCore::Options options = default_options(), TimeMs begin = kBegin);

  [[nodiscard]] static prober::ProberCore::Options default_options();
  /// A check that is told from others by its address.
  [[nodiscard]] static std::shared_ptr<const CompiledCheck> make_check(
      const std::string& url = "http://simulated.example/");
  /// A server with an interval of a minute that answers `answers`.
  prober::CoreServer& add(std::uint32_t id, Answers answers,
                          std::chrono::milliseconds interval = std::chrono::minutes{1});
  /// Gives a server that was add()ed, and changed since, to the core again.
  void update(std::uint32_t id) { core.set(servers.at(ServerId{id}), {}); }

  [[nodiscard]] std::vector<CheckResult> results_of(std::uint32_t id) const;

  void result(CheckReport report, std::function<void(const Result<void>&)> stored) override;
  void change(const StateChange& change) override { changes.push_back(change); }
  void topic(const prober::TopicChange& change) override { topics.push_back(change); }
  void lasts(const prober::TopicLasts& topic) override { known_until[{topic.server, topic.topic}] = topic.known_until; }
  void job(ServerId server, const std::optional<prober::JobMemory>& memory) override { jobs[server] = memory; }
  void state(ServerId server, State state) override { states[server] = state; }
  void log(LogLevel level, const std::string& text) override;
  void stats(const ProberStats& stats) override { last_stats = stats; }

  SimulatedLoop loop;
  prober::ProberCore core;
  std::map<ServerId, prober::CoreServer> servers;
  std::vector<CheckResult> results;
  std::vector<StateChange> changes;
  std::vector<prober::TopicChange> topics;
  std::map<std::pair<ServerId, AlertTopic>, TimeMs> known_until;  // that something lasts
  std::map<ServerId, State> states;
  std::map<ServerId, std::optional<prober::JobMemory>> jobs;  // as they are remembered
  std::vector<std::string> logged;
  ProberStats last_stats;
};

/// How many of the results have this state; and those that are unknown.
[[nodiscard]] std::size_t count(const std::vector<CheckResult>& results, State state);
[[nodiscard]] std::vector<CheckResult> unknowns(const std::vector<CheckResult>& results);

/// Always the same answer.
[[nodiscard]] Answers always(Answer answer);
inline constexpr Answer kUp{};
inline constexpr Answer kTimeout{State::down, ErrorClass::timeout, std::chrono::seconds{10}};
inline constexpr Answer kRefused{State::down, ErrorClass::connect_refused, std::chrono::milliseconds{1}};

}  // namespace nines::prober_test
