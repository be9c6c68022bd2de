// How the book stands in its journal: what is read back, what each change adds, and what a rewrite leaves.
#include <algorithm>
#include <utility>

#include "alerts/book.h"
#include "alerts/record.h"

namespace nines::prober {
namespace {

// A rewrite costs two syncs and the live records; a megabyte is some thousands of changes.
constexpr std::uint64_t kRewriteAfterBytes = 1U << 20U;

}  // namespace

Result<void> AlertBook::load(const std::string& path) {
  if (path.empty()) return {};
  const Notes notes(*this);
  const engine::MutexLock lock(mutex_);
  AlertJournal journal(path);
  const Result<AlertJournal::Content> content = journal.read();
  if (!content) return tl::unexpected(content.error());
  std::size_t damaged = content->damaged;
  for (const std::string& line : content->records) damaged += replay(line) ? 0U : 1U;
  if (damaged > 0) {
    const std::string left_out =
        damaged == 1 ? "a damaged line; it is" : std::to_string(damaged) + " damaged lines; they are";
    note(LogLevel::error, "the journal of alerts has " + left_out + " left out, and the old file is kept as .damaged");
  }
  if (Result<void> written = journal.rewrite(snapshot(), damaged > 0); !written) return written;
  Result<std::unique_ptr<JournalWriter>> writer = JournalWriter::start(std::move(journal));
  if (!writer) return tl::unexpected(writer.error());
  journal_ = *std::move(writer);
  return {};
}

// False when the record makes no sense.
bool AlertBook::replay(const std::string& line) {
  const std::optional<AlertRecord> parsed = parse_record(line);
  if (!parsed) return false;
  if (parsed->op != AlertRecord::Op::job) {
    next_id_ = std::max(next_id_, parsed->id + (parsed->op == AlertRecord::Op::next ? 0U : 1U));
  }
  switch (parsed->op) {
    case AlertRecord::Op::next:
      return true;
    case AlertRecord::Op::forgotten:
      std::erase_if(open_, [&](const auto& item) { return item.first.server == parsed->server; });
      return true;
    case AlertRecord::Op::job:
      jobs_.erase(parsed->server);
      if (parsed->job) jobs_.emplace(parsed->server, *parsed->job);
      return true;
    case AlertRecord::Op::settled:
      if (const EntryPtr entry = owed_entry(parsed->target, parsed->id)) settle(parsed->target, entry);
      return true;
    case AlertRecord::Op::tried:
      if (owed_entry(parsed->target, parsed->id) != nullptr) {
        owed_.at(parsed->target).queue.restore_attempts(parsed->id, parsed->attempts);
      }
      return true;
    case AlertRecord::Op::message: {
      const auto entry = std::make_shared<Entry>(
          Entry{parsed->message, parsed->told, std::set<std::string>(parsed->owed.begin(), parsed->owed.end())});
      take_in(entry);
      owe(entry);
      return true;
    }
  }
  return false;
}

// Says when the journal falls behind and when it is up to date again.
void AlertBook::look_after_journal(bool durable) {
  if (durable && behind_) note(LogLevel::warning, "the journal of alerts is written again");
  if (!durable && !behind_) {
    note(LogLevel::error,
         "alerts go on without their journal: " + journal_->trouble().value_or("its disk does not answer"));
  }
  behind_ = !durable;
}

void AlertBook::note_job(ServerId server, const std::optional<JobMemory>& memory) {
  const engine::MutexLock lock(mutex_);
  const auto known = jobs_.find(server);
  if (memory ? known != jobs_.end() && known->second == *memory : known == jobs_.end()) return;
  record(job_record(server, memory));
  if (memory) {
    jobs_[server] = *memory;
  } else {
    jobs_.erase(known);
  }
}

std::optional<JobMemory> AlertBook::job(ServerId server) const {
  const engine::MutexLock lock(mutex_);
  const auto known = jobs_.find(server);
  return known == jobs_.end() ? std::nullopt : std::optional(known->second);
}

void AlertBook::forget_jobs_unless(const std::function<bool(ServerId)>& is_there) {
  const engine::MutexLock lock(mutex_);
  for (auto each = jobs_.begin(); each != jobs_.end();) {
    const auto job = each++;
    if (is_there(job->first)) continue;
    record(job_record(job->first, std::nullopt));
    jobs_.erase(job);
  }
}

void AlertBook::record(const std::string& line) {
  if (journal_ != nullptr) journal_->append(line);
}

void AlertBook::keep() {
  if (journal_ == nullptr || (!journal_->trouble() && journal_->grown_bytes() < kRewriteAfterBytes)) return;
  // Under the lock: what is said after the snapshot must come after it.
  const engine::MutexLock lock(mutex_);
  journal_->rewrite(snapshot());
}

// Whether the incident that this message began has ended, though somebody has yet to hear of its begin.
bool AlertBook::is_over(const Entry& entry) const {
  if (entry.message.kind != AlertMessage::Kind::begin) return false;
  const auto open = open_.find({entry.message.server, entry.message.topic});
  if (open == open_.end()) return true;
  const auto& begins = open->second.begins;
  return std::none_of(begins.begin(), begins.end(),
                      [&](const auto& begin) { return begin.second->message.id == entry.message.id; }) &&
         open->second.begin->message.id != entry.message.id;
}

// The records that say all there is to know now, in the order of their ids.
std::vector<std::string> AlertBook::snapshot() const {
  std::map<std::uint64_t, EntryPtr> live;
  for (const auto& [key, incident] : open_) {
    live.emplace(incident.begin->message.id, incident.begin);
    for (const auto& [target, entry] : incident.reminders) live.emplace(entry->message.id, entry);
  }
  for (const auto& [target, owed] : owed_) live.insert(owed.entries.begin(), owed.entries.end());
  for (const EntryPtr& entry : uncommitted_) live.emplace(entry->message.id, entry);
  std::vector<std::string> records{next_record(next_id_)};
  for (const auto& [server, memory] : jobs_) records.push_back(job_record(server, memory));
  for (const auto& [id, entry] : live) {
    records.push_back(message_record(entry->message, entry->told, {entry->owed.begin(), entry->owed.end()}));
    if (is_over(*entry)) {
      AlertMessage end = entry->message;
      end.kind = AlertMessage::Kind::resolved;
      records.push_back(message_record(end, {}, {}));
    }
    for (const std::string& target : entry->owed) {
      const auto owed = owed_.find(target);
      const std::uint32_t attempts = owed == owed_.end() ? 0 : owed->second.queue.attempts(id);
      if (attempts > 0) records.push_back(tried_record(target, id, attempts));
    }
  }
  return records;
}

}  // namespace nines::prober
