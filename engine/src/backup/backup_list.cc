#include "backup/backup_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <memory>
#include <system_error>

#include "base/crc32c.h"
#include "base/write_all.h"

namespace nines::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "nines-backup 1";
constexpr std::size_t kPieceBytes = 1U << 20U;
/// Of a list; a hundred thousand files take a twentieth of it. One that comes from elsewhere is read whole.
constexpr std::uintmax_t kMostListBytes = 100U << 20U;

std::error_code last_error() {
  return {errno, std::generic_category()};
}

class File {
 public:
  File(const fs::path& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~File() {
    if (file_ >= 0) ::close(file_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] bool is_open() const { return file_ >= 0; }
  [[nodiscard]] int get() const { return file_; }

 private:
  int file_;
};

/// Hands the first `limit` bytes to `take`, piece by piece.
Result<BackupList::File> read_pieces(const fs::path& path, std::uint64_t limit, const Piece& piece,
                                     const std::function<Result<void>(std::string_view)>& take) {
  const File file(path, O_RDONLY);
  if (!file.is_open()) return tl::unexpected<Error>(file_error("cannot open", path, last_error()));
  const std::unique_ptr<char[]> buffer(new char[kPieceBytes]);
  BackupList::File read;
  while (read.bytes < limit) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(kPieceBytes, limit - read.bytes));
    const auto got = ::read(file.get(), buffer.get(), wanted);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected<Error>(file_error("cannot read", path, last_error()));
    if (got == 0) break;
    const std::string_view bytes(buffer.get(), static_cast<std::size_t>(got));
    read.crc = crc32c(bytes, read.crc);
    read.bytes += bytes.size();
    if (take) {
      if (auto taken = take(bytes); !taken) return tl::unexpected<Error>(taken.error());
    }
    if (piece && !piece(bytes.size())) return tl::unexpected<Error>(ended());
  }
  return read;
}

std::string hex(std::uint32_t crc) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%08" PRIx32, crc);
  return text.data();
}

/// Takes what comes before `end`, and `end`, off `rest`.
std::string_view take_word(std::string_view& rest, char end) {
  const std::size_t size = std::min(rest.find(end), rest.size());
  const std::string_view word = rest.substr(0, size);
  rest.remove_prefix(std::min(size + 1, rest.size()));
  return word;
}

template <class Number>
bool read_number(std::string_view text, Number& number, int base = 10) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

}  // namespace

Error ended() {
  return {ErrorCode::unavailable, "the backup was ended on request"};
}

Error file_error(const std::string& what, const fs::path& path, const std::error_code& error) {
  const bool full = error == std::errc::no_space_on_device || error.value() == EDQUOT;
  return {full ? ErrorCode::out_of_space : ErrorCode::io, what + " " + path.string() + ": " + error.message()};
}

Result<void> sync_path(const fs::path& path) {
  const File file(path, O_RDONLY);
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    return tl::unexpected<Error>(file_error("cannot sync", path, last_error()));
  }
  return {};
}

Result<BackupList::File> sum_file(const fs::path& file, std::uint64_t limit, const Piece& piece) {
  return read_pieces(file, limit, piece, {});
}

Result<BackupList::File> copy_file_summed(const fs::path& from, const fs::path& to, std::uint64_t limit,
                                          const Piece& piece) {
  const fs::path growing = to.string() + ".part";
  Result<BackupList::File> copied;
  {
    const File file(growing, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) return tl::unexpected<Error>(file_error("cannot create", growing, last_error()));
    copied = read_pieces(from, limit, piece, [&](std::string_view bytes) -> Result<void> {
      if (write_all(file.get(), bytes)) return {};
      return tl::unexpected<Error>(file_error("cannot write", growing, last_error()));
    });
    if (!copied) return copied;
    if (::fsync(file.get()) != 0) return tl::unexpected<Error>(file_error("cannot sync", growing, last_error()));
  }
  std::error_code error;
  fs::rename(growing, to, error);
  if (error) return tl::unexpected<Error>(file_error("cannot name", to, error));
  return copied;
}

std::uint64_t BackupList::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [name, file] : files) sum += file.bytes;
  return sum;
}

Result<void> write_backup_list(const fs::path& backup, const BackupList& list) {
  std::string text(kFirstLine);
  text += "\nmade " + std::to_string(to_ms(list.made)) + "\n";
  for (const auto& [name, file] : list.files) {
    text += "file " + std::to_string(file.bytes) + " " + hex(file.crc) + " " + name + "\n";
  }
  text += "end " + hex(crc32c(text)) + "\n";
  const fs::path path = backup / kBackupListName;
  const fs::path growing = path.string() + ".part";
  {
    const File file(growing, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open() || !write_all(file.get(), text) || ::fsync(file.get()) != 0) {
      return tl::unexpected<Error>(file_error("cannot write", growing, last_error()));
    }
  }
  std::error_code error;
  fs::rename(growing, path, error);
  if (error) return tl::unexpected<Error>(file_error("cannot name", path, error));
  return sync_path(backup);
}

Result<BackupList> read_backup_list(const fs::path& backup) {
  std::error_code error;
  const fs::path path = backup / kBackupListName;
  if (!fs::exists(backup, error)) return fail(ErrorCode::not_found, "there is no " + backup.string());
  if (!fs::exists(path, error)) {
    return fail(ErrorCode::invalid_argument,
                backup.string() + " is no backup, or was opened for writing since it was made: it has no " +
                    std::string(kBackupListName));
  }
  const auto size = fs::file_size(path, error);
  if (error) return tl::unexpected<Error>(file_error("cannot read", path, error));
  if (size > kMostListBytes)
    return fail(ErrorCode::corruption, path.string() + " is no list of files: it is too large");
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream.is_open() || stream.bad()) return fail(ErrorCode::io, "cannot read " + path.string());
  const auto damaged = fail(ErrorCode::corruption, path.string() + " is damaged");
  const std::size_t end = text.rfind("end ");
  if (end == std::string::npos || text.substr(end) != "end " + hex(crc32c(text.substr(0, end))) + "\n") return damaged;
  if (!text.starts_with(kFirstLine) || text[kFirstLine.size()] != '\n') {
    return fail(ErrorCode::newer_format, path.string() + " is of a newer nines; upgrade to read it");
  }
  BackupList list;
  for (std::string_view rest = std::string_view(text).substr(kFirstLine.size() + 1, end - kFirstLine.size() - 1);
       !rest.empty();) {
    const std::string_view kind = take_word(rest, ' ');
    std::int64_t made = 0;
    BackupList::File file;
    if (kind == "made") {
      if (!read_number(take_word(rest, '\n'), made)) return damaged;
      list.made = from_ms(made);
    } else if (kind == "file") {
      const bool read =
          read_number(take_word(rest, ' '), file.bytes) && read_number(take_word(rest, ' '), file.crc, 16);
      const std::string_view name = take_word(rest, '\n');
      // A name that leads elsewhere is none that was written.
      if (!read || name.empty() || name.find('/') != std::string_view::npos) return damaged;
      list.files.emplace(name, file);
    } else {
      return damaged;
    }
  }
  return list;
}

}  // namespace nines::engine
