// nines backup - | restore -: a backup as one stream of bytes, a tar archive of its files, which carries their
// checksums in the backup's own list. These are in the program that has the libraries; see network.cc.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <nines/backup.h>
#include <nines/store.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/care/commands.h"
#include "cli/command/interrupt.h"
#include "cli/command/session.h"
#include "show/text.h"

namespace nines::tools {
namespace {

constexpr std::size_t kPieceBytes = 1U << 18U;
constexpr mode_t kFileMode = 0644;

using Writer = std::unique_ptr<archive, decltype(&archive_write_free)>;
using Reader = std::unique_ptr<archive, decltype(&archive_read_free)>;
struct Close {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, Close>;
using Entry = std::unique_ptr<archive_entry, decltype(&archive_entry_free)>;

tl::unexpected<Error> broken(archive* stream, ErrorCode code = ErrorCode::io) {
  const char* const why = archive_error_string(stream);
  return fail(code, why != nullptr ? why : "the stream is broken");
}

tl::unexpected<Error> broken(const std::string& path) {
  return fail(ErrorCode::io, fmt::format("`{}`: {}", printable(path), std::strerror(errno)));
}

Result<void> send_file(archive* stream, const std::filesystem::path& path) {
  const File file(std::fopen(path.c_str(), "rbe"));
  struct stat found {};
  if (file == nullptr || fstat(fileno(file.get()), &found) != 0) return broken(path);
  const Entry entry(archive_entry_new(), archive_entry_free);
  archive_entry_set_pathname(entry.get(), path.filename().c_str());
  archive_entry_set_filetype(entry.get(), AE_IFREG);
  archive_entry_set_perm(entry.get(), kFileMode);
  archive_entry_set_size(entry.get(), found.st_size);
  archive_entry_set_mtime(entry.get(), found.st_mtime, 0);
  if (archive_write_header(stream, entry.get()) != ARCHIVE_OK) return broken(stream);
  std::vector<char> piece(kPieceBytes);
  while (true) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), file.get());
    if (std::ferror(file.get()) != 0) return broken(path);
    if (got == 0) return {};
    if (interrupting_signal() != 0) return fail(ErrorCode::unavailable, "interrupted");
    if (archive_write_data(stream, piece.data(), got) != static_cast<la_ssize_t>(got)) return broken(stream);
  }
}

/// Where a stream is read from. An interruption ends the waiting for more of it.
struct Source {
  int descriptor;
  std::vector<char> piece = std::vector<char>(kPieceBytes);

  static la_ssize_t read(archive* stream, void* self, const void** bytes) {
    auto& source = *static_cast<Source*>(self);
    *bytes = source.piece.data();
    while (interrupting_signal() == 0) {
      const ssize_t got = ::read(source.descriptor, source.piece.data(), source.piece.size());
      if (got >= 0 || errno != EINTR) {
        if (got < 0) archive_set_error(stream, errno, "%s", std::strerror(errno));
        return got;
      }
    }
    archive_set_error(stream, EINTR, "interrupted");
    return -1;
  }
};

/// A name of a file beside others, of the characters that a store's files have.
bool is_plain(std::string_view name) {
  return !name.empty() && name.front() != '.' && name.size() <= 255 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '-' ||
                  c == '_';
         });
}

Result<void> receive_file(archive* stream, const std::string& path) {
  const File file(std::fopen(path.c_str(), "wbxe"));  // never over one that came before
  if (file == nullptr) return broken(path);
  std::vector<char> piece(kPieceBytes);
  while (true) {
    const la_ssize_t got = archive_read_data(stream, piece.data(), piece.size());
    if (got < 0) return broken(stream, ErrorCode::invalid_argument);
    const auto bytes = static_cast<std::size_t>(got);
    if (std::fwrite(piece.data(), 1, bytes, file.get()) != bytes) return broken(path);
    if (bytes == 0) return std::fflush(file.get()) == 0 ? Result<void>{} : broken(path);
  }
}

/// Writes the files of the backup in `folder` to the descriptor `out`. Errors: io, unavailable (interrupted).
Result<void> send_backup(const std::string& folder, int out) {
  const Writer stream(archive_write_new(), archive_write_free);
  if (stream == nullptr) return fail(ErrorCode::io, "no memory for the stream");
  if (archive_write_set_format_ustar(stream.get()) != ARCHIVE_OK ||
      archive_write_set_bytes_per_block(stream.get(), kPieceBytes) != ARCHIVE_OK ||
      archive_write_set_bytes_in_last_block(stream.get(), 1) != ARCHIVE_OK ||
      archive_write_open_fd(stream.get(), out) != ARCHIVE_OK) {
    return broken(stream.get());
  }
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& each : std::filesystem::directory_iterator(folder, error)) files.push_back(each.path());
  if (error) return fail(ErrorCode::io, fmt::format("`{}`: {}", printable(folder), error.message()));
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    if (auto sent = send_file(stream.get(), path); !sent) {
      archive_write_fail(stream.get());  // or freeing it would end the stream as if all had been sent
      return sent;
    }
  }
  return archive_write_close(stream.get()) == ARCHIVE_OK ? Result<void>{} : broken(stream.get());
}

/// Reads from the descriptor `in` what send_backup() wrote, to the new folder `folder`. Whether all of it came, and
/// unchanged, check_backup() tells. Takes plain files by plain names and refuses everything else. Errors: io,
/// invalid_argument (no such stream).
Result<void> receive_backup(int in, const std::string& folder) {
  Source source{.descriptor = in};
  const Reader stream(archive_read_new(), archive_read_free);
  if (stream == nullptr) return fail(ErrorCode::io, "no memory for the stream");
  if (archive_read_support_format_tar(stream.get()) != ARCHIVE_OK ||
      archive_read_open(stream.get(), &source, nullptr, Source::read, nullptr) != ARCHIVE_OK) {
    return broken(stream.get(), ErrorCode::invalid_argument);
  }
  if (mkdir(folder.c_str(), 0755) != 0) return broken(folder);
  while (true) {
    archive_entry* entry = nullptr;
    const int next = archive_read_next_header(stream.get(), &entry);
    if (next == ARCHIVE_EOF) return {};
    if (next != ARCHIVE_OK) return broken(stream.get(), ErrorCode::invalid_argument);
    const char* const name = archive_entry_pathname(entry);
    if (name == nullptr || !is_plain(name) || archive_entry_filetype(entry) != AE_IFREG ||
        archive_entry_hardlink(entry) != nullptr) {
      return fail(ErrorCode::invalid_argument,
                  fmt::format("it holds `{}`, which is no file of a store", printable(name != nullptr ? name : "")));
    }
    if (auto received = receive_file(stream.get(), folder + "/" + name); !received) return received;
  }
}

/// A folder that is gone with the object, with all that is in it.
class PassingFolder {
 public:
  /// A new one whose path begins with `begin`.
  static Expected<PassingFolder> make(const std::string& begin) {
    std::string path = begin + "XXXXXX";
    if (mkdtemp(path.data()) == nullptr) {
      return failed(fmt::format("no folder `{}`: {}", printable(path), std::strerror(errno)));
    }
    return PassingFolder(std::move(path));
  }
  ~PassingFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  PassingFolder(PassingFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  PassingFolder& operator=(PassingFolder&&) = delete;
  [[nodiscard]] std::string path(const char* name) const { return path_ + "/" + name; }

 private:
  explicit PassingFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace

/// The backup is made in a folder of the system's first: its bytes must not change while they leave, however slowly.
Outcome backup_to_stream(const Call& call) {
  if (call.has("keep")) return usage("--keep is of a folder of backups, and a stream is one");
  if (call.terminal.out_is_terminal) {
    return usage("a backup is nothing for a terminal; send it on, as in: nines backup - | ssh host nines restore -");
  }
  std::error_code error;
  const auto system_folder = std::filesystem::temp_directory_path(error);
  if (error) return failed(fmt::format("no folder for what passes: {}; set TMPDIR", error.message()));
  auto folder = PassingFolder::make((system_folder / "nines-backup-").string());
  if (!folder) return tl::unexpected(folder.error());
  auto store = open_for_reading(call);
  if (!store) return tl::unexpected(store.error());
  const InterruptGuard guard;  // what passes is to be gone, however this ends
  signal(SIGPIPE, SIG_IGN);
  BackupOptions options;
  options.progress = [](const BackupProgress&) { return interrupting_signal() == 0; };
  const auto report = (*store)->backup(folder->path("backup"), options);
  if (!report) return failed(printable(report.error().message));
  if (auto sent = send_backup(report->path, STDOUT_FILENO); !sent) {
    return failed(fmt::format("the backup was not sent: {}", printable(sent.error().message)));
  }
  if (!call.quiet) say(fmt::format("sent {}", human_bytes(report->bytes)));
  return kExitDone;
}

/// What came is looked at as a whole before the store gets its name.
Outcome restore_from_stream(const Call& call) {
  const std::string target = call.db_path();
  if (call.has("at")) return usage("--at chooses one of a folder of backups, and a stream is one");
  auto folder = PassingFolder::make(target + ".incoming-");
  if (!folder) return tl::unexpected(folder.error());
  const InterruptGuard guard;
  if (auto received = receive_backup(STDIN_FILENO, folder->path("backup")); !received) {
    return failed(fmt::format("nothing was restored: what comes in is no backup, or not all of it: {}",
                              printable(received.error().message)));
  }
  const auto restored = restore_backup(folder->path("backup"), target);
  if (!restored) return failed(fmt::format("nothing was restored: {}", printable(restored.error().message)));
  if (!call.quiet) say(fmt::format("restored {} to `{}`", human_bytes(restored->bytes), printable(target)));
  return kExitDone;
}

}  // namespace nines::tools
