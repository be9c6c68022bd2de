#include "kv/rocksdb/backup.h"

#include <rocksdb/metadata.h>
#include <rocksdb/options.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <optional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "backup/backup_list.h"
#include "backup/unfinished_copy.h"
#include "kv/rocksdb/marker.h"
#include "kv/rocksdb/status.h"
#include "kv/rocksdb/store_files.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

/// How often a copy is begun anew because another process has changed the store meanwhile.
constexpr int kAttempts = 50;
constexpr std::chrono::milliseconds kPause{5};
constexpr int kLongestPauses = 20;
/// The end of a table file that is compared to tell whether two are the same: it has the footer, and before it the
/// properties, among them what session of which database wrote it.
constexpr std::uint64_t kTellingBytes = 8U << 10U;

/// Whether `path` is `folder` or lies in it; `path` need not exist.
bool lies_in(const fs::path& path, const fs::path& folder) {
  std::error_code error;
  const fs::path inner = fs::weakly_canonical(fs::absolute(path, error), error);
  const fs::path outer = fs::weakly_canonical(fs::absolute(folder, error), error);
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

std::string ending(const fs::path& path, std::uint64_t size) {
  const std::uint64_t bytes = std::min(size, kTellingBytes);
  std::string text(bytes, '\0');
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(size - bytes));
  file.read(text.data(), static_cast<std::streamsize>(bytes));
  return file.good() ? text : std::string();
}

/// Whether two table files of one name are the same one. The names alone do not tell: a copy that was opened goes on
/// with numbers that the store will use, too.
bool is_same_table(const fs::path& a, const fs::path& b) {
  std::error_code error;
  const auto size = fs::file_size(a, error);
  if (error || fs::file_size(b, error) != size || error) return false;
  const std::string end = ending(a, size);
  return !end.empty() && end == ending(b, size);
}

/// Brings files into a copy.
class Copier {
 public:
  Copier(fs::path store, fs::path copy, const BackupOptions& options)
      : store_(std::move(store)), copy_(std::move(copy)), options_(options) {
    // What is no backup any more shares nothing: its files need not be what they were.
    if (options.previous.empty()) return;
    if (auto list = read_backup_list(options.previous)) previous_ = std::move(*list);
  }

  /// Makes the copy one of just these files.
  Result<void> bring(const std::vector<CopiedFile>& sources) {
    list_.files.clear();
    progress_ = {};
    fresh_.clear();
    std::set<std::string> wanted;
    std::error_code error;
    for (const CopiedFile& source : sources) {
      wanted.insert(source.name);
      const auto size = source.contents.empty() ? fs::file_size(store_ / source.name, error) : source.contents.size();
      progress_.total += error ? 0 : std::min<std::uint64_t>(size, source.bytes);
    }
    for (const auto& entry : fs::directory_iterator(copy_, error)) {
      const std::string name = entry.path().filename();
      if (wanted.count(name) == 0 || entry.path().extension() != ".sst") fs::remove_all(entry.path(), error);
    }
    if (error) return tl::unexpected<Error>(file_error("cannot clear", copy_, error));
    for (const CopiedFile& source : sources) {
      if (auto brought = bring(source); !brought) return brought;
    }
    return {};
  }

  [[nodiscard]] const BackupList& list() const { return list_; }
  /// The table files that were copied now or by the interrupted backup.
  [[nodiscard]] const std::set<std::string>& fresh() const { return fresh_; }
  [[nodiscard]] std::uint64_t copied_bytes() const { return copied_bytes_; }

 private:
  Result<void> bring(const CopiedFile& source) {
    const fs::path from = store_ / source.name;
    const fs::path to = copy_ / source.name;
    std::error_code error;
    if (!source.contents.empty()) {
      std::ofstream file(to, std::ios::binary | std::ios::trunc);
      file << source.contents;
      file.close();
      if (!file) return fail(ErrorCode::io, "cannot write " + to.string());
      return sync_path(to);  // all but tables are summed at the end
    }
    const auto piece = [this](std::uint64_t bytes) { return tell(bytes); };
    const auto note = [&](const Result<BackupList::File>& file) -> Result<void> {
      if (!file) return tl::unexpected<Error>(file.error());
      if (source.is_table()) list_.files[source.name] = *file;
      return {};
    };
    if (source.is_table() && fs::exists(to, error)) {
      if (is_same_table(from, to)) {
        fresh_.insert(source.name);
        return note(sum_file(to, source.bytes, piece));
      }
      fs::remove(to, error);
    }
    if (source.is_table() && share(source.name, from, to)) {
      if (tell(list_.files[source.name].bytes)) return {};
      return tl::unexpected<Error>(ended());
    }
    auto copied = copy_file_summed(from, to, source.bytes, piece);
    if (copied) copied_bytes_ += copied->bytes;
    if (source.is_table()) fresh_.insert(source.name);
    return note(copied);
  }

  bool share(const std::string& name, const fs::path& from, const fs::path& to) {
    const auto known = previous_.files.find(name);
    if (known == previous_.files.end()) return false;
    const fs::path theirs = fs::path(options_.previous) / name;
    if (!is_same_table(from, theirs)) return false;
    std::error_code error;
    fs::create_hard_link(theirs, to, error);
    if (error) return false;  // another file system, or too many links: a file of its own is as good
    list_.files[name] = known->second;
    return true;
  }

  bool tell(std::uint64_t bytes) {
    progress_.bytes += bytes;
    return !options_.progress || options_.progress(progress_);
  }

  const fs::path store_;
  const fs::path copy_;
  const BackupOptions& options_;
  BackupList previous_;
  BackupList list_;
  BackupProgress progress_;
  std::set<std::string> fresh_;
  std::uint64_t copied_bytes_ = 0;
};

/// The files of a store in the order in which they have to be copied beside a writer. RocksDB's logs go from the newest
/// to the oldest: when one has a record, those before it are complete. The store's own log goes from one segment to the
/// next, and behind the tables, whose place in it comes first then.
Result<std::vector<CopiedFile>> files_beside_a_writer(const fs::path& store) {
  std::vector<CopiedFile> files;
  std::vector<CopiedFile> logs;
  std::vector<CopiedFile> segments;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(store, error)) {
    CopiedFile file;
    file.name = entry.path().filename();
    if (entry.path().extension() == ".log") {
      logs.push_back(std::move(file));
    } else if (entry.path().extension() == ".rows") {
      segments.push_back(std::move(file));
    } else if (file.is_table() || file.name == "CURRENT" || file.name.starts_with("MANIFEST-")) {
      files.push_back(std::move(file));
    }
  }
  if (error) return tl::unexpected<Error>(file_error("cannot read", store, error));
  const auto later = [](const CopiedFile& a, const CopiedFile& b) {
    return std::pair(a.name.size(), a.name) > std::pair(b.name.size(), b.name);
  };
  std::sort(logs.begin(), logs.end(), later);
  std::sort(segments.rbegin(), segments.rend(), later);
  files.insert(files.end(), std::make_move_iterator(logs.begin()), std::make_move_iterator(logs.end()));
  files.insert(files.end(), std::make_move_iterator(segments.begin()), std::make_move_iterator(segments.end()));
  return files;
}

/// Copies the files of a store that another process may be writing to, as they are at one moment.
Result<void> copy_beside_a_writer(const fs::path& store, Copier& copier) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    // A writer that flushes all the time is given longer and longer to come to an end with it.
    std::this_thread::sleep_for(kPause * std::min(attempt, kLongestPauses));
    const std::string before = manifest_version(store.string());
    const auto files = files_beside_a_writer(store);
    if (!files) return tl::unexpected<Error>(files.error());
    const auto copied = copier.bring(*files);
    std::error_code error;
    // A log goes a little after what has made it needless was committed, and a segment without a word of the manifest.
    const bool gone = !copied && std::any_of(files->begin(), files->end(), [&](const CopiedFile& file) {
      return !fs::exists(store / file.name, error);
    });
    const bool unchanged = !gone && manifest_version(store.string()) == before;
    if (unchanged || (!copied && copied.error().code == ErrorCode::unavailable)) return copied;
  }
  return fail(ErrorCode::unavailable, "the store changed during each attempt to copy it; try again");
}

/// The files of the open `db`.
Result<std::vector<CopiedFile>> files_of_our_own(rocksdb::DB& db) {
  rocksdb::LiveFilesStorageInfoOptions options;
  options.wal_size_for_flush = std::numeric_limits<std::uint64_t>::max();  // the log is copied, nothing is flushed
  std::vector<rocksdb::LiveFileStorageInfo> live;
  if (auto status = db.GetLiveFilesStorageInfo(options, &live); !status.ok()) return tl::unexpected(to_error(status));
  std::vector<CopiedFile> files;
  for (rocksdb::LiveFileStorageInfo& file : live) {
    CopiedFile source;
    source.name = file.relative_filename;
    if (file.trim_to_size) source.bytes = file.size;
    source.contents = std::move(file.replacement_contents);
    files.push_back(std::move(source));
  }
  return files;
}

/// Copies the files of the open `db` while none of them is removed, and its log.
Result<void> copy_of_our_own(rocksdb::DB& db, const LogCopy& log, Copier& copier) {
  if (auto status = db.DisableFileDeletions(); !status.ok()) return to_result(status);
  auto files = files_of_our_own(db);
  if (files && log.files) {
    if (auto segments = log.files()) {
      files->insert(files->end(), segments->begin(), segments->end());
    } else {
      files = tl::unexpected<Error>(segments.error());
    }
  }
  const auto done = files ? copier.bring(*files) : tl::unexpected<Error>(files.error());
  const auto allowed = to_result(db.EnableFileDeletions(false));
  return done ? allowed : done;
}

rocksdb::Status check_tables(rocksdb::DB& db, const fs::path& copy, const std::set<std::string>& names) {
  rocksdb::Options options;
  options.env = db.GetEnv();
  for (const std::string& name : names) {
    rocksdb::SstFileReader reader(options);
    auto status = reader.Open(copy / name);
    if (status.ok()) status = reader.VerifyChecksum();
    if (!status.ok()) return status;
  }
  return {};
}

/// Opens a copy, which replays its log and makes a new one: that there is none would mean that it was lost. Adds the
/// names of the tables that it is made of to `live`. RocksDB removes the others: those that the writer had begun.
rocksdb::Status replay_copy(rocksdb::DB& db, const std::string& copy, std::set<std::string>& live) {
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
  for (auto* handle : handles) static_cast<void>(opened->DestroyColumnFamilyHandle(handle));
  std::vector<rocksdb::LiveFileMetaData> tables;
  if (status.ok()) opened->GetLiveFilesMetaData(&tables);
  for (const auto& table : tables) live.insert(table.relative_filename);
  if (status.ok()) status = opened->Close();
  return status;
}

/// Adds what the list has not yet: all but the tables, which nothing changes, and those that the replay has made.
Result<void> complete_list(const fs::path& copy, const BackupList& brought, BackupList& list) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(copy, error)) {
    const std::string name = entry.path().filename();
    if (!entry.is_regular_file()) continue;
    const auto known = brought.files.find(name);
    if (known != brought.files.end()) {
      list.files.insert(*known);
      continue;
    }
    const auto summed = sum_file(entry.path(), std::numeric_limits<std::uint64_t>::max());
    if (!summed) return tl::unexpected<Error>(summed.error());
    list.files[name] = *summed;
  }
  if (error) return tl::unexpected<Error>(file_error("cannot read", copy, error));
  return {};
}

/// Brings a copy of the store, replays what is to be replayed in it, and tells the tables that it is made of.
Result<std::set<std::string>> bring_whole(rocksdb::DB& db, bool writes, const LogCopy& log, const fs::path& copy,
                                          Copier& copier) {
  Result<void> done;
  // A log that another process has moved on while it was copied may look damaged.
  for (int attempt = 0; attempt < (writes ? 1 : kAttempts); ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kPause);
    done = writes ? copy_of_our_own(db, log, copier) : copy_beside_a_writer(db.GetName(), copier);
    if (!done) break;
    std::set<std::string> live;
    if (auto status = replay_copy(db, copy.string(), live); !status.ok())
      return tl::unexpected<Error>(to_error(status));
    if (log.finish) done = log.finish(copy.string());
    if (done) return live;
    if (done.error().code != ErrorCode::corruption) break;
  }
  return tl::unexpected<Error>(done.error());
}

Result<BackupReport> make_copy(rocksdb::DB& db, bool writes, const fs::path& copy, const BackupOptions& options,
                               const LogCopy& log) {
  const auto format = read_marker(db.GetName());
  if (!format) return tl::unexpected<Error>(format.error());
  Copier copier(db.GetName(), copy, options);
  auto live = bring_whole(db, writes, log, copy, copier);
  if (!live) return tl::unexpected<Error>(live.error());
  std::erase_if(*live, [&](const std::string& name) { return copier.fresh().count(name) == 0; });
  if (auto status = check_tables(db, copy, *live); !status.ok()) return tl::unexpected<Error>(to_error(status));
  if (auto marked = write_marker(copy.string(), *format); !marked) return tl::unexpected<Error>(marked.error());
  BackupList list;
  list.made = *options.made;
  if (auto listed = complete_list(copy, copier.list(), list); !listed) return tl::unexpected<Error>(listed.error());
  if (auto written = write_backup_list(copy, list); !written) return tl::unexpected<Error>(written.error());
  return BackupReport{{}, list.bytes(), copier.copied_bytes()};
}

}  // namespace

Result<BackupReport> back_up(rocksdb::DB& db, bool writes, const std::string& path, const BackupOptions& options,
                             const LogCopy& log) {
  assert(options.made);
  if (lies_in(path, db.GetName())) {
    return fail(ErrorCode::invalid_argument, path + " lies in the store itself; a backup needs a place outside of it");
  }
  auto copy = UnfinishedCopy::begin(path);
  if (!copy) return tl::unexpected<Error>(copy.error());
  auto report = make_copy(db, writes, copy->folder(), options, log);
  if (!report) {
    // What a fault or the caller has ended is gone on with next time. But what is damaged would stay so, and what has
    // filled the disk may have taken the room of the store itself.
    const ErrorCode code = report.error().code;
    if (code == ErrorCode::corruption || code == ErrorCode::out_of_space) copy->discard();
    return report;
  }
  if (auto finished = copy->finish(); !finished) return tl::unexpected<Error>(finished.error());
  report->path = path;
  return report;
}

}  // namespace nines::engine
