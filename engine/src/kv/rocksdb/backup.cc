#include "kv/rocksdb/backup.h"

#include <fcntl.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "kv/rocksdb/marker.h"
#include "kv/rocksdb/status.h"
#include "kv/rocksdb/store_files.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

/// In PATH.tmp, beside the copy: says that it is an unfinished backup, which the next one may remove.
constexpr std::string_view kSign = "NINES-UNFINISHED-BACKUP";
constexpr std::string_view kCopy = "store";
/// How often a copy is begun anew because another process has changed the store meanwhile.
constexpr int kAttempts = 50;

Error io_error(const std::string& what, const fs::path& path, const std::error_code& error) {
  const bool full = error == std::errc::no_space_on_device;
  return {full ? ErrorCode::out_of_space : ErrorCode::io, what + " " + path.string() + ": " + error.message()};
}

Result<void> sync_path(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = file >= 0 && ::fsync(file) == 0;
  const std::error_code error(errno, std::generic_category());
  if (file >= 0) ::close(file);
  if (!synced) return tl::unexpected<Error>(io_error("cannot sync", path, error));
  return {};
}

Result<void> copy_synced(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error) return tl::unexpected<Error>(io_error("cannot copy", from, error));
  return sync_path(to);
}

/// Whether `path` is `folder` or lies in it; `path` need not exist.
bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(fs::absolute(path, error), error);
  const fs::path outer = fs::weakly_canonical(fs::absolute(folder, error), error);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

/// Makes PATH.tmp, in place of one that an interrupted backup has left.
Result<void> make_workplace(const fs::path& unfinished) {
  std::error_code error;
  if (fs::exists(unfinished, error)) {
    if (!fs::exists(unfinished / kSign, error)) {
      return fail(ErrorCode::invalid_argument, unfinished.string() + " exists, where the backup would grow");
    }
    fs::remove_all(unfinished, error);
    if (error) return tl::unexpected<Error>(io_error("cannot remove", unfinished, error));
  }
  fs::create_directories(unfinished, error);
  if (error) return tl::unexpected<Error>(io_error("cannot create", unfinished, error));
  const fs::path sign = unfinished / kSign;
  const int file = ::open(sign.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return fail(ErrorCode::io, "cannot create " + sign.string() + ": " + std::strerror(errno));
  ::close(file);
  return {};
}

/// Gives files that RocksDB has linked bytes of their own: a bad block, or a slip of the hand, must not be in both.
Result<void> part_from_store(const fs::path& copy) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(copy, error)) {
    if (entry.hard_link_count(error) < 2) continue;
    const fs::path own = entry.path().string() + ".own";
    if (auto copied = copy_synced(entry.path(), own); !copied) return copied;
    fs::rename(own, entry.path(), error);
    if (error) return tl::unexpected<Error>(io_error("cannot replace", entry.path(), error));
  }
  if (error) return tl::unexpected<Error>(io_error("cannot read", copy, error));
  return {};
}

/// The files of a store in the order in which they have to be copied beside a writer. Logs from the newest to the
/// oldest: when one has a record, those before it are complete.
Result<std::vector<fs::path>> files_to_copy(const fs::path& store) {
  std::vector<fs::path> files;
  std::vector<fs::path> logs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(store, error)) {
    const fs::path name = entry.path().filename();
    if (name.extension() == ".log") logs.push_back(name);
    if (name.extension() == ".sst" || name == "CURRENT" || name.string().starts_with("MANIFEST-"))
      files.push_back(name);
  }
  if (error) return tl::unexpected<Error>(io_error("cannot read", store, error));
  std::sort(logs.begin(), logs.end(), [](const fs::path& a, const fs::path& b) {
    return std::pair(a.string().size(), a) > std::pair(b.string().size(), b);
  });
  files.insert(files.end(), logs.begin(), logs.end());
  return files;
}

/// Copies the files of a store that another process may be writing to, as they are at one moment.
Result<void> copy_files(const fs::path& store, const fs::path& copy) {
  Error last{ErrorCode::unavailable, "the store changed during each attempt to copy it; try again"};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    std::error_code error;
    fs::remove_all(copy, error);
    fs::create_directory(copy, error);
    if (error) return tl::unexpected<Error>(io_error("cannot create", copy, error));
    const std::string before = manifest_version(store.string());
    const auto files = files_to_copy(store);
    if (!files) return tl::unexpected<Error>(files.error());
    Result<void> copied;
    bool gone = false;  // a log goes a little after what has made it needless was committed
    for (const fs::path& file : *files) {
      copied = copy_synced(store / file, copy / file);
      gone = !copied && !fs::exists(store / file, error);
      if (!copied) break;
    }
    const bool unchanged = !gone && manifest_version(store.string()) == before;
    if (copied && unchanged) return {};
    if (!copied && unchanged) return copied;
  }
  return tl::unexpected<Error>(last);
}

/// Opens a copy, which replays its log and makes a new one (that there is none would mean that it was lost), and looks
/// at all of its blocks.
rocksdb::Status check_copy(rocksdb::DB& db, const std::string& copy) {
  rocksdb::DBOptions options = db.GetDBOptions();
  options.wal_filter = nullptr;
  options.listeners.clear();
  // An open database's options name its own folders; the copy must not touch the files in them.
  options.db_paths.clear();
  options.wal_dir.clear();
  // The store may have another month by now, or one fewer.
  std::vector<std::string> names;
  auto status = rocksdb::DB::ListColumnFamilies(options, copy, &names);
  if (!status.ok()) return status;
  rocksdb::ColumnFamilyOptions family = db.GetOptions(db.DefaultColumnFamily());
  family.cf_paths.clear();
  family.disable_auto_compactions = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.reserve(names.size());
  for (const std::string& name : names) descriptors.emplace_back(name, family);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  status = rocksdb::DB::Open(options, copy, descriptors, &handles, &raw);
  const std::unique_ptr<rocksdb::DB> opened(raw);
  if (status.ok()) status = opened->VerifyChecksum();
  for (auto* handle : handles) static_cast<void>(opened->DestroyColumnFamilyHandle(handle));
  if (status.ok()) status = opened->Close();
  return status;
}

Result<void> make_copy(rocksdb::DB& db, bool writes, const fs::path& copy) {
  if (writes) {
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(&db, &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(copy.string());
    if (!status.ok()) return to_result(status);
    if (auto parted = part_from_store(copy); !parted) return parted;
  } else if (auto copied = copy_files(db.GetName(), copy); !copied) {
    return copied;
  }
  if (auto status = check_copy(db, copy.string()); !status.ok()) return to_result(status);
  const auto format = read_marker(db.GetName());
  if (!format) return tl::unexpected<Error>(format.error());
  return write_marker(copy.string(), *format);
}

}  // namespace

Result<void> back_up(rocksdb::DB& db, bool writes, const std::string& path) {
  fs::path target(path);
  if (!target.has_filename()) target = target.parent_path();  // of "copy/"
  std::error_code error;
  if (fs::exists(target, error)) {
    return fail(ErrorCode::invalid_argument, path + " exists; a backup needs a path that does not");
  }
  if (lies_in(target, db.GetName())) {
    return fail(ErrorCode::invalid_argument, path + " lies in the store itself; a backup needs a place outside of it");
  }
  const fs::path unfinished = target.string() + ".tmp";
  if (auto made = make_workplace(unfinished); !made) return made;
  const fs::path copy = unfinished / kCopy;
  auto done = make_copy(db, writes, copy);
  if (done) {
    fs::rename(copy, target, error);
    if (error) done = tl::unexpected<Error>(io_error("cannot name the backup", target, error));
  }
  fs::remove_all(unfinished, error);
  return done ? sync_path(fs::absolute(target).parent_path()) : done;
}

}  // namespace nines::engine
