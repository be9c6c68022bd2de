#include "alerts/book.h"

#include <algorithm>
#include <utility>

#include "alerts/record.h"

namespace nines::prober {
namespace {

// A rewrite costs two syncs and the live records; a megabyte is some thousands of changes.
constexpr std::uint64_t kRewriteAfterBytes = 1U << 20U;

}  // namespace

AlertBook::AlertBook(const std::string& path, std::size_t max_pending, Log log)
    : max_pending_(max_pending), log_(std::move(log)) {
  if (!path.empty()) journal_.emplace(path);
}

Result<std::unique_ptr<AlertBook>> AlertBook::open(const std::string& path, std::size_t max_pending, Log log) {
  std::unique_ptr<AlertBook> book(new AlertBook(path, max_pending, std::move(log)));
  if (const Result<void> loaded = book->load(); !loaded) return tl::unexpected(loaded.error());
  return book;
}

Result<void> AlertBook::load() {
  if (!journal_) return {};
  const std::lock_guard lock(mutex_);
  const Result<AlertJournal::Content> content = journal_->read();
  if (!content) return tl::unexpected(content.error());
  std::size_t damaged = content->damaged;
  for (const std::string& line : content->records) damaged += replay(line) ? 0U : 1U;
  if (damaged > 0 && log_) {
    log_(LogLevel::error, "the journal of alerts has " + std::to_string(damaged) +
                              " damaged records; they are left out, and the old file is kept as .damaged");
  }
  return journal_->rewrite(snapshot(), damaged > 0);
}

// False when the record makes no sense.
bool AlertBook::replay(const std::string& line) {
  const std::optional<AlertRecord> parsed = parse_record(line);
  if (!parsed) return false;
  next_id_ = std::max(next_id_, parsed->id + (parsed->op == AlertRecord::Op::next ? 0U : 1U));
  switch (parsed->op) {
    case AlertRecord::Op::next:
      return true;
    case AlertRecord::Op::forgotten:
      open_.erase(parsed->server);
      return true;
    case AlertRecord::Op::settled: {
      const auto target = owed_.find(parsed->target);
      if (target == owed_.end()) return true;
      const auto found = target->second.find(parsed->id);
      if (found != target->second.end()) settle(parsed->target, EntryPtr(found->second));
      return true;
    }
    case AlertRecord::Op::message:
      take_in(std::make_shared<Entry>(
          Entry{parsed->message, parsed->told, std::set<std::string>(parsed->owed.begin(), parsed->owed.end())}));
      return true;
  }
  return false;
}

// What a message means for the incidents, and who is owed it.
void AlertBook::take_in(const EntryPtr& entry) {
  const AlertMessage& message = entry->message;
  if (message.kind == AlertMessage::Kind::resolved) {
    open_.erase(message.server);
  } else if (message.kind == AlertMessage::Kind::down) {
    open_[message.server] = Incident{entry, {}};
  } else if (const auto found = open_.find(message.server); found != open_.end()) {
    for (const std::string& target : entry->told) found->second.reminders[target] = entry;
  }
  for (const std::string& target : entry->owed) owed_[target].emplace(message.id, entry);
}

void AlertBook::queue(AlertMessage message, std::vector<std::string> targets) {
  message.id = next_id_++;
  auto entry = std::make_shared<Entry>();
  entry->message = std::move(message);
  entry->owed = std::set<std::string>(targets.begin(), targets.end());
  entry->told = std::move(targets);
  take_in(entry);
  record(message_record(entry->message, entry->told, {entry->owed.begin(), entry->owed.end()}));
  for (const std::string& target : entry->told) limit(target);
}

void AlertBook::settle(const std::string& target, const EntryPtr& entry) {
  entry->owed.erase(target);
  const auto found = owed_.find(target);
  if (found == owed_.end()) return;
  found->second.erase(entry->message.id);
  if (found->second.empty()) owed_.erase(found);
}

// A target that cannot be reached for long must not fill memory: its oldest messages go.
void AlertBook::limit(const std::string& target) {
  const auto found = owed_.find(target);
  if (found == owed_.end() || found->second.size() <= max_pending_) return;
  const EntryPtr oldest = found->second.begin()->second;
  settle(target, oldest);
  record(settled_record(target, oldest->message.id));
  ++stats_.dropped;
  if (log_) {
    log_(LogLevel::error, "alert target \"" + target + "\" is owed more than " + std::to_string(max_pending_) +
                              " messages; the oldest was dropped");
  }
}

void AlertBook::set_targets(std::vector<AlertTargetRule> targets) {
  const std::lock_guard lock(mutex_);
  targets_ = std::move(targets);
  std::vector<std::string> gone;
  for (const auto& [target, messages] : owed_) {
    if (rule_of(target) == nullptr) gone.push_back(target);
  }
  for (const std::string& target : gone) {
    const auto messages = owed_.at(target);
    stats_.dropped += messages.size();
    if (log_) {
      log_(LogLevel::warning, "alert target \"" + target + "\" is gone; " + std::to_string(messages.size()) +
                                  " messages for it are dropped");
    }
    for (const auto& [id, entry] : messages) {
      settle(target, entry);
      record(settled_record(target, id));
    }
  }
}

const AlertTargetRule* AlertBook::rule_of(const std::string& target) const {
  const auto found =
      std::find_if(targets_.begin(), targets_.end(), [&](const AlertTargetRule& rule) { return rule.name == target; });
  return found == targets_.end() ? nullptr : &*found;
}

void AlertBook::down(const AlertSubject& subject, const Outage& outage) {
  const std::lock_guard lock(mutex_);
  if (open_.contains(subject.server)) return;
  AlertMessage message;
  message.kind = AlertMessage::Kind::down;
  message.server = subject.server;
  message.name = subject.name;
  message.url = subject.url;
  message.group = subject.group;
  message.since = outage.since;
  message.time = outage.time;
  message.error = outage.error;
  message.code = outage.code;
  message.detail = outage.detail;
  std::vector<std::string> targets;
  for (const AlertTargetRule& rule : targets_) {
    const bool hears = !subject.targets ||
                       std::find(subject.targets->begin(), subject.targets->end(), rule.name) != subject.targets->end();
    if (hears) targets.push_back(rule.name);
  }
  queue(std::move(message), std::move(targets));
}

void AlertBook::up(ServerId server, TimeMs since) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(server);
  if (found == open_.end()) return;
  AlertMessage message = found->second.down->message;
  message.kind = AlertMessage::Kind::resolved;
  message.time = since;
  std::vector<std::string> targets;
  for (const std::string& target : found->second.down->told) {
    const AlertTargetRule* const rule = rule_of(target);
    if (rule != nullptr && rule->send_resolved) targets.push_back(target);
  }
  queue(std::move(message), std::move(targets));
}

void AlertBook::forget(ServerId server) {
  const std::lock_guard lock(mutex_);
  if (open_.erase(server) > 0) record(forgotten_record(server));
}

std::vector<ServerId> AlertBook::open_incidents() const {
  const std::lock_guard lock(mutex_);
  std::vector<ServerId> servers;
  servers.reserve(open_.size());
  for (const auto& [server, incident] : open_) servers.push_back(server);
  return servers;
}

void AlertBook::remind(TimeMs now, const std::vector<ServerId>& servers) {
  const std::lock_guard lock(mutex_);
  for (const ServerId server : servers) {
    const auto found = open_.find(server);
    if (found == open_.end()) continue;
    for (const AlertTargetRule& rule : targets_) remind_target(now, rule, found->second);
  }
}

void AlertBook::remind_target(TimeMs now, const AlertTargetRule& rule, const Incident& incident) {
  if (rule.remind_every == std::chrono::milliseconds{0}) return;
  const auto& told = incident.down->told;
  if (std::find(told.begin(), told.end(), rule.name) == told.end()) return;
  const auto last = incident.reminders.find(rule.name);
  const Entry& before = last == incident.reminders.end() ? *incident.down : *last->second;
  if (now - before.message.time < rule.remind_every || before.owed.contains(rule.name)) return;
  AlertMessage message = incident.down->message;
  message.kind = AlertMessage::Kind::reminder;
  message.time = now;
  message.reminder = before.message.reminder + 1;
  queue(std::move(message), {rule.name});
}

std::optional<AlertMessage> AlertBook::owed(const std::string& target) const {
  const std::lock_guard lock(mutex_);
  const auto found = owed_.find(target);
  if (found == owed_.end()) return std::nullopt;
  return found->second.begin()->second->message;
}

void AlertBook::delivered(const std::string& target, std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  ++stats_.delivered;
  const auto messages = owed_.find(target);
  if (messages == owed_.end()) return;
  const auto found = messages->second.find(id);
  if (found == messages->second.end()) return;
  settle(target, EntryPtr(found->second));
  record(settled_record(target, id));
}

void AlertBook::delivery_failed() noexcept {
  const std::lock_guard lock(mutex_);
  ++stats_.failed;
}

AlertStats AlertBook::stats() const {
  const std::lock_guard lock(mutex_);
  AlertStats stats = stats_;
  stats.open_incidents = open_.size();
  for (const auto& [target, messages] : owed_) stats.pending += messages.size();
  return stats;
}

void AlertBook::record(const std::string& line) {
  if (!journal_ || stale_) return;
  const Result<void> appended = journal_->append(line);
  if (appended) return;
  stale_ = true;
  if (log_) log_(LogLevel::error, "alerts go on without their journal: " + appended.error().message);
}

void AlertBook::keep() {
  const std::lock_guard lock(mutex_);
  if (!journal_ || (!stale_ && journal_->grown_bytes() < kRewriteAfterBytes)) return;
  const Result<void> written = journal_->rewrite(snapshot());
  if (written && stale_ && log_) log_(LogLevel::warning, "the journal of alerts is written again");
  stale_ = !written;
}

// The records that say all there is to know now, in the order of their ids.
std::vector<std::string> AlertBook::snapshot() const {
  std::map<std::uint64_t, EntryPtr> live;
  for (const auto& [server, incident] : open_) {
    live.emplace(incident.down->message.id, incident.down);
    for (const auto& [target, entry] : incident.reminders) live.emplace(entry->message.id, entry);
  }
  for (const auto& [target, messages] : owed_) live.insert(messages.begin(), messages.end());
  std::vector<std::string> records{next_record(next_id_)};
  for (const auto& [id, entry] : live) {
    records.push_back(message_record(entry->message, entry->told, {entry->owed.begin(), entry->owed.end()}));
  }
  return records;
}

}  // namespace nines::prober
