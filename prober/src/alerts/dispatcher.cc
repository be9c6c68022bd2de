#include "alerts/dispatcher.h"

#include <algorithm>
#include <set>
#include <utility>

#include "alerts/delivery.h"
#include "base/thread.h"

namespace nines::prober {
namespace {

// Reminders and the ends of maintenance are told to the second.
constexpr std::chrono::milliseconds kTick{1'000};

TimeMs wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

bool wants_budgets(const std::vector<AlertTarget>& targets) {
  return std::any_of(targets.begin(), targets.end(), [](const AlertTarget& target) {
    return std::find(target.topics.begin(), target.topics.end(), AlertTopic::budget) != target.topics.end();
  });
}

}  // namespace

AlertDispatcher::AlertDispatcher(std::unique_ptr<AlertBook> book, AlertOptions options, Listener listener)
    : book_(std::move(book)), options_(std::move(options)), listener_(std::move(listener)) {
  post([this] { apply_targets(options_.targets); });
}

AlertDispatcher::~AlertDispatcher() {
  stop();
}

bool AlertDispatcher::start() {
  thread_ = start_thread("nines-alerts", [this] { run(); });
  return thread_.joinable();
}

void AlertDispatcher::stop() {
  {
    const engine::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  budgets_.reset();
  for (const auto& [name, sender] : senders_) sender->stop();
  senders_.clear();
  retired_.clear();
  book_->commit();
}

void AlertDispatcher::post(Task task) {
  const engine::MutexLock lock(mutex_);
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void AlertDispatcher::run() {
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  const engine::MutexLock lock(mutex_);
  for (;;) {
    while (tasks_.empty() && !stopping_ && mutex_.wait_until(wake_, next_tick) == std::cv_status::no_timeout) {
    }
    const bool last = stopping_;
    std::vector<Task> tasks = std::exchange(tasks_, {});
    {
      const engine::MutexUnlock unlocked(mutex_);
      if (!tasks.empty()) perform(std::move(tasks));
      if (!last && std::chrono::steady_clock::now() >= next_tick) {
        tick();
        next_tick = std::chrono::steady_clock::now() + kTick;
      }
    }
    if (last && tasks_.empty()) return;
  }
}

void AlertDispatcher::perform(std::vector<Task> tasks) {
  for (const Task& task : tasks) task();
  book_->commit();
  poke_senders();
  const std::vector<StateChange> changes = std::exchange(changes_, {});
  if (!listener_.on_change) return;
  for (const StateChange& change : changes) listener_.on_change(change);
}

void AlertDispatcher::keep_quiet() {
  std::set<std::string> quiet;
  for (const auto& [target, hours] : quiet_hours_) {
    if (options_.quiet && options_.quiet(hours, wall_now())) quiet.insert(target);
  }
  book_->set_quiet(std::move(quiet));
}

void AlertDispatcher::tick() {
  keep_quiet();
  for (auto held = held_back_.begin(); held != held_back_.end();) {
    const IncidentKey key = held->first;
    if (muted(key.server)) {
      ++held;
      continue;
    }
    held->second.since = counted_from(key.server, held->second.since);
    book_->begin(subjects_[key.server], key.topic, held->second);
    held = held_back_.erase(held);
  }
  for (const IncidentKey& key : book_->open_incidents()) {
    // A server that the journal knows and the configuration does not any more has no subject.
    const auto subject = subjects_.find(key.server);
    if (subject == subjects_.end() || subject->second.paused || muted(key.server)) continue;
    book_->remind(wall_now(), subject->second, key.topic);
  }
  book_->commit();
  book_->keep();
  poke_senders();
  if (budgets_) budgets_->start();
  std::erase_if(retired_, [](const auto& sender) { return sender->finished(); });
}

void AlertDispatcher::set_subject(AlertSubject subject) {
  {
    const engine::MutexLock lock(budget_mutex_);
    const auto place = std::lower_bound(budgeted_.begin(), budgeted_.end(), subject.server);
    const bool known = place != budgeted_.end() && *place == subject.server;
    if (subject.paused && known) budgeted_.erase(place);
    if (!subject.paused && !known) budgeted_.insert(place, subject.server);
  }
  post([this, subject = std::move(subject)] {
    subjects_[subject.server] = subject;
    if (!subject.paused) return;
    forget(subject.server);
    book_->remove(subject.server, wall_now(), "the server is paused");
  });
}

void AlertDispatcher::remove(ServerId server) {
  {
    const engine::MutexLock lock(budget_mutex_);
    std::erase(budgeted_, server);
  }
  post([this, server] {
    subjects_.erase(server);
    forget(server);
    book_->remove(server, wall_now(), kRemoved);
  });
}

void AlertDispatcher::forget(ServerId server) {
  states_.erase(server);
  std::erase_if(held_back_, [server](const auto& item) { return item.first.server == server; });
}

void AlertDispatcher::remove_unless(std::function<bool(ServerId)> is_there) {
  post([this, is_there = std::move(is_there)] {
    for (const IncidentKey& key : book_->open_incidents()) {
      if (!is_there(key.server)) book_->remove(key.server, wall_now(), kRemoved);
    }
    book_->forget_jobs_unless(is_there);
  });
}

void AlertDispatcher::change(const StateChange& change) {
  post([this, change] {
    StateChange& told = changes_.emplace_back(change);
    if (change.to == State::unknown) return;
    if (change.to == State::down) told.since = counted_from(change.server, change.since);
    const CheckResult& result = change.result;
    apply({{change.server, AlertTopic::down},
           change.to == State::down,
           {change.to, told.since, result.time, result.error, result.code, result.detail, result.time}});
  });
}

void AlertDispatcher::level(const AlertLevel& level) {
  post([this, level] { apply(level); });
}

void AlertDispatcher::apply(const AlertLevel& level) {
  const IncidentKey& key = level.incident;
  const auto subject = subjects_.find(key.server);
  if (subject == subjects_.end()) return;
  AlertFacts facts = level.facts;
  if (key.topic != AlertTopic::budget) {
    states_[key.server] = facts.state;
  } else if (const auto state = states_.find(key.server); state != states_.end()) {
    facts.state = state->second;  // a budget does not say how the server is
  }
  if (!level.lasts) {
    held_back_.erase(key);
    book_->resolve(key, facts.state, facts.since);
  } else if (muted(key.server)) {
    held_back_[key] = facts;
  } else {
    facts.since = counted_from(key.server, facts.since);
    book_->begin(subject->second, key.topic, facts);
  }
}

// Maintenance ends what was before it; what lasts begins anew.
TimeMs AlertDispatcher::counted_from(ServerId server, TimeMs since) const {
  if (!options_.maintenance_end) return since;
  const TimeMs now = wall_now();
  if (since >= now) return since;
  return options_.maintenance_end(server, {since, now}).value_or(since);
}

void AlertDispatcher::lasts(IncidentKey incident, TimeMs known_until) {
  post([this, incident, known_until] {
    const auto held = held_back_.find(incident);
    if (held != held_back_.end()) held->second.known_until = known_until;
    book_->lasts(incident, known_until);
  });
}

bool AlertDispatcher::muted(ServerId server) const {
  return options_.muted && options_.muted(server, wall_now());
}

void AlertDispatcher::set_targets(std::vector<AlertTarget> targets) {
  post([this, targets = std::move(targets)] { apply_targets(targets); });
}

void AlertDispatcher::apply_targets(const std::vector<AlertTarget>& targets) {
  std::vector<AlertTargetRule> rules;
  std::set<std::string> names;
  for (const AlertTarget& target : targets) {
    rules.push_back(
        {target.name, target.send_resolved, target.remind_every, target.topics, target.groups, target.after});
    names.insert(target.name);
  }
  // Those that go end their deliveries in peace: nobody waits for them here.
  for (auto sender = senders_.begin(); sender != senders_.end();) {
    if (names.contains(sender->first)) {
      ++sender;
      continue;
    }
    sender->second->stop();
    retired_.push_back(std::move(sender->second));
    sender = senders_.erase(sender);
  }
  book_->set_targets(std::move(rules));
  quiet_hours_.clear();
  for (const AlertTarget& target : targets) {
    if (!target.quiet.empty()) quiet_hours_.emplace(target.name, target.quiet);
  }
  keep_quiet();
  for (const AlertTarget& target : targets) {
    std::unique_ptr<AlertSender>& sender = senders_[target.name];
    if (sender != nullptr) {
      sender->change(target);
    } else {
      sender = std::make_unique<AlertSender>(*book_, target, deliver);
    }
  }
  watch_budgets(targets);
}

void AlertDispatcher::watch_budgets(const std::vector<AlertTarget>& targets) {
  const bool wanted = options_.budget && wants_budgets(targets);
  if (!wanted) {
    budgets_.reset();
    // Nobody looks at them any more, so nobody would find their end.
    for (const IncidentKey& key : book_->open_incidents()) {
      if (key.topic != AlertTopic::budget) continue;
      const auto state = states_.find(key.server);
      book_->resolve(key, state == states_.end() ? State::unknown : state->second, wall_now());
    }
    return;
  }
  if (budgets_ != nullptr) return;
  BudgetWatch::Options options;
  options.burn = options_.budget;
  options.every = options_.budget_every;
  options.servers = [this] { return budgeted_servers(); };
  options.tell = [this](ServerId server, const BudgetBurn& burn, TimeMs since) { hear_budget(server, burn, since); };
  budgets_ = std::make_unique<BudgetWatch>(std::move(options));
  budgets_->start();
}

std::vector<ServerId> AlertDispatcher::budgeted_servers() {
  const engine::MutexLock lock(budget_mutex_);
  return budgeted_;
}

void AlertDispatcher::hear_budget(ServerId server, const BudgetBurn& burn, TimeMs since) {
  const TimeMs now = wall_now();
  level({{server, AlertTopic::budget},
         burn.firing,
         {State::unknown, since, now, ErrorClass::none, 0, burn.firing ? burn.detail : std::string()}});
}

void AlertDispatcher::poke_senders() {
  for (const auto& [name, sender] : senders_) sender->poke();
}

}  // namespace nines::prober
