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
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>

#include "base/crc32c.h"
#include "base/write_all.h"

namespace nines::prober {
namespace {

constexpr std::string_view kName = "nines-alerts ";
constexpr int kVersion = 2;  // reads 1 too
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

/// The first line names the format.
Result<void> check_name(std::string_view line, const std::string& path) {
  int version = 0;
  if (line.starts_with(kName)) {
    const std::string_view number = line.substr(kName.size());
    std::from_chars(number.data(), number.data() + number.size(), version);
  }
  if (version <= 0) return fail(ErrorCode::not_a_store, path + " is not a journal of alerts; it was left alone");
  if (version > kVersion) {
    return fail(ErrorCode::newer_format,
                path + " was written by a newer nines (version " + std::to_string(version) + ")");
  }
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
  std::error_code missing;
  if (!std::filesystem::exists(path_, missing) && !missing) return content;
  std::ifstream file(path_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.good() && !file.eof()) return io_error("read", path_);
  if (text.empty()) return content;  // created, and cut off before its first byte
  std::string_view rest = text;
  bool first = true;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;  // torn
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (std::exchange(first, false)) {
      if (const auto named = check_name(line, path_); !named) return tl::unexpected(named.error());
    } else if (const auto record = record_of(line)) {
      content.records.emplace_back(*record);
    } else {
      ++content.damaged;
    }
  }
  if (first) return tl::unexpected(check_name("", path_).error());
  return content;
}

Result<void> AlertJournal::rewrite(const std::vector<std::string>& records, bool keep_old) {
  std::string text = std::string(kName) + std::to_string(kVersion) + "\n";
  for (const std::string& record : records) text += line_of(record);
  const std::string fresh = path_ + ".new";
  UniqueFd file(open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!file || !engine::write_all(file.get(), text) || fsync(file.get()) != 0) return io_error("write", fresh);
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
