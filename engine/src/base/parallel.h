// Work on many indexes, by threads that are made for the call and joined before it returns.
#pragma once

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <new>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <nines/result.h>

#include "base/contained.h"
#include "base/mutex.h"

namespace nines::engine {

/// Indexes that a thread takes at a time.
inline constexpr std::size_t kParallelStride = 16;

/// Calls `worker(index)`, which returns a Result<void>, for each index below `count`: on up to `threads` threads, the
/// caller's included, each with a worker of its own that `make_worker(number)` has made in it, numbered from 0. Indexes
/// ascend within a thread. Where the system gives fewer threads, fewer do the same work. After the first error no index
/// is begun, and that error is returned; an exception is one. Requires: threads >= 1.
template <class MakeWorker>
[[nodiscard]] Result<void> for_each_parallel(std::size_t count, int threads, const MakeWorker& make_worker) {
  assert(threads >= 1);
  std::atomic<std::size_t> next_index{0};
  std::atomic<bool> stopped{false};
  Mutex outcome_mutex;
  Result<void> outcome;
  const auto take_indexes = [&](std::size_t number) -> Result<void> {
    auto worker = make_worker(number);
    while (!stopped) {
      const std::size_t begin = next_index.fetch_add(kParallelStride);
      if (begin >= count) break;
      const std::size_t end = std::min(begin + kParallelStride, count);
      for (std::size_t index = begin; index < end && !stopped; ++index) {
        if (auto done = worker(index); !done) return done;
      }
    }
    return {};
  };
  const auto work = [&](std::size_t number) noexcept {
    auto done = contained([&] { return take_indexes(number); });
    if (done) return;
    const MutexLock lock(outcome_mutex);
    if (!stopped.exchange(true)) outcome = std::move(done);
  };
  const std::size_t useful = (count + kParallelStride - 1) / kParallelStride;
  std::vector<std::thread> others;
  try {
    others.reserve(static_cast<std::size_t>(threads));
    for (std::size_t i = 1; i < std::min<std::size_t>(static_cast<std::size_t>(threads), useful); ++i) {
      others.emplace_back(work, i);
    }
  } catch (const std::system_error&) {  // no thread is to be had now
  } catch (const std::bad_alloc&) {     // nor memory for one
  }
  work(0);
  for (std::thread& thread : others) thread.join();
  return outcome;
}

}  // namespace nines::engine
