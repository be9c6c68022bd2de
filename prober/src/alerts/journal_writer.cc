#include "alerts/journal_writer.h"

#include <algorithm>
#include <utility>

#include "base/thread.h"

namespace nines::prober {
namespace {

using Clock = std::chrono::steady_clock;

// What is kept for a disk that has not answered for so long. A rewrite of what is still of interest is smaller than
// some thousands of records of what happened meanwhile; those of many servers at one moment are no sign of such a disk.
constexpr std::uint64_t kMaxQueuedBytes = 1U << 20U;
constexpr std::chrono::seconds kStalled{2};

}  // namespace

Result<std::unique_ptr<JournalWriter>> JournalWriter::start(AlertJournal journal) {
  std::unique_ptr<JournalWriter> writer(new JournalWriter(std::move(journal)));
  writer->thread_ = start_thread("nines-journal", [self = writer.get()] { self->run(); });
  if (!writer->thread_.joinable()) return fail(ErrorCode::unavailable, "there is no thread for the journal of alerts");
  return writer;
}

JournalWriter::~JournalWriter() {
  {
    const engine::MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void JournalWriter::append(std::string record) {
  const engine::MutexLock lock(mutex_);
  ++said_;
  if (trouble_ && !mending_) return;
  queued_bytes_ += record.size();
  work_.records.push_back(std::move(record));
  const bool stalled = busy_since_ && Clock::now() - *busy_since_ > kStalled;
  if (queued_bytes_ > kMaxQueuedBytes && stalled) leave_out("its disk does not answer");
  wake_.notify_one();
}

void JournalWriter::rewrite(std::vector<std::string> records) {
  const engine::MutexLock lock(mutex_);
  ++said_;
  work_ = {.rewrite = std::move(records), .records = {}, .sync = false};
  queued_bytes_ = 0;
  mending_ = true;
  wake_.notify_one();
}

bool JournalWriter::flush(std::chrono::milliseconds patience) {
  const engine::MutexLock lock(mutex_);
  const std::uint64_t wanted = said_;
  if (!is_settled(wanted)) {
    work_.sync = true;
    wake_.notify_one();
  }
  const auto give_up = Clock::now() + patience;
  while (!is_settled(wanted)) {
    const auto until = std::min(give_up, busy_since_.value_or(give_up) + patience);
    if (Clock::now() >= until) break;
    mutex_.wait_until(written_, until);
  }
  return durable_ >= wanted;
}

// Whether no waiting makes more of what was said up to there durable.
bool JournalWriter::is_settled(std::uint64_t said) const {
  return durable_ >= said || (trouble_ && !mending_);
}

std::optional<std::string> JournalWriter::trouble() const {
  const engine::MutexLock lock(mutex_);
  return trouble_;
}

std::uint64_t JournalWriter::grown_bytes() const {
  const engine::MutexLock lock(mutex_);
  return grown_;
}

// From here on the file lacks something. A rewrite that is queued or under way would not have it either.
void JournalWriter::leave_out(std::string why) {
  work_ = {};
  queued_bytes_ = 0;
  trouble_ = std::move(why);
  mending_ = false;
}

void JournalWriter::run() {
  const engine::MutexLock lock(mutex_);
  for (;;) {
    while (work_.empty() && !stopping_) mutex_.wait(wake_);
    if (work_.empty()) return;
    const Work work = std::exchange(work_, {});
    queued_bytes_ = 0;
    const std::uint64_t said = said_;
    busy_since_ = Clock::now();
    Result<void> written;
    {
      const engine::MutexUnlock unlocked(mutex_);
      written = write(work);
    }
    busy_since_.reset();
    grown_ = journal_.grown_bytes();
    if (!written) {
      leave_out(written.error().message);
    } else if (work.rewrite && mending_ && !work_.rewrite) {
      trouble_.reset();
      mending_ = false;
    }
    if (!trouble_ && (work.sync || (work.rewrite && work.records.empty()))) durable_ = said;
    written_.notify_all();
  }
}

Result<void> JournalWriter::write(const Work& work) {
  if (work.rewrite) {
    if (Result<void> done = journal_.rewrite(*work.rewrite); !done) return done;
  }
  for (const std::string& record : work.records) {
    if (Result<void> done = journal_.append(record); !done) return done;
  }
  return work.sync ? journal_.sync() : Result<void>{};
}

}  // namespace nines::prober
