// An operating system for one RocksDB: the given one, with threads of its own for flushes and compactions.
//
// RocksDB's default environment shares its threads among all databases of a process and joins them when the process
// exits. A forked child has none of them: its exit would wait for ever. These threads end with their store; a child
// that leaks its copy of the store has nothing to wait for.
//
// Threads: as rocksdb::Env.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/threadpool.h>

#include <array>
#include <memory>

namespace nines::engine {

class OwnThreads final : public rocksdb::EnvWrapper {
 public:
  /// `below`, which must outlive this, with `files` for its file system.
  OwnThreads(rocksdb::Env* below, std::shared_ptr<rocksdb::FileSystem> files);
  ~OwnThreads() override;
  OwnThreads(const OwnThreads&) = delete;
  OwnThreads& operator=(const OwnThreads&) = delete;

  void Schedule(void (*function)(void*), void* argument, Priority priority, void* tag,
                void (*unscheduled)(void*)) override;
  /// Nothing is taken out of the queue: who closes a database waits until what it has scheduled has run, and seen that.
  int UnSchedule(void* tag, Priority priority) override;
  [[nodiscard]] unsigned int GetThreadPoolQueueLen(Priority priority) const override;
  void SetBackgroundThreads(int number, Priority priority) override;
  int GetBackgroundThreads(Priority priority) override;
  void IncBackgroundThreadsIfNeeded(int number, Priority priority) override;
  int ReserveThreads(int threads_to_be_reserved, Priority priority) override;
  int ReleaseThreads(int threads_to_be_released, Priority priority) override;

 private:
  [[nodiscard]] rocksdb::ThreadPool& pool(Priority priority) const { return *pools_[priority]; }

  std::array<std::unique_ptr<rocksdb::ThreadPool>, rocksdb::Env::Priority::TOTAL> pools_;
};

}  // namespace nines::engine
