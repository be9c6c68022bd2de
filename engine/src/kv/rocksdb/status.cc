#include "kv/rocksdb/status.h"

#include <string>
#include <string_view>
#include <utility>

namespace nines::engine {

namespace {

/// The word behind `before`; empty when it is not there.
std::string word_after(const std::string& text, const std::string& before) {
  const std::size_t at = text.find(before);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + before.size();
  return text.substr(begin, text.find_first_of(" :", begin) - begin);
}

/// What RocksDB says of damaged and missing files, for who has to do with them: which file it is, and where.
std::string words_of(const rocksdb::Status& status) {
  std::string text = status.ToString();
  if (!status.IsCorruption() && !status.IsIOError()) return text;
  if (text.find("checksum mismatch") != std::string::npos) {
    const std::string file = word_after(text, " in ");
    const std::string offset = word_after(text, " offset ");
    if (!file.empty() && !offset.empty())
      return file + " is damaged at byte " + offset + ": its checksum does not match";
  }
  if (std::string file = word_after(text, "While open a file for random read: ");
      !file.empty() && text.find("No such file") != std::string::npos) {
    // It has looked for one of an old name at last.
    if (file.ends_with(".ldb")) file.replace(file.size() - 4, 4, ".sst");
    return file + " is missing";
  }
  for (const std::string_view prefix : {"Corruption: ", "IO error: "}) {
    while (text.starts_with(prefix)) text.erase(0, prefix.size());
  }
  return text;
}

}  // namespace

Error to_error(const rocksdb::Status& status) {
  std::string text = words_of(status);
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
