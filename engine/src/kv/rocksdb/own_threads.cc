#include "kv/rocksdb/own_threads.h"

#include <utility>

namespace nines::engine {

OwnThreads::OwnThreads(rocksdb::Env* below, std::shared_ptr<rocksdb::FileSystem> files) : EnvWrapper(below) {
  file_system_ = std::move(files);
  for (auto& pool : pools_) pool.reset(rocksdb::NewThreadPool(0));
}

OwnThreads::~OwnThreads() {
  for (auto& pool : pools_) pool->JoinAllThreads();
}

void OwnThreads::Schedule(void (*function)(void*), void* argument, Priority priority, void* /*tag*/,
                          void (* /*unscheduled*/)(void*)) {
  pool(priority).SubmitJob([function, argument] { function(argument); });
}

int OwnThreads::UnSchedule(void* /*tag*/, Priority /*priority*/) {
  return 0;
}

unsigned int OwnThreads::GetThreadPoolQueueLen(Priority priority) const {
  return pool(priority).GetQueueLen();
}

void OwnThreads::SetBackgroundThreads(int number, Priority priority) {
  pool(priority).SetBackgroundThreads(number);
}

int OwnThreads::GetBackgroundThreads(Priority priority) {
  return pool(priority).GetBackgroundThreads();
}

void OwnThreads::IncBackgroundThreadsIfNeeded(int number, Priority priority) {
  if (number > GetBackgroundThreads(priority)) SetBackgroundThreads(number, priority);
}

int OwnThreads::ReserveThreads(int threads_to_be_reserved, Priority priority) {
  return pool(priority).ReserveThreads(threads_to_be_reserved);
}

int OwnThreads::ReleaseThreads(int threads_to_be_released, Priority priority) {
  return pool(priority).ReleaseThreads(threads_to_be_released);
}

}  // namespace nines::engine
