#include "prober/result_writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/thread.h"

namespace nines::prober {
namespace {

// Appends of this size amortize their cost and still return within milliseconds.
constexpr std::size_t kBatchResults = 1'024;

// The store looked at the results themselves and will never take one of them.
bool is_final(ErrorCode code) noexcept {
  return code == ErrorCode::not_found || code == ErrorCode::out_of_range || code == ErrorCode::invalid_argument;
}

}  // namespace

ResultWriter::ResultWriter(Store& store, ResultQueue& queue, Options options, Listener listener)
    : store_(store), queue_(queue), options_(options), listener_(std::move(listener)) {}

ResultWriter::~ResultWriter() {
  if (thread_.joinable()) static_cast<void>(stop());
}

bool ResultWriter::start() {
  thread_ = start_thread("nines-writer", [this] { run(); });
  return thread_.joinable();
}

std::size_t ResultWriter::stop() {
  {
    const engine::MutexLock lock(mutex_);
    stopping_ = true;
    deadline_ = std::chrono::steady_clock::now() + options_.drain_limit;
    stopped_.notify_all();
  }
  queue_.close();
  if (thread_.joinable()) thread_.join();
  return given_up_;
}

ResultWriter::Figures ResultWriter::figures() const noexcept {
  return {stored_.load(), refused_.load(), failures_.load()};
}

void ResultWriter::run() {
  for (std::vector<QueuedResult> taken = queue_.take(options_.gather); !taken.empty();
       taken = queue_.take(options_.gather)) {
    for (Batch rest(taken); !rest.empty();) {
      const Batch batch = rest.first(std::min(rest.size(), kBatchResults));
      store(batch);
      queue_.settled(batch.size());
      rest = rest.subspan(batch.size());
    }
  }
}

void ResultWriter::store(Batch batch) {
  if (!store_with_retries(batch)) store_one_by_one(batch);
}

// One of the batch is not to be stored: finds out which.
void ResultWriter::store_one_by_one(Batch batch) {
  for (std::size_t i = 0; i < batch.size(); ++i) static_cast<void>(store_with_retries(batch.subspan(i, 1)));
}

// Tries until the store has taken or given up on the batch, and tells about it. False when the store objects to one of
// several, which is told to nobody.
bool ResultWriter::store_with_retries(Batch batch) {
  std::chrono::milliseconds pause = options_.first_retry;
  for (;;) {
    const Result<void> outcome = append(batch);
    if (!outcome && is_final(outcome.error().code) && batch.size() > 1) return false;
    if (outcome) {
      complained_.reset();
      stored_ += batch.size();
    } else {
      complain(outcome.error());
      if (is_final(outcome.error().code)) {
        ++refused_;
      } else {
        ++failures_;
        // No waiting opens a closed store again.
        if (outcome.error().code != ErrorCode::closed && pause_after_failure(pause)) continue;
        given_up_ += batch.size();
      }
    }
    for (QueuedResult& item : batch) tell(item, outcome);
    return true;
  }
}

Result<void> ResultWriter::append(Batch batch) {
  scratch_.clear();
  for (const QueuedResult& item : batch) scratch_.push_back(item.report.result);
  return store_.append(scratch_, Durability::process);
}

void ResultWriter::tell(QueuedResult& item, const Result<void>& outcome) {
  if (item.stored) item.stored(outcome);
  if (outcome && listener_.on_stored) listener_.on_stored(item.report);
}

// Waits and doubles the pause. False when it is not to be tried again.
bool ResultWriter::pause_after_failure(std::chrono::milliseconds& pause) {
  const engine::MutexLock lock(mutex_);
  if (stopping_ && std::chrono::steady_clock::now() >= deadline_) return false;
  const auto until = std::chrono::steady_clock::now() + pause;
  // The beginning of a stop is worth one try at once.
  const bool stopped_before = stopping_;
  const auto end = stopped_before ? std::min(until, deadline_) : until;
  while (stopping_ == stopped_before && mutex_.wait_until(stopped_, end) == std::cv_status::no_timeout) {
  }
  pause = std::min(pause * 2, options_.last_retry);
  return true;
}

void ResultWriter::complain(const Error& error) {
  if (complained_ == error.code) return;
  complained_ = error.code;
  if (!listener_.log) return;
  listener_.log(LogLevel::error,
                "results cannot be stored (" + std::string(to_string(error.code)) + "): " + error.message);
}

}  // namespace nines::prober
