#include "store/kv_handle.h"

#include <algorithm>
#include <thread>
#include <utility>

namespace nines::engine {
namespace {

using namespace std::chrono_literals;

/// The free space is looked at again after this much time or so many bytes, whichever is first.
constexpr auto kSpaceEvery = 1000ms;
constexpr std::size_t kSpaceBytes = 1U << 20U;

/// What a caller is told while a fault keeps the store from writing. A full disk stays one, whoever met it first.
Error waiting(const std::string& what, const Error& fault) {
  const bool full = fault.code == ErrorCode::out_of_space;
  return {full ? ErrorCode::out_of_space : ErrorCode::unavailable, what + ": " + fault.message};
}

}  // namespace

Handle::Handle(KvOpener opener, const Options& options, std::string path, std::function<Result<void>(Kv&)> reopened,
               Patience patience)
    : opener_(std::move(opener)),
      options_(options),
      path_(std::move(path)),
      reopened_callback_(std::move(reopened)),
      patience_(patience),
      pause_(patience.first_pause) {}

void Handle::log(LogLevel level, const std::string& message) const {
  if (options_.log) options_.log(level, message);
}

Result<void> Handle::open(OpenReport& report) {
  auto opened = opener_(report);
  if (!opened) return tl::unexpected<Error>(opened.error());
  const MutexLock lock(mutex_);
  kv_ = std::move(*opened);
  closed_ = false;
  return {};
}

Result<std::shared_ptr<Kv>> Handle::kv() const {
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::closed, "the store is closed");
  if (kv_ == nullptr) return fail(ErrorCode::unavailable, "the store is being reopened: " + fault_->message);
  return kv_;
}

Result<std::shared_ptr<Kv>> Handle::kv_for_write() {
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::closed, "the store is closed");
  if (!fault_) return kv_;
  if (fault_->code == ErrorCode::fatal) return tl::unexpected<Error>(*fault_);
  if (Clock::now() < retry_at_) {
    return tl::unexpected<Error>(waiting("waiting to reopen the store after a failed write", *fault_));
  }
  if (auto opened = reopen(); !opened) {
    pause_ = std::min<std::chrono::milliseconds>(pause_ * 2, patience_.longest_pause);
    retry_at_ = Clock::now() + pause_;
    return tl::unexpected<Error>(waiting("reopening the store failed, will try again", opened.error()));
  }
  return kv_;
}

bool Handle::let_go() {
  if (kv_ == nullptr) return true;
  const auto deadline = Clock::now() + patience_.let_go;
  // New holders come through mutex_, which is held here, so the count only falls.
  while (kv_.use_count() > 1) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  kv_.reset();
  return true;
}

Result<void> Handle::reopen() {
  if (!let_go()) return fail(ErrorCode::unavailable, "a call still uses it");
  OpenReport report;
  auto opened = opener_(report);
  if (!opened) return tl::unexpected<Error>(opened.error());
  if (auto taken = reopened_callback_(**opened); !taken) return taken;
  kv_ = std::move(*opened);
  fault_.reset();
  pause_ = patience_.first_pause;
  ++reopened_;
  log(LogLevel::warning, "the store was reopened after a failed write");
  for (const std::string& warning : report.warnings) log(LogLevel::warning, warning);
  return {};
}

void Handle::note_fault(const Kv& kv, const Error& error) {
  {
    const MutexLock lock(mutex_);
    if (kv_.get() != &kv || (fault_ && fault_->code == ErrorCode::fatal)) return;
    fault_ = error;
    retry_at_ = Clock::now() + pause_;
  }
  log(LogLevel::error, "a write failed; the store will be reopened: " + error.message);
}

Result<void> Handle::check_usable() const {
  const MutexLock lock(mutex_);
  if (closed_) return fail(ErrorCode::closed, "the store is closed");
  if (fault_) return tl::unexpected<Error>(waiting("a write has failed", *fault_));
  return {};
}

Result<void> Handle::change(Kv& kv, const std::function<Result<void>(LocalCare&)>& call) {
  LocalCare* const local = kv.local();
  if (local == nullptr) return {};
  if (auto usable = check_usable(); !usable) return usable;
  auto done = call(*local);
  // Damage that a compaction or a look at the blocks has met is no fault of writing.
  const bool is_fault =
      !done && done.error().code != ErrorCode::read_only && done.error().code != ErrorCode::corruption;
  if (is_fault) note_fault(kv, done.error());
  return done;
}

void Handle::write(Kv& kv, std::span<const Batch* const> batches, Durability durability, std::span<Outcome> outcomes) {
  std::size_t bytes = 0;
  for (const Batch* batch : batches) bytes += batch->bytes();
  auto may_write = check_space(kv, bytes);
  if (may_write) may_write = check_usable();
  if (!may_write) {
    for (Outcome& outcome : outcomes) outcome = {Outcome::Applied::no, may_write.error()};
    return;
  }
  kv.write(batches, durability, outcomes);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].applied != Outcome::Applied::unknown) continue;
    if (const auto fenced = kv.fence(batches[i]->server()); fenced) continue;
    note_fault(kv, outcomes[i].error);
    return;
  }
}

Outcome Handle::write(Kv& kv, const Batch& batch, Durability durability) {
  Outcome outcome;
  const Batch* const only = &batch;
  write(kv, std::span(&only, 1), durability, std::span(&outcome, 1));
  return outcome;
}

Result<void> Handle::check_space(Kv& kv, std::size_t bytes) {
  if (options_.disk_reserve_bytes == 0) return {};
  const MutexLock lock(space_mutex_);
  written_since_ += bytes;
  const auto now = Clock::now();
  if (space_short_ || written_since_ >= kSpaceBytes || now - space_checked_at_ >= kSpaceEvery) {
    LocalCare* const local = kv.local();
    const auto room = local == nullptr ? Result<std::uint64_t>(options_.disk_reserve_bytes) : local->room();
    if (room) space_short_ = *room < options_.disk_reserve_bytes;
    space_checked_at_ = now;
    written_since_ = 0;
  }
  if (!space_short_) return {};
  return fail(ErrorCode::out_of_space, "less than " + std::to_string(options_.disk_reserve_bytes >> 20U) +
                                           " MiB are free where " + path_ +
                                           " is; free some space, writing goes on by itself");
}

Result<void> Handle::close() {
  const MutexLock lock(mutex_);
  if (closed_) return {};
  if (!let_go()) return fail(ErrorCode::unavailable, "a call still uses the store; close it once that is done");
  closed_ = true;
  return {};
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

std::uint64_t Handle::reopened() const {
  const MutexLock lock(mutex_);
  return reopened_;
}

}  // namespace nines::engine
