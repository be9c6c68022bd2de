// Backups: copies of a store that are stores themselves, one or a folder of them, and the way back.
//
// A backup is a directory that holds what a store's directory holds, and the file NINES-BACKUP with the size and the
// checksum of each of its files (engine/FORMAT.md). Opened for reading it answers as the store did; opened for writing
// it becomes a store of its own and loses NINES-BACKUP. Store::backup makes one; the functions below keep a folder of
// them, one generation beside the other, check and restore.
//
// Threads: functions without state, to be called from any thread. Two that write to the same place at once exclude each
// other, in other processes too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <nines/result.h>
#include <nines/types.h>

namespace nines {

class Store;

struct BackupProgress {
  std::uint64_t bytes = 0;  ///< of `total` that are in their place
  std::uint64_t total = 0;  ///< bytes of all files
};

/// How a copy is made.
struct BackupOptions {
  /// An earlier backup of the same store, on the file system of the new one. Table files that it has already are not
  /// copied again: both have them by a hard link, so that a damaged block of one is damaged in the other. Empty: none,
  /// and every file is the backup's own.
  std::string previous;
  /// When the backup says that it was made; without one, what the store's clock says.
  std::optional<TimeMs> made;
  /// Told after each piece of about a MiB, on the calling thread; false ends the backup with `unavailable`. May be
  /// empty.
  std::function<bool(const BackupProgress&)> progress;
};

struct BackupReport {
  std::string path;                ///< of the backup, or of the store that was made of it
  std::uint64_t bytes = 0;         ///< of all files of the backup
  std::uint64_t copied_bytes = 0;  ///< of those that were read and written for it; the others were there already
};

/// One of the backups in a folder.
struct Generation {
  std::string path;
  TimeMs made{};
  std::uint64_t bytes = 0;  ///< of its files, shared ones included
};

/// Reads all files of the backup at `path` and compares them with its checksums; changes nothing. Costs a read of
/// everything. Errors: not_found (no such path), invalid_argument (no backup, or one that was opened for writing),
/// corruption (names the first file that differs or is missing), io.
[[nodiscard]] Result<BackupReport> check_backup(const std::string& path);

/// Copies the backup at `path` to the new store `to`, comparing with the checksums on the way; `to` has its name only
/// when it is whole. Changes nothing of the backup, which may lie where nobody can write. Errors: as check_backup, and
/// invalid_argument (`to` exists), locked (another one to the same place goes on), out_of_space.
[[nodiscard]] Result<BackupReport> restore_backup(const std::string& path, const std::string& to);

/// The whole backups in `folder`, oldest first. What has been begun and not ended is not among them. Errors: not_found,
/// io.
[[nodiscard]] Result<std::vector<Generation>> backup_generations(const std::string& folder);

/// Makes a backup of `store` in `folder`, which is made when it is not there, named by the moment `now` in UTC:
/// FOLDER/2026-11-28T03-40-00.000Z. It shares with the newest one what has not changed since, and goes on where one was
/// interrupted. Then removes the oldest ones beyond `keep`. Requires: keep > 0. Errors: as Store::backup, and locked
/// while another one is made in the same folder, by whatever process.
[[nodiscard]] Result<BackupReport> add_generation(Store& store, const std::string& folder, std::size_t keep, TimeMs now,
                                                  const std::function<bool(const BackupProgress&)>& progress = {});

}  // namespace nines
