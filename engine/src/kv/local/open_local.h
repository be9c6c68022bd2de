// The way to a Kv in a directory of this machine: RocksDB for the tables, and a log beside it. Above the seam only what
// opens a store knows of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_lock.h"
#include "kv/kv.h"
#include "kv/local/log.h"

namespace rocksdb {
class Env;
}

namespace nines::engine {

/// Opens the directory `path`, creating it when allowed. Fills `report`. Errors as Store::open.
/// `env` is the operating system that the files are seen through; null is the real one. It must outlive the Kv. A
/// segment of the log is ended at `segment_bytes`. `held` has the lock that an earlier Kv of the same directory was
/// opened with: it is taken over where somebody still holds it (LocalCare::hold), and replaced else.
[[nodiscard]] Result<std::unique_ptr<Kv>> open_local(const std::string& path, KvMode mode, const Options& options,
                                                     OpenReport& report, rocksdb::Env* env = nullptr,
                                                     std::uint64_t segment_bytes = Log::kSegmentBytes,
                                                     std::weak_ptr<FileLock>* held = nullptr);

}  // namespace nines::engine
