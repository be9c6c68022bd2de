#include "kv/rocksdb/lock.h"

#include "kv/rocksdb/marker.h"

namespace nines::engine {

Result<FileLock> lock_store(const std::string& path) {
  return FileLock::take(
      path + "/" + std::string(kMarkerName),
      "another process, or this one, has the store at " + path + " open for writing; stop it, or open read-only");
}

}  // namespace nines::engine
