// What a store shares with its cursors and they keep alive, so that a cursor may outlive its store: options, the hold
// on the Kv, the servers' states, and the counters of what was read.
//
// Threads: all members from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include <nines/options.h>
#include <nines/segment.h>

#include "base/mutex.h"
#include "base/process_mark.h"
#include "store/feed_hub.h"
#include "store/kv_handle.h"
#include "store/state_table.h"
#include "store/write_lane.h"

namespace nines::engine {

struct StoreCore {
  /// `reopened` as in Handle.
  StoreCore(const std::string& store_path, KvMode kv_mode, Options store_options,
            const std::function<KvOpener(const Options&)>& make_opener, std::function<Result<void>(Kv&)> reopened,
            ReopenTimes times)
      : path(store_path),
        mode(kv_mode),
        options(std::move(store_options)),
        handle(make_opener(options), options, path, std::move(reopened), times),
        states(options),
        lane(handle, states) {}

  /// Whether this is a copy in a child that was forked. It has none of the store's threads and may hold its locks:
  /// nothing of it may be used or destroyed there.
  [[nodiscard]] bool is_forked() const noexcept { return process_mark() != opened_by; }
  /// Whether readers find the newest results in memory; a read-only store has no heads.
  [[nodiscard]] bool has_heads() const noexcept { return mode == KvMode::write; }
  /// Adds to reads().
  void count(const ScanCost& cost) const NINES_EXCLUDES(reads_mutex_) {
    const MutexLock lock(reads_mutex_);
    reads_ += cost;
  }
  [[nodiscard]] ScanCost reads() const NINES_EXCLUDES(reads_mutex_) {
    const MutexLock lock(reads_mutex_);
    return reads_;
  }

  const std::uint32_t opened_by = process_mark();
  const std::string path;
  const KvMode mode;
  const Options options;  // before the handle, whose Kv refers to them
  mutable Handle handle;
  StateTable states;
  mutable WriteLane lane;
  FeedHub feeds;
  /// Set by close(), and from then on every call and every cursor returns closed_error().
  std::atomic<bool> closed{false};

 private:
  mutable Mutex reads_mutex_;
  mutable ScanCost reads_ NINES_GUARDED_BY(reads_mutex_);
};

[[nodiscard]] inline Error forked_error() {
  return {ErrorCode::fatal, "the store was opened by the process that this one was forked from; open it anew"};
}

[[nodiscard]] inline Error closed_error() {
  return {ErrorCode::closed, "the store is closed"};
}

}  // namespace nines::engine
