// The list of a backup's files with their sizes and checksums, NINES-BACKUP in its directory. Format: engine/FORMAT.md.
//
// Threads: values and blocking functions without state.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <nines/result.h>
#include <nines/types.h>

namespace nines::engine {

inline constexpr std::string_view kBackupListName = "NINES-BACKUP";

struct BackupList {
  struct File {
    std::uint64_t bytes = 0;
    std::uint32_t crc = 0;  // CRC-32C of all of them
  };
  TimeMs made{};
  std::map<std::string, File> files;  // by name; all but the list itself

  [[nodiscard]] std::uint64_t bytes() const;
};

/// Writes the list into the directory `backup`, synced.
[[nodiscard]] Result<void> write_backup_list(const std::filesystem::path& backup, const BackupList& list);

/// Errors: not_found (no such directory), invalid_argument (no list in it), corruption, io.
[[nodiscard]] Result<BackupList> read_backup_list(const std::filesystem::path& backup);

/// Told of the bytes of each piece; false ends what is being done with `unavailable`.
using Piece = std::function<bool(std::uint64_t bytes)>;

/// Reads at most `limit` bytes of a file. Errors: io, unavailable.
[[nodiscard]] Result<BackupList::File> sum_file(const std::filesystem::path& file, std::uint64_t limit,
                                                const Piece& piece = {});

/// Copies at most `limit` bytes to the new file `to`, which is synced and has its name only then. Errors: out_of_space,
/// io, unavailable.
[[nodiscard]] Result<BackupList::File> copy_file_summed(const std::filesystem::path& from,
                                                        const std::filesystem::path& to, std::uint64_t limit,
                                                        const Piece& piece = {});

/// The error where a Piece has ended what is being done.
[[nodiscard]] Error ended();

/// The error of a call about `path` that failed with `error`.
[[nodiscard]] Error file_error(const std::string& what, const std::filesystem::path& path,
                               const std::error_code& error);

/// Errors: out_of_space, io.
[[nodiscard]] Result<void> sync_path(const std::filesystem::path& path);

}  // namespace nines::engine
