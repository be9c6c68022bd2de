// The runner: puts the loop, libcurl, the resolvers and the checks in flight together.
#include <nines/check_runner.h>

#include <array>
#include <unordered_map>
#include <utility>

#include "checks/curl_engine.h"
#include "checks/running_check.h"
#include "spec/check_kind.h"
#include "spec/compile_parts.h"

namespace nines {

using prober::CurlEngine;
using prober::EventLoop;
using prober::Resolver;
using prober::RunningCheck;

namespace {

using MakeCheck = std::unique_ptr<RunningCheck> (*)(prober::Services&, std::shared_ptr<const CompiledCheck>,
                                                    CheckRunner::Done);
// By CheckEngine. The last, push, is never compiled.
constexpr std::array<MakeCheck, 4> kMakers{prober::make_curl_check, prober::make_tcp_check, prober::make_icmp_check,
                                           prober::make_dns_check};
static_assert(static_cast<std::size_t>(prober::CheckEngine::none) == kMakers.size());

std::unique_ptr<RunningCheck> make_check(prober::Services& services, std::shared_ptr<const CompiledCheck> check,
                                         CheckRunner::Done done) {
  if (!check->dialog.empty()) return prober::make_dialog_check(services, std::move(check), std::move(done));
  const auto engine = static_cast<std::size_t>(prober::traits(check->target.kind).engine);
  return kMakers.at(engine)(services, std::move(check), std::move(done));
}

}  // namespace

// Members are destroyed from the last to the first: checks let go of handles and lookups before those go.
class CheckRunner::Impl final : public prober::Services {
 public:
  Impl(RunnerOptions options_in, std::unique_ptr<EventLoop> loop_in, std::unique_ptr<CurlEngine> curl_in,
       std::unique_ptr<Resolver> resolver)
      : Services(*loop_in, *curl_in, options_),
        options_(std::move(options_in)),
        loop_(std::move(loop_in)),
        curl_(std::move(curl_in)),
        resolver_(std::move(resolver)) {}

  Resolver& resolver() override { return *resolver_; }
  Resolver* plain_resolver(const std::string& server) override;
  void finished(RunningCheck& check) override;

  void start(std::shared_ptr<const CompiledCheck> check, Done done);
  [[nodiscard]] std::size_t in_flight() const noexcept { return running_.size() + reporting_; }
  [[nodiscard]] Stats stats() const noexcept;

 private:
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

Resolver* CheckRunner::Impl::plain_resolver(const std::string& server) {
  auto& entry = plain_resolvers_[server];
  if (!entry) {
    prober::DnsOptions dns;
    dns.keep_errors = true;
    dns.servers = server.empty() ? options_.dns_servers : std::vector<std::string>{server};
    auto resolver = Resolver::create(*loop_, std::move(dns));
    if (!resolver) return nullptr;
    entry = *std::move(resolver);
  }
  return entry.get();
}

void CheckRunner::Impl::start(std::shared_ptr<const CompiledCheck> check, Done done) {
  auto running = make_check(*this, std::move(check), std::move(done));
  RunningCheck& started = *running;
  started.index = running_.size();
  running_.push_back(std::move(running));
  started.start();
}

void CheckRunner::Impl::finished(RunningCheck& check) {
  finished_.push_back(&check);
  if (finished_.size() == 1) loop.call_at(EventLoop::Clock::now(), [this] { report(); });
}

void CheckRunner::Impl::report() {
  // Taken out of the list first: a callback may start checks, and those may finish at once.
  std::vector<std::pair<CheckOutcome, Done>> reports;
  reports.reserve(finished_.size());
  for (RunningCheck* check : finished_) {
    reports.emplace_back(std::move(check->outcome), std::move(check->done));
    const std::size_t index = check->index;
    std::swap(running_[index], running_.back());
    running_[index]->index = index;
    running_.pop_back();
  }
  finished_.clear();
  reporting_ = reports.size();
  for (auto& [outcome, done] : reports) {
    --reporting_;
    ++checks_;
    done(std::move(outcome));
  }
}

CheckRunner::Stats CheckRunner::Impl::stats() const noexcept {
  return {checks_, loop_->wakeups(), std::chrono::duration_cast<std::chrono::microseconds>(loop_->worst_lag())};
}

Result<std::unique_ptr<CheckRunner>> CheckRunner::create(RunnerOptions options) {
  for (auto& server : options.dns_servers) {
    auto normal = prober::parse_server(server);
    if (!normal) return prober::as_error({normal.error()});
    server = *std::move(normal);
  }
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  auto curl = CurlEngine::create(**loop, options.idle_handles);
  if (!curl) return tl::unexpected(curl.error());
  auto resolver = Resolver::create(**loop, {options.dns_servers, false});
  if (!resolver) return tl::unexpected(resolver.error());
  auto impl = std::make_unique<Impl>(std::move(options), *std::move(loop), *std::move(curl), *std::move(resolver));
  return std::unique_ptr<CheckRunner>(new CheckRunner(std::move(impl)));
}

CheckRunner::CheckRunner(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CheckRunner::~CheckRunner() = default;

void CheckRunner::start(std::shared_ptr<const CompiledCheck> check, Done done) {
  impl_->start(std::move(check), std::move(done));
}

std::size_t CheckRunner::in_flight() const noexcept {
  return impl_->in_flight();
}

TimerId CheckRunner::call_at(Clock::time_point when, std::function<void()> fn) {
  return impl_->loop.call_at(when, std::move(fn));
}

void CheckRunner::cancel(TimerId timer) noexcept {
  impl_->loop.cancel(timer);
}

void CheckRunner::post(std::function<void()> fn) {
  impl_->loop.post(std::move(fn));
}

void CheckRunner::run() {
  impl_->loop.run();
}

void CheckRunner::stop() noexcept {
  impl_->loop.stop();
}

CheckRunner::Stats CheckRunner::stats() const noexcept {
  return impl_->stats();
}

CheckOutcome check_once(std::shared_ptr<const CompiledCheck> check, RunnerOptions options) {
  CheckOutcome outcome;
  auto runner = CheckRunner::create(std::move(options));
  if (!runner) {
    outcome.error = ErrorClass::internal;
    outcome.detail = runner.error().message;
    return outcome;
  }
  (*runner)->start(std::move(check), [&](CheckOutcome result) {
    outcome = std::move(result);
    (*runner)->stop();
  });
  (*runner)->run();
  return outcome;
}

}  // namespace nines
