#include "checks/runner.h"

#include <array>
#include <utility>

#include "spec/check_kind.h"
#include "spec/compile_parts.h"

namespace nines::prober {
namespace {

using MakeCheck = std::unique_ptr<RunningCheck> (*)(Services&, std::shared_ptr<const CompiledCheck>, CheckRunner::Done);
// By CheckEngine. The last, push, is never compiled.
constexpr std::array<MakeCheck, 4> kMakers{make_curl_check, make_tcp_check, make_icmp_check, make_dns_check};
static_assert(static_cast<std::size_t>(CheckEngine::none) == kMakers.size());

std::unique_ptr<RunningCheck> make_check(Services& services, std::shared_ptr<const CompiledCheck> check,
                                         CheckRunner::Done done) {
  if (!check->dialog.empty()) return make_dialog_check(services, std::move(check), std::move(done));
  const auto engine = static_cast<std::size_t>(traits(check->target.kind).engine);
  return kMakers.at(engine)(services, std::move(check), std::move(done));
}

}  // namespace

Runner::Runner(RunnerOptions options_in, std::unique_ptr<EventLoop> loop_in, std::unique_ptr<CurlEngine> curl_in,
               std::unique_ptr<Resolver> resolver)
    : Services(*loop_in, *curl_in, options_),
      options_(std::move(options_in)),
      loop_(std::move(loop_in)),
      curl_(std::move(curl_in)),
      resolver_(std::move(resolver)) {}

Resolver* Runner::plain_resolver(const std::string& server) {
  auto& entry = plain_resolvers_[server];
  if (!entry) {
    DnsOptions dns;
    dns.keep_errors = true;
    dns.servers = server.empty() ? options_.dns_servers : std::vector<std::string>{server};
    auto resolver = Resolver::create(*loop_, std::move(dns));
    if (!resolver) return nullptr;
    entry = *std::move(resolver);
  }
  return entry.get();
}

void Runner::start(std::shared_ptr<const CompiledCheck> check, Done done) {
  auto running = make_check(*this, std::move(check), std::move(done));
  RunningCheck& started = *running;
  started.index = running_.size();
  running_.push_back(std::move(running));
  started.start();
}

void Runner::finished(RunningCheck& check) {
  finished_.push_back(&check);
  if (finished_.size() == 1) loop.call_at(EventLoop::Clock::now(), [this] { report(); });
}

void Runner::report() {
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

CheckRunner::Stats Runner::stats() const noexcept {
  return {checks_, loop_->wakeups(), std::chrono::duration_cast<std::chrono::microseconds>(loop_->worst_lag())};
}

Result<std::unique_ptr<Runner>> Runner::create(RunnerOptions options) {
  for (auto& server : options.dns_servers) {
    auto normal = parse_server(server);
    if (!normal) return as_error({normal.error()});
    server = *std::move(normal);
  }
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected(loop.error());
  auto curl = CurlEngine::create(**loop, options.idle_handles);
  if (!curl) return tl::unexpected(curl.error());
  auto resolver = Resolver::create(**loop, {options.dns_servers, false});
  if (!resolver) return tl::unexpected(resolver.error());
  return std::unique_ptr<Runner>(
      new Runner(std::move(options), *std::move(loop), *std::move(curl), *std::move(resolver)));
}

}  // namespace nines::prober

namespace nines {

Result<std::unique_ptr<CheckRunner>> CheckRunner::create(RunnerOptions options) {
  auto runner = prober::Runner::create(std::move(options));
  if (!runner) return tl::unexpected(runner.error());
  return *std::move(runner);
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
