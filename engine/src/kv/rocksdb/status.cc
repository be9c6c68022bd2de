#include "kv/rocksdb/status.h"

#include <string>
#include <utility>

namespace nines::engine {

Error to_error(const rocksdb::Status& status) {
  std::string text = status.ToString();
  const bool no_space = status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kNoSpace ||
                        text.find("No space left") != std::string::npos;
  if (no_space) return {ErrorCode::out_of_space, "the disk is full; free some space and try again: " + text};
  if (status.IsNotFound()) return {ErrorCode::not_found, std::move(text)};
  if (status.IsCorruption()) return {ErrorCode::corruption, std::move(text)};
  if (status.IsMemoryLimit()) return {ErrorCode::fatal, std::move(text)};
  // RocksDB's words for its lock, held by another process and by this one.
  if (text.find("While lock file") != std::string::npos ||
      text.find("lock hold by current process") != std::string::npos) {
    return {ErrorCode::locked, "another process has the store open for writing; stop it, or open read-only: " + text};
  }
  if (status.IsIOError() || status.IsPathNotFound()) return {ErrorCode::io, std::move(text)};
  return {ErrorCode::unavailable, std::move(text)};
}

Result<void> to_result(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return tl::unexpected<Error>(to_error(status));
}

}  // namespace nines::engine
