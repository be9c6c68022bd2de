#include "kv/rocksdb/table_gate.h"

namespace nines::engine {

void TableGate::ask(std::function<Result<void>()> call) {
  const MutexLock lock(mutex_);
  call_ = std::move(call);
}

rocksdb::IOStatus TableGate::NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                             std::unique_ptr<rocksdb::FSWritableFile>* result,
                                             rocksdb::IODebugContext* debug) {
  if (name.ends_with(".sst")) {
    std::function<Result<void>()> call;
    {
      const MutexLock lock(mutex_);
      call = call_;
    }
    if (call) {
      if (const auto done = call(); !done) {
        return done.error().code == ErrorCode::out_of_space ? rocksdb::IOStatus::NoSpace(done.error().message)
                                                            : rocksdb::IOStatus::IOError(done.error().message);
      }
    }
  }
  return FileSystemWrapper::NewWritableFile(name, options, result, debug);
}

}  // namespace nines::engine
