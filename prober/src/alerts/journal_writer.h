// The thread that writes the journal of alerts, so that a disk that does not answer holds up nothing but the journal.
//
// Takes records in order and writes them as soon as it can. What does not fit into its queue, and what follows an
// error, is left out until rewrite() brings the file up to date. Owns the journal and its thread. Any thread may call.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "alerts/journal.h"
#include "base/mutex.h"

namespace nines::prober {

class JournalWriter {
 public:
  /// `unavailable` when there is no thread to be had.
  [[nodiscard]] static Result<std::unique_ptr<JournalWriter>> start(AlertJournal journal);
  /// Writes what is queued first, and waits for the disk for as long as that takes.
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  /// Queues a record; does not block.
  void append(std::string record);
  /// Queues a whole file, in the place of all that is queued; does not block.
  void rewrite(std::vector<std::string> records);
  /// Waits until all that was said before is durable, but not longer than `patience`, and not for a disk that has not
  /// answered for so long already. False: it is not, or something was left out.
  [[nodiscard]] bool flush(std::chrono::milliseconds patience);
  /// Why the file lacks something, until a rewrite has succeeded.
  [[nodiscard]] std::optional<std::string> trouble() const;
  /// Bytes appended since the last rewrite.
  [[nodiscard]] std::uint64_t grown_bytes() const;

 private:
  // What was said and is not written yet.
  struct Work {
    std::optional<std::vector<std::string>> rewrite;  // before the records
    std::vector<std::string> records;
    bool sync = false;
    [[nodiscard]] bool empty() const noexcept { return !rewrite && records.empty() && !sync; }
  };

  explicit JournalWriter(AlertJournal journal) : journal_(std::move(journal)) {}
  void run();
  [[nodiscard]] Result<void> write(const Work& work);
  void leave_out(std::string why) NINES_REQUIRES(mutex_);
  [[nodiscard]] bool is_settled(std::uint64_t said) const NINES_REQUIRES(mutex_);

  AlertJournal journal_;  // the thread's own
  mutable engine::Mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable written_;
  Work work_ NINES_GUARDED_BY(mutex_);
  std::uint64_t queued_bytes_ NINES_GUARDED_BY(mutex_) = 0;
  std::uint64_t said_ NINES_GUARDED_BY(mutex_) = 0;     // calls of append() and rewrite()
  std::uint64_t durable_ NINES_GUARDED_BY(mutex_) = 0;  // of them, that are on the disk
  std::uint64_t grown_ NINES_GUARDED_BY(mutex_) = 0;
  std::optional<std::string> trouble_ NINES_GUARDED_BY(mutex_);
  bool mending_ NINES_GUARDED_BY(mutex_) = false;  // a rewrite that ends the trouble is queued or under way
  // With the disk.
  std::optional<std::chrono::steady_clock::time_point> busy_since_ NINES_GUARDED_BY(mutex_);
  bool stopping_ NINES_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace nines::prober
