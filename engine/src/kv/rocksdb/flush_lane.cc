#include "kv/rocksdb/flush_lane.h"

#include <chrono>
#include <limits>
#include <thread>

namespace nines::engine {
namespace {

/// Between two looks whether a flush has come to its end.
constexpr std::chrono::milliseconds kLookPause{1};

bool is_flushing(rocksdb::DB& db) {
  std::uint64_t waiting = 0;
  return db.GetIntProperty(rocksdb::DB::Properties::kNumImmutableMemTable, &waiting) && waiting > 0;
}

}  // namespace

FlushMemory::FlushMemory(std::size_t bytes, std::size_t arena_bytes)
    : bytes_(bytes),
      arena_bytes_(arena_bytes),
      manager_(std::make_shared<rocksdb::WriteBufferManager>(std::numeric_limits<std::size_t>::max() / 2)) {}

class FlushLane::Turn {
 public:
  enum class Wait : std::uint8_t { no, yes };

  /// Takes the turn, or does not without waiting while it is another's.
  Turn(FlushLane& lane, Wait wait) : lane_(lane) {
    const MutexLock lock(lane.mutex_);
    while (wait == Wait::yes && lane.holder_ != nullptr) lane.mutex_.wait(lane.changed_);
    if (lane.holder_ == nullptr) lane.holder_ = this;
    is_taken_ = lane.holder_ == this;
  }
  ~Turn() {
    const MutexLock lock(lane_.mutex_);
    lane_.end_turn(this);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] bool is_taken() const noexcept { return is_taken_; }

  /// Until the last flush is over, whoever began it.
  [[nodiscard]] rocksdb::Status wait(rocksdb::DB& db) const {
    while (is_flushing(db)) {
      // What has failed is left as it is.
      if (const auto error = lane_.damage_->flush_error()) return *error;
      std::this_thread::sleep_for(kLookPause);
    }
    return {};
  }

 private:
  FlushLane& lane_;
  bool is_taken_ = false;
};

void FlushLane::end_turn(const Turn* turn) {
  if (holder_ != turn) return;
  holder_ = nullptr;
  flush_of_holder_.reset();
  changed_.notify_all();
}

rocksdb::Status FlushLane::begin(rocksdb::DB& db, const Call& call) {
  const Turn turn(*this, Turn::Wait::no);
  return turn.is_taken() && !is_flushing(db) ? call() : rocksdb::Status();
}

rocksdb::Status FlushLane::flush(rocksdb::DB& db, const Call& call) {
  const Turn turn(*this, Turn::Wait::yes);
  auto status = turn.wait(db);
  return status.ok() ? call() : status;
}

rocksdb::Status FlushLane::compact(rocksdb::DB& db, const Call& call) {
  const Turn turn(*this, Turn::Wait::yes);
  if (auto status = turn.wait(db); !status.ok()) return status;
  // Where no flush has begun, and where memory was short, writers go on at the end.
  struct Pause {
    explicit Pause(FlushLane& of) : lane(of) { lane.keep_writers_out(true); }
    ~Pause() { lane.keep_writers_out(false); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;
    FlushLane& lane;
  };
  const Pause pause(*this);
  return call();
}

void FlushLane::keep_writers_out(bool out) {
  const MutexLock lock(mutex_);
  writers_wait_ = out;
  while (out && writers_ > 0) mutex_.wait(changed_);
  if (!out) changed_.notify_all();
}

FlushLane::Writing::Writing(FlushLane& lane) : lane_(lane) {
  const MutexLock lock(lane.mutex_);
  while (lane.writers_wait_) lane.mutex_.wait(lane.changed_);
  ++lane.writers_;
}

FlushLane::Writing::~Writing() {
  const MutexLock lock(lane_.mutex_);
  --lane_.writers_;
  if (lane_.writers_wait_) lane_.changed_.notify_all();
}

rocksdb::Status FlushLane::change_families(const Call& call) {
  const Turn turn(*this, Turn::Wait::yes);
  return call();
}

/// Nobody else begins a flush while the turn is the compaction's.
void FlushLane::OnFlushBegin(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& job) {
  if (job.flush_reason != rocksdb::FlushReason::kManualCompaction) return;
  const MutexLock lock(mutex_);
  if (holder_ != nullptr) flush_of_holder_ = job.job_id;
  writers_wait_ = false;
  changed_.notify_all();
}

void FlushLane::OnFlushCompleted(rocksdb::DB* /*db*/, const rocksdb::FlushJobInfo& job) {
  const MutexLock lock(mutex_);
  if (holder_ != nullptr && flush_of_holder_ == job.job_id) end_turn(holder_);
}

}  // namespace nines::engine
