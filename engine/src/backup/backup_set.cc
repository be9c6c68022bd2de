// nines/backup.h: checking and restoring a backup, and a folder of them.
#include <algorithm>
#include <array>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

#include <nines/backup.h>
#include <nines/store.h>

#include "backup/backup_list.h"
#include "backup/unfinished_copy.h"
#include "base/file_lock.h"

namespace nines {
namespace {

namespace fs = std::filesystem;
using engine::BackupList;
using engine::file_error;

constexpr std::string_view kNamePattern = "0000-00-00T00-00-00.000Z";
constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();  // bytes of a file
constexpr std::string_view kUnfinished = ".tmp";
/// What is being removed has this before its name, so that it is no generation any more from one moment to the next.
constexpr std::string_view kGone = ".removed-";

std::string name_of(TimeMs time) {
  const std::int64_t ms = to_ms(time);
  const std::chrono::sys_days day{std::chrono::days{utc_day(ms)}};
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::milliseconds{ms - utc_day(ms) * kDayMs});
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d-%02d-%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

bool is_generation_name(std::string_view name) {
  return name.size() == kNamePattern.size() &&
         std::equal(name.begin(), name.end(), kNamePattern.begin(),
                    [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; });
}

/// Has `read` read each file of the backup at `path`, and compares what it read with the list.
Result<void> compare(const fs::path& path, const BackupList& list,
                     const std::function<Result<BackupList::File>(const fs::path& file)>& read) {
  for (const auto& [name, file] : list.files) {
    const fs::path place = path / name;
    std::error_code error;
    if (!fs::exists(place, error) && !error) {
      return fail(ErrorCode::corruption, place.string() + " is missing from the backup");
    }
    const auto found = read(place);
    if (!found) return tl::unexpected<Error>(found.error());
    if (found->bytes != file.bytes || found->crc != file.crc) {
      return fail(ErrorCode::corruption, place.string() + " is not what was backed up: its size or checksum differs");
    }
  }
  return {};
}

/// The whole backups in `folder` that add_generation has named.
Result<std::vector<Generation>> own_generations(const fs::path& folder) {
  auto all = backup_generations(folder);
  if (!all) return all;
  std::erase_if(*all, [](const auto& one) { return !is_generation_name(fs::path(one.path).filename().string()); });
  return all;
}

/// Names the unfinished one in `folder` so that the next is made of it; removes what is left of others.
void take_up(const fs::path& folder, const fs::path& next) {
  std::error_code error;
  std::vector<fs::path> unfinished;
  std::vector<fs::path> gone;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    const std::string_view stem =
        std::string_view(name).substr(0, name.size() - std::min(name.size(), kUnfinished.size()));
    if (name.ends_with(kUnfinished) && is_generation_name(stem)) unfinished.push_back(entry.path());
    if (name.starts_with(kGone)) gone.push_back(entry.path());
  }
  std::sort(unfinished.begin(), unfinished.end());
  if (!unfinished.empty()) {
    fs::rename(unfinished.back(), next.string() + std::string(kUnfinished), error);
    unfinished.pop_back();
  }
  gone.insert(gone.end(), unfinished.begin(), unfinished.end());
  for (const fs::path& path : gone) fs::remove_all(path, error);
}

Result<void> remove_generation(const fs::path& path) {
  const fs::path gone = path.parent_path() / (std::string(kGone) + path.filename().string());
  std::error_code error;
  fs::rename(path, gone, error);
  if (!error) fs::remove_all(gone, error);
  if (error) return tl::unexpected<Error>(file_error("cannot remove the old backup", path, error));
  return {};
}

}  // namespace

Result<BackupReport> check_backup(const std::string& path) {
  const auto list = engine::read_backup_list(path);
  if (!list) return tl::unexpected<Error>(list.error());
  const auto same = compare(path, *list, [](const fs::path& file) { return engine::sum_file(file, kAll); });
  if (!same) return tl::unexpected<Error>(same.error());
  return BackupReport{path, list->bytes(), 0};
}

Result<BackupReport> restore_backup(const std::string& path, const std::string& to) {
  const auto list = engine::read_backup_list(path);
  if (!list) return tl::unexpected<Error>(list.error());
  auto copy = engine::UnfinishedCopy::begin(to);
  if (!copy) return tl::unexpected<Error>(copy.error());
  // What an interrupted one has left may be of another backup: a log too many would be replayed.
  auto done = copy->clear();
  if (done) {
    done = compare(path, *list, [&](const fs::path& file) {
      return engine::copy_file_summed(file, copy->folder() / file.filename(), kAll);
    });
  }
  if (done) done = engine::sync_path(copy->folder());
  if (done) done = copy->finish();
  if (done) return BackupReport{to, list->bytes(), list->bytes()};
  copy->discard();
  return tl::unexpected<Error>(done.error());
}

Result<std::vector<Generation>> backup_generations(const std::string& folder) {
  std::vector<Generation> generations;
  std::error_code error;
  if (!fs::exists(folder, error)) return fail(ErrorCode::not_found, "there is no " + folder);
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (name.starts_with(kGone) || name.ends_with(kUnfinished)) continue;
    const auto list = engine::read_backup_list(entry.path());
    if (list) generations.push_back({entry.path().string(), list->made, list->bytes()});
  }
  if (error) return tl::unexpected<Error>(file_error("cannot read", folder, error));
  std::sort(generations.begin(), generations.end(),
            [](const auto& a, const auto& b) { return std::pair(a.made, a.path) < std::pair(b.made, b.path); });
  return generations;
}

Result<BackupReport> add_generation(Store& store, const std::string& folder, std::size_t keep, TimeMs now,
                                    const std::function<bool(const BackupProgress&)>& progress) {
  assert(keep > 0);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return tl::unexpected<Error>(file_error("cannot create", folder, error));
  const auto lock = engine::FileLock::take(folder, "another backup is being made in " + folder);
  if (!lock) return tl::unexpected<Error>(lock.error());
  auto before = own_generations(folder);
  if (!before) return tl::unexpected<Error>(before.error());
  BackupOptions options;
  options.progress = progress;
  if (!before->empty()) {
    options.previous = before->back().path;
    // A clock that was ahead for a while must not make the new one the oldest.
    const std::string newest = fs::path(options.previous).filename();
    while (name_of(now) <= newest) now = std::max(now, before->back().made) + std::chrono::milliseconds{1};
  }
  options.made = now;
  const fs::path next = fs::path(folder) / name_of(now);
  take_up(folder, next);
  auto report = store.backup(next.string(), options);
  if (!report) return report;
  for (std::size_t i = 0; i + keep <= before->size(); ++i) {
    if (auto removed = remove_generation((*before)[i].path); !removed) return tl::unexpected<Error>(removed.error());
  }
  return report;
}

}  // namespace nines
