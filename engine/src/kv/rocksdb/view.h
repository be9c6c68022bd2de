// Views over an open RocksDB, and the list of those that live: the database can only be closed when all of their
// iterators are gone, so closing ends them wherever they are held.
//
// A view holds a snapshot, and makes the iterator of a space, and of each month of `checks`, when that is first read.
//
// Threads: a Views from any thread; a view from one at a time, beside a Views that ends it.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <atomic>
#include <initializer_list>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/mutex.h"
#include "kv/kv.h"
#include "kv/rocksdb/families.h"

namespace nines::engine {

/// What a view shows: the database as it was at one moment. Without a snapshot, one that does not change.
struct Moment {
  rocksdb::DB* db = nullptr;
  const rocksdb::Snapshot* snapshot = nullptr;
  std::shared_ptr<const Families> families;
};

/// A range over a space: of one server from month to month, of several by key. Its iterators may be taken away.
class RocksRange final : public Range {
 public:
  /// `moment` must outlive it, or its close().
  void open(const Moment& moment, Space space);
  void close();

  void seek(std::string_view from, std::string_view to, Reading reading);
  void seek_last(std::string_view from, std::string_view to);
  /// To the end, without a fault.
  void end() noexcept { state_ = State::end; }

  void next() override;
  [[nodiscard]] bool valid() const override { return state_ == State::valid; }
  [[nodiscard]] std::string_view key() const override;
  [[nodiscard]] std::string_view value() const override;
  [[nodiscard]] Result<void> status() const override;

 private:
  enum class State : std::uint8_t { end, valid, fault };
  void find_parts(std::string_view from, std::string_view to);
  [[nodiscard]] rocksdb::Iterator& iterator(std::size_t part);
  [[nodiscard]] rocksdb::Iterator& at(std::size_t part) const { return *cursors_[part].iterator; }
  [[nodiscard]] State look(const rocksdb::Iterator& iterator) const;
  void seek_from(std::size_t part);
  void find_smallest();
  void count();

  const Moment* moment_ = nullptr;  // null: closed
  const std::vector<Partition>* partitions_ = nullptr;
  Space space_ = Space::servers;
  struct Cursor {
    std::unique_ptr<rocksdb::Iterator> iterator;  // null until the partition is read
    std::uint64_t from_ms = 0;                    // it passes over tables without a later time
  };
  std::vector<Cursor> cursors_;  // of each partition
  // Of the range at hand.
  std::string from_;
  std::string to_;  // empty: none
  Reading reading_;
  std::uint32_t left_ = 0;     // keys that the limit allows behind this one
  std::size_t part_ = 0;       // the partition that it stands in
  std::size_t parts_end_ = 0;  // behind the last one that it has keys in
  std::uint64_t from_ms_ = 0;  // no key of it is earlier
  bool merges_ = false;        // several servers lie in it, so all partitions are read side by side
  State state_ = State::end;
};

/// What of a view both its owner and Views hold.
class ViewCore {
 public:
  ViewCore(Moment moment, std::initializer_list<Space> spaces);
  ViewCore(const ViewCore&) = delete;
  ViewCore& operator=(const ViewCore&) = delete;

  std::array<RocksRange, kSpaceCount> ranges;

  [[nodiscard]] bool begin_use() noexcept;
  void end_use() noexcept { state_.store(State::idle, std::memory_order_release); }
  [[nodiscard]] bool is_over() const noexcept { return state_.load(std::memory_order_acquire) >= State::ending; }
  /// Closes the iterators and gives the snapshot back, once nobody uses them; when it returns
  /// that is done, whoever did it.
  void end() noexcept;

 private:
  enum class State : std::uint8_t { idle, used, ending, over };
  Moment moment_;
  std::atomic<State> state_{State::idle};
};

class Views {
 public:
  void add(std::shared_ptr<ViewCore> core) NINES_EXCLUDES(mutex_);
  void remove(const std::shared_ptr<ViewCore>& core) NINES_EXCLUDES(mutex_);
  /// Ends all of them. Requires: none is added meanwhile or later.
  void end_all() NINES_EXCLUDES(mutex_);

 private:
  Mutex mutex_;
  std::unordered_set<std::shared_ptr<ViewCore>> cores_ NINES_GUARDED_BY(mutex_);
};

/// A view of `spaces` at `moment`, whose snapshot it takes over, registered with `views`. It holds `keep` until it is
/// gone.
[[nodiscard]] std::unique_ptr<View> make_view(Moment moment, std::initializer_list<Space> spaces,
                                              std::shared_ptr<Views> views, std::shared_ptr<void> keep);

}  // namespace nines::engine
