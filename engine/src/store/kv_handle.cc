#include "store/kv_handle.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/contained.h"

namespace nines::engine {
namespace {

using namespace std::chrono_literals;

/// What was written and may still be in RocksDB's buffer is handed on to the operating system once it is this much. It
/// bounds the memory that is kept for writing it again.
constexpr std::size_t kUnloggedBytes = 1U << 20U;

/// What a caller is told while a fault keeps the store from writing. A full disk stays one, whoever met it first.
Error waiting(const std::string& what, const Error& fault) {
  const bool full = fault.code == ErrorCode::out_of_space;
  return {full ? ErrorCode::out_of_space : ErrorCode::unavailable, what + ": " + fault.message};
}

Error closed() {
  return {ErrorCode::closed, "the store is closed"};
}

}  // namespace

Handle::Handle(KvOpener opener, const Options& options, std::string path, std::function<Result<void>(Kv&)> reopened,
               ReopenTimes times)
    : opener_(std::move(opener)),
      options_(options),
      path_(std::move(path)),
      reopened_callback_(std::move(reopened)),
      times_(times),
      reserve_(options.disk_reserve_bytes),
      delay_(times.first_delay) {}

void Handle::log(LogLevel level, const std::string& message) const {
  if (options_.log) options_.log(level, message);
}

Result<void> Handle::open(OpenReport& report) {
  auto opened = opener_(report);
  if (!opened) return tl::unexpected<Error>(opened.error());
  const MutexLock lock(mutex_);
  kv_ = std::move(*opened);
  closed_ = false;
  health_.since = options_.clock();
  return {};
}

Result<std::shared_ptr<Kv>> Handle::kv() const {
  const MutexLock lock(mutex_);
  if (closed_) return tl::unexpected<Error>(closed());
  if (kv_ != nullptr) return kv_;
  return fail(ErrorCode::unavailable, fault_ ? "the store is being reopened: " + fault_->message : "the store closes");
}

Result<std::shared_ptr<Kv>> Handle::writable_kv() const {
  const MutexLock lock(mutex_);
  if (closed_) return tl::unexpected<Error>(closed());
  if (!fault_ && kv_ != nullptr) return kv_;
  if (!fault_) return tl::unexpected<Error>(closed());
  if (fault_->code == ErrorCode::fatal) return tl::unexpected<Error>(*fault_);
  return tl::unexpected<Error>(waiting("a write has failed", *fault_));
}

Result<void> Handle::check_writable() const {
  const auto kv = writable_kv();
  return kv ? Result<void>{} : tl::unexpected<Error>(kv.error());
}

Result<void> Handle::make_writable(bool at_once) {
  {
    const MutexLock lock(mutex_);
    if (closed_) return tl::unexpected<Error>(closed());
    if (!fault_) return {};
    if (fault_->code == ErrorCode::fatal) return tl::unexpected<Error>(*fault_);
    if (reopening_ || (!at_once && Clock::now() < retry_at_)) {
      return tl::unexpected<Error>(waiting("waiting to reopen the store after a failed write", *fault_));
    }
    reopening_ = true;
  }
  auto opened = reopen();
  const MutexLock lock(mutex_);
  reopening_ = false;
  if (opened) return {};
  delay_ = std::min<std::chrono::milliseconds>(delay_ * 2, times_.longest_delay);
  retry_at_ = Clock::now() + delay_;
  return tl::unexpected<Error>(waiting("reopening the store failed, will try again", opened.error()));
}

/// Destroys the Kv once nobody uses it any more; it stays when somebody does for too long.
Result<void> Handle::close_kv() {
  std::shared_ptr<Kv> old;
  {
    const MutexLock lock(mutex_);
    old = std::move(kv_);
    kv_.reset();
  }
  if (old == nullptr) return {};
  // New users come through kv_, so the count only falls.
  wanted_back_ = true;
  const auto deadline = Clock::now() + times_.close_timeout;
  while (old.use_count() > 1 && Clock::now() < deadline) std::this_thread::sleep_for(1ms);
  wanted_back_ = false;
  if (old.use_count() == 1) return {};
  const MutexLock lock(mutex_);
  kv_ = std::move(old);
  return fail(ErrorCode::unavailable, "a call still uses the store; try again once that is done");
}

/// Gives `kv` what the one before it may have lost, each server's changes in their order.
Result<void> Handle::write_again(Kv& kv) {
  std::vector<Batch> batches;
  {
    const MutexLock lock(mutex_);
    batches.assign(unlogged_.begin(), unlogged_.begin() + static_cast<std::ptrdiff_t>(unlogged_count_));
  }
  if (batches.empty()) return {};
  std::stable_sort(batches.begin(), batches.end(),
                   [](const auto& a, const auto& b) { return a.server() < b.server(); });
  std::vector<const Batch*> merged;
  for (std::size_t first = 0, next = 1; first < batches.size(); first = next++) {
    while (next < batches.size() && batches[next].server() == batches[first].server()) {
      batches[first].append(batches[next++]);
    }
    merged.push_back(&batches[first]);
  }
  std::vector<Outcome> outcomes(merged.size());
  kv.write(merged, Durability::process, outcomes);
  for (const Outcome& outcome : outcomes) {
    if (!outcome.ok()) return outcome.result();
  }
  return {};
}

Result<void> Handle::reopen() {
  {
    const MutexLock lock(mutex_);
    if (kv_ != nullptr && kv_->local() != nullptr) hold_ = kv_->local()->hold();
  }
  if (auto gone = close_kv(); !gone) return gone;
  OpenReport report;
  auto opened = opener_(report);
  if (!opened) return tl::unexpected<Error>(opened.error());
  if (auto again = write_again(**opened); !again) return again;
  if (auto taken = reopened_callback_(**opened); !taken) return taken;
  {
    const MutexLock lock(mutex_);
    kv_ = std::move(*opened);
    hold_.reset();  // which it has now
    fault_.reset();
    delay_ = times_.first_delay;
    ++reopened_;
    forget_logged();
  }
  log(LogLevel::warning, "the store was reopened after a failed write");
  for (const std::string& warning : report.warnings) log(LogLevel::warning, warning);
  return {};
}

void Handle::note_fault(const Kv& kv, const Error& error) {
  {
    const MutexLock lock(mutex_);
    if (kv_.get() != &kv || (fault_ && fault_->code == ErrorCode::fatal)) return;
    fault_ = error;
    retry_at_ = Clock::now() + delay_;
  }
  log(LogLevel::error, "a write failed; the store will be reopened: " + error.message);
}

Result<void> Handle::change(const std::function<Result<void>(LocalCare&)>& call) {
  const auto kv = writable_kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  LocalCare* const local = (*kv)->local();
  if (local == nullptr) return {};
  auto done = call(*local);
  // Damage that a compaction or a look at the blocks has met is no fault of writing.
  const bool is_fault =
      !done && done.error().code != ErrorCode::read_only && done.error().code != ErrorCode::corruption;
  if (is_fault) note_fault(**kv, done.error());
  return done;
}

void Handle::write(std::span<const Batch* const> batches, Durability durability, std::span<Outcome> outcomes) {
  const auto kv = writable_kv();
  if (!kv) {
    for (Outcome& outcome : outcomes) outcome = {Outcome::Applied::no, kv.error()};
    return;
  }
  try {
    (*kv)->write(batches, durability, outcomes);
  } catch (...) {
    for (Outcome& outcome : outcomes) outcome = {Outcome::Applied::unknown, current_exception_error()};
  }
  std::optional<Error> fault;
  for (std::size_t i = 0; i < outcomes.size() && !fault; ++i) {
    if (outcomes[i].applied != Outcome::Applied::unknown) continue;
    if (!(*kv)->fence(batches[i]->server())) fault = outcomes[i].error;
  }
  std::size_t unlogged = 0;
  if ((*kv)->local() != nullptr) {
    const MutexLock lock(mutex_);
    if (durability != Durability::buffered && !fault) {
      forget_logged();
    } else {
      for (std::size_t i = 0; i < batches.size(); ++i) {
        if (outcomes[i].applied != Outcome::Applied::no) keep(*batches[i]);
      }
    }
    unlogged = unlogged_bytes_;
  }
  if (fault) {
    note_fault(**kv, *fault);
  } else if (unlogged >= kUnloggedBytes) {
    static_cast<void>(flush_log(false));  // a fault of it is told to the next writer
  }
}

void Handle::keep(const Batch& batch) {
  if (unlogged_count_ < unlogged_.size()) {
    unlogged_[unlogged_count_] = batch;
  } else {
    unlogged_.push_back(batch);
  }
  ++unlogged_count_;
  unlogged_bytes_ += sizeof(Batch) + batch.bytes();
}

void Handle::forget_logged() {
  // Many small batches keep their memory for the next ones; a large one gives it back.
  if (unlogged_bytes_ >= 2 * kUnloggedBytes) unlogged_.clear();
  unlogged_count_ = 0;
  unlogged_bytes_ = 0;
}

Result<void> Handle::flush_log(bool sync) {
  auto done = change([sync](LocalCare& local) { return local.flush_log(sync); });
  if (!done) return done;
  const MutexLock lock(mutex_);
  forget_logged();
  return done;
}

Error Handle::reserve_error() const {
  return {ErrorCode::out_of_space, "less than " + std::to_string(reserve_.bytes() >> 20U) + " MiB are free where " +
                                       path_ + " is; free some space, writing goes on by itself"};
}

Result<void> Handle::check_room(std::size_t bytes) {
  if (reserve_.bytes() == 0) return {};
  if (auto writable = make_writable(); !writable) return writable;
  const auto kv = this->kv();
  if (!kv) return tl::unexpected<Error>(kv.error());
  LocalCare* const local = (*kv)->local();
  if (local == nullptr || reserve_.has_room(*local, bytes)) return {};
  return tl::unexpected<Error>(reserve_error());
}

Result<void> Handle::close() {
  {
    const MutexLock lock(mutex_);
    if (closed_) return {};
    if (reopening_) return fail(ErrorCode::unavailable, "the store is being reopened; close it once that is done");
  }
  if (auto gone = close_kv(); !gone) return gone;
  const MutexLock lock(mutex_);
  closed_ = true;
  hold_.reset();
  if (!fault_ || unlogged_count_ == 0) return {};
  return fail(fault_->code,
              "results that had been acknowledged but not synced could not be written: " + fault_->message);
}

Result<void> Handle::refresh() {
  OpenReport report;
  auto opened = opener_(report);
  if (!opened) return tl::unexpected<Error>(opened.error());
  if (auto taken = reopened_callback_(**opened); !taken) return taken;
  const MutexLock lock(mutex_);
  kv_ = std::move(*opened);  // readers keep the old one until they are done
  return {};
}

Health Handle::health() const {
  const MutexLock lock(mutex_);
  Error why = fault_.value_or(Error{});
  if (!fault_ && reserve_.is_short()) why = reserve_error();
  const bool writable = why.message.empty();
  if (writable != health_.writable) health_.since = options_.clock();
  health_.writable = writable;
  health_.why = std::move(why);
  return health_;
}

bool Handle::has_fault() const {
  const MutexLock lock(mutex_);
  return fault_.has_value();
}

bool Handle::is_closed() const {
  const MutexLock lock(mutex_);
  return closed_;
}

std::uint64_t Handle::reopened() const {
  const MutexLock lock(mutex_);
  return reopened_;
}

}  // namespace nines::engine
