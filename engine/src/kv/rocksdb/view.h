// Views over an open RocksDB, and the list of those that live: the database can only be closed when all of their
// iterators are gone, so closing ends them wherever they are held.
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

namespace nines::engine {

/// A range over an iterator that its view keeps and that may be taken away.
class RocksRange final : public Range {
 public:
  void open(rocksdb::Iterator* iterator) { iterator_.reset(iterator); }
  void close() { iterator_.reset(); }
  [[nodiscard]] bool is_open() const noexcept { return iterator_ != nullptr; }

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
  void look();

  std::unique_ptr<rocksdb::Iterator> iterator_;
  std::string to_;  // empty: none
  Reading reading_;
  std::uint32_t left_ = 0;  // keys that the limit allows behind this one
  State state_ = State::end;
};

/// What of a view both its owner and Views hold.
class ViewCore {
 public:
  std::array<RocksRange, kSpaceCount> ranges;

  [[nodiscard]] bool begin_use() noexcept;
  void end_use() noexcept { state_.store(State::idle, std::memory_order_release); }
  [[nodiscard]] bool is_over() const noexcept { return state_.load(std::memory_order_acquire) >= State::ending; }
  /// Closes the iterators, once nobody uses them; when it returns they are closed, whoever did it.
  void end() noexcept;

 private:
  enum class State : std::uint8_t { idle, used, ending, over };
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

/// A view of `spaces`, whose column families are `families`, registered with `views`. It holds `keep` until it is gone.
/// Errors: io, corruption.
[[nodiscard]] Result<std::unique_ptr<View>> make_view(rocksdb::DB& db,
                                                      const std::vector<rocksdb::ColumnFamilyHandle*>& families,
                                                      std::initializer_list<Space> spaces, std::shared_ptr<Views> views,
                                                      std::shared_ptr<void> keep);

}  // namespace nines::engine
