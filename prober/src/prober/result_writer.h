// The one thread that stores results: gathers them, appends them at Durability::process, tells who waits.
//
// A store that fails is tried again with growing pauses while the results wait; a result that the store will never take
// (its server is gone) is refused alone and does not hold up the rest. Owns its thread; borrows store and queue.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "prober/result_queue.h"

namespace nines::prober {

class ResultWriter {
 public:
  struct Options {
    std::chrono::milliseconds gather{50};
    std::chrono::milliseconds first_retry{50};
    std::chrono::milliseconds last_retry{5'000};
    std::chrono::milliseconds drain_limit{30'000};  ///< of trying after stop() began
  };
  struct Listener {
    std::function<void(const CheckReport&)> on_stored;  ///< writer thread
    std::function<void(LogLevel, std::string_view)> log;
  };
  struct Figures {
    std::uint64_t stored = 0;
    std::uint64_t refused = 0;
    std::uint64_t failures = 0;
  };

  ResultWriter(Store& store, ResultQueue& queue, Options options, Listener listener);
  ~ResultWriter();
  ResultWriter(const ResultWriter&) = delete;
  ResultWriter& operator=(const ResultWriter&) = delete;

  /// False when there is no thread to be had.
  [[nodiscard]] bool start();
  /// Closes the queue, stores what is in it, ends the thread. Returns the number of results that the store did not take
  /// within drain_limit. Not on the writer thread.
  [[nodiscard]] std::size_t stop();
  [[nodiscard]] Figures figures() const noexcept;

 private:
  using Batch = std::span<QueuedResult>;
  void run();
  void store(Batch batch);
  void store_one_by_one(Batch batch);
  bool store_with_retries(Batch batch);
  [[nodiscard]] Result<void> append(Batch batch);
  void tell(QueuedResult& item, const Result<void>& outcome);
  [[nodiscard]] bool pause_after_failure(std::chrono::milliseconds& pause);
  void complain(const Error& error);

  Store& store_;
  ResultQueue& queue_;
  const Options options_;
  const Listener listener_;
  std::vector<CheckResult> scratch_;
  std::optional<ErrorCode> complained_;  // the last error that was logged, so that one fault is one line
  std::atomic<std::uint64_t> stored_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> failures_{0};
  std::size_t given_up_ = 0;

  engine::Mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ NINES_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point deadline_ NINES_GUARDED_BY(mutex_);  // set with stopping_
  std::thread thread_;
};

}  // namespace nines::prober
