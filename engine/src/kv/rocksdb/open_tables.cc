#include "kv/rocksdb/open_tables.h"

#include <rocksdb/db.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "kv/rocksdb/families.h"
#include "kv/rocksdb/marker.h"
#include "kv/rocksdb/rocksdb_kv.h"
#include "kv/rocksdb/setup.h"
#include "kv/rocksdb/status.h"
#include "kv/rocksdb/store_files.h"
#include "kv/rocksdb/wal_replay.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

using Handles = std::vector<rocksdb::ColumnFamilyHandle*>;

/// How often a read-only open is begun again because the writer was flushing meanwhile, and how often it has to fail
/// with nothing changing before that is believed: the writer may have removed a file that was about to be read.
constexpr int kReadOnlyAttempts = 50;
constexpr int kReadOnlyFailures = 3;
constexpr std::chrono::milliseconds kReadOnlyPause{5};

/// The families that the database at `path` has, and those that every store has.
rocksdb::Status find_families(const std::string& path, const Setup& setup,
                              std::vector<rocksdb::ColumnFamilyDescriptor>& descriptors) {
  std::vector<std::string> names;
  const auto status = rocksdb::DB::ListColumnFamilies(setup.db, path, &names);
  // A new store has none, and of one that a crash cut short in its creation some may be missing.
  if (!status.ok() && !(status.IsPathNotFound() && setup.db.create_if_missing)) return status;
  for (const std::string_view name : {std::string_view(rocksdb::kDefaultColumnFamilyName), name_of(Space::servers),
                                      name_of(Space::recent), name_of(Space::days)}) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }
  descriptors.clear();
  for (const std::string& name : names) descriptors.push_back(setup.describe(name));
  return rocksdb::Status::OK();
}

/// Opens without the lock, while another process may be writing. RocksDB reads the manifest first and the logs then:
/// a flush committed in between has moved results from a log that is gone into a table file that this manifest does
/// not name, and the open succeeds without them. So it counts only when the manifest has stayed as it was. And it may
/// have read one log before its last records were written and the next one after: what comes behind those is left out.
rocksdb::Status open_unlocked(const std::string& path, Setup& setup, Handles& handles, OpenedRocks& opened) {
  auto& db = opened.db;
  rocksdb::Status status;
  int failures = 0;
  for (int attempt = 0; attempt < kReadOnlyAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kReadOnlyPause);
    const std::string before = manifest_version(path);
    rocksdb::DB* raw = nullptr;
    std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
    opened.replay = std::make_unique<WalReplay>(path, 0);
    setup.db.wal_filter = opened.replay.get();
    status = find_families(path, setup, descriptors);
    if (status.ok()) status = rocksdb::DB::OpenForReadOnly(setup.db, path, descriptors, &handles, &raw);
    db.reset(raw);
    const bool unchanged = manifest_version(path) == before;
    if (unchanged && status.ok()) return status;
    failures = unchanged ? failures + 1 : 0;
    for (auto* family : handles) static_cast<void>(db->DestroyColumnFamilyHandle(family));
    handles.clear();
    db.reset();
    if (failures == kReadOnlyFailures) return status;
  }
  return rocksdb::Status::Busy("the store changed during each of " + std::to_string(kReadOnlyAttempts) +
                               " attempts to open it; try again");
}

void report_replay(const WalReplay& replay, OpenReport& report) {
  report.replayed_bytes = replay.replayed_bytes();
  for (std::string& warning : replay.warnings()) report.warnings.push_back(std::move(warning));
  report.recovered = report.replayed_bytes > 0 || !report.warnings.empty();
}

/// Removes the empty logs that opens leave behind which wrote nothing: RocksDB before 8.3 keeps each of them until
/// something is flushed (facebook/rocksdb#11313), and a store that is only looked at is slower to open each time. Needs
/// the open store's lock; the log in use stays.
void remove_empty_logs(rocksdb::DB& db, const std::string& path) {
  std::unique_ptr<rocksdb::LogFile> in_use;
  std::vector<std::string> names;
  if (!db.GetCurrentWalFile(&in_use).ok() || !db.GetEnv()->GetChildren(path, &names).ok()) return;
  for (const std::string& name : names) {
    std::uint64_t number = 0;
    const auto [digits_end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc{} || std::string_view(digits_end) != ".log" || number >= in_use->LogNumber()) continue;
    const std::string file = path + "/" + name;
    std::uint64_t bytes = 0;
    if (!db.GetEnv()->GetFileSize(file, &bytes).ok() || bytes > 0) continue;
    static_cast<void>(db.GetEnv()->DeleteFile(file));  // one that stays costs a little time, and nothing else
  }
}

/// Makes of a store of format 1 one of today's, without touching its chunks: those of later months go where they
/// belong.
Result<std::shared_ptr<const Families>> sort_families(rocksdb::DB& db, const std::string& path, KvMode mode,
                                                      const Handles& handles) {
  std::vector<Family> held;
  held.reserve(handles.size());
  for (auto* handle : handles) held.push_back(hold(db, handle));
  auto month = mode == KvMode::write ? note_first_month(db, held) : first_month(db, held);
  if (month && mode == KvMode::write) {
    // Before there is any other month: an older version would not see it.
    const auto format = read_marker(path);
    if (!format) return tl::unexpected<Error>(format.error());
    const auto marked = *format < kFormatOfMonths ? write_marker(path, kFormatOfMonths) : Result<void>{};
    if (!marked) return tl::unexpected<Error>(marked.error());
  }
  if (!month) return tl::unexpected<Error>(month.error());
  return Families::sort(held, *month);
}

/// The file system and the threads of one database.
void take_env(Setup& setup, OpenedRocks& opened) {
  opened.gate = std::make_shared<TableGate>(setup.db.env->GetFileSystem());
  opened.threads = std::make_unique<OwnThreads>(setup.db.env, opened.gate);
  setup.db.env = opened.threads.get();
  opened.cache = setup.cache;
  opened.damage = setup.damage;
  opened.memory = setup.memory;
  opened.lane = setup.lane;
  opened.month = setup.month();
}

}  // namespace

Error explain_open(Error error, const std::string& path, const Options& options) {
  if (error.code != ErrorCode::corruption) return error;
  error.message = "the store at " + path + " is damaged: " + error.message;
  error.message += options.recovery == Recovery::refuse
                       ? "; restore a backup, or, if it is the log that is damaged, open with Recovery::point_in_time: "
                         "it keeps what precedes the damage"
                       : "; restore a backup";
  return error;
}

Result<std::unique_ptr<Tables>> open_tables(const std::string& path, TablesToOpen opening, const Options& options,
                                            OpenReport& report, rocksdb::Env* env) {
  Setup setup = Setup::make(options, env);
  OpenedRocks opened;
  opened.lock = std::move(opening.lock);
  setup.db.create_if_missing = !opening.files.exist;
  if (opening.format < kFormatOfLog) {
    opened.replay = std::make_unique<WalReplay>(path, opening.files.first_log_needed);
    setup.db.wal_filter = opened.replay.get();
  } else {
    // Its own log holds nothing, whatever has become of it.
    setup.db.track_and_verify_wals_in_manifest = false;
    setup.db.wal_recovery_mode = rocksdb::WALRecoveryMode::kSkipAnyCorruptedRecords;
  }
  take_env(setup, opened);
  rocksdb::DB* raw = nullptr;
  Handles handles;
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  auto status = find_families(path, setup, descriptors);
  if (status.ok()) status = rocksdb::DB::Open(setup.db, path, descriptors, &handles, &raw);
  opened.db.reset(raw);
  if (!status.ok()) return tl::unexpected<Error>(explain_open(to_error(status), path, options));
  remove_empty_logs(*raw, path);
  auto families = sort_families(*raw, path, KvMode::write, handles);
  if (!families) return tl::unexpected<Error>(explain_open(families.error(), path, options));
  opened.families = std::move(*families);
  if (opened.replay != nullptr) report_replay(*opened.replay, report);
  return make_rocks_kv(std::move(opened), KvMode::write);
}

Result<std::unique_ptr<Tables>> open_tables_to_read(const std::string& path, const Options& options,
                                                    rocksdb::Env* env) {
  Setup setup = Setup::make(options, env);
  OpenedRocks opened;
  take_env(setup, opened);
  Handles handles;
  const auto status = open_unlocked(path, setup, handles, opened);
  // What every store has is asked for, so whoever made it was stopped before that was there.
  if (status.IsInvalidArgument() && status.ToString().find("Column family not found") != std::string::npos) {
    return fail(ErrorCode::unavailable, "the making of the store at " + path +
                                            " was interrupted; the next one that opens it for writing goes on");
  }
  if (!status.ok()) return tl::unexpected<Error>(explain_open(to_error(status), path, options));
  auto families = sort_families(*opened.db, path, KvMode::read_only, handles);
  if (!families) return tl::unexpected<Error>(explain_open(families.error(), path, options));
  opened.families = std::move(*families);
  return make_rocks_kv(std::move(opened), KvMode::read_only);
}

}  // namespace nines::engine
