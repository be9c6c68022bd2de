// The Prober itself: the threads around the core, and the way in from other threads.
//
// The loop's thread owns the core's state. `known_` is what callers' threads need to answer at once. Lock order:
// call_mutex_ (one changing call at a time), then mutex_; neither is held while a callback runs.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include <nines/prober.h>

#include "alerts/dispatcher.h"
#include "base/mutex.h"
#include "checks/runner.h"
#include "prober/result_writer.h"
#include "schedule/core.h"

namespace nines::prober {

class ProberImpl final : public Prober, private CoreSink {
 public:
  ProberImpl(Store& store, ProberOptions options, std::unique_ptr<Runner> runner,
             std::vector<std::shared_ptr<const CompiledCheck>> references, std::unique_ptr<AlertBook> book);
  ~ProberImpl() override;
  ProberImpl(const ProberImpl&) = delete;
  ProberImpl& operator=(const ProberImpl&) = delete;

  [[nodiscard]] Result<void> set_server(const ProbedServer& server) override;
  [[nodiscard]] Result<void> remove_server(ServerId id) override;
  [[nodiscard]] Result<void> check_now(ServerId id) override;
  [[nodiscard]] Result<void> set_alert_targets(std::vector<AlertTarget> targets) override;
  [[nodiscard]] Result<std::vector<std::string>> reconfigure(const ProberOptions& options) override;
  [[nodiscard]] Result<void> report(std::string_view name_or_token, PushReport report,
                                    std::function<void(const Result<void>&)> stored) override;
  [[nodiscard]] Result<void> start() override;
  [[nodiscard]] Result<void> stop() override;
  [[nodiscard]] ProberStats stats() const override;
  [[nodiscard]] std::optional<State> state(ServerId id) const override;

 private:
  enum class Phase { fresh, running, stopped };
  struct Known {
    std::vector<std::string> push_keys;  // name and token of a push server
    State state = State::unknown;
  };

  // CoreSink, on the loop's thread.
  void result(CheckReport report, std::function<void(const Result<void>&)> stored) override;
  void change(const StateChange& change) override;
  void job(ServerId server, const std::optional<JobMemory>& memory) override;
  void topic(const TopicChange& change) override;
  void lasts(const TopicLasts& topic) override;
  void state(ServerId server, State state) override;
  void log(LogLevel level, const std::string& text) override;
  void stats(const ProberStats& stats) override;

  void on_loop(std::function<void()> fn) NINES_REQUIRES(call_mutex_);
  [[nodiscard]] Result<void> learn(ServerId id, std::vector<std::string> push_keys);
  [[nodiscard]] bool start_threads() NINES_REQUIRES(call_mutex_);
  void unlearn_keys(const Known& known) NINES_REQUIRES(mutex_);
  void tell(const ProbedServer& server, const Restored& restored, bool added, TimeMs now);

  Store& store_;
  const ProberOptions options_;
  const std::unique_ptr<Runner> runner_;
  ResultQueue queue_;
  ResultWriter writer_;
  AlertDispatcher dispatcher_;
  ProberCore core_;  // the loop's thread's, and the caller's before start()

  engine::Mutex call_mutex_;
  Phase phase_ NINES_GUARDED_BY(call_mutex_) = Phase::fresh;
  std::thread thread_;

  mutable engine::Mutex mutex_;
  std::unordered_map<ServerId, Known> known_ NINES_GUARDED_BY(mutex_);
  std::unordered_map<std::string, ServerId> push_keys_ NINES_GUARDED_BY(mutex_);
  ProberStats stats_ NINES_GUARDED_BY(mutex_);
  bool running_ NINES_GUARDED_BY(mutex_) = false;
};

}  // namespace nines::prober
