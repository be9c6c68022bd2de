#include "kv/rocksdb/view.h"

#include <rocksdb/iterator.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <cassert>
#include <chrono>
#include <thread>
#include <utility>

#include "kv/rocksdb/status.h"

namespace nines::engine {
namespace {

/// How often a view that is in use is looked at again by who wants to end it.
constexpr std::chrono::microseconds kUsePause{50};

std::string_view text(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}
rocksdb::Slice slice(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

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

void RocksRange::seek(std::string_view from, std::string_view to, Reading reading) {
  to_ = to;
  reading_ = reading;
  left_ = reading.limit;
  if (iterator_ == nullptr) {
    state_ = State::end;
    return;
  }
  iterator_->Seek(slice(from));
  look();
}

void RocksRange::seek_last(std::string_view from, std::string_view to) {
  to_.clear();
  reading_ = {};
  left_ = reading_.limit = 1;
  if (iterator_ == nullptr) {
    state_ = State::end;
    return;
  }
  iterator_->SeekForPrev(slice(to));
  if (iterator_->Valid() && text(iterator_->key()) == to) iterator_->Prev();
  look();
  if (state_ == State::valid && key() < from) state_ = State::end;
}

void RocksRange::next() {
  assert(valid());
  if (iterator_ == nullptr || (reading_.limit > 0 && left_ == 0)) {
    state_ = State::end;
    return;
  }
  iterator_->Next();
  look();
}

/// Takes over what the iterator says of where it stands.
void RocksRange::look() {
  if (!iterator_->Valid()) {
    state_ = iterator_->status().ok() ? State::end : State::fault;
    return;
  }
  state_ = to_.empty() || text(iterator_->key()) < to_ ? State::valid : State::end;
  if (left_ > 0) --left_;
}

std::string_view RocksRange::key() const {
  assert(valid());
  return text(iterator_->key());
}

std::string_view RocksRange::value() const {
  assert(valid());
  return reading_.values ? text(iterator_->value()) : std::string_view();
}

Result<void> RocksRange::status() const {
  if (iterator_ == nullptr) return fail(ErrorCode::unavailable, "what was being read has been closed or reopened");
  return state_ == State::fault ? to_result(iterator_->status()) : Result<void>{};
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

Result<std::unique_ptr<View>> make_view(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& families,
                                        std::initializer_list<Space> spaces, std::shared_ptr<Views> views,
                                        std::shared_ptr<void> keep) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  std::vector<rocksdb::ColumnFamilyHandle*> wanted;
  for (const Space space : spaces) wanted.push_back(families[static_cast<std::size_t>(space)]);
  std::vector<rocksdb::Iterator*> iterators;
  // NewIterators is the call that gives several column families at one moment.
  const auto status = db.NewIterators(options, wanted, &iterators);
  auto core = std::make_shared<ViewCore>();
  for (std::size_t i = 0; i < iterators.size(); ++i) {
    core->ranges[static_cast<std::size_t>(spaces.begin()[i])].open(iterators[i]);
  }
  if (!status.ok()) return tl::unexpected<Error>(to_error(status));
  views->add(core);
  return std::make_unique<RocksView>(std::move(core), std::move(views), std::move(keep));
}

}  // namespace nines::engine
