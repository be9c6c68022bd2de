#include "kv/local/open_local.h"

#include <rocksdb/env.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "backup/backup_list.h"
#include "codec/chunk.h"
#include "codec/key.h"
#include "kv/local/local_kv.h"
#include "kv/local/log_replay.h"
#include "kv/local/migrate.h"
#include "kv/rocksdb/marker.h"
#include "kv/rocksdb/open_tables.h"

namespace nines::engine {
namespace {

/// How often a reader begins again because the writer has moved its log on, and how often it has to find damage
/// before that is believed.
constexpr int kReadOnlyAttempts = 50;
constexpr int kReadOnlyFailures = 3;
constexpr std::chrono::milliseconds kReadOnlyPause{5};

std::shared_ptr<rocksdb::FileSystem> files_of(rocksdb::Env* env) {
  return env == nullptr ? rocksdb::FileSystem::Default() : env->GetFileSystem();
}

/// What keeps the log from being whole, beside the tables.
void judge(LogEnd& end, std::uint64_t applied, const std::string& path) {
  if (end.damage) return;
  if (end.segments.empty()) {
    end.damage = "the log of " + path + " is gone";
  } else if (end.position() < applied) {
    end.damage = path + "/" + segment_name(end.segments.back().number) + " ends before what the tables have of the log";
  }
}

/// After a cut the tables may have chunks of rows whose erasure was cut off: what they have sealed is no row any more.
/// Returns the erasures anew.
Result<std::vector<Batch>> drop_sealed_rows(const Tables& tables, RowTable& rows) {
  std::vector<Batch> erasures;
  for (auto server = rows.next_server(ServerId{}); server;
       server = rows.next_server(ServerId{static_cast<std::uint32_t>(*server) + 1})) {
    const auto view = tables.view(*server, {Space::checks});
    if (!view) return tl::unexpected<Error>(view.error());
    const Key first = server_key(*server);
    const Range& chunks = (*view)->last(Space::checks, first.view(), prefix_end(*server).view());
    if (!chunks.valid()) continue;
    const auto chunk = peek_chunk(chunks.value());
    if (!chunk) continue;
    const Key end = recent_key(*server, from_ms(chunk->last_ms + 1), {});
    const Batch::Change sealed{Batch::Kind::erase_range, Space::recent, first.view(), end.view()};
    rows.apply(*server, sealed);
    erasures.emplace_back(*server).erase_range(sealed.space, sealed.key, sealed.value);
  }
  return erasures;
}

void report_log(const LogEnd& end, std::uint64_t records, bool cut, OpenReport& report, const std::string& path) {
  if (end.segments.empty()) return;
  if (!end.closed && (end.records > 0 || end.dropped_bytes > 0)) {
    report.recovered = true;
    report.replayed_bytes += records;
  }
  if (end.dropped_bytes > 0 && !cut) {
    report.warnings.push_back("the last " + std::to_string(end.dropped_bytes) + " bytes of " + path + "/" +
                              segment_name(end.segments.back().number) +
                              " were dropped: they hold no complete record, as after a power cut");
  }
}

/// Reads the log and opens it for writing.
Result<void> take_log(OpenedLocal& opened, std::uint64_t segment_bytes, const Options& options, OpenReport& report) {
  Tables& tables = *opened.tables;
  auto applied = tables.applied();
  if (!applied) return tl::unexpected<Error>(explain_open(applied.error(), opened.path, options));
  auto replay = std::make_unique<LogReplay>(tables, *applied, LogReplay::Changes::apply);
  auto end = read_log(*opened.files, opened.path, *replay);
  if (!end) return tl::unexpected<Error>(end.error());
  judge(*end, *applied, opened.path);
  const bool cut = end->damage.has_value();
  std::vector<Batch> erasures;
  if (cut) {
    if (end->newer_format) return fail(ErrorCode::newer_format, *end->damage);
    if (options.recovery == Recovery::refuse) {
      return tl::unexpected<Error>(explain_open({ErrorCode::corruption, *end->damage}, opened.path, options));
    }
    report.recovered = true;
    report.warnings.push_back(*end->damage + ": what follows was dropped");
    // Once more, without what is behind it.
    const std::uint64_t to = end->cut;
    const std::uint64_t highest = end->highest;
    const auto now = tables.applied();
    if (!now) return tl::unexpected<Error>(now.error());
    *applied = *now;
    replay = std::make_unique<LogReplay>(tables, *applied, LogReplay::Changes::apply);
    end = read_log(*opened.files, opened.path, *replay, to);
    if (!end) return tl::unexpected<Error>(end.error());
    end->highest = std::max(end->highest, highest);
    end->damage = "cut";
    auto dropped = drop_sealed_rows(tables, *replay->rows());
    if (!dropped) return tl::unexpected<Error>(dropped.error());
    erasures = std::move(*dropped);
  }
  report_log(*end, end->record_bytes, cut, report, opened.path);
  opened.rows = replay->rows();
  auto log = Log::open(
      opened.files, opened.path, std::move(*end), *applied, std::move(replay->holders()),
      [&tables] { return tables.flushed(); }, segment_bytes);
  if (!log) return tl::unexpected<Error>(log.error());
  opened.log = std::move(*log);
  std::vector<const Batch*> batches;
  for (const Batch& batch : erasures) batches.push_back(&batch);
  if (batches.empty()) return {};
  const auto erased = opened.log->append(batches, Durability::disk);
  return erased ? Result<void>{} : tl::unexpected<Error>(erased.error());
}

Result<std::unique_ptr<Kv>> open_to_write(const std::string& path, const Options& options, OpenReport& report,
                                          rocksdb::Env* env, std::uint64_t segment_bytes,
                                          std::weak_ptr<FileLock>* held) {
  auto lock = held != nullptr ? held->lock() : nullptr;
  if (lock == nullptr) {
    auto taken = lock_store(path);
    if (!taken) return tl::unexpected<Error>(taken.error());
    lock = std::make_shared<FileLock>(std::move(*taken));
    if (held != nullptr) *held = lock;
  }
  // A backup that is written to is one no more.
  std::error_code error;
  std::filesystem::remove(std::filesystem::path(path) / kBackupListName, error);
  if (error) return tl::unexpected<Error>(file_error("cannot remove the list of the backup", path, error));
  const auto format = read_marker(path);  // under the lock: it changes once
  if (!format) return tl::unexpected<Error>(format.error());
  OpenedLocal opened;
  opened.path = path;
  opened.lock = lock;
  opened.files = files_of(env);
  const auto files = check_store_files(path, *format < kFormatOfLog, options.recovery, report);
  if (!files) return tl::unexpected<Error>(files.error());
  if (!files->exist && *format >= kFormatOfLog) {
    // The log is there before the tables are: without one their beginning would look like a log that was lost.
    const auto found = list_log(*opened.files, path);
    if (!found) return tl::unexpected<Error>(found.error());
    if (found->segments.empty()) {
      auto begun = Log::open(opened.files, path, {}, 0, {}, [] { return std::uint64_t{0}; });
      if (!begun) return tl::unexpected<Error>(begun.error());
    }
  }
  auto tables = open_tables(path, {std::move(lock), *files, *format}, options, report, env);
  if (!tables) return tl::unexpected<Error>(tables.error());
  opened.tables = std::move(*tables);
  if (*format < kFormatOfLog) {
    if (auto given = give_log(opened.files, path, *opened.tables); !given) return tl::unexpected<Error>(given.error());
  }
  if (auto dropped = drop_left_rows(*opened.tables); !dropped) return tl::unexpected<Error>(dropped.error());
  if (auto taken = take_log(opened, segment_bytes, options, report); !taken)
    return tl::unexpected<Error>(taken.error());
  return make_local_kv(std::move(opened));
}

enum class Damaged : std::uint8_t { tell, read };

/// Nothing when the writer has moved the log on meanwhile, and when the log is damaged, which `damage` says then; with
/// Damaged::read what comes before the damage.
Result<std::optional<OpenedLocal>> try_to_read(const std::string& path, const Options& options, rocksdb::Env* env,
                                               Damaged damaged, std::optional<std::string>& damage) {
  OpenedLocal opened;
  opened.path = path;
  opened.files = files_of(env);
  const std::string before = manifest_version(path);
  auto tables = open_tables_to_read(path, options, env);
  if (!tables) return tl::unexpected<Error>(tables.error());
  opened.tables = std::move(*tables);
  const auto format = read_marker(path);
  if (!format) return tl::unexpected<Error>(format.error());
  if (*format < kFormatOfLog) return opened;
  const auto applied = opened.tables->applied();
  if (!applied) return tl::unexpected<Error>(explain_open(applied.error(), path, options));
  auto replay = std::make_unique<LogReplay>(*opened.tables, *applied, LogReplay::Changes::overlay);
  auto end = read_log(*opened.files, path, *replay);
  if (!end) return tl::unexpected<Error>(end.error());
  judge(*end, *applied, path);
  if (end->vanished) return std::nullopt;
  damage = std::move(end->damage);
  if (damage) {
    if (damaged == Damaged::tell || end->newer_format) return std::nullopt;
    replay = std::make_unique<LogReplay>(*opened.tables, *applied, LogReplay::Changes::overlay);
    const auto cut = read_log(*opened.files, path, *replay, end->cut);
    if (!cut) return tl::unexpected<Error>(cut.error());
    if (auto dropped = drop_sealed_rows(*opened.tables, *replay->rows()); !dropped) {
      return tl::unexpected<Error>(dropped.error());
    }
  }
  // What the tables lacked may have been in a segment that is gone since, which a flush comes before.
  if (end->first > segment_of(*applied) && manifest_version(path) != before) return std::nullopt;
  opened.rows = replay->rows();
  opened.overlay = std::move(replay->overlay);
  return opened;
}

Result<std::unique_ptr<Kv>> open_to_read(const std::string& path, const Options& options, OpenReport& report,
                                         rocksdb::Env* env) {
  int failures = 0;
  for (int attempt = 0; attempt < kReadOnlyAttempts; ++attempt) {
    if (attempt > 0) std::this_thread::sleep_for(kReadOnlyPause);
    const std::string before = manifest_version(path);
    std::optional<std::string> damage;
    auto opened = try_to_read(path, options, env, Damaged::tell, damage);
    if (!opened) return tl::unexpected<Error>(opened.error());
    if (*opened) return make_local_kv(std::move(**opened));
    failures = damage && manifest_version(path) == before ? failures + 1 : 0;
    if (failures < kReadOnlyFailures) continue;
    if (options.recovery == Recovery::point_in_time) {
      opened = try_to_read(path, options, env, Damaged::read, damage);
      if (!opened) return tl::unexpected<Error>(opened.error());
      if (*opened) {
        report.recovered = true;
        report.warnings.push_back(*damage + ": what follows is left out");
        return make_local_kv(std::move(**opened));
      }
    }
    return tl::unexpected<Error>(explain_open({ErrorCode::corruption, *damage}, path, options));
  }
  return fail(ErrorCode::unavailable, "the store changed during each of " + std::to_string(kReadOnlyAttempts) +
                                          " attempts to open it; try again");
}

}  // namespace

Result<std::unique_ptr<Kv>> open_local(const std::string& path, KvMode mode, const Options& options, OpenReport& report,
                                       rocksdb::Env* env, std::uint64_t segment_bytes, std::weak_ptr<FileLock>* held) {
  const bool may_create = mode == KvMode::write && options.create_if_missing;
  const auto marker = check_or_create_marker(path, may_create);
  if (!marker) return tl::unexpected<Error>(marker.error());
  report.created = *marker;
  try {
    return mode == KvMode::write ? open_to_write(path, options, report, env, segment_bytes, held)
                                 : open_to_read(path, options, report, env);
  } catch (const std::exception& exception) {
    return fail(ErrorCode::io, "opening " + path + " failed: " + exception.what());
  }
}

}  // namespace nines::engine
