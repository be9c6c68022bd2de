// RocksDB's outcomes in the engine's words.
#pragma once

#include <rocksdb/status.h>

#include <nines/result.h>

namespace nines::engine {

[[nodiscard]] Error to_error(const rocksdb::Status& status);
[[nodiscard]] Result<void> to_result(const rocksdb::Status& status);

}  // namespace nines::engine
