#include "kv/rocksdb/store_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "kv/rocksdb/record_log.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kNoSequence = std::numeric_limits<std::uint64_t>::max();

Error damaged(const std::string& what) {
  return {ErrorCode::corruption, what + "; restore the store from a backup"};
}

// The tags of a version edit that come before those of files, as RocksDB writes them. They never change.
enum EditTag : std::uint32_t {
  kComparator = 1,
  kLogNumber = 2,
  kNextFile = 3,
  kLastSequence = 4,
  kPreviousLog = 9,
  kFirstLogNeeded = 10,
  kFamily = 200,
  kFamilyAdded = 201,
  kLargestFamily = 203,
  kIgnorable = 1U << 13U,  // bit of tags that are followed by a length
};

struct Manifest {
  std::string file;
  RecordLog log;
  std::uint64_t last_sequence = 0;
  std::uint64_t first_log_needed = 0;
  bool has_families = false;  // ours, beyond RocksDB's own
};

void take_edit(std::string_view record, Manifest& manifest) {
  Reader edit(record);
  while (edit.ok() && edit.left() > 0) {
    const std::uint32_t tag = edit.varint32();
    if (tag == kComparator || (tag & kIgnorable) != 0) {
      static_cast<void>(edit.text());
    } else if (tag == kLastSequence) {
      manifest.last_sequence = std::max(manifest.last_sequence, edit.varint());
    } else if (tag == kFamilyAdded) {
      manifest.has_families = true;
      return;
    } else if (tag == kFirstLogNeeded) {
      manifest.first_log_needed = std::max(manifest.first_log_needed, edit.varint());
    } else if (tag == kLogNumber || tag == kNextFile || tag == kPreviousLog || tag == kFamily ||
               tag == kLargestFamily) {
      static_cast<void>(edit.varint());
    } else {
      return;
    }
  }
}

/// The manifest that CURRENT names. Nothing when it names none or that is gone: RocksDB says that well enough.
Result<std::optional<Manifest>> read_manifest(const std::string& path) {
  std::ifstream current(fs::path(path) / "CURRENT");
  std::string name;
  std::getline(current, name);
  std::error_code error;
  Manifest manifest;
  manifest.file = (fs::path(path) / name).string();
  if (!name.starts_with("MANIFEST-") || !fs::is_regular_file(manifest.file, error)) return std::nullopt;
  const auto log = read_record_log(manifest.file, Checksums::check, [&](std::string_view record) {
    take_edit(record, manifest);
    return true;
  });
  if (!log) return tl::unexpected<Error>(log.error());
  manifest.log = *log;
  return manifest;
}

/// Cuts `file` to `bytes`, in a way that a crash leaves either the old or the new one.
Result<void> cut_file(const std::string& file, std::uint64_t bytes) {
  const std::string shorter = file + ".cut";
  std::error_code error;
  fs::copy_file(file, shorter, fs::copy_options::overwrite_existing, error);
  if (!error) fs::resize_file(shorter, bytes, error);
  if (error) return fail(ErrorCode::io, "cannot write " + shorter + ": " + error.message());
  const int opened = ::open(shorter.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = opened >= 0 && ::fsync(opened) == 0;
  const std::string reason = synced ? "" : std::strerror(errno);
  if (opened >= 0) ::close(opened);
  if (!synced) return fail(ErrorCode::io, "cannot sync " + shorter + ": " + reason);
  fs::rename(shorter, file, error);
  if (error) return fail(ErrorCode::io, "cannot replace " + file + ": " + error.message());
  return {};
}

/// The manifest's last record was being written when the power went, or bits of it have changed since.
Result<void> check_manifest_end(const Manifest& manifest, Recovery recovery, OpenReport& report) {
  const RecordLog& log = manifest.log;
  if (log.intact_ones_follow) {
    return tl::unexpected<Error>(
        damaged(manifest.file + " is damaged behind byte " + std::to_string(log.intact_bytes)));
  }
  if (log.torn_end_decodes || recovery == Recovery::refuse || log.intact_bytes == 0) return {};
  if (auto cut = cut_file(manifest.file, log.intact_bytes); !cut) return cut;
  report.warnings.push_back("the last " + std::to_string(log.file_bytes - log.intact_bytes) + " bytes of " +
                            manifest.file + " were dropped: they hold no record, as after a power cut");
  return {};
}

struct Logs {
  std::size_t files = 0;
  std::uint64_t first_sequence = kNoSequence;  // of all changes in them
};

Result<Logs> read_logs(const std::string& path, Recovery recovery) {
  Logs logs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    if (entry.path().extension() != ".log") continue;
    ++logs.files;
    const auto log = read_record_log(entry.path().string(), Checksums::skip, [&](std::string_view record) {
      logs.first_sequence = std::min(logs.first_sequence, sequence_of(record));
      return true;
    });
    if (!log) return tl::unexpected<Error>(log.error());
    if (!log->intact_ones_follow || recovery != Recovery::refuse) continue;
    return fail(ErrorCode::corruption,
                entry.path().string() + " is damaged behind byte " + std::to_string(log->intact_bytes) +
                    "; restore the store from a backup, or open with Recovery::point_in_time: it keeps what precedes "
                    "the damage");
  }
  if (error) return fail(ErrorCode::io, "cannot read " + path + ": " + error.message());
  return logs;
}

/// Every change is in a table that the manifest names or in a log.
Result<void> check_complete(const std::string& path, const Manifest& manifest, const Logs& logs, Recovery recovery,
                            OpenReport& report) {
  std::string missing;
  if (logs.files == 0 && manifest.has_families) missing = "no write-ahead log is left in " + path;
  if (logs.first_sequence != kNoSequence && logs.first_sequence > manifest.last_sequence + 1) {
    missing = "the changes " + std::to_string(manifest.last_sequence + 1) + " to " +
              std::to_string(logs.first_sequence - 1) + " are neither in a table that " + manifest.file +
              " names nor in a log";
  }
  if (missing.empty()) return {};
  if (recovery == Recovery::refuse) {
    return fail(ErrorCode::corruption, missing +
                                           ": a file is gone or was cut short; restore the store from a backup, or "
                                           "open with Recovery::point_in_time to go on with what is left");
  }
  report.warnings.push_back(missing + ": they were dropped");
  return {};
}

/// Whether there is a CURRENT; `corruption` where there must have been one.
Result<bool> has_current(const std::string& path) {
  std::error_code error;
  if (fs::exists(fs::path(path) / "CURRENT", error)) return true;
  for (const auto& entry : fs::directory_iterator(path, error)) {
    const auto extension = entry.path().extension();
    if (extension == ".sst" || extension == ".log") {
      return tl::unexpected<Error>(damaged("the file CURRENT is missing from " + path));
    }
  }
  if (error) return fail(ErrorCode::io, "cannot read " + path + ": " + error.message());
  return false;
}

}  // namespace

Result<StoreFiles> check_store_files(const std::string& path, bool logs_count, Recovery recovery, OpenReport& report) {
  const auto exists = has_current(path);
  if (!exists) return tl::unexpected<Error>(exists.error());
  StoreFiles files{*exists, 0};
  if (!*exists) return files;
  const auto manifest = read_manifest(path);
  if (!manifest) return tl::unexpected<Error>(manifest.error());
  if (!*manifest) return files;
  files.first_log_needed = (*manifest)->first_log_needed;
  if (auto checked = check_manifest_end(**manifest, recovery, report); !checked) {
    return tl::unexpected<Error>(checked.error());
  }
  if (!logs_count) return files;
  const auto logs = read_logs(path, recovery);
  if (!logs) return tl::unexpected<Error>(logs.error());
  if (auto checked = check_complete(path, **manifest, *logs, recovery, report); !checked) {
    return tl::unexpected<Error>(checked.error());
  }
  return files;
}

std::string manifest_version(const std::string& path) {
  std::ifstream current(fs::path(path) / "CURRENT");
  std::string name;
  std::getline(current, name);
  std::error_code error;
  const auto size = fs::file_size(fs::path(path) / name, error);
  return name + " " + std::to_string(error ? 0 : size);
}

}  // namespace nines::engine
