#include "alerts/book.h"

#include <algorithm>
#include <utility>

#include "alerts/record.h"

namespace nines::prober {
namespace {

// What an alert waits for the journal's disk at most. A disk that is well and busy syncs within this; a crash before
// the disk has answered repeats the alerts that did not wait.
constexpr std::chrono::milliseconds kJournalPatience{1'000};

// How often one looks whether it is known again that an incident lasts.
constexpr std::chrono::milliseconds kDoubt{1'000};

TimeMs wall_now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string name_of(const std::string& target, const AlertMessage& message) {
  return "alert target \"" + target + "\": message " + std::to_string(message.id) + " (" +
         std::string(event_of(message)) + " of " + message.name + ")";
}

}  // namespace

// Whether a message is of a server that had this number in another store: a new one, or a copy, in the place of the
// old. One that keeps its address was given another name; a job that reports has no address to be known by.
bool AlertBook::is_of_another(const Entry& entry, const AlertSubject& subject) {
  return entry.message.name != subject.name && (entry.message.url != subject.url || subject.url.empty());
}

AlertBook::Notes::~Notes() {
  std::vector<std::pair<LogLevel, std::string>> notes;
  {
    const engine::MutexLock lock(book_.mutex_);
    notes.swap(book_.notes_);
  }
  if (!book_.log_) return;
  for (const auto& [level, text] : notes) book_.log_(level, text);
}

AlertBook::AlertBook(Limits limits, Log log) : limits_(limits), log_(std::move(log)) {}

Result<std::unique_ptr<AlertBook>> AlertBook::open(const std::string& path, Limits limits, Log log) {
  std::unique_ptr<AlertBook> book(new AlertBook(limits, std::move(log)));
  if (const Result<void> loaded = book->load(path); !loaded) return tl::unexpected(loaded.error());
  return book;
}

// What a message means for the incidents.
void AlertBook::take_in(const EntryPtr& entry) {
  const AlertMessage& message = entry->message;
  const IncidentKey key{message.server, message.topic};
  if (message.kind == AlertMessage::Kind::resolved) {
    open_.erase(key);
  } else if (message.kind == AlertMessage::Kind::begin) {
    Incident& incident = open_[key];
    incident.begin = entry;
    for (const std::string& target : entry->told) {
      if (entry->owed.contains(target)) {
        incident.begins[target] = entry;
      } else {
        incident.begins.emplace(target, entry);
      }
    }
  } else if (const auto found = open_.find(key); found != open_.end()) {
    for (const std::string& target : entry->told) found->second.reminders[target] = entry;
  }
}

void AlertBook::owe(const EntryPtr& entry) {
  for (const std::string& target : entry->owed) {
    Owed& owed = owed_[target];
    if (!owed.entries.emplace(entry->message.id, entry).second) continue;
    owed.queue.add(entry->message.id, entry->message.server);
    hold(target, *entry);
  }
}

// How long a target that wants to hear only of what lasts has to wait for it; not above 0: it does not.
std::chrono::milliseconds AlertBook::patience(const std::string& target, const AlertMessage& begin) const {
  const AlertTargetRule* const rule = rule_of(target);
  if (rule == nullptr || rule->after == std::chrono::milliseconds{0}) return std::chrono::milliseconds{0};
  return begin.since + rule->after - wall_now();
}

void AlertBook::hold(const std::string& target, const Entry& entry) {
  if (entry.message.kind != AlertMessage::Kind::begin) return;
  const auto left = patience(target, entry.message);
  const bool held = left > std::chrono::milliseconds{0};
  owed_.at(target).queue.hold(entry.message.id, held ? std::chrono::steady_clock::now() + left : TimePoint::min());
}

// Whether a target that wants to hear only of what lasts would hear of what may be over.
bool AlertBook::is_doubtful(const std::string& target, const Entry& entry) const {
  if (entry.message.kind != AlertMessage::Kind::begin) return false;
  const AlertTargetRule* const rule = rule_of(target);
  if (rule == nullptr || rule->after == std::chrono::milliseconds{0}) return false;
  const auto open = open_.find({entry.message.server, entry.message.topic});
  return open != open_.end() && open->second.known_until < wall_now();
}

// Whether the target need not hear of an incident that ended at `end`, because it was not told of its beginning and is
// not to be: it is quiet, or the incident is not known to have lasted long enough.
bool AlertBook::forgo(const std::string& target, const Incident& incident, TimeMs end) {
  const EntryPtr begin = incident.begins.at(target);
  if (!begin->owed.contains(target)) return false;
  const AlertTargetRule* const rule = rule_of(target);
  const std::chrono::milliseconds after = rule == nullptr ? std::chrono::milliseconds{0} : rule->after;
  const bool lasted =
      after == std::chrono::milliseconds{0} || std::min(end, incident.known_until) - begin->message.since >= after;
  if (!quiet_.contains(target) && lasted) return false;
  const std::uint64_t id = begin->message.id;
  const auto owed = owed_.find(target);
  const bool committed = owed != owed_.end() && owed->second.queue.contains(id);
  if (committed && !owed->second.queue.is_untried(id)) return false;
  settle(target, begin);
  record(settled_record(target, id));
  return true;
}

// `told` are targets that have been told by an earlier message of the same.
void AlertBook::queue(AlertMessage message, std::vector<std::string> targets, std::vector<std::string> told) {
  message.id = next_id_++;
  const auto entry = std::make_shared<Entry>();
  entry->message = std::move(message);
  entry->owed = std::set<std::string>(targets.begin(), targets.end());
  entry->told = std::move(told);
  entry->told.insert(entry->told.end(), targets.begin(), targets.end());
  take_in(entry);
  record(message_record(entry->message, entry->told, {entry->owed.begin(), entry->owed.end()}));
  if (!entry->owed.empty()) uncommitted_.push_back(entry);
}

void AlertBook::commit() {
  const Notes notes(*this);
  const engine::MutexLock lock(mutex_);
  const std::size_t said = uncommitted_.size();
  if (journal_ != nullptr) {
    bool durable = false;
    {
      const engine::MutexUnlock unlocked(mutex_);
      durable = journal_->flush(kJournalPatience);
    }
    look_after_journal(durable);
  }
  const auto end = uncommitted_.begin() + static_cast<std::ptrdiff_t>(said);
  const std::vector<EntryPtr> entries(uncommitted_.begin(), end);
  uncommitted_.erase(uncommitted_.begin(), end);
  for (const EntryPtr& entry : entries) {
    owe(entry);
    for (const std::string& target : entry->told) limit(target);
  }
}

void AlertBook::set_quiet(std::set<std::string> targets) {
  const engine::MutexLock lock(mutex_);
  quiet_ = std::move(targets);
}

AlertBook::EntryPtr AlertBook::owed_entry(const std::string& target, std::uint64_t id) const {
  const auto owed = owed_.find(target);
  if (owed == owed_.end()) return nullptr;
  const auto found = owed->second.entries.find(id);
  return found == owed->second.entries.end() ? nullptr : found->second;
}

void AlertBook::settle(const std::string& target, const EntryPtr& entry) {
  entry->owed.erase(target);
  const auto found = owed_.find(target);
  if (found == owed_.end()) return;
  found->second.queue.settle(entry->message.id);
  found->second.entries.erase(entry->message.id);
  if (found->second.entries.empty()) owed_.erase(found);
}

// A target that cannot be reached for long must not fill memory: its oldest messages go, but not those that are being
// delivered right now.
void AlertBook::limit(const std::string& target) {
  const auto found = owed_.find(target);
  if (found == owed_.end() || found->second.entries.size() <= limits_.max_pending) return;
  const std::optional<std::uint64_t> oldest = found->second.queue.oldest_idle();
  if (!oldest) return;
  settle(target, owed_entry(target, *oldest));
  record(settled_record(target, *oldest));
  tally(target, &AlertTargetStats::dropped, &AlertStats::dropped);
  note(LogLevel::error, "alert target \"" + target + "\" is owed more than " + std::to_string(limits_.max_pending) +
                            " messages; the oldest was dropped");
}

void AlertBook::set_targets(std::vector<AlertTargetRule> targets) {
  commit();
  const Notes notes(*this);
  const engine::MutexLock lock(mutex_);
  targets_ = std::move(targets);
  std::erase_if(counts_, [this](const auto& item) NINES_REQUIRES(mutex_) { return rule_of(item.first) == nullptr; });
  for (const AlertTargetRule& rule : targets_) counts_[rule.name].name = rule.name;
  std::vector<std::string> gone;
  for (const auto& [target, owed] : owed_) {
    if (rule_of(target) == nullptr) gone.push_back(target);
  }
  for (const std::string& target : gone) {
    const auto entries = owed_.at(target).entries;
    sums_.dropped += entries.size();
    note(LogLevel::warning,
         "alert target \"" + target + "\" is gone; " +
             (entries.size() == 1 ? "a message for it is" : std::to_string(entries.size()) + " messages for it are") +
             " dropped");
    for (const auto& [id, entry] : entries) {
      settle(target, entry);
      record(settled_record(target, id));
      if (entry->message.kind == AlertMessage::Kind::begin) {
        forget_told(target, {entry->message.server, entry->message.topic});
      }
    }
  }
  for (auto& [target, owed] : owed_) {
    for (const auto& [id, entry] : owed.entries) {
      if (owed.queue.is_untried(id)) hold(target, *entry);
    }
  }
}

// A target that is gone without having heard of an incident hears of it when it comes back.
void AlertBook::forget_told(const std::string& target, IncidentKey incident) {
  const auto open = open_.find(incident);
  if (open == open_.end()) return;
  std::vector<std::string> others = open->second.begin->told;
  std::erase(others, target);
  queue(AlertMessage(open->second.begin->message), {}, std::move(others));
}

const AlertTargetRule* AlertBook::rule_of(const std::string& target) const {
  const auto found =
      std::find_if(targets_.begin(), targets_.end(), [&](const AlertTargetRule& rule) { return rule.name == target; });
  return found == targets_.end() ? nullptr : &*found;
}

void AlertBook::begin(const AlertSubject& subject, AlertTopic topic, const AlertFacts& facts) {
  const engine::MutexLock lock(mutex_);
  auto open = open_.find({subject.server, topic});
  if (open != open_.end() && is_of_another(*open->second.begin, subject)) {
    end(Incident(open->second), State::unknown, facts.time, kRemoved);
    open = open_.end();
  }
  std::vector<std::string> targets = hearers(subject, topic);
  std::vector<std::string> told;
  if (open != open_.end()) {
    open->second.known_until = facts.known_until;
    // Who has joined since hears of it; the others have.
    told = open->second.begin->told;
    std::erase_if(targets, [&](const std::string& target) { return contains(told, target); });
    if (targets.empty()) return;
  }
  AlertMessage message;
  message.kind = AlertMessage::Kind::begin;
  message.topic = topic;
  message.server = subject.server;
  message.name = subject.name;
  message.url = subject.url;
  message.group = subject.group;
  message.state = facts.state;
  // Who joins hears of the same incident, whatever has been judged anew since.
  message.since = open == open_.end() ? facts.since : open->second.begin->message.since;
  message.time = facts.time;
  message.error = facts.error;
  message.code = facts.code;
  message.detail = facts.detail;
  // An outage is noted even when nobody hears of it; what nobody asked for is not.
  if (targets.empty() && topic != AlertTopic::down) return;
  queue(std::move(message), std::move(targets), std::move(told));
  open_.at({subject.server, topic}).known_until = facts.known_until;
}

void AlertBook::lasts(IncidentKey incident, TimeMs known_until) {
  const engine::MutexLock lock(mutex_);
  if (const auto open = open_.find(incident); open != open_.end()) open->second.known_until = known_until;
}

// The targets that hear of `topic` of `subject` as things are.
std::vector<std::string> AlertBook::hearers(const AlertSubject& subject, AlertTopic topic) const {
  std::vector<std::string> targets;
  for (const AlertTargetRule& rule : targets_) {
    const bool hears = !subject.targets || contains(*subject.targets, rule.name);
    const bool wants = std::find(rule.topics.begin(), rule.topics.end(), topic) != rule.topics.end();
    const bool grouped = rule.groups.empty() || contains(rule.groups, subject.group);
    if (hears && wants && grouped) targets.push_back(rule.name);
  }
  return targets;
}

void AlertBook::resolve(IncidentKey incident, State state, TimeMs time) {
  const engine::MutexLock lock(mutex_);
  const auto found = open_.find(incident);
  if (found != open_.end()) end(Incident(found->second), state, time, found->second.begin->message.detail);
}

void AlertBook::remove(ServerId server, TimeMs time, const std::string& why) {
  const engine::MutexLock lock(mutex_);
  if (jobs_.erase(server) > 0) record(job_record(server, std::nullopt));
  std::vector<Incident> ending;
  for (const auto& [key, incident] : open_) {
    if (key.server == server) ending.push_back(incident);
  }
  for (const Incident& incident : ending) end(incident, State::unknown, time, why);
}

void AlertBook::end(const Incident& incident, State state, TimeMs time, const std::string& detail) {
  AlertMessage message = incident.begin->message;
  message.kind = AlertMessage::Kind::resolved;
  message.state = state;
  message.time = time;
  message.detail = detail;
  std::vector<std::string> targets;
  for (const std::string& target : incident.begin->told) {
    const AlertTargetRule* const rule = rule_of(target);
    withdraw_reminder(target, incident);
    if (forgo(target, incident, time)) continue;
    if (rule != nullptr && rule->send_resolved) targets.push_back(target);
  }
  queue(std::move(message), std::move(targets));
}

// A reminder that was not delivered in time would say that what is over lasts.
void AlertBook::withdraw_reminder(const std::string& target, const Incident& incident) {
  const auto found = incident.reminders.find(target);
  if (found == incident.reminders.end() || !found->second->owed.contains(target)) return;
  const EntryPtr reminder = found->second;
  const auto owed = owed_.find(target);
  const std::uint64_t id = reminder->message.id;
  if (owed != owed_.end() && owed->second.queue.contains(id) && !owed->second.queue.is_untried(id)) return;
  settle(target, reminder);
  record(settled_record(target, id));
}

std::vector<IncidentKey> AlertBook::open_incidents() const {
  const engine::MutexLock lock(mutex_);
  std::vector<IncidentKey> keys;
  keys.reserve(open_.size());
  for (const auto& [key, incident] : open_) keys.push_back(key);
  return keys;
}

void AlertBook::remind(TimeMs now, const AlertSubject& subject, AlertTopic topic) {
  const engine::MutexLock lock(mutex_);
  const auto found = open_.find({subject.server, topic});
  if (found == open_.end()) return;
  // While a server is down nobody can say that it still is slow, or how its certificate is.
  const bool hidden = topic == AlertTopic::degraded || topic == AlertTopic::certificate;
  if (hidden && open_.contains({subject.server, AlertTopic::down})) return;
  for (const std::string& target : hearers(subject, topic)) remind_target(now, *rule_of(target), found->second);
}

void AlertBook::remind_target(TimeMs now, const AlertTargetRule& rule, const Incident& incident) {
  // What would wait for quiet hours to end is due again when they have.
  if (rule.remind_every == std::chrono::milliseconds{0} || quiet_.contains(rule.name)) return;
  if (!contains(incident.begin->told, rule.name)) return;
  const auto last = incident.reminders.find(rule.name);
  const Entry& before = last == incident.reminders.end() ? *incident.begins.at(rule.name) : *last->second;
  if (before.owed.contains(rule.name)) return;
  // A clock that was ahead when that was told says nothing of how long ago it was.
  const auto is_recent = [&](TimeMs told) { return told <= now && now - told < rule.remind_every; };
  const auto received = incident.received.find(rule.name);
  if (is_recent(before.message.time)) return;
  if (received != incident.received.end() && is_recent(received->second)) return;
  AlertMessage message = incident.begin->message;
  message.kind = AlertMessage::Kind::reminder;
  message.time = now;
  message.reminder = before.message.reminder + 1;
  queue(std::move(message), {rule.name});
}

std::optional<AlertMessage> AlertBook::take(const std::string& target, TimePoint now) {
  const engine::MutexLock lock(mutex_);
  const auto found = owed_.find(target);
  if (found == owed_.end() || quiet_.contains(target)) return std::nullopt;
  TargetQueue& queue = found->second.queue;
  while (const std::optional<std::uint64_t> id = queue.take(now)) {
    const Entry& entry = *found->second.entries.at(*id);
    if (queue.attempts(*id) > 0 || !is_doubtful(target, entry)) return entry.message;
    queue.put_back(*id, now + kDoubt);
  }
  return std::nullopt;
}

std::optional<AlertBook::TimePoint> AlertBook::next_due(const std::string& target) const {
  const engine::MutexLock lock(mutex_);
  const auto found = owed_.find(target);
  if (found == owed_.end() || quiet_.contains(target)) return std::nullopt;
  return found->second.queue.next_due();
}

void AlertBook::delivered(const std::string& target, std::uint64_t id, const std::string& refused) {
  const Notes notes(*this);
  const engine::MutexLock lock(mutex_);
  tally(target, &AlertTargetStats::delivered, &AlertStats::delivered);
  if (!refused.empty()) tally(target, &AlertTargetStats::refused, &AlertStats::refused);
  note_failure(target, refused);
  const EntryPtr entry = owed_entry(target, id);
  if (!entry) return;
  if (!refused.empty()) note(LogLevel::error, name_of(target, entry->message) + ": " + refused);
  const auto open = open_.find({entry->message.server, entry->message.topic});
  if (open != open_.end()) open->second.received[target] = wall_now();
  settle(target, entry);
  record(settled_record(target, id));
}

void AlertBook::failed(const std::string& target, std::uint64_t id, TimePoint now, const std::string& why) {
  const Notes notes(*this);
  const engine::MutexLock lock(mutex_);
  tally(target, &AlertTargetStats::failed, &AlertStats::failed);
  note_failure(target, why);
  const EntryPtr entry = owed_entry(target, id);
  if (!entry) return;
  TargetQueue& queue = owed_.at(target).queue;
  const std::uint32_t before = queue.attempts(id);
  if (before + 1 >= limits_.attempts) {
    settle(target, entry);
    record(settled_record(target, id));
    tally(target, &AlertTargetStats::expired, &AlertStats::expired);
    note(LogLevel::error, name_of(target, entry->message) + " is given up after " + std::to_string(limits_.attempts) +
                              " attempts: " + why);
    return;
  }
  std::chrono::milliseconds pause = limits_.first_retry;
  for (std::uint32_t i = 0; i < before && pause < limits_.last_retry; ++i) pause *= 2;
  const std::uint32_t attempts = queue.retry(id, now + std::min(pause, limits_.last_retry));
  record(tried_record(target, id, attempts));
  // One line a message is enough: the counters tell of the others.
  if (attempts == 1) note(LogLevel::warning, name_of(target, entry->message) + " was not taken: " + why);
}

void AlertBook::refused(const std::string& target, std::uint64_t id, const std::string& why) {
  const Notes notes(*this);
  const engine::MutexLock lock(mutex_);
  tally(target, &AlertTargetStats::failed, &AlertStats::failed);
  tally(target, &AlertTargetStats::refused, &AlertStats::refused);
  note_failure(target, why);
  const EntryPtr entry = owed_entry(target, id);
  if (!entry) return;
  settle(target, entry);
  record(settled_record(target, id));
  note(LogLevel::error, name_of(target, entry->message) + " was refused for good and is dropped: " + why);
}

void AlertBook::hasten(const std::string& target) {
  const engine::MutexLock lock(mutex_);
  const auto found = owed_.find(target);
  if (found != owed_.end()) found->second.queue.hasten();
}

// A delivery may end after its target is gone: the sums count it all the same.
void AlertBook::tally(const std::string& target, std::uint64_t AlertTargetStats::*own, std::uint64_t AlertStats::*sum) {
  ++(sums_.*sum);
  if (const auto found = counts_.find(target); found != counts_.end()) ++(found->second.*own);
}

void AlertBook::note_failure(const std::string& target, const std::string& why) {
  if (const auto found = counts_.find(target); found != counts_.end()) found->second.last_failure = why;
}

AlertStats AlertBook::stats() const {
  const engine::MutexLock lock(mutex_);
  AlertStats stats = sums_;
  stats.open_incidents = open_.size();
  for (const auto& [target, owed] : owed_) stats.pending += owed.entries.size();
  for (const EntryPtr& entry : uncommitted_) stats.pending += entry->owed.size();
  for (const auto& [target, counted] : counts_) {
    AlertTargetStats& told = stats.targets.emplace_back(counted);
    if (const auto owed = owed_.find(target); owed != owed_.end()) told.pending = owed->second.entries.size();
  }
  return stats;
}

void AlertBook::note(LogLevel level, std::string text) {
  notes_.emplace_back(level, std::move(text));
}

}  // namespace nines::prober
