// The runner: puts the loop, libcurl, the resolvers and the checks in flight together.
//
// Threads: `post` and `stop` from any, everything else from the thread that runs the loop, or before it runs.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nines/check_runner.h>

#include "base/check_loop.h"
#include "checks/curl_engine.h"
#include "checks/running_check.h"

namespace nines::prober {

// Members are destroyed from the last to the first: checks let go of handles and lookups before those go.
class Runner final : public CheckRunner, public CheckLoop, private Services {
 public:
  /// As CheckRunner::create().
  [[nodiscard]] static Result<std::unique_ptr<Runner>> create(RunnerOptions options);

  void start(std::shared_ptr<const CompiledCheck> check, Done done) override;
  [[nodiscard]] std::size_t in_flight() const noexcept override { return running_.size() + reporting_; }
  void run() override { loop_->run(); }
  void stop() noexcept override { loop_->stop(); }
  [[nodiscard]] Stats stats() const noexcept override;
  TimerId call_at(Clock::time_point when, std::function<void()> fn) override {
    return loop_->call_at(when, std::move(fn));
  }
  void cancel(TimerId timer) noexcept override { loop_->cancel(timer); }
  /// As EventLoop::post().
  void post(std::function<void()> fn) { loop_->post(std::move(fn)); }

 private:
  Runner(RunnerOptions options_in, std::unique_ptr<EventLoop> loop_in, std::unique_ptr<CurlEngine> curl_in,
         std::unique_ptr<Resolver> resolver);
  Resolver& resolver() override { return *resolver_; }
  Resolver* plain_resolver(const std::string& server) override;
  void finished(RunningCheck& check) override;
  void report();

  RunnerOptions options_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<CurlEngine> curl_;
  std::unique_ptr<Resolver> resolver_;
  // One for each server that a dns check names, so bounded by the catalog.
  std::unordered_map<std::string, std::unique_ptr<Resolver>> plain_resolvers_;
  std::vector<std::unique_ptr<RunningCheck>> running_;  // a check knows its index
  std::vector<RunningCheck*> finished_;
  std::size_t reporting_ = 0;
  std::uint64_t checks_ = 0;
};

}  // namespace nines::prober
