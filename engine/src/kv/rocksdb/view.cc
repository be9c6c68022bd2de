#include "kv/rocksdb/view.h"

#include <rocksdb/iterator.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <thread>
#include <utility>

#include "kv/rocksdb/newest_time.h"
#include "kv/rocksdb/slice.h"
#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

/// How often a view that is in use is looked at again by who wants to end it.
constexpr std::chrono::microseconds kUsePause{50};

class RocksView final : public View {
 public:
  RocksView(std::shared_ptr<ViewCore> core, std::shared_ptr<Views> views, std::shared_ptr<void> keep)
      : keep_(std::move(keep)), core_(std::move(core)), views_(std::move(views)) {}
  ~RocksView() override {
    core_->end();
    views_->remove(core_);
  }
  RocksView(const RocksView&) = delete;
  RocksView& operator=(const RocksView&) = delete;

  void move_to(ServerId /*server*/) override {
    for (RocksRange& range : core_->ranges) range.end();
  }
  [[nodiscard]] Range& range(Space space, std::string_view from, std::string_view to, Reading reading) override {
    RocksRange& range = core_->ranges[static_cast<std::size_t>(space)];
    range.seek(from, to, reading);
    return range;
  }
  [[nodiscard]] Range& last(Space space, std::string_view from, std::string_view to) override {
    RocksRange& range = core_->ranges[static_cast<std::size_t>(space)];
    range.seek_last(from, to);
    return range;
  }
  [[nodiscard]] bool is_over() const override { return core_->is_over(); }

  [[nodiscard]] ReadCounts read_counts() const override {
    if (rocksdb::GetPerfLevel() < rocksdb::PerfLevel::kEnableCount) {
      rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
    }
    const auto* perf = rocksdb::get_perf_context();
    return {perf->block_read_count, perf->block_cache_hit_count};
  }

 private:
  [[nodiscard]] bool begin_use() override { return core_->begin_use(); }
  void end_use() override { core_->end_use(); }

  const std::shared_ptr<void> keep_;  // goes last
  const std::shared_ptr<ViewCore> core_;
  const std::shared_ptr<Views> views_;
};

}  // namespace

void RocksRange::open(const Moment& moment, Space space) {
  moment_ = &moment;
  space_ = space;
  partitions_ = &moment.families->of(space);
  cursors_.resize(partitions_->size());
}

void RocksRange::close() {
  cursors_.clear();
  partitions_ = nullptr;
  moment_ = nullptr;
}

rocksdb::Iterator& RocksRange::iterator(std::size_t part) {
  Cursor& cursor = cursors_[part];
  // An iterator that has met damage is not used for later times: a new one may pass over the table that has it.
  const bool is_hurt = cursor.iterator != nullptr && from_ms_ > cursor.from_ms && !cursor.iterator->status().ok();
  if (cursor.iterator == nullptr || from_ms_ < cursor.from_ms || is_hurt) {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    options.snapshot = moment_->snapshot;
    if (from_ms_ > 0) {
      options.table_filter = [from_ms = from_ms_](const rocksdb::TableProperties& table) {
        return may_reach(table, from_ms);
      };
    }
    cursor.iterator.reset(moment_->db->NewIterator(options, (*partitions_)[part].family.get()));
    cursor.from_ms = from_ms_;
  }
  return *cursor.iterator;
}

/// The partitions that keys in [from, to) can lie in, from part_ to parts_end_.
void RocksRange::find_parts(std::string_view from, std::string_view to) {
  part_ = 0;
  parts_end_ = partitions_->size();
  merges_ = false;
  from_ms_ = 0;
  if (space_ != Space::checks) return;
  const bool in_one_server = to.size() > kServerBytes && from.substr(0, kServerBytes) == to.substr(0, kServerBytes);
  merges_ = !in_one_server && !(from.size() >= kServerBytes && to == after_server(from));
  if (merges_) return;
  from_ms_ = time_of(from);
  const Month first = month_of(from);
  const auto begin = std::partition_point(partitions_->begin(), partitions_->end(),
                                          [first](const auto& partition) { return partition.end <= first; });
  part_ = static_cast<std::size_t>(begin - partitions_->begin());
  if (!in_one_server) return;
  const Month last = month_of(to);
  const auto end = std::partition_point(begin, partitions_->end(),
                                        [last](const auto& partition) { return partition.first <= last; });
  parts_end_ = static_cast<std::size_t>(end - partitions_->begin());
}

/// What the range is when it stands where `iterator` does.
RocksRange::State RocksRange::look(const rocksdb::Iterator& iterator) const {
  if (!iterator.Valid()) return iterator.status().ok() ? State::end : State::fault;
  return to_.empty() || text(iterator.key()) < to_ ? State::valid : State::end;
}

void RocksRange::seek(std::string_view from, std::string_view to, Reading reading) {
  state_ = State::end;
  if (moment_ == nullptr) return;
  from_ = from;
  to_ = to;
  reading_ = reading;
  left_ = reading.limit;
  find_parts(from, to);
  if (merges_) {
    for (std::size_t part = 0; part < parts_end_; ++part) iterator(part).Seek(slice(from_));
    find_smallest();
  } else {
    seek_from(part_);
  }
  count();
}

/// Goes to the first key of one server's range in `part` or in one behind it.
void RocksRange::seek_from(std::size_t part) {
  state_ = State::end;
  for (; state_ == State::end && part < parts_end_; ++part) {
    part_ = part;
    iterator(part).Seek(slice(from_));
    state_ = look(iterator(part));
  }
}

/// Goes to the smallest key that an iterator stands on.
void RocksRange::find_smallest() {
  state_ = State::end;
  for (std::size_t part = 0; part < parts_end_; ++part) {
    const State state = look(at(part));
    if (state == State::end ||
        (state == State::valid && state_ == State::valid && text(at(part).key()) > text(at(part_).key()))) {
      continue;
    }
    part_ = part;
    state_ = state;
    if (state == State::fault) return;
  }
}

/// Takes a key off the limit.
void RocksRange::count() {
  if (left_ > 0) --left_;
}

void RocksRange::seek_last(std::string_view from, std::string_view to) {
  state_ = State::end;
  if (moment_ == nullptr) return;
  to_.clear();
  reading_ = {};
  reading_.limit = 1;
  left_ = 0;
  find_parts(from, to);
  assert(!merges_);
  for (std::size_t part = parts_end_; part-- > part_ && state_ == State::end;) {
    rocksdb::Iterator& last = iterator(part);
    last.SeekForPrev(slice(to));
    if (last.Valid() && text(last.key()) == to) last.Prev();
    state_ = look(last);
    if (state_ == State::valid && text(last.key()) < from) state_ = State::end;
    if (state_ != State::end) {
      part_ = part;
      return;
    }
  }
}

void RocksRange::next() {
  assert(valid());
  if (moment_ == nullptr || (reading_.limit > 0 && left_ == 0)) {
    state_ = State::end;
    return;
  }
  at(part_).Next();
  if (merges_) {
    find_smallest();
  } else {
    state_ = look(at(part_));
    if (state_ == State::end) seek_from(part_ + 1);
  }
  count();
}

std::string_view RocksRange::key() const {
  assert(valid());
  return text(at(part_).key());
}

std::string_view RocksRange::value() const {
  assert(valid());
  return reading_.values ? text(at(part_).value()) : std::string_view();
}

Result<void> RocksRange::status() const {
  if (moment_ == nullptr) return fail(ErrorCode::unavailable, "what was being read has been closed or reopened");
  return state_ == State::fault ? to_result(at(part_).status()) : Result<void>{};
}

ViewCore::ViewCore(Moment moment, std::initializer_list<Space> spaces) : moment_(std::move(moment)) {
  for (const Space space : spaces) ranges[static_cast<std::size_t>(space)].open(moment_, space);
}

bool ViewCore::begin_use() noexcept {
  auto expected = State::idle;
  const bool begun = state_.compare_exchange_strong(expected, State::used, std::memory_order_acquire);
  assert(begun || expected != State::used);  // uses do not nest
  return begun;
}

void ViewCore::end() noexcept {
  for (;;) {
    auto expected = State::idle;
    if (state_.compare_exchange_strong(expected, State::ending, std::memory_order_acq_rel)) break;
    if (expected == State::over) return;
    std::this_thread::sleep_for(kUsePause);
  }
  for (RocksRange& range : ranges) range.close();
  if (moment_.snapshot != nullptr) moment_.db->ReleaseSnapshot(moment_.snapshot);
  moment_ = {};
  state_.store(State::over, std::memory_order_release);
}

void Views::add(std::shared_ptr<ViewCore> core) {
  const MutexLock lock(mutex_);
  cores_.insert(std::move(core));
}

void Views::remove(const std::shared_ptr<ViewCore>& core) {
  const MutexLock lock(mutex_);
  cores_.erase(core);
}

void Views::end_all() {
  std::unordered_set<std::shared_ptr<ViewCore>> cores;
  {
    const MutexLock lock(mutex_);
    cores.swap(cores_);
  }
  // Without the mutex: who uses a view may be waiting to remove another.
  for (const auto& core : cores) core->end();
}

std::unique_ptr<View> make_view(Moment moment, std::initializer_list<Space> spaces, std::shared_ptr<Views> views,
                                std::shared_ptr<void> keep) {
  auto core = std::make_shared<ViewCore>(std::move(moment), spaces);
  views->add(core);
  return std::make_unique<RocksView>(std::move(core), std::move(views), std::move(keep));
}

}  // namespace nines::engine
