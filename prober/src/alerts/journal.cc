#include "alerts/journal.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "base/crc32c.h"
#include "base/write_all.h"

namespace nines::prober {
namespace {

constexpr std::string_view kName = "nines-alerts ";
constexpr int kVersion = 3;  // reads 1 and 2 too
constexpr std::size_t kChecksumDigits = 8;

tl::unexpected<Error> io_error(const std::string& what, const std::string& path) {
  return fail(ErrorCode::io, "cannot " + what + " " + path + ": " + std::strerror(errno));
}

std::string line_of(const std::string& record) {
  std::array<char, kChecksumDigits + 1> checksum{};
  std::snprintf(checksum.data(), checksum.size(), "%08x", engine::crc32c(record));
  return checksum.data() + (" " + record + "\n");
}

/// The record of a line without its newline, if the checksum says so.
std::optional<std::string_view> record_of(std::string_view line) {
  std::uint32_t checksum = 0;
  if (line.size() <= kChecksumDigits || line[kChecksumDigits] != ' ') return std::nullopt;
  const auto [end, error] = std::from_chars(line.data(), line.data() + kChecksumDigits, checksum, 16);
  if (error != std::errc{} || end != line.data() + kChecksumDigits) return std::nullopt;
  const std::string_view record = line.substr(kChecksumDigits + 1);
  if (engine::crc32c(record) != checksum) return std::nullopt;
  return record;
}

/// The version that a first line names; 0 when it names none.
int version_of(std::string_view line) {
  if (!line.starts_with(kName)) return 0;
  const std::string_view number = line.substr(kName.size());
  int version = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), version);
  const bool whole = error == std::errc{} && end == number.data() + number.size();
  return whole && version > 0 ? version : 0;
}

/// All bytes of a file; nothing when there is none.
Result<std::optional<std::string>> read_whole(const std::string& path) {
  // What is no file may keep whoever opens or reads it waiting.
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::nullopt;
  struct stat info {};
  if (!file || fstat(file.get(), &info) != 0) return io_error("read", path);
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::not_a_store, path + (S_ISDIR(info.st_mode) ? " is a directory" : " is not a file") +
                                            "; the journal of alerts would be a file of that name");
  }
  std::string text;
  std::array<char, 65'536> block{};
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io_error("read", path);
    if (got == 0) return text;
    text.append(block.data(), static_cast<std::size_t>(got));
  }
}

/// Makes PATH.damaged free: what was kept there before gets a number.
Result<void> make_room_for_damaged(const std::string& path) {
  const std::string kept = path + ".damaged";
  std::error_code error;
  if (!std::filesystem::exists(std::filesystem::symlink_status(kept, error))) return {};
  int number = 1;
  while (std::filesystem::exists(std::filesystem::symlink_status(kept + "." + std::to_string(number), error))) ++number;
  if (rename(kept.c_str(), (kept + "." + std::to_string(number)).c_str()) != 0) return io_error("keep", kept);
  return {};
}

bool sync_directory_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const UniqueFd directory(open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory && fsync(directory.get()) == 0;
}

}  // namespace

Result<AlertJournal::Content> AlertJournal::read() const {
  Content content;
  const auto text = read_whole(path_);
  if (!text) return tl::unexpected(text.error());
  if (!*text || (*text)->empty()) return content;  // created, and cut off before its first byte
  std::string_view rest = **text;
  bool first = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const bool torn = end == std::string_view::npos;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(torn ? rest.size() : end + 1);
    if (std::exchange(first, false)) {
      const int version = version_of(line);
      if (version > kVersion) {
        return fail(ErrorCode::newer_format,
                    path_ + " was written by a newer nines (version " + std::to_string(version) + ")");
      }
      if (version == 0) ++content.damaged;  // the records behind it have their own checksums
    } else if (const auto record = torn ? std::nullopt : record_of(line)) {
      content.records.emplace_back(*record);
    } else if (!torn) {
      ++content.damaged;
    }
  }
  return content;
}

Result<void> AlertJournal::rewrite(const std::vector<std::string>& records, bool keep_old) {
  std::string text = std::string(kName) + std::to_string(kVersion) + "\n";
  for (const std::string& record : records) text += line_of(record);
  const std::string fresh = path_ + ".new";
  UniqueFd file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!file || !engine::write_all(file.get(), text) || fsync(file.get()) != 0) return io_error("write", fresh);
  if (keep_old) {
    if (auto room = make_room_for_damaged(path_); !room) return room;
  }
  if (keep_old && rename(path_.c_str(), (path_ + ".damaged").c_str()) != 0) return io_error("keep", path_);
  if (rename(fresh.c_str(), path_.c_str()) != 0 || !sync_directory_of(path_)) return io_error("replace", path_);
  file_ = std::move(file);
  grown_ = 0;
  unsynced_ = false;
  return {};
}

Result<void> AlertJournal::append(const std::string& record) {
  const std::string line = line_of(record);
  if (!file_ || !engine::write_all(file_.get(), line)) {
    const auto error = io_error("append to", path_);
    file_.reset();
    return error;
  }
  grown_ += line.size();
  unsynced_ = true;
  return {};
}

Result<void> AlertJournal::sync() {
  if (!std::exchange(unsynced_, false)) return {};
  if (!file_ || fdatasync(file_.get()) != 0) {
    const auto error = io_error("write", path_);
    file_.reset();
    return error;
  }
  return {};
}

}  // namespace nines::prober
