// What a compaction that meets a damaged block does to a store: that compaction fails, and nothing else.
//
// RocksDB would take no write any more, of any key, until it is opened again, and then meet the same block.
//
// Threads: RocksDB calls from its own; families() from any.
#pragma once

#include <rocksdb/listener.h>

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include <nines/options.h>

#include "base/mutex.h"

namespace nines::engine {

class DamageListener final : public rocksdb::EventListener {
 public:
  explicit DamageListener(std::function<void(LogLevel, std::string_view)> log) : log_(std::move(log)) {}

  /// The column families whose automatic compaction has met damage since the last call: they would try it again every
  /// second, and have to be told not to.
  [[nodiscard]] std::vector<std::uint32_t> take_damaged() NINES_EXCLUDES(mutex_);

  // What RocksDB calls.
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;
  void OnCompactionCompleted(rocksdb::DB* db, const rocksdb::CompactionJobInfo& job) override;

 private:
  const std::function<void(LogLevel, std::string_view)> log_;
  Mutex mutex_;
  std::vector<std::uint32_t> damaged_ NINES_GUARDED_BY(mutex_);
};

}  // namespace nines::engine
