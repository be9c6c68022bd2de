#include "prober/prober.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "base/hold.h"
#include "base/thread.h"
#include "prober/restore.h"
#include "prober/server.h"
#include "spec/compiled_check.h"

namespace nines {
namespace prober {
namespace {

ProberCore::Options core_options(const ProberOptions& options,
                                 std::vector<std::shared_ptr<const CompiledCheck>> references) {
  ProberCore::Options core;
  core.location = options.location;
  core.limits = {options.max_in_flight, options.max_in_flight_per_host, options.start_rate};
  core.clock = {options.stall_after, options.clock_step};
  std::copy_if(references.begin(), references.end(), std::back_inserter(core.named_references),
               [](const auto& reference) { return !reference->target.numeric; });
  core.references = std::move(references);
  core.reference_pause = options.reference_pause;
  return core;
}

ResultWriter::Options writer_options(const ProberOptions& options) {
  ResultWriter::Options writer;
  writer.gather = options.batch_delay;
  writer.drain_limit = options.drain_limit;
  return writer;
}

}  // namespace

ProberImpl::ProberImpl(Store& store, ProberOptions options, std::unique_ptr<Runner> runner,
                       std::vector<std::shared_ptr<const CompiledCheck>> references, std::unique_ptr<AlertBook> book)
    : store_(store),
      options_(std::move(options)),
      runner_(std::move(runner)),
      queue_(options_.queue_results),
      writer_(store_, queue_, writer_options(options_), {options_.on_result, options_.log}),
      dispatcher_(std::move(book), options_.alerts, {options_.on_change, options_.log}),
      core_(*runner_, read_clocks, *this, core_options(options_, std::move(references))) {}

ProberImpl::~ProberImpl() {
  static_cast<void>(stop());
}

Result<void> ProberImpl::set_server(const ProbedServer& server) {
  const engine::MutexLock call(call_mutex_);
  if (phase_ == Phase::stopped) return fail(ErrorCode::unavailable, "the prober has stopped");
  Result<CoreServer> core = make_core_server(server);
  if (!core) return tl::unexpected(core.error());
  const bool added = !state(server.id);
  Restored restored;
  const TimeMs now = read_clocks().wall;
  if (added) {
    Result<Restored> read = restore(store_, server.id, options_.location, server.rules, now);
    if (!read) return tl::unexpected(read.error());
    restored = *std::move(read);
    if (server.push) restored.job = dispatcher_.job(server.id);
  }
  if (auto learned = learn(server.id, push_keys_of(server)); !learned) return learned;
  tell(server, restored, added, now);
  on_loop([this, id = server.id, added, core = *std::move(core), restored = std::move(restored)] {
    core_.set(core, restored);
    if (!added) core_.tell_what_lasts(id);
  });
  return {};
}

// Notes the server and the names its job reports under.
Result<void> ProberImpl::learn(ServerId id, std::vector<std::string> push_keys) {
  const engine::MutexLock lock(mutex_);
  for (const std::string& key : push_keys) {
    const auto found = push_keys_.find(key);
    if (found != push_keys_.end() && found->second != id) {
      return fail(ErrorCode::already_exists, "token: another push server is called so");
    }
  }
  Known& known = known_[id];
  unlearn_keys(known);
  known.push_keys = std::move(push_keys);
  for (const std::string& key : known.push_keys) push_keys_[key] = id;
  return {};
}

void ProberImpl::unlearn_keys(const Known& known) {
  for (const std::string& key : known.push_keys) push_keys_.erase(key);
}

// Tells the dispatcher whom alerts are about and, for one that comes in, what is the case: a crash may have come
// between a stored result and its alert. Of what does not hold any longer the next result tells whether it lasts.
void ProberImpl::tell(const ProbedServer& server, const Restored& restored, bool added, TimeMs now) {
  dispatcher_.set_subject({server.id, server.name, shown_url_of(server), server.group, server.alerts, server.paused});
  if (!added || server.paused || !restored.last) return;
  const Judge& judge = restored.judges.state();
  const CheckResult& last = *restored.last;
  const bool says_something = last.state != State::unknown;
  const TimeMs known_until = says_something ? last.time + engine::hold_of(server.rules, last.interval_ms) : last.time;
  const auto tell_level = [&](AlertTopic topic, bool lasts, TimeMs since) {
    if (lasts && known_until <= now) return;
    dispatcher_.level({{server.id, topic},
                       lasts,
                       {judge.confirmed(), since, last.time, last.error, last.code, last.detail, known_until}});
  };
  if (judge.confirmed() != State::unknown) {
    tell_level(AlertTopic::down, judge.confirmed() == State::down, judge.since());
  }
  for (const AlertTopic topic : {AlertTopic::degraded, AlertTopic::certificate}) {
    const Judges::TopicChange known = restored.judges.topic(topic);
    if (known.since != TimeMs{}) tell_level(topic, known.lasts, known.since);
  }
}

Result<void> ProberImpl::remove_server(ServerId id) {
  const engine::MutexLock call(call_mutex_);
  // The journal may know of it from an earlier run.
  dispatcher_.remove(id);
  {
    const engine::MutexLock lock(mutex_);
    const auto found = known_.find(id);
    if (found == known_.end()) return fail(ErrorCode::not_found, "the prober does not know this server");
    unlearn_keys(found->second);
    known_.erase(found);
  }
  on_loop([this, id] { core_.remove(id); });
  return {};
}

Result<void> ProberImpl::check_now(ServerId id) {
  const engine::MutexLock call(call_mutex_);
  {
    const engine::MutexLock lock(mutex_);
    const auto found = known_.find(id);
    if (found == known_.end()) return fail(ErrorCode::not_found, "the prober does not know this server");
    if (!found->second.push_keys.empty()) {
      return fail(ErrorCode::invalid_argument, "a push server is not probed: its job reports");
    }
  }
  if (phase_ != Phase::running) return fail(ErrorCode::unavailable, "the prober is not running");
  on_loop([this, id] { core_.check_now(id); });
  return {};
}

Result<void> ProberImpl::set_alert_targets(std::vector<AlertTarget> targets) {
  const engine::MutexLock call(call_mutex_);
  ProberOptions probe;
  probe.alerts.targets = targets;
  probe.alerts.journal = options_.alerts.journal;
  if (auto valid = probe.validate(); !valid) return valid;
  dispatcher_.set_targets(std::move(targets));
  // Who joins hears of what lasts.
  on_loop([this] { core_.tell_what_lasts(std::nullopt); });
  return {};
}

Result<std::vector<std::string>> ProberImpl::reconfigure(const ProberOptions& options) {
  const engine::MutexLock call(call_mutex_);
  // Alerts have a way of their own; their journal need not be named again here.
  ProberOptions probe = options;
  probe.alerts = {};
  if (auto valid = probe.validate(); !valid) return tl::unexpected(valid.error());
  const Scheduler::Limits limits{options.max_in_flight, options.max_in_flight_per_host, options.start_rate};
  on_loop([this, limits] { core_.set_limits(limits); });
  std::vector<std::string> waiting;
  if (options.location != options_.location) waiting.emplace_back("location");
  if (options.runner.user_agent != options_.runner.user_agent) waiting.emplace_back("user-agent");
  if (options.runner.dns_servers != options_.runner.dns_servers) waiting.emplace_back("dns-servers");
  if (options.references != options_.references) waiting.emplace_back("references");
  return waiting;
}

Result<void> ProberImpl::report(std::string_view name_or_token, PushReport report,
                                std::function<void(const Result<void>&)> stored) {
  const engine::MutexLock lock(mutex_);
  if (!running_) return fail(ErrorCode::unavailable, "the prober is not running");
  const auto found = push_keys_.find(std::string(name_or_token));
  if (found == push_keys_.end()) return fail(ErrorCode::not_found, "no push server has this name or token");
  // Under the lock, so that a report that was accepted is ahead of the stop.
  runner_->post([this, id = found->second, report = std::move(report), stored = std::move(stored)] {
    if (core_.report(id, report, stored) || !stored) return;
    stored(fail(ErrorCode::not_found, "the push server is gone or paused"));
  });
  return {};
}

bool ProberImpl::start_threads() {
  try {
    if (!writer_.start() || !dispatcher_.start()) return false;
    runner_->post([this] { core_.begin(); });
    thread_ = start_thread("nines-prober", [this] { runner_->run(); });
  } catch (const std::bad_alloc&) {
    return false;
  }
  return thread_.joinable();
}

Result<void> ProberImpl::start() {
  const engine::MutexLock call(call_mutex_);
  if (phase_ != Phase::fresh) return fail(ErrorCode::unavailable, "a prober runs once");
  dispatcher_.remove_unless([all = store_.catalog()](ServerId id) { return all->find(id) != nullptr; });
  if (!start_threads()) {
    phase_ = Phase::stopped;
    static_cast<void>(writer_.stop());
    dispatcher_.stop();
    return fail(ErrorCode::unavailable, "the system gives no thread, or no memory for it");
  }
  phase_ = Phase::running;
  const engine::MutexLock lock(mutex_);
  running_ = true;
  return {};
}

Result<void> ProberImpl::stop() {
  const engine::MutexLock call(call_mutex_);
  if (std::exchange(phase_, Phase::stopped) != Phase::running) return {};
  {
    const engine::MutexLock lock(mutex_);
    running_ = false;
  }
  runner_->post([this] {
    runner_->call_at(CheckRunner::Clock::now() + options_.stop_grace, [this] { runner_->stop(); });
    core_.wind_down([this] { runner_->stop(); });
  });
  thread_.join();
  core_.abandon();
  const std::size_t lost = writer_.stop();
  dispatcher_.stop();
  if (lost > 0) {
    return fail(ErrorCode::unavailable, std::to_string(lost) + " results were not stored: the store refused them");
  }
  return {};
}

ProberStats ProberImpl::stats() const {
  ProberStats stats;
  {
    const engine::MutexLock lock(mutex_);
    stats = stats_;
    stats.servers = known_.size();
  }
  const ResultQueue::Figures queue = queue_.figures();
  stats.queue_depth = queue.depth;
  stats.queue_peak = queue.peak;
  stats.dropped = queue.dropped;
  const ResultWriter::Figures written = writer_.figures();
  stats.stored = written.stored;
  stats.refused = written.refused;
  stats.store_failures = written.failures;
  stats.alerts = dispatcher_.stats();
  return stats;
}

std::optional<State> ProberImpl::state(ServerId id) const {
  const engine::MutexLock lock(mutex_);
  const auto found = known_.find(id);
  if (found == known_.end()) return std::nullopt;
  return found->second.state;
}

// Runs `fn` where the core lives: on the loop, or right here while there is no loop.
void ProberImpl::on_loop(std::function<void()> fn) {
  if (phase_ == Phase::running) {
    runner_->post(std::move(fn));
  } else if (phase_ == Phase::fresh) {
    fn();
  }
}

void ProberImpl::result(CheckReport report, std::function<void(const Result<void>&)> stored) {
  queue_.push({std::move(report), std::move(stored)});
}

void ProberImpl::change(const StateChange& change) {
  dispatcher_.change(change);
}

void ProberImpl::topic(const TopicChange& change) {
  const CheckResult& result = change.result;
  dispatcher_.level(
      {{change.server, change.change.topic},
       change.change.lasts,
       {change.state, change.change.since, result.time, result.error, result.code, result.detail, change.known_until}});
}

void ProberImpl::job(ServerId server, const std::optional<JobMemory>& memory) {
  dispatcher_.note_job(server, memory);
}

void ProberImpl::lasts(const TopicLasts& topic) {
  dispatcher_.lasts({topic.server, topic.topic}, topic.known_until);
}

void ProberImpl::state(ServerId server, State state) {
  const engine::MutexLock lock(mutex_);
  const auto found = known_.find(server);
  if (found != known_.end()) found->second.state = state;
}

void ProberImpl::log(LogLevel level, const std::string& text) {
  if (options_.log) options_.log(level, text);
}

void ProberImpl::stats(const ProberStats& stats) {
  const engine::MutexLock lock(mutex_);
  stats_ = stats;
}

}  // namespace prober

Result<std::unique_ptr<Prober>> Prober::create(Store& store, ProberOptions options) {
  if (const auto valid = options.validate(); !valid) return tl::unexpected(valid.error());
  std::vector<std::shared_ptr<const CompiledCheck>> references;
  for (std::size_t i = 0; i < options.references.size(); ++i) {
    auto check = compile(options.references[i]);
    if (!check) {
      return fail(check.error().code, "references[" + std::to_string(i) + "]: " + check.error().message);
    }
    references.push_back(*std::move(check));
  }
  auto runner = prober::Runner::create(options.runner);
  if (!runner) return tl::unexpected(runner.error());
  const prober::AlertBook::Limits limits{options.alerts.max_pending, options.alerts.first_retry,
                                         options.alerts.last_retry, kAlertAttempts};
  auto book = prober::AlertBook::open(options.alerts.journal, limits, options.log);
  if (!book) return tl::unexpected(book.error());
  return std::make_unique<prober::ProberImpl>(store, std::move(options), *std::move(runner), std::move(references),
                                              *std::move(book));
}

}  // namespace nines
