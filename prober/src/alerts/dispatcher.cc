#include "alerts/dispatcher.h"

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

}  // namespace

AlertHerald::AlertHerald(std::unique_ptr<AlertBook> book, AlertOptions options, Listener listener)
    : book_(std::move(book)), options_(std::move(options)), listener_(std::move(listener)) {
  post([this] { apply_targets(options_.targets); });
}

AlertHerald::~AlertHerald() {
  stop();
}

void AlertHerald::start() {
  thread_ = start_thread("nines-herald", [this] { run(); });
}

void AlertHerald::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  for (const auto& [name, sender] : senders_) sender->stop();
  senders_.clear();
}

void AlertHerald::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void AlertHerald::run() {
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_until(lock, next_tick, [&] { return !tasks_.empty() || stopping_; });
    while (!tasks_.empty()) {
      const std::function<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      task();
      lock.lock();
    }
    if (stopping_) return;
    if (std::chrono::steady_clock::now() < next_tick) continue;
    lock.unlock();
    tick();
    next_tick = std::chrono::steady_clock::now() + kTick;
    lock.lock();
  }
}

void AlertHerald::tick() {
  for (auto held = held_back_.begin(); held != held_back_.end();) {
    if (muted(held->first)) {
      ++held;
      continue;
    }
    book_->down(subjects_[held->first], held->second);
    held = held_back_.erase(held);
  }
  std::vector<ServerId> open = book_->open_incidents();
  std::erase_if(open, [this](ServerId server) {
    // A server that the journal knows and the configuration does not any more has no subject.
    const auto subject = subjects_.find(server);
    return subject == subjects_.end() || subject->second.paused || muted(server);
  });
  book_->remind(wall_now(), open);
  book_->keep();
  poke_senders();
}

void AlertHerald::set_subject(AlertSubject subject) {
  post([this, subject = std::move(subject)] { subjects_[subject.server] = subject; });
}

void AlertHerald::forget(ServerId server) {
  post([this, server] {
    subjects_.erase(server);
    held_back_.erase(server);
    book_->forget(server);
  });
}

void AlertHerald::change(const StateChange& change) {
  post([this, change] {
    if (listener_.on_change) listener_.on_change(change);
    if (change.to == State::unknown) return;
    const CheckResult& result = change.result;
    apply({change.server, change.to == State::down, change.since,
           Outage{change.since, result.time, result.error, result.code, result.detail}});
  });
}

void AlertHerald::level(const AlertLevel& level) {
  post([this, level] { apply(level); });
}

void AlertHerald::apply(const AlertLevel& level) {
  const auto subject = subjects_.find(level.server);
  if (subject == subjects_.end()) return;
  if (!level.down) {
    held_back_.erase(level.server);
    book_->up(level.server, level.since);
  } else if (muted(level.server)) {
    held_back_[level.server] = level.outage;
  } else {
    book_->down(subject->second, level.outage);
  }
  poke_senders();
}

bool AlertHerald::muted(ServerId server) const {
  return options_.muted && options_.muted(server, wall_now());
}

void AlertHerald::set_targets(std::vector<AlertTarget> targets) {
  post([this, targets = std::move(targets)] { apply_targets(targets); });
}

void AlertHerald::apply_targets(std::vector<AlertTarget> targets) {
  std::vector<AlertTargetRule> rules;
  std::set<std::string> names;
  for (AlertTarget& target : targets) {
    rules.push_back({target.name, target.send_resolved, target.remind_every});
    names.insert(target.name);
  }
  for (const auto& [name, sender] : senders_) {
    if (!names.contains(name)) sender->stop();
  }
  std::erase_if(senders_, [&](const auto& item) { return !names.contains(item.first); });
  book_->set_targets(std::move(rules));
  for (AlertTarget& target : targets) {
    std::unique_ptr<AlertSender>& sender = senders_[target.name];
    if (sender != nullptr) {
      sender->change(std::move(target));
      continue;
    }
    sender = std::make_unique<AlertSender>(*book_, std::move(target),
                                           AlertSender::Options{options_.first_retry, options_.last_retry, deliver},
                                           listener_.log);
  }
}

void AlertHerald::poke_senders() {
  for (const auto& [name, sender] : senders_) sender->poke();
}

}  // namespace nines::prober
